"""
S-3: everything that anybody is ever shown settles nobody's answer.

An organisation releases two waves.  Somebody signs in as every role, fetches every page
and file that can be reached and opens all mail, reads every number off them, and solves
for whole numbers of answers in each team that fit.  The attacker knows how many answered
each item in each team, has the releases themselves, and has colleagues who tell.
Four weaker rules are planted in the product and must each be found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_app
from app.config import Settings
from app.models import Person, Release
from app.reporting import build, panel
from app.reporting.figures import Count
from surveys.questionnaires import load
from surveys.questions import Comment
from tests import factories
from tests.app.released import make_due_reports
from tests.attack.full_view.companies import WaveAnswers, draw_company, draw_wave
from tests.attack.full_view.explaining import Tables, numbers_of
from tests.attack.full_view.policies import PRODUCT, WEAKER, Policy
from tests.attack.full_view.sweeping import (
    keeping_numbers,
    linkage_made_anew,
    public_numbers,
    strange_numbers,
    told_totals,
    unreached,
)
from tests.attack.full_view.viewing import (
    look_around,
    release_waves,
    solve,
    staff_of,
    view_of,
)
from tests.factories import START

pytestmark = pytest.mark.attack

SEED, N_TEAMS = 2, 7
NEW_COMMENT = Comment(key="new", text="New").max_length  # what a form proposes
WITHOUT_CUSTOMERS = {"report.customer_comments", "report.customers_csv"}


@pytest.fixture
def app(database_url, tmp_path) -> Iterator[Flask]:
    """The application on a database of its own."""
    app = create_app(
        Settings(
            secret_key="a secret key for nothing but tests",
            database_url=database_url,
            organisation="Whole",
            collector_token="an installation token for tests",
            key_folder=str(tmp_path / "keys"),
        )
    )
    yield app
    app.extensions["sessions"].kw["bind"].dispose()


@pytest.fixture
def session(app) -> Iterator[Session]:
    """A session on that database."""
    with app.extensions["sessions"]() as session:
        yield session


@pytest.fixture(autouse=True)
def numbered_from_one(monkeypatch) -> None:
    """Number versions and names as in a run of this test alone: every number is accounted for."""
    monkeypatch.setattr(factories, "_numbers", count(1))


@pytest.fixture
def waves() -> list[WaveAnswers]:
    """Two waves of one organisation."""
    company = draw_company(SEED, n_teams=N_TEAMS)
    return [draw_wave(company, number, seed=SEED) for number in range(2)]


@pytest.fixture
def publish(session, waves) -> Callable[[Policy], tuple[dict[str, Person], Tables]]:
    """Release and report by a policy; give the people who may look, and the tables of cells."""

    def publish(policy: Policy) -> tuple[dict[str, Person], Tables]:
        with policy.planted():
            releases = [policy.release(wave) for wave in waves]
            teams = release_waves(session, waves, releases)
            make_due_reports(session)
        return staff_of(session, teams, tree=waves[-1].hierarchy), policy.tables(releases)

    return publish


def test_everything_shown_settles_nobody(app, session, publish, waves) -> None:
    """No class, no answer and no total of a few is settled, and every number is explained."""
    people, tables = publish(PRODUCT)

    view = view_of(look_around(app, session, people), tables)

    # Every figure is what the tables of cells say (R3), and so is every number anywhere.
    assert view.unexplained == []
    linkage = linkage_made_anew(session, tables, today=datetime.now(UTC).date())
    asked = [waves[0].questionnaire, load("monthly_pulse")]
    known = {
        *public_numbers(tables, waves, asked=asked),
        *keeping_numbers(waves, app.config["SETTINGS"]),
        *numbers_of([linkage, NEW_COMMENT]),
        *numbers_of([START.isoformat(), datetime.now(UTC).date().isoformat()]),
    }
    assert list(strange_numbers(view.seen, known)) == []
    assert list(told_totals(view.seen, tables)) == []
    # Nor is the salt anywhere, without which a release's public digest confirms no guess.
    salts = [
        json.loads(text)["salt"].encode() for text in session.scalars(select(Release.document))
    ]
    assert len(salts) == 2
    assert not any(salt in seen.content for salt in salts for seen in view.seen)
    # And so nobody can be solved for.
    assert list(solve(view, waves, knows_tables=True, tells=True)) == []
    # The attack saw what there is: all pages of results, and a figure for each measure.
    assert {
        e for e in unreached(app, view.seen) if e.startswith(("report.", "comments."))
    } <= WITHOUT_CUSTOMERS
    assert {(f.wave, f.measure) for f in view.shown if f.measure} == {
        (title, measure) for title, t in tables.by_title.items() for measure in t.columns
    }


@pytest.mark.parametrize("policy", WEAKER, ids=lambda policy: policy.name)
def test_weaker_policies_are_found(app, session, publish, waves, policy, monkeypatch) -> None:
    """What each leaves open is found from the pages of HR alone, without anybody telling."""
    # Drawing is what takes time, and the tables say the same.
    monkeypatch.setattr(build, "trend_charts", lambda *lines, **options: {})
    people, tables = publish(policy)

    view = view_of(look_around(app, session, {"hr": people["hr"]}, within="/reports/"), tables)

    assert next(solve(view, waves, knows_tables=False, tells=False), None) is not None
    assert bool(view.unexplained) == policy.has_raw_totals


def test_an_exact_total_beside_bounds_is_found(app, session, publish, monkeypatch) -> None:
    """Where the linkage page adds up the true numbers of answers, that is seen."""

    def told(rows: Any) -> Count:
        return Count(least=int(rows["n"].sum()))

    monkeypatch.setattr(panel, "_answered", told)
    people, tables = publish(PRODUCT)
    lookers = {"executive": people["executive"]}

    view = view_of(look_around(app, session, lookers, within="/reports/linkage"), tables)

    assert list(told_totals(view.seen, tables))
