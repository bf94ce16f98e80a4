"""The tree of teams, read for pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.models import Membership, Person, Team, TeamChange

SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRow:
    """One team of the tree, in the order of the tree."""

    id: int
    key: str
    name: str
    path: str
    depth: int
    parent_id: int | None
    n_people: int
    n_below: int
    closed_on: date | None


def tree(session: Session, *, on: date, with_closed: bool = False) -> list[TeamRow]:
    """List the teams from the top down, each with its people and those of everything below."""
    children: dict[int | None, list[Team]] = defaultdict(list)
    for team in session.scalars(select(Team).order_by(func.lower(Team.name), Team.id)):
        if with_closed or team.closed_on is None:
            children[team.parent_id].append(team)
    counts = _head_counts(session, on=on)
    return list(_rows(children, counts, parent_id=None, above=()))


def team_choices(session: Session, *, on: date) -> list[tuple[str, str]]:
    """List the open teams for a choice: number and path, in the order of the tree."""
    return [(str(row.id), row.path) for row in tree(session, on=on)]


def subtree_ids(session: Session, team_ids: Collection[int]) -> set[int]:
    """Find the numbers of these teams and of every team below them."""
    children: dict[int | None, list[int]] = defaultdict(list)
    for team_id, parent_id in session.execute(select(Team.id, Team.parent_id)):
        children[parent_id].append(team_id)
    found, waiting = set(), list(team_ids)
    while waiting:
        team_id = waiting.pop()
        if team_id not in found:
            found.add(team_id)
            waiting += children[team_id]
    return found


def subtree_keys(session: Session, team_ids: Collection[int]) -> set[str]:
    """Find the keys of these teams and of every team below them."""
    ids = subtree_ids(session, team_ids)
    return set(session.scalars(select(Team.key).where(Team.id.in_(ids))))


def _head_counts(session: Session, *, on: date) -> dict[int, int]:
    rows = session.execute(
        select(Membership.team_id, func.count())
        .join(Person)
        .where(*_is_in(on))
        .group_by(Membership.team_id)
    )
    return {team_id: n for team_id, n in rows}


def _rows(
    children: dict[int | None, list[Team]],
    counts: dict[int, int],
    *,
    parent_id: int | None,
    above: tuple[str, ...],
) -> Iterator[TeamRow]:
    for team in children[parent_id]:
        path = (*above, team.name)
        below = list(_rows(children, counts, parent_id=team.id, above=path))
        n_people = counts.get(team.id, 0)
        yield TeamRow(
            id=team.id,
            key=team.key,
            name=team.name,
            path=" / ".join(path),
            depth=len(above),
            parent_id=parent_id,
            n_people=n_people,
            n_below=sum(row.n_people for row in below),
            closed_on=team.closed_on,
        )
        yield from below


def changes_done(session: Session) -> list[TeamChange]:
    """List the newest changes of the tree that were carried out."""
    return list(
        session.scalars(
            select(TeamChange)
            .where(TeamChange.done_on.is_not(None))
            .order_by(TeamChange.done_on.desc(), TeamChange.id.desc())
            .limit(SHOWN)
        )
    )


def people_in(session: Session, team_id: int, *, on: date) -> list[Person]:
    """List who is in one team on a day, by name."""
    rows = session.scalars(
        select(Person)
        .join(Membership)
        .where(Membership.team_id == team_id, *_is_in(on))
        .order_by(func.lower(Person.name), Person.id)
    )
    return list(rows)


def _is_in(on: date) -> tuple[ColumnElement[bool], ...]:
    return (
        Membership.from_on <= on,
        or_(Membership.until_on.is_(None), Membership.until_on > on),
        or_(Person.ended_on.is_(None), Person.ended_on > on),
    )
