"""S-7: no two lists of comments, held side by side, leave fewer than ten possible authors."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from surveys import release
from surveys.documents import canonical
from surveys.errors import BadDocument
from surveys.exchange import check_release, read_release
from surveys.hierarchy import Hierarchy, Part, Team, partition
from surveys.release import build_release
from tests.surveys.waves import make_opening

pytestmark = pytest.mark.attack

K = 10
Groups = frozenset[str]


def organisation(draw: random.Random) -> tuple[Hierarchy, dict[str, int]]:
    """Draw a tree of any shape, with any number of people in any team."""
    size = draw.randint(3, 18)
    parents = [None, *(draw.randrange(number) for number in range(1, size))]
    teams = [
        Team(key=f"t{n}", name=f"Team {n}", parent=None if above is None else f"t{above}")
        for n, above in enumerate(parents)
    ]
    people = {team.key: draw.choice([0, 0, 3, 6, 8, 9, 12, 15, 30]) for team in teams}
    people["t0"] += 8
    return Hierarchy(teams=tuple(teams)), people


def play(draw: random.Random) -> tuple[dict[str, Any], dict[str, int], dict[str, Any]]:
    """Draw an organisation and who answers; each of them writes one comment."""
    hierarchy, eligible = organisation(draw)
    opening = make_opening(hierarchy, eligible)
    share = draw.choice([0.3, 0.6, 0.9, 1.0])
    answers = {
        group["group"]: [
            {"comment": f"{group['group']} {n}"}
            for n in range(group["n_eligible"])
            if draw.random() < share
        ]
        for group in opening["groups"]
    }
    counts = {group: len(people) for group, people in answers.items()}
    made = build_release(opening, answers, closed_on=date(2026, 3, 13), rng=draw)
    return opening, counts, made


def lists_of(opening: Mapping[str, Any], made: Mapping[str, Any]) -> set[Groups]:
    """
    Give every list that a page could show, as the groups whose answers may be in it.

    These are the lists of comment cells, and for each team all those that lie below it.
    """
    hierarchy = Hierarchy.from_list(opening["hierarchy"])
    cells = made["comments"]["cells"]
    shown = [[cell] for cell in cells]
    for team in hierarchy.walk:
        below = hierarchy.subtree(team)
        shown.append([cell for cell in cells if set(cell["teams"]) <= below])
    return {
        frozenset(
            group["group"]
            for group in opening["groups"]
            if any(set(group["teams"]) <= set(cell["teams"]) for cell in found)
        )
        for found in shown
    }


def findings(opening: Mapping[str, Any], counts: Mapping[str, int], made: Any) -> set[str]:
    """Subtract every list from every other, and compare what each holds with who answered."""
    found = set()
    lists = {frozenset()} | lists_of(opening, made)
    for one, other in permutations(lists, 2):
        if 0 < sum(counts[group] for group in one - other) < K:
            found.add("two lists leave fewer than ten possible authors")
    for cell in made["comments"]["cells"]:
        inside = [c for c in made["cells"] if not set(c["teams"]).isdisjoint(cell["teams"])]
        if {t for c in inside for t in c["teams"]} != set(cell["teams"]):
            found.add("a list is no union of cells")
        if any("comment" in c["items"] for c in inside):
            found.add("a comment stands beside a score")
    texts = [c["text"] for cell in made["comments"]["cells"] for c in cell["items"]["comment"]]
    if len(texts) != len(set(texts)):
        found.add("a comment is listed twice")
    if len(texts) + made["comments"]["destroyed"] != sum(counts.values()):
        found.add("a comment is neither listed nor counted as destroyed")
    return found


@pytest.mark.parametrize("n", [25, pytest.param(1_000, marks=pytest.mark.long)])
def test_no_difference_of_lists_names_fewer_than_ten(n):
    """S-7: random trees and shares of answers; any difference has nobody or ten in it."""
    n_lists = 0
    for seed in range(n):
        opening, counts, made = play(random.Random(seed))

        assert findings(opening, counts, made) == set(), seed
        assert read_release(canonical(made))
        n_lists += len(made["comments"]["cells"])
    assert n_lists > n / 2, "hardly a list was made, so the attack proves little"


def lists_for_every_team(hierarchy: Hierarchy, parts: Sequence[Part], *, k: int) -> list[Part]:
    """List comments for each team with ten answers below it, whoever else is listed above."""
    found = []
    for team in hierarchy.walk:
        inside = [part for part in parts if part.teams <= hierarchy.subtree(team)]
        n = sum(part.n for part in inside)
        if n >= k:
            found.append(joined(team, inside, n))
    return found


def the_rest_by_itself(hierarchy: Hierarchy, parts: Sequence[Part], *, k: int) -> list[Part]:
    """List what has ten answers by itself, and all the rest together, however little it is."""
    large = [replace(part, members=(part.key,)) for part in parts if part.n >= k]
    rest = [part for part in parts if part.n < k]
    n = sum(part.n for part in rest)
    return [*large, joined(hierarchy.root, rest, n)] if rest else large


def lists_of_five(hierarchy: Hierarchy, parts: Sequence[Part], *, k: int) -> list[Part]:
    """List comments by the cells of the scores."""
    return list(partition(hierarchy, parts, k=5))


def joined(home: str, inside: Sequence[Part], n: int) -> Part:
    teams = frozenset().union(*(part.teams for part in inside))
    return Part(key=home, home=home, teams=teams, n=n, members=tuple(p.key for p in inside))


@pytest.mark.parametrize("mutant", [lists_for_every_team, the_rest_by_itself, lists_of_five])
def test_lists_that_leave_few_authors_are_found(monkeypatch, mutant):
    """Usual ways to list comments are found, and the application refuses what they release."""

    def parted(hierarchy, parts, *, k):
        return mutant(hierarchy, parts, k=k) if k == K else partition(hierarchy, parts, k=k)

    monkeypatch.setattr(release, "partition", parted)
    found, refused = set(), 0
    for seed in range(25):
        opening, counts, made = play(random.Random(seed))
        found |= findings(opening, counts, made)
        try:
            check_release(made)
        except BadDocument:
            refused += 1

    assert "two lists leave fewer than ten possible authors" in found
    assert refused
