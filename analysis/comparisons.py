"""Two groups that share no people, compared on the scale of the answers themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.errors import NotEnoughTeams, NotIdentified
from analysis.scores import ScoreEstimate, favourable_share, histogram_of, recommendation_score
from analysis.summary import Summary, count, interval, p_value, significant


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """
    A score of one group less that of another.

    Attributes
    ----------
    estimate : float
        The first less the second, in their units.
    std_error : float
        Standard error that the test rests on.
    ci_low, ci_high : float
        Limits of the 95% interval.
    statistic, pvalue : float
        Two-sided test for no difference.
    df : float or None
        Degrees of freedom of t; None where the statistic is a z.
    n_first, n_second : int
        Answers of each group.
    what : str
        What is compared, and how.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    statistic: float
    pvalue: float
    df: float | None
    n_first: int
    n_second: int
    what: str

    def summary(self) -> Summary:
        """Lay the difference out for reading."""
        row = (
            "First less second",
            significant(self.estimate),
            interval(self.ci_low, self.ci_high),
            p_value(self.pvalue),
        )
        return Summary(
            title="Difference of two groups",
            columns=("", "Estimate", "95% interval", "p"),
            rows=(row,),
            notes=(
                self.what,
                f"{count(self.n_first)} and {count(self.n_second)} answers; "
                "nobody is counted in both groups.",
            ),
        )


def compare_means(first: Mapping[str, int], second: Mapping[str, int]) -> Comparison:
    """
    Subtract the mean answers of two groups.

    Parameters
    ----------
    first, second : mapping of str to int
        How often each point was chosen in each group.

    Returns
    -------
    Comparison

    Raises
    ------
    BadFrame
        If a point is no number or a count is below zero.
    NotEnoughTeams
        If a group has fewer than two answers.
    NotIdentified
        If in both groups all answers are equal.

    Notes
    -----
    Welch's t [1]_: the groups need not spread alike.

    References
    ----------
    .. [1] Welch, B. L. (1947), "The generalization of Student's problem when several different
       population variances are involved", Biometrika 34, 28-35.

    Examples
    --------
    >>> gap = compare_means({"3": 4, "4": 6, "5": 10}, {"2": 5, "3": 5, "4": 10})
    >>> round(gap.estimate, 4), round(gap.ci_low, 4), round(gap.df, 2)
    (1.05, 0.5209, 37.86)
    """
    groups = []
    for counts in (first, second):
        points, number = histogram_of(counts)
        n = float(number.sum())
        if n < 2:
            raise NotEnoughTeams("An interval needs two answers in each group.")
        mean = float((points * number).sum()) / n
        groups.append((n, mean, float((number * (points - mean) ** 2).sum()) / (n - 1) / n))
    (n_first, mean, a), (n_second, other, b) = groups
    if a + b == 0:
        raise NotIdentified("In both groups all answers are equal.")
    df = (a + b) ** 2 / (a**2 / (n_first - 1) + b**2 / (n_second - 1))
    estimate, error = mean - other, float(np.sqrt(a + b))
    half = float(stats.t.ppf(0.975, df)) * error
    return Comparison(
        estimate=estimate,
        std_error=error,
        ci_low=estimate - half,
        ci_high=estimate + half,
        statistic=estimate / error,
        pvalue=float(2 * stats.t.sf(abs(estimate / error), df)),
        df=df,
        n_first=round(n_first),
        n_second=round(n_second),
        what="Mean answers; Welch's t.",
    )


def compare_shares(first: tuple[int, int], second: tuple[int, int]) -> Comparison:
    """
    Subtract the shares of two groups.

    Parameters
    ----------
    first, second : (int, int)
        Answers of the kind in question, and all answers, of each group.

    Returns
    -------
    Comparison
        In shares, from -1 to 1.

    Raises
    ------
    BadFrame
        If a number does not lie between 0 and the number of answers.
    NotEnoughTeams
        If a group has no answers.

    Notes
    -----
    Newcombe's interval from the two Wilson intervals (his method 10) [1]_, which stays inside
    -1 to 1 and works at shares of 0 and 1; z with the pooled share for the p-value.  At the
    edge of 0.05 the two need not agree; the interval is the better guide.

    References
    ----------
    .. [1] Newcombe, R. G. (1998), "Interval estimation for the difference between independent
       proportions", Statistics in Medicine 17(8), 873-890.

    Examples
    --------
    >>> gap = compare_shares((56, 70), (48, 80))
    >>> round(gap.estimate, 4), round(gap.ci_low, 4), round(gap.ci_high, 4)
    (0.2, 0.0524, 0.3339)
    """
    one, other = favourable_share(*first), favourable_share(*second)
    pooled = (first[0] + second[0]) / (first[1] + second[1])
    error = float(np.sqrt(pooled * (1 - pooled) * (1 / first[1] + 1 / second[1])))
    return _z_test(one, other, std_error=error, what="Shares; Newcombe's interval, z test.")


def compare_recommendation(
    first: tuple[int, int, int], second: tuple[int, int, int]
) -> Comparison:
    """
    Subtract the recommendation scores of two groups.

    Parameters
    ----------
    first, second : (int, int, int)
        Promoters, passives and detractors of each group.

    Returns
    -------
    Comparison
        In points, from -200 to 200.

    Raises
    ------
    BadFrame
        If a count is below zero.
    NotEnoughTeams
        If a group has no answers.

    Notes
    -----
    z from the plain variances, ``P + D - (P - D)**2`` over n in each group.  The interval is put
    together from the two adjusted Wald intervals [1]_: it keeps a width where all answers of
    a group are of one kind.

    References
    ----------
    .. [1] Zou, G. Y. and Donner, A. (2008), "Construction of confidence limits about effect
       measures: a general approach", Statistics in Medicine 27(10), 1693-1702.

    Examples
    --------
    >>> gap = compare_recommendation((60, 25, 15), (50, 30, 20))
    >>> gap.estimate, round(gap.std_error, 4), round(gap.pvalue, 4)
    (15.0, 10.7587, 0.1633)
    """
    scores = [
        recommendation_score(promoters=p, passives=q, detractors=d) for p, q, d in (first, second)
    ]
    variances = [
        (10_000 * (group[0] + group[2]) / sum(group) - score.estimate**2) / sum(group)
        for group, score in zip((first, second), scores, strict=True)
    ]
    error = float(np.sqrt(sum(variances)))
    what = "Recommendation scores; interval from both adjusted intervals, z test."
    return _z_test(*scores, std_error=error, what=what)


def _z_test(
    first: ScoreEstimate, second: ScoreEstimate, *, std_error: float, what: str
) -> Comparison:
    estimate = first.estimate - second.estimate
    # Newcombe's way of putting two intervals together, none of them symmetrical.
    down = np.hypot(first.estimate - first.ci_low, second.ci_high - second.estimate)
    up = np.hypot(first.ci_high - first.estimate, second.estimate - second.ci_low)
    if std_error == 0:
        # All answers of a group are of one kind, and the plain variance takes that for sure.
        std_error = float(np.hypot(first.std_error, second.std_error))
    statistic = estimate / std_error
    return Comparison(
        estimate=estimate,
        std_error=std_error,
        ci_low=float(estimate - down),
        ci_high=float(estimate + up),
        statistic=statistic,
        pvalue=float(2 * stats.norm.sf(abs(statistic))),
        df=None,
        n_first=round(first.n),
        n_second=round(second.n),
        what=what,
    )
