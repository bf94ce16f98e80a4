"""surveys.texts: what people typed cannot hide anything, or turn what stands beside it round."""

import unicodedata

import pytest

from surveys.texts import without_hidden_marks

# Every character that changes the direction of what follows, by Unicode's own classes.
TURNING = [
    chr(point)
    for point in range(0x110000)
    if unicodedata.bidirectional(chr(point))
    in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
]


def test_nothing_turns_the_direction_of_writing():
    """All nine controls go, and the marks that look like nothing and weigh like a letter."""
    marks = [*TURNING, "\u200e", "\u200f", "\u061c", "\u200b", "\u2060", "\ufeff", "\u00ad"]

    assert len(TURNING) == 9
    assert without_hidden_marks(f"pay{''.join(marks)}rise") == "payrise"


@pytest.mark.parametrize(
    "text",
    ["Plain.\n\tTwo lines", "Größe, naïve", "می\u200cخواهم", "👩\u200d🔧 ❤️", "नमस्ते", "שלום"],
    ids=["lines", "accents", "Persian", "emoji", "Hindi", "Hebrew"],
)
def test_what_people_write_stays(text):
    """Letters, accents, joined letters and emoji of all scripts are left alone."""
    assert without_hidden_marks(text) == text


def test_lines_end_in_one_way_and_nothing_is_smuggled():
    """Separators of lines become line ends; tags, controls and blank letters go."""
    assert without_hidden_marks("a\r\nb\u2028c\u2029d\u0085e") == "a\nb\nc\nd\ne"
    assert without_hidden_marks("a\x00\x1b[2J\U000e0041\u3164\ue000b") == "a[2Jb"


def test_accents_do_not_pile_up():
    """A letter keeps four accents, so that no line reaches over those around it."""
    assert without_hidden_marks("Z" + "\u0301" * 50 + "!") == "Z" + "\u0301" * 4 + "!"
