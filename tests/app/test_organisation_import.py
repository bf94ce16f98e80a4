"""Importing a roster: what is previewed is what happens, and all of it or nothing."""

from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from app.formats.rosters import read_roster
from app.models import Person, Team
from app.services import organisation_import, people
from tests.factories import make_person, make_staff, make_team

pytestmark = [pytest.mark.database, pytest.mark.forms]
TODAY = datetime.now(UTC).date()
HEAD = "email,name,team,role,locale,start date"
ROWS = (
    "ada@example.org,Ada Bell,Tidewater,administrator,,",
    "cy@example.org,Cy Dorn,Tidewater / Sales / North,manager,de,2026-01-05",
    "eve@example.org,Eve Fox,Tidewater / Sales / North,,,",
    "gus@example.org,Gus Hill,Tidewater / Service,,,",
)
FILE = "\n".join([HEAD, *ROWS])


@pytest.fixture
def desk(visitor, session):
    """The browser of an administrator from outside, who is in no team."""
    return visitor.sign_in(make_staff(session, "administrator", name="Root"))


def upload(desk, content, status=200, name="people.csv"):
    if isinstance(content, str):
        content = content.encode()
    return desk.post("/people/import", {"file": (BytesIO(content), name)}, status)


def do_all(desk, page):
    fields = {f["name"]: f["value"] for f in page.select("input[type=hidden]")}
    return desk.follow("/people/import/confirm", fields)


def snapshot(session):
    session.commit()
    found = session.scalars(select(Person).where(Person.name != "Root").order_by(Person.email))
    return {p.email: (m.team.key if (m := people.current_membership(p)) else None) for p in found}


def test_a_preview_writes_nothing(desk, session):
    """Looking at a file leaves the organisation as it was."""
    page = upload(desk, FILE)

    assert "Nothing is written yet." in page.main.text
    assert session.scalar(select(func.count(Team.id))) == 0
    assert session.scalar(select(func.count(Person.id))) == 1


def test_a_first_import_makes_teams_people_and_roles(desk, session):
    """Everything in the file exists afterwards, with the names, roles and days it gives."""
    page = do_all(desk, upload(desk, FILE))

    assert "The file was imported." in page.main.text
    assert snapshot(session) == {
        "ada@example.org": "tidewater",
        "cy@example.org": "north",
        "eve@example.org": "north",
        "gus@example.org": "service",
    }
    cy = people.find_by_email(session, "cy@example.org")
    assert {(g.role, g.team.key if g.team else None) for g in cy.grants} == {
        ("employee", None),
        ("manager", "north"),
    }
    assert (cy.locale, cy.started_on.isoformat()) == ("de", "2026-01-05")
    root = session.scalars(select(Person).where(Person.name == "Root")).one()
    assert root.ended_on is None


def test_the_same_file_again_changes_nothing(desk, session):
    """Importing twice is importing once."""
    do_all(desk, upload(desk, FILE))

    page = upload(desk, FILE)

    assert "Nothing: the organisation is as the file says." in page.main.text
    assert not page.select("form[action*=confirm]")


def test_joining_moving_and_leaving_are_told_apart(desk, session):
    """A later file moves one, ends one, adds one and leaves the others alone."""
    do_all(desk, upload(desk, FILE))
    later = "\n".join(
        [HEAD, ROWS[0], ROWS[1], "EVE@example.org,Eve Fox,tidewater / service,,,",
         "ida@example.org,Ida Joy,Tidewater / Sales,,,"]
    )  # fmt: skip

    page = upload(desk, later)
    facts = dict(
        zip([e.text for e in page.select("dt")], [e.text for e in page.select("dd")], strict=True)
    )
    do_all(desk, page)

    assert facts == {
        "New teams": "0", "Join or come back": "1", "Move": "1", "Leave": "1",
        "Change in name, language or role": "0", "Stay as they are": "2",
    }  # fmt: skip
    assert snapshot(session) == {
        "ada@example.org": "tidewater",
        "cy@example.org": "north",
        "eve@example.org": "service",
        "gus@example.org": None,
        "ida@example.org": "sales",
    }


