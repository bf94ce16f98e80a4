"""Scores of cells with intervals that rest on nothing but a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
from scipy import stats

from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified
from analysis.frames import Vector
from analysis.summary import Summary, count, interval, significant

Basis: TypeAlias = Literal["histogram", "pooled", "conservative"]
BASES: dict[Basis, str] = {
    "histogram": "Interval from the counts of the answers.",
    "pooled": "Interval from the spread within all cells together.",
    "conservative": "Conservative interval: too wide rather than too narrow.",
}
Z = float(stats.norm.ppf(0.975))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreEstimate:
    """
    A score of one cell or of several together.

    Attributes
    ----------
    estimate : float
        A mean in points of the scale; a recommendation score from -100 to 100; or a
        share from 0 to 1.
    std_error : float
        Standard error that the interval rests on, in the units of `estimate`.
    ci_low, ci_high : float
        Limits of the 95% interval.
    n : float
        Answers behind it; whole, save in totals that hold bounds.
    basis : {"histogram", "pooled", "conservative"}
        What the interval rests on: the counts of the answers; the pooled variance within
        cells; or an upper bound of the spread, so that the interval is too wide rather
        than too narrow.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    n: float
    basis: Basis

    def summary(self) -> Summary:
        """Lay the score out for reading."""
        limits = interval(self.ci_low, self.ci_high)
        row = ("All answers", significant(self.estimate), limits, count(round(self.n)))
        return Summary(
            title="Score",
            columns=("", "Estimate", "95% interval", "Answers"),
            rows=(row,),
            notes=(BASES[self.basis],),
        )


def item_mean(counts: Mapping[str, int]) -> ScoreEstimate:
    """
    Average an item from its counts per answer.

    Parameters
    ----------
    counts : mapping of str to int
        How often each point of the scale was chosen: ``{"1": 0, "2": 3, ...}``.

    Returns
    -------
    ScoreEstimate
        In points, with a t interval.

    Raises
    ------
    BadFrame
        If a point is no number or a count is below zero.
    NotEnoughTeams
        If there are fewer than two answers.
    NotIdentified
        If all answers are equal, so that their spread is not known.

    Examples
    --------
    >>> score = item_mean({"1": 0, "2": 1, "3": 2, "4": 5, "5": 2})
    >>> score.estimate, round(score.ci_low, 4), score.n
    (3.8, 3.1426, 10)
    """
    points, number = histogram_of(counts)
    n = int(number.sum())
    if n < 2:
        raise NotEnoughTeams("An interval needs two answers.")
    mean = float((number * points).sum()) / n
    variance = float((number * (points - mean) ** 2).sum()) / (n - 1)
    if variance == 0:
        raise NotIdentified("All answers are equal, so their spread is not known.")
    return _t_interval(mean, np.sqrt(variance / n), n=n, df=n - 1, basis="histogram")


def recommendation_score(*, promoters: float, passives: float, detractors: float) -> ScoreEstimate:
    """
    Subtract the share of detractors (0-6) from that of promoters (9-10).

    Parameters
    ----------
    promoters, passives, detractors : float
        Answers of each kind; not whole where a bound stands for a count.

    Returns
    -------
    ScoreEstimate
        From -100 to 100.  The estimate is the plain difference; the interval is the
        adjusted Wald interval, cut at -100 and 100.

    Raises
    ------
    BadFrame
        If a count is below zero.
    NotEnoughTeams
        If there are no answers.

    Notes
    -----
    The variance of one answer is ``P + D - (P - D)**2``.  For the interval, three answers
    are added first: 3/4 promoter, 1 1/2 passive, 3/4 detractor.  The interval is centred
    on the score so adjusted and keeps a width where all answers are of one kind.  The
    adjustment is ascribed to Rocks [1]_; here it is used as a convention.

    References
    ----------
    .. [1] Rocks, B. (2016), "Interval estimation for the 'Net Promoter Score'", The
       American Statistician 70(4), 365-372.

    Examples
    --------
    >>> score = recommendation_score(promoters=60, passives=25, detractors=15)
    >>> score.estimate, round(score.ci_low, 4), round(score.ci_high, 4)
    (45.0, 29.3431, 58.0355)
    """
    if min(promoters, passives, detractors) < 0:
        raise BadFrame("A count of answers is below zero.")
    n = promoters + passives + detractors
    if n == 0:
        raise NotEnoughTeams("There are no answers.")
    high, low = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    centre = high - low
    std_error = float(np.sqrt((high + low - centre**2) / (n + 3)))
    return ScoreEstimate(
        estimate=100 * (promoters - detractors) / n,
        std_error=100 * std_error,
        ci_low=100 * max(-1.0, centre - Z * std_error),
        ci_high=100 * min(1.0, centre + Z * std_error),
        n=n,
        basis="histogram",
    )


