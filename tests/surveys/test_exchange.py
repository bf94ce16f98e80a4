"""surveys.exchange: releases are checked before they are believed."""

from __future__ import annotations

import json
from datetime import date
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.documents import canonical
from surveys.errors import BadDocument, SurveyError
from surveys.exchange import check_cells, check_release, read_release
from surveys.release import build_release
from tests.surveys.waves import changed, draw_answers, everybody, make_opening

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


def test_a_release_comes_back_as_it_was():
    """What was written in canonical form is read as it was."""
    assert read_release(canonical(RELEASE)) == RELEASE


COMMENTS = ["comments", "cells", 0, "items", "comment"]
WRITTEN = {"text": "Hello", "thread": "7" * 64}
UNANIMOUS = {"status": "exact", "n": 10, "counts": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 10}}


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["schema"], "headwater.opening/1", "not a release of the kind"),
        (["cells"], ..., "lacks the field 'cells'"),
        (["answers"], [], "'answers' that means nothing here"),
        (["opening_sha256"], "0", "must be a SHA-256 digest"),
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
        (["comments", "cells", 0, "items"], {"comment": [1]}, "a table of lists of tables"),
        (["comments", "cells", 0, "items"], {}, "does not list the comments"),
        (["comments", "cells", 0, "n"], 30, "not made of whole cells"),
        ([*COMMENTS, 0], {"text": "Hello"}, "lacks the field 'thread'"),
        ([*COMMENTS, 0], WRITTEN | {"thread": "7"}, "a SHA-256 digest"),
        (COMMENTS, [WRITTEN, WRITTEN], "two comments have one thread"),
        (COMMENTS, [WRITTEN | {"thread": None}] * 99, "more comments than answers"),
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
    with pytest.raises(BadDocument):
        read_release(raw)


PLACES = [
    path
    for key in RELEASE
    for path in ([key], *([[key, 0]] if isinstance(RELEASE[key], list) else []))
]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.sampled_from(PLACES), JUNK)
@settings(max_examples=50)
def test_junk_in_any_place_is_refused_and_never_breaks(path, junk):
    """Whatever stands in a field, the reader refuses or accepts; it does not fail."""
    try:
        check_release(changed(RELEASE, path, junk))
    except SurveyError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["cells", 1, "teams"], ["mail"], "Cell 'c02' has another number of eligible people"),
        (["cells", 0, "teams"], ["north", "south"], "Cell 'c01' is not made of whole"),
        (["cells", 0, "n"], 7, "Cell 'c01' has 7 answers; a group in it needs 8."),
    ],
)
def test_cells_are_held_against_the_plan(path, value, sentence):
    """R1 and R9: whole groups of the plan, with as many answers as the neediest of them needs."""
    needing = {**OPENING, "groups": [{**group, "needs": 8} for group in OPENING["groups"]]}
    check_cells(RELEASE, needing)

    with pytest.raises(BadDocument, match=sentence):
        check_cells(changed(RELEASE, path, value), needing)
