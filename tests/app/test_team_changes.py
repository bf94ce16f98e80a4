"""Changes of the tree: split, merge, move, rename and close, today or from a day on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.models import ChangedPerson, CustomerLink, RoleGrant, Team, TeamChange
from app.queries.team_lineage import descents
from app.services import team_changes, team_previews
from app.services.errors import Conflict, Unusable
from app.services.team_changes import Draft
from surveys.lineage import Descent
from tests.app.pulse import NOW, TODAY
from tests.factories import make_people, make_person, make_team

pytestmark = pytest.mark.database
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def tree(session):
    """A company with Sales (North 12, South 9, West 8) and Service (Desk 10) below it."""
    top = make_team(session, "Tidewater", key="top")
    sales = make_team(session, "Sales", key="sales", parent=top)
    service = make_team(session, "Service", key="service", parent=top)
    found = {"top": top, "sales": sales, "service": service}
    sizes = {"north": 12, "south": 9, "west": 8}
    for name, size in sizes.items():
        found[name] = make_team(session, name.title(), key=name, parent=sales)
        make_people(session, size, team=found[name])
    found["desk"] = make_team(session, "Desk", key="desk", parent=service)
    make_people(session, 10, team=found["desk"])
    session.commit()
    return found


def heads(session, team) -> list[int]:
    """Number the people who sit in a team today."""
    return [m.person_id for m in team_changes.people_in(session, team, on=TODAY)]


def enter(session, draft) -> TeamChange:
    return team_changes.enter(session, draft, now=NOW, today=TODAY)


def named(session, name) -> Team:
    return session.scalars(select(Team).where(Team.name == name, Team.closed_on.is_(None))).one()


def test_a_split_makes_two_new_teams_and_closes_the_old_one(session, tree):
    """Neither part is the old team, whatever it is called; managers keep both parts."""
    manager = make_person(session, manages=[tree["desk"]])
    everybody = heads(session, tree["desk"])
    going = frozenset(everybody[:4])

    change = enter(
        session,
        Draft(kind="split", teams=(tree["desk"],), starts_on=TODAY, name="Desk",
              second_name="Chat", moving=going),
    )  # fmt: skip

    desk, chat = named(session, "Desk"), named(session, "Chat")
    assert tree["desk"].closed_on == TODAY
    assert (desk.key, chat.key) == ("desk-2", "chat")
    assert set(heads(session, chat)) == going
    assert set(heads(session, desk)) == set(everybody) - going
    assert heads(session, tree["desk"]) == []
    grants = session.scalars(select(RoleGrant).where(RoleGrant.role == "manager"))
    assert {(g.person_id, g.team_id) for g in grants} == {
        (manager.id, team.id) for team in (tree["desk"], desk, chat)
    }
    assert change.done_on == TODAY
    assert session.scalars(select(ChangedPerson)).all() == []
    assert descents(session) == [
        Descent(before=frozenset({"desk"}), after=frozenset({"desk-2", "chat"}))
    ]


def test_a_merger_makes_one_new_team_of_several(session, tree):
    """People, what is below and customers' addresses come along; the old teams are closed."""
    below = make_team(session, "Kiosk", key="kiosk", parent=tree["west"])
    both = {*heads(session, tree["south"]), *heads(session, tree["west"])}

    enter(
        session,
        Draft(kind="merge", teams=(tree["south"], tree["west"]), starts_on=TODAY, name="Coast",
              parent=tree["sales"]),
    )  # fmt: skip

    coast = named(session, "Coast")
    assert set(heads(session, coast)) == both
    assert below.parent is coast
    assert {tree["south"].closed_on, tree["west"].closed_on} == {TODAY}
    assert session.scalars(select(CustomerLink)).all() == []


def test_a_change_planned_for_a_day_happens_on_that_day_once(session, tree):
    """Until then nothing moves; on the day the tick does it, people who left since are gone."""
    going = heads(session, tree["desk"])[:4]
    draft = Draft(kind="split", teams=(tree["desk"],), starts_on=TOMORROW, name="Desk",
                  second_name="Chat", moving=frozenset(going))  # fmt: skip
    change = enter(session, draft)
    session.commit()
    assert change.is_planned
    assert len(heads(session, tree["desk"])) == 10
    assert team_changes.carry_out_due(session, today=TODAY) == []
    with pytest.raises(Conflict, match="planned already"):
        enter(session, Draft(kind="rename", teams=(tree["desk"],), starts_on=TOMORROW, name="X"))

    assert team_changes.carry_out_due(session, today=TOMORROW) == [change]
    assert team_changes.carry_out_due(session, today=TOMORROW) == []

    chat = named(session, "Chat")
    assert chat.opened_on == TOMORROW
    moved = team_changes.people_in(session, chat, on=TOMORROW)
    assert {m.person_id for m in moved} == set(going)
    assert {m.from_on for m in moved} == {TOMORROW}
    with pytest.raises(Conflict, match="done already"):
        team_changes.withdraw(session, change)


