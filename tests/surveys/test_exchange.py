"""surveys.exchange: openings and releases are checked before they are believed."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.documents import canonical
from surveys.errors import BadDocument, BelowFloor, SurveyError
from surveys.exchange import check_opening, check_release, read_opening, read_release
from surveys.release import build_release
from tests.surveys.waves import draw_answers, everybody, make_opening

OPENING = make_opening()
RELEASE = json.loads(
    canonical(
        build_release(
            OPENING,
            draw_answers(OPENING, everybody(OPENING)),
            closed_on=date(2026, 3, 13),
            rng=Random(1),
        )
    )
)


def changed(document, path, value):
    """Copy a document with one field replaced, or removed where the value is `...`."""
    copy = deepcopy(document)
    *way, last = path
    place = copy
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copy


def test_documents_come_back_as_they_were():
    """What was written in canonical form is read as it was."""
    assert read_opening(canonical(OPENING)) == OPENING
    assert read_release(canonical(RELEASE)) == RELEASE


OTHER_CODES = OPENING["groups"][1]["codes"]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["schema"], "headwater.opening/2", "not an opening of the kind"),
        (["wave"], ..., "lacks the field 'wave'"),
        (["wave"], "Pulse 1", "A wave's key"),
        (["extra"], 1, "'extra' that means nothing here"),
        (["opens_on"], "02.03.2026", "opens_on is not a day"),
        (["closes_on"], "2026-03-01", "closes before it opens"),
        (["questionnaire"], {"key": "x"}, "The questionnaire cannot be used"),
        (["hierarchy", 0, "parent"], "care", "The hierarchy cannot be used"),
        (["hierarchy", 0, "name"], 7, "'name' must be a text"),
        (["groups"], [], "no counting groups"),
        (["groups"], {}, "must be a list of tables"),
        (["groups", 0, "n_eligible"], True, "must be a whole number"),
        (["groups", 0, "n_eligible"], 7, "fewer than 8 eligible"),
        (["groups", 0, "n_eligible"], 11, "not as many codes"),
        (["groups", 0, "home"], "moon", "under team 'moon'"),
        (["groups", 0, "teams"], ["moon"], "the team 'moon'"),
        (["groups", 0, "teams"], ["north"], "counted elsewhere"),
        (["groups", 0, "teams"], [], "has no teams"),
        (["groups", 1, "group"], "g01", "listed twice"),
        (["groups", 0, "codes", 0], "secret", "not a SHA-256 digest"),
        (["groups", 1, "codes"], OTHER_CODES[::-1], "unsorted"),
        (["groups", 0, "codes"], OTHER_CODES[:10], "listed elsewhere"),
    ],
    ids=lambda value: (
        str(value)[:40] if not isinstance(value, list) or len(value) < 9 else "codes"
    ),
)
def test_a_bad_opening_is_refused_with_a_sentence(path, value, sentence):
    """Each defect is named."""
    with pytest.raises(BadDocument, match=sentence):
        check_opening(changed(OPENING, path, value))


def test_an_opening_below_the_floor_is_refused():
    """S-5: thresholds below the floor do not enter by document either."""
    with pytest.raises(BelowFloor):
        check_opening(changed(OPENING, ["thresholds", "k"], 4))


UNANIMOUS = {"status": "exact", "n": 10, "counts": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 10}}


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["schema"], "headwater.opening/1", "not a release of the kind"),
        (["cells"], ..., "lacks the field 'cells'"),
        (["answers"], [], "'answers' that means nothing here"),
        (["opening_sha256"], "0", "not a SHA-256 digest"),
        (["cells", 0, "n"], 4, "has 4 answers, fewer than 5"),
        (["cells", 0, "n"], 99, "more answers than eligible"),
        (["cells", 0, "teams"], ["north"], "counted elsewhere"),
        (["cells", 0, "items", "tools"], ..., "does not list the items"),
        (["cells", 0, "items", "tools"], {"status": "open"}, "status 'open' is none"),
        (["cells", 0, "items", "tools"], {"status": "clamped", "n": 9}, "lacks the field 'fav"),
        (["cells", 0, "items", "tools", "n"], 4, "4 answers cannot be"),
        (["cells", 0, "items", "tools", "counts", "1"], "many", "table of whole numbers"),
        (["cells", 0, "items", "tools", "counts", "1"], 10**12, "against rule R2"),
        (["cells", 0, "items", "tools", "status"], ["exact"], "none of this type"),
        (["cells", 0, "items", "tools"], UNANIMOUS | {"sum": 50}, "against rule R2"),
        (["cells", 0, "constructs", "manager"], ..., "does not list the constructs"),
        (["cells", 0, "constructs", "manager"], {"status": "clamped"}, "than its items allow"),
        (["n_responses"], 3, "do not add up"),
        (["pooled"], {}, "pooled lacks"),
        (["comments", "cells", 0, "n"], 9, "has 9 answers, fewer than 10"),
        (["comments", "cells", 0, "items"], {"comment": [1]}, "a table of lists of texts"),
    ],
    ids=lambda value: (
        str(value)[:40] if not isinstance(value, list) or len(value) < 9 else "codes"
    ),
)
def test_a_bad_release_is_refused_with_a_sentence(path, value, sentence):
    """Shape, thresholds and rule R2 are held against every release that comes in."""
    with pytest.raises(BadDocument, match=sentence):
        check_release(changed(RELEASE, path, value))


def test_a_variance_of_a_clamped_construct_is_refused():
    """A collector that says more of a construct than its items allow is not believed."""
    cell = RELEASE["cells"][0]
    worse = changed(
        RELEASE,
        ["cells", 0, "items", "manager"],
        {"status": "hidden", "reason": "too_few_answers"},
    )

    assert cell["constructs"]["manager"]["status"] == "exact"
    with pytest.raises(BadDocument, match="more is shown than its items allow"):
        check_release(worse)


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b'{"a": NaN}', b"{", b"[" * 100_000])
def test_bytes_that_are_no_document_are_refused(raw):
    """Half a file, other encodings and other values are refused with a sentence."""
    for read in (read_opening, read_release):
        with pytest.raises(BadDocument):
            read(raw)


PLACES = [
    path
    for document in (OPENING, RELEASE)
    for key in document
    for path in ([key], *([[key, 0]] if isinstance(document[key], list) else []))
]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.sampled_from(PLACES), JUNK)
def test_junk_in_any_place_is_refused_and_never_breaks(path, junk):
    """Whatever stands in a field, the reader refuses or accepts; it does not fail."""
    for document, check in ((OPENING, check_opening), (RELEASE, check_release)):
        if path[0] in document:
            try:
                check(changed(document, path, junk))
            except SurveyError as error:
                assert str(error)
