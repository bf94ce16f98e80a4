"""Filling the demo organisation through the real services, month by month."""

from __future__ import annotations

import calendar
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import handover
from app.demo import plan as plans
from app.demo.actions import act_on_results
from app.demo.answers import RESPONSE_SHARE, customer_answers, employee_answers
from app.demo.ballots import PostBallot, cast
from app.demo.comments import take_up_comments
from app.demo.plan import Plan, TeamPlan
from app.exchange import CollectorClient
from app.installation import Installation
from app.key_folder import KeyFolder
from app.models import CustomerLink, Person, RosterEntry, SurveyVersion, Team, Wave
from app.services import (
    accounts,
    people,
    promises,
    roles,
    survey_versions,
    teams,
    touchpoints,
    waves,
)
from app.services.customer_responses import Entry, new_submission, record_many
from app.services.letters import Letters
from app.services.roll_ups import roll_up
from surveys.answers import read_answers
from surveys.questionnaires import Questionnaire

OPEN_WAVE_SHARE = 0.4
WAVE_DAYS = 12
N_CODES_SHOWN = 24

# Posts one employee's form to the collector: wave key and fields.
PostAnswer = Callable[[str, Mapping[str, str]], None]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """
    One invented employee: the person and their lasting departure from the team.

    Those with a role are left to the visitors, who take their ballots themselves.
    """

    person_id: int
    person: Person
    team: TeamPlan
    temper: float
    role: str


@dataclass(slots=True, kw_only=True)
class Demo:
    """What stands so far."""

    session: Session
    plan: Plan
    collector: CollectorClient
    installation: Installation
    keys: KeyFolder
    post_answer: PostAnswer
    post_ballot: PostBallot
    teams: dict[str, Team] = field(default_factory=dict)
    employees: list[Employee] = field(default_factory=list)
    pulse: SurveyVersion | None = None
    links: dict[tuple[str, str], list[CustomerLink]] = field(default_factory=dict)

    @staticmethod
    def draws(what: str) -> random.Random:
        """
        Start the random draws for one purpose.

        Each has a stream of its own, and none draws from it in a number that depends on
        the calendar, so that demos made on different days differ in their dates alone.
        """
        return random.Random(f"{plans.SEED} {what}")  # noqa: S311 - invented data, no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFacts:
    """What a visitor needs to know of the filled demo."""

    wave_id: int
    wave_key: str
    unused_codes: tuple[str, ...]
    customer_link: str


def seed_demo(
    session: Session,
    *,
    collector: CollectorClient,
    installation: Installation,
    keys: KeyFolder,
    post_answer: PostAnswer,
    post_ballot: PostBallot,
    today: date,
    progress: Progress = lambda line: None,
) -> DemoFacts:
    """
    Fill an empty installation with the demo organisation.

    `session` is committed on the way, as the handover between the two programs demands.
    """
    demo = Demo(
        session=session,
        plan=plans.make_plan(today=today),
        collector=collector,
        installation=installation,
        keys=keys,
        post_answer=post_answer,
        post_ballot=post_ballot,
    )
    start = _instant(demo.plan.months[0])
    _found_organisation(demo, start)
    _prepare_surveys(demo, start)
    progress(f"{plans.N_EMPLOYEES} employees in {len(demo.teams)} teams")
    wave, letters, used, n_answered = None, None, frozenset[str](), 0
    for month in range(plans.N_MONTHS):
        _change_organisation(demo, month)
        if wave is not None and month == plans.N_MONTHS - 1:
            take_up_comments(session, wave, today=demo.plan.months[month])
        wave, letters, used, n_answered = _run_wave(demo, month, today=today)
        act_on_results(session, wave, teams=demo.teams, months=demo.plan.months, month=month)
        n_customers = _ask_customers(demo, month, today=today)
        progress(f"{wave.title}: {n_answered} employees, {n_customers} customers answered")
    session.commit()
    while roll_up(session, limit=5_000):
        session.commit()
    progress("customers' answers added up")
    if wave is None or letters is None:
        raise AssertionError("there is at least one month")
    unused = [code for group in letters.groups for code in group.codes if code not in used]
    demo.draws("shown codes").shuffle(unused)
    link = demo.links["Calls North", "Question or complaint"][0]
    return DemoFacts(
        wave_id=wave.id,
        wave_key=wave.key,
        unused_codes=tuple(unused[:N_CODES_SHOWN]),
        customer_link=link.token,
    )


