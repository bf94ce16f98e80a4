"""Errors that allow for clusters: the rows of one team are not independent of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.demeaning import Codes
from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified
from analysis.frames import Vector
from analysis.slopes import t_pvalue
from analysis.summary import Summary, count, fixed, p_value, significant

Matrix = npt.NDArray[np.float64]

SATURATED = 1e-9
"""What a cluster may leave of a direction that it decides alone; below, it counts as nothing."""
HEAVY = 0.25
MOST_TERMS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterEstimate:
    """
    One coefficient with an error that allows for clusters.

    Attributes
    ----------
    estimate : float
        Points of the outcome per point of the predictor.
    std_error, ci_low, ci_high, pvalue : float
        By the bias-reduced error CR2, and t on `df` degrees of freedom.
    df : float
        Satterthwaite's degrees of freedom; few where few clusters decide.
    plain_std_error : float
        The usual clustered error (CR1), to be set beside other programs'.
    nobs, n_clusters : int
        Rows and clusters.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    pvalue: float
    df: float
    plain_std_error: float
    nobs: int
    n_clusters: int

    def summary(self) -> Summary:
        """Lay the coefficient out for reading."""
        limits = f"{significant(self.ci_low)} to {significant(self.ci_high)}"
        return Summary(
            title="A slope, with an error that allows for teams",
            columns=("", "Slope", "95% interval", "p"),
            rows=(("Per point", significant(self.estimate), limits, p_value(self.pvalue)),),
            notes=(
                f"{count(self.n_clusters)} teams, {count(self.nobs)} rows; "
                f"{fixed(self.df, 1)} degrees of freedom (CR2, Satterthwaite).",
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """
    Least squares for one coefficient, in an orthonormal basis whose last column is its own.

    Attributes
    ----------
    estimate : float
    basis : ndarray, shape (n, k)
        Orthonormal columns that span the design; the last one is the predictor once all
        other columns are taken out, scaled to length 1.
    scale : float
        Length of that predictor.
    residual : ndarray, shape (n,)
    starts : ndarray of int, shape (n_clusters,)
        First row of each cluster; rows of a cluster stand together.
    """

    estimate: float
    basis: Matrix
    scale: float
    residual: Vector
    starts: Codes

    @property
    def n_clusters(self) -> int:
        """How many clusters there are."""
        return len(self.starts)

    def sums(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Add rows up within clusters."""
        return np.asarray(np.add.reduceat(values, self.starts, axis=0))


def cluster_robust(
    outcome: npt.ArrayLike,
    design: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike,
    term: int,
    n_parameters: int | None = None,
) -> ClusterEstimate:
    """
    Fit one coefficient by least squares with an error for a moderate number of clusters.

    Parameters
    ----------
    outcome : array_like, shape (n,)
    design : array_like, shape (n, k)
        Columns of the regression, the intercept among them where there is one.  Effects
        that lie within clusters may have been taken out beforehand: that changes nothing.
    clusters : array_like, shape (n,)
        Name of the cluster of each row.
    term : int
        Column of `design` whose coefficient is asked for.
    n_parameters : int, optional
        Parameters that the plain error counts; k where not given.

    Returns
    -------
    ClusterEstimate

    Raises
    ------
    BadFrame
        If the parts do not fit together or hold a value that is not finite.
    NotEnoughTeams
        If there are fewer than two clusters, or no more rows than columns.
    NotIdentified
        If the columns are not independent of each other, or one cluster decides alone.

    Notes
    -----
    The residuals of cluster g are multiplied by ``(I - H_gg)^(-1/2)``, which makes the
    variance unbiased where errors are independent and equal [1]_; the degrees of freedom
    match the first two moments of that variance under the same assumption [2]_.  The usual
    t with G - 1 takes every cluster for equally informative and rejects too often with
    fewer than about 40 clusters, or where few of them vary.

    The plain error is CR1 with the factor ``G / (G - 1) * (N - 1) / (N - n_parameters)``.

    References
    ----------
    .. [1] Bell, R. M. and McCaffrey, D. F. (2002), "Bias reduction in standard errors for
       linear regression with multi-stage samples", Survey Methodology 28(2), 169-181.
    .. [2] Pustejovsky, J. E. and Tipton, E. (2018), "Small-sample methods for
       cluster-robust variance estimation and hypothesis testing in fixed effects models",
       Journal of Business & Economic Statistics 36(4), 672-683.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 4.0, 3.0, 6.0, 5.0])
    >>> design = np.column_stack([np.ones(6), x])
    >>> fit = cluster_robust([1, 3, 4, 4, 5, 6], design, clusters=list("aabbcc"), term=1)
    >>> round(fit.estimate, 4), round(fit.std_error, 4), round(fit.df, 4)
    (0.8286, 0.1764, 1.2379)
    """
    fit = least_squares(outcome, design, clusters=clusters, term=term)
    return bias_reduced(fit, n_parameters=n_parameters or fit.basis.shape[1])


def bias_reduced(fit: Fit, *, n_parameters: int) -> ClusterEstimate:
    """
    Give the coefficient of a fit with the error of `cluster_robust`.

    Examples
    --------
    >>> fit = least_squares([1, 3, 2], [[1, 0], [1, 1], [1, 2]], clusters=[1, 2, 3], term=1)
    >>> round(bias_reduced(fit, n_parameters=2).df, 4)
    1.0
    """
    own = fit.basis[:, -1] / fit.scale
    adjusted = _adjusted(fit, own)
    std_error = float(np.sqrt((fit.sums(adjusted * fit.residual) ** 2).sum()))
    df = _satterthwaite(fit, adjusted)
    half = float(stats.t.ppf(0.975, df)) * std_error
    return ClusterEstimate(
        estimate=fit.estimate,
        std_error=std_error,
        ci_low=fit.estimate - half,
        ci_high=fit.estimate + half,
        pvalue=t_pvalue(fit.estimate, std_error, df=df),
        df=df,
        plain_std_error=plain_error(fit, n_parameters=n_parameters),
        nobs=len(own),
        n_clusters=fit.n_clusters,
    )


def plain_error(fit: Fit, *, n_parameters: int) -> float:
    """
    Give the usual clustered error (CR1) of the coefficient of a fit.

    Examples
    --------
    >>> fit = least_squares([1, 3, 2], [[1, 0], [1, 1], [1, 1]], clusters=[1, 2, 3], term=1)
    >>> round(plain_error(fit, n_parameters=2), 4)
    0.6124
    """
    n, g = len(fit.residual), fit.n_clusters
    factor = g / (g - 1) * (n - 1) / (n - n_parameters)
    squares = float((fit.sums(fit.basis[:, -1] * fit.residual) ** 2).sum())
    return float(np.sqrt(factor * squares)) / fit.scale


def least_squares(
    outcome: npt.ArrayLike, design: npt.ArrayLike, *, clusters: npt.ArrayLike, term: int
) -> Fit:
    """
    Fit one coefficient and keep what errors by cluster are made of.

    Parameters, and refusals, are those of `cluster_robust`.

    Examples
    --------
    >>> fit = least_squares([1, 3, 2], [[1, 0], [1, 1], [1, 1]], clusters=[1, 2, 3], term=1)
    >>> round(fit.estimate, 6)
    1.5
    """
    y, columns = np.asarray(outcome, dtype=float), np.asarray(design, dtype=float)
    names = np.asarray(clusters)
    if columns.ndim != 2 or y.shape != columns.shape[:1] or names.shape != y.shape:
        raise BadFrame("Outcome, design and clusters differ in length.")
    if not (np.isfinite(y).all() and np.isfinite(columns).all()):
        raise BadFrame("A value of the regression is missing or not finite.")
    codes, found = pd.factorize(names)
    n, k = columns.shape
    if len(found) < 2 or n <= k:
        raise NotEnoughTeams("Too few teams and periods are left for this model.")
    order = np.argsort(codes, kind="stable")
    y, codes = y[order], codes[order]
    columns = np.column_stack([np.delete(columns, term, axis=1), columns[:, term]])[order]
    lengths = np.sqrt((columns**2).sum(axis=0))
    if (lengths == 0).any():
        raise NotIdentified("A column of the regression is zero throughout.")
    basis, triangle = np.linalg.qr(columns / lengths)
    if np.abs(np.diag(triangle)).min() < 1e-10:
        raise NotIdentified("Columns of the regression move as one, so they cannot be told apart.")
    basis[:, -1] *= np.sign(triangle[-1, -1])
    shares = basis.T @ y
    scale = float(abs(triangle[-1, -1]) * lengths[-1])
    return Fit(
        estimate=float(shares[-1]) / scale,
        basis=basis,
        scale=scale,
        residual=y - basis @ shares,
        starts=np.flatnonzero(np.diff(codes, prepend=-1)),
    )


def _adjusted(fit: Fit, own: Vector) -> Vector:
    """Multiply each cluster's part of the predictor by ``(I - H_gg)^(-1/2)``."""
    sizes = np.diff(np.append(fit.starts, len(own)))
    heavy = fit.sums(np.einsum("ij,ij->i", fit.basis, fit.basis)) > HEAVY
    # Most clusters weigh little, and then the series of the root ends soon; the leverages
    # sum to k, so no more than k / HEAVY clusters need roots of their own.
    power = np.where(np.repeat(heavy, sizes), 0.0, own)
    adjusted, factor, least = own.copy(), 1.0, 1e-16 * float(np.abs(own).max())
    for step in range(1, MOST_TERMS):
        inside = np.repeat(fit.sums(fit.basis * power[:, None]), sizes, axis=0)
        power = np.einsum("ij,ij->i", fit.basis, inside)
        factor *= (2 * step - 1) / (2 * step)
        adjusted += factor * power
        if factor * float(np.abs(power).max()) <= least:
            break
    for cluster in np.flatnonzero(heavy):
        rows = slice(fit.starts[cluster], fit.starts[cluster] + sizes[cluster])
        adjusted[rows] = _root_applied(fit.basis[rows], own[rows])
    return np.asarray(adjusted)


def _root_applied(part: Matrix, own: Vector) -> Vector:
    # Within a cluster H is part @ part.T, so its root needs a k by k matrix only.
    values, vectors = np.linalg.eigh(part.T @ part)
    left = 1 - values
    inside = vectors.T @ (part.T @ own)
    if (inside[left <= SATURATED] ** 2).sum() > SATURATED * float((own**2).sum()):
        # Its residuals are zero in a direction that the coefficient hangs on.
        raise NotIdentified("A single team decides the slope alone.")
    inverse = np.where(left > SATURATED, 1 / np.sqrt(np.maximum(left, SATURATED)), 0.0)
    small = values < SATURATED
    weights = np.where(small, 0.5, (inverse - 1) / np.where(small, 1.0, values))
    return np.asarray(own + part @ (vectors @ (weights * inside)))


def _satterthwaite(fit: Fit, adjusted: Vector) -> float:
    squares = fit.sums(adjusted**2)
    inside = fit.sums(fit.basis * adjusted[:, None])
    own = (inside**2).sum(axis=1)
    expected = float((squares - own).sum())
    cross = inside.T @ inside
    spread = float((squares**2 - 2 * squares * own).sum() + (cross**2).sum())
    if expected <= SATURATED * float(squares.sum()) or spread <= 0:
        raise NotIdentified("A single team decides the slope alone.")
    return expected**2 / spread
