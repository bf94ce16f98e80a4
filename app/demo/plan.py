"""Who the demo organisation is, and what was planted in its data."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from surveys.promises import Promise

SEED = 20261122
ORGANISATION = "Tidewell Utilities"
N_EMPLOYEES = 400
N_MONTHS = 9
N_CUSTOMER_ANSWERS = 20_000
PASSWORD = "the river runs clear"  # noqa: S105 - printed for everybody; the demo is local

# What was planted; docs/demo.md says the same, and a test reads the reports for it.
BETWEEN_CORRELATION = 0.6
LAG_SLOPE = 0.6
BETWEEN_SD = 0.40
STATE_SD = 0.28
STATE_MEMORY = 0.4

PROMISE = Promise(
    purposes=(
        "To find out what helps or hinders people in their daily work, so that teams can agree"
        " on what to change.\n"
        "To see whether customers are better served where people work well. Only figures of"
        " teams are compared for that.\n"
        "Not for judging anybody: no pay, promotion or contract depends on the results."
    ),
    readers=(
        "Everybody: the figures of Tidewell Utilities and of their own group.\n"
        "Managers: the figures of the groups in which their teams are.\n"
        "Hana Resources and the two others of People and Culture: all figures, and the comments.\n"
        "The executive board: the page that compares teams with what customers say."
    ),
    contact=(
        "Works council, room 012, works.council@tidewell.example\n"
        "Data protection officer, privacy@tidewell.example"
    ),
)

DIVISIONS = {
    "Contact centre": ("Calls North", "Calls South", "Calls West", "Chat", "Complaints"),
    "Field service": ("Crew Harbour", "Crew Hill", "Crew Lake", "Crew Valley", "Meter team"),
    "Shops": ("Shop Centre", "Shop East", "Shop Station", "Shop Market", "Pop-up shop"),
    "Billing": ("Invoicing", "Payments", "Moving home", "Business accounts"),
    "Digital": ("Website", "App", "Online accounts", "Accessibility desk", "Help pages"),
}
# Crews on the road have neither e-mail addresses nor accounts: they answer by letter.
WITHOUT_EMAIL = "Field service"
SMALL_TEAMS = {"Pop-up shop": 4, "Accessibility desk": 5}
NEAR_UNANIMOUS_TEAM = "Crew Lake"
NEAR_UNANIMOUS_LIFT = 3.5  # in standard deviations, so that hardly anybody there disagrees
RENAMED_TEAM = ("Chat", "Chat and messages")
LATE_TEAM = "Help pages"  # opened half-way, with people from "Website"
LATE_TEAM_PARENT_TEAM = "Website"
RENAMED_IN_MONTH = 4
LATE_TEAM_OPENS_IN_MONTH = 5

TOUCHPOINTS = {
    "Advice before signing up": "discovery",
    "Signing up": "purchase",
    "Bill": "use",
    "Account online": "use",
    "Repair visit": "service",
    "Question or complaint": "service",
}
DEMO_CHANNELS = ("link", "email", "qr", "kiosk", "widget")
SERVES = {
    "Contact centre": ("Question or complaint", "Signing up"),
    "Field service": ("Repair visit",),
    "Shops": ("Advice before signing up", "Signing up"),
    "Billing": ("Bill", "Question or complaint"),
    "Digital": ("Account online", "Signing up"),
}
ROLE_PEOPLE = (
    ("employee", "employee@tidewell.example", "Edda Employee"),
    ("manager", "manager@tidewell.example", "Milo Manager"),
    ("hr", "hr@tidewell.example", "Hana Resources"),
    ("executive", "executive@tidewell.example", "Emil Executive"),
    ("cx_manager", "cx@tidewell.example", "Carla Customer"),
    ("administrator", "admin@tidewell.example", "Ada Administrator"),
)
FIRST_NAMES = tuple(
    "Alma Bruno Cora Dario Elin Fritz Greta Hugo Ines Jonas Kaja Leo Mara Nils Olga Pavel Quinn"
    " Rosa Sven Tara Ugo Vera Wim Xenia Yara Zeno".split()
)
LAST_NAMES = tuple(
    "Ashford Beck Calder Dale Ember Fenn Garth Holm Isley Jarrow Kirk Lund Moor Ness Orrin Pell"
    " Quill Rook Stone Thorn Ulver Vale Wold Yarrow".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPlan:
    """One leaf team: its size and its true scores, in points of the survey scales."""

    name: str
    division: str
    size: int
    engagement: float
    satisfaction: float
    engagement_by_month: tuple[float, ...]
    satisfaction_by_month: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole demo organisation before anybody answered."""

    months: tuple[date, ...]
    teams: tuple[TeamPlan, ...]


