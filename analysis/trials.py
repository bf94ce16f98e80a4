"""The effect of a dated change in some teams, where teams changed at different dates."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from diff_diff import CallawaySantAnna, SunAbraham

from analysis.clusters import least_squares, plain_error
from analysis.demeaning import two_way_demeaned
from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified
from analysis.trial_averages import (
    Cells,
    averages_of,
    cell_frame,
    effect_of,
    frame_of,
    pieces_of,
    pretrend_of,
)
from analysis.trial_panels import RETURN_TO_THE_MEAN, TrialPanel, trial_panel
from analysis.trial_results import StaggeredTrial, TrialChecks, TrialEffect

LEAST_TEAMS = 10
"""Fewer teams on either side tell too little of how teams differ; see `randomised_trial`."""

GROUPS = {"never": "never_treated", "not_yet": "not_yet_treated"}
BASES = {"before_each": "varying", "last_before": "universal"}
METHODS = {"doubly_robust": "dr", "regression": "reg"}


def staggered_trial(
    scores: pd.DataFrame,
    starts: Mapping[str, int],
    *,
    compared_with: Literal["never", "not_yet"] = "never",
    base: Literal["before_each", "last_before"] = "before_each",
    covariates: Sequence[str] = (),
    adjustment: Literal["doubly_robust", "regression"] = "doubly_robust",
) -> StaggeredTrial:
    """
    Estimate the effect of a change that teams made at one date or at several.

    Parameters
    ----------
    scores : DataFrame
        ``team``, ``period`` (whole) and ``mean`` (points), one row per team and period, and
        the covariates.
    starts : mapping of str to int
        First period with the change, for each team that changed.
    compared_with : {"never", "not_yet"}, optional
        Teams that never changed, or these and those that had not changed yet.
    base : {"before_each", "last_before"}, optional
        Whether figures before the change are steps since the period before, or distances
        from the last period before the change.  Nothing else depends on it.
    covariates : sequence of str, optional
        Columns of `scores`, read in the period that a difference starts from; teams are
        compared with others of the same values.
    adjustment : {"doubly_robust", "regression"}, optional
        How covariates are allowed for.

    Returns
    -------
    StaggeredTrial

    Raises
    ------
    BadFrame
        If the scores do not have the shape asked for, or an option is not known.
    NotEnoughTeams
        If fewer than ten teams changed, or fewer than ten are there to compare with.
    NotIdentified
        If no team changed, none is left to compare with, or the teams that changed are the
        ones that scored lowest.

    Notes
    -----
    For each date g of the change and each period t, ``ATT(g, t)`` is the mean rise since
    the period before g in the teams that changed at g, less that in the others [1]_; with
    covariates by the doubly robust difference of Sant'Anna and Zhao.  Averages weight by
    teams, and their errors allow for estimating these weights; intervals are normal.  The
    usual regression with team and period effects uses teams that changed early as
    comparison for those that changed late, and can turn the sign.

    Assumes that without the change both groups of teams would have risen alike, that nobody
    acted on the change before its date, and that it did not reach the other teams.

    References
    ----------
    .. [1] Callaway, B. and Sant'Anna, P. H. C. (2021), "Difference-in-differences with
       multiple time periods", Journal of Econometrics 225(2), 200-230.

    Examples
    --------
    >>> rows = [(f"t{i}", t, (3 * i + 5 * t) % 7 + 2.0 * (i >= 12 and t >= 3))
    ...         for i in range(24) for t in (1, 2, 3, 4)]
    >>> frame = pd.DataFrame(rows, columns=["team", "period", "mean"])
    >>> trial = staggered_trial(frame, {f"t{i}": 3 for i in range(12, 24)})
    >>> trial.n_started, trial.n_never, trial.by_time["time"].tolist()
    (12, 12, [-1, 0, 1])
    """
    for value, known in ((compared_with, GROUPS), (base, BASES), (adjustment, METHODS)):
        if value not in known:
            raise BadFrame(f"Choose {' or '.join(known)}, not {value}.")
    panel = trial_panel(scores, starts, covariates=covariates)
    _check_sizes(panel, compared_with)
    estimator = CallawaySantAnna(
        control_group=GROUPS[compared_with],
        base_period=BASES[base],
        estimation_method=METHODS[adjustment],
    )
    cells = _cells(
        _fitted(estimator, panel, covariates=[f"covariate {name}" for name in covariates]), panel
    )
    shown = {"time": cells.period - cells.start, "start": cells.start, "period": cells.period}
    pieces = {name: pieces_of(cells, by, name=name) for name, by in shown.items()}
    averages = averages_of(cells, pieces)
    return StaggeredTrial(
        effect=averages["team_period"],
        averages=averages,
        cells=cell_frame(cells),
        by_time=frame_of("time", pieces["time"]),
        by_start=frame_of("start", pieces["start"]),
        by_period=frame_of("period", pieces["period"]),
        pretrend=pretrend_of(cells),
        compared_with=compared_with,
        base=base,
        covariates=tuple(covariates),
        n_started=panel.n_started,
        n_never=panel.n_never,
        n_periods=len(panel.periods),
        dropped=panel.dropped,
    )


def trial_checks(scores: pd.DataFrame, starts: Mapping[str, int]) -> TrialChecks:
    """
    Compute the effect of a change in three other ways.

    Parameters
    ----------
    scores, starts
        As `staggered_trial` takes them.

    Returns
    -------
    TrialChecks

    Raises
    ------
    BadFrame, NotEnoughTeams, NotIdentified
        As `staggered_trial` does; teams that never changed are needed.

    Notes
    -----
    Sun and Abraham [1]_ interact team and period effects with the date.  *Stacked* puts one
    table per date, with the teams that never changed, beneath each other, each with team
    and period effects of its own.  Both cluster by team.

    References
    ----------
    .. [1] Sun, L. and Abraham, S. (2021), "Estimating dynamic treatment effects in event
       studies with heterogeneous treatment effects", Journal of Econometrics 225(2), 175-199.

    Examples
    --------
    >>> rows = [(f"t{i:02}", t, float((7 * i + 3 * t * t) % 11 + (i > 11 and t > 2)))
    ...         for i in range(24) for t in (1, 2, 3)]
    >>> frame = pd.DataFrame(rows, columns=["team", "period", "mean"])
    >>> checks = trial_checks(frame, {f"t{i:02}": 3 for i in range(12, 24)})
    >>> round(checks.stacked.estimate - checks.two_way.estimate, 9)
    0.0
    """
    panel = trial_panel(scores, starts)
    _check_sizes(panel, "never")
    fitted = _fitted(SunAbraham(), panel)
    return TrialChecks(
        sun_abraham=effect_of(float(fitted.overall_att), float(fitted.overall_se)),
        stacked=_stacked(panel, cohorts=panel.cohorts),
        two_way=_stacked(panel, cohorts=(None,)),
    )


def _check_sizes(panel: TrialPanel, compared_with: str) -> None:
    others = panel.starts > (panel.cohorts[0] if compared_with == "not_yet" else panel.periods[-1])
    n_others = int(others.sum())
    if n_others == 0:
        raise NotIdentified(f"Every team changed in the end. {RETURN_TO_THE_MEAN}")
    if min(panel.n_started, n_others) < LEAST_TEAMS:
        raise NotEnoughTeams(
            f"{panel.n_started} teams changed and {n_others} can be compared with; these errors "
            f"need {LEAST_TEAMS} of each, and with fewer the randomisation test serves."
        )


def _fitted(estimator: Any, panel: TrialPanel, **given: Any) -> Any:  # noqa: ANN401 - no types there
    n_teams, n_periods = panel.outcome.shape
    long = {
        "team": np.repeat(np.arange(n_teams), n_periods),
        "period": np.tile(panel.periods, n_teams),
        "mean": panel.outcome.ravel(),
        "first": np.repeat(np.where(np.isinf(panel.starts), 0, panel.starts), n_periods),
        **{f"covariate {name}": values.ravel() for name, values in panel.covariates.items()},
    }
    columns = {"outcome": "mean", "unit": "team", "time": "period", "first_treat": "first"}
    with warnings.catch_warnings():
        # What it warns of (few units, cells without controls) is refused or counted here.
        warnings.simplefilter("ignore")
        try:
            return estimator.fit(pd.DataFrame(long).astype({"first": int}), **columns, **given)
        except (ValueError, np.linalg.LinAlgError) as error:
            raise NotIdentified("The effect is not determined by these teams.") from error


def _cells(fitted: Any, panel: TrialPanel) -> Cells:  # noqa: ANN401 - no types there
    # The library keeps what each unit adds to a cell's error in no public field; see 0022.
    parts = fitted._aggregation_kit.influence
    kept = [
        (key, cell)
        for key, cell in fitted.group_time_effects.items()
        if key in parts and np.isfinite(cell["effect"])
    ]
    influence = np.zeros((len(panel.teams), len(kept)))
    for column, (key, _) in enumerate(kept):
        part = parts[key]
        influence[part["treated_idx"], column] += part["treated_inf"]
        influence[part["control_idx"], column] += part["control_inf"]
    start = np.array([float(key[0]) for key, _ in kept])
    return Cells(
        start=start,
        period=np.array([float(key[1]) for key, _ in kept]),
        estimate=np.array([float(cell["effect"]) for _, cell in kept]),
        influence=influence,
        n_started=np.array([int(cell["n_treated"]) for _, cell in kept]),
        n_compared=np.array([int(cell["n_control"]) for _, cell in kept]),
        membership=(panel.starts[:, None] == start[None, :]).astype(float),
    )


def _stacked(panel: TrialPanel, *, cohorts: Sequence[int | None]) -> TrialEffect:
    """Regress on the change with team and period effects in each table of one date, or in one."""
    n_periods = len(panel.periods)
    outcome, change, team, stack, period = [], [], [], [], []
    for number, cohort in enumerate(cohorts):
        mine = np.isinf(panel.starts) | (panel.starts == cohort)
        rows = np.flatnonzero(mine if cohort is not None else np.isfinite(panel.outcome[:, 0]))
        outcome.append(panel.outcome[rows].ravel())
        change.append((np.array(panel.periods) >= panel.starts[rows, None]).ravel().astype(float))
        team.append(np.repeat(rows, n_periods))
        stack.append(np.repeat(rows + number * len(panel.teams), n_periods))
        period.append(np.tile(np.arange(n_periods) + number * n_periods, len(rows)))
    units = np.unique(np.concatenate(stack), return_inverse=True)[1]
    dates = np.concatenate(period)
    y, x = (
        two_way_demeaned(np.concatenate(part), teams=units, periods=dates)
        for part in (outcome, change)
    )
    clusters = np.concatenate(team)
    fit = least_squares(y, x[:, None], clusters=clusters, term=0)
    # Team effects lie within clusters, so they do not count.
    error = plain_error(fit, n_parameters=1 + len(np.unique(dates)))
    return effect_of(fit.estimate, error, df=fit.n_clusters - 1)
