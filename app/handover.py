"""
Opening and closing a wave across two programs: which step is committed when.

The application and the collector cannot commit together, so each deed is cut into
steps that may be run again, and the order makes every interruption harmless:

preparing 1 draw a new key; void an earlier attempt at the collector, with its
            keys that sign ballots                                     commit
          2 draw up roster and groups, make a key for each group that
            answers by ballot, send the plan, take the collector's
            preparation, write the manifest                            commit
          Broken off anywhere, the wave is a draft that nobody was told of, and
          preparing again begins with step 1.  Whoever finds in step 2 that somebody
          else has begun anew voids what they made themselves.  By file, step 2 ends with the plan,
          and `keep_preparation` writes the manifest once the collector's keys are here.
opening   3 where there is a guardian: take their signature            commit
          4 draw the letters, send the opening, lay out the letters,
            write the invitations, mark as open                        commit
            By file, the invitations are written once somebody says that the
            collector has the opening (`tell_of_wave`).
          Broken off between sending and commit, the wave is still prepared.  Without
          letters the same opening is sent again, and the collector takes it as done.
          With letters, nobody saw their codes and others are drawn, which the
          collector refuses; then the wave is prepared again.
closing   5 end issuing, freeze how many ballots each group got; take
            back mails that have not left                              commit
            then destroy the keys that sign ballots
          6 have the collector count; it gives the same bytes each time, or
            waits for a count key that the guardian holds
          7 keep the release; the wave is closed                       commit
          8 acknowledge; the collector deletes the answers
          9 forget who took a ballot; the wave is released             commit
         10 overwrite in the files of the database what was forgotten
          Broken off anywhere, closing again goes on from what is kept.

HR's buttons, ``headwater wave`` and the tick all come through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.exchange import CollectorClient
from app.installation import Installation
from app.key_folder import KeyFolder
from app.models import Wave
from app.overwriting import overwrite_noted
from app.services import openings, team_changes, waves
from app.services.errors import Conflict, Refusal
from app.services.letters import Letters
from surveys.errors import CountKeyNeeded, SurveyError
from surveys.lifecycle import State


def prepare_wave(
    session: Session,
    wave_id: int,
    *,
    collector: CollectorClient,
    installation: Installation,
    keys: KeyFolder,
    now: datetime,
) -> Wave:
    """
    Prepare a draft, or prepare anew, so that its manifest can be signed.

    Where the collector is reached by file, the plan is written and the manifest follows
    with `keep_preparation`.  Changes of the tree whose day has come are carried out first.
    """
    wave = waves.find(session, wave_id)
    team_changes.carry_out_due(session, today=now.date())
    attempt = openings.begin_preparing(session, wave, collector=collector, keys=keys)
    session.commit()
    with _forgotten_if_lost(session, wave, attempt, collector=collector, keys=keys):
        # Nothing is written here until the collector has replied, so nobody waits meanwhile.
        plan, roster = openings.draw_up_plan(
            session, wave, installation=installation, keys=keys, today=now.date()
        )
        reply = collector.prepare(plan)
        openings.keep_plan(session, wave, plan, roster=roster, now=now)
        if reply:
            openings.keep_manifest(wave, reply, installation=installation)
        session.commit()
    return wave


def keep_preparation(
    session: Session, wave_id: int, content: bytes, *, installation: Installation
) -> Wave:
    """Take the collector's reply to a plan that went by file, and write the manifest."""
    wave = waves.find(session, wave_id)
    openings.keep_manifest(wave, content, installation=installation)
    session.commit()
    return wave


def replan_wave(
    session: Session, wave_id: int, *, collector: CollectorClient, keys: KeyFolder
) -> Wave:
    """Take a prepared wave back to its plan."""
    wave = waves.find(session, wave_id)
    openings.replan(session, wave, collector=collector, keys=keys)
    session.commit()
    return wave


def sign_wave(session: Session, wave_id: int, content: bytes) -> Wave:
    """Keep the guardian's signature of a prepared wave's manifest."""
    wave = waves.find(session, wave_id)
    openings.accept_signature(wave, content)
    session.commit()
    return wave


def open_wave(
    session: Session,
    wave_id: int,
    *,
    collector: CollectorClient,
    installation: Installation,
    now: datetime,
    lay_out: Callable[[Letters], object] = lambda letters: None,
) -> Letters:
    """
    Open a prepared wave and return its letters, which are nowhere else.

    `lay_out` makes them ready for people before anything is final: if it fails, the
    wave is still prepared and nobody waits for letters that cannot be printed.
    """
    wave = waves.find(session, wave_id)
    letters = openings.open_wave(
        session, wave, collector=collector, installation=installation, now=now
    )
    lay_out(letters)
    session.commit()
    return letters


