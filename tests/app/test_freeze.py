"""S-4: what was released stays as it was, whatever happens to the organisation afterwards."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select

from app.models import Person, Release, Report
from app.queries import reports
from app.reporting.build import build_report
from app.services import people, team_changes, teams
from app.services.team_changes import Draft
from surveys.documents import canonical, sha256_of
from tests.app.released import make_release, store_release, store_teams
from tests.factories import make_person, make_staff

pytestmark = [pytest.mark.attack, pytest.mark.database]
TODAY = datetime.now(UTC).date()


@pytest.fixture
def tree(session):
    """The company's teams, with somebody in each."""
    tree = store_teams(session)
    for team in tree.values():
        make_person(session, team=team)
    return tree


@pytest.fixture
def wave(session, tree):
    """A released wave."""
    return store_release(session, make_release())


def evidence(session, wave):
    """Take down the release as it is stored, and the report made of it from nothing."""
    session.expire_all()
    stored = session.scalars(select(Release)).one()
    assert sha256_of(make_release()) == stored.sha256
    session.execute(delete(Report))
    key = reports.wave_report_key(session, wave.key)
    build_report(session, key, now=datetime.now(UTC))
    return stored.document, stored.sha256, canonical(reports.stored_report(session, key))


def rename(session, tree):
    teams.rename_team(session, tree["north"], name="Nowhere")


def move(session, tree):
    teams.move_team(session, tree["phone"], parent=tree["sales"])


def empty_and_close(session, tree):
    for person in session.scalars(select(Person)).all():
        membership = people.current_membership(person)
        if membership is not None and membership.team is tree["mail"]:
            people.move_person(session, person, team=tree["west"], on=TODAY)
    session.flush()
    teams.close_team(session, tree["mail"], on=TODAY)


def split(session, tree):
    make_person(session, team=tree["north"])
    sitting = team_changes.people_in(session, tree["north"], on=TODAY)
    moving = frozenset([sitting[0].person_id])
    enter(session, "split", tree["north"], name="North", second_name="East", moving=moving)


def merge(session, tree):
    both = (tree["phone"], tree["mail"])
    enter(session, "merge", *both, name="Voice", parent=tree["care"])


def enter(session, kind, *concerned, **fields):
    draft = Draft(kind=kind, teams=concerned, starts_on=TODAY, **fields)
    team_changes.enter(session, draft, now=datetime.now(UTC), today=TODAY)


def send_everybody_away(session, tree):
    for person in session.scalars(select(Person)).all():
        people.end_person(session, person, on=TODAY)


def delete_an_account(session, tree):
    session.delete(session.scalars(select(Person)).first())


@pytest.mark.parametrize(
    "change",
    [rename, move, empty_and_close, split, merge, send_everybody_away, delete_an_account],
    ids=lambda change: change.__name__,
)
def test_no_change_of_the_organisation_moves_a_release(session, tree, wave, change):
    """Teams renamed, moved, closed or split, people gone: not one byte differs."""
    before = evidence(session, wave)

    change(session, tree)
    session.commit()

    assert evidence(session, wave) == before


def test_pages_of_a_release_show_the_teams_of_its_time(session, visitor, tree, wave):
    """After a team was moved and renamed, the page of the old wave reads as it did."""
    hr = visitor.sign_in(make_staff(session, "hr"))
    key = reports.wave_report_key(session, wave.key)
    build_report(session, key, now=datetime.now(UTC))
    before = hr.fetch(f"/reports/waves/{wave.id}/table.csv").get_data()

    rename(session, tree)
    move(session, tree)

    assert hr.fetch(f"/reports/waves/{wave.id}/table.csv").get_data() == before
