"""The difference of two scores that share no people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.scores import BASES, Basis, ScoreEstimate, Z, most_careful
from analysis.summary import Summary, count, interval, significant


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    One score less another.

    Attributes
    ----------
    estimate : float
        The first score less the second, in their units.
    std_error : float
        Standard error of the difference.
    ci_low, ci_high : float
        Limits of the 95% interval.
    n_first, n_second : float
        Answers behind each.
    basis : {"histogram", "pooled", "conservative"}
        What the interval rests on: that of the more careful score.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    n_first: float
    n_second: float
    basis: Basis

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.ci_low > 0 or self.ci_high < 0

    def summary(self) -> Summary:
        """Lay the difference out for reading."""
        limits = interval(self.ci_low, self.ci_high)
        sizes = (count(round(self.n_first)), count(round(self.n_second)))
        return Summary(
            title="Difference of two scores",
            columns=("", "Estimate", "95% interval", "Answers", "Answers"),
            rows=(("First less second", significant(self.estimate), limits, *sizes),),
            notes=(BASES[self.basis], "Nobody is counted in both scores."),
        )


def difference(first: ScoreEstimate, second: ScoreEstimate) -> Difference:
    """
    Subtract one score from another that rests on other people.

    Parameters
    ----------
    first, second : ScoreEstimate
        Scores in the same units, of groups that share no people.

    Returns
    -------
    Difference
        ``first - second`` with a normal interval.

    Notes
    -----
    The variances add, because nobody is in both groups: ``sqrt(a**2 + b**2)`` is the
    standard error, and the interval reaches 1.96 of it to both sides.  Compare a cell with
    all other cells together, never with a total that contains it.  Where many differences
    are looked at, about one in twenty leaves zero out by chance alone.

    Examples
    --------
    >>> from analysis import construct_mean
    >>> north = construct_mean(n=16, total=64.0, variance=1.0, df=200)
    >>> south = construct_mean(n=25, total=90.0, variance=1.0, df=200)
    >>> gap = difference(north, south)
    >>> round(gap.estimate, 2), round(gap.ci_low, 4), round(gap.ci_high, 4)
    (0.4, -0.2275, 1.0275)
    """
    estimate = first.estimate - second.estimate
    std_error = float(np.hypot(first.std_error, second.std_error))
    return Difference(
        estimate=estimate,
        std_error=std_error,
        ci_low=estimate - Z * std_error,
        ci_high=estimate + Z * std_error,
        n_first=first.n,
        n_second=second.n,
        basis=most_careful([first.basis, second.basis]),
    )
