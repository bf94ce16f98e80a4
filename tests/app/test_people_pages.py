"""The pages of people and teams: what an administrator does there."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from app.models import Membership, OutboxMail, Person, RoleGrant, Team
from app.services import people, roles
from app.services.errors import LastAdministrator
from tests.factories import PASSWORD, make_person, make_staff, make_team

pytestmark = [pytest.mark.database, pytest.mark.forms]
TODAY = datetime.now(UTC).date()


@pytest.fixture
def admin(session):
    return make_staff(session, "administrator", name="Ada Bell")


@pytest.fixture
def desk(visitor, admin):
    """An administrator's browser."""
    return visitor.sign_in(admin)


@pytest.fixture
def tree(session):
    company = make_team(session, "Tidewater", key="tidewater")
    sales = make_team(session, "Sales", parent=company)
    return {"company": company, "sales": sales, "north": make_team(session, "North", parent=sales)}


def test_adding_a_person(desk, session, tree):
    """A new person is an employee in the chosen team, and the list finds them by each word."""
    page = desk.follow(
        "/people/new",
        {"name": " Cy  Dorn ", "email": "Cy.Dorn@Example.org", "team": tree["north"].id,
         "starts_on": TODAY.isoformat()},
    )  # fmt: skip

    person = session.scalars(select(Person).where(Person.name == "Cy Dorn")).one()
    assert "The person was added." in page.main.text
    assert person.email == "cy.dorn@example.org"
    assert [grant.role for grant in person.grants] == ["employee"]
    for words in ("dorn", "north cy", "CY.DORN@"):
        assert len(desk.get(f"/people?q={words}").select("tbody tr")) == 1
    assert desk.get("/people?q=100%25").select("tbody tr") == []
    assert desk.get("/people?q=" + 60_000 * "%25").select("tbody tr") == []  # no fault either


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"email": "not an address"}, {"email": "x@y\r\nBcc: z"}, {"team": "999"},
     {"starts_on": "soon"}, {"name": "x" * 121}],
    ids=["no name", "no address", "header", "no team", "no day", "long"],
)  # fmt: skip
def test_what_was_typed_wrong_comes_back(desk, session, tree, change):
    """A bad field brings the page back with a sentence and everything else as it was typed."""
    data = {"name": "Cy", "email": "cy@example.org", "team": tree["sales"].id,
            "starts_on": TODAY.isoformat(), **change}  # fmt: skip

    page = desk.post("/people/new", data, 422)

    assert page.select_one(".error-summary")
    assert [person.name for person in session.scalars(select(Person))] == ["Ada Bell"]


def test_an_address_belongs_to_one_person(desk, session, tree, admin):
    """A second person with the same address is refused."""
    data = {"name": "Cy", "email": admin.email.upper(), "team": tree["sales"].id,
            "starts_on": TODAY.isoformat()}  # fmt: skip

    assert "already" in desk.post("/people/new", data, 409).main.text


def test_moving_keeps_the_time_in_the_old_team(desk, session, tree):
    """A move ends one membership and begins another on the same day."""
    person = make_person(session, team=tree["sales"])

    desk.send(f"/people/{person.id}/move", {"team": tree["north"].id, "on": TODAY.isoformat()})

    session.commit()
    spans = [(m.team.name, m.until_on) for m in person.memberships]
    assert spans == [("Sales", TODAY), ("North", None)]


def test_two_moves_on_one_day_leave_one(desk, session, tree):
    """A membership that would have lasted no day is not kept."""
    person = make_person(session, team=tree["sales"], started_on=TODAY)

    desk.send(f"/people/{person.id}/move", {"team": tree["north"].id, "on": TODAY.isoformat()})

    session.commit()
    assert [m.team.name for m in person.memberships] == ["North"]


def test_leaving_closes_everything(desk, new_visitor, session, tree):
    """Who leaves has no team, no role and no sign-in; taken back they are an employee again."""
    person = make_person(session, team=tree["sales"], roles=("employee", "hr"))
    theirs = new_visitor().sign_in(person)
    theirs.get("/account")

    desk.send(f"/people/{person.id}/end", {"on": TODAY.isoformat()})

    session.commit()
    theirs.fetch("/account", 303)
    assert person.grants == []
    assert [m.until_on for m in person.memberships] == [TODAY]
    desk.send(f"/people/{person.id}/move", {"team": tree["north"].id, "on": TODAY.isoformat()})
    session.commit()
    assert [grant.role for grant in person.grants] == ["employee"]


def test_roles_are_what_is_ticked(desk, session, tree):
    """Roles and managed teams can be given and taken together."""
    person = make_person(session)

    desk.send(
        f"/people/{person.id}/roles",
        {"roles": ["hr", "executive"], "manages": [str(tree["sales"].id)]},
    )

    session.commit()
    ticked = {e["value"] for e in desk.get(f"/people/{person.id}/roles").select("[checked]")}
    held = {(grant.role, grant.team_id) for grant in person.grants}
    assert ticked == {"hr", "executive", str(tree["sales"].id)}
    assert held == {("hr", None), ("executive", None), ("manager", tree["sales"].id)}


@pytest.mark.parametrize(
    ("deed", "data"),
    [
        ("roles", {"roles": ["employee"]}),
        ("end", {"on": TODAY.isoformat()}),
        ("close-account", {}),
    ],
)  # fmt: skip
def test_the_last_administrator_stays(desk, session, admin, deed, data):
    """The only administrator can neither lose the role nor leave nor be closed."""
    page = desk.post(f"/people/{admin.id}/{deed}", data, 409)

    # The sentence stands above the form, or the button, that was used.
    assert "nobody to administer" in page.select_one("main [role=alert]").text
    assert "Ada Bell" in page.h1.text
    assert page.main.select("form button")
    session.rollback()
    assert [g.role for g in session.scalars(select(RoleGrant))] == ["administrator"]
    desk.get("/people")


