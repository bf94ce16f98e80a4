"""Pages that change the tree: a preview first, then the deed, and the list of what is planned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.models import Membership, Team, TeamChange
from tests.factories import make_people, make_staff, make_team, make_wave

pytestmark = [pytest.mark.database, pytest.mark.forms]
TODAY = datetime.now(UTC).date()
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def desk(session, visitor):
    """An administrator's desk."""
    return visitor.sign_in(make_staff(session, "administrator"))


@pytest.fixture
def tree(session):
    """Sales with North (9) and South (10), and an empty Service."""
    top = make_team(session, "Tidewater", key="top")
    tree = {name: make_team(session, name.title(), key=name, parent=top)
            for name in ("sales", "service")}  # fmt: skip
    for name, size in (("north", 9), ("south", 10)):
        tree[name] = make_team(session, name.title(), key=name, parent=tree["sales"])
        make_people(session, size, team=tree[name])
    session.commit()
    return tree


def change(desk, path, data, *, status=200):
    """Send a form, take the seal of the preview from the page, and send it again."""
    page = desk.post(path, data, status)
    return page, {**data, "seen": page.select_one("[name=seen]")["value"]}


def test_a_team_is_split_after_a_preview(desk, session, tree):
    """Nothing happens before the preview was seen; what it says then comes true."""
    make_wave(session, "Autumn", opened_at=datetime.now(UTC))
    path = f"/teams/{tree['south'].id}/split"
    people = [box["value"] for box in desk.get(path).select("[name=people]")]
    data = {"name": "South", "second_name": "Pier", "people": people[:3], "starts_on": str(TODAY)}

    page, again = change(desk, path, data)
    assert session.scalars(select(TeamChange)).all() == []
    said = " ".join(page.select_one(".notice").text.split())
    assert "South and Pier take its place, with 3 people in Pier." in said
    assert "No line breaks. The lines of 2 groups go on" in said
    assert "Autumn runs and counts everybody as before." in said
    listed = desk.follow(path, again)

    pier = session.scalars(select(Team).where(Team.name == "Pier")).one()
    there = session.scalars(select(Membership).where(Membership.team_id == pier.id)).all()
    assert {str(m.person_id) for m in there} == set(people[:3])
    assert "Split South into South and Pier" in listed.main.text


def test_people_of_one_name_are_told_apart_in_a_split(desk, session, tree):
    """Two people called the same stand there with their addresses, the others without."""
    first, second, *others = [m.person for m in session.scalars(select(Membership)).all()
                              if m.team_id == tree["south"].id]  # fmt: skip
    first.name = second.name = "Pavel Ulver"
    session.commit()

    page = desk.get(f"/teams/{tree['south'].id}/split")
    labels = {
        box["value"]: page.select_one(f"label[for={box['id']}]").text.strip()
        for box in page.select("[name=people]")
    }

    assert labels[str(first.id)] == f"Pavel Ulver, {first.email}"
    assert labels[str(second.id)] == f"Pavel Ulver, {second.email}"
    assert labels[str(others[0].id)] == others[0].name


def test_a_preview_of_something_else_is_shown_anew(desk, session, tree):
    """Whoever changes the form after the preview sees first what that would do."""
    path = f"/teams/{tree['north'].id}/move"
    data = {"parent": tree["service"].id, "starts_on": str(TODAY)}
    page, again = change(desk, path, data)
    assert "The line of Sales breaks" in " ".join(page.main.text.split())

    page = desk.post(path, {**again, "parent": tree["north"].parent.parent_id}, 200)

    assert "What this does" in page.main.text
    assert tree["north"].parent_id == tree["sales"].id
    desk.follow(path, again)
    session.expire_all()
    assert tree["north"].parent_id == tree["service"].id


def test_a_planned_change_is_listed_and_can_be_withdrawn(desk, session, tree):
    """With a day to come it waits; its button names the day."""
    path = f"/teams/{tree['north'].id}/merge"
    data = {"others": [tree["south"].id], "name": "Coast", "starts_on": str(TOMORROW)}

    page, again = change(desk, path, data)
    assert f"Merge on {TOMORROW:%-d %B %Y}" in page.main.text
    assert "These lines end with the last wave: North and South." in page.main.text
    listed = desk.follow(path, again)

    assert "Merge North and South into Coast" in listed.main.text
    assert tree["north"].closed_on is None
    planned = session.scalars(select(TeamChange)).one()
    assert "Nothing is planned." in desk.follow(f"/teams/changes/{planned.id}/withdraw").main.text


@pytest.mark.parametrize(
    ("path", "data", "status", "sentence"),
    [
        ("north/move", {"parent": "sales"}, 409, "North is under Sales already."),
        ("sales/move", {"parent": "north"}, 422, "Not a valid choice."),
        ("sales/close", {}, 409, "Close or move what is below Sales first: North, South."),
        ("north/close", {}, 409, "9 people are still in North; move them first."),
        ("north/rename", {"name": ""}, 422, "Give the team a name."),
        ("north/rename", {"name": "South"}, 409, "There is a team South under Sales already."),
        ("north/rename", {"name": "Pole", "starts_on": "2020-01-01"}, 409, "Choose today or a"),
        ("north/rename", {"name": "Pole", "starts_on": "soon"}, 422, "Not a valid date value."),
        ("north/split", {"name": "A", "second_name": "B"}, 422, "Choose at least one person."),
        ("north/merge", {"name": "A"}, 422, "Choose at least one team."),
        ("sales/split", {"name": "A", "second_name": "B"}, 422, "Choose at least one person."),
    ],
)
def test_what_is_wrong_is_said_beside_the_form(desk, session, tree, path, data, status, sentence):
    """One clear sentence, on the form that was filled in, with what was typed."""
    name, kind = path.split("/")
    if "parent" in data:
        data = {**data, "parent": tree[data["parent"]].id}

    page = desk.post(f"/teams/{tree[name].id}/{kind}", {"starts_on": str(TODAY), **data}, status)

    assert sentence in page.select_one(".error-summary").text
