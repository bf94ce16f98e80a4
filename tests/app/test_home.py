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
        ("administrator", {"Waves", "Touchpoints", "People", "Teams", "Outbox", "Retention"}),
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


@pytest.fixture
def place(session):
    """A person's place in a wave that is open, in a group with a right."""

    def make(right, *, roles=("employee",), **columns):
        team = make_team(session, "Night shift")
        person = make_person(session, team=team, roles=roles)
        columns = {"closes_on": TODAY + timedelta(days=9), **columns}
        wave = make_wave(session, opened_at=datetime.now(UTC), **columns)
        session.add(
            CountingGroup(
                wave_id=wave.id,
                key="g01",
                label="Night shift with Day shift",
                n_eligible=14,
                right=right,
            )
        )
        session.flush()
        session.add(
            RosterEntry(wave_id=wave.id, person_id=person.id, team_id=team.id, group_key="g01")
        )
        return person, wave

    return make


def card_of(page):
    """Read the card of the one wave, white space made plain, and where it leads."""
    (card,) = page.select("#pulse ~ .cards .card")
    return " ".join(card.text.split()), [a["href"] for a in card.select("a")]


def test_an_employee_with_an_account_takes_a_ballot(visitor, place):
    """The open wave, its counting group, how many people that is, and the way to the ballot."""
    person, wave = place("ballot")

    words, links = card_of(visitor.sign_in(person).get("/"))

    assert (
        "one of 14 people whose answers are counted together: Night shift with Day shift" in words
    )
    assert "letter" not in words
    assert links == [f"/ballot/{wave.key}"]


def test_an_employee_by_letter_is_led_to_the_collector(visitor, place, settings):
    """With a letter nobody signs in, so the way leads straight to the other address."""
    person, wave = place("letter")

    words, links = card_of(visitor.sign_in(person).get("/"))

    assert "one of 14 people" in words
    assert "code from a letter" in words
    assert "ballot" not in words
    assert links == [f"{settings.collector_url}/w/{wave.key}"]


def test_before_the_first_day_ballots_are_given_out(visitor, place):
    """A ballot can be taken early, and the page says why that is worth it and when to answer."""
    person, wave = place("ballot", opens_on=TODAY + timedelta(days=3))

    words, links = card_of(visitor.sign_in(person).get("/"))

    assert f"{TODAY + timedelta(days=3):%-d %B}" in words
    assert "You can take your ballot now" in words
    assert links == [f"/ballot/{wave.key}"]


def test_before_the_first_day_codes_are_not_taken(visitor, place):
    """Who has a letter is told from when on, and is not led to a closed door."""
    person, _ = place("letter", opens_on=TODAY + timedelta(days=3))

    words, links = card_of(visitor.sign_in(person).get("/"))

    assert f"Codes are taken from {TODAY + timedelta(days=3):%-d %B}" in words
    assert links == []


def test_whoever_is_on_the_roster_is_asked(visitor, place):
    """A manager who sits in a team answers too, without the role of an employee."""
    person, wave = place("ballot", roles=("hr",))

    page = visitor.sign_in(person).get("/")

    assert card_of(page)[1] == [f"/ballot/{wave.key}"]
    assert "Results" in titles(page)


def test_who_joined_later_is_told_why_they_are_not_asked(visitor, session):
    """Without a place on the roster there is a reason and no way to answer."""
    make_wave(session, opened_at=datetime.now(UTC), closes_on=TODAY)
    visitor.sign_in(make_person(session))

    page = visitor.get("/")

    assert "not on the list of this round" in page.main.text
    assert not page.select(".card a")


@pytest.mark.parametrize("state", ["draft", "ended", "closed", "cancelled", "over"])
def test_only_open_waves_are_shown(visitor, session, state):
    """A wave that is planned, closed, cancelled or past its last day is not offered."""
    now = datetime.now(UTC)
    columns = {
        "draft": {},
        "ended": {"opened_at": now, "issuing_ended_at": now},
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
