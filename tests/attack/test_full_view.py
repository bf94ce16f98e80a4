"""
S-3: everything that anybody is ever shown settles nobody's answer.

An organisation releases two waves.  Somebody signs in as every role, fetches every page
and file that can be reached and opens all mail, reads every number off them, and solves
for whole numbers of answers in each team that fit.  The attacker knows how many answered
each item in each team, has the releases themselves, and has colleagues who tell.
Four weaker rules are planted in the product and must each be found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import create_app
from app.config import Settings
from app.models import Person
from tests.app.released import make_due_reports
from tests.attack.full_view.companies import WaveAnswers, draw_company, draw_wave
from tests.attack.full_view.explaining import Tables
from tests.attack.full_view.policies import PRODUCT, WEAKER, Policy
from tests.attack.full_view.viewing import (
    look_around,
    release_waves,
    solve,
    staff_of,
    view_of,
)

pytestmark = pytest.mark.attack

SEED, N_TEAMS = 2, 7


@pytest.fixture
def app(database_url, tmp_path) -> Iterator[Flask]:
    """The application on a database of its own."""
    app = create_app(
        Settings(
            secret_key="a secret key for nothing but tests",
            database_url=database_url,
            organisation="Whole",
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

    assert view.unexplained == []
    assert list(solve(view, waves, knows_tables=True, tells=True)) == []


@pytest.mark.parametrize("policy", WEAKER, ids=lambda policy: policy.name)
def test_weaker_policies_are_found(app, session, publish, waves, policy) -> None:
    """What each leaves open is found from the pages of HR alone, without anybody telling."""
    people, tables = publish(policy)

    view = view_of(look_around(app, session, {"hr": people["hr"]}, within="/reports/"), tables)

    assert next(solve(view, waves, knows_tables=False, tells=False), None) is not None
    assert bool(view.unexplained) == policy.has_raw_totals
