"""
Figures that join two items settle nobody's class on either of them.

Two items make a construct.  For every possible cell of small size the release of
the items, of the construct and of the pooled moments is taken, as if this cell
were the only one in the pool: that is what an attacker has who subtracts all
others.  The attacker also knows what c colleagues answered on both items.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import combinations_with_replacement, product
from typing import Any

import pytest

from surveys import disclosure
from surveys.disclosure import (
    CellAnswers,
    Thresholds,
    pool_moments,
    release_constructs,
    release_items,
)
from surveys.documents import canonical
from surveys.questionnaires import Construct, Questionnaire
from surveys.questions import Scale
from tests.attack.test_enumeration import split

pytestmark = pytest.mark.attack

DEFAULT = Thresholds.of("default")
KEYS = ("first", "second")
PAIR = Questionnaire(
    key="pair",
    title="Pair",
    language="en",
    audience="employees",
    source="A test",
    licence="Apache-2.0",
    questions=tuple(
        Scale(key=key, text=key, low_label="No", high_label="Yes", reverse=key == "second")
        for key in KEYS
    ),
    constructs=(Construct(key="both", title="Both", items=KEYS),),
)
# Favourable is 4 and 5 on the first item, 1 and 2 on the second, which is reversed.
IS_GOOD: dict[str, Callable[[int], bool]] = {
    "first": lambda value: value >= 4,
    "second": lambda value: value <= 2,
}

World = Sequence[tuple[int | None, int | None]]


@pytest.fixture(autouse=True)
def _one_cell_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosure, "POOLED_CELLS", 1)
    monkeypatch.setattr(disclosure, "POOLED_RESPONSES", 1)


def people_of(world: World) -> list[dict[str, int]]:
    """Write a world as the answers of people, skipped items left out."""
    return [
        {key: value for key, value in zip(KEYS, pair, strict=True) if value is not None}
        for pair in world
    ]


def whole(people: Sequence[Any]) -> Hashable:
    """Release everything the product releases about these people."""
    items = release_items(PAIR, people, DEFAULT)
    return canonical(
        [
            len(people),
            items,
            release_constructs(PAIR, people, items),
            pool_moments(PAIR, [CellAnswers(people=people, items=items)]),
        ]
    )


def items_alone(people: Sequence[Any]) -> Hashable:
    """Release the items and no figure that joins them."""
    return canonical([len(people), release_items(PAIR, people, DEFAULT)])


EVERYTHING = set(product(KEYS, (True, False)))

Seen = dict[tuple[Hashable, Any], set[tuple[str, bool]]]


def possible(worlds: Sequence[World], c: int, releases: Sequence[Hashable]) -> Seen:
    """Collect, by release and knowledge, the classes that are possible for everybody else."""
    found: Seen = {}
    for world, released in zip(worlds, releases, strict=True):
        for known, others in split(tuple(world), c):
            seen = found.setdefault((released, known), set())
            for pair in set(others):
                for key, value in zip(KEYS, pair, strict=True):
                    if value is not None:
                        seen.add((key, IS_GOOD[key](value)))
    return found


def settled(worlds: Sequence[World], c: int) -> set[tuple[str, bool]]:
    """Name the classes that some release and knowledge rule out for somebody."""
    seen = possible(worlds, c, [whole(people_of(world)) for world in worlds]).values()
    return {ruled_out for remaining in seen for ruled_out in EVERYTHING - remaining}


def betrayed(
    worlds: Sequence[World], c: int, *, policy: Callable[[Sequence[Any]], Hashable] = whole
) -> bool:
    """Tell whether the joint figures rule out what the items alone leave possible."""
    alone = [items_alone(people_of(world)) for world in worlds]
    joint = [policy(people_of(world)) for world in worlds]
    before, after = possible(worlds, c, alone), possible(worlds, c, joint)
    return any(
        before[alone[position], known] != after[joint[position], known]
        for position, world in enumerate(worlds)
        for known, _ in split(tuple(world), c)
    )


def worlds(first: Sequence[int | None], second: Sequence[int | None], n: int) -> list[World]:
    """List every cell of `n` people who give these answers."""
    return list(combinations_with_replacement(list(product(first, second)), n))


CELLS = {
    "5 people, three answers each": ((1, 4, 5), (1, 3, 5), 5, 0),
    "6 people who may skip": ((3, 4, None), (2, 5, None), 6, 0),
    "7 people who may skip the second": ((1, 5), (2, 4, None), 7, 0),
    "8 people, one tells": ((1, 4, 5), (2, 5), 8, 1),
    "10 people, so that variances are shown": ((3, 5), (1, 4), 10, 1),
}
LARGER_CELLS = {
    "8 people, one tells, three answers each": ((1, 4, 5), (1, 3, 5), 8, 1),
    "10 people, one tells, one item may be skipped": ((3, 5, None), (1, 4), 10, 0),
    "12 people, variances, more answers": ((3, 4, 5), (1, 4), 12, 1),
    "12 people who may skip the second": ((3, 4), (2, 4, None), 12, 0),
}


def test_nobody_is_settled_by_two_items_together() -> None:
    """In every cell of 5, also where one item is unanimous, both classes stay possible."""
    # The answers at both ends and on both sides of the border; fewer would rule worlds out
    # that the attacker cannot.
    assert settled(worlds((1, 3, 4, 5), (1, 2, 3, 5), 5), c=0) == set()


@pytest.mark.parametrize(("first", "second", "n", "c"), CELLS.values(), ids=CELLS)
def test_joint_figures_add_nothing_to_the_items(first, second, n: int, c: int) -> None:
    """Construct and pooled moments rule out no class that the items leave possible."""
    assert not betrayed(worlds(first, second, n), c)


@pytest.mark.long
@pytest.mark.parametrize(("first", "second", "n", "c"), LARGER_CELLS.values(), ids=LARGER_CELLS)
def test_joint_figures_add_nothing_in_larger_cells(first, second, n: int, c: int) -> None:
    """The same with more answers and more people."""
    assert not betrayed(worlds(first, second, n), c)


def raw_construct(people: Sequence[Any]) -> Hashable:
    """Release the construct from answers, whatever became of its items."""
    items = release_items(PAIR, people, DEFAULT)
    scales = PAIR.scales_of(PAIR.constructs[0])
    scores = disclosure.score_moments([disclosure.column(scale, people) for scale in scales])
    return canonical([len(people), items, float(scores.sum)])


def pool_of_all_cells(people: Sequence[Any]) -> Hashable:
    """Pool moments over every cell, whatever became of its items."""
    items = release_items(PAIR, people, DEFAULT)
    pretended = {key: {"status": "exact"} for key in items}
    pooled = pool_moments(PAIR, [CellAnswers(people=people, items=pretended)])
    return canonical([len(people), items, pooled])


def pool_of_either(people: Sequence[Any]) -> Hashable:
    """Pool a pair where one of its items is exact."""
    items = release_items(PAIR, people, DEFAULT)
    if any(item["status"] == "exact" for item in items.values()):
        items = {key: {"status": "exact"} for key in items}
    pooled = pool_moments(PAIR, [CellAnswers(people=people, items=items)])
    return canonical([len(people), release_items(PAIR, people, DEFAULT), pooled])


@pytest.mark.parametrize(
    "mutant", [raw_construct, pool_of_all_cells, pool_of_either], ids=lambda m: m.__name__
)
@pytest.mark.parametrize(
    ("first", "second", "n", "c"),
    [
        ((1, 4, 5), (1, 3, 5), 5, 0),
        pytest.param((1, 4, 5), (2, 5), 8, 1, marks=pytest.mark.long),
    ],
    ids=["5 people", "8 people"],
)
def test_mutants_are_caught(mutant, first, second, n: int, c: int) -> None:
    """Any figure that reaches past a clamp gives a unanimous item away."""
    assert betrayed(worlds(first, second, n), c, policy=mutant)


Pattern = tuple[bool, bool]


def betrays_who_skips(
    worlds: Sequence[World], policy: Callable[[Sequence[Any]], Hashable]
) -> bool:
    """Tell whether constructs rule out what the items alone leave possible to such a reader."""
    patterns = [tuple(sorted((a is not None, b is not None) for a, b in w)) for w in worlds]
    before, after = (
        [(release(people_of(world)), known) for world, known in zip(worlds, patterns, strict=True)]
        for release in (items_alone, policy)
    )
    alone, joint = by_pattern(worlds, before), by_pattern(worlds, after)
    return any(alone[one] != joint[other] for one, other in zip(before, after, strict=True))


def by_pattern(worlds: Sequence[World], keys: Sequence[Hashable]) -> dict[Hashable, set[Any]]:
    """Collect what is possible for those who answered the same items."""
    found: dict[Hashable, set[tuple[Pattern, str, bool]]] = {}
    for world, release in zip(worlds, keys, strict=True):
        seen = found.setdefault(release, set())
        for pair in set(world):
            pattern = (pair[0] is not None, pair[1] is not None)
            for key, value in zip(KEYS, pair, strict=True):
                if value is not None:
                    seen.add((pattern, key, IS_GOOD[key](value)))
    return found


def with_constructs(people: Sequence[Any]) -> Hashable:
    """Release the items and the construct."""
    items = release_items(PAIR, people, DEFAULT)
    return canonical([len(people), items, release_constructs(PAIR, people, items)])


def with_sums_of_person_scores(people: Sequence[Any]) -> Hashable:
    """Release, where both items are exact, the sum of what each person answered on average."""
    items = release_items(PAIR, people, DEFAULT)
    if not all(item["status"] == "exact" for item in items.values()):
        return items_alone(people)
    return raw_construct(people)


SKIPPED = {
    "6 people who may skip": ((3, 4, None), (2, 5, None), 6),
    "7 people who may skip the second": ((1, 4), (2, 5, None), 7),
}


@pytest.mark.parametrize(("first", "second", "n"), SKIPPED.values(), ids=SKIPPED)
def test_a_construct_betrays_nobody_who_skips(first, second, n: int) -> None:
    """Who left out which item may be known: their other answers stay as open as before."""
    cells = worlds(first, second, n)

    assert not betrays_who_skips(cells, with_constructs)
    assert betrays_who_skips(cells, with_sums_of_person_scores), "the attack must find the leak"


def test_a_clamped_cell_leaves_no_trace_in_the_pool() -> None:
    """With all thresholds in place, what people of a clamped cell answered changes no moment."""
    divided = [
        {"first": 1 + (i * 3 + shift) % 5, "second": 1 + (i * 2) % 5}
        for shift in range(11)
        for i in range(12)
    ]
    cells = [divided[start : start + 12] for start in range(0, len(divided), 12)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disclosure, "POOLED_CELLS", 10)
        patch.setattr(disclosure, "POOLED_RESPONSES", 100)
        pools = [
            pool_moments(
                PAIR,
                [
                    CellAnswers(people=people, items=release_items(PAIR, people, DEFAULT))
                    for people in (*cells, unanimous)
                ],
            )
            for unanimous in (
                [{"first": 5, "second": 1} for _ in range(12)],
                [{"first": 4, "second": 2} for _ in range(12)],
                [{"first": 1, "second": 1 + i % 2} for i in range(12)],
            )
        ]

    assert pools[0] is not None
    assert pools[0]["covariance"][0][1] is not None
    assert pools[0] == pools[1] == pools[2]
