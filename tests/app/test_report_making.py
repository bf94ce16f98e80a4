"""Making reports: what is due, in which order, and in which process."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from app.models import Report
from app.queries import reports
from app.reporting.build import build_report, due_reports
from app.services.roll_ups import roll_up
from tests.app.customers import make_answer, make_link
from tests.app.released import (
    NOW,
    make_due_reports,
    make_release,
    make_wave_report,
    store_release,
    store_teams,
)
from tests.conftest import ROOT
from tests.factories import make_staff

pytestmark = pytest.mark.database
TODAY = datetime.now(UTC).date()
LONG = 60  # seconds within which a process of its own serves some pages on a busy machine


@pytest.fixture
def teams(session):
    """The company's teams."""
    return store_teams(session)


@pytest.fixture
def wave(session, teams):
    """The second of two released waves, with its report made."""
    store_release(session, make_release())
    newest = make_release(wave="pulse-2", title="April", opens_on="2026-04-01")
    wave = store_release(session, newest)
    make_wave_report(session, wave)
    return wave


@pytest.fixture
def hr(visitor, session):
    """Somebody of HR, signed in."""
    return visitor.sign_in(make_staff(session, "hr"))


def test_the_newest_comes_first(session, teams):
    """The tick makes what most people open before the past."""
    for month, name in ((3, "March"), (4, "April"), (5, "May")):
        store_release(
            session,
            make_release(wave=f"pulse-{month}", title=name, opens_on=f"2026-0{month}-02"),
        )

    due = [(key.kind, key.subject) for key in due_reports(session, today=NOW.date())]

    assert due == [
        ("wave", "pulse-5"), ("linkage", ""), ("customers", ""), ("wave", "pulse-4"),
        ("wave", "pulse-3"),
    ]  # fmt: skip


def test_a_made_report_is_not_due_until_something_is_added(session, teams, wave):
    """Keys follow the releases and the customers up to yesterday."""
    make_due_reports(session)
    assert not list(due_reports(session, today=TODAY))

    make_answer(session, make_link(session, team=teams["north"]), {"satisfaction": 4},
                on=date(2026, 4, 3))  # fmt: skip
    while roll_up(session):
        session.commit()

    assert [key.kind for key in due_reports(session, today=TODAY)] == [
        "linkage", "customers",
    ]  # fmt: skip


def test_an_older_wave_knows_nothing_of_later_ones(session, teams, wave):
    """The report of March stays what it was when April is released."""
    key = reports.wave_report_key(session, "pulse-1")
    build_report(session, key, now=NOW)
    session.commit()

    document = reports.stored_report(session, key)

    assert [w["title"] for w in document["waves"]] == ["March"]


def test_a_first_view_has_its_report_made_by_another_process(hr, session, teams):
    """The page waits once; the report is then stored."""
    wave = store_release(session, make_release())

    page = hr.get(f"/reports/waves/{wave.id}")

    assert "March: Company" in page.h1.text
    assert session.scalar(select(Report.kind)) == "wave"


def test_the_web_process_loads_no_statistics(session, settings, teams, wave):
    """Building the application and showing stored reports imports none of the heavy packages."""
    make_due_reports(session)
    session.add(make_staff(session, "hr", "executive", "employee"))
    session.commit()
    program = """
import sys
from datetime import UTC, datetime
from app import create_app
from app.models import Person
from app.services import sign_ins
from sqlalchemy import select

app = create_app()
with app.extensions["sessions"]() as session:
    person = session.scalars(select(Person)).first()
    token = sign_ins.start(session, person, now=datetime.now(UTC), browser="Test")
    session.commit()
client = app.test_client()
client.set_cookie("headwater", token, domain="localhost")
for path in sys.argv[1:]:
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
heavy = "analysis pandas numpy scipy statsmodels altair vl_convert typst".split()
print(sorted(name for name in heavy if name in sys.modules))
"""
    paths = [
        "/", "/reports/", "/reports/results", f"/reports/waves/{wave.id}",
        f"/reports/waves/{wave.id}/table.csv", "/reports/linkage", "/reports/customers",
    ]  # fmt: skip

    run = subprocess.run(
        [sys.executable, "-c", program, *paths],
        env=settings.to_env(), cwd=ROOT, capture_output=True, text=True, timeout=LONG,
    )  # fmt: skip

    assert run.stdout.strip() == "[]", run.stdout + run.stderr
