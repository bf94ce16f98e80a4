"""One factor behind the items of a construct, and the omega that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified
from analysis.frames import Vector
from analysis.summary import Summary, count, fixed, interval, p_equals

LEAST_UNIQUE = 0.005
"""The smallest share of an item's variance that may be its own, as in R's factanal."""
STEEP = 1e-4
"""The slope at which the search for the best fit has not ended."""
Z = float(stats.norm.ppf(0.975))
Unique: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Misfit: TypeAlias = Callable[[Vector], tuple[float, Vector]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneFactor:
    """
    A factor model with one factor, by maximum likelihood, and omega.

    Attributes
    ----------
    omega : float
        Of the sum of the items: ``sum(loadings)**2 / (sum(loadings)**2 + sum(uniquenesses))``,
        the variance that the model implies in the denominator.
    omega_ci_low, omega_ci_high : float
        Limits of its 95% interval.
    omega_observed : float
        The other convention: the observed variance of the sum in the denominator.
    loadings, uniquenesses : tuple of float
        In points, and in squared points.
    statistic, pvalue : float
        Likelihood ratio against any covariance; the p-value is 1 where `df` is 0.
    df : int
    nobs : int
        People.
    at_edge : bool
        Whether an item came out with hardly any variance of its own (a Heywood case), so
        that nothing here should be relied on.
    """

    omega: float
    omega_ci_low: float
    omega_ci_high: float
    omega_observed: float
    loadings: tuple[float, ...]
    uniquenesses: tuple[float, ...]
    statistic: float
    pvalue: float
    df: int
    nobs: int
    at_edge: bool

    def summary(self) -> Summary:
        """Lay omega out for reading."""
        notes = [
            f"{count(self.nobs)} people, {count(len(self.loadings))} items; one factor, "
            "maximum likelihood.",
        ]
        if self.df:
            notes.append(
                f"One factor against any pattern: chi-squared {fixed(self.statistic, 1)} on "
                f"{count(self.df)} degrees of freedom, p {p_equals(self.pvalue)}."
            )
        if min(self.loadings) < 0:
            notes.append("An item runs against the others: is it turned round?")
        if self.at_edge:
            notes.append("An item has hardly any variance of its own; do not rely on this.")
        limits = interval(self.omega_ci_low, self.omega_ci_high)
        return Summary(
            title="Omega: how much of a score the items share",
            columns=("", "Estimate", "95% interval"),
            rows=(
                ("Omega, variance as the model has it", fixed(self.omega), limits),
                ("Omega, variance as observed", fixed(self.omega_observed), ""),
            ),
            notes=tuple(notes),
        )


def one_factor(covariance: npt.ArrayLike, *, nobs: int) -> OneFactor:
    """
    Fit one factor to the covariances of the items.

    Parameters
    ----------
    covariance : array_like, shape (n_items, n_items)
        In squared points, divisor ``nobs - 1``; `total_covariance`, or `within_covariance` for
        differences within teams alone.
    nobs : int
        People behind it; where items were skipped, the smallest pair (`smallest_pair`).

    Returns
    -------
    OneFactor

    Raises
    ------
    BadFrame
        If the matrix is not square and symmetric.
    NotEnoughTeams
        If there are fewer than three items, or no more people than items.
    NotIdentified
        If a covariance is missing, or the matrix is not one of items that vary (with pairs
        from different people it need not be).

    Notes
    -----
    McDonald's omega [1]_ from the one-factor model, fitted to the correlations (which changes
    nothing, as the likelihood has no scale) with the loadings solved for given
    uniquenesses [2]_.  The interval is by the delta method from the expected information,
    for normal scores.  Two conventions of omega are in use; R's ``semTools::compRelSEM``
    reports the observed one, most formulas in print the other.

    References
    ----------
    .. [1] McDonald, R. P. (1999), Test Theory: A Unified Treatment.
    .. [2] Joreskog, K. G. (1967), "Some contributions to maximum likelihood factor analysis",
       Psychometrika 32(4), 443-482.

    Examples
    --------
    >>> loadings = np.array([0.9, 0.7, 0.8])
    >>> fit = one_factor(np.outer(loadings, loadings) + np.diag([0.5, 0.6, 0.4]), nobs=200)
    >>> [round(loading, 4) for loading in fit.loadings], round(fit.omega, 4)
    ([0.9, 0.7, 0.8], 0.7934)
    """
    matrix = _checked(covariance, nobs)
    sd = np.sqrt(np.diag(matrix))
    correlation = matrix / np.outer(sd, sd)
    unique, misfit = _uniquenesses(correlation)
    common = _loadings(correlation, unique)[0]
    loadings, own = common * sd, unique * sd**2
    total = float(loadings.sum()) ** 2
    omega, error = total / (total + float(own.sum())), _omega_error(loadings, own, nobs)
    df = len(sd) * (len(sd) - 3) // 2
    statistic = (nobs - 1) * max(misfit, 0.0) if df else 0.0
    return OneFactor(
        omega=omega,
        omega_ci_low=omega - Z * error,
        omega_ci_high=omega + Z * error,
        omega_observed=total / float(matrix.sum()),
        loadings=tuple(loadings.tolist()),
        uniquenesses=tuple(own.tolist()),
        statistic=statistic,
        pvalue=float(stats.chi2.sf(statistic, df)) if df else 1.0,
        df=df,
        nobs=nobs,
        at_edge=bool((unique <= LEAST_UNIQUE * 1.01).any()),
    )


def _checked(covariance: npt.ArrayLike, nobs: int) -> Vector:
    matrix = np.atleast_2d(np.asarray(covariance, dtype=float))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise BadFrame("The covariances of the items are not a square.")
    if not np.isfinite(matrix).all():
        raise NotIdentified("Some two items were answered together by fewer than two people.")
    if not np.allclose(matrix, matrix.T, rtol=1e-8):
        raise BadFrame("The covariances of the items are not symmetric.")
    if len(matrix) < 3 or nobs <= len(matrix):
        raise NotEnoughTeams("Omega needs three items, and more people than items.")
    variances = np.diag(matrix)
    if variances.min() <= 0 or matrix.sum() <= 0:
        raise NotIdentified("An item, or the sum of all items, does not vary.")
    if np.linalg.eigvalsh(matrix / np.sqrt(np.outer(variances, variances))).min() <= 1e-10:
        raise NotIdentified("The items are not independent enough to tell a factor from them.")
    return matrix


def _loadings(correlation: Vector, unique: Vector) -> tuple[Vector, Vector]:
    """Solve the loadings for given uniquenesses; also the other roots."""
    root = np.sqrt(unique)
    values, vectors = np.linalg.eigh(correlation / np.outer(root, root))
    first = vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0.0))
    return np.asarray(root * first * (1.0 if (root * first).sum() >= 0 else -1.0)), values[:-1]


def _uniquenesses(correlation: Vector) -> tuple[Vector, float]:
    def misfit(unique: Vector) -> tuple[float, Vector]:
        loadings, others = _loadings(correlation, unique)
        implied = np.outer(loadings, loadings) + np.diag(unique)
        slope = np.diag(implied - correlation) / unique**2
        return float((others - np.log(others) - 1).sum()), slope

    least = np.full(len(correlation), LEAST_UNIQUE)
    start = np.clip(1 / np.diag(np.linalg.inv(correlation)), LEAST_UNIQUE, 1.0)
    best = _search(misfit, start)
    if (best[0] <= LEAST_UNIQUE * 1.01).any():
        # At the edge there can be a second valley; look from elsewhere too.
        best = min(best, _search(misfit, (1 + least) / 2), key=lambda found: found[1])
    return best


def _search(misfit: Misfit, start: Vector) -> tuple[Vector, float]:
    width = 1 - LEAST_UNIQUE

    def bounded(free: Unique) -> tuple[float, Vector]:
        share = special.expit(free)
        value, slope = misfit(LEAST_UNIQUE + width * share)
        return value, slope * width * share * (1 - share)

    inside = np.clip((start - LEAST_UNIQUE) / width, 0.01, 0.99)
    found = optimize.minimize(
        bounded, special.logit(inside), jac=True, method="BFGS", options={"gtol": 1e-9}
    )
    if np.abs(found.jac).max() > STEEP:
        raise NotIdentified("No best factor was found for these items.")
    return np.asarray(LEAST_UNIQUE + width * special.expit(found.x)), float(found.fun)


def _omega_error(loadings: Vector, own: Vector, nobs: int) -> float:
    """Standard error of omega by the delta method, from the expected information."""
    n_items = len(loadings)
    inverse = np.linalg.inv(np.outer(loadings, loadings) + np.diag(own))
    unit = np.eye(n_items)
    changes = [np.outer(unit[i], loadings) + np.outer(loadings, unit[i]) for i in range(n_items)]
    changes += [np.outer(unit[i], unit[i]) for i in range(n_items)]
    moved = np.stack([inverse @ change for change in changes])
    information = (nobs - 1) / 2 * np.einsum("aij,bji->ab", moved, moved)
    shared, noise = float(loadings.sum()) ** 2, float(own.sum())
    by_loading, by_own = 2 * float(loadings.sum()) * noise, -shared
    slope = np.repeat([by_loading, by_own], n_items) / (shared + noise) ** 2
    return float(np.sqrt(slope @ np.linalg.pinv(information, hermitian=True) @ slope))
