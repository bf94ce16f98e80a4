"""surveys.hierarchy: the tree of teams, R1's division of it, and counting groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import BadHierarchy, BelowFloor, NotEnoughPeople
from surveys.hierarchy import Hierarchy, Part, Team, counting_groups, partition
from tests.surveys.waves import COMPANY, ELIGIBLE

COUNTS = st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 20, 40])


@st.composite
def organisations(draw: st.DrawFn) -> tuple[Hierarchy, dict[str, int]]:
    """Trees of any shape, with any number of people in any node."""
    size = draw(st.integers(1, 25))
    parents = [None, *(draw(st.integers(0, number - 1)) for number in range(1, size))]
    hierarchy = Hierarchy(
        teams=tuple(
            Team(key=f"t{n}", name=f"Team {n}", parent=None if above is None else f"t{above}")
            for n, above in enumerate(parents)
        )
    )
    return hierarchy, {team.key: draw(COUNTS) for team in hierarchy.teams}


def parts_of(counts: Mapping[str, int], needs: Mapping[str, int] | None = None) -> list[Part]:
    return [
        Part(key=t, home=t, teams=frozenset({t}), n=n, least=(needs or {}).get(t, 0))
        for t, n in counts.items()
    ]


def flaws(
    found: Sequence[Part],
    hierarchy: Hierarchy,
    counts: Mapping[str, int],
    *,
    k: int,
    needs: Mapping[str, int] | None = None,
) -> list[str]:
    """Name what keeps some parts from being a partition that shows nobody's answers."""
    teams = [team for part in found for team in part.teams]
    least = needs or {}
    wanted = max([k, *least.values()])
    everybody = set(counts) if sum(counts.values()) >= wanted else set()
    said = {
        "a team is counted twice": len(teams) > len(set(teams)),
        "a part is too small": any(part.n < k for part in found),
        "somebody stands out who joined or left": any(
            part.n < least.get(team, 0) for part in found for team in part.teams
        ),
        "a part counts others": any(p.n != sum(counts[t] for t in p.teams) for p in found),
        "somebody is left out, or nobody should be in": set(teams) != everybody,
        "a part reaches out of its home": any(
            not part.teams <= hierarchy.subtree(part.home) for part in found
        ),
    }
    return [flaw for flaw, is_so in said.items() if is_so]


@pytest.mark.attack
@settings(max_examples=400, deadline=None)
@given(
    organisation=organisations(),
    k=st.sampled_from([5, 8, 10]),
    unsettled=st.integers(0, 2**25 - 1),
)
def test_a_partition_is_disjoint_and_covers_everybody_or_nobody(organisation, k, unsettled):
    """S-2: parts share no team, hold as many as they need, and leave out nobody or all."""
    hierarchy, counts = organisation
    needs = {team: 8 for place, team in enumerate(counts) if unsettled >> place & 1}

    found = partition(hierarchy, parts_of(counts, needs), k=k)

    assert flaws(found, hierarchy, counts, k=k, needs=needs) == []


def a_threshold_alone(hierarchy: Hierarchy, parts: Sequence[Part], *, k: int) -> list[Part]:
    """Keep what is large enough and forget the rest."""
    return [part for part in parts if part.n >= k]


def no_company_for_the_rest(hierarchy: Hierarchy, parts: Sequence[Part], *, k: int) -> list[Part]:
    """Put together what is too small, and show it however little it is."""
    rest = [part for part in parts if part.n < k]
    teams = frozenset().union(*(part.teams for part in rest))
    together = Part(key="rest", home=hierarchy.root, teams=teams, n=sum(p.n for p in rest))
    return [part for part in parts if part.n >= k] + ([together] if rest else [])


def newcomers_by_themselves(hierarchy: Hierarchy, parts: Sequence[Part], *, k: int) -> list[Part]:
    """Forget which teams need company because somebody joined or left."""
    return list(partition(hierarchy, [replace(part, least=0) for part in parts], k=k))


@pytest.mark.attack
@pytest.mark.parametrize(
    "mutant", [a_threshold_alone, no_company_for_the_rest, newcomers_by_themselves]
)
def test_partitions_that_are_none_are_found(mutant):
    """S-2: the property is sharp enough to see what the usual rules leave over."""
    counts = {"north": 12, "south": 9, "west": 3, "phone": 20, "mail": 6}
    needs = {"mail": 8}

    found = mutant(COMPANY, parts_of(counts, needs), k=5)

    assert flaws(found, COMPANY, counts, k=5, needs=needs)


def test_a_small_group_with_a_newcomer_is_counted_with_others():
    """R9: six answers are a cell where nobody came or went, and need company otherwise."""
    counts = {"north": 12, "south": 6, "west": 3, "mail": 7}

    settled = partition(COMPANY, parts_of(counts), k=5)
    unsettled = partition(COMPANY, parts_of(counts, {"south": 8, "mail": 8}), k=5)

    assert [sorted(p.teams) for p in settled] == [["south", "west"], ["north"], ["mail"]]
    assert [(sorted(p.teams), p.n) for p in unsettled] == [
        (["mail", "south", "west"], 16),
        (["north"], 12),
    ]


