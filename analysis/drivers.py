"""Key drivers: which of several team scores explain most of another, and how surely."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, stats

from analysis.bootstraps import drawn_sums
from analysis.clusters import Matrix
from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified
from analysis.frames import Vector, centred, team_columns
from analysis.summary import Summary, count, fixed, interval, percent
from analysis.weights import SINGULAR, johnson_weights, lmg_weights

TEAMS_PER_DRIVER = 5
ABOUT_ZERO = 0.01
"""Lower limit of R-squared below which there is nothing to divide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """
    What one driver contributes.

    Attributes
    ----------
    name : str
    r : float
        Its correlation with the outcome.
    lmg, lmg_ci_low, lmg_ci_high : float
        Share of the outcome's variance by LMG, with the 95% interval over drawn teams.
    johnson, johnson_ci_low, johnson_ci_high : float
        The same by Johnson's weights.
    stability_share : float
        Share of the drawn sets of teams in which it keeps its rank by LMG.
    first_share : float
        Share of them in which it comes first.
    is_same_source : bool
        Whether the people who answered it also answered the outcome.
    """

    name: str
    r: float
    lmg: float
    lmg_ci_low: float
    lmg_ci_high: float
    johnson: float
    johnson_ci_low: float
    johnson_ci_high: float
    stability_share: float
    first_share: float
    is_same_source: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """
    How drivers divide what they explain together.

    Attributes
    ----------
    outcome : str
    r2, r2_ci_low, r2_ci_high : float
        Share of the outcome's variance that all drivers explain together, 95% interval.
    drivers : tuple of Driver
        By LMG, the largest first.
    n_teams, n_resamples : int
    """

    outcome: str
    r2: float
    r2_ci_low: float
    r2_ci_high: float
    drivers: tuple[Driver, ...]
    n_teams: int
    n_resamples: int

    def summary(self) -> Summary:
        """Lay the drivers out for reading."""
        same = any(driver.is_same_source for driver in self.drivers)
        return Summary(
            title=f"What goes with {self.outcome}",
            columns=("", "Importance", "95% interval", "Johnson", "Keeps its rank", "Asked of"),
            rows=tuple(map(_row, self.drivers)),
            notes=(
                f"{count(self.n_teams)} teams. Together they explain {percent(self.r2)} of the "
                f"differences between teams ({percent(self.r2_ci_low)} to "
                f"{percent(self.r2_ci_high)}).",
                "Importance: share of these differences (LMG). It says what goes together, not "
                "what would happen if a driver were changed.",
                *((SAME_SOURCE,) if same else ()),
                f"Teams drawn {count(self.n_resamples)} times.",
            ),
        )


SAME_SOURCE = (
    "Drivers asked of the same people as the outcome share their moods and habits of answering: "
    "their importance is too high."
)


