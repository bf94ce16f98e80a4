"""Rights: everybody has exactly one, nobody stands alone, and teams stay disjoint."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services import rosters
from app.services.rights import divide
from surveys.errors import BelowFloor, NotEnoughPeople
from surveys.hierarchy import Hierarchy, Team
from tests.factories import make_person, make_team

TODAY = datetime.now(UTC).date()
HEADS = st.sampled_from([0, 0, 0, 1, 2, 3, 5, 7, 8, 9, 12, 30])
# A head office, and a south with two shops.
COMPANY = Hierarchy(
    teams=(
        Team(key="top", name="Tidewater", parent=None),
        Team(key="office", name="Office", parent="top"),
        Team(key="south", name="South", parent="top"),
        Team(key="pier", name="Pier shop", parent="south"),
        Team(key="market", name="Market shop", parent="south"),
    )
)


@st.composite
def organisations(draw: st.DrawFn) -> tuple[Hierarchy, dict[str, int], dict[str, int]]:
    """Trees of any shape, with and without accounts in any node."""
    size = draw(st.integers(1, 15))
    parents = [None, *(draw(st.integers(0, number - 1)) for number in range(1, size))]
    hierarchy = Hierarchy(
        teams=tuple(
            Team(key=f"t{n}", name=f"Team {n}", parent=None if above is None else f"t{above}")
            for n, above in enumerate(parents)
        )
    )
    keys = [team.key for team in hierarchy.teams]
    few = draw(st.booleans())
    rare = st.sampled_from([0, 0, 0, 0, 1, 2]) if few else HEADS
    return hierarchy, {key: draw(HEADS) for key in keys}, {key: draw(rare) for key in keys}


def division_of(with_account, without, *, rights="ballots", hierarchy=COMPANY, k_group=8):
    return divide(
        hierarchy, with_account=with_account, without=without, k_group=k_group, rights=rights
    )


def rows(division):
    """Show the groups as label, right, number of people and teams."""
    return [(g.label, g.right, g.n_eligible, set(g.teams)) for g in division.groups]


def check(division, with_account, without, *, k_group):
    """Check all that is promised of every division; return what was looked at."""
    counted = dict.fromkeys((g.group for g in division.groups), 0)
    for heads, has_account in ((with_account, True), (without, False)):
        for team, n in heads.items():
            if n:
                group = division.group_of(team, has_account=has_account)
                counted[group.group] += n
                assert has_account or group.right == "letter", "no ballot without an account"
    assert counted == {g.group: g.n_eligible for g in division.groups}, "a partition of people"
    assert all(g.n_eligible >= k_group for g in division.groups)
    assert {g.right for g in division.groups} <= {"ballot", "letter"}
    teams = [team for g in division.groups for team in g.teams]
    assert len(teams) == len(set(teams)), "teams are disjoint"
    tree = division.hierarchy
    assert all(g.teams <= tree.subtree(g.home) for g in division.groups)
    assert len({g.label for g in division.groups}) == len(division.groups)
    return teams


@settings(max_examples=150, deadline=None)
@given(organisation=organisations(), k_group=st.sampled_from([5, 8, 12]))
def test_everybody_has_one_right_in_a_group_that_is_large_enough(organisation, k_group):
    """Groups divide all people, hold k_group each, one right each, teams disjoint."""
    hierarchy, with_account, without = organisation
    total = sum(with_account.values()) + sum(without.values())
    try:
        division = division_of(with_account, without, hierarchy=hierarchy, k_group=k_group)
    except NotEnoughPeople:
        assert total < k_group
        return

    teams = check(division, with_account, without, k_group=k_group)

    added = set(teams) - {team.key for team in hierarchy.teams}
    assert added == {t.key for t in division.hierarchy.teams[len(hierarchy.teams) :]}
    assert division.hierarchy.teams[: len(hierarchy.teams)] == hierarchy.teams
    for group in division.groups:
        assert group.right == "letter" or not group.teams & added


@settings(max_examples=75, deadline=None)
@given(organisation=organisations())
def test_an_account_brings_a_ballot_wherever_there_are_enough_of_both(organisation):
    """With 8 accounts and 8 people without, each right follows from the account alone."""
    hierarchy, with_account, without = organisation
    if sum(with_account.values()) < 8 or 0 < sum(without.values()) < 8:
        return
    division = division_of(with_account, without, hierarchy=hierarchy)

    for team, n in with_account.items():
        assert not n or division.group_of(team, has_account=True).right == "ballot"


@settings(max_examples=75, deadline=None)
@given(organisation=organisations())
def test_letters_for_all_are_the_groups_of_everybody(organisation):
    """Where a wave has letters only, accounts make no difference and no node is added."""
    hierarchy, with_account, without = organisation
    try:
        division = division_of(with_account, without, hierarchy=hierarchy, rights="letters")
    except NotEnoughPeople:
        return
    heads = {team: n + without[team] for team, n in with_account.items()}

    check(division, with_account, without, k_group=8)
    assert {g.right for g in division.groups} == {"letter"}
    assert division.hierarchy == hierarchy
    assert rows(division) == rows(division_of({}, heads, hierarchy=hierarchy, rights="letters"))


def test_with_accounts_for_all_there_are_ballots_only():
    """The groups are those of the merging as it was, under the plain names of their teams."""
    division = division_of({"office": 20, "pier": 5, "market": 6}, {})

    assert rows(division) == [
        ("Office", "ballot", 20, {"office"}),
        ("South", "ballot", 11, {"pier", "market"}),
    ]
    assert division.hierarchy == COMPANY


def test_a_team_without_any_account_stays_itself():
    """Its own node is its group by letter; nothing is added to the tree."""
    division = division_of({"office": 20}, {"market": 9})

    assert rows(division) == [
        ("Office", "ballot", 20, {"office"}),
        ("Market shop", "letter", 9, {"market"}),
    ]
    assert division.hierarchy == COMPANY


def test_people_by_letter_of_a_mixed_team_are_a_node_of_their_own():
    """Under the team itself, where they are all of one team, and named after it."""
    division = division_of({"office": 20, "pier": 12}, {"pier": 9})

    (office, pier, apart) = division.groups
    assert (pier.label, pier.right, pier.teams) == ("Pier shop", "ballot", {"pier"})
    assert (apart.label, apart.right, apart.n_eligible) == ("Pier shop, by letter", "letter", 9)
    (key,) = apart.teams
    assert key.startswith("letters-")
    assert division.hierarchy.name(key) == "Pier shop, by letter"
    assert division.hierarchy.parent(key) == "pier"
    assert division.group_of("pier", has_account=True) == pier
    assert division.group_of("pier", has_account=False) == apart


def test_people_by_letter_of_several_teams_are_a_node_under_their_common_home():
    """Whole teams stay themselves beside it."""
    division = division_of({"office": 20, "pier": 12}, {"pier": 4, "market": 5})

    (_, apart, _) = division.groups
    assert (apart.label, apart.right, apart.n_eligible) == ("South, by letter", "letter", 9)
    assert apart.home == "south"
    (key,) = apart.teams - {"market"}
    assert division.hierarchy.parent(key) == "south"
    assert division.hierarchy.name(key) == "Pier shop, by letter"


def test_the_node_has_the_same_key_as_long_as_it_stands_for_the_same_teams():
    """Two waves can be laid side by side; other teams make another key."""

    def key(without):
        division = division_of({"office": 20, "pier": 12, "market": 12}, without)
        return division.hierarchy.teams[-1].key

    assert key({"pier": 4, "market": 5}) == key({"pier": 9, "market": 1})
    assert key({"pier": 4, "market": 5}) != key({"pier": 9})


def test_a_team_that_has_the_key_already_keeps_it():
    """However unlikely, a real team's key is never taken."""
    first = division_of({"office": 20, "pier": 12}, {"pier": 9}).hierarchy.teams[-1].key
    clash = Hierarchy(teams=(*COMPANY.teams, Team(key=first, name="Odd", parent="top")))

    division = division_of({"office": 20, "pier": 12}, {"pier": 9}, hierarchy=clash)

    assert division.hierarchy.teams[-1].key == first + "x"


