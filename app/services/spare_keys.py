"""Keys of large waves are made beforehand: a request makes few, the tick makes the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.key_folder import KeyFolder
from app.models import Person, Team, Wave
from app.services import rosters
from app.services.errors import Conflict

# What a request makes itself; one takes about a tenth of a second.
AT_ONCE = 30
# What one tick makes, so that mails and closings never wait long for it.
PORTION = 300
# An attempt to prepare a wave that came to nothing is over by then.
ATTEMPT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """How many keys a wave needs, and how many of them were made beforehand."""

    n_needed: int
    n_made: int

    @property
    def is_enough(self) -> bool:
        """Whether a request can make those that are missing."""
        return self.n_needed - self.n_made <= AT_ONCE

    @property
    def progress(self) -> str:
        """How far it is, as people say it."""
        return f"{self.n_made:,} of {self.n_needed:,}"


def stock(keys: KeyFolder, *, n_needed: int) -> Stock:
    """Look how many of the keys that a wave needs were made beforehand."""
    return Stock(n_needed=n_needed, n_made=min(keys.count_spares(), n_needed))


def stock_of(session: Session, wave: Wave, *, keys: KeyFolder, today: date) -> Stock:
    """Look how many of a wave's keys were made beforehand, if it were prepared today."""
    groups = rosters.preview(session, on=today, k_group=wave.k_group, rights=wave.rights)
    return stock(keys, n_needed=groups.n_groups_by_ballot)


def require(session: Session, wave: Wave, *, keys: KeyFolder, today: date) -> None:
    """Refuse to prepare a wave whose keys would be made for longer than a request may last."""
    found = stock_of(session, wave, keys=keys, today=today)
    if not found.is_enough:
        raise Conflict(
            f"The keys of this wave are still being made: {found.progress}. Nothing was changed; "
            "look at the groups again in a few minutes."
        )


def n_wanted(session: Session, *, on: date) -> int:
    """
    Count the keys that the waves not opened yet can need; 0 where requests make them.

    Each group by ballot has a team of its own and as many people as a group needs, so there
    are no more groups than either allows.
    """
    planned = select(Wave.k_group).where(
        Wave.opened_at.is_(None), Wave.cancelled_at.is_(None), Wave.rights == "ballots"
    )
    floors = session.scalars(planned).all()
    if not floors:
        return 0
    working = or_(Person.ended_on.is_(None), Person.ended_on > on)
    n_people = session.scalar(select(func.count()).select_from(Person).where(working)) or 0
    n_teams = session.scalar(select(func.count()).select_from(Team)) or 0
    needs = [min(n_people // k_group, n_teams) for k_group in floors]
    return sum(n for n in needs if n > AT_ONCE)


def make_portion(keys: KeyFolder, *, n_wanted: int) -> int:
    """Make some of the keys that are wanted; where none are, destroy those that are left."""
    if not n_wanted:
        keys.destroy_spares()
        return 0
    n_missing = max(0, n_wanted - keys.count_spares())
    for _ in range(min(n_missing, PORTION)):
        keys.make_spare()
    return min(n_missing, PORTION)


def forget_lost(session: Session, *, keys: KeyFolder, now: datetime) -> None:
    """
    Destroy the keys of attempts to prepare a wave that no wave knows of.

    Keys under which something was signed stay: this may be the wrong database for them.
    """
    unused = keys.unused(since=now - ATTEMPT)
    known = set(session.scalars(select(Wave.key).where(Wave.key.in_(unused)))) if unused else set()
    for wave_key in unused:
        if wave_key not in known:
            keys.forget(wave_key)
