"""S-3 at large: the full view of many organisations, and of the whole demo."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_app
from app.config import Settings
from app.demo import plan as plans
from app.demo.run import Place
from app.models import Person, Team
from app.queries.releases import released_waves
from app.services import roles
from collector import closing
from surveys.disclosure import Thresholds
from tests.app.released import make_due_reports
from tests.attack.full_view.companies import WaveAnswers, draw_company, draw_wave
from tests.attack.full_view.explaining import numbers_of
from tests.attack.full_view.policies import PRODUCT, WEAKER, Policy
from tests.attack.full_view.sweeping import (
    drawings_made_anew,
    linkage_made_anew,
    public_numbers,
    strange_numbers,
    told_totals,
    unreached,
)
from tests.attack.full_view.viewing import (
    View,
    look_around,
    release_waves,
    solve,
    staff_of,
    view_of,
)
from tests.demo import Demo, fill

pytestmark = [pytest.mark.attack, pytest.mark.long]

# Pages before signing in; of drafts, of which the demo has none; drawings; the customers' door.
NOT_REACHED = {
    "static",
    "home.healthz",
    "account.sign_in",
    "account.forgotten",
    "account.link_sent",
    "account.set_password",
    "promises.edit",
    "respond.questionnaire",
    "respond.thanks",
    "surveys.add_construct",
    "surveys.add_item",
    "surveys.construct",
    "surveys.details",
    "surveys.item",
    "surveys.remove_construct",
    "touchpoints.code",
    "waves.edit",
    "waves.preview",
}
PROFILES = (Thresholds.of("default"), Thresholds.of("strict"))


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


def draw_waves(seed: int, *, n_teams: int, thresholds: Thresholds) -> list[WaveAnswers]:
    """Draw two waves of an organisation."""
    company = draw_company(seed, n_teams=n_teams)
    return [draw_wave(company, n, seed=seed, thresholds=thresholds) for n in range(2)]


def pages_of(app: Flask, policy: Policy, waves: list[WaveAnswers], *roles: str) -> View:
    """Publish by a policy, and look around as some roles."""
    with app.extensions["sessions"]() as session:
        with policy.planted():
            releases = [policy.release(wave) for wave in waves]
            teams = release_waves(session, waves, releases)
            make_due_reports(session)
        people = staff_of(session, teams, tree=waves[-1].hierarchy)
        lookers = {role: people[role] for role in roles}
        seen = list(look_around(app, session, lookers, within="/reports/"))
        return view_of(seen, policy.tables(releases))


@pytest.mark.parametrize("thresholds", PROFILES, ids=lambda t: t.profile)
@pytest.mark.parametrize("seed", range(100, 112))
def test_tables_of_many_organisations_settle_nobody(seed, thresholds) -> None:
    """The releases themselves, of twenty-four teams, with all who may tell."""
    waves = draw_waves(seed, n_teams=24, thresholds=thresholds)
    tables = PRODUCT.tables([PRODUCT.release(wave) for wave in waves])

    found = solve(View(seen=[], shown=[], tables=tables), waves, knows_tables=True, tells=True)

    assert list(found) == []


@pytest.mark.parametrize("seed", range(200, 206))
def test_pages_of_larger_organisations_settle_nobody(app, seed) -> None:
    """Everything that HR and managers of sixteen teams read, solved as one."""
    waves = draw_waves(seed, n_teams=16, thresholds=PROFILES[seed % 2])

    view = pages_of(app, PRODUCT, waves, "hr", "another manager", "employee")

    assert view.unexplained == []
    assert list(solve(view, waves, knows_tables=False, tells=True)) == []


@pytest.mark.parametrize("seed", range(300, 303))
@pytest.mark.parametrize("policy", WEAKER, ids=lambda policy: policy.name)
def test_weaker_policies_expose_many(app, policy, seed) -> None:
    """On the same pages each weaker policy gives people away, whatever the organisation."""
    waves = draw_waves(seed, n_teams=16, thresholds=PROFILES[0])

    view = pages_of(app, policy, waves, "hr")

    found = Counter(f.kind for _, _, f in solve(view, waves, knows_tables=False, tells=True))
    assert found["D1"] + found["D2"] >= 3, found
    assert bool(view.unexplained) == policy.has_raw_totals


# The demo.


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> tuple[Demo, list[WaveAnswers]]:
    """Fill a demo, and keep what every counting group answered, as no installation can."""
    place = Place(folder=tmp_path_factory.mktemp("full view") / "demo")
    waves: list[WaveAnswers] = []
    original = closing.build_release

    def record(opening: Mapping[str, Any], answers: Mapping[str, Any], **options: Any) -> Any:
        made = original(opening, answers, **options)
        people = {group: [dict(p) for p in given] for group, given in answers.items()}
        waves.append(
            WaveAnswers(
                opening=opening,
                answers={g["group"]: people.get(g["group"], []) for g in opening["groups"]},
                teams_of={g["group"]: frozenset(g["teams"]) for g in opening["groups"]},
            )
        )
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(closing, "build_release", record)
        fill(place)
    return Demo(place=place), waves


@pytest.fixture(scope="module")
def demo_view(recorded) -> Iterator[tuple[Flask, Session, View]]:
    """Everything that anybody of the demo is shown."""
    demo, _ = recorded
    app = create_app(demo.place.settings())
    with app.extensions["sessions"]() as session:
        people = {
            role: session.scalars(select(Person).where(Person.email == email)).one()
            for role, email, _ in plans.ROLE_PEOPLE
        }
        another = session.scalars(
            select(Person).where(Person.email.not_in([p.email for p in people.values()]))
        ).first()
        for name in ("Shops", "Crew Hill", "Accessibility desk", "Website"):
            team = session.scalars(select(Team).where(Team.name == name)).one()
            roles.grant_team(session, another, team)
        session.commit()
        people["another manager"] = another
        releases = [wave.document for wave in released_waves(session)]
        seen = list(look_around(app, session, people))
        yield app, session, view_of(seen, PRODUCT.tables(releases))
    app.extensions["sessions"].kw["bind"].dispose()


def test_the_demo_explains_every_figure(demo_view) -> None:
    """Each figure on each page is what the tables of cells say."""
    _, _, view = demo_view

    assert len(view.shown) > 2_000
    assert view.unexplained == []


def test_the_demo_explains_every_number(demo_view, recorded) -> None:
    """Each number on each page about waves follows from tables, plans and questions."""
    _, session, view = demo_view
    _, waves = recorded
    today = datetime.now(UTC).date()
    linkage = linkage_made_anew(session, view.tables, today=today)
    known = {
        *public_numbers(view.tables, waves, asked=[waves[0].questionnaire]),
        *numbers_of([linkage, today.isoformat()]),
    }

    about_waves = [seen for seen in view.seen if seen.address.startswith("/reports/")]

    assert list(strange_numbers(about_waves, known)) == []
    assert list(told_totals(view.seen, view.tables)) == []


def test_the_demo_draws_what_its_tables_say(demo_view) -> None:
    """Each drawing of a trend is, line for line, the one that the tables of cells give."""
    _, _, view = demo_view
    newest = list(view.tables.by_title.values())[-1]
    address = next(
        seen.address
        for seen in view.seen
        if seen.mimetype == "text/html"
        and "/reports/waves/" in seen.address
        and "team=" not in seen.address
        and seen.page.h1.text.startswith(newest.report["title"])
    )
    wave = address.rpartition("/")[2]
    found = [
        figure.find("svg").decode_contents()
        for seen in view.seen
        if seen.mimetype == "text/html" and seen.address.startswith(f"/reports/waves/{wave}")
        for figure in seen.page.select("figure.chart")
    ]
    anew = {
        BeautifulSoup(svg, "html.parser").svg.decode_contents()
        for line in drawings_made_anew(view.tables).values()
        for svg in line.values()
    }

    assert len(set(map(without_names, found))) > 10
    assert set(map(without_names, found)) <= set(map(without_names, anew))


def without_names(svg: str) -> str:
    """Leave out the names by which parts of one drawing refer to one another."""
    return re.sub(r'(?:id|href|clip-path)="[^"]*"', "", svg)


def test_the_demo_settles_nobody(demo_view, recorded) -> None:
    """Everything shown, the releases and all who may tell: nobody is found out."""
    _, _, view = demo_view
    _, waves = recorded

    assert list(solve(view, waves, knows_tables=True, tells=True)) == []


def test_the_crawl_of_the_demo_leaves_no_page_out(demo_view) -> None:
    """What it does not reach has no link, or is no page of somebody who signed in."""
    app, _, view = demo_view

    assert unreached(app, view.seen) <= NOT_REACHED
