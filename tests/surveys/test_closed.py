"""surveys.closed: what anybody may check of a closed wave, and nobody read off a count."""

import json
import random
from datetime import date

import pytest

from surveys.closed import (
    check_closed_list,
    count_issued,
    count_or_bound,
    make_closed_list,
)
from surveys.documents import canonical, sha256_of
from surveys.encoding import decode, encode
from surveys.errors import BadDocument, SurveyError
from surveys.manifests import closed_message, manifest_sha256
from surveys.release import build_release
from surveys.sealing import unseal
from surveys.signing import sign
from tests.surveys.waves import (
    GUARDIAN_SEALING_PRIVATE,
    RECEIPT_PRIVATE,
    changed,
    draw_answers,
    make_guardian,
    make_plan,
    open_plan,
)

RIGHTS = ("ballot", "ballot", "ballot", "letter")
OPENING = open_plan(make_plan(rights=RIGHTS, guardian=make_guardian()))
MANIFEST = json.loads(OPENING["manifest"])
DIGEST = manifest_sha256(OPENING["manifest"])
ELIGIBLE = {group["group"]: group["n_eligible"] for group in OPENING["groups"]}


def close(accepted, *, issued=None, seed=1):
    """Close a wave with that many answers in each group."""
    answers = draw_answers(OPENING, accepted)
    release = build_release(OPENING, answers, closed_on=date(2026, 3, 13), rng=random.Random(seed))
    rng = random.Random(seed)
    receipts = [rng.randbytes(32) for _ in range(sum(accepted.values()))]
    document = make_closed_list(
        OPENING,
        release,
        accepted=accepted,
        issued=issued or ELIGIBLE,
        receipts=receipts,
        receipt_key=RECEIPT_PRIVATE,
        draw=rng.randbytes,
    )
    return release, document, receipts


def check(document):
    check_closed_list(document, manifest=MANIFEST, manifest_digest=DIGEST)


def less(n):
    return {group: max(0, eligible - n) for group, eligible in ELIGIBLE.items()}


@pytest.mark.parametrize(
    ("n", "shown"),
    [
        (0, {"at_most": 1}),
        (1, {"at_most": 1}),
        (2, {"exact": 2}),
        (8, {"exact": 8}),
        (9, {"at_least": 9}),
        (10, {"at_least": 9}),
    ],
)
def test_a_count_next_to_nobody_or_everybody_is_a_bound(n, shown):
    """Ten of ten would say of each of them that they answered."""
    assert count_or_bound(n, of=10) == shown


@pytest.mark.parametrize(
    ("ballots", "shown"),
    [(0, {"at_most": 9}), (3, {"exact": 11}), (7, {"at_least": 15}), (8, {"at_least": 15})],
)
def test_letters_beside_ballots_do_not_undo_the_bound_of_ballots(ballots, shown):
    """Eight letters and no ballot would be "8 of 16": nobody took a ballot."""
    assert count_issued(ballots, of=8, letters=8, accepted=5) == shown


@pytest.mark.parametrize(
    ("ballots", "letters", "accepted", "shown"),
    [
        (12, 0, 10, {"exact": 12}),
        (12, 0, 11, {"at_least": 11}),
        (12, 0, 12, {"at_least": 12}),
        (1, 8, 8, {"at_least": 8}),
        (1, 8, 7, {"at_most": 9}),
        (20, 0, 20, {"at_least": 19}),
        (20, 0, 15, {"at_least": 19}),
        (0, 9, 9, {"at_least": 9}),
    ],
)
def test_rights_hardly_above_the_answers_are_told_as_no_more_than_those(
    ballots, letters, accepted, shown
):
    """Who knows who took a ballot must not learn that every one of them answered."""
    assert count_issued(ballots, of=20, letters=letters, accepted=accepted) == shown


def test_of_letters_alone_all_are_told():
    """Everybody has one, so their number is no secret."""
    assert count_issued(0, of=0, letters=9, accepted=9) == {"exact": 9}


def test_the_list_lets_everybody_check_and_find_their_own():
    """Counts per cell, receipts, and the digests that tie the list to its wave."""
    release, document, receipts = close(less(4), issued=less(2))
    check(json.loads(canonical(document)))

    assert document["release_sha256"] == sha256_of(release)
    assert {encode(receipt) for receipt in receipts} <= set(document["receipts"])
    for cell, shown in zip(release["cells"], document["cells"], strict=True):
        assert shown["accepted"] == {"exact": cell["n"]}
        assert shown["eligible"] == cell["n_eligible"]