def favourable_share(favourable: int, n: int) -> ScoreEstimate:
    """
    Compute the share of favourable answers.

    Parameters
    ----------
    favourable, n : int
        Favourable answers, and all.

    Returns
    -------
    ScoreEstimate
        From 0 to 1, with Wilson's interval.

    Raises
    ------
    BadFrame
        If `favourable` does not lie between 0 and `n`.
    NotEnoughTeams
        If there are no answers.

    References
    ----------
    .. [1] Wilson, E. B. (1927), "Probable inference, the law of succession, and
       statistical inference", Journal of the American Statistical Association 22, 209-212.

    Examples
    --------
    >>> share = favourable_share(8, 10)
    >>> share.estimate, round(share.ci_low, 6), round(share.ci_high, 6)
    (0.8, 0.490162, 0.943318)
    """
    if n == 0:
        raise NotEnoughTeams("There are no answers.")
    if not 0 <= favourable <= n:
        raise BadFrame("There cannot be more favourable answers than answers.")
    share, weight = favourable / n, Z**2 / n
    centre = (share + weight / 2) / (1 + weight)
    half = Z * float(np.sqrt(share * (1 - share) / n + weight / (4 * n))) / (1 + weight)
    return ScoreEstimate(
        estimate=share,
        std_error=half / Z,
        # Rounding must not push a limit off an estimate that lies on the edge.
        ci_low=0.0 if favourable == 0 else centre - half,
        ci_high=1.0 if favourable == n else centre + half,
        n=n,
        basis="histogram",
    )


def construct_mean(*, n: int, total: float, variance: float, df: int) -> ScoreEstimate:
    """
    Average a construct, with the variance within all cells for its spread.

    Parameters
    ----------
    n : int
        Person scores in the cell.
    total : float
        Their sum, in points.
    variance : float
        Pooled variance of person scores within cells, in squared points.
    df : int
        Degrees of freedom of `variance`: its responses less its cells.

    Returns
    -------
    ScoreEstimate

    Raises
    ------
    BadFrame
        If `variance` is below zero.
    NotEnoughTeams
        If there are no person scores, or `df` is below 1.

    Notes
    -----
    Assumes that person scores spread alike in all cells.

    Examples
    --------
    >>> score = construct_mean(n=16, total=64.0, variance=1.0, df=200)
    >>> score.estimate, score.std_error, round(score.ci_low, 4)
    (4.0, 0.25, 3.507)
    """
    if variance < 0:
        raise BadFrame("A variance is below zero.")
    if n < 1 or df < 1:
        raise NotEnoughTeams("There are no answers.")
    return _t_interval(total / n, np.sqrt(variance / n), n=n, df=df, basis="pooled")


