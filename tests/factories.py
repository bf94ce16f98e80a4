"""Rows for tests, each with sensible defaults; what a test cares about it says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count

from sqlalchemy.orm import Session

from app.models import Membership, Person, RoleGrant, SurveyVersion, Team, Wave
from app.services import passwords
from surveys import questionnaires
from tests.promises import PROMISE

START = date(2025, 1, 1)
PASSWORD = "correct horse battery"
_numbers = count(1)


def make_team(session: Session, name: str = "", *, parent: Team | None = None, **columns) -> Team:
    """Add a team."""
    number = next(_numbers)
    columns = {"key": f"team-{number}", "opened_on": START, **columns}
    team = Team(name=name or f"Team {number}", parent=parent, **columns)
    session.add(team)
    session.flush()
    return team


def make_person(
    session: Session,
    name: str = "",
    *,
    team: Team | None = None,
    roles: Sequence[str] = ("employee",),
    manages: Sequence[Team] = (),
    password: str | None = None,
    **columns,
) -> Person:
    """Add a person, in a team since they started; `manages` adds manager's grants."""
    number = next(_numbers)
    columns = {"email": f"person{number}@example.org", "started_on": START, **columns}
    person = Person(name=name or f"Person {number}", **columns)
    if password is not None:
        person.password_hash = passwords.hash_password(password)
    person.grants = [RoleGrant(role=role) for role in roles if role != "manager"]
    person.grants += [RoleGrant(role="manager", team=managed) for managed in manages]
    if team is not None:
        person.memberships = [Membership(team=team, from_on=person.started_on)]
    session.add(person)
    session.flush()
    return person


def make_people(session: Session, n: int, *, team: Team) -> list[Person]:
    """Add so many employees of one team in one go."""
    people = []
    for number in range(n):
        person = Person(
            name=f"{team.name} {number}",
            email=f"person{next(_numbers)}@example.org",
            started_on=START,
        )
        person.grants = [RoleGrant(role="employee")]
        person.memberships = [Membership(team=team, from_on=START)]
        people.append(person)
    session.add_all(people)
    session.flush()
    return people


def make_staff(session: Session, *roles: str, **columns) -> Person:
    """Add a person who holds exactly these roles; a manager gets a team of their own."""
    manages = [make_team(session)] if "manager" in roles else []
    return make_person(session, roles=roles, manages=manages, **columns)


def make_version(session: Session, key: str = "monthly_pulse", **columns) -> SurveyVersion:
    """Add a version of a bundled questionnaire."""
    definition = questionnaires.load(key)
    columns = {"version": next(_numbers), "created_at": datetime.now(UTC), **columns}
    version = SurveyVersion(
        key=key,
        title=definition.title,
        audience=definition.audience,
        definition=definition.to_dict(),
        **columns,
    )
    session.add(version)
    session.flush()
    return version


def make_wave(session: Session, title: str = "", **columns) -> Wave:
    """Add a wave, a draft unless told otherwise, straight into its table."""
    number = next(_numbers)
    now = datetime.now(UTC)
    columns = {
        "key": f"wave-{number}",
        "opens_on": now.date() - timedelta(days=30),
        "closes_on": now.date() + timedelta(days=7),
        "created_at": now,
        "promise": PROMISE.to_dict(),
        **columns,
    }
    if "survey_version" not in columns:
        columns["survey_version"] = make_version(session)
    wave = Wave(title=title or f"Pulse {number}", **columns)
    session.add(wave)
    session.flush()
    return wave
