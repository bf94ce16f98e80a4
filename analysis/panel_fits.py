"""One model of a panel: effects taken out, a slope with its error, and how noisy it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clusters import Fit, Matrix, bias_reduced, plain_error
from analysis.demeaning import Codes, demeaned
from analysis.errors import NotEnoughTeams, NotIdentified, TooNoisy
from analysis.frames import FLAT, Vector
from analysis.slopes import t_pvalue
from analysis.wild import turned

Effects: TypeAlias = Literal["none", "period", "team", "team and period"]
Errors: TypeAlias = Literal["wild bootstrap", "CR2", "classical"]

FEW_TEAMS = 13
"""Below so many teams, all changes of sign are tried; from here on, CR2."""
NORMAL = 1.959963984540054
MIN_MOVEMENT = 0.10
"""Reliability of movements below which a slope is not corrected for noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelEstimate:
    """
    One slope of a panel model.

    Attributes
    ----------
    estimate : float
        Points of the outcome per point of the predictor.
    std_error : float
        Clustered by team: CR2, or CR1 where `errors` is "wild bootstrap"; classical for the
        line between teams.
    ci_low, ci_high, pvalue : float
        Limits of the 95% interval and two-sided p, by the method of `errors`.
    df : float or None
        Degrees of freedom of t; None where signs are turned instead.
    plain_std_error : float
        The usual clustered error (CR1), to be set beside other programs'.
    errors : {"wild bootstrap", "CR2", "classical"}
    reliability : float or None
        Share of the predictor's variance in this model, everything else taken out, that is
        no survey noise; at or below 0 where noise explains all of it, None where unknown.
    nobs, n_teams : int
        Rows and teams that entered the fit.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    pvalue: float
    df: float | None
    plain_std_error: float
    errors: Errors
    reliability: float | None
    nobs: int
    n_teams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """
    The rows of a model with its effects taken out, fitted.

    Attributes
    ----------
    fit : Fit
        Least squares for the predictor asked for, with teams as clusters.
    noise : ndarray, shape (n,)
        What survey noise is expected to add to the square of the predictor, everything
        else taken out; not a number where it is not known.
    n_parameters : int
        Parameters that the plain error counts.
    """

    fit: Fit
    noise: Vector
    n_parameters: int


def prepare(
    rows: pd.DataFrame, *, outcome: str, predictors: Sequence[str], effects: Effects
) -> Prepared:
    """
    Take the effects out of the rows of a model, or refuse rows that cannot bear it.

    A column of the predictor's name with ``_noise`` at its end holds the sampling variance
    of the predictor in each row; without it the noise is not known.

    Examples
    --------
    >>> rows = pd.DataFrame({"team": list("aabb"), "period": [1, 2, 1, 2]})
    >>> rows = rows.assign(x=[1.0, 2.0, 2.0, 5.0], y=[1.0, 2.0, 4.0, 9.0])
    >>> ready = prepare(rows, outcome="y", predictors=["x"], effects="team and period")
    >>> round(ready.fit.estimate, 6), ready.n_parameters
    (2.0, 3)
    """
    rows = rows.sort_values("team", kind="stable")
    teams, team_names = pd.factorize(rows["team"])
    periods, period_names = pd.factorize(rows["period"])
    # Team effects lie within the clusters and do not count, except that there is a mean.
    n_effects = len(period_names) if "period" in effects else 1
    n, n_parameters = len(rows), len(predictors) + n_effects
    if len(team_names) < 2 or n <= n_parameters:
        raise NotEnoughTeams("Too few teams and periods are left for this model.")
    within = "team" in effects
    basis = _basis(effects, teams=teams, periods=periods)

    def cleared(name: str) -> Vector:
        values = rows[name].to_numpy(dtype=float)
        left = demeaned(values, groups=teams) if within else values
        for _ in range(3):
            left = left - basis @ (basis.T @ left)
        return np.asarray(left, dtype=float)

    columns = np.column_stack([cleared(name) for name in predictors])
    _check_moves(columns, np.array([float((rows[name] ** 2).sum()) for name in predictors]))
    others, _ = np.linalg.qr(columns[:, 1:])
    moved = columns[:, 0] - others @ (others.T @ columns[:, 0])
    scale = float(np.sqrt((moved**2).sum()))
    left = cleared(outcome)
    _check_outcome(left, rows[outcome].to_numpy(dtype=float))
    whole = np.column_stack([basis, others, moved / scale])
    shares = whole.T @ left
    # Of a row's own noise, what is not taken out together with the effects stays.
    kept = 1 - (basis**2).sum(axis=1) - (others**2).sum(axis=1)
    if within:
        kept -= 1 / np.bincount(teams)[teams]
    return Prepared(
        fit=Fit(
            estimate=float(shares[-1]) / scale,
            basis=whole,
            scale=scale,
            residual=left - whole @ shares,
            starts=np.flatnonzero(np.diff(teams, prepend=-1)),
        ),
        noise=kept * _noise(rows, predictors[0]),
        n_parameters=n_parameters,
    )


def clustered_slope(ready: Prepared) -> PanelEstimate:
    """
    Give the slope of a prepared model, by the method that its number of teams asks for.

    Parameters
    ----------
    ready : Prepared

    Returns
    -------
    PanelEstimate

    Examples
    --------
    >>> rows = pd.DataFrame({"team": list("aabbccddeeff"), "period": [1, 2] * 6})
    >>> rows = rows.assign(x=[1.0, 2, 2, 5, 3, 1, 4, 4, 1, 3, 2, 3])
    >>> rows = rows.assign(y=rows["x"] + [0.0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1])
    >>> ready = prepare(rows, outcome="y", predictors=["x"], effects="team and period")
    >>> fit = clustered_slope(ready)
    >>> round(fit.estimate, 4), fit.errors
    (0.9326, 'wild bootstrap')
    """
    fit, reliability = ready.fit, movement_reliability(ready)
    if fit.n_clusters < FEW_TEAMS:
        test = turned(fit)
        std_error = plain_error(fit, n_parameters=ready.n_parameters)
        return PanelEstimate(
            estimate=test.estimate,
            std_error=std_error,
            ci_low=test.ci_low,
            ci_high=test.ci_high,
            pvalue=test.pvalue,
            df=None,
            plain_std_error=std_error,
            errors="wild bootstrap",
            reliability=reliability,
            nobs=test.nobs,
            n_teams=test.n_clusters,
        )
    slope = bias_reduced(fit, n_parameters=ready.n_parameters)
    return PanelEstimate(
        estimate=slope.estimate,
        std_error=slope.std_error,
        ci_low=slope.ci_low,
        ci_high=slope.ci_high,
        pvalue=slope.pvalue,
        df=slope.df,
        plain_std_error=slope.plain_std_error,
        errors="CR2",
        reliability=reliability,
        nobs=slope.nobs,
        n_teams=slope.n_clusters,
    )


def movement_reliability(ready: Prepared) -> float | None:
    """
    Estimate which share of the predictor's movements in a model is no survey noise.

    Returns
    -------
    float or None
        ``1 - sum(noise) / scale ** 2``: a slope shows about this share of its
        true size.  None where the noise of a row is not known.

    Examples
    --------
    >>> rows = pd.DataFrame({"team": list("aabb"), "period": [1, 2, 1, 2]})
    >>> rows = rows.assign(x=[1.0, 2.0, 2.0, 5.0], y=[1.0, 2.0, 4.0, 9.0], x_noise=0.1)
    >>> ready = prepare(rows, outcome="y", predictors=["x"], effects="team and period")
    >>> round(movement_reliability(ready), 6)
    0.9
    """
    if np.isnan(ready.noise).any():
        return None
    return 1 - float(ready.noise.sum()) / ready.fit.scale**2


def corrected_slope(observed: PanelEstimate) -> PanelEstimate:
    """
    Give a slope as it would be without survey noise in the predictor.

    Parameters
    ----------
    observed : PanelEstimate

    Returns
    -------
    PanelEstimate
        Estimate and error divided by the reliability; p as it was; limits that allow for
        how uncertain the reliability is.

    Raises
    ------
    NotIdentified
        If the reliability is not known.
    TooNoisy
        If it is below `MIN_MOVEMENT`, or so uncertain that the limits would have no end.

    Notes
    -----
    The estimate is that of a regression whose predictor has known error variances [1]_.
    The limits are Fieller's: all slopes s for which the observed slope less reliability
    times s is within 1.96 of its error, the reliability having the error
    ``(1 - reliability) * sqrt(2 / (n - n_teams))``.  They hold zero where the observed
    limits do.

    References
    ----------
    .. [1] Fuller, W. A. (1987), "Measurement Error Models", Wiley, section 2.2.

    Examples
    --------
    >>> rows = pd.DataFrame({"team": list("aabbccddeeff"), "period": [1, 2] * 6})
    >>> rows = rows.assign(x=[1.0, 2, 2, 5, 3, 1, 4, 4, 1, 3, 2, 3], x_noise=0.3)
    >>> rows = rows.assign(y=rows["x"] + [0.0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1])
    >>> ready = prepare(rows, outcome="y", predictors=["x"], effects="team and period")
    >>> fit = clustered_slope(ready)
    >>> round(fit.reliability, 4), round(corrected_slope(fit).estimate, 4)
    (0.7978, 1.169)
    """
    reliability, slope = observed.reliability, observed.estimate
    if reliability is None:
        raise NotIdentified("The survey noise of some teams and periods is not known.")
    doubt = NORMAL * (1 - reliability) * np.sqrt(2 / max(1, observed.nobs - observed.n_teams))
    left = reliability**2 - doubt**2
    if reliability < MIN_MOVEMENT or left <= 0:
        raise TooNoisy("Movements within teams are survey noise almost throughout.")

    def end(distance: float, sign: float) -> float:
        root = float(np.sqrt((slope * doubt) ** 2 + left * distance**2))
        return (slope * reliability + sign * root) / float(left)

    return replace(
        observed,
        estimate=slope / reliability,
        std_error=observed.std_error / reliability,
        plain_std_error=observed.plain_std_error / reliability,
        ci_low=end(slope - observed.ci_low, -1.0),
        ci_high=end(observed.ci_high - slope, 1.0),
    )


def line_between(rows: pd.DataFrame) -> PanelEstimate:
    """
    Fit a line through the plain means of the teams, with a classical error.

    Examples
    --------
    >>> rows = pd.DataFrame({"team": list("abcd"), "x": [1.0, 2, 3, 4], "y": [1.0, 2, 2, 4]})
    >>> round(line_between(rows).estimate, 6)
    0.9
    """
    means = rows.groupby("team")[["x", "y"]].mean().to_numpy(dtype=float)
    n = len(means)
    if n < 3:
        raise NotEnoughTeams("A line between teams needs three teams.")
    x, y = (means - means.mean(axis=0)).T
    _check_moves(x.reshape(-1, 1), np.array([(means[:, 0] ** 2).sum()]))
    _check_outcome(y, means[:, 1])
    spread = float((x**2).sum())
    estimate = float((x * y).sum()) / spread
    # The mean was taken off by hand, so one more degree of freedom is spent.
    std_error = float(np.sqrt(((y - estimate * x) ** 2).sum() / (n - 2) / spread))
    half = float(stats.t.ppf(0.975, n - 2)) * std_error
    return PanelEstimate(
        estimate=estimate,
        std_error=std_error,
        ci_low=estimate - half,
        ci_high=estimate + half,
        pvalue=t_pvalue(estimate, std_error, df=n - 2),
        df=float(n - 2),
        plain_std_error=std_error,
        errors="classical",
        reliability=None,
        nobs=n,
        n_teams=n,
    )


def without_singletons(rows: pd.DataFrame) -> pd.DataFrame:
    """
    Drop teams and periods that stand in a single row, until none is left.

    Examples
    --------
    >>> rows = pd.DataFrame({"team": list("aabbc"), "period": [1, 2, 1, 2, 2]})
    >>> len(without_singletons(rows))
    4
    """
    while True:
        alone = pd.Series(False, index=rows.index)
        for key in ("team", "period"):
            alone |= rows.groupby(key)[key].transform("size") == 1
        if not alone.any():
            return rows
        rows = rows[~alone]


def _noise(rows: pd.DataFrame, predictor: str) -> Vector:
    name = f"{predictor}_noise"
    known = rows[name] if name in rows.columns else pd.Series(np.nan, index=rows.index)
    return np.asarray(known, dtype=float)


def _basis(effects: Effects, *, teams: Codes, periods: Codes) -> Matrix:
    """Span what period effects can do once team effects are out, by orthonormal columns."""
    n = len(teams)
    if effects == "team":
        return np.zeros((n, 0))
    if effects == "none":
        return np.full((n, 1), 1 / np.sqrt(n))
    sizes = np.bincount(periods).astype(float)
    if effects == "period":
        return np.asarray((np.eye(len(sizes)) / np.sqrt(sizes))[periods])
    cells = np.zeros((int(teams.max()) + 1, len(sizes)))
    np.add.at(cells, (teams, periods), 1.0)
    shares = cells / cells.sum(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(np.diag(sizes) - cells.T @ shares)
    # Period effects are known up to a constant, one per block of teams that share periods.
    known = values > 1e-10 * max(1.0, float(values.max()))
    turned_to = vectors[:, known] / np.sqrt(values[known])
    return np.asarray(turned_to[periods] - (shares @ turned_to)[teams])


def _check_moves(design: Matrix, sizes: Vector) -> None:
    """Refuse predictors that do not move once effects are out, or move as one."""
    squares = (design**2).sum(axis=0)
    if (squares <= FLAT * np.maximum(1e-300, sizes)).any():
        raise NotIdentified("The predictor does not move once the effects are taken out.")
    if np.linalg.cond(design / np.sqrt(squares)) > 1e7:
        raise NotIdentified("The two earlier values move as one, so they cannot be told apart.")


def _check_outcome(left: Vector, values: Vector) -> None:
    """Refuse an outcome of which only rounding is left: its p-value would be noise."""
    if (left**2).sum() <= FLAT * max(1e-300, float((values**2).sum())):
        raise NotIdentified("The outcome does not move once the effects are taken out.")
