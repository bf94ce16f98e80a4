"""Correlations of several business units or organisations put together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from analysis.errors import BadFrame, NotEnoughTeams
from analysis.frames import Vector, check_pair
from analysis.summary import Summary, count, fixed, interval, p_equals, p_value, percent

LARGEST_RATIO = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomEffects:
    """
    The mean of true effects that differ from unit to unit.

    Attributes
    ----------
    estimate : float
        In the units of the effects.
    std_error : float
        By Knapp and Hartung, at least `std_error_plain`.
    ci_low, ci_high : float
        Limits of the 95% interval of the mean, from t.
    pvalue : float
        Two-sided, for a mean of 0.
    prediction_low, prediction_high : float
        Where the true effect of a further unit lies with 95% probability.
    between : float
        Variance of the true effects, by restricted maximum likelihood.
    std_error_plain : float
        As if `between` were known, from the normal.
    heterogeneity, heterogeneity_pvalue : float
        Cochran's Q and its test for one common effect.
    i2 : float
        Share of the variance of observed effects that is due to true differences.
    n_units : int
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    pvalue: float
    prediction_low: float
    prediction_high: float
    between: float
    std_error_plain: float
    heterogeneity: float
    heterogeneity_pvalue: float
    i2: float
    n_units: int

    def summary(self) -> Summary:
        """Lay the mean and the spread out for reading."""
        return _summary(self, title="Several units together", figure="Mean effect")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaCorrelation:
    """
    The mean of true correlations that differ from unit to unit.

    Attributes
    ----------
    r : float
    ci_low, ci_high : float
        Limits of the 95% interval of the mean.
    prediction_low, prediction_high : float
        Where the true correlation of a further unit lies with 95% probability.
    on_z : RandomEffects
        The same on Fisher's z, where it was computed.
    n_teams : int
        Teams of all units.
    """

    r: float
    ci_low: float
    ci_high: float
    prediction_low: float
    prediction_high: float
    on_z: RandomEffects
    n_teams: int

    def summary(self) -> Summary:
        """Lay the mean and the spread out for reading."""
        z = self.on_z
        return Summary(
            title="The correlation over several units",
            columns=("", "r", "95% interval", "p"),
            rows=(
                ("Mean of units", fixed(self.r), interval(self.ci_low, self.ci_high),
                 p_value(z.pvalue)),
                ("A further unit", "", interval(self.prediction_low, self.prediction_high), ""),
            ),
            notes=(f"{count(z.n_units)} units, {count(self.n_teams)} teams.", _spread(z)),
        )  # fmt: skip


def random_effects(effects: npt.ArrayLike, *, variances: npt.ArrayLike) -> RandomEffects:
    """
    Average effects of several units that need not have one true effect in common.

    Parameters
    ----------
    effects : array_like, shape (n_units,)
    variances : array_like, shape (n_units,)
        Sampling variance of each; above zero.

    Returns
    -------
    RandomEffects

    Raises
    ------
    BadFrame
        If the columns do not fit together or a variance is not above zero.
    NotEnoughTeams
        If there are fewer than three units.

    Notes
    -----
    ``effect_i = mu + u_i + e_i``; the variance of u by restricted maximum likelihood; the
    interval of mu by Knapp and Hartung [1]_, t on ``n_units - 1``, with an error never below
    the plain one [2]_ (R's metafor: ``test="adhoc"``); the prediction interval
    ``mu +- t * sqrt(between + std_error**2)`` with the same t [3]_.  I2 as in R's metafor,
    ``between / (between + typical variance)``.  Where chance is large
    beside the differences between units, or with fewer than five units, `between` is hardly known
    and the prediction interval comes out too narrow.

    References
    ----------
    .. [1] Knapp, G. and Hartung, J. (2003), "Improved tests for a random effects
       meta-regression with a single covariate", Statistics in Medicine 22(17), 2693-2710.
    .. [2] Rover, C., Knapp, G. and Friede, T. (2015), "Hartung-Knapp-Sidik-Jonkman approach and
       its modification for random-effects meta-analysis with few studies", BMC Medical
       Research Methodology 15, 99.
    .. [3] Higgins, J. P. T., Thompson, S. G. and Spiegelhalter, D. J. (2009), "A re-evaluation of
       random-effects meta-analysis", Journal of the Royal Statistical Society A 172, 137-159.

    Examples
    --------
    >>> result = random_effects([0.1, 0.3, 0.35, 0.65], variances=[0.03, 0.03, 0.05, 0.01])
    >>> round(result.estimate, 4), round(result.between, 4), round(result.i2, 3)
    (0.3772, 0.0429, 0.63)
    """
    effect, variance = check_pair(effects, variances)
    if not (variance > 0).all():
        raise BadFrame("A sampling variance is not above zero.")
    n = len(effect)
    if n < 3:
        raise NotEnoughTeams(f"{n} units are too few to see how far units differ; 3 are needed.")
    between = _between(effect, variance)
    weight = 1 / (variance + between)
    mean = float((weight * effect).sum() / weight.sum())
    plain = float(1 / np.sqrt(weight.sum()))
    scatter = float((weight * (effect - mean) ** 2).sum()) / (n - 1)
    # Units that agree by luck would make the interval shorter than if nothing had to be learnt.
    error = plain * max(1.0, float(np.sqrt(scatter)))
    t = float(stats.t.ppf(0.975, n - 1))
    reach = t * float(np.sqrt(between + error**2))
    fixed_weight = 1 / variance
    common = (fixed_weight * effect).sum() / fixed_weight.sum()
    q = float((fixed_weight * (effect - common) ** 2).sum())
    typical = (n - 1) * fixed_weight.sum()
    typical /= fixed_weight.sum() ** 2 - (fixed_weight**2).sum()
    return RandomEffects(
        estimate=mean,
        std_error=error,
        ci_low=mean - t * error,
        ci_high=mean + t * error,
        pvalue=float(2 * stats.t.sf(abs(mean) / error, n - 1)),
        prediction_low=mean - reach,
        prediction_high=mean + reach,
        between=between,
        std_error_plain=plain,
        heterogeneity=q,
        heterogeneity_pvalue=float(stats.chi2.sf(q, n - 1)),
        i2=float(between / (between + typical)),
        n_units=n,
    )


