"""Waves with a guardian: signed before they open, and counted with a key that they may hold."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app import handover
from app.guardian.keys import new_guardian
from app.guardian.signing import fill_count_key, signed_document
from surveys.documents import canonical
from surveys.encoding import encode
from surveys.errors import (
    BadDocument,
    CountKeyNeeded,
    DifferentDocument,
    GuardianNeeded,
)
from surveys.lifecycle import State
from surveys.manifests import read_manifest
from tests.app.pulse import (
    ADDRESS,
    INSTALLATION,
    NOW,
    Flaky,
    answer_all_but_one,
    client_of,
    make_collector,
    make_draft,
    make_organisation,
    prepare_wave,
)

SIZES = {"North": 12, "South": 9, "East": 3, "West": 5}

pytestmark = pytest.mark.database


@pytest.fixture
def collector(tmp_path):
    return make_collector(tmp_path / "collector")


@pytest.fixture
def client(collector):
    return client_of(collector)


@pytest.fixture
def wave(session):
    """A wave in which everybody has an account and answers by ballot."""
    make_organisation(session, SIZES)
    return make_draft(session, rights="ballots")


@pytest.fixture(params=[False, True], ids=["collector holds", "guardian holds"])
def guardian(request):
    """A works council that signs manifests; in one case it holds the count key too."""
    return new_guardian("Works council", holds_count_key=request.param)


def guarded(guardian):
    """The installation once it has named that guardian."""
    public = {k: v for k, v in guardian.public().items() if k != "schema"}
    return replace(INSTALLATION, guardian=public)


def signed_by(guardian, wave) -> bytes:
    return signed_document(fill_count_key(wave.manifest, guardian), guardian)


def open_guarded(session, wave, client, guardian, *, keys):
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))
    handover.sign_wave(session, wave.id, signed_by(guardian, wave))
    handover.open_wave(session, wave.id, collector=client, installation=guarded(guardian), now=NOW)


def test_a_wave_opens_only_when_its_guardian_has_signed(session, wave, client, keys, guardian):
    """Without the signature it is refused and says whose is missing; with it, it opens."""
    installation = guarded(guardian)
    prepare_wave(session, wave, client, keys=keys, installation=installation)
    given = {"collector": client, "installation": installation, "now": NOW}
    with pytest.raises(GuardianNeeded, match="Works council has still to sign"):
        handover.open_wave(session, wave.id, **given)
    session.rollback()

    handover.sign_wave(session, wave.id, signed_by(guardian, wave))
    handover.open_wave(session, wave.id, **given)

    manifest = read_manifest(wave.manifest)
    holder = "guardian" if guardian.holds_count_key else "collector"
    assert (wave.state, manifest["count_key_holder"]) == (State.OPEN, holder)
    assert manifest["count_key"] is not None


def test_only_the_guardian_of_the_manifest_signs_it(session, wave, client, keys, guardian):
    """Somebody else's signature under the right manifest is none."""
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))
    somebody = new_guardian("Works council", holds_count_key=guardian.holds_count_key)
    own = json.loads(signed_by(guardian, wave))
    foreign = canonical({**own, "signature": somebody.sign(own["manifest"])})

    with pytest.raises(GuardianNeeded, match="not the one of Works council"):
        handover.sign_wave(session, wave.id, foreign)


@pytest.mark.parametrize("name", ["closes_on", "pad", "receipt_key", "title", "groups"])
def test_nothing_but_the_count_key_may_differ_from_what_was_drawn_up(
    session, wave, client, keys, guardian, name
):
    """A guardian, or somebody on the way, cannot change what was agreed with the collector."""
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))
    own = json.loads(fill_count_key(wave.manifest, guardian))
    changed = {
        "closes_on": "2026-03-30",
        "pad": own["pad"] + 1,
        "receipt_key": guardian.public()["key"],
        "title": "Another pulse",
        "groups": [{**own["groups"][0], "label": "Elsewhere"}, *own["groups"][1:]],
    }[name]
    text = canonical({**own, name: changed}).decode()

    with pytest.raises(DifferentDocument, match="another manifest than this wave's"):
        handover.sign_wave(session, wave.id, signed_document(text, guardian))


def test_a_count_key_is_not_accepted_from_a_guardian_who_holds_none(session, wave, client, keys):
    """Where the collector holds the count key, the manifest is final before it is signed."""
    guardian = new_guardian("Works council", holds_count_key=False)
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))
    own = json.loads(wave.manifest)
    text = canonical({**own, "count_key": guardian.public()["key"]}).decode()

    with pytest.raises(DifferentDocument):
        handover.sign_wave(session, wave.id, signed_document(text, guardian))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"manifest": 1, "signature": "x"}',
        b'{"manifest": "{}", "signature": "x"}',
    ],
)
def test_a_file_that_is_no_signed_manifest_is_refused(session, wave, client, keys, content):
    """One sentence, and the wave waits on."""
    guardian = new_guardian("Works council", holds_count_key=False)
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))

    with pytest.raises(BadDocument):
        handover.sign_wave(session, wave.id, content)

    assert wave.manifest_signature is None


def test_a_signed_opening_that_breaks_off_is_sent_again(session, wave, client, keys, guardian):
    """Without letters the second opening is the first one, and nobody need sign again."""
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))
    handover.sign_wave(session, wave.id, signed_by(guardian, wave))
    flaky = Flaky(client, "open", after=True)
    given = {"collector": flaky, "installation": guarded(guardian), "now": NOW}
    with pytest.raises(OSError, match="cut off"):
        handover.open_wave(session, wave.id, **given)
    session.rollback()
    assert wave.state is State.PREPARED

    handover.open_wave(session, wave.id, **given)

    assert wave.state is State.OPEN


def test_a_closing_waits_for_the_guardians_count_key(session, wave, client, collector, keys):
    """The tick says for whom; once the key is handed over, the same wave is released."""
    guardian = new_guardian("Works council", holds_count_key=True)
    open_guarded(session, wave, client, guardian, keys=keys)
    n = answer_all_but_one(session, collector, wave, keys=keys)
    with pytest.raises(CountKeyNeeded, match="waits for the count key of Works council"):
        handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)
    session.rollback()
    due = {"collector": client, "keys": keys, "now": NOW, "today": NOW.date()}
    assert handover.close_due(session, **due).waiting == (
        "“March pulse” waits for the count key of Works council.",
    )

    key = encode(guardian.count_key(wave.key))
    collector.test_client().post(
        f"/anon/open/{wave.key}", json={"count_key": key}, base_url=ADDRESS
    )

    assert handover.close_due(session, **due).closed == (wave.id,)
    assert json.loads(wave.release.document)["n_responses"] == n


def test_a_wave_whose_count_key_is_lost_can_be_cancelled(session, wave, client, collector, keys):
    """It would wait for ever; its answers are destroyed unread instead."""
    guardian = new_guardian("Works council", holds_count_key=True)
    open_guarded(session, wave, client, guardian, keys=keys)
    answer_all_but_one(session, collector, wave, keys=keys)
    with pytest.raises(CountKeyNeeded):
        handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)

    handover.cancel_wave(session, wave.id, collector=client, keys=keys, now=NOW)

    assert wave.state is State.CANCELLED
