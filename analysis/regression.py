"""The link in points: a straight line through the teams."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats
from statsmodels.regression.linear_model import OLS

from analysis.errors import NotIdentified
from analysis.frames import centred, check_enough, check_pair
from analysis.slopes import QuartileGap, Slope, quartile_gap, t_pvalue

__all__ = ["QuartileGap", "Slope", "quartile_gap", "slope"]

FULL_LEVERAGE = 1 - 1e-10


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
