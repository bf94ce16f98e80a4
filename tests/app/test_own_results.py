"""Results come back: everybody reads their own group's figures, or why there are none."""

from __future__ import annotations

from datetime import date

import pytest

from app.models import CountingGroup, Membership, RosterEntry
from app.queries.own_results import is_by_letter, own_place
from app.reporting.waves import read_figures, wave_report
from surveys.hierarchy import Team as Node
from tests.app.released import (
    MAIL,
    NODES,
    NORTH,
    make_release,
    make_wave_report,
    store_release,
    store_teams,
)
from tests.app.test_rights_in_reports import APART
from tests.app.test_rights_in_reports import release as release_with_letters
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.database

RESULTS = "/reports/results"


@pytest.fixture
def teams(session):
    """The company's teams."""
    return store_teams(session)


@pytest.fixture
def wave(session, teams):
    """A released wave with its report made."""
    wave = store_release(session, make_release())
    make_wave_report(session, wave)
    return wave


@pytest.fixture
def member_of(new_visitor, session, teams):
    """Sign somebody of a team in."""

    def sign_in(key, **columns):
        return new_visitor().sign_in(make_person(session, team=teams[key], **columns))

    return sign_in


def heads_of(page):
    """Read whom the columns of figures count."""
    return [th.text.strip() for th in page.select("table.side-by-side thead")[0].select("th")[1:]]


def row_of(page, measure):
    """Read the figures of one measure, as they are printed."""
    for table in page.select("table.side-by-side"):
        for row in table.select("tbody tr"):
            if row.th.text.strip().startswith(measure):
                return [" ".join(td.text.split()) for td in row.select("td")]
    raise AssertionError(f"no row {measure}")


def words(page):
    return " ".join(page.main.text.split())


def test_an_employee_reads_the_own_cell_beside_the_whole(member_of, wave):
    """Two columns and no other team: what HR sees of the cell, and the company."""
    page = member_of("north").get(RESULTS)

    assert heads_of(page) == ["North", "Company"]
    own, whole = row_of(page, "Engagement")
    assert own.startswith("3.15") and "n 10" in own
    assert whole.startswith("3.61")
    for other in ("South", "West", "Mail", "=1+1"):
        assert other not in page.main.text


def test_everything_of_the_own_cell_is_what_hr_sees_of_it(member_of, visitor, session, wave):
    """Each figure of the own column stands, letter for letter, in HR's heat map of the team."""
    hr = visitor.sign_in(make_staff(session, "hr"))
    heat = hr.get(f"/reports/waves/{wave.id}?team=north").main

    page = member_of("north").get(RESULTS)

    shown = [
        row.select("td")[0].select_one(".side-figure").text.strip()
        for row in page.select("table.side-by-side tbody tr")
    ]
    known = [
        td.select_one(".heat-figure").find(string=True).strip()
        for td in heat.select("tr.heat-row-cell td.heat")
    ]
    assert len(shown) > 15
    assert shown == known


def test_a_bound_stays_a_bound(member_of, wave):
    """A group that agrees nearly as one reads the bound, as everybody does."""
    own, _ = row_of(member_of("phone").get(RESULTS), "Engagement")

    assert own.startswith("4.50 or more no interval")
    assert "n 10 or more" in own


def test_a_team_counted_with_others_is_told_with_whom_and_why(member_of, wave):
    """South has too few people, so its people read the cell of South and West."""
    page = member_of("south").get(RESULTS)

    assert heads_of(page) == ["South + West", "Company"]
    assert "South is counted together with West" in words(page)
    assert "too few people were asked or answered" in words(page)
    assert "Nobody has figures of South alone, HR included" in words(page)
    assert "North" not in page.main.text


def test_a_question_that_too_few_answered_is_hidden_in_words(member_of, session, teams):
    """The figure is absent for the own group, and the reason stands in its place."""
    release = make_release()
    cell = next(cell for cell in release["cells"] if cell["teams"] == ["north"])
    cell["items"]["tools"] = {"status": "hidden", "reason": "too_few_answers"}
    wave = store_release(session, release)
    make_wave_report(session, wave)

    page = member_of("north").get(RESULTS)

    assert row_of(page, "Our tools")[0] == "hidden too few answers"
    assert "fewer than 5 people of a group answered is hidden" in words(page)


def test_a_head_office_without_people_of_its_own_has_no_group(member_of, wave):
    """Somebody who joined a node in which nobody sat reads the whole, and why."""
    page = member_of("sales").get(RESULTS)

    assert heads_of(page) == ["Company"]
    assert "There are no figures of Sales itself" in words(page)


def test_a_team_that_came_later_has_no_group_in_this_wave(session, teams, new_visitor, wave):
    """A team founded after the opening is told so, and shown nothing of its old team."""
    new = store_teams(session, [Node(key="new", name="New crew", parent=None)])["new"]
    visitor = new_visitor().sign_in(make_person(session, team=new))

    page = visitor.get(RESULTS)

    assert heads_of(page) == ["Company"]
    assert "New crew was not part of this wave" in words(page)


