"""R9 in the application: who joined or left, what a group then needs, and which rosters stay."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from random import Random

import pytest
from sqlalchemy import delete, select

from app.models import CountingGroup, Person, RosterEntry, Wave
from app.services import newcomers, openings, people, rosters, team_changes
from app.services.newcomers import difference, rosters_still_needed
from app.services.team_changes import Draft
from tests.app.pulse import INSTALLATION, NOW, TODAY, make_draft, make_organisation
from tests.factories import make_people, make_wave

pytestmark = pytest.mark.database

SIZES = {"North": 12, "South": 9, "East": 8, "West": 8}


@pytest.fixture
def teams(session):
    """Four teams, each a counting group."""
    make_organisation(session, SIZES)
    found = session.scalars(select(Person)).all()
    return {p.memberships[0].team.name: p.memberships[0].team for p in found}


def remember(session, title, **columns) -> Wave:
    """Run a wave on the organisation as it is today: its groups and its roster."""
    wave = make_wave(session, title, **{"opened_at": NOW, **columns})
    roster = draw_up(session)
    for group in roster.groups:
        session.add(
            CountingGroup(
                wave_id=wave.id,
                key=group.group,
                label=group.label,
                n_eligible=group.n_eligible,
                right=group.right,
            )
        )
    session.flush()
    for person in roster.people:
        key = roster.group_of[person.person_id].group
        session.add(
            RosterEntry(
                wave_id=wave.id, person_id=person.person_id, team_id=person.team_id, group_key=key
            )
        )
    session.flush()
    return wave


def draw_up(session):
    return rosters.draw_up(session, on=TODAY, k_group=8, rights="letters")


def changes(session, *, besides) -> dict[str, int]:
    """Count the changes of each group, by its label."""
    roster = draw_up(session)
    found = newcomers.changes(session, roster, besides=besides)
    return {group.label: found[group.group] for group in roster.groups}


def released(at) -> dict:
    return {"opened_at": at, "closed_at": at, "released_at": at}


def roster_of(session, wave) -> list[tuple]:
    """Take down who is counted where in a wave, and in groups of which names and sizes."""
    session.expire_all()
    entries = select(RosterEntry.person_id, RosterEntry.team_id, RosterEntry.group_key)
    groups = select(CountingGroup.key, CountingGroup.label, CountingGroup.n_eligible)
    return [
        *session.execute(entries.where(RosterEntry.wave_id == wave.id)),
        *session.execute(groups.where(CountingGroup.wave_id == wave.id)),
    ]


def team_members(session, team):
    rows = session.scalars(select(Person)).all()
    return [m for person in rows for m in person.memberships if m.team is team]


def test_who_joined_or_left_is_counted_for_each_group(session, teams):
    """One joined, two left, three joined, and one changed for another; then it is in the plan."""
    first = remember(session, "March", **released(NOW))
    draft = make_draft(session, rights="letters")
    assert set(changes(session, besides=draft).values()) == {0}

    make_people(session, 1, team=teams["North"])
    for gone in team_members(session, teams["South"])[:2]:
        people.end_person(session, gone.person, on=TODAY)
    make_people(session, 3, team=teams["East"])
    session.delete(team_members(session, teams["West"])[0].person)  # the account, not the leaver
    make_people(session, 1, team=teams["West"])
    session.flush()
    session.expire_all()

    # South has seven people left, so it is counted with the smallest beside it, West.
    assert changes(session, besides=draft) == {"North": 1, "East": 3, "South + West": 4}
    plan, _ = openings.draw_up_plan(
        session, draft, installation=INSTALLATION, keys=None, today=TODAY
    )
    needs = {group["label"]: group["needs"] for group in plan["groups"]}
    assert needs == {"North": 8, "East": 5, "South + West": 5}
    session.execute(delete(RosterEntry).where(RosterEntry.wave_id == first.id))
    assert set(changes(session, besides=draft).values()) == {1}, "a lost roster is no licence"


def test_teams_that_changed_shape_are_compared_by_their_people(session, teams):
    """Merged under another name, with one newcomer: unsettled; the open wave stays as it was."""
    draft = make_draft(session, rights="letters")
    march = remember(session, "March")
    frozen = roster_of(session, march)
    merger = Draft(
        kind="merge",
        teams=(teams["East"], teams["West"]),
        starts_on=TODAY,
        name="Coast",
        parent=teams["East"].parent,
    )
    (coast,) = team_changes.enter(session, merger, now=NOW, today=TODAY).after
    make_people(session, 1, team=coast)

    assert changes(session, besides=draft) == {"North": 0, "South": 0, "Coast": 1}
    assert roster_of(session, march) == frozen


def test_rosters_stay_as_long_as_the_next_wave_is_compared_with_them(session, teams):
    """The newest released wave's and those of running waves; older and cancelled ones may go."""
    days = [NOW - timedelta(days=n) for n in (90, 60, 30)]
    old = remember(session, "January", **released(days[0]))
    newest = remember(session, "February", **released(days[1]))
    running = remember(session, "March")
    cancelled = remember(session, "April", opened_at=days[2], cancelled_at=days[2])

    assert rosters_still_needed(session) == {newest.id, running.id}

    running.closed_at = running.released_at = NOW
    session.flush()
    assert rosters_still_needed(session) == {running.id}
    assert not {old.id, cancelled.id} & rosters_still_needed(session)


def test_the_difference_is_that_to_the_nearest_union_of_earlier_groups():
    """Counted group by group, it is what trying every union of earlier groups finds."""
    rng = Random(9)
    for _ in range(60):
        places = {person: f"g{rng.randrange(4)}" for person in range(12)}
        earlier = {g: {p for p, at in places.items() if at == g} for g in places.values()}
        now = set(rng.sample(range(16), rng.randrange(1, 14)))

        unions = [
            set().union(*chosen)
            for n in range(len(earlier) + 1)
            for chosen in combinations(earlier.values(), n)
        ]
        sizes = {group: len(people) for group, people in earlier.items()}

        assert difference(now, places, sizes) == min(len(now ^ union) for union in unions)
