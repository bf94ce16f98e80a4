"""
S-1: whatever one item releases, nobody's class of answer is settled.

Every possible set of answers in a cell is released; the attacker sees the
release, knows the rule, and knows what c colleagues answered.  For everybody
else a world must remain in which that person answered in the class, and one in
which not.  Mutants of the rule must be caught, else the attack proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import combinations, combinations_with_replacement
from typing import Any

import pytest

from surveys import disclosure
from surveys.disclosure import Thresholds, release_item
from surveys.documents import canonical
from surveys.questions import (
    MultipleChoice,
    Option,
    Question,
    Recommendation,
    Scale,
    SingleChoice,
    YesNo,
)
from surveys.scoring import DETRACTORS, PROMOTERS, favourable_values

pytestmark = pytest.mark.attack

DEFAULT, STRICT = Thresholds.of("default"), Thresholds.of("strict")
Policy = Callable[[Question, Sequence[Any], Thresholds], Hashable]

ENDS = {"low_label": "No", "high_label": "Yes"}
OPTIONS = tuple(Option(key=key, text=key.upper()) for key in "abc")
SCALE5 = Scale(key="q", text="Q", **ENDS)
SCALE7 = Scale(key="q", text="Q", low=1, high=7, **ENDS)
REVERSED = Scale(key="q", text="Q", low=1, high=4, reverse=True, **ENDS)
LENIENT = Scale(key="q", text="Q", favourable_from=2, **ENDS)
RECOMMENDATION = Recommendation(key="q", text="Q", **ENDS)
YES = YesNo(key="q", text="Q")
NO = YesNo(key="q", text="Q", favourable="no")
SINGLE = SingleChoice(key="q", text="Q", options=OPTIONS)
MULTIPLE = MultipleChoice(key="q", text="Q", options=OPTIONS)


def real(question: Question, answers: Sequence[Any], thresholds: Thresholds) -> Hashable:
    """Release by the product's own rule."""
    return canonical(release_item(question, answers, thresholds))


def in_a_cell_of(n_cell: int) -> Policy:
    """Release an item that some people of a cell skipped."""

    def released(question: Question, answers: Sequence[Any], thresholds: Thresholds) -> Hashable:
        return canonical(release_item(question, answers, thresholds, n_cell=n_cell))

    return released


def values_of(question: Question) -> list[Any]:
    """Every answer, or for a recommendation the two ends of every class."""
    match question:
        case Recommendation():
            return [0, 6, 7, 8, 9, 10]
        case Scale():
            return list(question.points)
        case YesNo():
            return [0, 1]
        case SingleChoice():
            return [option.key for option in question.options]
        case MultipleChoice():
            keys = [option.key for option in question.options]
            return [c for size in (1, 2, 3) for c in combinations(keys, size)]
    raise AssertionError(question)


def classes_of(question: Question) -> list[frozenset[Any]]:
    """The sets of answers of which nobody's membership may be settled."""
    match question:
        case Recommendation():
            return [PROMOTERS, DETRACTORS]
        case Scale() | YesNo():
            return [favourable_values(question)]
        case SingleChoice():
            return [frozenset({option.key}) for option in question.options]
        case MultipleChoice():
            everything = values_of(question)
            return [frozenset(v for v in everything if o.key in v) for o in question.options]
    raise AssertionError(question)


def settled(
    question: Question,
    thresholds: Thresholds,
    n: int,
    *,
    policy: Policy = real,
    c: int | None = None,
    worlds: Iterable[tuple[Any, ...]] | None = None,
) -> list[tuple[Hashable, Any]]:
    """List the pairs of release and knowledge that settle somebody's class, in all worlds."""
    if worlds is None:
        worlds = combinations_with_replacement(values_of(question), n)
    c = thresholds.tolerated(n) if c is None else c
    classes = classes_of(question)
    every = (1 << 2 * len(classes)) - 1
    possible: dict[tuple[Hashable, Any], int] = {}
    signature = {
        value: sum(1 << (2 * i + (value in members)) for i, members in enumerate(classes))
        for value in values_of(question)
    }
    for world in worlds:
        released = policy(question, world, thresholds)
        for known, others in split(world, c):
            seen = 0
            for value in set(others):
                seen |= signature[value]
            key = (released, known)
            possible[key] = possible.get(key, 0) | seen
    assert possible
    return [key for key, seen in possible.items() if seen != every]


