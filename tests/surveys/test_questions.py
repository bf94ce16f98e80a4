"""surveys.questions: each type judges its own answers."""

import pytest

from surveys.errors import BadQuestionnaire, InvalidAnswer
from surveys.questions import (
    TYPES,
    Comment,
    MultipleChoice,
    Option,
    Recommendation,
    Scale,
    SingleChoice,
    YesNo,
)

ENDS = {"low_label": "Disagree", "high_label": "Agree"}
COLOURS = (Option(key="red", text="Red"), Option(key="blue", text="Blue"))

SCALE = Scale(key="tools", text="Tools work.", **ENDS)
RECOMMENDATION = Recommendation(key="recommend", text="Recommend?", **ENDS)
YES_NO = YesNo(key="repeated", text="Again?", favourable="no")
SINGLE = SingleChoice(key="colour", text="Which?", options=COLOURS)
MULTIPLE = MultipleChoice(key="colours", text="Which ones?", options=COLOURS)
COMMENT = Comment(key="comment", text="Anything else?", max_length=10)

ONE_OF_EACH = [SCALE, RECOMMENDATION, YES_NO, SINGLE, MULTIPLE, COMMENT]


def names(question):
    return question.type


@pytest.mark.parametrize(
    ("question", "raw", "answer"),
    [
        (SCALE, ["1"], 1),
        (SCALE, ["5"], 5),
        (RECOMMENDATION, ["0"], 0),
        (RECOMMENDATION, ["10"], 10),
        (YES_NO, ["yes"], 1),
        (YES_NO, ["no"], 0),
        (SINGLE, ["blue"], "blue"),
        (MULTIPLE, ["red", "blue"], ("blue", "red")),
        (MULTIPLE, ["red", "red"], ("red",)),
        (COMMENT, ["  fine\r\nso "], "fine\nso"),
        (COMMENT, ["a\x00b\x1b"], "ab"),
        (COMMENT, ["\x00"], None),
    ],
)
def test_reads_what_fits(question, raw, answer):
    """A raw answer becomes the value that is stored and counted."""
    assert question.parse(raw) == answer


@pytest.mark.parametrize("question", ONE_OF_EACH, ids=names)
@pytest.mark.parametrize("raw", [[], [""], ["  "], ["", ""]])
def test_every_item_can_be_skipped(question, raw):
    """Nothing typed is a skipped item, of whatever type."""
    assert question.parse(raw) is None


@pytest.mark.parametrize(
    ("question", "raw", "sentence"),
    [
        (SCALE, ["6"], "Choose a number from 1 to 5."),
        (SCALE, ["0"], "Choose a number from 1 to 5."),
        (SCALE, ["³"], "Choose a number from 1 to 5."),
        (SCALE, ["01"], "Choose a number from 1 to 5."),
        (SCALE, ["1", "2"], "Choose a number from 1 to 5."),
        (RECOMMENDATION, ["11"], "Choose a number from 0 to 10."),
        (YES_NO, ["perhaps"], "Choose one of the two answers."),
        (SINGLE, ["green"], "Choose one of the answers shown."),
        (SINGLE, ["red", "blue"], "Choose one of the answers shown."),
        (MULTIPLE, ["red", "green"], "Choose from the answers shown."),
        (COMMENT, ["x" * 11], "Shorten the text to 10 characters; it has 11."),
        (COMMENT, ["a", "b"], "Write one text."),
    ],
)
def test_refuses_what_does_not_fit(question, raw, sentence):
    """A refusal says what to do."""
    with pytest.raises(InvalidAnswer) as refusal:
        question.parse(raw)

    assert str(refusal.value) == sentence


def test_line_ends_do_not_use_up_the_length():
    """A browser counts a line end as one character, so the judge does too."""
    assert COMMENT.parse(["aaaa\r\nbbbbb"]) == "aaaa\nbbbbb"


@pytest.mark.parametrize(
    ("low", "high", "threshold"), [(1, 5, 4), (1, 7, 5), (1, 4, 3), (0, 10, 6), (1, 2, 2)]
)
def test_favourable_begins_above_the_middle(low, high, threshold):
    """Unless told otherwise, a favourable rating is one strictly above the midpoint."""
    scale = Scale(key="q", text="Q", low=low, high=high, **ENDS)

    assert scale.threshold == threshold
    assert threshold > (low + high) / 2 >= threshold - 1


def test_a_reversed_rating_is_turned_round():
    """A reversed item turns 1 into 7 and back; other items stay."""
    effort = Scale(key="effort", text="Effort?", high=7, reverse=True, **ENDS)

    assert [effort.turned(point) for point in effort.points] == [7, 6, 5, 4, 3, 2, 1]
    assert [SCALE.turned(point) for point in SCALE.points] == [1, 2, 3, 4, 5]


def test_labels_name_every_point_or_the_ends():
    """A full set of labels also names the ends."""
    full = Scale(key="q", text="Q", high=3, labels=("Low", "Middle", "High"))

    assert [full.label(point) for point in full.points] == ["Low", "Middle", "High"]
    assert (full.low_label, full.high_label) == ("Low", "High")
    assert [SCALE.label(point) for point in SCALE.points] == ["Disagree", "", "", "", "Agree"]


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: Scale(key="q", text="Q"), "ends of the scale"),
        (lambda: Scale(key="q", text="Q", low=5, high=5, **ENDS), "2 to 11 points"),
        (lambda: Scale(key="q", text="Q", low=0, high=11, **ENDS), "2 to 11 points"),
        (lambda: Scale(key="q", text="Q", labels=("A", "B")), "Give 5 labels"),
        (lambda: Scale(key="q", text="Q", favourable_from=1, **ENDS), "favourable_from"),
        (lambda: Scale(key="q", text="Q", favourable_from=6, **ENDS), "favourable_from"),
        (
            lambda: Scale(key="q", text="Q", high=2, labels=("A", "B"), low_label="C"),
            "differently",
        ),
        (lambda: Scale(key="Tools", text="Q", **ENDS), "small letters"),
        (lambda: Scale(key="", text="Q", **ENDS), "small letters"),
        (lambda: Scale(key="q", text=" ", **ENDS), "has no text"),
        (lambda: Recommendation(key="q", text="Q", low_label="No", high_label=""), "0 and 10"),
        (lambda: YesNo(key="q", text="Q", favourable="maybe"), "favourable"),
        (lambda: SingleChoice(key="q", text="Q", options=COLOURS[:1]), "two options"),
        (lambda: MultipleChoice(key="q", text="Q", options=COLOURS[:1] * 2), "same key"),
        (lambda: Comment(key="q", text="Q", max_length=0), "max_length"),
    ],
)
def test_refuses_items_that_contradict_themselves(make, part):
    """An item that could not be asked or scored is never built."""
    with pytest.raises(BadQuestionnaire) as refusal:
        make()

    assert part in str(refusal.value)


def test_the_table_of_types_is_complete():
    """Every type stands in the table under its own name."""
    assert {type(question): question.type for question in ONE_OF_EACH} == {
        kind: name for name, kind in TYPES.items()
    }