def construct_mean_conservative(
    *, n: int, total: float, items: Sequence[Mapping[str, int]]
) -> ScoreEstimate:
    """
    Average a construct, with the deviations of its items as a bound of its spread.

    Parameters
    ----------
    n : int
        Person scores in the cell.
    total : float
        Their sum, in points.
    items : sequence of mappings
        Counts per answer of each item of the construct, in points of the construct
        (reversed items turned), every point of the scale named.

    Returns
    -------
    ScoreEstimate
        With basis "conservative".

    Raises
    ------
    BadFrame
        If an item has more answers than there are person scores.
    NotEnoughTeams
        If there are fewer than two person scores, or no items.

    Notes
    -----
    The deviation of a mean of items is at most the mean of the items' deviations,
    whatever their correlations.  Where people skipped items, those who skipped are taken
    to lie as far from the middle as the scale allows; at most as many as skips.

    Examples
    --------
    >>> counts = {"1": 0, "2": 5, "3": 0, "4": 5, "5": 0}
    >>> score = construct_mean_conservative(n=10, total=30.0, items=[counts, counts])
    >>> score.estimate, round(score.std_error, 4), score.basis
    (3.0, 0.3333, 'conservative')
    """
    if n < 2 or not items:
        raise NotEnoughTeams("An interval needs two answers.")
    histograms = [histogram_of(counts) for counts in items]
    answers = np.array([number.sum() for _, number in histograms])
    if answers.max() > n:
        raise BadFrame("An item has more answers than there are people.")
    if answers.min() < 1:
        raise NotEnoughTeams("An item has no answers.")
    means = np.array([(p * w).sum() / w.sum() for p, w in histograms])
    squares = [(w * (p - m) ** 2).sum() / n for (p, w), m in zip(histograms, means, strict=True)]
    together = float(np.sqrt(squares).mean())

    centre, points = means.mean(), np.concatenate([p for p, _ in histograms])
    farthest = float(np.abs(points - centre).max())
    skipped = min(1.0, float((n - answers).sum()) / n)
    bound = together**2 + skipped * farthest**2
    std_error = float(np.sqrt(bound * n / (n - 1) / n))
    return _t_interval(total / n, std_error, n=n, df=n - 1, basis="conservative")


def roll_up(parts: Sequence[ScoreEstimate]) -> ScoreEstimate:
    """
    Put the means of cells together, each with the weight of its answers.

    Parameters
    ----------
    parts : sequence of ScoreEstimate
        Means of one item or construct in cells that share no people.

    Returns
    -------
    ScoreEstimate
        ``sum(n * estimate) / sum(n)`` with the stratified error
        ``sqrt(sum((n / sum(n))**2 * std_error**2))``; its basis is that of the most
        careful part.

    Raises
    ------
    NotEnoughTeams
        If there are no parts, or no more answers than parts.

    Examples
    --------
    >>> one = item_mean({"1": 0, "2": 1, "3": 2, "4": 5, "5": 2})
    >>> both = roll_up([one, one])
    >>> both.estimate, both.n, round(both.std_error / one.std_error, 4)
    (3.8, 20, 0.7071)
    """
    n = sum(part.n for part in parts)
    if n <= len(parts):
        raise NotEnoughTeams("There are too few answers to put together.")
    estimate = sum(part.n * part.estimate for part in parts) / n
    variance = sum((part.n / n * part.std_error) ** 2 for part in parts)
    careful = most_careful([part.basis for part in parts])
    return _t_interval(estimate, np.sqrt(variance), n=n, df=n - len(parts), basis=careful)


def most_careful(bases: Sequence[Basis]) -> Basis:
    """Find what the most careful of some intervals rests on."""
    order: tuple[Basis, ...] = ("histogram", "pooled", "conservative")
    return max(bases, key=order.index)


@cache
def _t_quantile(df: float) -> float:
    return float(stats.t.ppf(0.975, df))


def _t_interval(
    mean: float, std_error: float, *, n: float, df: float, basis: Basis
) -> ScoreEstimate:
    half = _t_quantile(df) * float(std_error)
    return ScoreEstimate(
        estimate=float(mean),
        std_error=float(std_error),
        ci_low=float(mean) - half,
        ci_high=float(mean) + half,
        n=n,
        basis=basis,
    )


def histogram_of(counts: Mapping[str, int]) -> tuple[Vector, Vector]:
    """Take the points of a histogram and their numbers, or refuse it with `BadFrame`."""
    try:
        points = np.array([float(point) for point in counts])
    except ValueError as error:
        raise BadFrame("A point of the scale is no number.") from error
    number = np.array([float(value) for value in counts.values()])
    if (number < 0).any():
        raise BadFrame("A count of answers is below zero.")
    return points, number
