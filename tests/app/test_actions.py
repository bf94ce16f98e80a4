"""Actions: who may write and move them, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.models import Action, ActionMove
from app.services import actions as services
from app.services.actions import MOVES
from app.services.errors import Conflict, NotAllowed, NotFound, Unusable
from tests.app.released import make_release, store_release, store_teams
from tests.app.written_actions import NOW, draft_for, standing_of, write_action
from tests.factories import make_person, make_team, make_wave

pytestmark = [pytest.mark.database, pytest.mark.forms]


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
def draft(session, teams, wave):
    """What an action for a team says, with changes."""
    owner = make_person(session)
    return lambda team="north", **changes: draft_for(teams[team], wave, owner=owner, **changes)


@pytest.fixture
def add(session, teams, wave):
    """Write an action down as HR."""
    return lambda team="north", **options: write_action(session, teams[team], wave, **options)


# Writing down.


def test_an_action_begins_where_the_decision_puts_it(add):
    """What will be done is planned, what was done is done, and a no needs its reason."""
    assert add().status == "planned"
    assert add(decision="done", due_on=None, owner_id=None).status == "done"

    no = add(decision="will_not", because="There is no money for it.", due_on=None)

    assert (no.status, no.decision, no.because) == (
        "declined",
        "will_not",
        "There is no money for it.",
    )


@pytest.mark.parametrize(
    ("decision", "changes", "sentence"),
    [
        ("will_not", {}, "Say why not"),
        ("will_not", {"because": "   "}, "Say why not"),
        ("will_do", {"due_on": None}, "by when"),
        ("will_do", {"owner_id": None}, "who does it"),
        ("perhaps", {}, "what you decided"),
        ("will_do", {"title": " "}, "what was said"),
        ("will_do", {"said": "x" * 501}, "at most 500"),
        ("will_do", {"tag": "money"}, "from the lists"),
        ("will_do", {"competency": "luck"}, "from the lists"),
        ("will_do", {"wave_id": 999}, "released"),
        ("will_do", {"about_key": "weather"}, "result of this wave"),
        ("will_do", {"about_kind": "construct", "about_key": "tools"}, "result of this wave"),
        ("will_do", {"about_kind": "comments", "about_key": ""}, "result of this wave"),
        ("will_do", {"about_kind": "rumour"}, "result of this wave"),
        ("will_do", {"follow_ups": ("tools", "weather")}, "did not ask 'weather'"),
        ("will_do", {"follow_ups": ("comment",)}, "did not ask 'comment'"),
    ],
)
def test_what_cannot_be_used_is_refused(add, decision, changes, sentence):
    """Each refusal says what to do about it."""
    with pytest.raises(Unusable, match=sentence):
        add(decision=decision, **changes)


def test_a_wave_that_is_not_released_cannot_be_answered(session, add):
    """While a wave is open there is no result."""
    with pytest.raises(Unusable, match="released"):
        add(wave_id=make_wave(session).id)


def test_constructs_and_comments_can_be_answered_too(add):
    """A construct by its key, comments by what they were about."""
    assert add(about_kind="construct", about_key="engagement").about_key == "engagement"
    assert add(about_kind="comments", about_key="shift plans").about_key == "shift plans"


def test_an_owner_must_be_here(session, add):
    """Nobody, or somebody who has left, can see to nothing."""
    gone = make_person(session, ended_on=date(2026, 1, 1))

    with pytest.raises(NotFound):
        add(owner_id=999)
    with pytest.raises(Conflict, match="has left"):
        add(owner_id=gone.id)


def test_a_closed_team_gets_no_new_action(session, add, teams):
    """What a team has stays with it when it closes; nothing is added."""
    action = add("west")
    teams["west"].closed_on = NOW.date()
    session.flush()

    with pytest.raises(Conflict, match="closed"):
        add("west")
    assert action.team is teams["west"]


@pytest.mark.parametrize("team", ["north", "sales"])
def test_a_manager_writes_for_the_own_subtree(session, actor, draft, team):
    """Their team and every team below it."""
    manager = actor(manages=["sales"])

    action = services.add_action(session, draft(team), decision="will_do", actor=manager, now=NOW)

    assert action.id


@pytest.mark.parametrize("team", ["all", "care", "mail"])
def test_a_manager_writes_for_no_other_team(session, actor, draft, team):
    """Neither above nor beside."""
    with pytest.raises(NotAllowed):
        services.add_action(
            session, draft(team), decision="will_do", actor=actor(manages=["sales"]), now=NOW
        )


def test_only_hr_shows_a_teams_action_to_everybody(session, actor, draft, add):
    """What stands before everybody's questions is not for one manager to say."""
    manager = actor(manages=["sales"])

    with pytest.raises(NotAllowed, match="Only HR"):
        services.add_action(
            session, draft(is_for_all=True), decision="will_do", actor=manager, now=NOW
        )
    action = add(is_for_all=True)
    services.change_action(session, action, draft(is_for_all=True), actor=manager)
    assert action.is_for_all


