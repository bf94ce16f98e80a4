"""Teams of which some changed something from a period on: the table behind every trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, inf

import numpy as np
import pandas as pd

from analysis.clusters import Matrix
from analysis.errors import BadFrame, NotIdentified
from analysis.frames import Vector

RETURN_TO_THE_MEAN = (
    "Teams that score low rise by themselves (regression to the mean), so before against "
    "after shows nothing; compare with teams that did not change."
)
CHANCE = 0.01
"""The teams that changed are taken as chosen for low scores if chance so seldom does it."""
NO_SCORES = "no scores"
GAPS = "not scored in every period"
TOO_EARLY = "changed before its first score"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPanel:
    """
    Scores of teams by period, with the period from which each team works differently.

    Attributes
    ----------
    outcome : ndarray, shape (n_teams, n_periods)
        In points; no value is missing.
    starts : ndarray, shape (n_teams,)
        First period with the change; infinite for teams that never changed.
    periods : tuple of int
        In order; they need not be neighbours.
    teams : tuple of str
    covariates : dict of str to ndarray, shape (n_teams, n_periods)
    dropped : tuple of (str, str)
        Team and reason, for each team that is left out.
    """

    outcome: Matrix
    starts: Vector
    periods: tuple[int, ...]
    teams: tuple[str, ...]
    covariates: dict[str, Matrix]
    dropped: tuple[tuple[str, str], ...]

    @property
    def cohorts(self) -> tuple[int, ...]:
        """The different periods in which teams changed, in order."""
        return tuple(int(g) for g in sorted(set(self.starts[np.isfinite(self.starts)].tolist())))

    @property
    def n_started(self) -> int:
        """How many teams changed within the periods."""
        return int(np.isfinite(self.starts).sum())

    @property
    def n_never(self) -> int:
        """How many did not."""
        return len(self.teams) - self.n_started

    def last_before(self, start: int) -> int:
        """Give the position of the last period before a start."""
        return sum(period < start for period in self.periods) - 1


def trial_panel(
    scores: pd.DataFrame, starts: Mapping[str, int], *, covariates: Sequence[str] = ()
) -> TrialPanel:
    """
    Lay scores out by team and period, and refuse what cannot be a comparison.

    Parameters
    ----------
    scores : DataFrame
        ``team``, ``period`` (whole) and ``mean`` (points), one row per team and period, as
        team scores have them, and the covariates; other columns do not matter.
    starts : mapping of str to int
        First period with the change, for each team that changed.  A team that is not named,
        or changes after the last period, counts as one that did not.
    covariates : sequence of str, optional

    Returns
    -------
    TrialPanel
        Teams scored in every period; the others are named in `dropped`.

    Raises
    ------
    BadFrame
        If a column is missing, no number, or a team stands twice in a period.
    NotIdentified
        If there is a single period, no team changed, none is left to compare with, or those
        that changed are the ones with the lowest scores.

    Examples
    --------
    >>> rows = [(team, t, float(t)) for team in "abc" for t in (1, 2)]
    >>> panel = trial_panel(pd.DataFrame(rows, columns=["team", "period", "mean"]), {"a": 2})
    >>> panel.cohorts, panel.n_started, panel.n_never
    ((2,), 1, 2)
    """
    names = ["mean", *covariates]
    tidy = _tidy(scores, names)
    periods = tuple(int(p) for p in sorted(tidy["period"].unique()))
    if len(periods) < 2:
        raise NotIdentified("There is a single period, so nothing can have changed.")
    wide = tidy.pivot(index="team", columns="period", values=names).dropna()
    scored = set(tidy["team"].tolist())
    dropped = [(str(team), NO_SCORES) for team in starts if str(team) not in scored]
    dropped += [(team, GAPS) for team in sorted(scored - set(wide.index))]
    begun = {str(team): float(period) for team, period in starts.items()}
    first = np.array([begun.get(team, inf) for team in wide.index])
    early = first <= periods[0]
    dropped += [(str(team), TOO_EARLY) for team in wide.index[early]]
    wide, first = wide[~early], first[~early]
    panel = TrialPanel(
        outcome=wide["mean"].to_numpy(),
        starts=np.where(first > periods[-1], inf, first),
        periods=periods,
        teams=tuple(str(team) for team in wide.index),
        covariates={name: wide[name].to_numpy() for name in covariates},
        dropped=tuple(dropped),
    )
    _check_comparable(panel)
    return panel


def _tidy(scores: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    columns = ["team", "period", *names]
    missing = [column for column in columns if column not in scores.columns]
    if missing:
        raise BadFrame(f"The scores lack the column {', '.join(missing)}.")
    if len(set(columns)) < len(columns):
        raise BadFrame("A column is named twice.")
    if scores[["team", "period"]].isna().any(axis=None):
        raise BadFrame("A row of the scores lacks its team or its period.")
    try:
        tidy = scores[columns].astype({"team": str, **dict.fromkeys(columns[1:], float)})
    except (TypeError, ValueError) as error:
        raise BadFrame("The scores hold something that is no number.") from error
    if np.isinf(tidy[columns[1:]].to_numpy()).any():
        raise BadFrame("The scores hold a figure without end.")
    if (tidy["period"] % 1 != 0).any():
        raise BadFrame("A period is not a whole number.")
    if tidy.duplicated(["team", "period"]).any():
        raise BadFrame("A team stands twice in a period.")
    return tidy


def _check_comparable(panel: TrialPanel) -> None:
    if panel.n_started == 0:
        raise NotIdentified("No team changed between the first and the last period.")
    if panel.n_never == 0 and len(panel.cohorts) == 1:
        raise NotIdentified(f"Every team changed in the same period. {RETURN_TO_THE_MEAN}")
    if _chance_of_the_lowest(panel) < CHANCE:
        raise NotIdentified(
            "The teams that changed are the ones that scored lowest just before. "
            + RETURN_TO_THE_MEAN.replace("compare with teams", "compare with equally low teams")
        )


def _chance_of_the_lowest(panel: TrialPanel) -> float:
    """Give the chance that a draw takes the lowest teams; 1 if others than these changed."""
    chance = 1.0
    for cohort in panel.cohorts:
        before = panel.outcome[:, panel.last_before(cohort)]
        mine, others = panel.starts == cohort, panel.starts > cohort
        if not others.any():
            continue
        if before[mine].max() >= before[others].min():
            return 1.0
        chance /= comb(int(mine.sum() + others.sum()), int(mine.sum()))
    return chance