def test_somebody_in_no_team_reads_the_whole(visitor, session, wave):
    """Without a team there is no group, and the page says so."""
    page = visitor.sign_in(make_person(session)).get(RESULTS)

    assert heads_of(page) == ["Company"]
    assert "You are in no team now" in words(page)


def test_who_moved_reads_the_cell_of_the_team_they_are_in_now(new_visitor, session, teams, wave):
    """A move changes whose figures are the own ones, never the figures."""
    person = make_person(session, team=teams["north"])
    person.memberships[0].until_on = date(2026, 3, 20)
    person.memberships.append(Membership(team=teams["mail"], from_on=date(2026, 3, 20)))

    page = new_visitor().sign_in(person).get(RESULTS)

    assert heads_of(page) == ["Mail", "Company"]
    assert "North" not in page.main.text


def test_a_wave_that_too_few_answered_shows_nothing_of_anybody(member_of, session, teams):
    """With fewer than five answers in all there is neither group nor whole."""
    wave = store_release(session, make_release(answers={"north": NORTH[:3]}))
    make_wave_report(session, wave)

    page = member_of("north").get(RESULTS)

    assert "Too few people answered" in words(page)
    assert not page.select("table.side-by-side")


def test_an_empty_wave_leaves_the_results_before_it(member_of, session, wave):
    """Where too few answered the newest wave, the results before stay, and both pages say so."""
    empty = make_release(
        wave="f" * 16,
        title="Empty pulse",
        opens_on="2027-01-04",
        answers={"north": NORTH[:3]},
    )
    make_wave_report(session, store_release(session, empty))
    visitor = member_of("north")

    page = visitor.get(RESULTS)

    assert "In “Empty pulse”, which came later, too few people answered" in words(page)
    assert page.select("table.side-by-side")
    assert wave.title in page.main.text
    assert f"latest results are those of {wave.title}" in words(visitor.get("/"))


# People by letter, who are counted in a node of their own.


@pytest.fixture
def letters(session, teams):
    """A released wave in which twelve people of North answered by letter."""
    wave = store_release(session, release_with_letters())
    make_wave_report(session, wave)
    return wave


def test_a_team_with_people_by_letter_is_told_where_those_are_counted(member_of, letters):
    """The own figures are those by ballot, and the page says that others are counted apart."""
    page = member_of("north").get(RESULTS)

    assert heads_of(page)[0] == "North itself"
    assert "Not everybody of North is counted here" in words(page)
    assert "counted on their own: North, by letter" in words(page)


def test_a_team_elsewhere_hears_nothing_of_them(member_of, letters):
    """Letters drawn in North are no business of Mail."""
    page = member_of("mail").get(RESULTS)

    assert heads_of(page) == ["Mail", "Company"]
    assert "letter," not in words(page) and "by letter" not in words(page)


def on_roster(session, wave, person, team, *, teams_of_group):
    """Put a person on a wave's roster, in a group of these teams."""
    wave.opening = {"groups": [{"group": "g01", "teams": teams_of_group}]}
    session.add(CountingGroup(wave_id=wave.id, key="g01", label="By letter", n_eligible=12))
    session.flush()
    session.add(
        RosterEntry(wave_id=wave.id, person_id=person.id, team_id=team.id, group_key="g01")
    )


def test_who_was_counted_by_letter_reads_the_cell_of_the_letters(
    new_visitor, session, teams, letters
):
    """Somebody who got an account since reads the figures they are part of."""
    person = make_person(session, team=teams["north"])
    on_roster(session, letters, person, teams["north"], teams_of_group=[APART])

    page = new_visitor().sign_in(person).get(RESULTS)

    assert heads_of(page) == ["North, by letter", "Company"]


def test_a_roster_of_another_team_decides_nothing(new_visitor, session, teams, letters):
    """Who was counted by letter in North and is in Mail now reads Mail's cell."""
    person = make_person(session, team=teams["mail"])
    on_roster(session, letters, person, teams["north"], teams_of_group=[APART])

    assert heads_of(new_visitor().sign_in(person).get(RESULTS))[0] == "Mail"


def test_only_nodes_that_letters_made_are_taken_for_such():
    """A real team whose name begins with the word stays a team."""
    assert is_by_letter(APART)
    assert not is_by_letter("letters-department")


def test_every_team_with_people_has_exactly_one_own_cell():
    """The cells are disjoint, so nobody's own figures depend on an order."""
    report = wave_report(read_figures(make_release(answers={"north": NORTH, "mail": MAIL})))

    for node in NODES:
        holding = [cell for cell in report["cells"] if node.key in cell["teams"]]
        own = own_place(report, node.key, name=node.name)
        assert len(holding) <= 1
        assert own.cell == (holding[0] if holding else None)
