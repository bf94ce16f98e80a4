"""Linking what employees report to what customers report, team by team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.correlation import (
    CorrectedCorrelation,
    Correlation,
    corrected,
    pearson,
    spearman,
    weighted_r,
)
from analysis.errors import AnalysisError, BadFrame, NotIdentified
from analysis.frames import Vector, check_scores, has_periods, team_means
from analysis.panel import PanelLink, joint_rows, panel_models
from analysis.power import minimum_detectable_r
from analysis.reasons import Reasons
from analysis.regression import quartile_gap, slope
from analysis.reliability import icc, mean_reliability, pooled_variance
from analysis.results import (
    Coverage,
    LinkageResult,
    LinkageWarning,
    SideReliability,
    TeamLink,
)
from analysis.robustness import leave_one_out, permutation_pvalue
from analysis.verdict import verdict
from analysis.warnings import Findings, warnings_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """
    What one side brings to the link.

    Attributes
    ----------
    scores : DataFrame
        Team scores as `analysis.frames.check_scores` describes them, under the names by
        which the two sides are joined: every team (and period) that passed the minimums.
    name : str
        What is measured, as it stands in a sentence: "engagement".
    all_scores : DataFrame or None
        Scores of every team of this side under its own names, for the ICCs and the
        within-team variance; None where they are the same as `scores`.
    alpha : float or None
        Cronbach's alpha of the person score; None where it has one item or is unknown.
    unit : str
        What a difference is counted in: "points", "NPS points".
    top_share : float or None
        Share of answers at the top of the scale, where known.
    pooled_teams : int
        Teams that a crosswalk pooled with others or split; 0 without a crosswalk.
    """

    scores: pd.DataFrame
    name: str
    all_scores: pd.DataFrame | None = None
    alpha: float | None = None
    unit: str = "points"
    top_share: float | None = None
    pooled_teams: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """One side after the checks: what may be linked, and all of it."""

    side: Side
    scores: pd.DataFrame
    names: frozenset[str]
    all_scores: pd.DataFrame
    within_variance: float | None


def link(
    employee: Side,
    customer: Side,
    *,
    seed: int,
    dropped: Sequence[tuple[str, str]] = (),
    warnings: Sequence[LinkageWarning] = (),
) -> LinkageResult:
    """
    Join the teams of two sides and say how their scores go together.

    Parameters
    ----------
    employee, customer : Side
        Both with periods or both without.  Different people must stand behind the two.
    seed : int
        For the permutation test.
    dropped : sequence of (str, str), optional
        Team and reason, for teams that were left out before: they are listed in the
        coverage as they are given.
    warnings : sequence of LinkageWarning, optional
        Warnings from before; they follow the ones raised here.

    Returns
    -------
    LinkageResult
        Poor data give None for a figure and the reason among the warnings, never an error.

    Raises
    ------
    BadFrame
        If a frame breaks its contract, or only one side has periods.

    Notes
    -----
    With periods, the score of a team is the plain mean over the periods in which both
    sides have one; its n is the sum of theirs, and its sampling variance
    ``sum(s2 / n_jt) / T_j**2``.  ``s2``, the variance within teams (and periods), is pooled
    over all teams of a side, linked or not; ICCs also rest on all teams of a side, with
    the respondents of all periods of a team together.  The weights of the weighted
    correlation are ``1 / (1 / n_employees + 1 / n_customers)``.

    Examples
    --------
    >>> scores = pd.DataFrame({"team": list("abcdefghij"), "period": None, "n": 20})
    >>> mean = pd.Series([3.1, 3.3, 2.9, 3.6, 3.8, 3.2, 3.0, 3.7, 3.5, 3.4])
    >>> staff = Side(scores=scores.assign(mean=mean, variance=0.8), name="engagement")
    >>> guests = scores.assign(mean=2 * mean + [0, 1] * 5, variance=4.0)
    >>> result = link(staff, Side(scores=guests, name="satisfaction"), seed=1)
    >>> result.link.n_teams, round(result.link.pearson.r, 4), result.verdict.code
    (10, 0.8387, 'clear')
    """
    reasons = Reasons()
    staff, guests = _checked(employee), _checked(customer)
    filled = [side.scores for side in (staff, guests) if len(side.scores)]
    by_period = bool(filled) and has_periods(filled[0])
    if any(has_periods(scores) != by_period for scores in filled):
        raise BadFrame("One side has periods and the other has none.")

    rows = joint_rows(staff.scores, guests.scores)
    linked_staff, linked_guests = _linked(staff, rows), _linked(guests, rows)
    x_teams = team_means(linked_staff, within_variance=staff.within_variance)
    y_teams = team_means(linked_guests, within_variance=guests.within_variance)
    coverage = _coverage(staff, guests, x_teams, y_teams, dropped=dropped)
    employee_block = _reliability(staff, linked_staff, x_teams, reasons=reasons)
    customer_block = _reliability(guests, linked_guests, y_teams, reasons=reasons)
    team_link = _team_link(
        x_teams,
        y_teams,
        reliabilities=(employee_block.reliability, customer_block.reliability),
        rng=np.random.default_rng(seed),
        reasons=reasons,
    )
    panel = _panel(staff, guests, rows, reasons=reasons) if by_period else None
    names = tuple(x_teams["team"])
    found = Findings(
        link=team_link,
        panel=panel,
        employee=employee_block,
        customer=customer_block,
        team_names=names,
        top_shares=(employee.top_share, customer.top_share),
        pooled_teams=(employee.pooled_teams, customer.pooled_teams),
    )
    return LinkageResult(
        seed=seed,
        coverage=coverage,
        employee=employee_block,
        customer=customer_block,
        link=team_link,
        panel=panel,
        verdict=verdict(
            n_teams=team_link.n_teams,
            pearson=team_link.pearson,
            spearman=team_link.spearman,
            weighted_r=team_link.weighted_r,
            permutation_pvalue=team_link.permutation_pvalue,
            leave_one_out=team_link.leave_one_out,
            corrected=team_link.corrected,
            employee_name=employee.name,
            customer_name=customer.name,
        ),
        warnings=(*warnings_for(found), *reasons.warnings(), *warnings),
        teams=_scatter(x_teams, y_teams),
    )


def _checked(side: Side) -> _Checked:
    scores = check_scores(side.scores)
    everyone = scores if side.all_scores is None else check_scores(side.all_scores)
    try:
        within: float | None = pooled_variance(everyone)
    except AnalysisError:
        within = None
    return _Checked(
        side=side,
        scores=scores.dropna(subset=["mean"]),
        names=frozenset(scores["team"]),
        all_scores=everyone,
        within_variance=within,
    )


def _linked(checked: _Checked, rows: pd.DataFrame) -> pd.DataFrame:
    return checked.scores.merge(rows[["team", "period"]], on=["team", "period"])


def _coverage(
    staff: _Checked,
    guests: _Checked,
    x_teams: pd.DataFrame,
    y_teams: pd.DataFrame,
    *,
    dropped: Sequence[tuple[str, str]],
) -> Coverage:
    linked, listed = set(x_teams["team"]), {team for team, _ in dropped}
    scored_staff, scored_guests = set(staff.scores["team"]), set(guests.scores["team"])
    named = set(staff.side.scores["team"].astype(str)) | set(
        guests.side.scores["team"].astype(str)
    )
    found = []
    for team in sorted(named - linked - listed):
        if team in scored_staff and team in scored_guests:
            reason = "no period with scores of both sides"
        elif team in scored_staff:
            reason = "no customer scores"
        elif team in scored_guests:
            reason = "no employee scores"
        else:
            reason = "no scores"
        found.append((team, reason))
    return Coverage(
        n_employee_teams=staff.all_scores["team"].nunique(),
        n_customer_teams=guests.all_scores["team"].nunique(),
        n_teams=len(linked),
        n_employees=_total(x_teams),
        n_customers=_total(y_teams),
        dropped=(*dropped, *found),
    )


def _total(teams: pd.DataFrame) -> int | None:
    return None if teams["n"].isna().any() else round(float(teams["n"].sum()))


def _reliability(
    checked: _Checked, linked: pd.DataFrame, teams: pd.DataFrame, *, reasons: Reasons
) -> SideReliability:
    name, alpha = checked.side.name, checked.side.alpha
    if alpha is None:
        reasons.add("alpha", "It needs the answers of people to two items or more.", of=name)
    correlations = reasons.known("icc", lambda: icc(checked.all_scores), of=name)

    def reliability() -> float:
        # Again for its refusal, which says why the variance is not known.
        within = pooled_variance(checked.all_scores)
        return mean_reliability(linked, within_variance=within)

    return SideReliability(
        name=name,
        unit=checked.side.unit,
        alpha=alpha,
        icc1=None if correlations is None else correlations.icc1,
        icc1_ci=None
        if correlations is None
        else (correlations.icc1_ci_low, correlations.icc1_ci_high),
        icc2=None if correlations is None else correlations.icc2,
        reliability=reasons.known("reliability", reliability, of=name),
        mean=float(teams["mean"].mean()) if len(teams) else None,
        sd_teams=_sd(teams),
        sd_all_teams=_sd(team_means(checked.scores)),
    )


def _sd(teams: pd.DataFrame) -> float | None:
    return float(teams["mean"].std(ddof=1)) if len(teams) > 1 else None


def _team_link(
    x_teams: pd.DataFrame,
    y_teams: pd.DataFrame,
    *,
    reliabilities: tuple[float | None, float | None],
    rng: np.random.Generator,
    reasons: Reasons,
) -> TeamLink:
    x, y = x_teams["mean"].to_numpy(dtype=float), y_teams["mean"].to_numpy(dtype=float)
    observed = reasons.known("pearson", lambda: pearson(x, y))
    line = reasons.known("slope", lambda: slope(x, y))
    fixed_up = None
    if observed is not None:
        fixed_up = reasons.known("corrected", lambda: _corrected(observed, reliabilities))
    weights = 1 / (1 / x_teams["n"] + 1 / y_teams["n"]).to_numpy(dtype=float)
    return TeamLink(
        n_teams=len(x),
        pearson=observed,
        spearman=reasons.known("spearman", lambda: spearman(x, y)),
        permutation_pvalue=reasons.known(
            "permutation_pvalue", lambda: permutation_pvalue(x, y, rng=rng)
        ),
        corrected=fixed_up,
        weighted_r=reasons.known("weighted_r", lambda: _weighted(x, y, weights=weights)),
        leave_one_out=reasons.known("leave_one_out", lambda: leave_one_out(x, y)),
        slope=line,
        quartile_gap=None if line is None else quartile_gap(line, x),
        minimum_detectable_r=reasons.known(
            "minimum_detectable_r", lambda: minimum_detectable_r(len(x))
        ),
    )


def _corrected(
    observed: Correlation, reliabilities: tuple[float | None, float | None]
) -> CorrectedCorrelation:
    first, second = reliabilities
    if first is None or second is None:
        raise NotIdentified("The reliability of both sides must be known.")
    return corrected(observed, reliability_x=first, reliability_y=second)


def _weighted(x: Vector, y: Vector, *, weights: Vector) -> float:
    if np.isnan(weights).any():
        raise NotIdentified("The numbers of respondents are not known.")
    return weighted_r(x, y, weights=weights)


def _panel(
    staff: _Checked, guests: _Checked, rows: pd.DataFrame, *, reasons: Reasons
) -> PanelLink | None:
    if rows["period"].nunique() < 2:
        reasons.add("panel", "The two sides share fewer than two periods.")
        return None
    panel = panel_models(
        staff.scores,
        guests.scores,
        employee_variance=staff.within_variance,
        customer_variance=guests.within_variance,
    )
    for name, reason in panel.reasons:
        reasons.add(name, reason)
    return panel


def _scatter(x_teams: pd.DataFrame, y_teams: pd.DataFrame) -> pd.DataFrame:
    columns = ["team", "n_periods", "mean", "n", "std_error"]
    first = x_teams[columns].rename(columns={c: f"employee_{c}" for c in columns[2:]})
    second = y_teams[["team", *columns[2:]]].rename(
        columns={c: f"customer_{c}" for c in columns[2:]}
    )
    return first.merge(second, on="team")
