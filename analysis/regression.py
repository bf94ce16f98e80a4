"""The link in points: a straight line through the teams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from statsmodels.regression.linear_model import OLS

from analysis.errors import NotIdentified
from analysis.frames import centred, check_enough, check_pair
from analysis.summary import Summary, p_value, significant

FULL_LEVERAGE = 1 - 1e-10


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


def slope(x: npt.ArrayLike, y: npt.ArrayLike) -> Slope:
    """
    Regress one column of team scores on another.

    Parameters
    ----------
    x, y : array_like, shape (n_teams,)
        Predictor and outcome, each in points of its own scale.

    Returns
    -------
    Slope

    Raises
    ------
    BadFrame
        If the columns do not fit together.
    NotEnoughTeams
        If there are fewer than three teams.
    NotIdentified
        If a column does not vary, or a single team decides the line alone.

    Notes
    -----
    Least squares with the HC3 errors of MacKinnon and White [1]_, which allow for errors
    of unequal size (teams of unequal size have them); t on ``n_teams - 2`` degrees of
    freedom.

    References
    ----------
    .. [1] MacKinnon, J. G. and White, H. (1985), "Some heteroskedasticity-consistent
       covariance matrix estimators with improved finite sample properties", Journal of
       Econometrics 29(3), 305-325.

    Examples
    --------
    >>> line = slope([1, 2, 3, 4, 5], [2, 4, 5, 4, 5])
    >>> round(line.estimate, 6), round(line.std_error, 4)
    (0.6, 0.4298)
    """
    first, second = check_pair(x, y)
    n = len(first)
    check_enough(n)
    moved = centred(first)
    centred(second)  # refuses an outcome without spread, whose p-value would be rounding
    if (1 / n + moved**2 / (moved**2).sum()).max() > FULL_LEVERAGE:
        raise NotIdentified("A single team decides the slope alone.")
    design = np.column_stack([np.ones(n), moved])
    fit = OLS(second, design).fit(cov_type="HC3", use_t=True)
    estimate, std_error = float(fit.params[1]), float(fit.bse[1])
    half = float(stats.t.ppf(0.975, n - 2)) * std_error
    return Slope(
        estimate=estimate,
        std_error=std_error,
        ci_low=estimate - half,
        ci_high=estimate + half,
        pvalue=t_pvalue(estimate, std_error, df=n - 2),
        nobs=n,
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
