"""The demo organisation: what docs/demo.md says was planted is found again in the reports."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import func, select

from analysis import link
from analysis.demeaning import two_way_demeaned
from app.demo import plan
from app.demo.comments import ANSWERS
from app.key_folder import KeyFolder
from app.models import (
    Action,
    CountingGroup,
    CustomerLink,
    CustomerResponse,
    Issuance,
    Person,
    RosterEntry,
    Team,
    Touchpoint,
    Wave,
)
from app.models.action import STATUSES
from app.queries import releases, roll_ups
from app.queries.actions import later_wave
from app.queries.comments import ANSWERED, comments_of
from app.queries.viewing import latest_released_wave
from app.reporting.build import OUTCOME, SEED
from app.reporting.panel import linkage_panel, month_ordinal
from app.said import said_to_everybody
from surveys.lifecycle import State


@pytest.fixture(scope="module")
def released(demo):
    """The documents of all released waves, oldest first."""
    with demo.session() as session:
        return [wave.document for wave in releases.released_waves(session)]


@pytest.fixture(scope="module")
def panel(demo, released):
    """Both sides of the linkage, as the executive page reads them once today is over."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    with demo.session() as session:
        customers = roll_ups.team_months(session, item=OUTCOME, before=tomorrow)
    return linkage_panel(released, customers, outcome="customer satisfaction")


@pytest.fixture(scope="module")
def linkage(panel):
    return link(panel.employee, panel.customer, seed=SEED, dropped=panel.dropped)


def cells_of(release, team):
    """Find the names of all teams that share a cell with this one."""
    named = {row["team"]: row["name"] for row in release["hierarchy"]}
    key = next((k for k, name in named.items() if name == team), None)
    return [
        (cell, {named[member] for member in cell["teams"]})
        for cell in release["cells"]
        if key in cell["teams"]
    ]


def test_it_has_the_size_that_was_promised(demo):
    """400 employees, 30 teams on three levels, 20,000 answers, six touchpoints, five channels."""
    with demo.session() as session:

        def count(column):
            return session.scalar(select(func.count(column.distinct())))

        assert count(Person.id) == 400
        assert count(Team.id) == 30
        assert count(CustomerResponse.id) == 20_000
        assert count(Touchpoint.id) == 6
        assert count(CustomerLink.channel) == 5


def test_the_last_of_nine_waves_is_open(demo):
    """Eight monthly waves are released, and the ninth takes answers."""
    with demo.session() as session:
        waves = session.scalars(select(Wave).order_by(Wave.opens_on)).all()

        assert [wave.state for wave in waves] == [State.RELEASED] * 8 + [State.OPEN]
        months = [month_ordinal(wave.opens_on) for wave in waves]
    assert months == list(range(months[0], months[0] + 9))


def test_no_customer_answers_tomorrow(demo):
    """Every answer lies between the first month and today."""
    with demo.session() as session:
        first, last = session.execute(
            select(func.min(CustomerResponse.answered_on), func.max(CustomerResponse.answered_on))
        ).one()
        opened = session.scalar(select(func.min(Wave.opens_on)))

    assert opened <= first
    assert last <= datetime.now(UTC).date()


def test_the_correlation_between_teams_was_planted_exactly():
    """Over the 24 teams, stable engagement and stable satisfaction correlate at .60."""
    teams = plan.make_plan(today=date(2026, 11, 22)).teams

    r = np.corrcoef([(t.engagement, t.satisfaction) for t in teams], rowvar=False)[0, 1]
    assert len(teams) == 24
    assert r == pytest.approx(0.60, abs=1e-12)


def test_the_corrected_link_holds_the_planted_correlation(linkage):
    """The interval of r, allowing for survey noise, holds .60, and the verdict sees a link."""
    corrected = linkage.link.corrected

    assert corrected.ci_low < plan.BETWEEN_CORRELATION < corrected.ci_high
    assert corrected.ci_low > 0
    assert (linkage.verdict.code, linkage.verdict.direction) == ("clear", "positive")


