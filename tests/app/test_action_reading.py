"""Actions read: whose business they are, in which order, and what everybody is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.queries import actions as queries
from app.queries.actions import Wanted
from app.said import said_text, said_to, said_to_everybody
from tests.app.released import make_release, store_release, store_teams
from tests.app.written_actions import DUE, NOW, standing_of, write_action
from tests.factories import make_person

pytestmark = pytest.mark.database


@pytest.fixture
def teams(session):
    """The company's teams."""
    return store_teams(session)


@pytest.fixture
def wave(session, teams):
    """A released wave."""
    return store_release(session, make_release())


@pytest.fixture
def actor(session, teams):
    """Say how somebody stands today: in a team, with roles, managing teams."""

    def make(*, team=None, hr=False, manages=(), person=None):
        person = person or make_person(session, team=teams[team] if team else None)
        return standing_of(session, person, hr=hr, manages=[teams[key] for key in manages])

    return make


@pytest.fixture
def add(session, teams, wave):
    """Write an action down as HR."""
    return lambda team="north", **options: write_action(session, teams[team], wave, **options)


def read_by(session, actor):
    page = queries.actions_page(session, actor, Wanted(), number=1)
    return {action.team.key for action in page.actions}


def test_everybody_reads_the_own_line_and_nothing_beside_it(session, actor, add):
    """Own team, teams above and the organisation; managers also what lies below."""
    for team in ("all", "sales", "north", "west", "care", "mail"):
        add(team)

    assert read_by(session, actor(team="north")) == {"north", "sales", "all"}
    assert read_by(session, actor(team="sales")) == {"sales", "all"}
    assert read_by(session, actor(team="mail")) == {"mail", "care", "all"}
    assert read_by(session, actor()) == {"all"}
    assert read_by(session, actor(manages=["sales"])) == {"sales", "north", "west", "all"}
    assert read_by(session, actor(team="mail", manages=["north"])) == {
        *("mail", "care", "all", "north", "sales"),
    }
    assert len(read_by(session, actor(hr=True))) == 6


def test_the_query_and_the_rule_agree(session, actor, add):
    """What SQL lists is what `may_read` says, action by action and person by person."""
    actions = [add(team) for team in ("all", "sales", "north", "mail")]
    actions.append(add("west", is_for_all=True))
    own = make_person(session)
    actions.append(add("phone", owner_id=own.id))

    for somebody in (
        *(actor(team=team) for team in ("north", "sales", "mail")),
        *(actor(), actor(hr=True), actor(manages=["care"]), actor(person=own)),
    ):
        page = queries.actions_page(session, somebody, Wanted(), number=1)
        readable = [action for action in actions if somebody.may_read(action)]
        assert {a.id for a in page.actions} == {a.id for a in readable}
        for action in actions:
            found = queries.find_action(session, somebody, action.id)
            assert (found is not None) == somebody.may_read(action)


def test_an_action_shown_to_all_keeps_the_teams_figures_with_the_team(actor, add):
    """Everybody reads what is done, not how that team answered."""
    action = add("north", is_for_all=True)

    assert actor(team="mail").may_read(action)
    assert not actor(team="mail").may_read_figures(action)
    assert not actor(person=action.owner).may_read_figures(action)
    for reader in (actor(team="north"), actor(manages=["sales"]), actor(hr=True)):
        assert reader.may_read_figures(action)


def test_who_moved_reads_what_is_done_where_they_are_now(session, actor, add, teams):
    """The day decides: before it the old team, from it on the new one."""
    add("north")
    add("mail")
    person = make_person(session, team=teams["north"])
    person.memberships[0].until_on = NOW.date()
    session.flush()

    assert read_by(session, actor(person=person)) == set()


def test_filters_narrow_the_list(session, actor, add, teams):
    """By team, by status and by what it changes; never beyond what may be read."""
    add("north")
    add("mail", decision="done", tag="people")
    hr = actor(hr=True)

    def found(reader, **wanted):
        page = queries.actions_page(session, reader, Wanted(**wanted), number=1)
        return [action.team.key for action in page.actions]

    assert found(hr, team_id=teams["north"].id) == ["north"]
    assert found(hr, status="done") == ["mail"]
    assert found(hr, tag="people") == ["mail"]
    assert found(hr, status="done", tag="technology") == []
    assert found(actor(team="north"), team_id=teams["mail"].id) == []


def test_what_is_promised_comes_first_by_its_day(session, actor, add):
    """Then the rest, the newest first; long lists have pages."""
    late = add(due_on=DUE + timedelta(days=30))
    old = add(decision="done", now=NOW - timedelta(days=9))
    new = add(decision="done")
    soon = add(due_on=DUE - timedelta(days=30))

    page = queries.actions_page(session, actor(hr=True), Wanted(), number=1)

    assert [action.id for action in page.actions] == [soon.id, late.id, new.id, old.id]


def test_a_list_of_many_has_pages(session, actor, add):
    """Fifty a page; a page that is not there is the last one."""
    for _ in range(queries.PER_PAGE + 1):
        add()

    page = queries.actions_page(session, actor(hr=True), Wanted(), number=9)

    assert (page.number, page.n_pages, len(page.actions)) == (2, 2, 1)


# What is told before the next questions.


def test_everybody_is_told_what_is_for_the_whole_and_no_teams_own(session, actor, add):
    """Done first, then promised, then refused; a team's only where it is shown to all."""
    add("all", decision="will_not", because="No money.", title="hire ten people")
    add("all", title="publish the plans")
    add("north", decision="done", is_for_all=True, title="mend the screen")
    add("north", title="nobody else's business")

    told = said_to_everybody(session)

    assert [(entry.lead, entry.title, entry.team) for entry in told] == [
        ("We did:", "mend the screen", "North"),
        ("We will:", "publish the plans", ""),
        ("We will not:", "hire ten people", ""),
    ]
    assert "nobody else's business" in {e.title for e in said_to(session, actor(team="north"))}
    assert said_to(session, actor(team="mail")) == told


def test_the_mail_says_it_in_plain_lines(session, add):
    """One line each, with the day or the reason, and where the rest stands."""
    add("all", decision="will_not", because="No money.", title="hire ten people", said="Too few.")
    add("all", title="publish the plans", said="Plans come late.")

    text = said_text(said_to_everybody(session), application="https://pulse.example")

    assert text == (
        "What came of the last answers\n"
        '* You said: "Plans come late." We will: publish the plans, by 30 June 2026\n'
        '* You said: "Too few." We will not: hire ten people, because: No money.\n'
        "All of it: https://pulse.example/actions/"
    )
    assert said_text([], application="https://pulse.example") == ""


def test_only_what_moved_last_is_told(session, add):
    """The list before the questions stays short."""
    for day in range(9):
        add("all", decision="done", title=f"deed {day}", now=NOW + timedelta(days=day))

    told = said_to_everybody(session)

    assert [entry.title for entry in told] == [f"deed {day}" for day in (8, 7, 6, 5, 4, 3)]
