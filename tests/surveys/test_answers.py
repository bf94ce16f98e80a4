"""surveys.answers: a filled-in form becomes answers, and loses nothing on the way."""

import pytest

from surveys.answers import Reading, preselect, read_answers
from surveys.questionnaires import Questionnaire, load


@pytest.fixture
def pulse() -> Questionnaire:
    return load("monthly_pulse")


def test_reads_what_was_answered_and_leaves_out_the_rest(pulse):
    """Skipped items are absent, not zero, and other fields of the form are ignored."""
    form = {"tools": ["4"], "energy": [""], "comment": [" Thanks "], "code": ["ABCD"]}

    reading = read_answers(pulse, form)

    assert reading.answers == {"tools": 4, "comment": "Thanks"}
    assert reading.errors == {}


def test_what_cannot_be_read_is_kept_as_typed(pulse):
    """A wrong answer brings a sentence, and the page gets back what was typed."""
    form = {"tools": ["9"], "support": ["2"], "comment": ["x" * 1001]}

    reading = read_answers(pulse, form)

    assert reading.answers == {"support": 2}
    assert reading.errors == {
        "tools": "Choose a number from 1 to 5.",
        "comment": "Shorten the text to 1,000 characters; it has 1,001.",
    }
    assert reading.raw == {"tools": ("9",), "support": ("2",), "comment": ("x" * 1001,)}


def test_a_retired_item_takes_no_answers(pulse):
    """Answers to items that are asked no more are ignored, even when sent."""
    document = pulse.to_dict()
    document["items"][0]["retired"] = True

    reading = read_answers(Questionnaire.from_dict(document), {"tools": ["4"]})

    assert reading == Reading()


def test_a_link_preselects_only_what_fits():
    """A score in a link is preselected; nonsense in it is dropped and scolds nobody."""
    survey = load("customer_experience")

    reading = preselect(survey, {"recommend": ["9"], "effort": ["99"], "x": ["1"]})

    assert reading == Reading(raw={"recommend": ("9",)})