def split(world: tuple[Any, ...], c: int) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Part a world into what c colleagues told and what the others answered, in every way."""
    done: set[tuple[Any, ...]] = set()
    for places in combinations(range(len(world)), c):
        known = tuple(world[place] for place in places)
        if known not in done:
            done.add(known)
            yield known, tuple(v for place, v in enumerate(world) if place not in places)


QUICK = {
    "scale of 5": (SCALE5, 12),
    "scale of 7": (SCALE7, 8),
    "reversed scale of 4": (REVERSED, 12),
    "scale with 2 and more favourable": (LENIENT, 10),
    "recommendation": (RECOMMENDATION, 9),
    "yes or no": (YES, 30),
    "yes or no, no being good": (NO, 20),
    "single choice": (SINGLE, 20),
    "multiple choice": (MULTIPLE, 8),
}
SKIPPABLE = {
    "scale of 5": SCALE5,
    "scale of 7": SCALE7,
    "reversed scale of 4": REVERSED,
    "recommendation": RECOMMENDATION,
    "yes or no": YES,
    "single choice": SINGLE,
    "multiple choice": MULTIPLE,
}
LONG = {
    "scale of 5": (SCALE5, 30),
    "scale of 7": (SCALE7, 13),
    "reversed scale of 4": (REVERSED, 24),
    "scale with 2 and more favourable": (LENIENT, 16),
    "recommendation": (RECOMMENDATION, 16),
    "single choice": (SINGLE, 40),
    "multiple choice": (MULTIPLE, 10),
}


@pytest.mark.parametrize(("question", "largest"), QUICK.values(), ids=QUICK)
def test_nobody_is_settled(question: Question, largest: int) -> None:
    """Both profiles leave everybody both possibilities in every small cell."""
    for thresholds in (DEFAULT, STRICT):
        for n in range(thresholds.k, largest + 1):
            for c in range(thresholds.tolerated(n) + 1):
                assert settled(question, thresholds, n, c=c) == [], (thresholds.profile, n, c)


@pytest.mark.parametrize("question", [*SKIPPABLE.values()], ids=SKIPPABLE)
def test_skipped_answers_weaken_no_cell(question: Question) -> None:
    """Where some of a cell skipped an item, as many colleagues may tell as in the whole cell."""
    for thresholds, n_cell in ((DEFAULT, 8), (STRICT, 10)):
        c = thresholds.tolerated(n_cell)
        policy = in_a_cell_of(n_cell)
        for n in range(thresholds.k, min(n_cell, 9)):
            assert settled(question, thresholds, n, policy=policy, c=c) == [], (n_cell, n)


def test_the_answers_to_an_item_do_not_tell_how_many_may_tell() -> None:
    """Judged by the answers to the item alone, seven of eight would be protected too little."""
    assert settled(SCALE5, DEFAULT, 7, c=1)


@pytest.mark.long
@pytest.mark.parametrize(("question", "largest"), LONG.values(), ids=LONG)
def test_nobody_is_settled_in_larger_cells(question: Question, largest: int) -> None:
    """Both profiles leave everybody both possibilities in larger cells too."""
    for thresholds in (DEFAULT, STRICT):
        for n in range(thresholds.k, largest + 1):
            assert settled(question, thresholds, n) == [], (thresholds.profile, n)


@pytest.mark.long
@pytest.mark.parametrize("n", [*range(14, 31)])
@pytest.mark.parametrize("question", [SCALE7, LENIENT], ids=["scale of 7", "lenient"])
def test_nobody_is_settled_up_to_thirty(question: Scale, n: int) -> None:
    """On long scales too: every set of answers near an end, and all that share a release."""
    c = DEFAULT.tolerated(n)
    # An exact release is told apart from all others by its counts, and leaves both classes
    # if more than c people are in each; so only what is clamped must be gone through.
    good = favourable_values(question)
    for favourable in range(n + 1):
        answers = [max(good)] * favourable + [question.low] * (n - favourable)
        if release_item(question, answers, DEFAULT)["status"] == "exact":
            assert c < favourable < n - c
    assert settled(question, DEFAULT, n, worlds=near_the_ends(question, n, c=c)) == []


def near_the_ends(question: Scale, n: int, *, c: int) -> Iterator[tuple[Any, ...]]:
    """List every set of answers with few, or all but few, in the favourable class."""
    good = sorted(favourable_values(question))
    other = [value for value in question.points if value not in good]
    for few, many in ((good, other), (other, good)):
        for k in range(c + 2):
            for rest in combinations_with_replacement(many, n - k):
                for part in combinations_with_replacement(few, k):
                    yield (*part, *rest)


@pytest.mark.long
@pytest.mark.parametrize("n", [*range(17, 31)])
def test_nobody_is_settled_up_to_thirty_by_a_recommendation(n: int) -> None:
    """One answer of each class stands for all of it, as the test below shows."""
    worlds = combinations_with_replacement([0, 7, 9], n)
    assert settled(RECOMMENDATION, DEFAULT, n, worlds=worlds) == []


@pytest.mark.long
@pytest.mark.parametrize("n", [*range(11, 31)])
def test_nobody_is_settled_up_to_thirty_by_two_boxes_to_tick(n: int) -> None:
    """Boxes are released one by one, so that two are as many as there need be."""
    question = MultipleChoice(key="q", text="Q", options=OPTIONS[:2])
    worlds = combinations_with_replacement([("a",), ("b",), ("a", "b")], n)
    assert settled(question, DEFAULT, n, worlds=worlds) == []


def test_values_inside_a_class_of_a_recommendation_tell_nothing() -> None:
    """Looking at the ends of the classes alone, as above, overlooks nothing."""
    for world in combinations_with_replacement(range(11), 5):
        ends = [min({0, 7, 9}, key=lambda end: (value < end, value - end)) for value in world]
        full = release_item(RECOMMENDATION, world, DEFAULT)
        coarse = release_item(RECOMMENDATION, ends, DEFAULT)
        # A clamped release tells nothing but classes; an exact one lets anybody be exchanged.
        assert full["status"] == coarse["status"]
        assert full["status"] == "exact" or full == coarse


def no_clamp(monkeypatch: pytest.MonkeyPatch) -> Policy:
    """Release every histogram exactly."""
    monkeypatch.setattr(disclosure, "_is_interior", lambda count, n, c: True)
    return real


def clamp_only_the_share(monkeypatch: pytest.MonkeyPatch) -> Policy:
    """Bound the favourable count, but tell the sum."""

    def exact(total: int, **_: Any) -> dict[str, Any]:
        return {"sum": total, "sum_is": "exact", "point_sum": float(total)}

    monkeypatch.setattr(disclosure, "_clamped_sum", exact)
    return real


def one_step_wider(monkeypatch: pytest.MonkeyPatch) -> Policy:
    """Release histograms one step nearer to the ends."""
    monkeypatch.setattr(
        disclosure, "_is_interior", lambda count, n, c: c + 1 <= count <= n - c - 1
    )
    return real


def plain_mean(monkeypatch: pytest.MonkeyPatch) -> Policy:
    """Release nothing but the sum, unbounded."""
    return lambda question, answers, thresholds: (len(answers), sum(answers))


def rounded_mean_and_share(monkeypatch: pytest.MonkeyPatch) -> Policy:
    """Release the mean to one decimal and the share to 5 per cent, as many tools do."""

    def rounded(question: Question, answers: Sequence[Any], thresholds: Thresholds) -> Hashable:
        n, good = len(answers), favourable_values(question)
        favourable = sum(value in good for value in answers)
        return n, round(sum(answers) / n, 1), round(favourable / n * 20) / 20

    return rounded


@pytest.mark.parametrize(
    "mutant",
    [no_clamp, clamp_only_the_share, one_step_wider, plain_mean, rounded_mean_and_share],
    ids=lambda mutant: mutant.__name__,
)
@pytest.mark.parametrize("n", [8, 12])
def test_mutants_are_caught(mutant, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each weaker rule settles somebody's class on a scale of 5."""
    policy = mutant(monkeypatch)

    assert settled(SCALE5, DEFAULT, n, policy=policy)


