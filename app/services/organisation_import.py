"""Bringing the roster of another system in: what a file would change, then changing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.formats.rosters import RosterRow
from app.models import Membership, Person, Team
from app.services import people, roles, teams
from app.services.errors import Conflict

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """Somebody who is new, or comes back."""

    row: RosterRow
    comes_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """Somebody who is in another team now."""

    row: RosterRow
    team_before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """Somebody who is in a team now and not in the file."""

    person_id: int
    name: str
    email: str
    team: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    What importing a file would do.

    `errors` are sentences with row numbers; while there are any, nothing can be imported.
    """

    new_teams: tuple[str, ...]
    joining: tuple[Joining, ...]
    moving: tuple[Moving, ...]
    leaving: tuple[Leaving, ...]
    changing: tuple[RosterRow, ...]
    n_unchanged: int
    errors: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.new_teams or self.joining or self.moving or self.leaving or self.changing)

    @property
    def sha256(self) -> str:
        """A fingerprint: what was previewed and what is done must be the same."""
        return sha256(repr(self).encode()).hexdigest()


@dataclass(slots=True, kw_only=True)
class _Present:
    """The organisation as it is, looked up by address and by path."""

    people: dict[str, Person]
    team_ids: dict[Path, Team]
    paths: dict[int, str]
    errors: list[str] = field(default_factory=list)


def plan_import(session: Session, rows: Sequence[RosterRow]) -> Plan:
    """
    Compare a roster with the organisation.

    The file is the whole roster: who is in a team now and not in the file would leave.
    People who are in no team, such as an administrator from outside, are left alone.
    """
    present = _present(session)
    new_teams = _new_teams(rows, present)
    joining, moving, changing = [], [], []
    for row in rows:
        person = present.people.get(row.email)
        if person is None or person.ended_on is not None:
            joining.append(Joining(row=row, comes_back=person is not None))
            continue
        membership = people.current_membership(person)
        before = present.paths[membership.team_id] if membership else ""
        if before.casefold() != row.path.casefold():
            moving.append(Moving(row=row, team_before=before))
        elif _differs(person, row, present):
            changing.append(row)
    leaving = _leaving(rows, present)
    n_listed = len(joining) + len(moving) + len(changing)
    return Plan(
        new_teams=new_teams,
        joining=tuple(joining),
        moving=tuple(moving),
        leaving=leaving,
        changing=tuple(changing),
        n_unchanged=len(rows) - n_listed,
        errors=tuple(present.errors),
    )


def carry_out(session: Session, plan: Plan, *, on: date) -> None:
    """Do what a plan says, from a day on; all of it or, by not committing, nothing."""
    if plan.errors:
        raise Conflict(plan.errors[0])
    found = _present(session)
    for path in plan.new_teams:
        names = tuple(path.split(" / "))
        parent = found.team_ids.get(_fold(names[:-1]))
        found.team_ids[_fold(names)] = teams.add_team(
            session, name=names[-1], parent=parent, on=on
        )
    for joining in plan.joining:
        _join(session, joining, found, on=on)
    for moving in plan.moving:
        person = found.people[moving.row.email]
        team = found.team_ids[_fold(moving.row.team_path)]
        people.move_person(session, person, team=team, on=_day(person, on))
        _bring_up_to_date(session, person, moving.row, team)
    for row in plan.changing:
        person, team = found.people[row.email], found.team_ids[_fold(row.team_path)]
        _bring_up_to_date(session, person, row, team)
    for leaving in plan.leaving:
        person = people.find_person(session, leaving.person_id)
        people.end_person(session, person, on=_day(person, on))
    session.flush()


def _present(session: Session) -> _Present:
    all_teams = session.scalars(select(Team).options(selectinload(Team.children))).all()
    paths = {team.id: teams.path_of(team) for team in all_teams}
    options = (
        selectinload(Person.memberships).selectinload(Membership.team),
        selectinload(Person.grants),
    )
    rows = session.scalars(select(Person).where(Person.email.is_not(None)).options(*options))
    return _Present(
        people={str(person.email): person for person in rows},
        team_ids={
            _fold(tuple(paths[team.id].split(" / "))): team
            for team in all_teams
            if team.closed_on is None
        },
        paths=paths,
    )


def _new_teams(rows: Sequence[RosterRow], present: _Present) -> tuple[str, ...]:
    """List the paths that are missing, each after the one above it."""
    top: Path | None = next((path for path in present.team_ids if len(path) == 1), None)
    missing: dict[Path, str] = {}
    for row in rows:
        first = row.team_path[:1]
        top = top or _fold(first)
        if _fold(first) != top:
            present.errors.append(
                f"Row {row.number}: the path starts with {first[0]!r}, but the whole"
                f" organisation is {_shown(top, rows, present)!r}; start every path with it."
            )
            continue
        if len(row.team_path) > teams.DEEPEST:
            present.errors.append(
                f"Row {row.number}: the path has more than {teams.DEEPEST} teams."
            )
            continue
        for n in range(1, len(row.team_path) + 1):
            path = row.team_path[:n]
            if _fold(path) not in present.team_ids:
                missing.setdefault(_fold(path), " / ".join(path))
    return tuple(missing.values())


def _shown(top: Path, rows: Sequence[RosterRow], present: _Present) -> str:
    if top in present.team_ids:
        return present.team_ids[top].name
    return next(row.team_path[0] for row in rows if _fold(row.team_path[:1]) == top)


def _differs(person: Person, row: RosterRow, present: _Present) -> bool:
    held = {grant.role for grant in person.grants}
    return (
        person.name != row.name
        or (row.locale is not None and person.locale != row.locale)
        or not set(row.roles) <= held
    )


def _leaving(rows: Sequence[RosterRow], present: _Present) -> tuple[Leaving, ...]:
    listed = {row.email for row in rows}
    return tuple(
        Leaving(
            person_id=person.id,
            name=person.name,
            email=email,
            team=present.paths[membership.team_id],
        )
        for email, person in sorted(present.people.items())
        if email not in listed
        and person.ended_on is None
        and (membership := people.current_membership(person)) is not None
    )


def _join(session: Session, joining: Joining, found: _Present, *, on: date) -> None:
    row, team = joining.row, found.team_ids[_fold(joining.row.team_path)]
    starts_on = row.started_on or on
    if joining.comes_back:
        person = found.people[row.email]
        people.take_back(session, person, team=team, on=max(starts_on, person.ended_on or on))
    else:
        person = people.add_person(
            session, name=row.name, email=row.email, team=team, on=starts_on
        )
    _bring_up_to_date(session, person, row, team)


def _bring_up_to_date(session: Session, person: Person, row: RosterRow, team: Team) -> None:
    """Take over name, language and roles; a file adds roles and takes none away."""
    person.name = row.name
    person.locale = row.locale or person.locale
    held = {grant.role for grant in person.grants}
    if "manager" in row.roles and team not in roles.managed_by(person):
        roles.grant_team(session, person, team)
    for role in row.roles:
        if role != "manager" and role not in held:
            roles.grant(session, person, role)


def _day(person: Person, on: date) -> date:
    """Pick the day a change counts from: not before somebody who starts later has started."""
    membership = people.current_membership(person)
    starts = [person.started_on, *([membership.from_on] if membership else [])]
    return max(on, *starts)


def _fold(path: Path) -> Path:
    return tuple(name.casefold() for name in path)
