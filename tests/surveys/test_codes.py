"""surveys.codes: code letters, their check character, and how people type them."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from surveys import codes
from surveys.codes import ALPHABET, LENGTH
from surveys.errors import MalformedCode


def is_accepted(text: str) -> bool:
    try:
        codes.normalise(text)
    except MalformedCode:
        return False
    return True


@pytest.fixture
def code() -> str:
    return codes.new_code()


def test_a_code_is_printed_in_groups_of_four(code):
    """Sixteen random characters in four groups, the check character by itself."""
    assert re.fullmatch(rf"([{ALPHABET}]{{4}}-){{4}}[{ALPHABET}]", codes.printed(code))


def test_a_code_is_read_as_people_type_it(code):
    """Case, spaces, hyphens and look-alikes do not matter."""
    typed = codes.printed(code).lower().replace("-", " – ")
    lookalike = code.replace("0", "o").replace("1", "l")

    assert codes.normalise(f" {typed} ") == code
    assert codes.normalise(lookalike) == code
    assert codes.normalise(code.replace("0", "O").replace("1", "I")) == code


@pytest.mark.parametrize(
    "code", [codes.new_code() for _ in range(3)], ids="first second third".split()
)
def test_every_single_wrong_character_is_noticed(code):
    """None of the 17 * 31 codes that differ in one place is accepted."""
    for place in range(LENGTH):
        for other in set(ALPHABET) - {code[place]}:
            assert not is_accepted(code[:place] + other + code[place + 1 :])


@pytest.mark.parametrize("code", [codes.new_code() for _ in range(20)], ids=range(20))
def test_every_exchange_of_two_characters_is_noticed(code):
    """Exchanging any two different characters, neighbours or not, is noticed."""
    for first, second in combinations(range(LENGTH), 2):
        exchanged = list(code)
        exchanged[first], exchanged[second] = code[second], code[first]
        if exchanged != list(code):
            assert not is_accepted("".join(exchanged))


def test_one_check_character_in_32_fits():
    """For given 16 characters exactly one check character is accepted."""
    drawn = codes.new_code()[:-1]

    assert sum(is_accepted(drawn + check) for check in ALPHABET) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Type the code"),
        ("  - ", "Type the code"),
        ("0000-0000-0000-0000", "has 17 characters; this one has 16"),
        ("0000-0000-0000-0000-00", "this one has 18"),
        ("0000-0000-0000-000U-0", "no 'U' in it"),
        ("0000-0000-0000-000?-0", "no '?' in it"),
        ("0000-0000-0000-0001-0", "a mistake in it"),
    ],
)
def test_a_malformed_code_is_told_what_is_wrong(text, sentence):
    """Each mistake has its own sentence."""
    with pytest.raises(MalformedCode, match=re.escape(sentence)):
        codes.normalise(text)


def test_a_digest_belongs_to_one_wave_and_one_code(code):
    """The same code in another wave, or another code, gives another digest."""
    digest = codes.digest("pulse-1", code)

    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert codes.digest("pulse-1", codes.printed(code).lower()) == digest
    assert codes.digest("pulse-2", code) != digest
    assert codes.digest("pulse-1", codes.new_code()) != digest


def test_a_digest_is_pinned():
    """Letters already printed stay valid: the digest of a known code is this one."""
    assert codes.digest("pulse-1", "0000-0000-0000-0000-0") == (
        "228ab83cd12b46083bd4045e6cc59186a4c7a137f13d77c284fbe34359d7b257"
    )


def test_codes_are_all_different():
    """A thousand codes are a thousand codes, and every character occurs."""
    drawn = codes.new_codes(1000)

    assert len(set(drawn)) == 1000
    assert set("".join(drawn)) == set(ALPHABET)