def test_the_lagged_slope_and_its_correction_hold_the_planted_one_between_them(linkage):
    """
    0.60 lies between the forward lag as shown and the same divided by the reliability.

    The reliability counts lasting differences between people as noise.  They would be, were
    other people asked each month; here the same are, so dividing corrects too much.
    """
    lag, reliability = linkage.panel.lag_forward, linkage.panel.within_reliability_employee

    assert lag.ci_low > 0
    assert lag.estimate < plan.LAG_SLOPE < lag.estimate / reliability


def test_the_lagged_slope_holds_the_planted_one_once_the_truth_about_noise_is_known(
    linkage, panel
):
    """
    Divided by the reliability that only the plan knows, the interval holds 0.60.

    Noise shrinks the slope by the slope of true on measured movements, team and month
    effects taken out of both.
    """
    lag = linkage.panel.lag_forward
    shrinkage = _true_within_reliability(panel)

    assert lag.ci_low / shrinkage < plan.LAG_SLOPE < lag.ci_high / shrinkage


def test_nothing_was_planted_in_the_other_direction(linkage):
    """The interval of the backward lag holds 0."""
    lag = linkage.panel.lag_reverse

    assert lag.ci_low < 0 < lag.ci_high


@pytest.mark.parametrize("team", plan.SMALL_TEAMS)
def test_small_teams_are_counted_with_others(released, team):
    """A team of four or five never has a cell of its own."""
    for release in released:
        ((_, together),) = cells_of(release, team)
        assert len(together) > 1


def test_the_near_unanimous_team_is_shown_as_bounds(released):
    """In most waves some score of that team is a bound, and more often than of any other team."""
    bounds = {
        team: sum(
            item["status"] == "clamped"
            for release in released
            for cell, _ in cells_of(release, team)
            for item in cell["items"].values()
        )
        for _, teams in plan.DIVISIONS.items()
        for team in teams
    }

    assert bounds[plan.NEAR_UNANIMOUS_TEAM] >= len(released)
    assert max(bounds, key=bounds.get) == plan.NEAR_UNANIMOUS_TEAM


def test_a_renamed_team_runs_on(released, panel):
    """*Chat* has eight months under its new name, and no team of the old name is left."""
    old, new = plan.RENAMED_TEAM
    months = panel.employee.scores.groupby("team")["period"].count()

    assert months[new] == len(released)
    assert old not in months
    assert cells_of(released[plan.RENAMED_IN_MONTH - 1], old)
    assert cells_of(released[plan.RENAMED_IN_MONTH], new)


def test_a_late_team_starts_when_it_opens(released, panel):
    """*Help pages* has figures from the sixth month on, and none before."""
    periods = panel.employee.scores.groupby("team")["period"]

    assert periods.count()[plan.LATE_TEAM] == len(released) - plan.LATE_TEAM_OPENS_IN_MONTH
    first = month_ordinal(date.fromisoformat(released[0]["opened_on"]))
    assert periods.min()[plan.LATE_TEAM] == first + plan.LATE_TEAM_OPENS_IN_MONTH


def test_two_plans_are_equal():
    """The same seed gives the same organisation."""
    today = date(2026, 11, 22)

    assert plan.make_plan(today=today) == plan.make_plan(today=today)


def test_another_day_changes_nothing_but_the_months():
    """Demos made on different days differ in their dates alone."""
    one = plan.make_plan(today=date(2026, 11, 22))
    other = plan.make_plan(today=date(2027, 2, 3))

    assert other.months != one.months
    assert replace(other, months=one.months) == one


def test_months_are_the_nine_that_end_today():
    """The year may turn among them."""
    months = plan.months_up_to(date(2027, 2, 28))

    assert months[0] == date(2026, 6, 1)
    assert months[-1] == date(2027, 2, 1)
    assert len(set(months)) == 9


def test_the_open_wave_is_by_ballot_and_crews_have_letters(demo):
    """Who has an account takes a ballot; the field service, on the road, draws letters."""
    with demo.session() as session:
        rows = session.execute(
            select(CountingGroup.right, Team.name, func.count())
            .select_from(RosterEntry)
            .join(RosterEntry.group)
            .join(Team, Team.id == RosterEntry.team_id)
            .where(RosterEntry.wave_id == demo.facts["wave"])
            .group_by(CountingGroup.right, Team.name)
        ).all()
        earlier = session.scalars(
            select(CountingGroup.right).where(CountingGroup.wave_id != demo.facts["wave"])
        ).all()

    by_letter = {team for right, team, _ in rows if right == "letter"}
    by_ballot = {team for right, team, _ in rows if right == "ballot"}
    assert by_letter == set(plan.DIVISIONS[plan.WITHOUT_EMAIL])
    assert not by_letter & by_ballot
    assert sum(n for _, _, n in rows) == 400
    assert set(earlier) == {"letter"}