def months_up_to(today: date) -> tuple[date, ...]:
    """List the first days of the nine months that end with today's."""
    months = [today.replace(day=1)]
    while len(months) < N_MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return tuple(reversed(months))


def make_plan(*, today: date, seed: int = SEED) -> Plan:
    """
    Draw the organisation: the same for the same seed, whatever the day.

    The stable parts of engagement and satisfaction correlate at exactly
    `BETWEEN_CORRELATION` over the teams; a month's satisfaction moves by `LAG_SLOPE`
    times last month's departure of the team's engagement from its own level.
    """
    rng = random.Random(seed)  # noqa: S311 - invented data, no secret
    names = [(team, division) for division, teams in DIVISIONS.items() for team in teams]
    sizes = _sizes(rng, [team for team, _ in names])
    lifts = [NEAR_UNANIMOUS_LIFT if team == NEAR_UNANIMOUS_TEAM else 0.0 for team, _ in names]
    engaged, satisfied = _correlated(rng, lifts)
    teams = []
    for index, (team, division) in enumerate(names):
        moods, moved = _months(rng)
        teams.append(
            TeamPlan(
                name=team,
                division=division,
                size=sizes[team],
                engagement=BETWEEN_SD * engaged[index],
                satisfaction=BETWEEN_SD * satisfied[index],
                engagement_by_month=moods,
                satisfaction_by_month=moved,
            )
        )
    return Plan(months=months_up_to(today), teams=tuple(teams))


def _sizes(rng: random.Random, names: list[str]) -> dict[str, int]:
    sizes = {name: SMALL_TEAMS.get(name) or rng.randint(12, 23) for name in names}
    free = [name for name in names if name not in SMALL_TEAMS]
    while (gap := N_EMPLOYEES - sum(sizes.values())) != 0:
        name = rng.choice(free)
        step = 1 if gap > 0 else -1
        if 11 <= sizes[name] + step <= 26:
            sizes[name] += step
    return sizes


def _correlated(rng: random.Random, lifts: Sequence[float]) -> tuple[list[float], list[float]]:
    """Draw two standardised lists whose correlation is exactly the planted one."""
    first = _standardised([rng.gauss(0, 1) + lift for lift in lifts])
    other = _standardised([rng.gauss(0, 1) for _ in lifts])
    shared = sum(a * b for a, b in zip(first, other, strict=True)) / len(lifts)
    rest = _standardised([b - shared * a for a, b in zip(first, other, strict=True)])
    own = math.sqrt(1 - BETWEEN_CORRELATION**2)
    second = [BETWEEN_CORRELATION * a + own * b for a, b in zip(first, rest, strict=True)]
    return first, second


def _standardised(values: list[float]) -> list[float]:
    mean = sum(values) / len(values)
    sd = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    return [(value - mean) / sd for value in values]


def _months(rng: random.Random) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Draw a team's monthly departures: engagement first, satisfaction a month behind it."""
    innovation = STATE_SD * math.sqrt(1 - STATE_MEMORY**2)
    moods = [rng.gauss(0, STATE_SD)]
    moved = [rng.gauss(0, 0.1)]
    for _ in range(N_MONTHS - 1):
        moved.append(LAG_SLOPE * moods[-1] + rng.gauss(0, 0.08))
        moods.append(STATE_MEMORY * moods[-1] + rng.gauss(0, innovation))
    return tuple(moods), tuple(moved)
