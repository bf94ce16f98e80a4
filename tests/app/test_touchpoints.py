"""The pages where touchpoints and customer addresses are made and retired."""

from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from app.models import CustomerLink, Touchpoint
from app.services import survey_versions, touchpoints
from app.services.errors import Conflict
from tests.app.customers import NOW, make_answer, make_link, make_touchpoint, make_version
from tests.factories import make_staff, make_team

pytestmark = [pytest.mark.database, pytest.mark.forms]


@pytest.fixture
def staff(visitor, session):
    """A visitor who looks after customers."""
    return visitor.sign_in(make_staff(session, "cx_manager"))


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("cx_manager", 200),
        ("administrator", 200),
        ("employee", 403),
        ("manager", 403),
        ("hr", 403),
        ("executive", 403),
    ],
)
def test_touchpoints_are_for_cx_managers_and_administrators(visitor, session, role, status):
    """Each role is let in or turned away, on the list and on an address alike."""
    link = make_link(session)
    visitor.sign_in(make_staff(session, role))

    for path in ("", f"{link.touchpoint_id}", f"links/{link.id}", f"links/{link.id}/poster"):
        visitor.get(f"/touchpoints/{path}", status=status)
    visitor.fetch(f"/touchpoints/links/{link.id}/code.svg", status=status)


def test_a_touchpoint_and_its_address_are_made_in_three_steps(staff, session):
    """Name a touchpoint, choose channel, team and questionnaire, read the address."""
    team, version = make_team(session, "Harbour"), make_version(session)

    page = staff.follow("/touchpoints/new", {"name": "  Service   counter ", "stage": "service"})
    assert page.h1.text == "Service counter"

    touchpoint = session.scalars(select(Touchpoint)).one()
    page = staff.follow(
        f"/touchpoints/{touchpoint.id}/links/new",
        {"channel": "qr", "team": str(team.id), "version": str(version.id)},
    )

    link = session.scalars(select(CustomerLink)).one()
    assert (link.channel, link.team, link.survey_version) == ("qr", team, version)
    assert page.select_one("#address")["value"] == f"http://127.0.0.1:8000/s/{link.token}"
    assert len(link.token) >= 16
    assert version.frozen_at is not None
    staff.get(f"/s/{link.token}")


def test_an_address_may_belong_to_no_team(staff, session):
    """No team is a choice that has to be made, not what happens when nobody chooses."""
    touchpoint, version = make_touchpoint(session), make_version(session)
    path = f"/touchpoints/{touchpoint.id}/links/new"
    form = {"channel": "email", "version": str(version.id)}

    page = staff.post(path, form | {"team": ""}, status=422)
    assert "Choose a team, or no team." in page.select_one(".error-summary").text

    staff.post(path, form | {"team": "0"})
    assert session.scalars(select(CustomerLink)).one().team is None


def test_closed_teams_and_employees_questionnaires_are_not_on_offer(staff, session):
    """The form offers what an address can have; anything else is refused."""
    closed = make_team(session, "Closed", closed_on=NOW.date())
    pulse = survey_versions.copy_bundled(session, "monthly_pulse", now=NOW)
    touchpoint, version = make_touchpoint(session), make_version(session)
    path = f"/touchpoints/{touchpoint.id}/links/new"

    page = staff.get(path)
    assert "Closed" not in page.select_one("#team").text
    assert [o["value"] for o in page.select("#version option")] == [str(version.id)]

    for wrong in ({"team": str(closed.id)}, {"version": str(pulse.id)}, {"channel": "import"}):
        form = {"channel": "qr", "team": "0", "version": str(version.id)}
        staff.post(path, form | wrong, status=422)
    assert session.scalars(select(CustomerLink)).all() == []


def test_without_a_questionnaire_the_page_says_where_to_get_one(staff, session):
    """An organisation that has just begun is told the next step."""
    page = staff.get(f"/touchpoints/{make_touchpoint(session).id}/links/new")

    assert page.main.select_one("a[href='/surveys/']")


@pytest.mark.parametrize(
    ("name", "status"),
    [("", 422), ("  ", 422), ("x" * 121, 422), ("Hotline", 409), ("HOTLINE ", 409)],
)
def test_a_touchpoint_needs_a_name_of_its_own(staff, session, name, status):
    """Blank, overlong and taken names are refused."""
    make_touchpoint(session, "Hotline")

    staff.post("/touchpoints/new", {"name": name, "stage": "service"}, status=status)

    assert len(session.scalars(select(Touchpoint)).all()) == 1


