"""Which side moves first, or that these data cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import AnalysisError, BadFrame, NotEnoughTeams
from analysis.frames import check_scores, has_periods
from analysis.lagged_paths import (
    LEAST_TEAMS,
    LEAST_WAVES,
    CrossLagged,
    Path,
    cross_lagged,
)
from analysis.panel import joint_rows, panel_models
from analysis.panel_fits import PanelEstimate
from analysis.reliability import pooled_variance
from analysis.summary import NOT_ESTIMABLE, Summary, count, p_value, significant

MOST_WAVES = 8
"""More waves than this cost teams that were away once, and add little."""

Lead: TypeAlias = Literal["employees first", "customers first", "both ways", "cannot tell"]
Method: TypeAlias = Literal["cross-lagged panel", "two lags"]
CANNOT_TELL = "These data cannot tell the direction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """
    Which side moves first.

    Attributes
    ----------
    lead : {"employees first", "customers first", "both ways", "cannot tell"}
    text : str
        The same in plain words.
    method : {"cross-lagged panel", "two lags"}
        What it rests on; two lags never tell more than that they cannot.
    forward, reverse : Path or None
        From engagement to customers one period later, and from customers to engagement.
    panel : CrossLagged or None
        The whole model, where there are teams and waves enough.
    reason : str
        Why the cross-lagged panel is missing; empty where it is not.
    n_teams, n_waves : int
        Teams and waves behind the two paths.
    """

    lead: Lead
    text: str
    method: Method
    forward: Path | None
    reverse: Path | None
    panel: CrossLagged | None
    reason: str
    n_teams: int
    n_waves: int

    def summary(self) -> Summary:
        """Lay both directions out for reading, side by side."""
        how = {
            "cross-lagged panel": "Random-intercept cross-lagged panel: what stays the same in "
            "a team is taken out.",
            "two lags": "Each side on the earlier values of both, with period effects.",
        }
        return Summary(
            title="Which side moves first",
            columns=("", "Path", "95% interval", "p"),
            rows=(
                _row("From employees to customers, one period later", self.forward),
                _row("From customers to employees, one period later", self.reverse),
            ),
            notes=(
                self.text,
                how[self.method],
                *((self.reason,) if self.reason else ()),
                f"{count(self.n_teams)} teams, {count(self.n_waves)} periods.",
            ),
        )


def tell_direction(
    employee: pd.DataFrame,
    customer: pd.DataFrame,
    *,
    employee_variance: float | None = None,
    customer_variance: float | None = None,
    employee_name: str = "engagement",
    customer_name: str = "customer scores",
) -> Direction:
    """
    Say which side moves first, where the data can tell.

    Parameters
    ----------
    employee, customer : DataFrame
        Team scores by team and period, as `analysis.frames.check_scores` describes them.
    employee_variance, customer_variance : float, optional
        Variance of person scores within teams and periods; pooled from the frames where
        not given.
    employee_name, customer_name : str, optional
        What the sides measure, for the sentence.

    Returns
    -------
    Direction

    Raises
    ------
    BadFrame
        If a frame breaks its contract or has no periods.

    Notes
    -----
    Of all runs of 4 to 8 neighbouring periods the one with the most rows of teams that are
    there throughout is taken (the later one of equals).  With 60 such teams
    `cross_lagged` is fitted, survey noise taken out where it is known; a path counts where
    its 95% interval leaves zero out.  Otherwise the two lags of `panel_models` beside the
    own past stand side by side, and the answer is that the data cannot tell: such lags also
    carry what differs between teams for good.

    Examples
    --------
    >>> rows = [(team, period, (team * period**2) % 7) for team in range(9) for period in range(5)]
    >>> staff = pd.DataFrame(rows, columns=["team", "period", "mean"])
    >>> staff = staff.assign(n=10.0, variance=1.0)
    >>> found = tell_direction(staff, staff.assign(mean=(staff["mean"] * 3) % 5))
    >>> found.lead, found.method
    ('cannot tell', 'two lags')
    """
    staff, guests = check_scores(employee), check_scores(customer)
    if not (has_periods(staff) and has_periods(guests)):
        raise BadFrame("A direction needs a period in every row of both sides.")
    names = (employee_name, customer_name)
    variances = (employee_variance, customer_variance)
    try:
        panel = _cross_lagged(staff, guests, variances=variances)
    except AnalysisError as error:
        return _two_lags(staff, guests, reason=str(error), names=names)
    lead, text = _read(panel.forward, panel.reverse, names=names)
    return Direction(
        lead=lead,
        text=text,
        method="cross-lagged panel",
        forward=panel.forward,
        reverse=panel.reverse,
        panel=panel,
        reason="",
        n_teams=panel.n_teams,
        n_waves=panel.n_waves,
    )


def _cross_lagged(
    staff: pd.DataFrame, guests: pd.DataFrame, *, variances: tuple[float | None, float | None]
) -> CrossLagged:
    rows = joint_rows(staff, guests)
    there = rows.assign(one=1.0).pivot(index="team", columns="period", values="one").notna()
    periods = _longest(there)
    complete = there.index[there[periods].all(axis=1)]
    rows = rows[rows["team"].isin(complete) & rows["period"].isin(periods)]
    scores = [rows.pivot(index="team", columns="period", values=name) for name in ("x", "y")]
    sides = [
        _mean_noise(side.merge(rows[["team", "period"]], on=["team", "period"]), within)
        for side, within in zip(
            (staff, guests),
            (_variance(staff, variances[0]), _variance(guests, variances[1])),
            strict=True,
        )
    ]
    is_known = all(np.isfinite(side).all() for side in sides)
    return cross_lagged(
        scores[0].to_numpy(dtype=float),
        scores[1].to_numpy(dtype=float),
        noise=(sides[0], sides[1]) if is_known else None,
    )


def _longest(there: pd.DataFrame) -> list[int]:
    """Choose the run of neighbouring periods with the most rows of teams that are complete."""
    columns = sorted(map(int, there.columns))
    best: tuple[int, list[int]] = (0, [])
    most = 0
    for start in range(len(columns)):
        for length in range(LEAST_WAVES, MOST_WAVES + 1):
            run = columns[start : start + length]
            if len(run) < length or run[-1] - run[0] != length - 1:
                break
            n = int(there[run].all(axis=1).sum())
            most = max(most, n)
            if n >= LEAST_TEAMS and n * length >= best[0]:
                best = (n * length, run)
    if not best[1]:
        raise NotEnoughTeams(
            f"{count(most)} teams have scores in {LEAST_WAVES} periods in a row; "
            f"{LEAST_TEAMS} are needed to tell a direction."
        )
    return best[1]


def _variance(side: pd.DataFrame, known: float | None) -> float:
    if known is not None:
        return known
    try:
        return pooled_variance(side)
    except AnalysisError:
        return float("nan")


def _mean_noise(side: pd.DataFrame, within: float) -> npt.NDArray[np.float64]:
    noise = (within / side["n"]).groupby(side["period"]).agg(lambda rows: rows.mean(skipna=False))
    return np.asarray(noise, dtype=float)


def _two_lags(
    staff: pd.DataFrame, guests: pd.DataFrame, *, reason: str, names: tuple[str, str]
) -> Direction:
    panel = panel_models(staff, guests)
    forward, reverse = _lag(panel.adl_forward), _lag(panel.adl_reverse)
    known = panel.adl_forward or panel.adl_reverse
    return Direction(
        lead="cannot tell",
        text=f"{CANNOT_TELL}: which of {names[0]} and {names[1]} moves first.",
        method="two lags",
        forward=forward,
        reverse=reverse,
        panel=None,
        reason=reason,
        n_teams=panel.n_teams if known is None else known.n_teams,
        n_waves=panel.n_periods,
    )


def _lag(fit: PanelEstimate | None) -> Path | None:
    if fit is None:
        return None
    return Path(
        estimate=fit.estimate,
        std_error=fit.std_error,
        ci_low=fit.ci_low,
        ci_high=fit.ci_high,
        pvalue=fit.pvalue,
    )


def _read(forward: Path, reverse: Path, *, names: tuple[str, str]) -> tuple[Lead, str]:
    one, other = names
    if forward.is_clear and reverse.is_clear:
        return (
            "both ways",
            f"Earlier {one} goes with later {other}, and earlier {other} with later {one}.",
        )
    if forward.is_clear:
        return (
            "employees first",
            f"Earlier {one} goes with later {other}; the reverse does not show.",
        )
    if reverse.is_clear:
        return (
            "customers first",
            f"Earlier {other} goes with later {one}; the reverse does not show.",
        )
    return "cannot tell", f"{CANNOT_TELL}: neither {one} nor {other} visibly moves first."


def _row(words: str, path: Path | None) -> tuple[str, ...]:
    if path is None:
        return (words, NOT_ESTIMABLE, "", "")
    limits = f"{significant(path.ci_low)} to {significant(path.ci_high)}"
    return (words, significant(path.estimate), limits, p_value(path.pvalue))