def test_few_people_without_an_account_take_the_smallest_group_that_has_one_along():
    """The market shop is smaller than the pier shop, so it goes by letter, with one more."""
    division = division_of({"office": 20, "pier": 14, "market": 9}, {"pier": 1, "market": 2})

    office, letters, pier = division.groups
    assert (office.right, pier.right) == ("ballot", "ballot")
    assert (pier.teams, pier.n_eligible) == ({"pier"}, 14)
    assert (letters.right, letters.n_eligible, letters.home) == ("letter", 12, "south")
    assert len(letters.teams) == 2
    assert "market" in letters.teams
    assert division.group_of("market", has_account=True) == letters
    assert division.group_of("pier", has_account=False) == letters


def test_one_person_without_an_account_costs_only_their_own_group_its_ballots():
    """Groups elsewhere are left in peace, even smaller ones, and the tree stays as it is."""
    division = division_of({"office": 20, "pier": 14, "market": 8}, {"pier": 1})

    assert rows(division) == [
        ("Office", "ballot", 20, {"office"}),
        ("Pier shop", "letter", 15, {"pier"}),
        ("Market shop", "ballot", 8, {"market"}),
    ]
    assert division.hierarchy == COMPANY


@pytest.mark.parametrize(
    ("with_account", "without"),
    [
        ({"office": 7}, {"pier": 30}),
        ({"office": 9}, {"office": 1}),
        ({"office": 5, "pier": 9}, {"pier": 2}),
    ],
    ids=["few accounts", "one group", "few accounts left"],
)
def test_where_no_ballot_group_would_be_left_everybody_gets_a_letter(with_account, without):
    """Too few accounts, to begin with or after the smallest group has gone by letter."""
    division = division_of(with_account, without)

    assert {g.right for g in division.groups} == {"letter"}
    check(division, with_account, without, k_group=8)