def test_the_length_of_the_list_tells_no_count():
    """However many answered, there is one entry for each person eligible, all alike."""
    few, all_of_them = close(less(4))[1], close(ELIGIBLE)[1]

    assert len(few["receipts"]) == len(all_of_them["receipts"]) == sum(ELIGIBLE.values())
    assert {len(receipt) for receipt in few["receipts"]} == {43}
    assert few["receipts"] == sorted(few["receipts"])


def test_where_everybody_answered_only_a_bound_is_given():
    """The counts of a cell in which nobody is missing do not say so."""
    for accepted in (ELIGIBLE, less(1)):
        document = close(accepted)[1]
        for cell in document["cells"]:
            assert cell["accepted"].keys() <= {"exact", "at_least"}
            if "exact" in cell["accepted"]:
                assert cell["accepted"]["exact"] < cell["eligible"] - 1
    shown = [cell["accepted"] for cell in close(ELIGIBLE)[1]["cells"]]
    one_less = ELIGIBLE | {"g01": ELIGIBLE["g01"] - 1}
    assert shown == [cell["accepted"] for cell in close(one_less)[1]["cells"]]


def test_letters_that_were_printed_are_counted_exactly():
    """Every eligible person has a letter, which says nothing of anybody."""
    _, document, _ = close(less(3))
    letters = {g["label"] for g in OPENING["groups"] if g["right"] == "letter"}

    shown = {c["label"]: c for c in document["cells"] if c["label"] in letters}

    assert shown
    assert all(cell["issued"] == {"exact": cell["eligible"]} for cell in shown.values())


def test_counts_per_group_are_for_the_guardian_alone():
    """No counting group is named in the open; the guardian's key opens the counts."""
    accepted = less(3)
    _, document, _ = close(accepted, issued=less(1))
    shown = canonical({**document, "guardian_counts": None, "receipts": []}).decode()

    assert not any(f'"{group}"' in shown for group in ELIGIBLE)
    opened = unseal(GUARDIAN_SEALING_PRIVATE, decode(document["guardian_counts"]), bound_to=DIGEST)
    counts = {group["group"]: group for group in json.loads(opened)["groups"]}
    assert {name: group["accepted"] for name, group in counts.items()} == accepted
    assert {name: group["issued"] for name, group in counts.items()} == less(1)


def test_without_a_guardian_no_counts_per_group_are_kept():
    """What nobody may read is not written."""
    opening = open_plan(make_plan(rights=RIGHTS))
    release = build_release(opening, {}, closed_on=date(2026, 3, 13), rng=random.Random(1))
    document = make_closed_list(
        opening,
        release,
        accepted=dict.fromkeys(ELIGIBLE, 0),
        issued=ELIGIBLE,
        receipts=[],
        receipt_key=RECEIPT_PRIVATE,
        draw=random.Random(1).randbytes,
    )

    assert document["guardian_counts"] is None
    assert document["cells"] == []


def signed_anew(document):
    return {**document, "signature": encode(sign(RECEIPT_PRIVATE, closed_message(document)))}


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["wave"], "another", "another wave"),
        (["manifest_sha256"], "0" * 64, "another manifest"),
        (["cells", 0, "accepted"], {"exact": 10**6}, "more accepted than issued"),
        (["cells", 0, "issued"], {"exact": 2}, "more accepted than issued"),
        (["cells", 0, "issued"], {"exact": 10**6}, "more issued than eligible"),
        (["cells", 0, "accepted"], {"about": 7}, "neither exact nor a bound"),
        (["cells", 0, "accepted"], {"exact": 5, "at_most": 9}, "neither exact nor a bound"),
        (["receipts", 0], "A", "not one entry|cannot be read"),
        (["receipts"], [], "not one entry"),
        (["n_responses"], 70, "means nothing here"),
    ],
    ids=str,
)
def test_a_list_that_cannot_be_is_refused_even_if_signed(path, value, sentence):
    """The signature of a server proves nothing against its own counts."""
    _, document, _ = close(less(3), issued=less(2))

    with pytest.raises(BadDocument, match=sentence):
        check(signed_anew(changed(document, path, value)))


def test_a_list_changed_after_signing_is_refused():
    """A receipt exchanged for another is found by whoever holds the manifest."""
    _, document, _ = close(less(3))
    receipts = sorted([*document["receipts"][1:], encode(bytes(32))])

    with pytest.raises(SurveyError, match="not signed with the receipt key"):
        check({**document, "receipts": receipts})
