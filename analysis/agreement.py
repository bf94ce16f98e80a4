"""How far the people of a team agree, beside how far they would by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import BadFrame, NotEnoughTeams
from analysis.frames import Vector
from analysis.moments import Moments
from analysis.summary import Summary, count, fixed, percent

AGREES = 0.70
FIVE_POINTS: Mapping[str, tuple[float, ...]] = {
    "uniform": (0.2, 0.2, 0.2, 0.2, 0.2),
    "slight skew": (0.05, 0.15, 0.20, 0.35, 0.25),
    "moderate skew": (0.0, 0.10, 0.15, 0.40, 0.35),
    "heavy skew": (0.0, 0.0, 0.10, 0.40, 0.50),
    "triangular": (1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9),
    "normal": (0.07, 0.24, 0.38, 0.24, 0.07),
}
"""How people answer who all choose by chance, in the shapes that the literature names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NullAgreement:
    """
    Agreement beside one kind of chance.

    Attributes
    ----------
    null : str
        How people would answer by chance.
    variance : float
        The variance of such answers, in squared points.
    median : float
        Median of rwg over the teams.
    agreeing_share : float
        Share of teams at .70 or above.
    """

    null: str
    variance: float
    median: float
    agreeing_share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """
    Agreement within teams on one item, or on the items of a construct.

    Attributes
    ----------
    teams : DataFrame
        ``team``, ``period``, ``n`` (answers to the item with the fewest), ``ad_m`` (mean
        distance from the team's mean, in points) and one column ``rwg <null>`` per null.
    nulls : tuple of NullAgreement
    ad_m_median : float
    ad_m_limit : float
        The mean distance up to which a team is said to agree: points of the scale over 6.
    ad_m_share : float
        Share of teams within that limit.
    n_items, n_teams, n_left_out : int
        Items; cells counted; cells where an item had fewer than two answers.
    """

    teams: pd.DataFrame
    nulls: tuple[NullAgreement, ...]
    ad_m_median: float
    ad_m_limit: float
    ad_m_share: float
    n_items: int
    n_teams: int
    n_left_out: int

    def summary(self) -> Summary:
        """Lay agreement out for reading."""
        name = "rwg" if self.n_items == 1 else "rwg(j)"
        rows = [
            (f"{name}, chance is {n.null}", fixed(n.median), percent(n.agreeing_share))
            for n in self.nulls
        ]
        rows.append(
            ("Mean distance from the mean", fixed(self.ad_m_median), percent(self.ad_m_share))
        )
        notes = [
            f"{count(self.n_teams)} teams, {count(self.n_items)} items. A team agrees from "
            f"{fixed(AGREES)} up, or with a mean distance up to {fixed(self.ad_m_limit)} points.",
            "A team that disagrees is kept: its mean may hide two camps.",
        ]
        if self.n_left_out:
            notes.insert(1, f"Left out with fewer than two answers: {count(self.n_left_out)}.")
        return Summary(
            title="Do the people of a team agree?",
            columns=("", "Median", "Teams that agree"),
            rows=tuple(rows),
            notes=tuple(notes),
        )


