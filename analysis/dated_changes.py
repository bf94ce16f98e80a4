"""A change at one date, and why before against after of the worst teams shows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified
from analysis.frames import centred, check_enough, check_pair
from analysis.summary import Summary, count, fixed, significant
from analysis.trial_averages import effect_of
from analysis.trial_panels import trial_panel
from analysis.trial_results import NOT_PROOF, TrialEffect

LEAST_TEAMS = 8
TIE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedChange:
    """
    The effect of a change at one date: the rise of some teams less the rise of others.

    Attributes
    ----------
    effect : TrialEffect
    rise_started, rise_never : float
        Mean rise of the teams that changed and of the others, in points.
    df : float
        Degrees of freedom of the interval.
    n_started, n_never : int
    n_before, n_after : int
        Periods.
    dropped : tuple of (str, str)
        Team and reason.
    """

    effect: TrialEffect
    rise_started: float
    rise_never: float
    df: float
    n_started: int
    n_never: int
    n_before: int
    n_after: int
    dropped: tuple[tuple[str, str], ...]

    def summary(self) -> Summary:
        """Lay the effect out for reading."""
        left_out = f" {count(len(self.dropped))} left out." if self.dropped else ""
        return Summary(
            title="The effect of a change at one date",
            columns=("", "Points", "95% interval", "p"),
            rows=(
                ("Rise of the teams that changed", significant(self.rise_started), "", ""),
                ("Rise of the others", significant(self.rise_never), "", ""),
                ("Difference", *self.effect.cells()),
            ),
            notes=(
                f"{count(self.n_started)} teams changed, {count(self.n_never)} did not; "
                f"{count(self.n_before)} periods before and {count(self.n_after)} after; "
                f"{fixed(self.df, 1)} degrees of freedom.{left_out}",
                NOT_PROOF,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedReturn:
    """
    How far chosen teams rise by themselves, because they were chosen for their scores.

    Attributes
    ----------
    gap : float
        Points by which the chosen teams lay below the mean of all before.
    correlation : float
        Of the scores of all teams before and after.
    expected : float
        Rise against all teams that needs no cause: ``(1 - correlation) * gap``.
    observed : float
        Rise of the chosen teams less that of all.
    n_chosen, n_teams : int
    """

    gap: float
    correlation: float
    expected: float
    observed: float
    n_chosen: int
    n_teams: int

    @property
    def is_explained(self) -> bool:
        """Whether the chosen teams rose no more than they would have by themselves."""
        return self.observed - self.expected <= TIE * abs(self.gap)

    def summary(self) -> Summary:
        """Lay the figures out for reading."""
        more = "no more" if self.is_explained else "more"
        return Summary(
            title="What the chosen teams would have risen by themselves",
            columns=("", "Points"),
            rows=(
                ("Below the mean of all teams before", significant(self.gap)),
                ("Rise to be expected without any change", significant(self.expected)),
                ("Rise against all teams", significant(self.observed)),
            ),
            notes=(
                f"{count(self.n_chosen)} of {count(self.n_teams)} teams; scores before and "
                f"after go together with r = {fixed(self.correlation)}.",
                f"They rose {more} than low scores rise by themselves; neither shows what the "
                "change did.",
            ),
        )


def dated_change(scores: pd.DataFrame, starts: Mapping[str, int]) -> DatedChange:
    """
    Estimate the effect of a change that some teams made at one date.

    Parameters
    ----------
    scores : DataFrame
        ``team``, ``period`` (whole) and ``mean`` (points), one row per team and period.
    starts : mapping of str to int
        First period with the change, the same for each team that changed.

    Returns
    -------
    DatedChange

    Raises
    ------
    BadFrame
        If the scores do not have the shape asked for, or the dates differ.
    NotEnoughTeams
        If fewer than two teams changed or fewer than two did not.
    NotIdentified
        If no team changed, none is left to compare with, the teams that changed are the ones
        that scored lowest, or the rises do not differ within either side.

    Notes
    -----
    Each team gives one figure, the mean of its scores since the date less the mean of those
    before, which does away with the dependence of a team's periods on each other [1]_.  The
    two groups of figures are compared with Welch's t, which allows for unequal spread.

    References
    ----------
    .. [1] Bertrand, M., Duflo, E. and Mullainathan, S. (2004), "How much should we trust
       differences-in-differences estimates?", Quarterly Journal of Economics 119(1), 249-275.

    Examples
    --------
    >>> frame = pd.DataFrame({"team": list("aabbccdd"), "period": [1, 2] * 4,
    ...                       "mean": [3.0, 4.0, 2.0, 4.0, 3.0, 3.0, 2.0, 3.0]})
    >>> change = dated_change(frame, {"a": 2, "b": 2})
    >>> change.rise_started, change.rise_never, change.effect.estimate
    (1.5, 0.5, 1.0)
    """
    panel = trial_panel(scores, starts)
    if len(panel.cohorts) > 1:
        raise BadFrame("The teams changed at different dates, which needs staggered_trial.")
    after = np.array(panel.periods) >= panel.cohorts[0]
    rises = panel.outcome[:, after].mean(axis=1) - panel.outcome[:, ~after].mean(axis=1)
    groups = rises[np.isfinite(panel.starts)], rises[np.isinf(panel.starts)]
    if min(map(len, groups)) < 2:
        raise NotEnoughTeams("Two teams that changed and two that did not are needed.")
    parts = [float(group.var(ddof=1)) / len(group) for group in groups]
    if sum(parts) == 0:
        raise NotIdentified("The teams do not differ enough for an error of the effect.")
    df = sum(parts) ** 2 / sum(
        part**2 / (len(group) - 1) for part, group in zip(parts, groups, strict=True)
    )
    started, never = (float(group.mean()) for group in groups)
    return DatedChange(
        effect=effect_of(started - never, float(np.sqrt(sum(parts))), df=df),
        rise_started=started,
        rise_never=never,
        df=df,
        n_started=panel.n_started,
        n_never=panel.n_never,
        n_before=int((~after).sum()),
        n_after=int(after.sum()),
        dropped=panel.dropped,
    )


def expected_return(
    before: npt.ArrayLike, after: npt.ArrayLike, *, chosen: npt.ArrayLike
) -> ExpectedReturn:
    """
    Say how far teams chosen for low scores rise by themselves.

    Parameters
    ----------
    before, after : array_like, shape (n_teams,)
        Scores of all teams at two times, in points.
    chosen : array_like of bool, shape (n_teams,)
        The teams that were chosen for their scores before.

    Returns
    -------
    ExpectedReturn

    Raises
    ------
    BadFrame
        If the columns do not fit together, or all teams or none are chosen.
    NotEnoughTeams
        If there are fewer than eight teams.
    NotIdentified
        If the scores do not vary.

    Notes
    -----
    A low score is in part bad luck, which does not come again: of a gap, only the share r
    remains [1]_.  Teams that really changed pull r and the mean along, so the figure is
    rough; it shows why before against after is not reported, and is no test of the change.

    References
    ----------
    .. [1] Galton, F. (1886), "Regression towards mediocrity in hereditary stature", Journal
       of the Anthropological Institute 15, 246-263.

    Examples
    --------
    >>> before, after = [1, 2, 3, 4, 5, 6, 7, 8], [3, 1, 4, 2, 6, 5, 8, 7]
    >>> found = expected_return(before, after, chosen=[True] * 2 + [False] * 6)
    >>> round(found.gap, 3), round(found.expected, 3), round(found.observed, 3)
    (3.0, 0.5, 0.5)
    """
    first, second = check_pair(before, after)
    check_enough(len(first), least=LEAST_TEAMS)
    mine = np.asarray(chosen)
    if mine.shape != first.shape or mine.dtype != np.bool_ or mine.all() or not mine.any():
        raise BadFrame("Mark some of the teams, and not all, as chosen.")
    one, other = centred(first), centred(second)
    r = float(one @ other / np.sqrt((one @ one) * (other @ other)))
    gap = -float(one[mine].mean())
    return ExpectedReturn(
        gap=gap,
        correlation=r,
        expected=(1 - r) * gap,
        observed=float(other[mine].mean()) + gap,
        n_chosen=int(mine.sum()),
        n_teams=len(first),
    )
