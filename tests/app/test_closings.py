"""Closing a wave with ballots: issuing ends first, and nothing is left of who took one."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from app import handover
from app.models import Issuance, Wave
from surveys.errors import (
    WaveClosed,
    WrongState,
)
from surveys.lifecycle import State
from tests.app.pulse import (
    ADDRESS,
    NOW,
    Flaky,
    answer_all_but_one,
    client_of,
    close_at_collector,
    make_collector,
    make_draft,
    make_organisation,
    open_wave,
    people_on,
    take_ballot,
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


@pytest.fixture
def opened(session, wave, client, keys) -> Wave:
    open_wave(session, wave, client, keys=keys)
    return wave


def test_ballots_lead_from_the_opening_to_the_release(session, opened, collector, client, keys):
    """People take ballots, answer at the collector, and come back as counts of their groups."""
    n = answer_all_but_one(session, collector, opened, keys=keys)

    handover.close_wave(session, opened.id, collector=client, keys=keys, now=NOW)

    document = json.loads(opened.release.document)
    assert opened.state is State.RELEASED
    assert document["n_responses"] == n == 26
    closed = collector.test_client().get(f"/anon/closed/{opened.key}", base_url=ADDRESS).json
    # Within one of everybody the closed list gives a bound.
    assert {cell["label"]: cell["issued"] for cell in closed["cells"]} == {
        "North": {"at_least": 11},
        "South": {"at_least": 8},
        "East + West": {"at_least": 7},
    }


def test_after_the_release_nothing_tells_who_took_a_ballot(
    session, opened, collector, client, keys
):
    """Rows, journals and counts per group are gone, and so are the keys."""
    answer_all_but_one(session, collector, opened, keys=keys)
    assert len(session.scalars(select(Issuance)).all()) == 29

    handover.close_wave(session, opened.id, collector=client, keys=keys, now=NOW)

    assert session.scalars(select(Issuance)).all() == []
    assert {group.n_issued for group in opened.groups} == {None}
    assert not keys.holds(opened.key)
    assert [keys.journal(opened.key, g.key).read() for g in opened.groups] == [{}, {}, {}]


def test_issuing_ends_before_the_collector_is_told(session, opened, collector, client, keys):
    """Cut off right after, no ballot is signed any more, and the same counts are told again."""
    answer_all_but_one(session, collector, opened, keys=keys)
    flaky = Flaky(client, "close", after=False)
    with pytest.raises(OSError, match="cut off"):
        handover.close_wave(session, opened.id, collector=flaky, keys=keys, now=NOW)
    session.rollback()

    assert opened.state is State.CLOSING
    assert {group.label: group.n_issued for group in opened.groups} == {
        "North": 12,
        "South": 9,
        "East + West": 8,
    }
    assert not keys.holds(opened.key)
    with pytest.raises(WaveClosed):
        take_ballot(session, opened, people_on(session, opened)[0], keys=keys)
    session.rollback()

    handover.close_wave(session, opened.id, collector=flaky, keys=keys, now=NOW)
    assert opened.state is State.RELEASED


def test_keys_that_outlived_a_crash_go_with_the_next_attempt(
    session, opened, client, keys, monkeypatch
):
    """Issuing has ended in the database before a key is destroyed, and the keys follow."""
    with monkeypatch.context() as patch:
        patch.setattr(type(keys), "destroy", _die)
        with pytest.raises(OSError, match="power cut"):
            handover.end_issuing(session, opened.id, keys=keys, now=NOW)
    assert opened.state is State.CLOSING
    assert keys.holds(opened.key)

    handover.end_issuing(session, opened.id, keys=keys, now=NOW)

    assert not keys.holds(opened.key)


def _die(*arguments) -> None:
    raise OSError("power cut")


def test_cancelling_destroys_keys_and_forgets_who_took_a_ballot(session, opened, client, keys):
    """A cancelled wave signs nothing and tells nothing."""
    take_ballot(session, opened, people_on(session, opened)[0], keys=keys)

    handover.cancel_wave(session, opened.id, collector=client, keys=keys, now=NOW)

    assert not keys.holds(opened.key)
    assert session.scalars(select(Issuance)).all() == []


def test_a_release_is_not_taken_before_issuing_has_ended(session, opened, client, keys):
    """A release that came while ballots could still be taken would leave them out."""
    content = close_at_collector(session, opened, client, keys=keys)
    opened.issuing_ended_at = None
    session.commit()

    with pytest.raises(WrongState, match="close it first"):
        handover.take_release(session, opened.id, content, keys=keys, now=NOW)
