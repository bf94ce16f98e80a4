"""app.handover: openings and closings that break off half-way, and the tick."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app import exchange, handover, overwriting, tick
from app.models import OutboxMail, Release
from app.services import outbox, waves
from app.services.errors import Conflict
from surveys.errors import WrongState
from surveys.lifecycle import State
from tests.app.pulse import (
    CLOSES_ON,
    NOW,
    TODAY,
    Flaky,
    answer,
    client_of,
    close_at_collector,
    make_collector,
    make_draft,
    make_organisation,
    open_wave,
)

SIZES = {"North": 12, "South": 9, "East": 3, "West": 5}

pytestmark = pytest.mark.database


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where the collector keeps its waves."""
    return tmp_path / "collector"


@pytest.fixture
def collector(folder):
    return make_collector(folder)


@pytest.fixture
def client(collector):
    return client_of(collector)


@pytest.fixture
def wave(session):
    make_organisation(session, SIZES)
    return make_draft(session)


@pytest.fixture
def opened(session, wave, client, keys):
    """An open wave and its letters."""
    return wave, open_wave(session, wave, client, keys=keys)


def counts(session, wave) -> dict:
    """The figures of a release, without the random order of its comments."""
    document = json.loads(session.get(Release, wave.id).document)
    return {name: document[name] for name in ("n_responses", "cells", "pooled")}


def answer_all(collector, wave, letters, *, rating: str = "4") -> int:
    """Use every code but one of each group."""
    used = [code for group in letters.groups for code in group.codes[:-1]]
    for code in used:
        assert answer(collector, wave, code, discretion=rating) == 200
    return len(used)


@pytest.mark.parametrize("end", ["close", "cancel"])
def test_overwriting_that_breaks_off_is_made_good_by_the_tick(
    session, settings, client, opened, monkeypatch, keys, end
):
    """The end of a wave is committed; what it forgot is overwritten by whoever comes next."""
    wave, _ = opened
    deeds = {"close": handover.close_wave, "cancel": handover.cancel_wave}
    overwritten = []

    def fail(session, *tables):
        raise OSError("the power is gone")

    monkeypatch.setattr(overwriting, "overwrite_deleted", fail)
    with pytest.raises(OSError, match="power"):
        deeds[end](session, wave.id, collector=client, keys=keys, now=NOW)
    session.rollback()
    assert wave.state in {State.RELEASED, State.CANCELLED}

    monkeypatch.setattr(
        overwriting, "overwrite_deleted", lambda session, *tables: overwritten.extend(tables)
    )
    tick.tidy(session, settings, NOW)
    assert {"issuances", "counting_groups", "outbox_mails"} <= set(overwritten)
    overwritten.clear()
    tick.tidy(session, settings, NOW)
    assert overwritten == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["close", "acknowledge"])
def test_a_closing_that_breaks_off_goes_on_with_the_same_counts(
    session, collector, client, opened, call, after, keys
):
    """Cut off before or after the collector's answer, closing again ends where it should."""
    wave, letters = opened
    answer_all(collector, wave, letters)
    first = close_at_collector(session, wave, client, keys=keys)
    flaky = Flaky(client, call, after=after)
    with pytest.raises(OSError, match="cut off"):
        handover.close_wave(session, wave.id, collector=flaky, keys=keys, now=NOW)
    session.rollback()

    handover.close_wave(session, wave.id, collector=flaky, keys=keys, now=NOW)

    assert wave.state is State.RELEASED
    assert wave.release.document.encode() == first


def test_a_database_restored_from_before_the_release_needs_its_file(
    session, collector, client, opened, keys
):
    """The collector has nothing left to give; whoever kept the file gives it back, as told."""
    wave, letters = opened
    answer_all(collector, wave, letters)
    handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)
    content = wave.release.document.encode()
    session.delete(wave.release)
    wave.issuing_ended_at = wave.closed_at = wave.released_at = None
    session.commit()

    given = {"collector": client, "keys": keys, "now": NOW}
    closings = handover.close_due(session, today=CLOSES_ON + timedelta(days=1), **given)
    assert "counted and deleted" in closings.waiting[0]
    with pytest.raises(exchange.CollectorRefused):
        handover.cancel_wave(session, wave.id, **given)
    session.rollback()
    handover.end_issuing(session, wave.id, keys=keys, now=NOW)

    handover.take_release(session, wave.id, content, keys=keys, now=NOW)

    assert wave.state is State.RELEASED
    assert wave.release.document.encode() == content


def test_a_closing_whose_import_was_lost_goes_on(
    session, collector, client, opened, monkeypatch, keys
):
    """If the application dies before it commits the release, nothing of it is kept."""
    wave, letters = opened
    answer_all(collector, wave, letters)
    with monkeypatch.context() as patch:
        patch.setattr(session, "commit", _die)
        with pytest.raises(OSError, match="power cut"):
            handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)
    session.rollback()
    assert (wave.state, wave.release) == (State.OPEN, None)

    handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)

    assert (wave.state, counts(session, wave)["n_responses"]) == (State.RELEASED, 26)


def _die() -> None:
    raise OSError("power cut")