def _found_organisation(demo: Demo, start: datetime) -> None:
    session, on = demo.session, start.date()
    whole = teams.add_team(session, name=plans.ORGANISATION, parent=None, on=on)
    demo.teams[plans.ORGANISATION] = whole
    for division in plans.DIVISIONS:
        demo.teams[division] = teams.add_team(session, name=division, parent=whole, on=on)
    for team in demo.plan.teams:
        if team.name != plans.LATE_TEAM:
            demo.teams[team.name] = teams.add_team(
                session, name=team.name, parent=demo.teams[team.division], on=on
            )
    rng = demo.draws("people")
    # The people with a role of their own are ordinary members of different teams.
    offices = [t for t in demo.plan.teams if t.division != plans.WITHOUT_EMAIL]
    special = dict(zip((team.name for team in offices[::3]), plans.ROLE_PEOPLE, strict=False))
    for team in demo.plan.teams:
        place = plans.LATE_TEAM_PARENT_TEAM if team.name == plans.LATE_TEAM else team.name
        for seat in range(team.size):
            role, email, name = "", *_somebody(rng, len(demo.employees))
            if seat == 0 and team.name in special:
                role, email, name = special[team.name]
            person = people.add_person(
                session,
                name=name,
                email=None if team.division == plans.WITHOUT_EMAIL else email,
                team=demo.teams[place],
                on=on,
            )
            _give_role(demo, person, role)
            temper = rng.gauss(0, 0.6)
            demo.employees.append(
                Employee(person_id=person.id, person=person, team=team, temper=temper, role=role)
            )
    session.commit()


def _somebody(rng: random.Random, number: int) -> tuple[str, str]:
    first, last = rng.choice(plans.FIRST_NAMES), rng.choice(plans.LAST_NAMES)
    return f"{first}.{last}.{number + 1}@tidewell.example".lower(), f"{first} {last}"


def _give_role(demo: Demo, person: Person, role: str) -> None:
    if not role:
        return
    accounts.set_first_password(demo.session, person, plans.PASSWORD)
    if role == "manager":
        roles.grant_team(demo.session, person, demo.teams["Contact centre"])
    elif role != "employee":
        roles.grant(demo.session, person, role)


def _prepare_surveys(demo: Demo, start: datetime) -> None:
    session = demo.session
    demo.pulse = survey_versions.copy_bundled(session, "monthly_pulse", now=start)
    asked = survey_versions.copy_bundled(session, "customer_experience", now=start)
    rng = demo.draws("channels")
    places = {
        name: touchpoints.add_touchpoint(session, name=name, stage=stage)
        for name, stage in plans.TOUCHPOINTS.items()
    }
    for team in demo.plan.teams:
        if team.name == plans.LATE_TEAM:
            continue
        for place in plans.SERVES[team.division]:
            demo.links[team.name, place] = [
                touchpoints.add_link(
                    session,
                    places[place],
                    channel=channel,
                    team=demo.teams[team.name],
                    version=asked,
                    now=start,
                )
                for channel in sorted(rng.sample(plans.DEMO_CHANNELS, 3))
            ]
    session.commit()


def _change_organisation(demo: Demo, month: int) -> None:
    """Rename one team and open another half-way."""
    session, on = demo.session, demo.plan.months[month]
    if month == plans.RENAMED_IN_MONTH:
        old, new = plans.RENAMED_TEAM
        teams.rename_team(session, demo.teams[old], name=new)
    if month == plans.LATE_TEAM_OPENS_IN_MONTH:
        division = next(t.division for t in demo.plan.teams if t.name == plans.LATE_TEAM)
        late = teams.add_team(session, name=plans.LATE_TEAM, parent=demo.teams[division], on=on)
        demo.teams[plans.LATE_TEAM] = late
        for employee in demo.employees:
            if employee.team.name == plans.LATE_TEAM:
                people.move_person(session, employee.person, team=late, on=on)
        parent = demo.links[plans.LATE_TEAM_PARENT_TEAM, "Account online"]
        demo.links[plans.LATE_TEAM, "Account online"] = [
            touchpoints.add_link(
                session,
                link.touchpoint,
                channel=link.channel,
                team=late,
                version=link.survey_version,
                now=_instant(on),
            )
            for link in parent
        ]
    session.commit()


