"""Teams drawn again and again: intervals that assume nothing about the shape of scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.clusters import Matrix
from analysis.frames import Vector, centred, check_enough, check_pair
from analysis.summary import Summary, count, fixed, interval

LEAST_TEAMS = 8
MIN_RELIABILITY = 0.05
"""A drawn reliability is held at this least value, as a negative one has no root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamBootstrap:
    """
    The correlation with intervals from drawing whole teams with replacement.

    Attributes
    ----------
    r, ci_low, ci_high : float
        Observed correlation and its 95% percentile interval.
    corrected_r, corrected_ci_low, corrected_ci_high : float or None
        Allowing for survey noise, whose reliabilities are drawn along; None where the
        errors of team scores are not known.
    n_teams, n_resamples : int
    """

    r: float
    ci_low: float
    ci_high: float
    corrected_r: float | None
    corrected_ci_low: float | None
    corrected_ci_high: float | None
    n_teams: int
    n_resamples: int

    def summary(self) -> Summary:
        """Lay the intervals out for reading."""
        rows = [("Correlation r", fixed(self.r), interval(self.ci_low, self.ci_high))]
        low, high = self.corrected_ci_low, self.corrected_ci_high
        if self.corrected_r is not None and low is not None and high is not None:
            words = "r, allowing for survey noise"
            rows.append((words, fixed(self.corrected_r), interval(low, high)))
        return Summary(
            title="The correlation, teams drawn again and again",
            columns=("", "Estimate", "95% interval"),
            rows=tuple(rows),
            notes=(
                f"{count(self.n_teams)} teams drawn {count(self.n_resamples)} times; with few "
                "teams these intervals are somewhat too short.",
            ),
        )


def team_bootstrap(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    errors: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    n_resamples: int = 2_000,
) -> TeamBootstrap:
    """
    Draw teams with replacement and correlate their scores each time.

    Parameters
    ----------
    x, y : array_like, shape (n_teams,)
        Finite scores, one per team, in the same order.
    rng : numpy.random.Generator
    errors : pair of array_like, shape (n_teams,), optional
        Standard errors of both columns, as `team_means` gives them.
    n_resamples : int, optional

    Returns
    -------
    TeamBootstrap

    Raises
    ------
    BadFrame
        If the columns do not fit together.
    NotEnoughTeams
        If there are fewer than eight teams.
    NotIdentified
        If a column does not vary.

    Notes
    -----
    All drawn figures come from sums over teams, so one product of the numbers of times each
    team was drawn with a table of eight columns gives them.  The corrected r divides by the
    root of both mean reliabilities of that draw and is held within -1 and 1.  In
    simulations with 12 to 200 teams the corrected interval held the true value in 86% to
    94% of samples [1]_, less than that of `corrected`: it is a check, not the headline.

    References
    ----------
    .. [1] Efron, B. and Tibshirani, R. J. (1993), "An Introduction to the Bootstrap",
       Chapman & Hall, chapter 13, for the method.

    Examples
    --------
    >>> x = np.arange(12.0)
    >>> found = team_bootstrap(x, x + 3 * np.sin(x), rng=np.random.default_rng(1))
    >>> round(found.r, 3), found.ci_low < found.r < found.ci_high
    (0.812, True)
    """
    first, second = check_pair(x, y)
    n = len(first)
    check_enough(n, least=LEAST_TEAMS)
    dx, dy = centred(first), centred(second)
    dx, dy = dx / dx.std(), dy / dy.std()
    columns = [np.ones(n), dx, dy, dx**2, dy**2, dx * dy]
    if errors is not None:
        columns += [
            _noise(side, spread) for side, spread in zip(errors, (first, second), strict=True)
        ]
    table = np.column_stack(columns)
    observed = _r(table.sum(axis=0, keepdims=True))[0]
    drawn = drawn_sums(table, rng=rng, n_resamples=n_resamples)
    low, high = _limits(_r(drawn))
    fixed_up = None if errors is None else _corrected(table.sum(axis=0, keepdims=True))
    attenuated = None if errors is None else _limits(_corrected(drawn))
    return TeamBootstrap(
        r=float(observed),
        ci_low=low,
        ci_high=high,
        corrected_r=None if fixed_up is None else float(fixed_up[0]),
        corrected_ci_low=None if attenuated is None else attenuated[0],
        corrected_ci_high=None if attenuated is None else attenuated[1],
        n_teams=n,
        n_resamples=n_resamples,
    )


def drawn_sums(table: Matrix, *, rng: np.random.Generator, n_resamples: int) -> Matrix:
    """
    Sum the rows of a table over teams drawn with replacement.

    Parameters
    ----------
    table : ndarray, shape (n_teams, k)
    rng : numpy.random.Generator
    n_resamples : int

    Returns
    -------
    ndarray, shape (n_resamples, k)

    Examples
    --------
    >>> drawn_sums(np.ones((5, 1)), rng=np.random.default_rng(1), n_resamples=2).tolist()
    [[5.0], [5.0]]
    """
    n = len(table)
    sums = np.empty((n_resamples, table.shape[1]))
    block = max(1, 1_000_000 // n)
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        drawn = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        sums[start : start + size] = times.astype(float) @ table
    return sums


def _noise(errors: npt.ArrayLike, scores: Vector) -> Vector:
    error, _ = check_pair(errors, scores)
    return np.asarray(error**2 / scores.var())


def _variances(sums: Matrix) -> tuple[Vector, Vector, Vector]:
    n, x, y, xx, yy, xy = sums.T[:6]
    return (xx - x * x / n) / (n - 1), (yy - y * y / n) / (n - 1), (xy - x * y / n) / (n - 1)


def _r(sums: Matrix) -> Vector:
    xx, yy, xy = _variances(sums)
    known = (xx > 1e-12) & (yy > 1e-12)
    size = np.sqrt(np.where(known, xx * yy, 1.0))
    return np.asarray(np.clip(np.where(known, xy / size, np.nan), -1.0, 1.0))


def _corrected(sums: Matrix) -> Vector:
    xx, yy, _ = _variances(sums)
    shares = [
        np.maximum(MIN_RELIABILITY, 1 - noise / sums[:, 0] / np.maximum(spread, 1e-12))
        for noise, spread in zip(sums.T[6:], (xx, yy), strict=True)
    ]
    return np.asarray(np.clip(_r(sums) / np.sqrt(shares[0] * shares[1]), -1.0, 1.0))


def _limits(drawn: Vector) -> tuple[float, float]:
    low, high = np.nanquantile(drawn, [0.025, 0.975]).tolist()
    return low, high