@pytest.mark.attack
@settings(max_examples=200, deadline=None)
@given(organisation=organisations(), data=st.data())
def test_cells_are_made_of_whole_counting_groups(organisation, data):
    """At close the groups of the opening are merged further, never taken apart."""
    hierarchy, eligible = organisation
    try:
        groups = counting_groups(hierarchy, eligible, k_group=8)
    except NotEnoughPeople:
        assert sum(eligible.values()) < 8
        return
    answered = {g.group: data.draw(st.integers(0, g.n_eligible)) for g in groups}

    cells = partition(
        hierarchy,
        [Part(key=g.group, home=g.home, teams=g.teams, n=answered[g.group]) for g in groups],
        k=5,
    )

    members = [member for cell in cells for member in cell.members]
    assert len(members) == len(set(members))
    assert set(members) == (set(answered) if sum(answered.values()) >= 5 else set())
    assert all(cell.n >= 5 for cell in cells)
    assert len({g.label for g in groups}) == len(groups)


@pytest.mark.attack
@settings(max_examples=100, deadline=None)
@given(organisation=organisations(), seed=st.randoms(use_true_random=False))
def test_the_order_in_which_parts_are_given_changes_nothing(organisation, seed):
    """A partition depends on the tree and the counts alone."""
    hierarchy, counts = organisation
    shuffled = parts_of(counts)
    seed.shuffle(shuffled)

    assert partition(hierarchy, shuffled, k=5) == partition(hierarchy, parts_of(counts), k=5)


def test_small_teams_are_merged_from_the_bottom_up():
    """In Sales three small teams make one group; large teams keep their own."""
    groups = counting_groups(COMPANY, ELIGIBLE)

    assert [(g.group, g.label, g.home, sorted(g.teams), g.n_eligible) for g in groups] == [
        ("g01", "Sales: other teams", "sales", ["sales", "south", "west"], 10),
        ("g02", "North", "north", ["north"], 12),
        ("g03", "Phone", "phone", ["phone"], 20),
        ("g04", "Mail", "mail", ["mail"], 9),
    ]


def test_a_left_over_is_joined_by_the_smallest_kept_sibling():
    """West's 3 people cannot stand alone, so the smaller of the kept siblings joins them."""
    eligible = {"north": 12, "south": 9, "west": 3, "phone": 20}

    groups = counting_groups(COMPANY, eligible)

    assert [(g.label, sorted(g.teams)) for g in groups] == [
        ("South + West", ["south", "west"]),
        ("North", ["north"]),
        ("Phone", ["phone"]),
    ]


def test_what_nobody_joins_moves_up():
    """Three people of Care, alone there, are counted with the smallest part of the company."""
    groups = counting_groups(COMPANY, {"north": 12, "south": 9, "phone": 3})

    assert [(g.label, g.home) for g in groups] == [("South + Phone", "all"), ("North", "north")]


def test_direct_members_of_a_department_are_named_as_such():
    """People who sit in a node itself, beside the teams under it, are told apart from them."""
    groups = counting_groups(COMPANY, {"sales": 9, "north": 9, "south": 9})

    assert [g.label for g in groups] == ["Sales itself", "North", "South"]


def test_a_department_merged_as_a_whole_has_its_own_name():
    """Where all its teams are one group, the department's name says it."""
    groups = counting_groups(COMPANY, {"sales": 2, "north": 3, "south": 4, "phone": 8})

    assert [g.label for g in groups] == ["Sales", "Phone"]


def test_teams_of_one_name_are_told_apart():
    """Two teams called Support are labelled with the department above them."""
    hierarchy = Hierarchy(
        teams=(
            Team(key="all", name="Company", parent=None),
            Team(key="a", name="East", parent="all"),
            Team(key="b", name="West", parent="all"),
            Team(key="c", name="Support", parent="a"),
            Team(key="d", name="Support", parent="b"),
        )
    )

    groups = counting_groups(hierarchy, {"c": 8, "d": 8})

    assert [g.label for g in groups] == ["East: Support", "West: Support"]


def test_a_group_without_a_single_answer_is_merged_too():
    """Left out of the cells, it would tell that none of its people answered."""
    parts = parts_of({"north": 12, "south": 9, "west": 0})

    cells = partition(COMPANY, parts, k=5)

    assert [sorted(cell.teams) for cell in cells] == [["south", "west"], ["north"]]


def test_too_few_people_make_no_group():
    """Seven people in all cannot be counted in groups of eight."""
    with pytest.raises(NotEnoughPeople, match="7 people are eligible; a wave needs 8"):
        counting_groups(COMPANY, {"north": 7})


def test_groups_of_four_are_refused():
    """The floor of five people in a group holds whatever is configured."""
    with pytest.raises(BelowFloor):
        counting_groups(COMPANY, ELIGIBLE, k_group=4)


def test_people_in_unknown_teams_are_refused():
    """Nobody is counted in a team that the tree does not have."""
    with pytest.raises(BadHierarchy, match="'moon'"):
        counting_groups(COMPANY, {"moon": 9})


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([("a", None), ("b", None)], "2 teams have no parent"),
        ([("a", "a")], "0 teams have no parent"),
        ([("a", None), ("a", None)], "listed twice"),
        ([("a", None), ("b", "c")], "under 'c', not listed"),
        ([("a", None), ("b", "c"), ("c", "b")], "under itself"),
    ],
)
def test_teams_that_form_no_tree_are_refused(rows, sentence):
    """Several tops, twins, unknown parents and circles are each named."""
    with pytest.raises(BadHierarchy, match=sentence):
        Hierarchy.from_list([{"team": k, "name": k, "parent": p} for k, p in rows])


def test_a_tree_is_written_as_it_was_read():
    """Reading what was written gives the same tree."""
    assert Hierarchy.from_list(COMPANY.to_list()) == COMPANY
