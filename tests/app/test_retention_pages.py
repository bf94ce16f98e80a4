"""What pages and commands say of retention, and what they show of what is gone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app import retaining
from app.cli import main
from app.models import Action, Person, Release, RetentionRun, RosterEntry
from tests.app.kept_rows import CLOSED_AT, MARK, make_released_wave, on, plant
from tests.factories import make_people, make_staff, make_team

pytestmark = pytest.mark.database
LIST = "who was eligible in “March”: 3 people"


@pytest.fixture
def headwater(settings, monkeypatch):
    """Run a command on the test's own database; give its exit code and what it said."""
    monkeypatch.setenv("HEADWATER_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("HEADWATER_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("HEADWATER_KEY_FOLDER", settings.key_folder)

    def run(*words, typed=None):
        result = CliRunner().invoke(main, ["retention", *words], input=typed)
        return result.exit_code, result.output

    return run


def test_the_command_says_what_it_will_remove_asks_and_does_it(session, headwater):
    """Before its day nothing is named for removal; a No leaves all as it is."""
    make_released_wave(session, make_people(session, 3, team=make_team(session)))
    session.commit()

    early = headwater("show", "--on", "2026-04-07")
    shown = headwater("show", "--on", "2026-04-08")
    refused = headwater("run", "--on", "2026-04-08", typed="n\n")
    kept = len(session.scalars(select(RosterEntry)).all())
    session.rollback()
    done = headwater("run", "--on", "2026-04-08", typed="y\n")
    again = headwater("run", "--on", "2026-04-08", "--yes")

    assert early[1].splitlines()[:3] == [
        "Nothing is past its time.", "Later:", f"  from 2026-04-08  {LIST}",
    ]  # fmt: skip
    assert shown[1].splitlines()[:2] == ["Past its time:", f"  since 2026-04-08  {LIST}"]
    assert (refused[0], kept) == (1, 3)
    assert done == (0, f"{shown[1].splitlines()[0]}\n  since 2026-04-08  {LIST}\n"
                    f"Remove this for good? [y/N]: y\nRemoved: {LIST}.\n")  # fmt: skip
    assert again == (0, "Nothing is past its time.\nNothing was removed.\n")
    assert session.scalars(select(RosterEntry)).all() == []
    assert "last ran on" in headwater("show")[1]


def test_administrators_read_what_goes_and_what_went(session, visitor):
    """The page names waves, numbers and days, and nobody."""
    administrator = make_staff(session, "administrator")
    wave = make_released_wave(session, make_people(session, 3, team=make_team(session)))
    session.add(
        RetentionRun(
            began_at=CLOSED_AT,
            finished_at=CLOSED_AT,
            removed=[{"kind": "mail", "of": "", "due_on": "2026-03-01", "n": 1200}],
        )
    )
    page = visitor.sign_in(administrator).get("/retention")
    text = " ".join(page.main.get_text(" ").split())

    assert "and has not for more than a week" in text
    assert LIST[1:] in text
    assert "Results and comments of “March”" in text
    assert "9 March 2026 Recipients and subjects of 1,200 mails, due since 1 March 2026" in text
    wave.issuing_ended_at = datetime.now(UTC)
    assert "Nothing is past its time." in visitor.get("/retention").main.get_text(" ")
    visitor.sign_in(make_staff(session, "hr")).get("/retention", status=403)


def test_pages_say_that_results_are_gone_and_name_nobody(session, settings, visitor):
    """The wave, its action and the list of people stay readable once all has gone."""
    _, wave = plant(session, settings)
    administrator = make_staff(session, "administrator", "hr")
    retaining.run(session, on(date(2030, 1, 1), settings))
    assert session.get(Release, wave.id) is None
    (former,) = session.scalars(select(Person).where(Person.erased_on.is_not(None)))
    action = session.scalars(select(Action)).one()
    visitor.sign_in(administrator)

    of_wave = visitor.get(f"/waves/{wave.id}").main.get_text(" ")
    of_action = visitor.get(f"/actions/{action.id}").main.get_text(" ")
    people = visitor.get("/people").main.get_text(" ")

    assert "kept as long as promised, and then removed" in of_wave
    assert "kept as long as promised, and then removed" in of_action
    assert "A former colleague" in of_action
    assert "former colleague" not in people
    assert MARK not in of_wave + of_action + people
    visitor.get(f"/people/{former.id}", status=404)
    visitor.get(f"/actions/{action.id}/edit")
    visitor.get(f"/reports/waves/{wave.id}", status=404)
