"""People: joining, moving between teams, leaving."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Membership, Person, RoleGrant, Team
from app.services import roles, sign_ins
from app.services.addresses import read_address
from app.services.errors import Conflict, NotFound, Unusable

LONGEST_NAME = 120


def find_person(session: Session, person_id: int) -> Person:
    """Find a person by their number."""
    person = session.get(Person, person_id)
    if person is None or person.erased_on is not None:
        raise NotFound("There is no such person.")
    return person


def find_by_email(session: Session, email: str) -> Person | None:
    """Find a person by their address, however it is written."""
    return session.scalar(select(Person).where(Person.email == email.strip().casefold()))


def add_person(
    session: Session,
    *,
    name: str,
    email: str | None,
    team: Team | None,
    on: date,
    locale: str = "en",
) -> Person:
    """Add a person, an employee from the day on; without an address they get letters only."""
    address = read_address(email) if email and email.strip() else None
    if address is not None and find_by_email(session, address) is not None:
        raise Conflict(f"{address} belongs to somebody on the list already.")
    person = Person(name=read_name(name), email=address, locale=locale, started_on=on)
    person.grants.append(RoleGrant(role="employee"))
    if team is not None:
        _check_open(team)
        person.memberships.append(Membership(team=team, from_on=on))
    session.add(person)
    session.flush()
    return person


def change_person(
    session: Session, person: Person, *, name: str, email: str | None, locale: str
) -> None:
    """Correct a person's name, address or language."""
    address = read_address(email) if email and email.strip() else None
    other = find_by_email(session, address) if address is not None else None
    if other is not None and other is not person:
        raise Conflict(f"{address} belongs to {other.name}.")
    if address is None and person.password_hash is not None:
        raise Conflict(f"{person.name} signs in with the address; it cannot be removed.")
    if address != person.email:
        # Whoever held the old address must not stay inside, nor come in by an old link.
        sign_ins.end_all(session, person.id)
    person.name, person.email, person.locale = read_name(name), address, locale
    session.flush()


def current_membership(person: Person) -> Membership | None:
    """Find the team a person is in, or will be."""
    return next((m for m in person.memberships if m.until_on is None), None)


def move_person(session: Session, person: Person, *, team: Team, on: date) -> None:
    """Move a person to a team from a day on; their time in the old team is kept."""
    _check_open(team)
    present = current_membership(person)
    if present is not None:
        if present.team is team:
            return
        if on < present.from_on:
            raise Conflict(f"{person.name} came to {present.team.name} on {present.from_on}.")
        _finish(session, person, present, on=on)
    if any(m.until_on is not None and m.until_on > on for m in person.memberships):
        raise Conflict(f"{person.name} was in another team on {on}.")
    person.memberships.append(Membership(team=team, from_on=on))
    session.flush()


def end_person(session: Session, person: Person, *, on: date) -> None:
    """Let a person leave: `on` is the first day without them; the account closes that day."""
    if person.ended_on is not None:
        raise Conflict(f"{person.name} has left already.")
    if on < person.started_on:
        raise Conflict(f"{person.name} starts on {person.started_on}.")
    roles.give_up_all(session, person)
    present = current_membership(person)
    if present is not None:
        _finish(session, person, present, on=max(on, present.from_on))
    person.ended_on = on
    sign_ins.end_all(session, person.id)
    session.flush()


def take_back(session: Session, person: Person, *, team: Team, on: date) -> None:
    """Let a person who left start again, as an employee."""
    _check_open(team)
    if person.ended_on is None:
        raise Conflict(f"{person.name} has not left.")
    if on < person.ended_on:
        raise Conflict(f"{person.name} left on {person.ended_on}.")
    person.ended_on, person.is_disabled = None, False
    person.grants = [RoleGrant(role="employee")]
    person.memberships.append(Membership(team=team, from_on=on))
    session.flush()


def read_name(text: str) -> str:
    """Read a typed name, or refuse it."""
    name = " ".join(text.split())
    if not name:
        raise Unusable("Give the person a name.")
    if len(name) > LONGEST_NAME:
        raise Unusable(f"Use at most {LONGEST_NAME} characters for a name.")
    if not name.isprintable():
        raise Unusable("Use letters, digits and signs only in a name.")
    return name


def _finish(session: Session, person: Person, membership: Membership, *, on: date) -> None:
    """End a membership; one that would have lasted no day goes altogether."""
    if on <= membership.from_on:
        person.memberships.remove(membership)
    else:
        membership.until_on = on
    # The index that allows one current team must see the end before the next beginning.
    session.flush()


def _check_open(team: Team) -> None:
    if team.closed_on is not None:
        raise Conflict(f"{team.name} is closed.")
