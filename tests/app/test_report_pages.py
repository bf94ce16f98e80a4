"""Pages of results: who sees which part, with which figures, and from where."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from app.models import ROLES
from app.services.roll_ups import roll_up
from tests.app.customers import make_answer, make_link
from tests.app.released import (
    MAIL,
    NODES,
    NORTH,
    PHONE,
    make_due_reports,
    make_release,
    make_wave_report,
    store_release,
    store_teams,
)
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.database


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


@pytest.fixture
def manager_of(new_visitor, session, teams):
    """Sign a manager of some teams in."""

    def sign_in(*keys):
        person = make_person(session, roles=["manager"], manages=[teams[key] for key in keys])
        return new_visitor().sign_in(person)

    return sign_in


def rows_of(page, table_id="scores-table"):
    """Read the heads of the rows of a heat map."""
    table = page.find(id=table_id).find_parent("table")
    return [row.th.find(string=True).strip() for row in table.select("tbody tr")]


def parts_of(page):
    return [link.text for link in page.select("nav.parts a")]


def table(response):
    """Read a CSV file into rows."""
    text = response.get_data().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


# Whose part of a wave.


def test_hr_sees_every_cell_under_its_department(hr, wave):
    """The whole first, each department before its teams."""
    page = hr.get(f"/reports/waves/{wave.id}")

    assert rows_of(page) == ["Company", "Sales", "South + West", "North", "Care", "=1+1", "Mail"]
    assert parts_of(page) == ["Company", "Sales", "Care"]
    assert page.select_one("figure.chart svg [role=graphics-symbol]")


def test_a_manager_sees_the_own_subtree_beside_the_whole(manager_of, wave):
    """The manager of a department sees its cells, its total and the organisation's."""
    page = manager_of("sales").get(f"/reports/waves/{wave.id}")

    assert rows_of(page) == ["Company", "Sales", "South + West", "North"]
    assert "=1+1" not in page.main.text
    assert "Mail" not in page.main.text


def test_a_manager_of_a_small_team_sees_the_cell_with_all_its_teams(manager_of, wave):
    """South is counted with West; there is no figure of South alone, and the page says so."""
    page = manager_of("south").get(f"/reports/waves/{wave.id}")

    assert rows_of(page) == ["Company", "South + West"]
    assert "South is counted together with other teams" in page.main.text


def test_a_manager_may_open_a_team_of_the_subtree_and_no_other(manager_of, wave):
    """A foreign team in the address is as absent as one that does not exist."""
    manager = manager_of("sales")

    page = manager.get(f"/reports/waves/{wave.id}?team=north")

    assert rows_of(page) == ["Company", "Sales", "North"]
    for foreign in ("all", "care", "mail", "nowhere"):
        for path in ("", "/table.csv", "/trend.csv"):
            manager.get(f"/reports/waves/{wave.id}{path}?team={foreign}", status=404)


def test_a_manager_of_several_teams_may_choose(manager_of, wave):
    """Each team looked after is a part."""
    manager = manager_of("mail", "north")

    assert parts_of(manager.get(f"/reports/waves/{wave.id}")) == ["North", "Mail"]
    assert rows_of(manager.get(f"/reports/waves/{wave.id}?team=mail")) == ["Company", "Mail"]
    manager.get(f"/reports/waves/{wave.id}?team=south", status=404)


def test_a_manager_of_a_team_that_was_not_asked_finds_nothing(manager_of, teams, wave, session):
    """A team founded after the wave opened is not in it."""
    teams["new"] = store_teams(session, [type(NODES[0])(key="new", name="New", parent=None)])[
        "new"
    ]

    manager_of("new").get(f"/reports/waves/{wave.id}", status=404)


def test_teams_counted_with_outsiders_are_said(manager_of, session, teams):
    """The department's own figure is absent where its team is counted elsewhere."""
    release = make_release(
        eligible={"north": 14, "west": 9, "phone": 4, "mail": 3},
        answers={"north": NORTH, "west": MAIL, "phone": PHONE[:3], "mail": []},
    )
    wave = store_release(session, release)
    make_wave_report(session, wave)

    page = manager_of("care").get(f"/reports/waves/{wave.id}")

    assert "2 teams are counted with others from outside Care" in page.main.text
    (label,) = [row for row in rows_of(page) if row != "Company"]
    named = next(c["label"] for c in release["cells"] if "phone" in c["teams"])
    assert label == named


# What the page says of a figure.


def test_a_heat_map_says_what_is_a_bound_and_why(hr, wave):
    """The bounded team has its bound, no interval, and a count that names nobody."""
    page = hr.get(f"/reports/waves/{wave.id}")
    row = next(r for r in page.select("table.heat-map tr") if r.th.text.startswith("=1+1"))

    engagement = next(td.text for td in row.select("td") if "4.50 or more" in td.text)

    assert "no interval" in engagement
    assert "n 10 or more" in engagement
    assert "83% or more" in row.text
    assert "heat-clamped" in str(row)


def test_a_hidden_cell_says_that_too_few_answered(hr, session, teams):
    """It looks different, and in words."""
    release = make_release()
    hidden = {"status": "hidden", "reason": "too_few_answers"}
    release["cells"][0]["items"]["tools"] = hidden
    release["cells"][0]["constructs"]["internal_service_quality"] = hidden
    wave = store_release(session, release)
    make_wave_report(session, wave)

    cell = hr.get(f"/reports/waves/{wave.id}").select_one("td.heat-hidden")

    assert "hidden" in cell.text
    assert "too few answers" in cell.text


