"""The landing page: everybody finds what their roles are for, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from app.home.views import TILES
from app.models import ROLES, CountingGroup, RosterEntry
from app.security import admitted_roles
from tests.factories import make_person, make_staff, make_team, make_wave

pytestmark = pytest.mark.database
TODAY = datetime.now(UTC).date()


def titles(page):
    return {heading.text for heading in page.select(".card h3")}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("employee", set()),
        ("manager", {"Results"}),
        ("hr", {"Results", "Engagement and customers", "Waves", "Questionnaires"}),
        ("executive", {"Engagement and customers", "Customers"}),
        ("cx_manager", {"Customers", "Questionnaires", "Touchpoints"}),
        ("administrator", {"Waves", "Touchpoints", "People", "Teams", "Outbox"}),
    ],
)
def test_each_role_lands_on_its_own_ways(visitor, session, role, expected):
    """Each role sees its own tiles."""
    visitor.sign_in(make_staff(session, role))

    assert titles(visitor.get("/")) == expected


def test_several_roles_see_all_of_it(visitor, session):
    """Who administers and runs HR sees both, and the pulse as well."""
    visitor.sign_in(make_staff(session, "employee", "hr", "administrator"))

    page = visitor.get("/")

    assert {"Results", "People", "Waves"} <= titles(page)
    assert page.select_one("#pulse")


def test_every_tile_leads_where_its_roles_may_go(app):
    """No tile leads to a closed door."""
    with app.app_context():
        rules = {tile.endpoint: admitted_roles(tile.endpoint) for tile in TILES}

    for tile in TILES:
        rule = rules[tile.endpoint]
        assert rule == {"signed in"} or tile.roles <= rule, tile
        assert tile.roles <= set(ROLES)


def test_an_employee_reads_with_whom_they_are_counted(visitor, session, settings):
    """The open wave, its counting group, how many people that is, and the way to answer."""
    team = make_team(session, "Night shift")
    person = make_person(session, team=team)
    wave = make_wave(session, opened_at=datetime.now(UTC), closes_on=TODAY + timedelta(days=3))
    session.add(
        CountingGroup(
            wave_id=wave.id, key="g01", label="Night shift with Day shift", n_eligible=14
        )
    )
    session.flush()
    session.add(
        RosterEntry(wave_id=wave.id, person_id=person.id, team_id=team.id, group_key="g01")
    )
    visitor.sign_in(person)

    page = visitor.get("/")

    text = " ".join(page.main.text.split())
    assert (
        "one of 14 people whose answers are counted together: Night shift with Day shift" in text
    )
    assert page.select_one(f"a[href='{settings.collector_url}/w/{wave.key}']")


def test_who_joined_later_is_told_why_they_are_not_asked(visitor, session):
    """Without a place on the roster there is a reason and no way to answer."""
    make_wave(session, opened_at=datetime.now(UTC), closes_on=TODAY)
    visitor.sign_in(make_person(session))

    page = visitor.get("/")

    assert "not on the list of this round" in page.main.text
    assert not page.select(".card a")


@pytest.mark.parametrize("state", ["draft", "closed", "cancelled", "over"])
def test_only_open_waves_are_shown(visitor, session, state):
    """A wave that is planned, closed, cancelled or past its last day is not offered."""
    now = datetime.now(UTC)
    columns = {
        "draft": {},
        "closed": {"opened_at": now, "closed_at": now},
        "cancelled": {"opened_at": now, "cancelled_at": now},
        "over": {"opened_at": now, "closes_on": TODAY - timedelta(days=1)},
    }[state]
    make_wave(session, **columns)
    visitor.sign_in(make_person(session))

    assert "No round is open." in visitor.get("/").main.text


def test_a_stranger_sees_no_menu_and_no_name(visitor):
    """The sign-in page shows nothing that is for people who are signed in."""
    page = visitor.get("/sign-in")

    assert not page.select("nav[aria-label=Main] a")
    assert not page.select(".viewer")
