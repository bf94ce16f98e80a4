"""The pages of the actions: written, worded anew, moved, listed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.manage.action_forms import about_value
from app.models import Action
from tests.app.released import make_release, make_wave_report, store_release, store_teams
from tests.app.written_actions import write_action
from tests.factories import make_person, make_staff

pytestmark = [pytest.mark.database, pytest.mark.forms]

TODAY = datetime.now(UTC).date()


@pytest.fixture
def teams(session):
    """The company's teams."""
    return store_teams(session)


@pytest.fixture
def waves(session, teams):
    """Two released waves with their reports made."""
    april = make_release(wave="pulse-2", title="April", opens_on="2026-04-01")
    found = [store_release(session, make_release()), store_release(session, april)]
    for wave in found:
        make_wave_report(session, wave)
    return found


@pytest.fixture
def hr(new_visitor, session):
    """Somebody of HR, signed in."""
    return new_visitor().sign_in(make_staff(session, "hr", email="hr@example.org"))


@pytest.fixture
def manager(new_visitor, session, teams):
    """The manager of Sales, signed in."""
    person = make_person(session, "Milo", manages=[teams["sales"]], email="milo@example.org")
    return new_visitor().sign_in(person)


@pytest.fixture
def member_of(new_visitor, session, teams):
    """Sign somebody of a team in."""

    def sign_in(key):
        return new_visitor().sign_in(make_person(session, team=teams[key]))

    return sign_in


@pytest.fixture
def form(teams, waves):
    """What a manager of Sales types."""
    return {
        "about": about_value(waves[0].id, "item", "tools"),
        "theme": "",
        "said": "The  ticket screen is slow.",
        "decision": "will_do",
        "title": "mend the ticket screen",
        "because": "",
        "team": str(teams["north"].id),
        "owner": "Milo@example.org",
        "due_on": "2026-06-30",
        "tag": "technology",
        "competency": "design_and_innovation",
        "follow_ups": ["tools", "workload"],
    }


@pytest.fixture
def add(session, teams, waves):
    """Write an action down, past the pages."""
    return lambda team="north", **options: write_action(session, teams[team], waves[0], **options)


def words(page):
    return " ".join(page.main.text.split())


def titles(page):
    return [heading.text.strip() for heading in page.select(".actions h2")]


# Writing.


def test_a_manager_writes_an_action_down(manager, session, form):
    """What was typed stands on the action's page, with who noted it."""
    page = manager.follow("/actions/new", form)

    action = session.scalars(select(Action)).one()
    assert page.h1.text == "Mend the ticket screen"
    assert action.said == "The ticket screen is slow."
    assert (action.owner.name, action.follow_ups) == ("Milo", ["tools", "workload"])
    assert "Planned, noted by Milo" in words(page)
    assert "Our tools and systems work when I need them. (March)" in words(page)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"decision": ""}, "Choose what you decided."),
        ({"decision": "will_not"}, "Say why not"),
        ({"due_on": ""}, "Say by when."),
        ({"due_on": "soon"}, "Not a valid date"),
        ({"owner": ""}, "Name who sees to it."),
        ({"owner": "nobody@example.org"}, "Nobody on the list has this address."),
        ({"said": ""}, "Say in a sentence"),
        ({"title": ""}, "Say what you do"),
        ({"about": ""}, "Choose the result"),
        ({"about": "9:item:weather"}, "Not a valid choice"),
        ({"team": ""}, "Choose the team"),
        ({"tag": ""}, "Choose what it changes."),
        ({"competency": ""}, "Choose a competency."),
        ({"follow_ups": ["weather"]}, "not a valid choice"),
    ],
)
def test_what_is_missing_is_asked_for(manager, session, form, changes, sentence):
    """The page comes back with the error above, and nothing is written."""
    page = manager.post("/actions/new", {**form, **changes}, status=422)

    assert sentence.lower() in page.select_one(".error-summary").text.lower()
    assert session.scalars(select(Action)).first() is None


def test_comments_are_answered_by_their_matter(manager, session, form, waves):
    """Answering comments takes a word about what they were about."""
    form["about"] = about_value(waves[0].id, "comments", "")

    page = manager.post("/actions/new", form, status=422)
    assert "what the comments were about" in page.select_one(".error-summary").text

    page = manager.follow("/actions/new", {**form, "theme": "shift plans"})
    assert "Comments about shift plans (March)" in words(page)


def test_what_is_done_or_refused_needs_neither_owner_nor_day(manager, session, form):
    """Only a promise needs them."""
    for decision, because in (("done", ""), ("will_not", "No money.")):
        changed = {"decision": decision, "because": because, "owner": "", "due_on": ""}
        manager.follow("/actions/new", {**form, **changed})

    assert {a.status for a in session.scalars(select(Action))} == {"done", "declined"}


def test_a_manager_is_offered_the_own_teams_and_no_reach_beyond(manager, hr, waves, teams):
    """Only HR sees the box that shows an action to everybody."""
    page = manager.get("/actions/new")

    offered = {option.text for option in page.select("#team option")}
    assert offered == {
        *("Choose a team", "Company / Sales", "Company / Sales / North"),
        *("Company / Sales / South", "Company / Sales / West"),
    }
    assert page.select_one("#is_for_all") is None
    assert hr.get("/actions/new").select_one("#is_for_all") is not None