def test_closing_twice_is_closing_once(session, client, opened, keys):
    """A second press of the button changes nothing."""
    wave, _ = opened
    handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)
    document = wave.release.document

    handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW + timedelta(days=1))

    assert wave.release.document == document
    assert wave.closed_at == NOW


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["prepare", "open"])
def test_an_opening_that_breaks_off_is_voided_by_the_next(
    session, client, wave, collector, keys, call, after
):
    """Cut off while the collector is told, nobody was told, and it opens under another key."""
    with pytest.raises(OSError, match="cut off"):
        open_wave(session, wave, Flaky(client, call, after=after), keys=keys)
    session.rollback()
    lost = wave.key
    assert wave.state is {"prepare": State.DRAFT, "open": State.PREPARED}[call]
    assert (wave.groups == []) == (call == "prepare")
    assert session.scalars(select(OutboxMail)).all() == []

    letters = open_wave(session, wave, client, keys=keys)

    assert wave.state is State.OPEN
    assert wave.key != lost
    assert answer(collector, wave, letters.groups[0].codes[0]) == 200
    assert collector.test_client().get(f"/w/{lost}").status_code in {404, 410}


def test_a_wave_is_opened_once(session, client, opened, keys):
    """A second press of the button is refused and voids nothing."""
    wave, letters = opened

    with pytest.raises(WrongState, match="open already"):
        open_wave(session, wave, client, keys=keys)

    assert (wave.state, wave.key) == (State.OPEN, letters.wave)


def test_a_wave_read_before_somebody_moved_it_is_not_moved_again(
    session, app, client, opened, keys
):
    """Of two who cancel and extend at once the slower one is told; nothing is overwritten."""
    wave, _ = opened
    with app.extensions["sessions"](expire_on_commit=False) as other:
        stale = waves.find(other, wave.id)
        other.commit()
        handover.cancel_wave(session, wave.id, collector=client, keys=keys, now=NOW)

        with pytest.raises(Conflict, match="Somebody else"):
            waves.extend(other, stale, closes_on=date(2026, 3, 20), collector=client, today=TODAY)


def test_the_tick_closes_what_has_run_out_and_nothing_else(session, client, opened, keys):
    """On the closing day a wave is still open; the day after it is closed, once."""
    wave, _ = opened

    def tick(today: date) -> handover.Closings:
        return handover.close_due(session, collector=client, keys=keys, now=NOW, today=today)

    assert tick(CLOSES_ON).closed == ()
    assert tick(CLOSES_ON + timedelta(days=1)).closed == (wave.id,)
    assert tick(CLOSES_ON + timedelta(days=1)).closed == ()


def test_the_tick_goes_on_with_a_closing_that_broke_off(session, client, opened, keys):
    """A release that was kept but not acknowledged is acknowledged by the next tick."""
    wave, _ = opened
    with pytest.raises(OSError, match="cut off"):
        handover.close_wave(
            session,
            wave.id,
            collector=Flaky(client, "acknowledge", after=False),
            keys=keys,
            now=NOW,
        )
    session.rollback()
    assert wave.state is State.CLOSED

    handover.close_due(session, collector=client, keys=keys, now=NOW, today=TODAY)

    assert wave.state is State.RELEASED


@pytest.mark.parametrize("end", ["cancel", "close", "take_release"])
def test_invitations_to_a_wave_that_is_over_are_withdrawn(session, client, opened, end, keys):
    """Whichever way a wave ends, what has not been sent never is; other mail stays."""
    wave, _ = opened
    sent = session.scalars(select(OutboxMail)).first()
    outbox.mark_sent(session, sent, now=NOW)
    outbox.enqueue(
        session, dedup_key="k", recipient="eve@example.org", subject="Hi", body="!", now=NOW
    )
    session.commit()

    if end == "cancel":
        handover.cancel_wave(session, wave.id, collector=client, keys=keys, now=NOW)
    elif end == "close":
        handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)
    else:
        handover.take_release(
            session,
            wave.id,
            close_at_collector(session, wave, client, keys=keys),
            keys=keys,
            now=NOW,
        )

    assert set(session.scalars(select(OutboxMail.dedup_key))) == {sent.dedup_key, "k"}


def test_a_cancellation_that_breaks_off_withdraws_nothing(session, client, opened, keys):
    """The mails go in the transaction that cancels, and stay if it is not committed."""
    wave, _ = opened

    with pytest.raises(OSError, match="cut off"):
        handover.cancel_wave(
            session, wave.id, collector=Flaky(client, "cancel", after=False), keys=keys, now=NOW
        )
    session.rollback()

    assert len(session.scalars(select(OutboxMail)).all()) == 29


def test_nobody_is_invited_after_the_last_day(session, opened, keys):
    """The tick withdraws invitations also where the wave must wait for its closing by file."""
    closings = handover.close_due(
        session,
        collector=exchange.NoCollector(),
        keys=keys,
        now=NOW,
        today=CLOSES_ON + timedelta(days=1),
    )

    assert len(closings.waiting) == 1
    assert session.scalars(select(OutboxMail)).all() == []
