"""Changes of the tree from a day on: split, merge, move, rename, close."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import (
    Action,
    ChangedPerson,
    ChangedTeam,
    CustomerLink,
    Membership,
    Person,
    RoleGrant,
    Team,
    TeamChange,
)
from app.services import teams
from app.services.errors import Conflict, NotFound, Refusal, Unusable

LATEST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """
    A change as it is wanted.

    `teams` are those that change, `name` the new name.  A split has a second name, and
    `moving` are the people who go to the second team.  `parent` is the new place.
    """

    kind: str
    teams: tuple[Team, ...]
    starts_on: date
    name: str = ""
    second_name: str = ""
    parent: Team | None = None
    moving: frozenset[int] = frozenset()


def find(session: Session, change_id: int) -> TeamChange:
    """Find a change by its number."""
    change = session.get(TeamChange, change_id)
    if change is None:
        raise NotFound("There is no such change.")
    return change


def enter(session: Session, draft: Draft, *, now: datetime, today: date) -> TeamChange:
    """Carry a change out if its day has come, or plan it; refused where it cannot be."""
    check_day(draft, today)
    change = TeamChange(
        kind=draft.kind,
        starts_on=draft.starts_on,
        name=draft.name,
        second_name=draft.second_name,
        parent=draft.parent,
        planned_at=now,
        teams=[ChangedTeam(team=team, side="before", name=team.name) for team in draft.teams],
        people=[ChangedPerson(person_id=person) for person in sorted(draft.moving)],
    )
    if draft.starts_on > today:
        for team in draft.teams:
            _check_unplanned(session, team)
        try_out(session, draft, on=today)
        session.add(change)
        session.flush()
        return change
    session.add(change)
    _carry_out(session, change, draft, on=today)
    return change


def try_out(session: Session, draft: Draft, *, on: date) -> None:
    """Refuse a change that could not be carried out today; nothing stays of the attempt."""
    attempt = session.begin_nested()
    try:
        perform(session, draft, on=on)
    finally:
        attempt.rollback()


def withdraw(session: Session, change: TeamChange) -> None:
    """Take a planned change, or one that was refused, off the list."""
    if change.done_on is not None:
        raise Conflict("This change is done already. Enter another one that undoes it.")
    session.delete(change)
    session.flush()


def carry_out_due(session: Session, *, today: date) -> list[TeamChange]:
    """Carry out the planned changes whose day has come, in their order; note what cannot be."""
    due = session.scalars(
        select(TeamChange)
        .where(
            TeamChange.starts_on <= today, TeamChange.done_on.is_(None), TeamChange.refused == ""
        )
        .order_by(TeamChange.starts_on, TeamChange.id)
        .with_for_update(skip_locked=True)
    ).all()
    for change in due:
        try:
            with session.begin_nested():
                _carry_out(session, change, _draft_of(change), on=today)
        except Refusal as refusal:
            change.refused = str(refusal)
    session.flush()
    return list(due)


def perform(session: Session, draft: Draft, *, on: date) -> tuple[Team, ...]:
    """Change the tree at once; return the teams that a split or a merger made."""
    team = draft.teams[0]
    for concerned in draft.teams:
        if concerned.closed_on is not None:
            raise Conflict(f"{concerned.name} is closed.")
    match draft.kind:
        case "split":
            return _split(session, draft, on=on)
        case "merge":
            return (_merge(session, draft, on=on),)
        case "move" if draft.parent is not None:
            if draft.parent is team.parent:
                raise Conflict(f"{team.name} is under {draft.parent.name} already.")
            teams.move_team(session, team, parent=draft.parent)
        case "rename":
            teams.rename_team(session, team, name=draft.name)
        case "close":
            teams.close_team(session, team, on=on)
        case _:
            raise Unusable("Choose where it belongs.")
    return ()


def people_in(session: Session, team: Team, *, on: date) -> list[Membership]:
    """List who sits in a team from a day on, or is going to."""
    return list(
        session.scalars(
            select(Membership)
            .join(Person)
            .where(
                Membership.team_id == team.id,
                Membership.until_on.is_(None) | (Membership.until_on > on),
            )
            .order_by(Person.name, Person.id)
        )
    )


def _carry_out(session: Session, change: TeamChange, draft: Draft, *, on: date) -> None:
    for team in perform(session, draft, on=on):
        change.teams.append(ChangedTeam(team=team, side="after", name=team.name))
    change.done_on, change.people = on, []
    session.flush()


def _draft_of(change: TeamChange) -> Draft:
    return Draft(
        kind=change.kind,
        teams=tuple(change.before),
        starts_on=change.starts_on,
        name=change.name,
        second_name=change.second_name,
        parent=change.parent,
        moving=frozenset(row.person_id for row in change.people),
    )


def _split(session: Session, draft: Draft, *, on: date) -> tuple[Team, ...]:
    team = draft.teams[0]
    _check_leaf(team, "split")
    sitting = people_in(session, team, on=on)
    going = [m for m in sitting if m.person_id in draft.moving]
    staying = [m for m in sitting if m.person_id not in draft.moving]
    if not going or not staying:
        raise Conflict(f"Both parts of {team.name} need people; choose who goes to the second.")
    team.closed_on = max(on, team.opened_on)  # first, so that a part may have its name
    parts = tuple(
        _follow(session, teams.add_team(session, name=name, parent=team.parent, on=on), [team])
        for name in (draft.name, draft.second_name)
    )
    for part, people in zip(parts, (staying, going), strict=True):
        _bring(session, people, to=part, on=on)
    return parts


def _merge(session: Session, draft: Draft, *, on: date) -> Team:
    if len(draft.teams) < 2:
        raise Conflict("Choose at least one other team to merge with.")
    if draft.parent is None:
        raise Unusable("Choose where it belongs.")
    for team in draft.teams:
        if team.parent is None:
            raise Conflict(f"{team.name} is the whole organisation and cannot be merged.")
        if team in list(teams.upwards(draft.parent)):
            raise Conflict(f"{draft.parent.name} is {team.name} itself or below it.")
        if any(team in list(teams.upwards(other))[1:] for other in draft.teams):
            raise Conflict(f"{team.name} has another of these teams below it; merge neighbours.")
        team.closed_on = max(on, team.opened_on)
    made = teams.add_team(session, name=draft.name, parent=draft.parent, on=on)
    for team in draft.teams:
        for child in [child for child in team.children if child.closed_on is None]:
            teams.move_team(session, child, parent=made)
        _bring(session, people_in(session, team, on=on), to=made, on=on)
    _follow(session, made, draft.teams)
    before = [team.id for team in draft.teams]
    for model in (CustomerLink, Action):
        session.execute(update(model).where(model.team_id.in_(before)).values(team_id=made.id))
    session.expire_all()
    return made


def _bring(session: Session, memberships: Sequence[Membership], *, to: Team, on: date) -> None:
    """Let people sit in another team from a day on, as long as they were to stay."""
    arriving = []
    for membership in memberships:
        if membership.from_on >= on:
            membership.team = to
            continue
        arriving.append(
            Membership(
                person_id=membership.person_id,
                team=to,
                from_on=on,
                until_on=membership.until_on,
            )
        )
        membership.until_on = on
    # The index that allows one current team must see the end before the next beginning.
    session.flush()
    session.add_all(arriving)
    session.flush()
    session.expire_all()


def _follow(session: Session, team: Team, before: Sequence[Team]) -> Team:
    """Let whoever managed a team manage what came of it, beside the results of before."""
    managers = session.scalars(
        select(RoleGrant.person_id)
        .where(RoleGrant.team_id.in_([earlier.id for earlier in before]))
        .distinct()
        .order_by(RoleGrant.person_id)
    ).all()
    session.add_all(RoleGrant(person_id=m, role="manager", team=team) for m in managers)
    session.flush()
    return team


def check_day(draft: Draft, today: date) -> None:
    """Refuse a day that is over, or too far to plan for."""
    if draft.starts_on < today:
        raise Unusable("Choose today or a later day: what was counted stays as it was.")
    if draft.starts_on > today + LATEST:
        raise Unusable("Choose a day within a year.")


def _check_unplanned(session: Session, team: Team) -> None:
    for change in planned(session):
        if team in change.before:
            raise Conflict(f"There is a change of {team.name} planned already; withdraw it first.")


def planned(session: Session) -> Iterator[TeamChange]:
    """List the changes that are still to come, or were refused on their day."""
    return iter(
        session.scalars(
            select(TeamChange)
            .where(TeamChange.done_on.is_(None))
            .order_by(TeamChange.starts_on, TeamChange.id)
        ).all()
    )


def _check_leaf(team: Team, deed: str) -> None:
    if team.parent is None:
        raise Conflict(f"{team.name} is the whole organisation and cannot be {deed}.")
    below = [child.name for child in team.children if child.closed_on is None]
    if below:
        raise Conflict(f"Move what is below {team.name} first: {', '.join(below)}.")
