"""Actions written down past the pages, for tests of what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from app.action_access import Actor, actor_of
from app.models import Action, Person, Team, Wave
from app.services import actions as services
from app.services.actions import Draft
from tests.factories import make_person

NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
DUE = date(2026, 6, 30)


def draft_for(team: Team, wave: Wave, *, owner: Person, **changes) -> Draft:
    """Say what an action says, with changes."""
    values = {
        "title": "mend the ticket screen",
        "said": "The ticket screen is slow.",
        "wave_id": wave.id,
        "about_kind": "item",
        "about_key": "tools",
        "team_id": team.id,
        "tag": "technology",
        "competency": "design_and_innovation",
        "owner_id": owner.id,
        "due_on": DUE,
        "follow_ups": ("workload",),
    }
    return Draft(**{**values, **changes})


def standing_of(
    session: Session, person: Person, *, hr: bool = False, manages: Sequence[Team] = ()
) -> Actor:
    """Find where a person stands on the day of these tests."""
    return actor_of(
        session,
        person.id,
        roles={"employee", *(["hr"] if hr else [])},
        managed_team_ids={team.id for team in manages},
        on=NOW.date(),
    )


def write_action(
    session: Session,
    team: Team,
    wave: Wave,
    *,
    decision: str = "will_do",
    now: datetime = NOW,
    **changes,
) -> Action:
    """Write an action down as HR, for an owner of its own."""
    owner = make_person(session, "Olga Owner")
    action = services.add_action(
        session,
        draft_for(team, wave, owner=owner, **changes),
        decision=decision,
        actor=standing_of(session, owner, hr=True),
        now=now,
    )
    session.commit()
    return action
