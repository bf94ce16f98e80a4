"""What Tidewell Utilities did with its results: actions, written down and moved month by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.action_access import Actor, actor_of
from app.demo.plan import ORGANISATION
from app.models import Action, Team, Wave
from app.services import actions, people
from app.services.actions import Draft

HR = "hr@tidewell.example"
MANAGER = "manager@tidewell.example"
CUSTOMERS = "cx@tidewell.example"
# How long after the first of a month its results are talked over.
DAYS_OF_THOUGHT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAction:
    """
    One action, written down in a month from 0 to 8, and how it moves in later ones.

    `due` counts days from the first of the open wave's month.
    """

    month: int
    team: str
    said: str
    title: str
    about: tuple[str, str]
    tag: str
    competency: str
    decision: str = "will_do"
    because: str = ""
    writer: str = HR
    owner: str = HR
    due: int | None = None
    follow_ups: tuple[str, ...] = ()
    is_for_all: bool = False
    moves: tuple[tuple[int, str, str], ...] = ()


ACTIONS = (
    PlannedAction(
        month=2,
        team=ORGANISATION,
        said="We never hear what became of last month’s answers.",
        title="show everybody their group’s results and what is decided",
        about=("item", "change_follows"),
        tag="process",
        competency="adoption_and_accountability",
        due=-100,
        follow_ups=("change_follows",),
        moves=((3, "under_way", ""), (4, "done", "")),
    ),
    PlannedAction(
        month=3,
        team="Contact centre",
        said="The new ticket screen takes longer than the old one.",
        title="put the old shortcuts back into the ticket screen",
        about=("item", "tools"),
        tag="technology",
        competency="design_and_innovation",
        writer=MANAGER,
        owner=MANAGER,
        due=-60,
        follow_ups=("workload",),
        moves=((4, "under_way", ""), (6, "done", "")),
    ),
    PlannedAction(
        month=4,
        team=ORGANISATION,
        said="We need two more people on every shift.",
        title="add people to every shift",
        about=("construct", "workload"),
        tag="people",
        competency="strategy",
        decision="will_not",
        because="the budget of this year is spent. We move the quiet hours of the phones instead,"
        " and look again in spring.",
        follow_ups=("workload",),
    ),
    PlannedAction(
        month=4,
        team="Shops",
        said="We send customers home for refunds of a few pounds.",
        title="let shop staff refund up to 30 pounds on the spot",
        about=("construct", "discretion"),
        tag="people",
        competency="customer_centric_culture",
        owner=CUSTOMERS,
        due=35,
        follow_ups=("discretion",),
        is_for_all=True,
        moves=((6, "under_way", ""),),
    ),
    PlannedAction(
        month=5,
        team="Field service",
        said="The vans’ navigation is out of date.",
        title="renew the maps in all vans",
        about=("comments", "navigation in the vans"),
        tag="technology",
        competency="design_and_innovation",
        due=-5,
        follow_ups=("tools",),
        moves=((7, "under_way", ""),),
    ),
    PlannedAction(
        month=5,
        team="Billing",
        said="Promises to customers are written down in four places.",
        title="build one list of promises in the old billing system",
        about=("item", "support"),
        tag="technology",
        competency="voice_of_the_customer",
        due=30,
        follow_ups=("support",),
        moves=(
            (7, "dropped", "the billing system is replaced in spring, and the new one has it."),
        ),
    ),
    PlannedAction(
        month=6,
        team="Calls North",
        said="Shift plans come too late to plan a weekend.",
        title="publish shift plans four weeks ahead",
        about=("comments", "shift plans"),
        tag="process",
        competency="customer_centric_culture",
        writer=MANAGER,
        owner=MANAGER,
        due=40,
        follow_ups=("energy", "workload"),
    ),
    PlannedAction(
        month=7,
        team=ORGANISATION,
        said="Nobody tells us what customers thought of our work.",
        title="read three customers’ comments at the start of each team meeting",
        about=("item", "recognition"),
        tag="process",
        competency="voice_of_the_customer",
        owner=CUSTOMERS,
        due=45,
        follow_ups=("recognition", "recommend_workplace"),
    ),
)


def act_on_results(
    session: Session, wave: Wave, *, teams: Mapping[str, Team], months: Sequence[date], month: int
) -> None:
    """Write down what a month's released wave leads to, and note what has moved since."""
    on = months[month] + timedelta(days=DAYS_OF_THOUGHT if month < len(months) - 1 else 0)
    now = datetime.combine(on, time(9), UTC)
    for planned in ACTIONS:
        if planned.month == month:
            _write(session, wave, planned, team=teams[planned.team], last=months[-1], now=now)
        for when, status, because in planned.moves:
            if when == month:
                action = session.scalars(select(Action).where(Action.title == planned.title)).one()
                actor = _somebody(session, planned.owner, on=on)
                actions.move_action(session, action, status, because=because, actor=actor, now=now)
    session.commit()


def _write(
    session: Session, wave: Wave, planned: PlannedAction, *, team: Team, last: date, now: datetime
) -> None:
    kind, key = planned.about
    owner = people.find_by_email(session, planned.owner)
    draft = Draft(
        title=planned.title,
        said=planned.said,
        wave_id=wave.id,
        about_kind=kind,
        about_key=key,
        team_id=team.id,
        is_for_all=planned.is_for_all,
        owner_id=owner.id if owner is not None else None,
        due_on=None if planned.due is None else last + timedelta(days=planned.due),
        tag=planned.tag,
        competency=planned.competency,
        because=planned.because,
        follow_ups=planned.follow_ups,
    )
    actor = _somebody(session, planned.writer, on=now.date())
    actions.add_action(session, draft, decision=planned.decision, actor=actor, now=now)


def _somebody(session: Session, address: str, *, on: date) -> Actor:
    """Find where one of the demo's people with a role stands."""
    person = people.find_by_email(session, address)
    if person is None:
        raise AssertionError(f"{address} is one of the demo's people")
    return actor_of(
        session,
        person.id,
        roles={grant.role for grant in person.grants},
        managed_team_ids={grant.team_id for grant in person.grants if grant.team_id is not None},
        on=on,
    )
