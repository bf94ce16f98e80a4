"""People, read for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, selectinload

from app.models import Membership, Person, Team

PER_PAGE = 50
LONGEST_SEARCH = 200  # characters; databases refuse patterns of many thousands


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """One person of the list."""

    id: int
    name: str
    email: str | None
    team: str
    roles: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage:
    """One page of the list, and how long the whole list is."""

    rows: tuple[PersonRow, ...]
    n_people: int
    number: int
    n_pages: int


def people_page(session: Session, *, search: str, number: int, on: date) -> PeoplePage:
    """List people by name, those who left at the end; a search looks at name, address and team."""
    found = _found(search)
    n_people = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    n_pages = max(-(-n_people // PER_PAGE), 1)
    number = min(max(number, 1), n_pages)
    people = session.scalars(
        found.order_by(Person.ended_on.is_not(None), func.lower(Person.name), Person.id)
        .offset((number - 1) * PER_PAGE)
        .limit(PER_PAGE)
        .options(
            selectinload(Person.memberships).selectinload(Membership.team),
            selectinload(Person.grants),
        )
    )
    rows = tuple(_row(person, on=on) for person in people)
    return PeoplePage(rows=rows, n_people=n_people, number=number, n_pages=n_pages)


def state_of(person: Person, *, on: date) -> str:
    """Say in a word how things stand: left, starts later, closed, active or not yet signed in."""
    if person.ended_on is not None and person.ended_on <= on:
        return "left"
    if person.is_disabled:
        return "closed"
    if person.started_on > on:
        return "starts later"
    if person.email is None:
        return "no address"
    return "active" if person.password_hash else "not signed in yet"


def _found(search: str) -> Select[Person]:
    statement = select(Person).where(Person.erased_on.is_(None))
    for word in search[:LONGEST_SEARCH].split()[:5]:
        plain = word.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        like = f"%{plain}%"
        in_team = Person.memberships.any(
            Membership.until_on.is_(None)
            & Membership.team.has(func.lower(Team.name).like(like, escape="\\"))
        )
        statement = statement.where(
            or_(
                func.lower(Person.name).like(like, escape="\\"),
                Person.email.like(like, escape="\\"),
                in_team,
            )
        )
    return statement


def _row(person: Person, *, on: date) -> PersonRow:
    present = next((m for m in person.memberships if m.until_on is None), None)
    return PersonRow(
        id=person.id,
        name=person.name,
        email=person.email,
        team=present.team.name if present else "",
        roles=tuple(sorted({grant.role for grant in person.grants})),
        state=state_of(person, on=on),
    )