def test_changing_keeps_the_status_and_is_for_those_who_look_after_the_team(
    session, actor, draft, add
):
    """The owner moves an action and does not word it; a stranger does neither."""
    action = add()
    owner = actor(person=action.owner)

    services.change_action(
        session, action, draft(title="renew it"), actor=actor(manages=["sales"])
    )
    assert (action.title, action.status) == ("renew it", "planned")

    for stranger in (owner, actor(team="north"), actor(manages=["care"])):
        with pytest.raises(NotAllowed):
            services.change_action(session, action, draft(), actor=stranger)


def test_an_action_cannot_be_taken_to_a_team_of_somebody_else(session, actor, draft, add):
    """A manager may not push an action onto another department."""
    with pytest.raises(NotAllowed):
        services.change_action(session, add(), draft("mail"), actor=actor(manages=["sales"]))


# Moving.


@pytest.mark.parametrize("start", MOVES)
@pytest.mark.parametrize("end", MOVES)
def test_an_action_moves_only_where_it_can(session, actor, add, start, end):
    """Every pair of statuses: allowed ones are noted, others are refused."""
    decision = {"declined": "will_not", "done": "done"}.get(start, "will_do")
    action = add(decision=decision, because="No money.")
    hr = actor(hr=True)
    if start in ("under_way", "dropped"):
        services.move_action(session, action, start, because="No money.", actor=hr, now=NOW)

    if end in MOVES[start]:
        services.move_action(session, action, end, because="No money.", actor=hr, now=NOW)
        assert action.status == action.moves[-1].status == end
    else:
        with pytest.raises(Conflict):
            services.move_action(session, action, end, because="No money.", actor=hr, now=NOW)
        assert action.status == start


def test_dropping_takes_a_reason_and_going_on_takes_it_away(session, actor, add):
    """The reason stands while it holds, and in the history for good."""
    action, hr = add(), actor(hr=True)

    with pytest.raises(Unusable, match="Say why not"):
        services.move_action(session, action, "dropped", actor=hr, now=NOW)
    services.move_action(session, action, "dropped", because="No money.", actor=hr, now=NOW)
    assert (action.decision, action.because) == ("will_not", "No money.")

    services.move_action(session, action, "under_way", actor=hr, now=NOW)
    assert action.because == ""
    assert [(m.status, m.because) for m in action.moves] == [
        ("planned", ""),
        ("dropped", "No money."),
        ("under_way", ""),
    ]


def test_what_has_no_day_must_get_one_before_it_is_promised(session, actor, add):
    """A no that becomes a yes is promised by a day."""
    action = add(decision="will_not", because="No money.", due_on=None)

    with pytest.raises(Conflict, match="a day by which"):
        services.move_action(session, action, "planned", actor=actor(hr=True), now=NOW)


def test_the_owner_and_the_managers_move_and_others_do_not(session, actor, add):
    """A colleague of the team reads and does not move."""
    action = add()

    for somebody, status in (
        (actor(person=action.owner), "under_way"),
        (actor(manages=["north"]), "planned"),
        (actor(manages=["all"]), "under_way"),
    ):
        services.move_action(session, action, status, actor=somebody, now=NOW)
    for stranger in (actor(team="north"), actor(manages=["care"])):
        with pytest.raises(NotAllowed):
            services.move_action(session, action, "done", actor=stranger, now=NOW)


def test_a_deleted_owner_leaves_the_action_and_its_history(session, actor, add):
    """The row stays, without a name."""
    action = add()
    services.move_action(session, action, "under_way", actor=actor(person=action.owner), now=NOW)
    session.commit()

    session.delete(action.owner)
    session.commit()
    session.expire_all()

    assert action.owner is None
    assert [(move.status, move.person) for move in action.moves] == [
        ("planned", None),
        ("under_way", None),
    ]
    services.move_action(session, action, "done", actor=actor(hr=True), now=NOW)


# What the database holds.


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "dropped", "because": ""},
        {"status": "declined", "because": "  "},
        {"status": "planned", "due_on": None},
        {"status": "lost"},
        {"title": " "},
        {"said": ""},
        {"tag": "money"},
        {"competency": "luck"},
        {"about_kind": "rumour"},
        {"about_key": ""},
    ],
)
def test_the_database_refuses_what_services_refuse(session, add, columns):
    """Past the services too there is no refusal without a reason and no promise without a day."""
    action = add()
    for name, value in columns.items():
        setattr(action, name, value)

    with pytest.raises(IntegrityError):
        session.flush()


def test_a_move_without_its_reason_is_refused_by_the_database(session, add):
    """The history, too, says why not."""
    action = add()
    action.moves.append(ActionMove(moved_at=NOW, status="dropped"))

    with pytest.raises(IntegrityError):
        session.flush()


def test_a_team_and_its_actions_survive_a_rename(session, add, teams):
    """An action is tied to the team and not to its name."""
    action = add()
    teams["north"].name = "Far North"
    make_team(session, "North")
    session.flush()

    assert session.scalar(select(Action).where(Action.id == action.id)).team.name == "Far North"