def test_a_touchpoint_can_be_renamed_and_keeps_its_addresses(staff, session):
    """The new name shows to customers at once; saving it unchanged is no conflict."""
    link = make_link(session, touchpoint=make_touchpoint(session, "Old name"))
    path = f"/touchpoints/{link.touchpoint_id}/edit"

    staff.post(path, {"name": "old name", "stage": "use"})
    staff.post(path, {"name": "New name", "stage": "use"})

    assert "New name" in staff.get(f"/s/{link.token}").main.text


def test_retiring_and_restoring_shuts_and_opens_the_address(staff, session):
    """Each switch works at once and can be turned back."""
    link = make_link(session)
    for what in (f"links/{link.id}", f"{link.touchpoint_id}"):
        staff.post(f"/touchpoints/{what}/retire")
        staff.get(f"/s/{link.token}", status=410)
        staff.post(f"/touchpoints/{what}/restore")
        staff.get(f"/s/{link.token}")


def test_a_retired_touchpoint_gets_no_new_address(session):
    """First it has to be brought back."""
    touchpoint = make_touchpoint(session)
    touchpoints.retire_touchpoint(touchpoint)

    with pytest.raises(Conflict):
        make_link(session, touchpoint=touchpoint)


def test_an_address_can_move_on_to_the_newest_version(staff, session):
    """The page offers it where there is one, and freezes it."""
    link = make_link(session)
    path = f"/touchpoints/links/{link.id}"
    assert not staff.get(path).select(f"form[action='{path}/ask-newest']")
    newer = survey_versions.new_version(session, link.survey_version, now=NOW)

    assert staff.get(path).select(f"form[action='{path}/ask-newest']")
    staff.post(f"{path}/ask-newest")

    session.refresh(link)
    assert link.survey_version == newer
    assert newer.frozen_at is not None


def test_an_address_stays_with_its_questionnaire(session):
    """Answers to different questions would be added to one figure."""
    link = make_link(session)
    other = survey_versions.copy_bundled(session, "customer_experience", now=NOW)
    pulse = survey_versions.copy_bundled(session, "monthly_pulse", now=NOW)

    for version in (other, pulse):
        with pytest.raises(Conflict):
            touchpoints.ask(link, version, now=NOW)


def test_lists_count_addresses_and_answers(staff, session):
    """A glance says which touchpoints are alive."""
    counter = make_touchpoint(session, "Counter")
    make_touchpoint(session, "Hotline")
    links = [make_link(session, touchpoint=counter) for _ in range(3)]
    touchpoints.retire_link(links[0])
    for link in links[:2]:
        make_answer(session, link, {"recommend": 9})

    rows = {
        row.th.text.strip(): [cell.text for cell in row.select("td")]
        for row in staff.get("/touchpoints/").select("tbody tr")
    }
    addresses = [
        (row.th.text.split(), row.select("td")[-1].text)
        for row in staff.get(f"/touchpoints/{counter.id}").select("tbody tr")
    ]

    assert rows == {"Counter": ["Service", "2", "2"], "Hotline": ["Service", "0", "0"]}
    assert sorted(addresses) == [(["Link"], "0"), (["Link"], "1"), (["Link", "retired"], "1")]


def test_the_qr_code_is_a_drawing_of_its_own(staff, session):
    """The SVG has no style and no script, so the strict policy lets it be shown and printed."""
    link = make_link(session)

    response = staff.fetch(f"/touchpoints/links/{link.id}/code.svg")

    assert response.mimetype == "image/svg+xml"
    drawing = ElementTree.fromstring(response.data)
    assert drawing.get("viewBox", "").startswith("0 0 ")
    parts = list(drawing.iter())
    assert {part.tag.rpartition("}")[2] for part in parts} == {"svg", "path"}
    assert not {"style", "class"} & {name for part in parts for name in part.attrib}
    page = staff.get(f"/touchpoints/links/{link.id}/poster")
    assert page.select_one("img")["src"] == f"/touchpoints/links/{link.id}/code.svg"
    assert link.token in page.main.text


@pytest.mark.parametrize("path", ["999", "999/edit", "links/999", "links/999/code.svg"])
def test_what_does_not_exist_is_not_found(staff, path):
    """Made-up numbers lead to the ordinary page for missing things."""
    staff.get(f"/touchpoints/{path}", status=404)
