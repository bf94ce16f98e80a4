"""R9: who joined or left each counting group since the wave before, and what it needs then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import CountingGroup, RosterEntry, Wave
from app.services.rosters import Roster

Sizes = Mapping[str, int]
Places = Mapping[int, str]


def rosters_still_needed(session: Session) -> frozenset[int]:
    """
    Name the waves with whose rosters the next wave is going to be compared.

    They are the waves that run, because one of them may yet be cancelled, and the newest
    released one.  Without these rosters every group of the next wave needs more answers.
    """
    running = session.scalars(
        select(Wave.id).where(
            Wave.opened_at.is_not(None),
            Wave.cancelled_at.is_(None),
            Wave.released_at.is_(None),
        )
    )
    newest = session.scalars(
        select(Wave.id)
        .where(Wave.released_at.is_not(None))
        .order_by(Wave.opened_at.desc(), Wave.id.desc())
        .limit(1)
    )
    return frozenset(running) | frozenset(newest)


def changes(session: Session, roster: Roster, *, besides: Wave) -> dict[str, int]:
    """
    Count, for each group of a new roster, how many joined or left since the waves before.

    Compared are whole groups of each earlier wave put together: those that come nearest to
    the people of the new group, whatever their teams are called by now.  Of several earlier
    waves the one counts that tells most: the smallest difference that is not nil.
    A wave whose roster is lost counts as if one person had joined everywhere.
    """
    members: dict[str, list[int]] = {group.group: [] for group in roster.groups}
    for person in roster.people:
        members[roster.group_of[person.person_id].group].append(person.person_id)
    earlier = [_earlier(session, wave) for wave in rosters_still_needed(session) - {besides.id}]
    return {
        group: min(
            filter(None, (difference(people, *wave) if wave[0] else 1 for wave in earlier)),
            default=0,
        )
        for group, people in members.items()
    }


def difference(people: Iterable[int], places: Places, sizes: Sizes) -> int:
    """
    Count who differs between some people and the earlier groups that come nearest to them.

    `places` leads from a person to the earlier group, `sizes` gives how many were in each.
    An earlier group belongs to the nearest ones if at least half of it is among the people:
    then those missing have left, otherwise those present have joined.
    """
    came_from = Counter(places.get(person, "") for person in people)
    joined = came_from.pop("", 0)
    return joined + sum(min(n, sizes[group] - n) for group, n in came_from.items())


def _earlier(session: Session, wave_id: int) -> tuple[Places, Sizes]:
    """Read where everybody was counted; sizes as they were, also if accounts were deleted."""
    rows = session.execute(
        select(RosterEntry.person_id, RosterEntry.group_key).where(RosterEntry.wave_id == wave_id)
    )
    sizes = session.execute(
        select(CountingGroup.key, CountingGroup.n_eligible).where(CountingGroup.wave_id == wave_id)
    )
    return {person: group for person, group in rows}, {group: n for group, n in sizes}
