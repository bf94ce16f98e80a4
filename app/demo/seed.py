"""Filling the demo organisation through the real services, month by month."""

from __future__ import annotations

import calendar
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from app import handover
from app.demo import plan as plans
from app.demo.answers import RESPONSE_SHARE, customer_answers, employee_answers
from app.demo.plan import Plan, TeamPlan
from app.exchange import CollectorClient
from app.models import CustomerLink, Person, SurveyVersion, Team, Wave
from app.services import accounts, people, roles, survey_versions, teams, touchpoints, waves
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
    """One invented employee: the person and their lasting departure from the team."""

    person: Person
    team: TeamPlan
    temper: float


@dataclass(slots=True, kw_only=True)
class Demo:
    """What stands so far."""

    session: Session
    plan: Plan
    collector: CollectorClient
    post_answer: PostAnswer
    collector_url: str
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
    unused_codes: tuple[str, ...]
    customer_link: str


def seed_demo(
    session: Session,
    *,
    collector: CollectorClient,
    post_answer: PostAnswer,
    collector_url: str,
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
        post_answer=post_answer,
        collector_url=collector_url,
    )
    start = _instant(demo.plan.months[0])
    _found_organisation(demo, start)
    _prepare_surveys(demo, start)
    progress(f"{plans.N_EMPLOYEES} employees in {len(demo.teams)} teams")
    wave, letters, used = None, None, frozenset[str]()
    for month in range(plans.N_MONTHS):
        _change_organisation(demo, month)
        wave, letters, used = _run_wave(demo, month, today=today)
        n_customers = _ask_customers(demo, month, today=today)
        progress(f"{wave.title}: {len(used)} employees, {n_customers} customers answered")
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
    special = list(plans.ROLE_PEOPLE)
    for number, team in enumerate(demo.plan.teams):
        place = plans.LATE_TEAM_PARENT_TEAM if team.name == plans.LATE_TEAM else team.name
        for seat in range(team.size):
            role, email, name = "", *_somebody(rng, len(demo.employees))
            if seat == 0 and number % 4 == 0 and special:
                role, email, name = special.pop(0)
            person = people.add_person(
                session, name=name, email=email, team=demo.teams[place], on=on
            )
            _give_role(demo, person, role)
            temper = rng.gauss(0, 0.6)
            demo.employees.append(Employee(person=person, team=team, temper=temper))
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


def _run_wave(demo: Demo, month: int, *, today: date) -> tuple[Wave, Letters, frozenset[str]]:
    """Open a month's wave, have it answered and, unless it is the last, close it."""
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
        now=opened,
    )
    session.commit()
    letters = handover.open_wave(
        session,
        wave.id,
        collector=demo.collector,
        organisation=plans.ORGANISATION,
        collector_url=demo.collector_url,
        now=opened,
    )
    share = OPEN_WAVE_SHARE if is_last else RESPONSE_SHARE
    used = _answer(demo, wave, letters, month=month, share=share)
    if not is_last:
        closed = _instant(closes_on + timedelta(days=1))
        handover.close_wave(session, wave.id, collector=demo.collector, now=closed)
    return wave, letters, used


def _answer(
    demo: Demo, wave: Wave, letters: Letters, *, month: int, share: float
) -> frozenset[str]:
    """Let each group draw its letters, and most of its people answer."""
    rng = demo.draws(f"employees {month}")
    # Codes are random already, so a box needs no shaking.
    boxes = {group.group: list(group.codes) for group in letters.groups}
    opening = wave.opening or {}
    group_of = {team: group["group"] for group in opening["groups"] for team in group["teams"]}
    questionnaire = Questionnaire.from_dict(opening["questionnaire"])
    by_name = {team.name: team for team in demo.plan.teams}
    used = set()
    for employee in demo.employees:
        # Drawn for everybody, so that one person's silence leaves the others' answers alone.
        is_early = employee.team.name == plans.LATE_TEAM and plans.LATE_TEAM not in demo.teams
        team = by_name[plans.LATE_TEAM_PARENT_TEAM] if is_early else employee.team
        form = employee_answers(rng, questionnaire, team=team, month=month, person=employee.temper)
        code = boxes[group_of[demo.teams[team.name].key]].pop()
        if rng.random() < share:
            demo.post_answer(wave.key, {"code": code, **form})
            used.add(code)
    return frozenset(used)


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
