"""
Opening and closing a wave across two programs: which step is committed when.

The application and the collector cannot commit together, so each deed is cut into
steps that may be run again, and the order makes every interruption harmless:

opening   1 draw a new key, void an earlier attempt at the collector   commit
          2 freeze roster and groups, send the opening, lay out the
            letters, mark as open                                      commit
          Broken off between sending and commit, the wave is still a draft and the
          collector holds an opening whose letters nobody saw.  Opening again
          begins with step 1, which destroys that one.
closing   1 fetch the release; the collector gives the same bytes each time
          2 keep it; the wave is closed                                commit
          3 acknowledge; the collector deletes the answers
          4 mark as released                                           commit
          Broken off anywhere, closing again goes on from what is kept.

HR's button, ``headwater wave`` and the tick all come through here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.exchange import CollectorClient
from app.models import Wave
from app.services import wave_mails, waves
from app.services.errors import Refusal
from app.services.letters import Letters
from surveys.errors import SurveyError
from surveys.lifecycle import Move, State, moved


def open_wave(
    session: Session,
    wave_id: int,
    *,
    collector: CollectorClient,
    organisation: str,
    collector_url: str,
    now: datetime,
    lay_out: Callable[[Letters], object] = lambda letters: None,
) -> Letters:
    """
    Open a draft and return its letters, which are nowhere else.

    `lay_out` makes them ready for people before anything is final: if it fails, the
    wave is still a draft and nobody waits for letters that cannot be printed.
    """
    wave = waves.find(session, wave_id)
    waves.begin_opening(session, wave, collector=collector)
    session.commit()
    letters = waves.open_wave(
        session,
        wave,
        collector=collector,
        organisation=organisation,
        collector_url=collector_url,
        now=now,
    )
    lay_out(letters)
    session.commit()
    return letters


def extend_wave(
    session: Session, wave_id: int, *, closes_on: date, collector: CollectorClient, today: date
) -> Wave:
    """Put off the closing day, at the collector too."""
    wave = waves.find(session, wave_id)
    waves.extend(session, wave, closes_on=closes_on, collector=collector, today=today)
    session.commit()
    return wave


def cancel_wave(
    session: Session, wave_id: int, *, collector: CollectorClient, now: datetime
) -> Wave:
    """Cancel a draft or an open wave; answers are destroyed unread."""
    wave = waves.find(session, wave_id)
    waves.cancel(session, wave, collector=collector, now=now)
    session.commit()
    return wave


def close_wave(
    session: Session, wave_id: int, *, collector: CollectorClient, now: datetime
) -> Wave:
    """Close an open wave, or go on where an earlier closing broke off."""
    wave = waves.find(session, wave_id)
    if wave.state not in {State.CLOSED, State.RELEASED}:
        moved(wave.state, Move.CLOSE)
        key = wave.key
        session.rollback()  # counting can take a while, and nobody need wait for us meanwhile
        content = collector.close(key)
        waves.import_release(session, wave, content, now=now)
        session.commit()
    if wave.state is State.CLOSED and wave.release is not None:
        collector.acknowledge(wave.key, wave.release.sha256)
        waves.confirm_release(session, wave, now=now)
        session.commit()
    return wave


def take_release(session: Session, wave_id: int, content: bytes, *, now: datetime) -> str:
    """Keep a release that came as a file; return the digest that the collector must be told."""
    wave = waves.find(session, wave_id)
    waves.import_release(session, wave, content, now=now)
    waves.confirm_release(session, wave, now=now)
    session.commit()
    if wave.release is None:
        raise AssertionError("an imported release is kept")
    return wave.release.sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Closings:
    """What became of the waves that were due to close: their ids, and why others wait."""

    closed: tuple[int, ...]
    waiting: tuple[str, ...]


def close_due(
    session: Session, *, collector: CollectorClient, now: datetime, today: date
) -> Closings:
    """Close every wave whose last day has passed; one that cannot be closed waits its turn."""
    closed, waiting = [], []
    for wave_id in waves.due_to_close(session, today=today):
        # Also where the collector cannot be reached: the day that the mail names has passed.
        wave_mails.withdraw(session, waves.find(session, wave_id))
        session.commit()
        try:
            close_wave(session, wave_id, collector=collector, now=now)
        except (Refusal, SurveyError) as refusal:
            session.rollback()
            waiting.append(str(refusal))
        else:
            closed.append(wave_id)
    return Closings(closed=tuple(closed), waiting=tuple(waiting))