def agreement(
    moments: Moments,
    *,
    items: Sequence[str],
    points: int,
    nulls: Mapping[str, Sequence[float]] | None = None,
) -> Agreement:
    """
    Compare the spread of answers within teams with the spread that chance would give.

    Parameters
    ----------
    moments : Moments
        Each cell is judged by itself.
    items : sequence of str
        One item, or the items of one construct, answered on the same scale.
    points : int
        Points of the scale, one apart.
    nulls : mapping of str to sequence of float, optional
        Shares of the points, from the lowest up, of people who answer by chance.  By default
        `FIVE_POINTS` for five points; for any other scale uniform and triangular.

    Returns
    -------
    Agreement

    Raises
    ------
    BadFrame
        If an item is not there, has an answer outside `points` points, or shares do not fit
        the scale or do not add up to 1.
    NotEnoughTeams
        If no cell has two answers to every item.

    Notes
    -----
    ``rwg(j) = J (1 - v) / (J (1 - v) + v)`` with v the mean variance of the J items (divisor
    n - 1) over the null's variance; 0 where that leaves [0, 1] [1]_.  For one item it is
    ``rwg = 1 - v``.  ``ad_m`` is the mean distance from the item's mean, averaged over items;
    it needs no null, and its limit is a convention [2]_.  Always read several nulls: people
    lean to the upper half of a scale, and against a uniform null nearly every team agrees.

    References
    ----------
    .. [1] James, L. R., Demaree, R. G. and Wolf, G. (1984), "Estimating within-group interrater
       reliability with and without response bias", Journal of Applied Psychology 69(1), 85-98.
    .. [2] Burke, M. J. and Dunlap, W. P. (2002), "Estimating interrater agreement with the
       average deviation index: a user's guide", Organizational Research Methods 5(2), 159-172.

    Examples
    --------
    >>> from analysis import moments_of
    >>> rows = pd.DataFrame({"team": list("aaaabbbb"), "x": [4, 4, 5, 4, 1, 5, 1, 5]})
    >>> result = agreement(moments_of(rows, items=["x"]), items=["x"], points=5)
    >>> result.teams[["rwg uniform", "rwg slight skew", "ad_m"]].values.round(3).tolist()
    [[0.875, 0.813, 0.375], [0.0, 0.0, 2.0]]
    """
    shapes = _nulls(points) if nulls is None else nulls
    variances = {name: _null_variance(name, shares, points) for name, shares in shapes.items()}
    n, spread, distance = zip(*(_spread(moments, item, points) for item in items), strict=True)
    fewest = np.min(n, axis=0)
    judged = fewest > 1
    if not judged.any():
        raise NotEnoughTeams("No team has two answers to every item.")
    mean_variance = np.mean(spread, axis=0)[judged]
    teams = moments.cells[judged].assign(n=fewest[judged], ad_m=np.mean(distance, axis=0)[judged])
    found = []
    for name, variance in variances.items():
        value = rwg_of(mean_variance, null_variance=variance, n_items=len(items))
        teams[f"rwg {name}"] = value
        found.append(
            NullAgreement(
                null=name,
                variance=variance,
                median=float(np.median(value)),
                agreeing_share=float((value >= AGREES).mean()),
            )
        )
    return Agreement(
        teams=teams.reset_index(drop=True),
        nulls=tuple(found),
        ad_m_median=float(teams["ad_m"].median()),
        ad_m_limit=points / 6,
        ad_m_share=float((teams["ad_m"] <= points / 6).mean()),
        n_items=len(items),
        n_teams=len(teams),
        n_left_out=int((~judged).sum()),
    )


def rwg_of(mean_variance: Vector, *, null_variance: float, n_items: int) -> Vector:
    """
    Turn variances of answers into rwg(j).

    Parameters
    ----------
    mean_variance : ndarray, shape (n_teams,)
        Mean variance of the items in each team, in squared points.
    null_variance : float
        The variance of answers by chance.
    n_items : int

    Returns
    -------
    ndarray, shape (n_teams,)
        From 0 to 1.

    Examples
    --------
    >>> rwg_of(np.array([0.5, 2.5]), null_variance=2.0, n_items=3).tolist()
    [0.9, 0.0]
    """
    share = mean_variance / null_variance
    agreed = n_items * (1 - share)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = agreed / (agreed + share)
    return np.asarray(np.where((share <= 1) & np.isfinite(value), value, 0.0))


def _spread(moments: Moments, item: str, points: int) -> tuple[Vector, Vector, Vector]:
    """Count the answers of each cell, their variance and their mean distance from the mean."""
    values, number = moments.histogram(item)
    if moments.parts[moments.index(item)] != 1:
        raise BadFrame(f"{item!r} is a construct: name its items.")
    if len(values) and values[-1] - values[0] > points - 1:
        raise BadFrame(f"{item!r} has answers farther apart than {points} points.")
    n = number.sum(axis=1).astype(float)
    several = np.maximum(n, 1)
    away = values - (number @ values / several)[:, None]
    variance = (number * away**2).sum(axis=1) / np.maximum(n - 1, 1)
    return n, variance, (number * np.abs(away)).sum(axis=1) / several


def _nulls(points: int) -> Mapping[str, Sequence[float]]:
    if points == 5:
        return FIVE_POINTS
    rising = np.minimum(np.arange(1, points + 1), np.arange(points, 0, -1))
    return {
        "uniform": [1 / points] * points,
        "triangular": (rising / rising.sum()).tolist(),
    }


def _null_variance(name: str, shares: Sequence[float], points: int) -> float:
    share = np.asarray(shares, dtype=float)
    if len(share) != points or (share < 0).any() or abs(share.sum() - 1) > 1e-6 or points < 2:
        raise BadFrame(f"The shares of the null {name!r} do not fit a scale of {points} points.")
    place = np.arange(points)
    variance = float((share * (place - (share * place).sum()) ** 2).sum())
    if variance == 0:
        raise BadFrame(f"By the null {name!r} everybody answers alike.")
    return variance
