"""A test for trials with few teams: what if other teams had been the ones that changed?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.clusters import Matrix
from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified
from analysis.frames import Vector
from analysis.summary import Summary, count, p_value, significant
from analysis.trial_panels import RETURN_TO_THE_MEAN, TrialPanel, trial_panel
from analysis.trial_results import NOT_PROOF

MOST_LISTED = 20_000
"""Up to so many assignments all are tried; above, so many as asked for are drawn."""
LEVEL = 0.05
BLOCK = 1_000_000
TIE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomisedTrial:
    """
    The effect of a change beside what other choices of teams would have shown.

    Attributes
    ----------
    estimate : float
        In points of the outcome, averaged over all teams and periods since the change.
    ci_low, ci_high : float
        Limits of the 95% interval: effects, alike for all teams, that are not rejected.
    pvalue : float
        Share of the choices that show as much, the real one counted.
    n_assignments : int
    is_exact : bool
        Whether these are all choices there are.
    n_started, n_never : int
    dropped : tuple of (str, str)
        Team and reason.
    """

    estimate: float
    ci_low: float
    ci_high: float
    pvalue: float
    n_assignments: int
    is_exact: bool
    n_started: int
    n_never: int
    dropped: tuple[tuple[str, str], ...]

    def summary(self) -> Summary:
        """Lay the test out for reading."""
        limits = f"{significant(self.ci_low)} to {significant(self.ci_high)}"
        ways = "all" if self.is_exact else "drawn"
        left_out = f" {count(len(self.dropped))} left out." if self.dropped else ""
        return Summary(
            title="The effect of the change, tested by choosing other teams",
            columns=("", "Points", "95% interval", "p"),
            rows=(
                (
                    "All teams and periods since the change",
                    significant(self.estimate),
                    limits,
                    p_value(self.pvalue),
                ),
            ),
            notes=(
                f"{count(self.n_started)} teams changed, {count(self.n_never)} did not; "
                f"{count(self.n_assignments)} choices of teams ({ways}).{left_out}",
                "Holds if the teams that changed might as well have been others.",
                NOT_PROOF,
            ),
        )


def randomised_trial(
    scores: pd.DataFrame,
    starts: Mapping[str, int],
    *,
    rng: np.random.Generator,
    compared_with: Literal["never", "not_yet"] = "never",
    n_draws: int = 9_999,
) -> RandomisedTrial:
    """
    Test the effect of a change against all other choices of the teams that make it.

    Parameters
    ----------
    scores : DataFrame
        ``team``, ``period`` (whole) and ``mean`` (points), one row per team and period.
    starts : mapping of str to int
        First period with the change, for each team that changed.
    rng : numpy.random.Generator
        Used where there are more than 20,000 choices.
    compared_with : {"never", "not_yet"}, optional
        Teams that never changed, or these and those that had not changed yet.
    n_draws : int, optional
        Choices that are drawn where not all can be tried.

    Returns
    -------
    RandomisedTrial

    Raises
    ------
    BadFrame
        If the scores do not have the shape asked for.
    NotEnoughTeams
        If there are so few choices that p could not fall to 5%.
    NotIdentified
        If no team changed, none is left to compare with, or the teams that changed are the
        ones that scored lowest.

    Notes
    -----
    The figure is that of `staggered_trial` without covariates.  Under the hypothesis that
    the change did nothing, every choice of so many teams for each date would have met the
    same scores, so the figure is computed for each choice [1]_.  For an effect of so many
    points alike in all teams, these points are taken off first; as the figure is linear in
    the scores, the effects that are not rejected have closed limits.  Choices that reach the
    figure up to 1e-9 of it count as reaching it.

    References
    ----------
    .. [1] Rosenbaum, P. R. (2002), "Observational Studies", 2nd ed., Springer, chapter 2.

    Examples
    --------
    >>> rows = [(f"t{i}", t, (3 * i + 5 * t) % 7 + 9.0 * (i % 2 == 0 and t == 3))
    ...         for i in range(8) for t in (1, 2, 3)]
    >>> frame = pd.DataFrame(rows, columns=["team", "period", "mean"])
    >>> trial = randomised_trial(frame, {f"t{i}": 3 for i in (0, 2, 4, 6)},
    ...                          rng=np.random.default_rng(1))
    >>> trial.n_assignments, trial.pvalue
    (70, 0.02857142857142857)
    """
    panel = trial_panel(scores, starts)
    if compared_with not in ("never", "not_yet"):
        raise BadFrame(f"Choose never or not_yet, not {compared_with}.")
    if compared_with == "never" and panel.n_never == 0:
        raise NotIdentified(f"Every team changed in the end. {RETURN_TO_THE_MEAN}")
    labels = np.searchsorted([*panel.cohorts, np.inf], panel.starts)
    ways = _ways(labels)
    if ways <= MOST_LISTED:
        blocks = iter([np.array(list(_all(labels, len(panel.cohorts))))])
    else:
        blocks = _drawn(labels, rng=rng, n_draws=n_draws)
    changed = (np.array(panel.periods) >= panel.starts[:, None]).astype(float)

    def figures(block: npt.NDArray[np.int64]) -> Matrix:
        sides = (panel.outcome, changed)
        return np.stack(
            [_figures(block, side, panel, compared_with=compared_with) for side in sides]
        )

    estimate = float(figures(labels[None, :])[0, 0])
    figure, share = np.hstack([figures(block) for block in blocks])
    low, high = _limits(figure, share, estimate=estimate)
    return RandomisedTrial(
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        pvalue=float((np.abs(figure) >= abs(estimate) * (1 - TIE)).mean()),
        n_assignments=len(figure),
        is_exact=ways <= MOST_LISTED,
        n_started=panel.n_started,
        n_never=panel.n_never,
        dropped=panel.dropped,
    )


def _ways(labels: npt.NDArray[np.int64]) -> int:
    ways, left = 1, len(labels)
    for size in np.bincount(labels).tolist():
        ways *= comb(left, size)
        left -= size
    return ways


def _drawn(
    labels: npt.NDArray[np.int64], *, rng: np.random.Generator, n_draws: int
) -> Iterator[npt.NDArray[np.int64]]:
    """Give the real labels, then draws of them, so many at a time as memory bears."""
    yield labels[None, :]
    size = max(1, BLOCK // len(labels))
    for start in range(0, n_draws, size):
        tiled = np.tile(labels, (min(size, n_draws - start), 1))
        yield rng.permuted(tiled, axis=1)


def _all(labels: npt.NDArray[np.int64], last: int) -> Iterator[npt.NDArray[np.int64]]:
    """List every way of giving the same labels to other teams; `last` is that of no change."""
    sizes = np.bincount(labels, minlength=last + 1).tolist()

    def given(way: npt.NDArray[np.int64], label: int) -> Iterator[npt.NDArray[np.int64]]:
        if label == last:
            yield way
            return
        for teams in combinations(np.flatnonzero(way == last).tolist(), sizes[label]):
            chosen = way.copy()
            chosen[list(teams)] = label
            yield from given(chosen, label + 1)

    yield from given(np.full(len(labels), last), 0)


def _figures(
    drawn: npt.NDArray[np.int64], values: Matrix, panel: TrialPanel, *, compared_with: str
) -> Vector:
    """Compute the average effect for each way of giving the labels."""
    cohorts, last = panel.cohorts, len(panel.cohorts)
    sums = [(drawn == label).astype(float) @ values for label in range(last + 1)]
    sizes = np.bincount(drawn[0], minlength=last + 1)
    total, weight = np.zeros(len(drawn)), 0.0
    for label, cohort in enumerate(cohorts):
        base = panel.last_before(cohort)
        for at, period in enumerate(panel.periods):
            later = [c for c in range(last) if compared_with == "not_yet" and cohorts[c] > period]
            others = [*later, last]
            n_others = int(sizes[others].sum())
            if period < cohort or n_others == 0:
                continue
            rise = (sums[label][:, at] - sums[label][:, base]) / sizes[label]
            rest = sum((sums[c][:, at] - sums[c][:, base] for c in others), np.zeros(len(drawn)))
            total += sizes[label] * (rise - rest / n_others)
            weight += float(sizes[label])
    return total / weight


def _limits(figure: Vector, share: Vector, *, estimate: float) -> tuple[float, float]:
    """
    Find the effects that are not rejected.

    With an effect e taken off, a choice shows ``figure - e * share`` and the real one
    ``estimate - e``; the choice reaches it between the two e at which they are equal in size.
    """
    open_ended = np.abs(share) >= 1 - TIE
    size = np.where(open_ended, 0.5, share)
    ends = np.stack([(estimate - figure) / (1 - size), (estimate + figure) / (1 + size)])
    low = np.where(open_ended, -np.inf, ends.min(axis=0))
    high = np.where(open_ended, np.inf, ends.max(axis=0))
    reached = int(np.floor(LEVEL * len(figure) * (1 + TIE)))
    if int(open_ended.sum()) > reached:
        raise NotEnoughTeams(
            f"{len(figure)} choices of teams are possible, so p could not fall to 5%; more "
            "teams are needed."
        )
    return float(np.sort(low)[reached]), float(np.sort(high)[-1 - reached])
