"""surveys.openings: plans, replies and openings are checked before they are believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.documents import canonical
from surveys.encoding import encode
from surveys.errors import BadDocument, BelowFloor, GuardianNeeded, SurveyError
from surveys.manifests import make_manifest, manifest_message
from surveys.openings import (
    check_opening,
    check_plan,
    check_preparation,
    plan_of,
    read_opening,
    read_plan,
    read_preparation,
)
from surveys.signing import sign
from tests.surveys.waves import (
    GUARDIAN_PRIVATE,
    RECEIPT_PRIVATE,
    changed,
    make_guardian,
    make_opening,
    make_plan,
    make_preparation,
    open_plan,
)

OPENING = make_opening()
PLAN = make_plan(rights=("ballot", "letter", "ballot"))
GUARDED = make_plan(rights=("ballot",), guardian=make_guardian())


def signed(plan, *, by=GUARDIAN_PRIVATE):
    """Open a plan whose manifest somebody signed."""
    manifest = make_manifest(plan, make_preparation(plan))
    return open_plan(plan, signature=encode(sign(by, manifest_message(manifest))))


def test_documents_come_back_as_they_were():
    """What was written in canonical form is read as it was."""
    reply = make_preparation(PLAN)

    assert read_opening(canonical(OPENING)) == OPENING
    assert read_plan(canonical(PLAN)) == PLAN
    assert read_preparation(canonical(reply), plan=PLAN) == reply


def test_an_opening_carries_its_plan():
    """Whoever has the opening has the plan, word for word."""
    assert plan_of(open_plan(PLAN)) == PLAN


OTHER_CODES = OPENING["groups"][1]["codes"]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["schema"], "headwater.opening/2", "not an opening of the kind"),
        (["wave"], ..., "lacks the field 'wave'"),
        (["wave"], "Pulse 1", "small letters, digits and hyphens"),
        (["extra"], 1, "'extra' that means nothing here"),
        (["opens_on"], "02.03.2026", "opens_on is not a day"),
        (["opens_on"], "2026-W10-1", "opens_on is not a day"),
        (["closes_on"], "2026-03-01", "closes before it opens"),
        (["questionnaire"], {"key": "x"}, "The questionnaire cannot be used"),
        (["hierarchy", 0, "parent"], "care", "The hierarchy cannot be used"),
        (["hierarchy", 0, "name"], 7, "'name' must be a text"),
        (["groups"], [], "no counting groups"),
        (["groups"], {}, "must be a list of tables"),
        (["groups", 0, "n_eligible"], "ten", "not as many codes"),
        (["groups", 0, "n_eligible"], True, "not as many codes"),
        (["groups", 0, "n_eligible"], 11, "not as many codes"),
        (["groups", 0, "label"], 4, "must be a text"),
        (["groups", 0, "home"], "moon", "under team 'moon'"),
        (["groups", 0, "teams"], ["moon"], "the team 'moon'"),
        (["groups", 0, "teams"], ["north"], "counted elsewhere"),
        (["groups", 0, "teams"], [], "has no teams"),
        (["groups", 1, "group"], "g01", "listed twice"),
        (["groups", 0, "codes", 0], "secret", "not a SHA-256 digest"),
        (["groups", 0, "right"], "ballot", "answers by ballot and has codes"),
        (["manifest"], "{}", "lacks the field"),
        (["manifest"], "no", "not a JSON document"),
        (["signature"], "A" * 86, "names no guardian"),
        (["title"], "Another pulse", "promises something else"),
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


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["schema"], "headwater.opening/1", "not a plan of the kind"),
        (["groups", 0, "modulus"], ..., "lacks the field 'modulus'"),
        (["groups", 0, "modulus"], "AQAB", "has 3 bytes instead of 256"),
        (["groups", 0, "modulus"], encode(bytes(255) + b"\1"), "no RSA modulus of 2048 bits"),
        (["groups", 2, "modulus"], PLAN["groups"][0]["modulus"], "the key of another group"),
        (["groups", 1, "modulus"], "AQAB", "means nothing here"),
        (["groups", 0, "codes"], [], "means nothing here"),
        (["groups", 1, "right"], "e-mail", "one of ballot, letter"),
        (["guardian"], {"name": "Works council"}, "lacks the field"),
        (["guardian"], make_guardian() | {"key": "AQAB"}, "not a public key"),
        (["groups", 0, "n_eligible"], 7, "fewer than 8 eligible"),
        (["groups", 0, "needs"], ..., "lacks the field 'needs'"),
        (["groups", 0, "needs"], 4, "cannot need 4 answers"),
        (["groups", 0, "needs"], 12, "cannot need 12 answers"),
    ],
    ids=lambda value: str(value) if len(str(value)) < 60 else "long",
)
def test_a_bad_plan_is_refused_with_a_sentence(path, value, sentence):
    """A plan cannot mix up rights and keys."""
    with pytest.raises(BadDocument, match=sentence):
        check_plan(changed(PLAN, path, value))


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["schema"], "x", "not a reply of the kind"),
        (["plan_sha256"], "0" * 64, "belongs to another plan"),
        (["count_key"], None, "who holds the count key"),
        (["receipt_key"], "AQAB", "not a public key"),
    ],
    ids=lambda value: str(value) if len(str(value)) < 60 else "long",
)
def test_a_bad_reply_of_the_collector_is_refused(path, value, sentence):
    """The application takes keys for its own plan only."""
    with pytest.raises(BadDocument, match=sentence):
        check_preparation(changed(make_preparation(PLAN), path, value), plan=PLAN)


def test_a_wave_with_a_guardian_opens_only_with_the_signature():
    """No signature, one by another key, or one of another manifest opens nothing."""
    check_opening(signed(GUARDED))
    for refused in (
        open_plan(GUARDED),
        signed(GUARDED, by=RECEIPT_PRIVATE),
        open_plan(GUARDED, signature="?"),
        open_plan(GUARDED, signature=signed(GUARDED | {"title": "Other"})["signature"]),
    ):
        with pytest.raises(GuardianNeeded, match="not signed by its guardian, Works council"):
            check_opening(refused)


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b'{"a": NaN}', b"{", b"[" * 100_000])
def test_bytes_that_are_no_document_are_refused(raw):
    """Half a file, other encodings and other values are refused with a sentence."""
    for read in (read_opening, read_plan):
        with pytest.raises(BadDocument):
            read(raw)


PLACES = [
    path
    for document in (OPENING, PLAN)
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
    for document, check in ((OPENING, check_opening), (PLAN, check_plan)):
        if path[0] in document:
            try:
                check(changed(document, path, junk))
            except SurveyError as error:
                assert str(error)
