"""A test for few teams: every way of turning their residuals round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.clusters import Fit, Matrix, least_squares
from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified
from analysis.frames import FLAT
from analysis.summary import Summary, count, p_value, significant

LEAST_CLUSTERS = 6
"""With five clusters the smallest p is 2/32, so 5% could never be reached."""
MOST_CLUSTERS = 16
LEVEL = 0.05
TIE = 1e-9
DOUBLINGS = 60
HALVINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WildTest:
    """
    One coefficient tested by every change of sign of the clusters' residuals.

    Attributes
    ----------
    estimate : float
    null : float
        The value that is tested.
    statistic : float
        Distance from it in clustered errors (CR0).
    pvalue : float
        Share of all changes of sign that give a statistic as large or larger.
    ci_low, ci_high : float
        Limits of the 95% interval: the values that the test does not reject.
    n_draws, n_clusters, nobs : int
        Changes of sign, clusters, rows.
    """

    estimate: float
    null: float
    statistic: float
    pvalue: float
    ci_low: float
    ci_high: float
    n_draws: int
    n_clusters: int
    nobs: int

    def summary(self) -> Summary:
        """Lay the test out for reading."""
        limits = f"{significant(self.ci_low)} to {significant(self.ci_high)}"
        least = p_value(2 / self.n_draws)
        return Summary(
            title="A slope tested with few teams",
            columns=("", "Slope", "95% interval", "p"),
            rows=(("Per point", significant(self.estimate), limits, p_value(self.pvalue)),),
            notes=(
                f"{count(self.n_clusters)} teams, {count(self.nobs)} rows; all "
                f"{count(self.n_draws)} changes of sign tried, so p is never below {least}.",
            ),
        )


def wild_bootstrap(
    outcome: npt.ArrayLike,
    design: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike,
    term: int,
    null: float = 0.0,
) -> WildTest:
    """
    Test one coefficient with few clusters by the restricted wild cluster bootstrap.

    Parameters
    ----------
    outcome : array_like, shape (n,)
    design : array_like, shape (n, k)
        Columns of the regression, the intercept among them where there is one.  Effects
        that lie within clusters may have been taken out beforehand.
    clusters : array_like, shape (n,)
        Name of the cluster of each row; from 6 to 16 different ones.
    term : int
        Column of `design` whose coefficient is tested.
    null : float, optional
        The value to test.

    Returns
    -------
    WildTest
        Nothing in it is random.

    Raises
    ------
    BadFrame
        If the parts do not fit together, or there are more than 16 clusters.
    NotEnoughTeams
        If there are fewer than six clusters.
    NotIdentified
        If the coefficient is not determined, or so few clusters vary that no value, however
        large, can be ruled out.

    Notes
    -----
    The model is fitted with the coefficient held at `null`; the residuals of each cluster
    keep or change their sign together, in all ``2**G`` ways, and the coefficient and its
    clustered error are computed anew each time [1]_.  p counts ties as reached (with a
    tolerance of 1e-9), so that it does not depend on rounding: the smallest p is
    ``2 / 2**G``.  The interval holds the values that would not be rejected at 5%.

    References
    ----------
    .. [1] Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008), "Bootstrap-based
       improvements for inference with clustered errors", Review of Economics and
       Statistics 90(3), 414-427.

    Examples
    --------
    >>> x = np.array([1.0, 2, 2, 4, 3, 4, 1, 5, 2, 6, 3, 7])
    >>> y = 2 * x + np.array([1.0, 0, -1, 0, 0, 1, 0, -1, 1, 0, 0, -1])
    >>> design = np.column_stack([np.ones(12), x])
    >>> test = wild_bootstrap(y, design, clusters=list("aabbccddeeff"), term=1)
    >>> test.n_draws, test.pvalue
    (64, 0.03125)
    """
    return turned(least_squares(outcome, design, clusters=clusters, term=term), null=null)


def turned(fit: Fit, *, null: float = 0.0) -> WildTest:
    """
    Test the coefficient of a fit as `wild_bootstrap` does.

    Examples
    --------
    >>> y, x = np.array([1.0, 2, 4, 3, 6, 5, 8]), np.arange(7.0)
    >>> fit = least_squares(y, np.column_stack([np.ones(7), x]), clusters=range(7), term=1)
    >>> turned(fit).pvalue
    0.015625
    """
    share, unit = _reached(fit)
    distance = fit.scale * (fit.estimate - null)
    if unit == 0:
        # Nothing is left over, so only the estimate itself can be held.
        low = high = fit.estimate
        statistic = float(np.copysign(np.inf, distance)) if distance else 0.0
    else:
        low = fit.estimate - _end(share, unit) / fit.scale
        high = fit.estimate - _end(share, -unit) / fit.scale
        statistic = distance / unit
    return WildTest(
        estimate=fit.estimate,
        null=null,
        statistic=statistic,
        pvalue=share(distance),
        ci_low=low,
        ci_high=high,
        n_draws=2**fit.n_clusters,
        n_clusters=fit.n_clusters,
        nobs=len(fit.residual),
    )


def turned_pvalue(fit: Fit, *, null: float = 0.0) -> float:
    """
    Give the p-value of `turned` alone, without the interval, which costs far more.

    Examples
    --------
    >>> y, x = np.array([1.0, 2, 4, 3, 6, 5, 8]), np.arange(7.0)
    >>> fit = least_squares(y, np.column_stack([np.ones(7), x]), clusters=range(7), term=1)
    >>> turned_pvalue(fit, null=1.0)
    0.734375
    """
    share, _ = _reached(fit)
    return share(fit.scale * (fit.estimate - null))


def _reached(fit: Fit) -> tuple[Callable[[float], float], float]:
    """Give p as a function of the distance of the estimate from a value, and a unit for it."""
    g = fit.n_clusters
    if g < LEAST_CLUSTERS:
        raise NotEnoughTeams(
            f"{g} teams are left for this model; with fewer than {LEAST_CLUSTERS} no test can "
            "tell a slope from chance."
        )
    if g > MOST_CLUSTERS:
        raise BadFrame(f"All changes of sign can be tried for {MOST_CLUSTERS} clusters at most.")
    size = float((fit.sums(fit.basis[:, -1] * fit.residual) ** 2).sum())
    if size <= FLAT * float((fit.residual**2).sum() + (fit.scale * fit.estimate) ** 2):
        return (lambda distance: 2 / 2**g if distance else 1.0), 0.0
    signs = _signs(fit.n_clusters)
    # With the coefficient held, the residual is the free one plus distance times the
    # predictor, so everything below is a constant part plus distance times another.
    last = fit.basis[:, -1]
    held = fit.sums(fit.basis * last[:, None])
    free = fit.sums(fit.basis * fit.residual[:, None])
    shift, slope = free[:, -1] @ signs, held[:, -1] @ signs
    first = signs * free[:, [-1]] - held @ (free.T @ signs)
    second = signs * held[:, [-1]] - held @ (held.T @ signs)
    constant, mixed, square = (
        (first**2).sum(axis=0),
        2 * (first * second).sum(axis=0),
        (second**2).sum(axis=0),
    )

    def share(distance: float) -> float:
        variance = constant + distance * mixed + distance**2 * square
        drawn = (shift + distance * slope) ** 2 * size
        return float((drawn >= distance**2 * variance * (1 - TIE)).mean())

    return share, float(np.sqrt(size))


def _signs(n_clusters: int) -> Matrix:
    """List the changes of sign; the first cluster keeps its own, since all turned is the same."""
    numbers = np.arange(2 ** (n_clusters - 1))
    bits = numbers >> np.arange(n_clusters)[:, None] & 1
    return np.asarray(1.0 - 2.0 * bits)


def _end(share: Callable[[float], float], unit: float) -> float:
    """Find the distance at which the test begins to reject, going from 0 the way of `unit`."""
    inside, outside = 0.0, unit
    for _ in range(DOUBLINGS):
        if share(outside) <= LEVEL:
            break
        inside, outside = outside, 2 * outside
    else:
        raise NotIdentified("So few teams move that no slope, however large, can be ruled out.")
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if share(middle) <= LEVEL:
            outside = middle
        else:
            inside = middle
    return inside
