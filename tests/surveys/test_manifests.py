"""surveys.manifests: one document for everybody, and eight words to compare it by."""

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.documents import canonical, sha256_of
from surveys.encoding import encode
from surveys.errors import BadDocument, BelowFloor, MalformedBallot
from surveys.manifests import (
    begin_ballot,
    check_manifest,
    make_manifest,
    manifest_sha256,
    read_manifest,
    words,
)
from tests.ballots import modulus_text, take_ballot
from tests.surveys.waves import changed, make_guardian, make_plan, make_preparation

PLAN = make_plan(rights=("ballot", "ballot", "letter"))
TEXT = make_manifest(PLAN, make_preparation(PLAN))
MANIFEST = json.loads(TEXT)


def test_a_manifest_says_what_the_plan_promises():
    """Groups, keys, thresholds and the digests of questionnaire and page are all in it."""
    document = read_manifest(TEXT)

    assert document["questionnaire_sha256"] == sha256_of(PLAN["questionnaire"])
    assert document["n_eligible"] == sum(g["n_eligible"] for g in PLAN["groups"])
    assert [g.get("modulus") for g in document["groups"][:3]] == [
        modulus_text(0), modulus_text(1), None
    ]  # fmt: skip
    assert document["thresholds"] == PLAN["thresholds"]
    assert "hierarchy" not in document


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["schema"], "x", "not a manifest of the kind"),
        (["groups"], [], "no counting groups"),
        (["groups", 0, "n_eligible"], 7, "fewer than 8 eligible"),
        (["groups", 0, "n_eligible"], 1_000, "do not add up"),
        (["groups", 1, "group"], MANIFEST["groups"][0]["group"], "listed twice"),
        (["groups", 1, "modulus"], MANIFEST["groups"][0]["modulus"], "the key of another group"),
        (["groups", 0, "modulus"], encode(b"\xff" * 256 + b"\1"), "257 bytes instead of 256"),
        (["groups", 0, "modulus"], encode(b"\x7f" + b"\xff" * 255), "no RSA modulus"),
        (["groups", 0, "modulus"], encode(b"\xff" * 255 + b"\2"), "no RSA modulus"),
        (["count_key"], None, "lacks the count key"),
        (["count_key"], "AQAB", "not a public key"),
        (["receipt_key"], encode(b"\4" + bytes(64)), "not a public key of the curve"),
        (["count_key_holder"], "guardian", "another holder"),
        (["closes_on"], "2026-03-01", "closes before it opens"),
        (["opens_on"], "soon", "not written as"),
        (["opens_on"], "20260302", "not written as"),
        (["client_sha256"], "AB" * 32, "must be a SHA-256 digest"),
        (["previous_manifest_sha256"], 1, "must be a SHA-256 digest"),
        (["guardian"], make_guardian() | {"holds_count_key": 1}, "true or false"),
    ],
    ids=lambda value: str(value) if len(str(value)) < 60 else "long",
)
def test_a_bad_manifest_is_refused_with_a_sentence(path, value, sentence):
    """What a guardian's signature would cover is checked first."""
    with pytest.raises(BadDocument, match=sentence):
        check_manifest(changed(MANIFEST, path, value))


def test_a_manifest_below_the_floor_is_refused():
    """S-5: no threshold below the floor is ever signed."""
    with pytest.raises(BelowFloor):
        check_manifest(changed(MANIFEST, ["thresholds", "k"], 4))


def test_a_manifest_waits_for_the_count_key_only_where_its_guardian_holds_it():
    """An incomplete manifest is one thing only: it lacks the key that the guardian fills in."""
    plan = make_plan(guardian=make_guardian(holds_count_key=True))
    waiting = json.loads(make_manifest(plan, make_preparation(plan)))

    check_manifest(waiting, is_complete=False)
    with pytest.raises(BadDocument, match="lacks the count key"):
        check_manifest(waiting)
    with pytest.raises(BadDocument, match="lacks the count key"):
        check_manifest(changed(MANIFEST, ["count_key"], None), is_complete=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 9_000,
        " " + TEXT,
        json.dumps(MANIFEST),
        json.dumps(MANIFEST | {"title": "half a character: \ud800"}),
        TEXT.removesuffix("}") + f',"wave":"{MANIFEST["wave"]}"}}',
    ],
)
def test_a_manifest_has_one_spelling(text):
    """Its digest stands for it, so another way to write the same is refused."""
    with pytest.raises(BadDocument):
        read_manifest(text)


def test_a_ballot_begins_under_a_manifest():
    """The manifest's digest and the group's key go into every ballot."""
    ballot = take_ballot(bytes(32), TEXT, group="g02", key=1)

    assert manifest_sha256(TEXT) == sha256(canonical(MANIFEST)).digest()
    assert manifest_sha256(TEXT) in ballot.prepared
    for group in ("g03", "g99"):
        with pytest.raises(MalformedBallot, match="does not answer by ballot"):
            begin_ballot(bytes(32), TEXT, group=group)


def test_fingerprints_are_pinned():
    """Words that people compared once may never be spelt another way."""
    assert " ".join(words(bytes(32))) == "baban baban baban baban baban baban baban baban"
    assert (
        " ".join(words(sha256(b"").digest())) == "vavor memor dafor galor salan binan kizor lopan"
    )


@given(st.binary(min_size=11, max_size=11), st.binary(min_size=11, max_size=11))
def test_different_digests_have_different_words(one, other):
    """88 bits go into the words without loss."""
    assert len(words(one)) == 8
    assert (words(one) == words(other)) == (one == other)
