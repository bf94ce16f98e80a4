"""What a trial shows: the effect of a dated change, and what speaks against believing it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.summary import Summary, count, fixed, p_equals, p_value, significant

NOT_PROOF = "Teams that changed may differ from the others in what else happened to them."
AVERAGES = {
    "team_period": "All teams and periods since the change",
    "time": "Average over the time since the change",
    "start": "Average over the dates of the change",
    "period": "Average over the calendar",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEffect:
    """
    One average effect of a change.

    Attributes
    ----------
    estimate, std_error, ci_low, ci_high : float
        In points of the outcome.
    pvalue : float
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    pvalue: float

    def cells(self) -> tuple[str, str, str]:
        """Write estimate, interval and p for a table."""
        limits = f"{significant(self.ci_low)} to {significant(self.ci_high)}"
        return significant(self.estimate), limits, p_value(self.pvalue)

    def summary(self) -> Summary:
        """Lay the effect out for reading."""
        return Summary(
            title="The effect of the change",
            columns=("", "Points", "95% interval", "p"),
            rows=(("Changed against not changed", *self.cells()),),
            notes=(NOT_PROOF,),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrendTest:
    """
    Whether the teams moved apart already before the change.

    Attributes
    ----------
    statistic : float
        Wald's, over all differences of step before the change.
    df : int
    pvalue : float
    """

    statistic: float
    df: int
    pvalue: float

    def summary(self) -> Summary:
        """Lay the test out for reading."""
        return Summary(
            title="Did the teams move apart before the change?",
            columns=("", "Wald", "df", "p"),
            rows=(
                ("All steps before", fixed(self.statistic), f"{self.df}", p_value(self.pvalue)),
            ),
            notes=("A large p does not show that they would have gone on together.",),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StaggeredTrial:
    """
    The effect of a change that teams made at different dates.

    Attributes
    ----------
    effect : TrialEffect
        Averaged over all teams and periods since their change.
    averages : dict of str to TrialEffect
        The same under ``team_period``, and averages that give equal weight to each ``time``
        since the change, to the teams of each ``start``, and to each calendar ``period``.
    cells : DataFrame
        One row per date of the change and period: ``start``, ``period``, ``estimate``,
        ``std_error``, ``ci_low``, ``ci_high``, ``pvalue``, ``n_started``, ``n_compared``.
        What is zero by definition has no error.
    by_time, by_start, by_period : DataFrame
        Effects by periods since the change (``time``; the event study), by its date
        (``start``) and by calendar (``period``), with the same figures.
    pretrend : PretrendTest or None
        None where there are no two periods before a change, or too few teams for the test.
    compared_with : str
        ``never`` or ``not_yet`` changed teams.
    base : str
        ``before_each`` or ``last_before``.
    covariates : tuple of str
    n_started, n_never, n_periods : int
    dropped : tuple of (str, str)
        Team and reason.
    """

    effect: TrialEffect
    averages: dict[str, TrialEffect]
    cells: pd.DataFrame
    by_time: pd.DataFrame
    by_start: pd.DataFrame
    by_period: pd.DataFrame
    pretrend: PretrendTest | None
    compared_with: str
    base: str
    covariates: tuple[str, ...]
    n_started: int
    n_never: int
    n_periods: int
    dropped: tuple[tuple[str, str], ...]

    def summary(self) -> Summary:
        """Lay the effect out for reading."""
        rows = [(AVERAGES[name], *effect.cells()) for name, effect in self.averages.items()]
        before = self.pretrend
        drift = (
            "Whether the teams moved apart before cannot be tested."
            if before is None
            else f"Moved apart before the change: Wald test on {before.df} df, "
            f"p {p_equals(before.pvalue)}."
        )
        left_out = f" {count(len(self.dropped))} left out." if self.dropped else ""
        return Summary(
            title="The effect of the change",
            columns=("", "Points", "95% interval", "p"),
            rows=tuple(rows),
            notes=(
                f"{count(self.n_started)} teams changed, {count(self.n_never)} did not; "
                f"{count(self.n_periods)} periods.{left_out}",
                drift,
                NOT_PROOF,
            ),
        )

    def event_study(self) -> Summary:
        """Lay the effects by time since the change out for reading."""
        return Summary(
            title="Before and after the change, period by period",
            columns=("Periods since the change", "Points", "95% interval", "p"),
            rows=tuple(
                (_signed(int(row["time"])), *_cells(row))
                for row in self.by_time.to_dict("records")
            ),
            notes=(
                "Before the change: the step since the period before, against the other teams."
                if self.base == "before_each"
                else "All against the last period before the change.",
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialChecks:
    """
    The same effect by other ways of computing it, to be set beside it.

    Attributes
    ----------
    sun_abraham, stacked : TrialEffect
        Should agree with the main figure.
    two_way : TrialEffect
        The usual regression with team and period effects, for contrast only: with
        staggered dates it compares changed teams with each other.
    """

    sun_abraham: TrialEffect
    stacked: TrialEffect
    two_way: TrialEffect

    def summary(self) -> Summary:
        """Lay the checks out for reading."""
        return Summary(
            title="The same effect, computed otherwise",
            columns=("", "Points", "95% interval", "p"),
            rows=(
                ("Sun and Abraham", *self.sun_abraham.cells()),
                ("Each date against teams that never changed", *self.stacked.cells()),
                ("Team and period effects, for contrast", *self.two_way.cells()),
            ),
            notes=("The last one can be wrong in size and sign where dates differ.",),
        )


def _signed(time: int) -> str:
    return f"{time:+d}".replace("-", "−") if time else "0"


def _cells(row: dict[Hashable, Any]) -> tuple[str, str, str]:
    if np.isnan(row["std_error"]):
        return "0", "", ""
    return TrialEffect(**{name: row[name] for name in TrialEffect.__slots__}).cells()
