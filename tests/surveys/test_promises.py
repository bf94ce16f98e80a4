"""surveys.promises: what can be promised, in one spelling, and in sentences."""

import json
from dataclasses import replace
from datetime import date

import pytest

from surveys.errors import BadDocument, BadPromise
from surveys.manifests import check_manifest, make_manifest
from surveys.openings import check_opening, check_plan
from surveys.promise_texts import sections, sections_of
from surveys.promises import Promise, spelt
from surveys.thresholds import Thresholds
from tests.promises import PROMISE
from tests.surveys.waves import changed, make_plan, make_preparation, open_plan

PLAN = make_plan()
MANIFEST = json.loads(make_manifest(PLAN, make_preparation(PLAN)))


def test_a_promise_comes_back_from_its_plain_values():
    """What is hashed holds everything, and nothing else."""
    assert Promise.from_dict(PROMISE.to_dict()) == PROMISE


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"purposes": ""}, "Say what the survey is for."),
        ({"readers": ""}, "Say who reads the figures"),
        ({"contact": ""}, "Say whom people can ask"),
        ({"contact": "x" * 301}, "at most 300 characters"),
        ({"readers": "\n".join("abcdefghi")}, "at most 8 lines"),
        ({"purposes": "turned \u202eround"}, "letters, digits and signs"),
        ({"purposes": "bell \a"}, "letters, digits and signs"),
        ({"purposes": "one \ntwo"}, "no space around lines"),
        ({"purposes": "one\n\ntwo"}, "no empty lines"),
        ({"keep_rosters_days": 0}, "for 1 to 400 days"),
        ({"keep_rosters_days": 401}, "for 1 to 400 days"),
        ({"keep_results_months": 121}, "for 1 to 120 months"),
    ],
    ids=str,
)
def test_a_promise_that_says_too_little_or_too_much_is_refused(change, sentence):
    """Each limit has its sentence."""
    with pytest.raises(BadPromise, match=sentence):
        replace(PROMISE, **change)


def test_whatever_is_typed_has_one_spelling():
    """Line ends, spaces and empty lines of a form do not get into the hash."""
    typed = " To find\tout \r\n\r\n what helps.\u2028And so on. "

    assert spelt(typed) == "To find out\nwhat helps.\nAnd so on."
    assert replace(PROMISE, purposes=spelt(typed)).purposes == spelt(typed)


@pytest.mark.parametrize(
    "value", [..., None, {}, {**PROMISE.to_dict(), "more": 1},
              {**PROMISE.to_dict(), "keep_rosters_days": "100"},
              {**PROMISE.to_dict(), "keep_results_months": 500}], ids=str
)  # fmt: skip
def test_neither_plan_nor_manifest_goes_without_a_promise(value):
    """Both are refused where it is missing, incomplete or beyond its limits."""
    for check, document in ((check_plan, PLAN), (check_manifest, MANIFEST)):
        with pytest.raises(BadDocument):
            check(changed(document, ["promise"], value))


def test_the_manifest_promises_what_the_plan_does():
    """An opening whose plan promises something else than its manifest is refused."""
    opening = open_plan(PLAN)
    other = changed(opening, ["promise", "keep_results_months"], 120)

    check_opening(opening)
    with pytest.raises(BadDocument, match="promises something else"):
        check_opening(other)


def test_the_sentences_say_every_number_and_every_text():
    """k, profile, days, spans and all three texts; the same from plan and manifest."""
    said = sections_of(PLAN)
    text = " ".join(line for section in said for line in section.lines)

    for part in (
        *(PROMISE.purposes, PROMISE.readers, PROMISE.contact),
        *("at least 5 answers", "at least 10 answers", "at least 8 people", "“default”"),
        *("2 March 2026", "13 March 2026", "100 days", "36 months"),
    ):
        assert part in text
    assert sections_of(MANIFEST) == said


def test_the_strict_profile_promises_more():
    """Its figures need eight answers, and hold against a colleague in every group."""
    days = {"opens_on": date(2026, 3, 2), "closes_on": date(2026, 3, 13)}
    counted = sections(PROMISE, Thresholds.of("strict"), **days)[2].lines[1]

    assert "at least 8 answers" in counted
    assert "From 8 answers on" not in counted