def test_one_of_two_administrators_may_go(desk, session, admin):
    """With a second administrator the first may give the role up."""
    make_staff(session, "administrator")

    desk.send(f"/people/{admin.id}/roles", {"roles": ["employee"]})

    desk.fetch("/people", 403)


def test_an_invitation_lets_its_reader_set_a_password_once(desk, new_visitor, session):
    """The mail's link sets a password, then it is spent."""
    person = make_person(session)
    desk.send(f"/people/{person.id}/invite")
    session.commit()
    mail = session.scalars(select(OutboxMail)).one()
    path = mail.body.split("http://127.0.0.1:8000")[1].split()[0]
    guest = new_visitor()

    page = guest.follow(path, {"password": PASSWORD})

    assert "Your password is set." in page.main.text
    assert guest.send("/sign-in", {"email": person.email, "password": PASSWORD}).location == "/"
    assert "used before" in guest.get(path, 410).main.text


def test_closing_an_account_signs_out(desk, new_visitor, session):
    """A closed account is out at once and can be opened again."""
    person = make_person(session, password=PASSWORD)
    theirs = new_visitor().sign_in(person)

    desk.send(f"/people/{person.id}/close-account")
    theirs.fetch("/account", 303)
    desk.send(f"/people/{person.id}/open-account")

    theirs.sign_in(person).get("/account")


def change(desk, path, data):
    """Change a team as the page does: look at the preview, then confirm it."""
    data = {"starts_on": str(TODAY), **data}
    seen = desk.post(path, data, 200).select_one("[name=seen]")["value"]
    desk.follow(path, {**data, "seen": seen})


def test_the_tree_is_built_renamed_moved_and_pruned(desk, session):
    """Teams are added below others, keep their key under a new name, move with what is below."""
    desk.follow("/teams/new", {"name": "Tidewater"})
    session.commit()
    company = session.scalars(select(Team)).one()
    for name in ("Sales", "Service"):
        desk.follow("/teams/new", {"name": name, "parent": company.id})
    session.commit()
    sales, service = session.scalars(
        select(Team).where(Team.parent == company).order_by(Team.name)
    )
    change(desk, f"/teams/{sales.id}/rename", {"name": "Revenue"})
    change(desk, f"/teams/{service.id}/move", {"parent": sales.id})
    rows = [row.text.split()[0] for row in desk.get("/teams").select("tbody tr")]
    change(desk, f"/teams/{service.id}/close", {})

    session.commit()
    assert rows == ["Tidewater", "Revenue", "Service"]
    assert (sales.name, sales.key) == ("Revenue", "sales")
    assert service.closed_on == TODAY


@pytest.mark.parametrize(
    ("path", "data", "sentence"),
    [
        ("/teams/new", {"name": "north", "parent": "sales"}, "already"),
        ("/teams/{company}/move", {"parent": "sales"}, None),
    ],
)
def test_the_tree_stays_a_tree(desk, session, tree, path, data, sentence):
    """No twins, no circles, no closing of teams that are in use."""
    make_person(session, team=tree["north"])
    ids = {name: team.id for name, team in tree.items()}
    data = {k: str(ids.get(v, v)) if k == "parent" else v for k, v in data.items()}

    page = desk.post(path.format(**ids), data, 409 if sentence else 422)

    assert sentence is None or sentence in page.main.text


def test_names_are_shown_as_text(desk, session, tree):
    """A name that looks like markup stays a name."""
    person = make_person(session, "<script>alert(1)</script>", team=tree["sales"])

    page = desk.get(f"/people/{person.id}")

    assert "<script>alert(1)</script>" in page.h1.text


def test_a_long_list_has_pages(desk, session):
    """Fifty people to a page."""
    for _ in range(60):
        make_person(session)

    assert len(desk.get("/people").select("tbody tr")) == 50
    assert len(desk.get("/people?page=2").select("tbody tr")) == 11
    assert len(desk.get("/people?page=99").select("tbody tr")) == 11


def test_somebody_cannot_be_in_two_teams_on_one_day(desk, session, tree):
    """A move into the past of another membership is refused."""
    person = make_person(session, team=tree["sales"], started_on=TODAY - timedelta(days=9))
    desk.send(f"/people/{person.id}/move", {"team": tree["north"].id, "on": TODAY.isoformat()})

    early = {"team": tree["company"].id, "on": (TODAY - timedelta(days=5)).isoformat()}
    page = desk.post(f"/people/{person.id}/move", early, 409)

    assert "came to North" in page.select_one(".error-summary").text
    assert page.select_one("#on")["value"] == early["on"]

    session.commit()
    assert len(session.scalars(select(Membership)).all()) == 2


def test_two_administrators_cannot_remove_each_other_at_once(app, session, admin):
    """Whoever comes second is refused, however close the two are."""
    other = make_staff(session, "administrator")
    session.commit()
    start, outcomes = Barrier(2), []

    def remove(person_id):
        with app.extensions["sessions"]() as mine:
            person = people.find_person(mine, person_id)
            start.wait()
            try:
                roles.set_roles(mine, person, roles={"employee"}, manages=())
                mine.commit()
            except LastAdministrator:
                outcomes.append("refused")
            else:
                outcomes.append("done")

    threads = [Thread(target=remove, args=(person.id,)) for person in (admin, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["done", "refused"]
