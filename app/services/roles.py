"""Roles: who may do what, and that somebody always administers."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import ROLES, Person, RoleGrant, Team
from app.services import accounts
from app.services.errors import Conflict, LastAdministrator, Unusable

# Roles that anybody may be given; a manager's is given with a team.
PLAIN = tuple(role for role in ROLES if role != "manager")
NAMES = {
    "employee": "Employee",
    "manager": "Manager",
    "hr": "HR",
    "executive": "Executive",
    "cx_manager": "CX manager",
    "administrator": "Administrator",
}


def grant(session: Session, person: Person, role: str) -> None:
    """Give a person a role that needs no team."""
    set_roles(session, person, roles={*roles_of(person), role}, manages=managed_by(person))


def grant_team(session: Session, person: Person, team: Team) -> None:
    """Make a person manager of a team and all below it."""
    manages = [*managed_by(person), team]
    set_roles(session, person, roles=roles_of(person), manages=manages)


def set_roles(
    session: Session, person: Person, *, roles: Iterable[str], manages: Collection[Team]
) -> None:
    """Give a person exactly these roles and teams to manage."""
    wanted = {(role, None) for role in roles} | {("manager", team.id) for team in manages}
    unknown = {role for role, team_id in wanted if team_id is None} - set(PLAIN)
    if unknown:
        raise Unusable(f"There is no role {sorted(unknown)[0]!r}.")
    if person.ended_on is not None and wanted:
        raise Conflict(f"{person.name} has left and can hold no role.")
    was_administered = _is_administered(session)
    for held in list(person.grants):
        if (held.role, held.team_id) not in wanted:
            person.grants.remove(held)
    held_now = {(held.role, held.team_id) for held in person.grants}
    for role, team_id in sorted(wanted - held_now, key=str):
        person.grants.append(RoleGrant(role=role, team_id=team_id))
    session.flush()
    _check_still(session, was_administered)


def give_up_all(session: Session, person: Person) -> None:
    """Take every role from a person who leaves."""
    set_roles(session, person, roles=(), manages=())


def close_account(session: Session, person: Person) -> None:
    """Disable a person's account."""
    was_administered = _is_administered(session)
    accounts.disable(session, person)
    session.flush()
    _check_still(session, was_administered)


def open_account(person: Person) -> None:
    """Enable a person's account again."""
    person.is_disabled = False


def roles_of(person: Person) -> set[str]:
    """List a person's roles that need no team."""
    return {held.role for held in person.grants if held.team_id is None}


def managed_by(person: Person) -> list[Team]:
    """List the teams named in a person's manager's grants."""
    return [held.team for held in person.grants if held.team is not None]


def _check_still(session: Session, was_administered: bool) -> None:
    """Refuse if this took the last one away; whoever called rolls back by not committing."""
    if was_administered and not _is_administered(session):
        raise LastAdministrator(
            "This would leave nobody to administer Headwater. Make somebody else an"
            " administrator first."
        )


def _is_administered(session: Session) -> bool:
    """
    Tell whether anybody can administer, now and with what this transaction has written.

    The grants are locked, so two administrators who remove each other at once do it
    one after the other.
    """
    holders = session.scalars(
        select(RoleGrant.person_id).where(RoleGrant.role == "administrator").with_for_update()
    ).all()
    someone = session.scalar(
        select(Person.id)
        .where(Person.id.in_(holders), Person.ended_on.is_(None), Person.is_disabled.is_(False))
        .limit(1)
    )
    return someone is not None
