"""analysis.differences: one score less another that shares no people with it."""

import numpy as np
import pytest

from analysis import construct_mean, difference, item_mean, recommendation_score

# By hand: means 52/15 and 38/16, variances 148/105 and 29/20, so the difference is 1.0917
# with the error sqrt(148/105/15 + 29/20/16) = 0.42964, and 1.96 of it is 0.84208.
FIRST = {"1": 1, "2": 2, "3": 4, "4": 5, "5": 3}
SECOND = {"1": 4, "2": 6, "3": 3, "4": 2, "5": 1}


def spread(counts):
    return np.repeat([1, 2, 3, 4, 5], list(counts.values()))


def test_a_difference_of_means_adds_the_variances():
    """The answers one by one give the same difference and the same limits."""
    a, b = spread(FIRST), spread(SECOND)

    gap = difference(item_mean(FIRST), item_mean(SECOND))

    half = 1.959963984540054 * np.sqrt(a.var(ddof=1) / 15 + b.var(ddof=1) / 16)
    assert gap.estimate == pytest.approx(a.mean() - b.mean())
    assert (gap.ci_low, gap.ci_high) == pytest.approx((gap.estimate - half, gap.estimate + half))
    assert (gap.ci_low, gap.ci_high) == pytest.approx((0.24958, 1.93375), abs=5e-5)
    assert gap.is_clear


def test_turning_the_order_turns_the_sign():
    """What is above from one side is below from the other."""
    one, other = item_mean(FIRST), item_mean(SECOND)

    there, back = difference(one, other), difference(other, one)

    assert back.estimate == -there.estimate
    assert (back.ci_low, back.ci_high) == (-there.ci_high, -there.ci_low)


def test_equal_scores_do_not_differ_clearly():
    """Zero lies inside, and the error is the root of two of each."""
    score = recommendation_score(promoters=6, passives=5, detractors=4)

    gap = difference(score, score)

    assert (gap.estimate, gap.is_clear) == (0, False)
    assert gap.std_error == pytest.approx(np.sqrt(2) * score.std_error)


def test_the_more_careful_basis_is_kept():
    """A conservative side makes the difference conservative; its table says so."""
    pooled = construct_mean(n=16, total=64.0, variance=1.0, df=200)

    gap = difference(item_mean(FIRST), pooled)

    assert gap.basis == "pooled"
    assert str(gap.summary()).splitlines()[2:4] == [
        "                   Estimate  95% interval   Answers  Answers",
        "First less second  −0.533    −1.31 to 0.24  15       16",
    ]
