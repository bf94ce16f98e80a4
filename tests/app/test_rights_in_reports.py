"""People by letter in reports: shown under their home, linked with no customers."""

from datetime import date

import pytest

from app.queries.roll_ups import TeamMonth
from app.reporting.panel import linkage_panel
from app.services.rights import divide
from surveys.hierarchy import Hierarchy
from tests.app.released import (
    ANSWERS,
    ELIGIBLE,
    MAIL,
    NODES,
    make_release,
    make_wave_report,
    store_release,
    store_teams,
)
from tests.factories import make_person, make_staff

# In North 14 people have an account and 12 have none.
WITHOUT = {"north": 12}
COMPANY = Hierarchy(teams=NODES)
DIVISION = divide(COMPANY, with_account=ELIGIBLE, without=WITHOUT, k_group=8, rights="ballots")
APART = DIVISION.hierarchy.teams[-1].key


def release():
    return make_release(
        nodes=DIVISION.hierarchy.teams,
        eligible={**ELIGIBLE, APART: 12},
        answers={**ANSWERS, APART: MAIL},
    )


@pytest.fixture
def teams(session):
    """The company's teams of today; the node of the letters is none of them."""
    return store_teams(session)


@pytest.fixture
def wave(session, teams):
    """A released wave with its report made."""
    wave = store_release(session, release())
    make_wave_report(session, wave)
    return wave


def rows_of(page):
    table = page.find(id="scores-table").find_parent("table")
    return [row.th.find(string=True).strip() for row in table.select("tbody tr")]


@pytest.mark.database
def test_the_manager_of_the_home_sees_people_by_letter_beside_the_others(
    new_visitor, session, teams, wave
):
    """North becomes a part with a total: its people by ballot and its people by letter."""
    person = make_person(session, roles=["manager"], manages=[teams["north"]])
    manager = new_visitor().sign_in(person)

    page = manager.get(f"/reports/waves/{wave.id}")

    assert rows_of(page) == ["Company", "North", "North itself", "North, by letter"]
    assert "counted together with other teams" not in page.main.text
    for path in ("", "/table.csv", "/trend.csv"):
        manager.fetch(f"/reports/waves/{wave.id}{path}?team={APART}")
        manager.get(f"/reports/waves/{wave.id}{path}?team=south", 404)


@pytest.mark.database
def test_nobody_else_sees_them(new_visitor, session, teams, wave):
    """The manager of a team beside it sees neither of the two."""
    person = make_person(session, roles=["manager"], manages=[teams["mail"]])
    manager = new_visitor().sign_in(person)

    assert rows_of(manager.get(f"/reports/waves/{wave.id}")) == ["Company", "Mail"]
    manager.get(f"/reports/waves/{wave.id}?team={APART}", 404)


@pytest.mark.database
def test_hr_sees_them_under_their_department(visitor, session, wave):
    """The node stands in the tree right under its home."""
    page = visitor.sign_in(make_staff(session, "hr")).get(f"/reports/waves/{wave.id}")

    rows = rows_of(page)
    assert rows[rows.index("North") :][:3] == ["North", "North itself", "North, by letter"]


def test_the_linkage_leaves_them_out_and_says_so():
    """No customer belongs to the node, so its answers count nowhere, and that is said."""
    frozen = release()
    (cell,) = [cell for cell in frozen["cells"] if cell["teams"] == [APART]]
    scores = [4, 5, 3, 4, 2, 5, 4, 4, 3, 5, 4, 4]
    month = date.fromisoformat(frozen["opened_on"])
    customers = [
        TeamMonth(
            team=team,
            year=month.year,
            month=month.month,
            n=len(scores),
            total=sum(scores),
            total_squares=sum(score**2 for score in scores),
        )
        for team in ("north", "mail", "phone", "south", "west")
    ]

    found = linkage_panel([frozen], customers, outcome="customer satisfaction")

    assert "North, by letter" in set(found.employee.scores["team"])
    assert "North, by letter" not in set(found.customer.scores["team"])
    assert found.dropped == ()
    (remark,) = [text for text in found.remarks if "employee answers belong" in text]
    assert remark.startswith(f"{cell['n']} employee answers")