def test_ballots_were_cast_but_not_those_of_the_visitors(demo):
    """Everybody who signs in to look around can still take a ballot of their own."""
    with demo.session() as session:
        holders = set(
            session.scalars(select(Person.email).join(Issuance, Issuance.person_id == Person.id))
        )
        wave = session.get_one(Wave, demo.facts["wave"])
        signs = KeyFolder(Path(demo.place.settings().key_folder)).holds(wave.key)
        asked = {email for email in session.scalars(select(Person.email)) if email}

    visitors = {user["email"] for user in demo.facts["users"]}
    assert visitors <= asked
    assert len(holders) > 80
    assert not holders & visitors
    assert signs
    assert demo.facts["ballot"] == f"{demo.facts['app']}/ballot/{wave.key}"


def test_programs_can_drive_it_by_its_facts(demo):
    """demo.json has exactly the promised keys, and they work together."""
    facts = json.loads(demo.place.facts.read_text())

    assert set(facts) == {
        *("app", "collector", "users", "customer_link", "employee_codes", "ballot", "wave"),
    }
    assert all(set(user) == {"role", "email", "password"} for user in facts["users"])
    assert [user["role"] for user in facts["users"]] == [
        "employee",
        "manager",
        "hr",
        "executive",
        "cx_manager",
        "administrator",
    ]
    assert facts["customer_link"].startswith(facts["app"] + "/s/")
    assert len(set(facts["employee_codes"])) >= 20
    with demo.session() as session:
        assert session.get(Wave, facts["wave"]).state is State.OPEN


def _true_within_reliability(panel):
    """Regress true on measured engagement over the rows that the forward lag uses."""
    teams = {team.name: team for team in plan.make_plan(today=date(2026, 11, 22)).teams}
    teams[plan.RENAMED_TEAM[1]] = teams[plan.RENAMED_TEAM[0]]
    rows = panel.employee.scores
    after = panel.customer.scores.assign(period=panel.customer.scores["period"] - 1)
    rows = rows.merge(after[["team", "period"]], on=["team", "period"])
    first = rows["period"].min()
    true = [
        np.average(
            [teams[name].engagement_by_month[month - first] for name in label.split(" + ")],
            weights=[teams[name].size for name in label.split(" + ")],
        )
        for label, month in zip(rows["team"], rows["period"], strict=True)
    ]
    codes = {
        "teams": pd.factorize(rows["team"])[0],
        "periods": pd.factorize(rows["period"])[0],
    }
    measured = two_way_demeaned(rows["mean"].to_numpy(), **codes)
    moved = two_way_demeaned(np.array(true), **codes)
    return float(measured @ moved / (measured @ measured))


def test_the_demo_has_acted_on_its_results(demo):
    """Every decision there is, two done with a later wave to look at, four told to everybody."""
    with demo.session() as session:
        actions = session.scalars(select(Action).order_by(Action.id)).all()
        told = said_to_everybody(session)
        done = [action for action in actions if action.status == "done"]

        assert len(actions) == 8
        assert {action.status for action in actions} == set(STATUSES)
        assert len(done) == 2
        assert all(action.follow_ups and later_wave(session, action.wave) for action in done)
        assert [entry.decision for entry in told] == ["done", "will_do", "will_do", "will_not"]
        assert all(a.moves[-1].moved_at.date() <= datetime.now(UTC).date() for a in actions)


def test_comments_of_the_newest_released_wave_are_tagged_and_some_answered(demo):
    """Enough of one tag for its count to stand, and conversations that wait for their authors."""
    with demo.session() as session:
        comments = comments_of(session, latest_released_wave(session))

        assert {tag for tag, n in comments.tag_counts if "fewer" not in n}
        assert sum(c.state == ANSWERED for c in comments.comments) == len(ANSWERS)