def test_a_forged_reach_is_refused(manager, session, form, teams):
    """Typing what the page does not offer leads nowhere."""
    manager.post("/actions/new", {**form, "is_for_all": "y"}, status=403)
    manager.post("/actions/new", {**form, "team": str(teams["mail"].id)}, status=422)

    assert session.scalars(select(Action)).first() is None


def test_without_a_released_wave_there_is_nothing_to_answer(hr, session, teams):
    """The page says so instead of offering an empty list."""
    assert "no wave has been released yet" in words(hr.get("/actions/new"))


def test_a_report_leads_to_an_action_for_its_team(hr, waves, teams):
    """The team looked at is chosen already."""
    page = hr.get(f"/reports/waves/{waves[1].id}?team=sales")

    (link,) = [a["href"] for a in page.select("a") if a["href"].startswith("/actions/new")]
    assert hr.get(link).select_one("#team option[selected]").text == "Company / Sales"


def test_an_action_is_worded_anew(manager, session, form, add):
    """The form shows it as it is; saving keeps the status and the history."""
    action = add(about_kind="comments", about_key="shift plans")

    page = manager.get(f"/actions/{action.id}/edit")
    assert page.select_one("#title")["value"] == "mend the ticket screen"
    assert page.select_one("#theme")["value"] == "shift plans"
    assert page.select_one("#because") is None
    assert [b["value"] for b in page.select("[name=follow_ups][checked]")] == ["workload"]

    page = manager.follow(f"/actions/{action.id}/edit", {**form, "title": "renew the screen"})
    assert page.h1.text == "Renew the screen"
    assert len(page.select(".history li")) == 1


def test_a_promise_without_a_living_owner_gets_one_when_it_is_changed(manager, session, form, add):
    """Who is gone cannot see to it."""
    action = add()
    session.delete(action.owner)

    assert "nobody any more" in words(manager.get(f"/actions/{action.id}"))
    page = manager.post(f"/actions/{action.id}/edit", {**form, "owner": ""}, status=422)
    assert "Name who sees to it." in page.select_one(".error-summary").text


def test_strangers_find_no_action(member_of, manager, add):
    """An action of another department is as absent as one that does not exist."""
    action = add("mail")

    for path in (f"/actions/{action.id}", f"/actions/{action.id}/edit"):
        manager.get(path, status=404)
    manager.post(f"/actions/{action.id}/move", {"status": "done"}, status=404)
    member_of("north").get(f"/actions/{action.id}", status=404)
    member_of("mail").get(f"/actions/{action.id}/edit", status=403)


def test_who_reads_an_action_of_above_does_not_change_it(manager, add):
    """The manager of Sales reads what is for the company and words nothing of it."""
    action = add("all")

    page = manager.get(f"/actions/{action.id}")

    assert "Change the action" not in words(page)
    assert page.select_one("#move") is None
    manager.get(f"/actions/{action.id}/edit", status=403)
    manager.post(f"/actions/{action.id}/move", {"status": "done"}, status=403)


# Moving.


def test_the_owner_notes_how_far_it_has_come(new_visitor, session, add):
    """The status moves, with the day and the name; the wording is not the owner's."""
    action = add()
    owner = new_visitor().sign_in(action.owner)

    page = owner.follow(f"/actions/{action.id}/move", {"status": "under_way"})

    assert "Under way, noted by Olga Owner" in words(page)
    assert "Change the action" not in words(page)


def test_dropping_asks_for_the_reason(hr, add):
    """Without it the page comes back; with it everybody reads why."""
    action = add()
    path = f"/actions/{action.id}/move"

    page = hr.post(path, {"status": "dropped"}, status=422)
    assert "Say why not" in page.select_one(".error-summary").text

    page = hr.follow(path, {"status": "dropped", "because": "No money."})
    assert "We will not mend the ticket screen Because No money." in words(page)


def test_a_status_that_is_not_offered_is_refused(hr, add):
    """Declined is where an action begins, not where it goes."""
    hr.post(f"/actions/{add().id}/move", {"status": "declined"}, status=422)


# Reading.


def test_the_list_shows_the_own_line_and_can_be_narrowed(member_of, add, teams):
    """Everybody signed in finds what concerns them; filters offer what is there."""
    add("north", title="north's own", due_on=TODAY - timedelta(days=1))
    add("all", title="for all", decision="done", tag="people")
    add("mail", title="mail's own")
    member = member_of("north")

    page = member.get("/actions/")
    assert titles(page) == ["North's own", "For all"]
    assert "overdue" in words(page)
    assert {o.text for o in page.select("#team option")} == {"All", "North", "Company"}
    assert page.select_one(".buttons .button") is None

    assert titles(member.get("/actions/?status=done")) == ["For all"]
    assert titles(member.get("/actions/?tag=technology")) == ["North's own"]
    assert titles(member.get(f"/actions/?team={teams['mail'].id}")) == []
    for nonsense in ("team=²", "team=x", "status=lost", "tag=money", "page=x", "page=0"):
        assert len(titles(member.get(f"/actions/?{nonsense}"))) == 2


def test_an_empty_list_says_what_will_stand_there(member_of):
    """Nobody is left with a blank page."""
    assert "Nothing is written down yet" in words(member_of("north").get("/actions/"))


def test_long_lists_keep_the_filter_from_page_to_page(hr, add):
    """Fifty a page."""
    for _ in range(51):
        add(decision="done")
    page = hr.get("/actions/?status=done")

    (following,) = page.select("a[rel=next]")

    assert "status=done" in following["href"]
    assert len(titles(hr.get(following["href"]))) == 1
