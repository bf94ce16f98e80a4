"""Slopes of teams, what they mean between two teams, and their p-values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from analysis.frames import check_pair
from analysis.summary import Summary, p_value, significant


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """
    Points of the outcome per point of the predictor.

    Attributes
    ----------
    estimate, std_error, ci_low, ci_high : float
    pvalue : float
    nobs : int
        Teams.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    pvalue: float
    nobs: int

    def summary(self) -> Summary:
        """Lay the slope out for reading."""
        limits = f"{significant(self.ci_low)} to {significant(self.ci_high)}"
        row = ("Per point", significant(self.estimate), limits, p_value(self.pvalue))
        return Summary(
            title="Outcome on predictor, team by team",
            columns=("", "Slope", "95% interval", "p"),
            rows=(row,),
            notes=(f"{self.nobs} teams; errors of unequal size allowed for (HC3).",),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuartileGap:
    """
    The outcome of a team at the 75th percentile of the predictor above one at the 25th.

    Attributes
    ----------
    estimate, ci_low, ci_high : float
        In points of the outcome.
    q1, q3 : float
        The quartiles of the predictor.
    """

    estimate: float
    ci_low: float
    ci_high: float
    q1: float
    q3: float

    def summary(self) -> Summary:
        """Lay the gap out for reading."""
        limits = f"{significant(self.ci_low)} to {significant(self.ci_high)}"
        quartiles = f"{significant(self.q1)} and {significant(self.q3)}"
        return Summary(
            title="A team at the 75th percentile against one at the 25th",
            columns=("", "Points", "95% interval"),
            rows=(("Difference of the outcome", significant(self.estimate), limits),),
            notes=(f"The quartiles of the predictor are {quartiles}.",),
        )


def quartile_gap(line: Slope, x: npt.ArrayLike) -> QuartileGap:
    """
    Express a slope as the gap between two ordinary teams.

    Parameters
    ----------
    line : Slope
    x : array_like, shape (n_teams,)
        The predictor from which `line` was made.

    Returns
    -------
    QuartileGap
        ``slope * (Q3 - Q1)`` with quartiles of type 7; limits scaled alike.

    Examples
    --------
    >>> from analysis import slope
    >>> scores = [1, 2, 3, 4, 5]
    >>> round(quartile_gap(slope(scores, [2, 4, 5, 4, 5]), scores).estimate, 6)
    1.2
    """
    predictor, _ = check_pair(x, x)
    q1, q3 = np.quantile(predictor, [0.25, 0.75], method="linear").tolist()
    return QuartileGap(
        estimate=line.estimate * (q3 - q1),
        ci_low=line.ci_low * (q3 - q1),
        ci_high=line.ci_high * (q3 - q1),
        q1=q1,
        q3=q3,
    )


def t_pvalue(estimate: float, std_error: float, *, df: float) -> float:
    """
    Compute the two-sided p-value of an estimate by t, also where it has no error at all.

    Examples
    --------
    >>> t_pvalue(1.0, 0.0, df=5), t_pvalue(0.0, 0.0, df=5)
    (0.0, 1.0)
    """
    if std_error == 0:
        return 1.0 if estimate == 0 else 0.0
    return float(2 * stats.t.sf(abs(estimate) / std_error, df))