def key_drivers(
    frame: pd.DataFrame,
    *,
    outcome: str,
    drivers: Sequence[str],
    rng: np.random.Generator,
    same_source: Collection[str] = (),
    n_resamples: int = 1_000,
) -> Drivers:
    """
    Divide what several team scores explain of another among them.

    Parameters
    ----------
    frame : DataFrame, shape (n_teams, >= p + 1)
        One row per team, each column in points of its own scale; finite.
    outcome : str
        Name of a column.
    drivers : sequence of str
        Names of two to twelve columns.
    rng : numpy.random.Generator
        For drawing teams.
    same_source : collection of str, optional
        Drivers that the same people answered as the outcome.
    n_resamples : int, optional

    Returns
    -------
    Drivers

    Raises
    ------
    BadFrame
        If a column is missing, named twice or not finite, or there are too many drivers.
    NotEnoughTeams
        If there are fewer than five teams per driver.
    NotIdentified
        If the interval of R-squared includes about zero, a column does not vary, or a
        driver is wholly explained by the others.

    Notes
    -----
    `lmg_weights` and `johnson_weights` of the correlations of team scores; their intervals
    are percentiles over teams drawn with replacement.  The interval of R-squared comes from
    the noncentral F distribution [1]_: its lower limit is 0 wherever R-squared does not
    differ from zero.  Drawn R-squared would never include zero.

    References
    ----------
    .. [1] Steiger, J. H. (2004), "Beyond the F test", Psychological Methods 9(2), 164-182.

    Examples
    --------
    >>> a, b = np.sin(np.arange(20.0)), np.cos(3 * np.arange(20.0))
    >>> teams = pd.DataFrame({"lead": a, "tools": b, "engagement": a + 0.5 * b + a * b / 2})
    >>> found = key_drivers(
    ...     teams, outcome="engagement", drivers=["tools", "lead"], rng=np.random.default_rng(1)
    ... )
    >>> [driver.name for driver in found.drivers], round(found.r2, 3)
    (['lead', 'tools'], 0.923)
    """
    unknown = sorted(set(same_source) - set(drivers))
    if unknown:
        raise BadFrame(f"Not among the drivers: {', '.join(unknown)}.")
    if len(drivers) < 2:
        raise BadFrame("Importance is divided among two drivers or more.")
    scores = team_columns(frame, [outcome, *drivers])
    n, p = len(scores), len(drivers)
    if n < TEAMS_PER_DRIVER * p:
        raise NotEnoughTeams(
            f"{n} teams are too few for {p} drivers; at least {TEAMS_PER_DRIVER * p} are needed."
        )
    scaled = np.column_stack([centred(column) for column in scores.T])
    scaled = scaled / scaled.std(axis=0)
    correlations = _correlations(_products(scaled).sum(axis=0, keepdims=True), p + 1)[0]
    lmg, johnson = lmg_weights(correlations), johnson_weights(correlations)
    r2 = float(lmg.sum())
    low, high = r2_interval(r2, n_teams=n, n_predictors=p)
    if low < ABOUT_ZERO:
        raise NotIdentified(
            "What the drivers explain together may be nothing, so it is not divided among them."
        )
    drawn = _correlations(drawn_sums(_products(scaled), rng=rng, n_resamples=n_resamples), p + 1)
    drawn = drawn[np.linalg.eigvalsh(drawn[:, 1:, 1:])[:, 0] > SINGULAR]
    if len(drawn) < n_resamples / 2:
        raise NotIdentified("In most sets of teams some drivers cannot be told apart.")
    drawn_lmg, drawn_johnson = lmg_weights(drawn), johnson_weights(drawn)
    ranks = (-drawn_lmg).argsort(axis=1).argsort(axis=1)
    order = (-lmg).argsort(kind="stable")
    return Drivers(
        outcome=outcome,
        r2=r2,
        r2_ci_low=low,
        r2_ci_high=high,
        drivers=tuple(
            Driver(
                name=drivers[j],
                r=float(correlations[0, j + 1]),
                **_weight("lmg", float(lmg[j]), drawn_lmg[:, j]),
                **_weight("johnson", float(johnson[j]), drawn_johnson[:, j]),
                stability_share=float((ranks[:, j] == rank).mean()),
                first_share=float((ranks[:, j] == 0).mean()),
                is_same_source=drivers[j] in same_source,
            )
            for rank, j in enumerate(order)
        ),
        n_teams=n,
        n_resamples=len(drawn),
    )


def r2_interval(r2: float, *, n_teams: int, n_predictors: int) -> tuple[float, float]:
    """
    Give the 95% interval of R-squared from the noncentral F distribution.

    Examples
    --------
    >>> low, high = r2_interval(0.5, n_teams=50, n_predictors=3)
    >>> round(low, 3), round(high, 3)
    (0.257, 0.62)
    """
    df1, df2 = n_predictors, n_teams - n_predictors - 1
    if r2 >= 1 - 1e-12:
        return 1.0, 1.0
    statistic = r2 / df1 / ((1 - r2) / df2)

    def limit(level: float) -> float:
        def gap(noncentral: float) -> float:
            return float(stats.ncf.cdf(statistic, df1, df2, noncentral)) - level

        if float(stats.f.cdf(statistic, df1, df2)) <= level:
            return 0.0
        high = 1.0
        while gap(high) > 0:
            high *= 2
        found = float(optimize.brentq(gap, 0.0, high, xtol=1e-10))
        return found / (found + n_teams)

    return limit(0.975), limit(0.025)


def _products(scaled: Matrix) -> Matrix:
    """Set what correlations are summed from beside each other, a row per team."""
    k = scaled.shape[1]
    first, second = np.triu_indices(k)
    return np.column_stack([np.ones(len(scaled)), scaled, scaled[:, first] * scaled[:, second]])


def _correlations(sums: Matrix, k: int) -> Matrix:
    first, second = np.triu_indices(k)
    n, totals = sums[:, 0], sums[:, 1 : k + 1]
    both = np.zeros((len(sums), k, k))
    both[:, first, second] = sums[:, k + 1 :]
    both[:, second, first] = sums[:, k + 1 :]
    both -= totals[:, :, None] * totals[:, None, :] / n[:, None, None]
    spread = np.sqrt(np.maximum(np.diagonal(both, axis1=1, axis2=2), 1e-300))
    together = both / (spread[:, :, None] * spread[:, None, :])
    together[:, np.arange(k), np.arange(k)] = 1.0
    return np.asarray(together)


def _weight(name: str, value: float, drawn: Vector) -> dict[str, float]:
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return {name: value, f"{name}_ci_low": low, f"{name}_ci_high": high}


def _row(driver: Driver) -> tuple[str, ...]:
    return (
        driver.name,
        fixed(driver.lmg),
        interval(driver.lmg_ci_low, driver.lmg_ci_high),
        fixed(driver.johnson),
        f"{percent(driver.stability_share)} of draws",
        "the same people" if driver.is_same_source else "others",
    )
