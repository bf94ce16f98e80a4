"""What the page shows on which a person takes their ballot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.key_folder import KeyFolder
from app.models import CountingGroup, Issuance, RosterEntry, Wave
from surveys.shapes import WAVE


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnGroup:
    """With whom a person is counted, and by which right they answer: a ballot or a letter."""

    group: str
    label: str
    n_eligible: int
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBallot:
    """
    One person's way into one wave.

    `group` is None for people who are not on the roster.  `is_issued` says that a
    ballot was taken, which is shown to nobody but the person.
    """

    key: str
    title: str
    opens_on: date
    closes_on: date
    client_sha256: str
    group: OwnGroup | None
    is_issued: bool
    is_closed: bool


def ballot_of(
    session: Session, wave_key: str, *, person_id: int, keys: KeyFolder, on: date
) -> OwnBallot | None:
    """Find a person's way into a wave that was opened."""
    wave = None
    if WAVE.fullmatch(wave_key):
        wave = session.scalar(select(Wave).where(Wave.key == wave_key))
    if wave is None or wave.opened_at is None or wave.client_sha256 is None:
        return None
    group = _own_group(session, wave.id, person_id)
    ends = (wave.cancelled_at, wave.issuing_ended_at, wave.closed_at)
    return OwnBallot(
        key=wave.key,
        title=wave.title,
        opens_on=wave.opens_on,
        closes_on=wave.closes_on,
        client_sha256=wave.client_sha256,
        group=group,
        is_issued=group is not None and _is_issued(session, wave, group, person_id, keys=keys),
        is_closed=wave.closes_on < on or any(end is not None for end in ends),
    )


def _own_group(session: Session, wave_id: int, person_id: int) -> OwnGroup | None:
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
        return None
    return OwnGroup(
        group=group.key, label=group.label, n_eligible=group.n_eligible, right=group.right
    )


def _is_issued(
    session: Session, wave: Wave, group: OwnGroup, person_id: int, *, keys: KeyFolder
) -> bool:
    if session.get(Issuance, (wave.id, person_id)) is not None:
        return True
    return person_id in keys.journal(wave.key, group.group).read()