def test_a_change_that_no_longer_fits_is_refused_on_its_day(session, tree):
    """The sentence is kept and can be read; nothing of the change is left behind."""
    change = enter(
        session, Draft(kind="close", teams=(make_team(session, "Pier", parent=tree["sales"]),),
                       starts_on=TOMORROW)
    )  # fmt: skip
    make_person(session, team=change.before[0])

    team_changes.carry_out_due(session, today=TOMORROW)

    assert change.refused == "1 people are still in Pier; move them first."
    assert change.before[0].closed_on is None
    assert list(team_changes.planned(session)) == [change]
    team_changes.withdraw(session, change)
    assert list(team_changes.planned(session)) == []


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        (("split", "top", {"name": "A", "second_name": "B"}), "whole organisation"),
        (("split", "sales", {"name": "A", "second_name": "B"}), "Move what is below Sales first"),
        (("split", "desk", {"name": "A", "second_name": "B"}), "Both parts of Desk need people"),
        (("split", "desk", {"name": "A", "second_name": "B", "days": -1}), "today or a later"),
        (("split", "desk", {"name": "A", "second_name": "B", "days": 400}), "within a year"),
        (("merge", "desk", {"name": "A", "parent": "top"}), "at least one other team"),
        (("merge", "north south", {"name": "West", "parent": "sales"}), "a team West under"),
        (("merge", "north south", {"name": "A", "parent": "north"}), "North itself or below"),
        (("merge", "sales north", {"name": "A", "parent": "top"}), "below it; merge neighbours"),
        (("move", "sales", {"parent": "north"}), "is Sales itself or below it"),
        (("rename", "north", {"name": "South"}), "a team South under Sales"),
        (("close", "sales", {}), "Close or move what is below"),
    ],
)
def test_what_cannot_be_is_refused_with_one_sentence(session, tree, draft, sentence):
    """And the tree is as it was, whether the day is today or to come."""
    kind, keys, fields = draft
    days = fields.pop("days", 0)
    if "parent" in fields:
        fields["parent"] = tree[fields["parent"]]
    teams_of = tuple(tree[key] for key in keys.split())
    before = shape(session)

    for later in (0, 3) if days == 0 else (0,):
        starts_on = TODAY + timedelta(days=days + later)
        wanted = Draft(kind=kind, teams=teams_of, starts_on=starts_on, **fields)
        with pytest.raises((Conflict, Unusable), match=sentence) as refusal:
            enter(session, wanted)
        assert str(refusal.value).count(".") == 1
        session.rollback()

    assert shape(session) == before
    if "parent" in fields:
        fields["parent"] = fields["parent"].key


def shape(session):
    """Take down the tree: names, places and days of all teams."""
    session.expire_all()
    rows = session.scalars(select(Team).order_by(Team.id))
    return [(team.key, team.name, team.parent_id, team.closed_on) for team in rows]


def test_the_preview_says_which_lines_go_on(session, tree):
    """Split, move and rename, tried out: what begins, ends, breaks and goes on; nothing stays."""
    before = shape(session)
    desk = tree["desk"]
    split = Draft(kind="split", teams=(desk,), starts_on=TODAY, name="Desk", second_name="Chat",
                  moving=frozenset(heads(session, desk)[:4]))  # fmt: skip
    merge = Draft(kind="merge", teams=(tree["south"], tree["west"]), starts_on=TODAY, name="Coast",
                  parent=tree["sales"])  # fmt: skip
    move = Draft(kind="move", teams=(tree["west"],), starts_on=TODAY, parent=tree["service"])
    rename = Draft(kind="rename", teams=(tree["west"],), starts_on=TODAY, name="Far West")

    seen = {
        draft.kind: team_previews.preview(session, draft, today=TODAY)
        for draft in (split, merge, move, rename)
    }

    # Chat and Desk have fewer than eight each, so they are counted together, as before.
    assert (seen["split"].begin, seen["split"].end, seen["split"].n_going_on) == ((), (), 4)
    assert seen["split"].broken == ()
    # Coast are South and West put together, so its line goes on from both; theirs end.
    assert (seen["merge"].begin, seen["merge"].end) == ((), ("South", "West"))
    assert seen["merge"].broken == ()
    assert seen["move"].broken == ("Sales", "Service")
    assert (seen["move"].begin, seen["move"].n_going_on) == ((), 4)
    assert (seen["rename"].begin, seen["rename"].end, seen["rename"].broken) == ((), (), ())
    assert shape(session) == before