def _run_wave(demo: Demo, month: int, *, today: date) -> tuple[Wave, Letters, frozenset[str], int]:
    """
    Open a month's wave, have it answered and, unless it is the last, close it.

    Earlier waves were all by letter, which keeps the filling quick; the open one is by ballot.
    """
    session, first = demo.session, demo.plan.months[month]
    is_last = month == plans.N_MONTHS - 1
    closes_on = today + timedelta(days=WAVE_DAYS) if is_last else first + timedelta(days=WAVE_DAYS)
    opened = _instant(first)
    if demo.pulse is None:
        raise AssertionError("the pulse is prepared first")
    wave = waves.create(
        session,
        title=f"{calendar.month_name[first.month]} {first.year}",
        survey_version=demo.pulse,
        opens_on=first,
        closes_on=closes_on,
        rights="ballots" if is_last else "letters",
        now=opened,
    )
    promises.write_promise(wave, plans.PROMISE)
    session.commit()
    given: dict[str, Any] = {
        "collector": demo.collector,
        "installation": demo.installation,
        "now": opened,
    }
    handover.prepare_wave(session, wave.id, keys=demo.keys, **given)
    letters = handover.open_wave(session, wave.id, **given)
    share = OPEN_WAVE_SHARE if is_last else RESPONSE_SHARE
    used, n_answered = _answer(demo, wave, letters, month=month, share=share)
    if not is_last:
        closed = _instant(closes_on + timedelta(days=1))
        handover.close_wave(session, wave.id, collector=demo.collector, keys=demo.keys, now=closed)
    return wave, letters, used, n_answered


def _answer(
    demo: Demo, wave: Wave, letters: Letters, *, month: int, share: float
) -> tuple[frozenset[str], int]:
    """Let most people answer: those of letter groups draw their letters, others take ballots."""
    rng = demo.draws(f"employees {month}")
    # Codes are random already, so a box needs no shaking.
    boxes = {group.group: list(group.codes) for group in letters.groups}
    questionnaire = Questionnaire.from_dict((wave.opening or {})["questionnaire"])
    by_name = {team.name: team for team in demo.plan.teams}
    roster = select(RosterEntry.person_id, RosterEntry.group_key)
    rows = demo.session.execute(roster.where(RosterEntry.wave_id == wave.id))
    group_of = {person: group for person, group in rows}
    used, n_ballots = set(), 0
    for employee in demo.employees:
        # Drawn for everybody, so that one person's silence leaves the others' answers alone.
        is_early = employee.team.name == plans.LATE_TEAM and plans.LATE_TEAM not in demo.teams
        team = by_name[plans.LATE_TEAM_PARENT_TEAM] if is_early else employee.team
        form = employee_answers(rng, questionnaire, team=team, month=month, person=employee.temper)
        answers = rng.random() < share
        group = group_of[employee.person_id]
        if group in boxes:
            code = boxes[group].pop()
            if answers:
                demo.post_answer(wave.key, {"code": code, **form})
                used.add(code)
        elif answers and not employee.role:
            cast(
                demo.session, wave, employee.person_id, form, keys=demo.keys, post=demo.post_ballot
            )
            n_ballots += 1
    demo.session.commit()
    return frozenset(used), len(used) + n_ballots


def _ask_customers(demo: Demo, month: int, *, today: date) -> int:
    """Record a month's customers, spread over its days up to today."""
    first = demo.plan.months[month]
    last = min(first.replace(day=calendar.monthrange(first.year, first.month)[1]), today)
    n_days = (last - first).days + 1
    open_teams = [team for team in demo.plan.teams if team.name in demo.teams]
    per_month = plans.N_CUSTOMER_ANSWERS // plans.N_MONTHS
    extra = plans.N_CUSTOMER_ANSWERS - per_month * plans.N_MONTHS if month == 0 else 0
    some_link = next(iter(demo.links.values()))[0]
    asked = survey_versions.questionnaire_of(some_link.survey_version)
    rng, entries = demo.draws(f"customers {month}"), []
    for _ in range(per_month + extra):
        team = rng.choice(open_teams)
        place = rng.choice(
            [name for name in plans.SERVES[team.division] if (team.name, name) in demo.links]
        )
        link = rng.choice(demo.links[team.name, place])
        form = customer_answers(rng, team=team, month=month, touchpoint=place)
        entries.append(
            Entry(
                link_id=link.id,
                team_id=link.team_id,
                submission=new_submission(),
                answers=read_answers(asked, {k: [v] for k, v in form.items()}).answers,
                answered_on=first + timedelta(days=int(rng.random() * n_days)),
            )
        )
    record_many(demo.session, entries)
    demo.session.commit()
    return len(entries)


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
