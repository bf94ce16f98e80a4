"""
Reminders of open waves: two occasions, and nobody learns who was written to.

half-way   to people in ballot groups who have not taken a ballot, in unlisted mails.  In
           the middle of the days for answers, in waves of four days or more.
last day   to everybody with an address, whatever they have done; again on the new last
           day of a wave that was put off.

To whom a half-way reminder goes tells who has no ballot yet.  So it is written only where
a mail server takes it away: in an outbox without one it would lie until the wave closes.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.installation import Installation
from app.key_folder import KeyFolder
from app.models import Wave
from app.services import issuances, wave_mails, waves
from surveys.lifecycle import State

SHORTEST = timedelta(days=3)  # between first and last day; below that one reminder is enough


def half_way(*, opens_on: date, closes_on: date) -> date | None:
    """Give the first day on which a half-way reminder is due; None for a short wave."""
    length = closes_on - opens_on
    return None if length < SHORTEST else opens_on + length / 2


def remind(
    session: Session,
    *,
    installation: Installation,
    keys: KeyFolder,
    has_mail_server: bool,
    now: datetime,
) -> int:
    """Write the reminders that are due; return for how many waves there were any."""
    today, n_waves = now.date(), 0
    for wave in _running(session, today=today):
        reminded = False
        if has_mail_server and _is_half_way_due(wave, today=today):
            waves.claim(session, wave, reminded_on=today)
            without = issuances.people_without_ballot(session, wave, keys=keys)
            wave_mails.remind(session, wave, without, installation=installation, now=now)
            reminded = True
        if today == wave.closes_on != wave.last_day_told_on:
            waves.claim(session, wave, last_day_told_on=today)
            wave_mails.remind_of_last_day(session, wave, installation=installation, now=now)
            reminded = True
        session.flush()
        n_waves += reminded
    return n_waves


def _running(session: Session, *, today: date) -> list[Wave]:
    """List the waves that take answers today and that people have been told of."""
    found = session.scalars(
        select(Wave)
        .where(Wave.invited_at.is_not(None), Wave.opens_on <= today, Wave.closes_on >= today)
        .order_by(Wave.id)
    )
    return [wave for wave in found if wave.state is State.OPEN]


def _is_half_way_due(wave: Wave, *, today: date) -> bool:
    due_on = half_way(opens_on=wave.opens_on, closes_on=wave.closes_on)
    if due_on is None or wave.reminded_on is not None:
        return False
    return due_on <= today < wave.closes_on and any(g.right == "ballot" for g in wave.groups)
