"""Actions with their figures, and what is told of them where people answer and read results."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select

from app.installation import Installation
from app.models import OutboxMail, Report
from app.queries.follow_ups import before_after
from app.reporting.waves import read_figures, wave_report
from app.services import wave_mails
from tests.app.released import (
    MAIL,
    NORTH,
    PHONE,
    make_release,
    make_wave_report,
    store_release,
    store_teams,
)
from tests.app.rounds import make_round
from tests.app.written_actions import write_action
from tests.factories import make_person

pytestmark = [pytest.mark.database, pytest.mark.forms]


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
def member_of(new_visitor, session, teams):
    """Sign somebody of a team in."""

    def sign_in(key):
        return new_visitor().sign_in(make_person(session, team=teams[key]))

    return sign_in


@pytest.fixture
def add(session, teams, waves):
    """Write an action down, past the pages."""
    return lambda team="north", **options: write_action(session, teams[team], waves[0], **options)


def words(page):
    return " ".join(page.main.text.split())


def heads_of(page):
    return [" ".join(th.text.split()) for th in page.select(".side-by-side thead th")[1:]]


def rows_of(page):
    return {
        row.th.select_one(".side-measure").text: [" ".join(td.text.split()) for td in row("td")]
        for row in page.select(".side-by-side tbody tr")
    }


def test_the_figures_are_those_of_the_smallest_cell_around_the_team(member_of, add):
    """For a team its cell, in both waves, with intervals and numbers of answers."""
    page = member_of("north").get(f"/actions/{add('north').id}")

    assert heads_of(page) == ["North March", "North April"]
    tools, workload = rows_of(page).values()
    assert tools[0] == tools[1]
    assert "n 10" in tools[0] and " to " in tools[0]
    assert "goes with the action; that does not show that the action caused it" in words(page)


def test_a_team_counted_with_others_says_so(member_of, add):
    """There is no figure of South alone, before or after."""
    page = member_of("south").get(f"/actions/{add('south').id}")

    assert heads_of(page) == ["South + West March", "South + West April"]
    assert "In March, South is counted together with West." in words(page)


def test_a_department_has_its_total_and_the_whole_its_own(member_of, add):
    """For a team with teams below it, the total that its manager sees."""
    page = member_of("north").get(f"/actions/{add('sales').id}")
    assert heads_of(page) == ["Sales March", "Sales April"]

    page = member_of("mail").get(f"/actions/{add('all').id}")
    assert heads_of(page) == ["Company March", "Company April"]


def test_figures_that_are_not_made_yet_keep_nobody_waiting(member_of, session, add):
    """The page opens without them and says when to look again; the worker makes them."""
    action = add("north")
    session.execute(delete(Report).where(Report.subject == "pulse-2"))

    page = member_of("north").get(f"/actions/{action.id}")

    assert not page.select(".side-by-side")
    assert "The figures are being put together." in words(page)


def test_bounds_stay_bounds(member_of, add):
    """Where nearly all agree, the page says no more than the report does."""
    page = member_of("phone").get(f"/actions/{add('phone').id}")

    tools, *_ = rows_of(page).values()
    assert tools[0] == "4.50 or more no interval · n 10 or more"


def test_others_read_the_deed_and_not_the_figures(member_of, add):
    """Shown to everybody, with the figures kept in the team."""
    page = member_of("mail").get(f"/actions/{add('north', is_for_all=True).id}")

    assert not page.select(".side-by-side")
    assert "The figures of North are shown to its people and to those above it." in words(page)


def test_a_figure_from_before_the_deed_is_told_from_one_after_it(member_of, session, add):
    """April was asked on the first: what was done in May cannot have gone with it."""
    early = add(decision="done", now=datetime(2026, 3, 20, tzinfo=UTC))
    late = add(decision="done", now=datetime(2026, 5, 20, tzinfo=UTC))
    refused = add(decision="will_not", because="No money.")
    member = member_of("north")

    sentence = "April was answered before this was done."
    assert sentence not in words(member.get(f"/actions/{early.id}"))
    assert sentence in words(member.get(f"/actions/{late.id}"))
    assert sentence not in words(member.get(f"/actions/{refused.id}"))


def test_an_answer_to_the_newest_wave_has_no_after_yet(member_of, add, waves):
    """One column, and a sentence."""
    page = member_of("north").get(f"/actions/{add(wave_id=waves[1].id).id}")

    assert heads_of(page) == ["North April"]
    assert "No wave has been released since" in words(page)


def test_an_action_that_names_no_question_has_no_figures(member_of, add):
    """Comments without follow-up: nothing to show, and the page says so."""
    action = add(about_kind="comments", about_key="shift plans", follow_ups=())

    page = member_of("north").get(f"/actions/{action.id}")

    assert not page.select(".side-by-side")
    assert "No question was named" in words(page)


def report_of(release):
    return wave_report(read_figures(release))


def test_other_teams_in_the_cell_are_no_comparison(add):
    """Where the cell around the team changed, the page says that the two do not compare."""
    action = add("west")
    before = report_of(make_release())
    alone = {"north": NORTH, "west": MAIL, "phone": PHONE, "mail": MAIL}
    after = report_of(
        make_release(
            title="April",
            answers=alone,
            eligible={"north": 14, "west": 9, "phone": 12, "mail": 16},
        )
    )

    found = before_after(action, [before, after], done_on=None)

    assert [head.part for head in found.heads] == ["South + West", "West"]
    assert any("do not compare" in remark for remark in found.remarks)


def test_a_team_that_was_not_there_has_no_figure_from_then(add, teams):
    """Only the wave in which the team was counted gives a column."""
    action = add("west")
    nobody = report_of(make_release(eligible={"north": 14, "phone": 12}, answers={"north": NORTH}))
    teams["west"].key = "gone"

    found = before_after(action, [nobody], done_on=None)

    assert (list(found.heads), found.remarks[0]) == ([], "March has no figure of West.")


# Before the first question of the next wave.


def test_the_list_stands_where_an_employee_begins_to_answer(new_visitor, session, keys, add):
    """On the home page's card and above the ballot; a team's own action is not there."""
    add("all", title="publish the plans", said="Plans come late.")
    add("north", title="north's own")
    found = make_round(session, keys)
    voter = new_visitor().sign_in(found.voters[0])

    for page in (voter.get("/"), voter.get(f"/ballot/{found.key}")):
        told = " ".join(page.select_one(".said").text.split())
        assert "You said: “Plans come late.” We will: publish the plans" in told
        assert "north's own" not in page.text


def test_the_invitation_tells_it_too(session, keys, settings, add):
    """In the mail that asks, before how to answer; the reminder of the last day leaves it out."""
    add("all", title="publish the plans", said="Plans come late.")
    found = make_round(session, keys, manifest=None, manifest_sha256=None)
    given = {"installation": Installation.of(settings), "now": datetime.now(UTC)}

    wave_mails.invite(session, found.wave, **given)
    wave_mails.remind_of_last_day(session, found.wave, **given)

    mails = list(session.scalars(select(OutboxMail)))
    line = '* You said: "Plans come late." We will: publish the plans, by 30 June 2026\n'
    asked = [mail.body for mail in mails if "please answer by" in mail.subject]
    assert len(asked) == 4
    assert all(body.index(line) < body.index("How to answer") for body in asked)
    assert not any(line in mail.body for mail in mails if "last day" in mail.subject)


def test_without_actions_nothing_stands_there(new_visitor, session, keys):
    """No empty heading before the questions."""
    found = make_round(session, keys)
    voter = new_visitor().sign_in(found.voters[0])

    for path in ("/", f"/ballot/{found.key}"):
        assert voter.get(path).select_one(".said") is None


def test_the_results_end_with_what_came_of_them(member_of, add):
    """An employee finds the own team's action under the figures; a stranger does not."""
    action = add("north", decision="will_not", because="No money.")

    told = member_of("north").get("/reports/results").select_one(".said")
    assert "We will not: mend the ticket screen, because: No money." in " ".join(told.text.split())
    assert told.select_one("a")["href"] == f"/actions/{action.id}"
    assert member_of("mail").get("/reports/results").select_one(".said") is None