def meta_correlation(r: npt.ArrayLike, *, n_teams: npt.ArrayLike) -> MetaCorrelation:
    """
    Average the team-level correlations of several units.

    Parameters
    ----------
    r : array_like, shape (n_units,)
        Correlations strictly between -1 and 1, one per unit.
    n_teams : array_like, shape (n_units,)
        Teams behind each; more than three.

    Returns
    -------
    MetaCorrelation

    Raises
    ------
    BadFrame
        If the columns do not fit together or a correlation is -1 or 1 or beyond.
    NotEnoughTeams
        If there are fewer than three units, or a unit has no more than three teams.

    Notes
    -----
    `random_effects` on Fisher's z with variances ``1 / (n - 3)``, turned back at the end.
    Correlations as observed: where units differ in survey noise, part of their spread is
    that; `hunter_schmidt` takes it out.

    Examples
    --------
    >>> result = meta_correlation([0.1, 0.35, 0.3, 0.5], n_teams=[40, 60, 25, 80])
    >>> round(result.r, 4), round(result.ci_low, 4), round(result.ci_high, 4)
    (0.3427, 0.0374, 0.5895)
    """
    one, teams = check_pair(r, n_teams)
    if not (np.abs(one) < 1).all():
        raise BadFrame("A correlation does not lie between -1 and 1.")
    if (teams <= 3).any():
        raise NotEnoughTeams("Each unit needs more than three teams.")
    on_z = random_effects(np.arctanh(one), variances=1 / (teams - 3))
    ends = (on_z.estimate, on_z.ci_low, on_z.ci_high, on_z.prediction_low, on_z.prediction_high)
    mean, low, high, further_low, further_high = np.tanh(ends).tolist()
    return MetaCorrelation(
        r=mean,
        ci_low=low,
        ci_high=high,
        prediction_low=further_low,
        prediction_high=further_high,
        on_z=on_z,
        n_teams=round(float(teams.sum())),
    )


def _between(effect: Vector, variance: Vector) -> float:
    """Find the variance between units by restricted maximum likelihood."""

    def likelihood(between: float) -> float:
        weight = 1 / (variance + between)
        mean = (weight * effect).sum() / weight.sum()
        left = (weight * (effect - mean) ** 2).sum()
        return float(np.log(weight).sum() - np.log(weight.sum()) - left) / 2

    unit = float(np.median(variance))
    grid = np.exp(np.arange(-14.0, np.log(LARGEST_RATIO), 0.5))
    values = [likelihood(unit * ratio) for ratio in grid]
    best = int(np.argmax(values))
    found = optimize.minimize_scalar(
        lambda log: -likelihood(unit * float(np.exp(log))),
        bounds=(
            float(np.log(grid[max(best - 1, 0)])),
            float(np.log(grid[min(best + 1, len(grid) - 1)])),
        ),
        method="bounded",
        options={"xatol": 1e-11},
    )
    if likelihood(0.0) >= -float(found.fun):
        return 0.0
    return unit * float(np.exp(found.x))


def _spread(result: RandomEffects) -> str:
    return (
        f"Of the variance between units {percent(result.i2)} is more than chance "
        f"(test for none: p {p_equals(result.heterogeneity_pvalue)})."
    )


def _summary(result: RandomEffects, *, title: str, figure: str) -> Summary:
    further = interval(result.prediction_low, result.prediction_high)
    limits = interval(result.ci_low, result.ci_high)
    return Summary(
        title=title,
        columns=("", "Estimate", "95% interval", "p"),
        rows=(
            (figure, fixed(result.estimate), limits, p_value(result.pvalue)),
            ("A further unit", "", further, ""),
        ),
        notes=(f"{count(result.n_units)} units.", _spread(result)),
    )