def test_too_few_people_are_refused():
    """Neither right helps where fewer than k_group people are eligible; nor a lower floor."""
    with pytest.raises(NotEnoughPeople):
        division_of({"office": 4}, {"pier": 3})
    with pytest.raises(BelowFloor):
        division_of({"office": 40}, {}, k_group=4)


@pytest.mark.database
def test_who_has_an_account(session):
    """An address that is not disabled is an account, with or without a password."""
    top = make_team(session, "Tidewater")
    for _ in range(8):
        make_person(session, team=top)
        make_person(session, team=top, email=None)
    disabled = make_person(session, team=top, is_disabled=True)
    session.flush()

    roster = rosters.draw_up(session, on=TODAY, k_group=8)

    rights = {p.person_id: (p.email, roster.group_of[p.person_id].right) for p in roster.people}
    assert len(rights) == 17
    assert rights.pop(disabled.id)[1] == "letter"
    assert all((email is not None) == (right == "ballot") for email, right in rights.values())
    assert {p.team_id for p in roster.people} == {top.id}


@pytest.mark.database
def test_the_preview_says_who_answers_how(session):
    """Before a wave is prepared, HR sees each group's right and how many letters are needed."""
    top = make_team(session, "Tidewater")
    for _ in range(9):
        make_person(session, team=top)
        make_person(session, team=top, email=None)

    preview = rosters.preview(session, on=TODAY, k_group=8)
    all_letters = rosters.preview(session, on=TODAY, k_group=8, rights="letters")

    assert [(g.right, g.n_eligible) for g in preview.groups] == [("ballot", 9), ("letter", 9)]
    assert (preview.n, preview.n_by_letter) == (18, 9)
    assert [(g.right, g.n_eligible) for g in all_letters.groups] == [("letter", 18)]