def tell_of_wave(
    session: Session, wave_id: int, *, installation: Installation, now: datetime
) -> int:
    """Write to everybody, once a collector that is reached by file has the opening."""
    wave = waves.find(session, wave_id)
    n = openings.tell_everybody(session, wave, installation=installation, now=now)
    session.commit()
    return n


def extend_wave(
    session: Session, wave_id: int, *, closes_on: date, collector: CollectorClient, today: date
) -> Wave:
    """Put off the closing day, at the collector too."""
    wave = waves.find(session, wave_id)
    waves.extend(session, wave, closes_on=closes_on, collector=collector, today=today)
    session.commit()
    return wave


def cancel_wave(
    session: Session, wave_id: int, *, collector: CollectorClient, keys: KeyFolder, now: datetime
) -> Wave:
    """Cancel a wave that is not counted yet; answers are destroyed unread."""
    wave = waves.find(session, wave_id)
    waves.cancel(session, wave, collector=collector, keys=keys, now=now)
    session.commit()
    overwrite_noted(session)
    return wave


def end_issuing(session: Session, wave_id: int, *, keys: KeyFolder, now: datetime) -> Wave:
    """Sign no ballot any more, and destroy the keys with which that was done."""
    wave = waves.find(session, wave_id)
    if wave.state not in {State.CLOSING, State.CLOSED, State.RELEASED}:
        waves.end_issuing(session, wave, keys=keys, now=now)
        session.commit()
    keys.destroy(wave.key)
    return wave


def close_wave(
    session: Session, wave_id: int, *, collector: CollectorClient, keys: KeyFolder, now: datetime
) -> Wave:
    """
    Close an open wave, or go on where an earlier closing broke off.

    Raises `CountKeyNeeded` where the guardian has still to hand over the count key.
    """
    wave = end_issuing(session, wave_id, keys=keys, now=now)
    if wave.state is State.CLOSING:
        key, issued, waiting = wave.key, waves.issued_of(wave), _waits_for(wave)
        session.rollback()  # counting can take a while, and nobody need wait for us meanwhile
        try:
            content = collector.close(key, issued)
        except CountKeyNeeded as needed:
            raise CountKeyNeeded(waiting) from needed
        waves.import_release(session, wave, content, now=now)
        session.commit()
    if wave.state is State.CLOSED and wave.release is not None:
        collector.acknowledge(wave.key, wave.release.sha256)
        waves.confirm_release(session, wave, keys=keys, now=now)
        session.commit()
        overwrite_noted(session)
    return wave


def take_release(
    session: Session, wave_id: int, content: bytes, *, keys: KeyFolder, now: datetime
) -> str:
    """Keep a release that came as a file; return the digest that the collector must be told."""
    wave = waves.find(session, wave_id)
    waves.import_release(session, wave, content, now=now)
    waves.confirm_release(session, wave, keys=keys, now=now)
    session.commit()
    overwrite_noted(session)
    if wave.release is None:
        raise AssertionError("an imported release is kept")
    return wave.release.sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Closings:
    """What became of the waves that were due to close: their ids, and why others wait."""

    closed: tuple[int, ...]
    waiting: tuple[str, ...]


def close_due(
    session: Session, *, collector: CollectorClient, keys: KeyFolder, now: datetime, today: date
) -> Closings:
    """Close every wave whose last day has passed; one that cannot be closed waits its turn."""
    closed, waiting = [], []
    for wave_id in waves.due_to_close(session, today=today):
        try:
            close_wave(session, wave_id, collector=collector, keys=keys, now=now)
        except (Refusal, SurveyError) as refusal:
            session.rollback()
            waiting.append(str(refusal))
        else:
            closed.append(wave_id)
    return Closings(closed=tuple(closed), waiting=tuple(waiting))


@contextmanager
def _forgotten_if_lost(
    session: Session, wave: Wave, attempt: str, *, collector: CollectorClient, keys: KeyFolder
) -> Iterator[None]:
    """Leave no keys of an attempt to prepare a wave that somebody else began anew meanwhile."""
    try:
        if wave.key != attempt:
            raise Conflict(waves.MOVED)
        yield
    except Exception:
        session.rollback()
        if wave.key != attempt:
            keys.forget(attempt)
            with suppress(Refusal):
                collector.cancel(attempt)
        raise


def _waits_for(wave: Wave) -> str:
    guardian = (wave.opening or {}).get("guardian")
    name = guardian["name"] if guardian else "the guardian"
    return f"“{wave.title}” waits for the count key of {name}."