def test_two_waves_make_a_trend_with_its_figures_beneath(hr, wave):
    """The chart's marks are named, and the same figures stand in a table."""
    page = hr.get(f"/reports/waves/{wave.id}")

    marks = [m["aria-label"] for m in page.select("[data-chart] [role=graphics-symbol]")]
    figures = page.find(id="trend-table").find_parent("table").text

    assert any(mark.startswith("March: 3.61, 95% interval 3.10 to 4.12") for mark in marks)
    assert "3.10 to 4.12" in figures
    assert all(chart.select_one(".chart-readout") for chart in page.select("[data-chart]"))


def test_a_single_wave_has_no_trend(hr, session, teams):
    """One wave says so instead of drawing a dot."""
    wave = store_release(session, make_release())
    make_wave_report(session, wave)

    assert "no earlier wave" in hr.get(f"/reports/waves/{wave.id}").main.text


# Files.


def test_the_file_has_the_figures_of_the_page_and_no_formula(hr, wave):
    """A team called =1+1 opens as text; the numbers are those of the report."""
    rows = table(hr.fetch(f"/reports/waves/{wave.id}/table.csv"))

    head, *body = rows
    engagement = {row[1]: row for row in body if row[3] == "Engagement"}
    assert engagement["North"][4:9] == [
        "3.15", "3.15", "2.2569969249491844", "4.043003075050815", "10",
    ]  # fmt: skip
    assert engagement["'=1+1"][5:7] == ["4.50 or more", ""]
    assert "nearly all answers agree" in engagement["'=1+1"][9]
    assert not [cell for row in rows for cell in row if cell.startswith("=")]
    assert head[10] == "less all others"


def test_the_trend_file_has_every_line_of_the_part(manager_of, wave):
    """Department and cells, wave by wave."""
    rows = table(manager_of("sales").fetch(f"/reports/waves/{wave.id}/trend.csv"))

    named = {(row[0], row[2]) for row in rows[1:]}

    assert named == {
        (name, wave) for name in ("Sales", "South + West", "North") for wave in ("March", "April")
    }


# Roles.


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        ("/reports/", {"employee", "manager", "hr", "executive", "cx_manager"}),
        ("/reports/results", {"employee", "manager", "hr", "executive", "cx_manager"}),
        ("/reports/waves/1", {"hr", "manager"}),
        ("/reports/waves/1/comments", {"hr"}),
        ("/reports/waves/1/table.csv", {"hr", "manager"}),
        ("/reports/linkage", {"executive", "hr"}),
        ("/reports/linkage.csv", {"executive", "hr"}),
        ("/reports/customers", {"cx_manager", "executive"}),
        ("/reports/customers.csv", {"cx_manager", "executive"}),
    ],
)
def test_pages_open_to_their_roles_only(new_visitor, session, path, roles):
    """Executives see no single teams, HR no customers' page, administrators no results."""
    make_due_reports(session)
    admitted = set()
    for role in ROLES:
        visitor = new_visitor().sign_in(make_staff(session, role))
        session.commit()
        if visitor.client.get(path).status_code != 403:
            admitted.add(role)

    assert admitted == roles


def test_an_administrator_who_is_employed_reads_what_employees_read(visitor, session, wave):
    """The role of an administrator opens no results, being employed does."""
    visitor.sign_in(make_staff(session, "administrator", "employee"))

    assert "What we answered" in visitor.get("/reports/results").h1.text
    visitor.get(f"/reports/waves/{wave.id}", status=403)


def test_employees_read_the_organisations_figures_and_no_teams(visitor, session, wave):
    """The whole company's engagement with its interval, and no cell of it."""
    visitor.sign_in(make_staff(session, "employee"))

    page = visitor.get("/reports/results")

    assert "3.61" in page.main.text
    assert "3.10 to 4.12*" in page.main.text
    assert "63% or more" in page.main.text
    assert "North" not in page.main.text
    assert "Mail" not in page.main.text


def test_before_the_first_release_there_are_no_results(visitor, session):
    """While nothing is released, nobody sees any figure."""
    visitor.sign_in(make_staff(session, "employee", "executive"))

    assert visitor.get("/reports/results").h1.text == "No results yet"
    assert visitor.get("/reports/linkage").h1.text == "No results yet"
    visitor.get("/reports/linkage.csv", status=404)


def test_an_unreleased_wave_has_no_report(hr, session, wave):
    """A wave that is unknown or not released is not there."""
    hr.get("/reports/waves/99999", status=404)


def test_customers_and_linkage_are_shown_from_stored_reports(new_visitor, session, teams, wave):
    """Both pages and both files open, with what customers said."""
    for team in ("north", "mail", "west"):
        link = make_link(session, team=teams[team])
        for value in (5, 4, 4, 3, 5, 2, 4, 4, 5, 3, 4, 1):
            make_answer(session, link, {"satisfaction": value}, on=date(2026, 4, 3))
    while roll_up(session):
        session.commit()
    make_due_reports(session)
    executive = new_visitor().sign_in(make_staff(session, "executive"))

    customers, linkage = executive.get("/reports/customers"), executive.get("/reports/linkage")

    assert "3.67" in customers.main.text
    assert "Too few teams" in linkage.main.text
    assert linkage.select_one("svg.chain-wide")
    assert "36 answers" in customers.main.text
    rows = table(executive.fetch("/reports/customers.csv"))
    assert ["By team", "North"] in [row[:2] for row in rows]
    assert ["Teams left out"] in table(executive.fetch("/reports/linkage.csv"))
