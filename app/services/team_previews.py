"""What a change of the tree would do to groups and trends, found by trying it out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import CustomerLink, Wave
from app.services import rosters, team_changes
from app.services.errors import Conflict
from app.services.rosters import Roster
from app.services.team_changes import Draft
from surveys.errors import SurveyError
from surveys.hierarchy import K_GROUP
from surveys.lifecycle import State
from surveys.lineage import Descent, as_of

TeamSet = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A group that the next wave would count, by its name and number of people."""

    label: str
    n_eligible: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """
    What the next wave would show differently.

    `begin` and `end` are the lines of groups that begin anew or have no more points;
    `broken` are departments whose line breaks, because other teams are in them than before;
    `n_going_on` counts the groups whose line goes on.  `running` are waves that keep the
    tree they began with, `n_links` addresses for customers that stay with a closed team.
    """

    begin: tuple[Counted, ...] = ()
    end: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    n_going_on: int = 0
    running: tuple[str, ...] = ()
    prepared: tuple[str, ...] = ()
    n_links: int = 0
    refusal: str = ""


def preview(session: Session, draft: Draft, *, today: date) -> Preview:
    """Try a change out as if it were today, with the people of today; raise if it cannot be."""
    team_changes.check_day(draft, today)
    attempt = session.begin_nested()
    try:
        before = _drawn(session, on=today)
        made = team_changes.perform(session, draft, on=today)
        after = _drawn(session, on=today)
        descent = Descent(
            before=frozenset(team.key for team in draft.teams),
            after=frozenset(team.key for team in made),
        )
    finally:
        attempt.rollback()
    if isinstance(before, str) or isinstance(after, str):
        found = Preview(refusal=after if isinstance(after, str) else "")
    else:
        found = _compared(before, after, [descent] if made else [])
    return replace(
        found,
        running=_titles(session, State.OPEN),
        prepared=_titles(session, State.PREPARED),
        n_links=_links(session, draft) if draft.kind in ("split", "close") else 0,
    )


def _compared(before: Roster, after: Roster, descents: list[Descent]) -> Preview:
    listed = before.hierarchy

    def then(teams: TeamSet) -> TeamSet:
        return as_of(teams, descents, listed=listed)

    old = [group.teams for group in before.groups]
    going_on = [group for group in after.groups if _is_covered(then(group.teams), old)]
    new = [then(group.teams) for group in after.groups]
    return Preview(
        begin=tuple(
            Counted(label=group.label, n_eligible=group.n_eligible)
            for group in after.groups
            if group not in going_on
        ),
        end=tuple(group.label for group in before.groups if not _is_covered(group.teams, new)),
        broken=tuple(
            after.hierarchy.name(node)
            for node in after.hierarchy.walk
            if after.hierarchy.children(node)
            and node in before.hierarchy
            and _inside(before, node)
            and _inside(after, node)
            and then(_inside(after, node)) != _inside(before, node)
        ),
        n_going_on=len(going_on),
    )


def _is_covered(teams: TeamSet, groups: Iterable[TeamSet]) -> bool:
    """Tell whether whole groups put together are exactly these teams."""
    return teams == frozenset[str]().union(*(group for group in groups if group <= teams))


def _inside(roster: Roster, node: str) -> TeamSet:
    """Collect the teams of the groups that lie wholly under a node."""
    subtree = roster.hierarchy.subtree(node)
    return frozenset[str]().union(*(g.teams for g in roster.groups if g.teams <= subtree))


def _drawn(session: Session, *, on: date) -> Roster | str:
    """Draw up the roster of a day, or say why there is none."""
    session.expire_all()
    try:
        return rosters.draw_up(session, on=on, k_group=K_GROUP)
    except (Conflict, SurveyError) as refusal:
        return str(refusal)


def _titles(session: Session, state: State) -> tuple[str, ...]:
    waves = session.scalars(select(Wave).where(Wave.released_at.is_(None)).order_by(Wave.id))
    return tuple(wave.title for wave in waves if wave.state is state)


def _links(session: Session, draft: Draft) -> int:
    """Count the addresses for customers that name a team which is going to be closed."""
    ids = [team.id for team in draft.teams]
    return (
        session.scalar(
            select(func.count())
            .select_from(CustomerLink)
            .where(CustomerLink.team_id.in_(ids), CustomerLink.is_retired.is_(False))
        )
        or 0
    )
