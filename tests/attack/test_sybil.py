"""
S-8: accounts that nobody stands behind help no administrator.

Somebody who may add people adds fake ones to a group, answers for them and so knows their
answers.  As many as the thresholds foresee settle nobody's class among the real people,
whatever the fakes answer; one more would, so the attack is as sharp as it can be.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import combinations_with_replacement
from typing import Any

import pytest

from surveys.disclosure import Thresholds, release_item
from surveys.documents import canonical
from surveys.hierarchy import Hierarchy, counting_groups
from surveys.questions import Question
from tests.attack.test_enumeration import (
    RECOMMENDATION,
    SCALE5,
    SCALE7,
    SINGLE,
    YES,
    classes_of,
    values_of,
)
from tests.surveys.waves import COMPANY

pytestmark = pytest.mark.attack

PROFILES = (Thresholds.of("default"), Thresholds.of("strict"))


def found_out(
    question: Question, thresholds: Thresholds, *, n_real: int, n_fake: int
) -> Iterator[tuple[Any, ...]]:
    """List the answers of fakes by which some release settles the class of a real person."""
    values, classes = values_of(question), classes_of(question)
    for fakes in combinations_with_replacement(values, n_fake):
        possible: dict[Hashable, set[tuple[int, bool]]] = {}
        for real in combinations_with_replacement(values, n_real):
            seen = possible.setdefault(
                canonical(release_item(question, [*real, *fakes], thresholds)), set()
            )
            seen |= {(i, value in c) for value in set(real) for i, c in enumerate(classes)}
        if any(len(seen) < 2 * len(classes) for seen in possible.values()):
            yield fakes


@pytest.mark.parametrize("thresholds", PROFILES, ids=lambda t: t.profile)
@pytest.mark.parametrize(
    "question", [SCALE5, SCALE7, RECOMMENDATION, YES, SINGLE], ids=["5", "7", "0-10", "yes", "one"]
)
def test_as_many_fakes_as_foreseen_settle_nobody(question, thresholds) -> None:
    """In groups of eight to ten, padded with the fakes that may be known."""
    largest = 8 if question is SCALE7 else 10
    for n in range(8, largest + 1):
        n_fake = thresholds.tolerated(n)
        found = found_out(question, thresholds, n_real=n - n_fake, n_fake=n_fake)
        assert n_fake == 1
        assert list(found) == [], n


def test_one_fake_more_is_one_too_many() -> None:
    """The attack is sharp: two fakes among eight, or one among five, find somebody out."""
    assert next(found_out(SCALE5, PROFILES[0], n_real=6, n_fake=2), None)
    assert next(found_out(SCALE5, PROFILES[0], n_real=4, n_fake=1), None)


def test_fakes_cannot_make_a_group_of_their_own_around_few() -> None:
    """Four people and one fake are too few to be counted alone, whatever answers."""
    hierarchy = Hierarchy(teams=COMPANY.teams)

    groups = counting_groups(hierarchy, {"north": 4 + 1, "south": 12, "phone": 20})

    assert all(group.n_eligible >= 8 for group in groups)
    assert not any(group.teams == {"north"} for group in groups)