def two_steps_wider(monkeypatch: pytest.MonkeyPatch) -> Policy:
    """Release choices when as many chose an option as colleagues may tell."""
    monkeypatch.setattr(disclosure, "_is_interior", lambda count, n, c: c <= count <= n - c)
    return real


@pytest.mark.parametrize(
    ("question", "mutant"),
    [
        *((question, no_clamp) for question in (RECOMMENDATION, YES, SINGLE, MULTIPLE, SCALE7)),
        *((question, one_step_wider) for question in (RECOMMENDATION, YES, MULTIPLE, SCALE7)),
        # A choice is hidden, never bounded, so its rule has one step to spare.
        (SINGLE, two_steps_wider),
    ],
    ids=lambda part: getattr(part, "__name__", None) or part.type,
)
def test_every_type_depends_on_the_clamp(
    question: Question, mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the clamp, or with a wider one, every type settles somebody's class."""
    policy = mutant(monkeypatch)

    assert settled(question, DEFAULT, 8, policy=policy)


def test_a_second_colleague_is_one_too_many() -> None:
    """The promise is made for c colleagues, and the attack is sharp enough to see c + 1."""
    assert settled(SCALE5, DEFAULT, 8, c=2)
    assert settled(SCALE5, DEFAULT, 7, c=1)
