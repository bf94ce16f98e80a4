"""Variance between and within teams, with what explains the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import BadFrame, NotIdentified
from analysis.frames import Vector, check_scores, over_periods
from analysis.intercepts import Intercepts
from analysis.summary import (
    Summary,
    count,
    fixed,
    interval,
    p_value,
    percent,
    significant,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """
    One coefficient.

    Attributes
    ----------
    name : str
        ``constant`` for the expected score where all predictors are 0.
    estimate, std_error : float
        Points of the score per unit of the predictor.
    ci_low, ci_high : float
        Limits of the 95% interval, from t.
    pvalue : float
    df : int
        Degrees of freedom of t.
    """

    name: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    pvalue: float
    df: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceComponents:
    """
    A random intercept for each team, by restricted maximum likelihood.

    Attributes
    ----------
    between, within : float
        Variance between teams (beyond what the terms explain) and within, in squared points.
    icc1 : float
        ``between / (between + within)``.
    icc1_ci_low, icc1_ci_high : float
        Limits of its 95% interval, from the profile of the likelihood.
    mean_reliability : float
        The mean over teams of ``n * between / (n * between + within)``.
    terms : tuple of Term
    between_explained : float or None
        Share of the variance between teams that the predictors explain; below 0 where they
        explain nothing.  None without predictors, or where there is nothing to explain.
    log_likelihood : float
        Restricted, as R's lme4 reports it.
    n_teams, nobs : int
        Teams and answers.
    n_left_out : int
        Teams with answers but without a predictor.
    """

    between: float
    within: float
    icc1: float
    icc1_ci_low: float
    icc1_ci_high: float
    mean_reliability: float
    terms: tuple[Term, ...]
    between_explained: float | None
    log_likelihood: float
    n_teams: int
    nobs: int
    n_left_out: int

    def summary(self) -> Summary:
        """Lay variances and coefficients out for reading."""
        limits = interval(self.icc1_ci_low, self.icc1_ci_high)
        rows = [
            ("Variance between teams", significant(self.between), "", ""),
            ("Variance within teams", significant(self.within), "", ""),
            ("Share between teams, ICC(1)", fixed(self.icc1), limits, ""),
        ]
        rows += [
            (t.name, significant(t.estimate), interval(t.ci_low, t.ci_high), p_value(t.pvalue))
            for t in self.terms
        ]
        notes = [f"{count(self.n_teams)} teams, {count(self.nobs)} answers; REML."]
        if len(self.terms) > 1:
            notes.append(f"Of the variance between teams the predictors explain {self._told()}.")
            notes.append("What goes with a score need not be its cause.")
        if self.n_left_out:
            notes.append(f"Teams left out for want of a predictor: {count(self.n_left_out)}.")
        return Summary(
            title="How much of the answers lies between teams",
            columns=("", "Estimate", "95% interval", "p"),
            rows=tuple(rows),
            notes=tuple(notes),
        )

    def _told(self) -> str:
        share = self.between_explained
        return percent(share) if share is not None and share > 0 else "nothing"


def variance_components(
    scores: pd.DataFrame, *, covariates: pd.DataFrame | None = None
) -> VarianceComponents:
    """
    Split the variance of person scores into between and within teams.

    Parameters
    ----------
    scores : DataFrame
        Team scores as `analysis.check_scores` describes them, ``Moments.scores`` for one.
        With periods, all respondents of a team are taken together.  A team without
        `variance` tells by its mean alone.
    covariates : DataFrame, optional
        ``team`` and one numeric column per predictor of team scores.  Teams without a value
        in any of them are left out and counted.

    Returns
    -------
    VarianceComponents

    Raises
    ------
    BadFrame
        If a frame breaks its contract.
    NotEnoughTeams
        If there are no more teams than coefficients.
    NotIdentified
        If the spread within teams is not known or zero, or a predictor follows from others.

    Notes
    -----
    ``y_ij = x_j b + u_j + e_ij`` with normal u and e, fitted by restricted maximum likelihood
    [1]_ over the one ratio of the two variances; n, mean and variance of each team suffice and
    nothing is lost.  Coefficients are referred to t on teams less coefficients; the
    uncertainty of the variances is left out of their errors, which matters below some 20
    teams.  `between_explained` compares with the model without predictors, on the same teams.

    References
    ----------
    .. [1] Patterson, H. D. and Thompson, R. (1971), "Recovery of inter-block information when
       block sizes are unequal", Biometrika 58(3), 545-554.

    Examples
    --------
    >>> frame = pd.DataFrame({"team": list("abcd"), "period": None, "n": 5, "variance": 1.0})
    >>> result = variance_components(frame.assign(mean=[2.0, 3.0, 4.0, 3.0]))
    >>> round(result.between, 4), round(result.within, 4), round(result.icc1, 4)
    (0.4667, 1.0, 0.3182)
    """
    teams, x, names, n_left_out = team_design(scores, covariates)
    fit = intercepts_of(teams, x)
    null = intercepts_of(teams, x[:, :1]) if len(names) > 1 else None
    free = [len(teams) - len(names)] * len(names)
    return components_of(fit, null, names=names, free=free, n_left_out=n_left_out)


def team_design(
    scores: pd.DataFrame, covariates: pd.DataFrame | None
) -> tuple[pd.DataFrame, Vector, tuple[str, ...], int]:
    """Set team scores beside a constant and their covariates: teams, X, names, left out."""
    teams = over_periods(check_scores(scores)).dropna(subset=["mean", "n"]).reset_index(drop=True)
    if covariates is None:
        return teams, np.ones((len(teams), 1)), ("constant",), 0
    if "team" not in covariates.columns or covariates["team"].duplicated().any():
        raise BadFrame("The covariates name no team, or one team twice.")
    beside = covariates.set_index(covariates["team"].astype(str)).drop(columns="team")
    try:
        values = beside.astype(float).reindex(teams["team"]).to_numpy()
    except (TypeError, ValueError) as error:
        raise BadFrame("A covariate holds something that is no number.") from error
    whole = np.isfinite(values).all(axis=1)
    x = np.column_stack([np.ones(int(whole.sum())), values[whole]])
    names = ("constant", *(str(name) for name in beside.columns))
    return teams[whole].reset_index(drop=True), x, names, int((~whole).sum())


def intercepts_of(teams: pd.DataFrame, x: Vector) -> Intercepts:
    """Sum team scores and their predictors up for the fit."""
    n, mean, variance = (teams[name].to_numpy(dtype=float) for name in ("n", "mean", "variance"))
    known = (n > 1) & np.isfinite(variance)
    inside = float(((n - 1) * variance)[known].sum())
    origin = float((n * mean).sum() / n.sum()) if len(n) else 0.0
    mean = mean - origin
    fit = Intercepts(
        n=n,
        x=n[:, None] * x,
        y=n * mean,
        xx=(x * n[:, None]).T @ x,
        xy=(x * n[:, None]).T @ mean,
        yy=inside + float((n * mean**2).sum()),
        nobs=len(n) + round(float((n - 1)[known].sum())),
        origin=origin,
    )
    fit.check()
    if inside <= 0:
        raise NotIdentified("Within teams all answers are equal.")
    return fit


def components_of(
    fit: Intercepts,
    null: Intercepts | None,
    *,
    names: Sequence[str],
    free: Sequence[int],
    n_left_out: int,
) -> VarianceComponents:
    """Read a fit off, beside the one without predictors."""
    low, high = fit.ratio_limits
    explained = None
    if null is not None and null.between > 0:
        explained = 1 - fit.between / null.between
    weight = fit.n * fit.ratio
    return VarianceComponents(
        between=fit.between,
        within=fit.within,
        icc1=fit.ratio / (1 + fit.ratio),
        icc1_ci_low=low / (1 + low),
        icc1_ci_high=1.0 if np.isinf(high) else high / (1 + high),
        mean_reliability=float((weight / (1 + weight)).mean()),
        terms=tuple(_term(fit, place, name, free[place]) for place, name in enumerate(names)),
        between_explained=explained,
        log_likelihood=float(fit.log_likelihood(np.array([fit.ratio]))[0]),
        n_teams=len(fit.n),
        nobs=round(float(fit.n.sum())),
        n_left_out=n_left_out,
    )


def _term(fit: Intercepts, place: int, name: str, df: int) -> Term:
    estimate, error = float(fit.coefficients[place]), float(np.sqrt(fit.covariance[place, place]))
    half = float(stats.t.ppf(0.975, df)) * error
    return Term(
        name=name,
        estimate=estimate,
        std_error=error,
        ci_low=estimate - half,
        ci_high=estimate + half,
        pvalue=float(2 * stats.t.sf(abs(estimate) / error, df)),
        df=df,
    )
