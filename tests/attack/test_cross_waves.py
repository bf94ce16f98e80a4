"""
S-6: what two waves together let a reader guess about a newcomer stays within a budget.

Two waves are different unknowns, so nothing is determined; but colleagues repeat much of
what they answered, and whoever joined between the waves stands out in the difference.
The reader knows the roster and that the newcomer answered, but not who of the others
did, how often people change their minds, and how favourable teams are.  The best guess is
computed exactly, from everything the product releases of one item in both waves.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from surveys import disclosure
from surveys.disclosure import Thresholds, release_item
from surveys.documents import canonical
from surveys.questions import YesNo

pytestmark = pytest.mark.attack

N = 8
SIBLING, SIBLING_WAS = 5, 4  # so many answer beside them, so many of these were favourable
DRIFT, RESPONSE = 0.1, 0.8
FAVOURABLE, SPREAD = 0.72, 0.12
GAIN, SURE = 0.10, 0.01
ITEM = YesNo(key="q", text="Q")

Release = Callable[[int, int], Hashable]


def released(thresholds: Thresholds) -> Release:
    """Release a yes-or-no item by the product's rule, from how many answered and said yes."""

    @cache
    def release(n: int, favourable: int) -> Hashable:
        answers = [1] * favourable + [0] * (n - favourable)
        return n, canonical(release_item(ITEM, answers, thresholds))

    return release


def in_two_waves(share: float, n: int, drift: float) -> np.ndarray:
    """Chances of (answered, favourable) in both waves for all old colleagues together."""
    one = np.zeros((2, 2, 2, 2))
    for is_in, was_in, stays, mind, other in product((0, 1), repeat=5):
        before, after = mind, mind if stays else other
        chance = np.prod(
            [
                share if mind else 1 - share,
                share if other else 1 - share,
                1 - drift if stays else drift,
                RESPONSE if was_in else 1 - RESPONSE,
                RESPONSE if is_in else 1 - RESPONSE,
            ]
        )
        one[was_in, was_in * before, is_in, is_in * after] += chance
    size = (n + 1,) * 4
    spectrum = np.fft.rfftn(one, size, axes=(0, 1, 2, 3))
    return np.fft.irfftn(spectrum**n, size, axes=(0, 1, 2, 3)).clip(min=0)


def beside(share: float) -> list[float]:
    """Chances of how many of a sibling's answers are favourable, its last release known."""
    stays, turns = 1 - DRIFT + DRIFT * share, DRIFT * share
    chances = np.ones(1)
    for chance in [stays] * SIBLING_WAS + [turns] * (SIBLING - SIBLING_WAS):
        chances = np.convolve(chances, [1 - chance, chance])
    return [float(chance) for chance in chances]


def guesses(
    release: Release, *, n: int = N, needs: int = 0, drift: float = DRIFT
) -> tuple[float, float]:
    """
    Give how much better than the favourable share a reader guesses the newcomer's class.

    And how often the reader is surer than 90 % that the newcomer is not favourable.
    With fewer answers than the group `needs`, it is counted with a sibling (R9).
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    chances: dict[Any, np.ndarray] = {}
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        share = float(np.clip(FAVOURABLE + SPREAD * node, 0.05, 0.98))
        worlds, siblings = in_two_waves(share, n, drift), beside(share)
        for n1, f1, n2, f2 in np.argwhere(worlds > 1e-15).tolist():
            is_merged = n2 + 1 < needs
            others = enumerate(siblings) if is_merged else [(0, 1.0)]
            for (more, odds), is_good in product(others, (0, 1)):
                now = release(n2 + 1 + is_merged * SIBLING, f2 + is_good + more)
                chance = weight * worlds[n1, f1, n2, f2] * odds
                chance *= share if is_good else 1 - share
                seen = release(n1, f1), now
                chances.setdefault(seen, np.zeros(2))[is_good] += chance
    table = np.array(list(chances.values()))
    assert table.sum() == pytest.approx(1, abs=1e-6)
    base = table.sum(axis=0).max()
    sure = table[table[:, 0] > 0.9 * table.sum(axis=1)].sum()
    return float(table.max(axis=1).sum() - base), float(sure)


def exactly(n: int, favourable: int) -> Hashable:
    """Release every count of five answers or more."""
    return (n, favourable) if n >= 5 else n


@pytest.mark.parametrize("profile", ["default", "strict"])
def test_a_newcomer_is_guessed_little_better_than_by_the_team(profile) -> None:
    """At n = 8, with one in ten changing their minds and four in five answering."""
    gain, sure = guesses(released(Thresholds.of(profile)))

    assert gain <= GAIN
    assert sure <= SURE


@pytest.mark.parametrize("n", [6, 7])
def test_newcomers_of_small_groups_need_company(n) -> None:
    """R9: with a newcomer among six or seven, a group needs eight answers to stand alone."""
    thresholds = Thresholds.of("default")

    gain, sure = guesses(released(thresholds), n=n, needs=thresholds.needed(1))

    assert gain <= GAIN
    assert sure <= SURE


def test_small_groups_alone_break_the_budget() -> None:
    """Without R9, newcomers among six are found out with near certainty too often."""
    _, sure = guesses(released(Thresholds.of("default")), n=6)

    assert sure > SURE


def test_two_waves_apart_small_groups_are_within_the_budget() -> None:
    """So a roster is compared with the newest one alone: nearly twice as many changed since."""
    twice = 1 - (1 - DRIFT) ** 2

    gain, sure = guesses(released(Thresholds.of("default")), n=6, drift=twice)

    assert gain <= GAIN
    assert sure <= SURE


def test_exact_counts_break_the_budget(monkeypatch) -> None:
    """Without the clamp, too many newcomers are found out with near certainty."""
    _, sure = guesses(exactly)
    monkeypatch.setattr(disclosure, "_is_interior", lambda count, n, c: True)
    _, planted = guesses(released(Thresholds.of("default")))

    assert sure > SURE
    assert planted == pytest.approx(sure, rel=1e-6)
