"""
Issuances: each eligible person's blinded value is signed once, and nobody sees what for.

What was signed is known in two places.  The row in the database stops two tabs that ask
at the same moment; the journal beside the key stops a second ballot after the database
was restored from a backup that does not know of the first.
"""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.key_folder import KeyFolder
from app.models import CountingGroup, Issuance, RosterEntry, Wave
from app.services.errors import AlreadyIssued, NotAllowed, NotFound
from surveys.errors import WaveCancelled, WaveClosed


def issue(
    session: Session,
    *,
    wave_key: str,
    person_id: int,
    blinded: bytes,
    keys: KeyFolder,
    today: date,
) -> bytes:
    """
    Sign a person's blinded value, or refuse; commit before the signature leaves.

    The same value is signed again as often as it is asked for, always alike; another
    one never.  Ballots are issued from the opening, also before the wave's first day,
    until its issuing ends.
    """
    wave = _running_wave(session, wave_key, today=today)
    group = _ballot_group(session, wave.id, person_id)
    digest = sha256(blinded).hexdigest()
    first = _claim(session, wave.id, person_id, digest)
    # PostgreSQL has locked the wave above; SQLite locks with the first write, just now.
    _running_wave(session, wave_key, today=today)
    if first != digest:
        raise AlreadyIssued(TAKEN)
    signature = keys.sign(wave.key, group, blinded)
    if keys.journal(wave.key, group).note(person_id, digest) != digest:
        raise AlreadyIssued(TAKEN)
    return signature


def end(session: Session, wave: Wave, *, keys: KeyFolder, now: datetime) -> None:
    """
    End the issuing of a wave and keep how many rights each group was given.

    Waits for signatures under way.  Commit, then destroy the keys.  Again is fine.
    """
    session.flush()
    session.execute(
        update(Wave)
        .where(Wave.id == wave.id, Wave.issuing_ended_at.is_(None))
        .values(issuing_ended_at=now)
        .execution_options(synchronize_session=False)
    )
    session.refresh(wave)
    for group in wave.groups:
        group.n_issued = _n_issued(session, wave, group, keys=keys)
    session.flush()


def count_issued(session: Session, wave: Wave, *, keys: KeyFolder) -> dict[str, int]:
    """Count the rights given out in each group; every letter counts as given out."""
    return {group.key: _n_issued(session, wave, group, keys=keys) for group in wave.groups}


def people_without_ballot(session: Session, wave: Wave, *, keys: KeyFolder) -> list[int]:
    """List the people who could take a ballot and have not, for reminders."""
    places = session.execute(
        select(RosterEntry.person_id, RosterEntry.group_key)
        .join(RosterEntry.group)
        .where(RosterEntry.wave_id == wave.id, CountingGroup.right == "ballot")
        .order_by(RosterEntry.person_id)
    ).all()
    have = {
        group.key: holders(session, wave, group.key, keys=keys)
        for group in wave.groups
        if group.right == "ballot"
    }
    return [person for person, group in places if person not in have[group]]


def holders(session: Session, wave: Wave, group: str, *, keys: KeyFolder) -> set[int]:
    """Collect who of a group has taken a ballot, by the database or by the journal."""
    rows = session.scalars(
        select(Issuance.person_id)
        .join(
            RosterEntry,
            (RosterEntry.wave_id == Issuance.wave_id)
            & (RosterEntry.person_id == Issuance.person_id),
        )
        .where(Issuance.wave_id == wave.id, RosterEntry.group_key == group)
    )
    return {*rows, *keys.journal(wave.key, group).read()}


def forget(session: Session, wave: Wave, *, keys: KeyFolder) -> None:
    """Forget who took a ballot, once the wave is released or cancelled."""
    session.execute(delete(Issuance).where(Issuance.wave_id == wave.id))
    keys.forget(wave.key)


TAKEN = (
    "Your ballot of this round was taken before, with another browser or device. There is one "
    "per person, and it cannot be replaced, because nobody can tell which one it was."
)


def _running_wave(session: Session, wave_key: str, *, today: date) -> Wave:
    """Find a wave that issues ballots, and hold off whoever wants to end that."""
    wave = session.scalar(
        select(Wave)
        .where(Wave.key == wave_key)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    if wave is None or wave.opened_at is None or wave.manifest is None:
        raise NotFound("There is no round that gives out ballots under this address yet.")
    if wave.cancelled_at is not None:
        raise WaveCancelled("This round was cancelled.")
    is_ended = wave.issuing_ended_at is not None or wave.closed_at is not None
    if is_ended or wave.closes_on < today:
        raise WaveClosed("This round is over; no more ballots are given out.")
    return wave


def _ballot_group(session: Session, wave_id: int, person_id: int) -> str:
    group = session.scalar(
        select(CountingGroup)
        .join(
            RosterEntry,
            (RosterEntry.wave_id == CountingGroup.wave_id)
            & (RosterEntry.group_key == CountingGroup.key),
        )
        .where(RosterEntry.wave_id == wave_id, RosterEntry.person_id == person_id)
    )
    if group is None:
        raise NotAllowed("You are not on the list of this round: it was drawn up without you.")
    if group.right != "ballot":
        raise NotAllowed("Your group answers with letters, so there is no ballot for you here.")
    return group.key


def _claim(session: Session, wave_id: int, person_id: int, digest: str) -> str:
    """Note a person's value unless there is one; return the one that came first."""
    insert = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name].insert
    session.execute(
        insert(Issuance)
        .values(wave_id=wave_id, person_id=person_id, blinded_sha256=digest)
        .on_conflict_do_nothing()
    )
    return session.execute(
        select(Issuance.blinded_sha256).where(
            Issuance.wave_id == wave_id, Issuance.person_id == person_id
        )
    ).scalar_one()


def _n_issued(session: Session, wave: Wave, group: CountingGroup, *, keys: KeyFolder) -> int:
    if group.n_issued is not None:
        return group.n_issued
    if group.right == "letter":
        return group.n_eligible
    return len(holders(session, wave, group.key, keys=keys))