def test_who_left_can_come_back(desk, session):
    """A person who was ended and is listed again starts again in the team of the file."""
    do_all(desk, upload(desk, FILE))
    do_all(desk, upload(desk, "\n".join([HEAD, *ROWS[:3]])))

    do_all(desk, upload(desk, FILE))

    assert snapshot(session)["gus@example.org"] == "service"
    assert people.find_by_email(session, "gus@example.org").ended_on is None


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("nobody,Eve,Tidewater,,,", "Row 3: 'nobody' is not an e-mail address"),
        (",Eve,Tidewater,,,", "Row 3: the e-mail address is missing"),
        ("=1+1@example.org,Eve,Tidewater,,,", "Row 3: '=1+1@example.org' is not an e-mail"),
        ("eve@example.org,,Tidewater,,,", "Row 3: the name is missing."),
        ("eve@example.org,Eve,,,,", "Row 3: the team is missing"),
        ("eve@example.org,Eve,Tidewater / / North,,,", "Row 3: the team is missing"),
        ("eve@example.org,Eve,Tidewater,king,,", "Row 3: there is no role 'king'"),
        ("eve@example.org,Eve,Tidewater,,english,", "Row 3: 'english' is not a language"),
        ("eve@example.org,Eve,Tidewater,,,05.01.2026", "Row 3: '05.01.2026' is not a date"),
        ("ADA@example.org,Ada,Tidewater,,,", "Row 3: ada@example.org is in row 2 already"),
        ("eve@example.org,Eve,Elsewhere / Sales,,,", "Row 3: the path starts with 'Elsewhere'"),
    ],
)
def test_errors_name_the_row_and_nothing_is_offered(desk, row, sentence):
    """A file with one bad row cannot be imported at all, and says which row it is."""
    page = upload(desk, "\n".join([HEAD, ROWS[0], row]), 422)

    assert sentence in " ".join(page.main.text.split())
    assert not page.select("form[action*=confirm]")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "empty"),
        ("email,name\na@example.org,A", "missing: team."),
        ("email,mail,name,team\na,b,c,d", "Two columns give the email"),
        (HEAD, "no rows of data"),
        (b"%PDF-1.7 nothing", "save it as CSV or XLSX"),
        ("email,name,team\n" + "x" * (5 * 2**20), "up to 5 MB"),
    ],
    ids=["empty", "column missing", "column twice", "no rows", "no table", "too large"],
)
def test_files_that_are_no_rosters_are_refused(desk, content, sentence):
    """One sentence says what to do, and no name of a temporary file appears in it."""
    page = upload(desk, content, 422)

    error = page.select_one(".error").text
    assert sentence in error
    assert "headwater-roster" not in error


def test_a_far_too_large_request_is_refused_early(desk):
    """More than 6 MB do not even reach the form."""
    assert "5 MB" in upload(desk, b"x" * (7 * 2**20), 413).main.text


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("utf-8-sig", ","), ("cp1252", ";"), ("utf-16", "\t"), ("utf-8", ";")],
)
def test_what_spreadsheet_programs_write_is_read(desk, session, encoding, separator):
    """Byte-order marks, semicolons and Windows letters are no obstacle."""
    lines = ["email,name,team", "rené@example.org".replace("é", "e") + ",René Öst,Möwe"]
    content = "\r\n".join(lines).replace(",", separator).encode(encoding)

    do_all(desk, upload(desk, content))

    session.commit()
    assert people.find_by_email(session, "rene@example.org").name == "René Öst"
    assert session.scalars(select(Team.name)).one() == "Möwe"


def test_a_workbook_is_read(desk, session):
    """XLSX works like CSV, its dates included."""
    book, content = Workbook(), BytesIO()
    book.active.append(["email", "name", "team", "start date"])
    book.active.append(["eve@example.org", "Eve Fox", "Tidewater", date(2026, 1, 5)])
    book.save(content)

    do_all(desk, upload(desk, content.getvalue(), name="people.xlsx"))

    session.commit()
    assert people.find_by_email(session, "eve@example.org").started_on.isoformat() == "2026-01-05"


def test_names_that_look_like_formulas_stay_text(desk, session):
    """What a spreadsheet would run is shown as text, and its guard does not pile up."""
    row = "eve@example.org,'=cmd|' /C calc'!A0,Tidewater,,,"

    do_all(desk, upload(desk, "\n".join([HEAD, row])))

    session.commit()
    assert people.find_by_email(session, "eve@example.org").name == "=cmd|' /C calc'!A0"


def test_what_changed_since_the_preview_is_previewed_again(desk, session):
    """If the organisation changes between preview and confirmation, nothing is done."""
    page = upload(desk, FILE)
    make_team(session, "Tidewater", key="tidewater")
    fields = {f["name"]: f["value"] for f in page.select("input[type=hidden]")}

    again = desk.post("/people/import/confirm", fields, 200)

    assert "changed meanwhile" in again.main.text
    assert session.scalar(select(func.count(Person.id))) == 1


def test_the_last_administrator_cannot_be_imported_away(desk, session):
    """If only somebody on the roster administers, a file without them is refused whole."""
    do_all(desk, upload(desk, FILE))
    root = session.scalars(select(Person).where(Person.name == "Root")).one()
    root.grants = []
    ada = people.find_by_email(session, "ada@example.org")
    desk.sign_in(ada)
    page = upload(desk, "\n".join([HEAD, *ROWS[1:]]))
    fields = {f["name"]: f["value"] for f in page.select("input[type=hidden]")}

    desk.post("/people/import/confirm", fields, 409)

    assert snapshot(session)["ada@example.org"] == "tidewater"


def test_somebody_who_starts_later_can_leave_the_roster(session, tmp_path):
    """Ending somebody before their first day leaves no membership and breaks nothing."""
    company = make_team(session, "Tidewater", key="tidewater")
    make_person(session, team=company, email="ada@example.org", name="Ada Bell",
                roles=("administrator",))  # fmt: skip
    later = make_person(session, team=company, started_on=TODAY.replace(year=TODAY.year + 1))
    path = tmp_path / "people.csv"
    path.write_text("\n".join([HEAD, ROWS[0]]))

    plan = organisation_import.plan_import(session, read_roster(path).rows)
    organisation_import.carry_out(session, plan, on=TODAY)

    assert later.ended_on == later.started_on
    assert later.memberships == []
