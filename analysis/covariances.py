"""Item covariances from moments, and how two scores of the same people go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotEnoughTeams, NotIdentified
from analysis.frames import FLAT, Vector
from analysis.moments import Moments, spread_within
from analysis.summary import NOT_ESTIMABLE, Summary, count, fixed, interval


def total_covariance(moments: Moments, *, items: Sequence[str] | None = None) -> pd.DataFrame:
    """
    Compute item covariances over all people, teams put together.

    Parameters
    ----------
    moments : Moments
    items : sequence of str, optional
        Which items, in which order; all of them by default.

    Returns
    -------
    DataFrame, shape (n_items, n_items)
        In points; divisor ``n - 1``, each pair from all who answered both; missing where
        fewer than two people did.

    Raises
    ------
    BadFrame
        If an item is not there.

    Notes
    -----
    Where teams differ, this mixes differences between people with differences between teams;
    `within_covariance` has the first alone.

    Examples
    --------
    >>> from analysis import moments_of
    >>> rows = pd.DataFrame({"team": list("aab"), "x": [1, 2, 3], "y": [2, None, 6]})
    >>> total_covariance(moments_of(rows, items=["x", "y"])).values.tolist()
    [[1.0, 4.0], [4.0, 8.0]]
    """
    sums = {
        name: getattr(moments, name).sum(axis=0, keepdims=True)
        for name in ("people", "both", "sums", "products")
    }
    # One cell for all; its name plays no part in what follows.
    whole = replace(moments, cells=moments.cells.iloc[:1], counts=moments.counts.iloc[:0], **sums)
    return within_covariance(whole, items=items)


def within_covariance(moments: Moments, *, items: Sequence[str] | None = None) -> pd.DataFrame:
    """
    Compute item covariances within the cells, differences between cells taken out.

    Parameters
    ----------
    moments : Moments
        With periods, the cells are teams in a period; call ``over_periods()`` first where
        they are to be teams.
    items : sequence of str, optional
        Which items, in which order; all of them by default.

    Returns
    -------
    DataFrame, shape (n_items, n_items)
        In points; deviations from the means of the cells, divided by what is left after a
        mean for each cell; missing where nothing is left.

    Raises
    ------
    BadFrame
        If an item is not there.

    Examples
    --------
    >>> from analysis import moments_of
    >>> rows = pd.DataFrame({"team": list("aabb"), "x": [1, 2, 5, 8], "y": [1, 3, 7, 9]})
    >>> within_covariance(moments_of(rows, items=["x", "y"])).values.tolist()
    [[2.5, 2.0], [2.0, 2.0]]
    """
    names = list(moments.items if items is None else items)
    places = [moments.index(item) for item in names]
    matrix = np.full((len(names), len(names)), np.nan)
    for row, first in enumerate(places):
        for column, second in enumerate(places[: row + 1]):
            spread, n = spread_within(moments, first, second)
            free = int((n[n > 0] - 1).sum())
            if free > 0:
                matrix[row, column] = matrix[column, row] = spread.sum() / free
    return pd.DataFrame(matrix, index=names, columns=names)


def smallest_pair(moments: Moments, *, items: Sequence[str]) -> int:
    """
    Count the people who answered the two items that the fewest answered together.

    Parameters
    ----------
    moments : Moments
    items : sequence of str

    Returns
    -------
    int

    Examples
    --------
    >>> from analysis import moments_of
    >>> rows = pd.DataFrame({"team": list("aab"), "x": [1, 2, 3], "y": [2, None, 6]})
    >>> smallest_pair(moments_of(rows, items=["x", "y"]), items=["x", "y"])
    2
    """
    places = [moments.index(item) for item in items]
    return int(moments.both.sum(axis=0)[np.ix_(places, places)].min())


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCorrelations:
    """
    How two scores of the same people go together, among people and among teams.

    Attributes
    ----------
    total, total_ci : float, (float, float)
        All people, whatever their team.
    within, within_ci : float, (float, float)
        People within teams.
    between, between_ci : float, (float, float)
        Team means, each with the weight of its people.
    latent, latent_ci : float or None, (float, float) or None
        Teams, after the noise that the two means share is taken out; not cut off at 1.
        None where a score does not differ between teams beyond noise.
    n_teams, nobs : int
        Teams, and people who answered both.
    """

    total: float
    total_ci: tuple[float, float]
    within: float
    within_ci: tuple[float, float]
    between: float
    between_ci: tuple[float, float]
    latent: float | None
    latent_ci: tuple[float, float] | None
    n_teams: int
    nobs: int

    def summary(self) -> Summary:
        """Lay the correlations out for reading."""
        named = (
            ("People, whatever their team", self.total, self.total_ci),
            ("People within teams", self.within, self.within_ci),
            ("Team means", self.between, self.between_ci),
        )
        rows = [(what, fixed(r), interval(*limits)) for what, r, limits in named]
        if self.latent is None or self.latent_ci is None:
            rows.append(("Teams, without shared noise", NOT_ESTIMABLE, ""))
        else:
            limits = interval(*self.latent_ci)
            rows.append(("Teams, without shared noise", fixed(self.latent), limits))
        return Summary(
            title="The same two scores, among people and among teams",
            columns=("", "r", "95% interval"),
            rows=tuple(rows),
            notes=(
                f"{count(self.nobs)} people in {count(self.n_teams)} teams answered both.",
                "The same people gave both scores, so a mood of the moment moves both.",
            ),
        )


def level_correlations(moments: Moments, first: str, second: str) -> LevelCorrelations:
    """
    Correlate two scores of the same people at each level.

    Parameters
    ----------
    moments : Moments
        One cell per team: call ``over_periods()`` first where there are periods.
    first, second : str
        Two items or constructs.

    Returns
    -------
    LevelCorrelations

    Raises
    ------
    BadFrame
        If a score is not there.
    NotEnoughTeams
        If fewer than four teams have people who answered both.
    NotIdentified
        If a score does not vary between teams, or within them.

    Notes
    -----
    The products of deviations divide into those within and those between teams; each level
    has the correlation of its own [1]_.  A team's two means share the errors of the same
    people, so dividing their correlation by their reliabilities (`corrected`) is wrong here;
    the latent one divides ``(MSB_xy - MSW_xy) / n0`` by the roots of the variance components
    made alike.  Products count who answered both scores, squares who answered the one.
    Intervals are from the jackknife over teams with t, on Fisher's z save for the latent one.

    References
    ----------
    .. [1] Dansereau, F., Alutto, J. A. and Yammarino, F. J. (1984), Theory Testing in
       Organizational Behavior: The Varient Approach.

    Examples
    --------
    >>> from analysis import moments_of
    >>> rows = pd.DataFrame({"team": list("aabbccdd"), "x": [1, 2, 3, 5, 6, 6, 8, 9]})
    >>> rows["y"] = [3, 2, 5, 4, 6, 7, 9, 9]
    >>> levels = level_correlations(moments_of(rows, items=["x", "y"]), "x", "y")
    >>> round(levels.within, 4), round(levels.between, 4)
    (-0.7071, 0.9984)
    """
    parts = np.stack([_parts(moments, *pair) for pair in _pairs(moments, first, second)])
    parts = parts[:, :, parts[2, 0] > 0]
    n_teams, nobs = parts.shape[2], int(parts[2, 0].sum())
    if n_teams < 4:
        raise NotEnoughTeams(f"{n_teams} teams have people who answered both; 4 are needed.")
    whole = parts.sum(axis=2, keepdims=True)
    levels = _levels(whole, teams=np.array([n_teams]), squares=_squared(parts).sum(keepdims=True))
    if not np.isfinite(levels[:3]).all():
        raise NotIdentified("One of the scores does not vary between teams, or within them.")
    # Without one of the teams there must still be something to compare.
    without = _levels(
        whole - parts,
        teams=np.full(n_teams, n_teams - 1),
        squares=_squared(parts).sum() - _squared(parts),
    )
    if not np.isfinite(without[:3]).all():
        raise NotIdentified("All that varies in one of the scores is in a single team.")
    limits = [_jackknife(z[0], zs) for z, zs in zip(*map(_on_z, (levels, without)), strict=True)]
    total, within, between = ((float(np.tanh(a)), float(np.tanh(b))) for a, b in limits[:3])
    latent = float(levels[3, 0]) if np.isfinite(levels[3, 0]) else None
    return LevelCorrelations(
        total=float(levels[0, 0]),
        total_ci=total,
        within=float(levels[1, 0]),
        within_ci=within,
        between=float(levels[2, 0]),
        between_ci=between,
        latent=latent,
        latent_ci=None if latent is None or np.isnan(limits[3]).any() else limits[3],
        n_teams=n_teams,
        nobs=nobs,
    )


def _pairs(moments: Moments, first: str, second: str) -> list[tuple[int, int]]:
    x, y = moments.index(first), moments.index(second)
    return [(x, x), (y, y), (x, y)]


def _parts(moments: Moments, first: int, second: int) -> Vector:
    # Rows: people, products within, the two sums, and what the team adds between teams.
    spread, n = spread_within(moments, first, second)
    everybody = max(int(n.sum()), 1)
    one, other = moments.sums[:, first, second], moments.sums[:, second, first]
    one = (one - n * (one.sum() / everybody)) / moments.parts[first]
    other = (other - n * (other.sum() / everybody)) / moments.parts[second]
    return np.stack([n, spread, one, other, one * other / np.maximum(n, 1)])


def _squared(parts: Vector) -> Vector:
    return np.asarray(parts[2, 0] ** 2)


def _levels(sums: Vector, *, teams: Vector, squares: Vector) -> Vector:
    """Turn sums over teams into the four correlations; missing where one does not exist."""
    n, inside = sums[:, 0], sums[:, 1]
    outside = np.asarray(sums[:, 4] - sums[:, 2] * sums[:, 3] / n)
    tiny = FLAT * np.maximum(inside + outside, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        between, within = outside / (teams - 1), inside / (n - teams)
    n0 = (n[2] - squares / n[2]) / (teams - 1)
    level = np.stack([inside + outside, inside, outside, (between - within) / n0])
    scale = np.where((level[:, :2] > tiny[:2]).all(axis=1), level[:, 0] * level[:, 1], np.nan)
    return np.asarray(level[:, 2] / np.sqrt(scale))


def _on_z(levels: Vector) -> Vector:
    bounded = np.clip(levels[:3], -1 + 1e-12, 1 - 1e-12)
    return np.concatenate([np.arctanh(bounded), levels[3:]])


def _jackknife(estimate: float, without: Vector) -> tuple[float, float]:
    n = len(without)
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    half = stats.t.ppf(0.975, n - 1) * error
    return float(estimate - half), float(estimate + half)
