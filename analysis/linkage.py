"""Linking what employees report to what customers report, team by team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.correlation import CorrectedCorrelation, Correlation
from analysis.panel import PanelLink
from analysis.regression import QuartileGap, Slope
from analysis.robustness import LeaveOneOut
from analysis.verdict import Verdict
from analysis.warnings import LinkageWarning


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """
    What one side brings to the link.

    Attributes
    ----------
    scores : DataFrame
        Team scores as `analysis.frames.check_scores` describes them, under the names by
        which the two sides are joined: every team that passed the minimums.
    all_scores : DataFrame or None
        Scores of every team of this side under its own names, for the ICCs and the
        within-team variance; None where they are the same as `scores`.
    alpha : float or None
        Cronbach's alpha of the person score; None where it has one item or is unknown.
    name : str
        What is measured, as it stands in a sentence: "engagement".
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
class Coverage:
    """
    Who is in the link and who is not.

    Attributes
    ----------
    n_employee_teams, n_customer_teams : int
        Teams of each side, linked or not.
    n_teams : int
        Linked teams.
    n_employees, n_customers : int or None
        Respondents behind the linked teams; None where unknown.
    dropped : tuple of (str, str)
        Team and reason, for each team that is not in the link.
    """

    n_employee_teams: int
    n_customer_teams: int
    n_teams: int
    n_employees: int | None
    n_customers: int | None
    dropped: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SideReliability:
    """
    How well one side tells teams apart; None where not estimable.

    Attributes
    ----------
    name, unit : str
    alpha : float or None
        Cronbach's alpha of the person score.
    icc1 : float or None
        Share of one answer's variance that lies between teams, over all teams.
    icc1_ci : tuple of (float, float) or None
    icc2 : float or None
        Classic reliability of a team mean, over all teams.
    reliability : float or None
        Reliability of the linked teams' means.
    mean : float or None
        Mean of the linked teams' means.
    sd_teams : float or None
        Their standard deviation.
    sd_all_teams : float or None
        That of all teams of the side.
    """

    name: str
    unit: str
    alpha: float | None
    icc1: float | None
    icc1_ci: tuple[float, float] | None
    icc2: float | None
    reliability: float | None
    mean: float | None
    sd_teams: float | None
    sd_all_teams: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLink:
    """
    The link across teams; each figure None where not estimable.

    Attributes
    ----------
    n_teams : int
    pearson, spearman : Correlation or None
    permutation_pvalue : float or None
    corrected : CorrectedCorrelation or None
    weighted_r : float or None
    leave_one_out : LeaveOneOut or None
    slope : Slope or None
    quartile_gap : QuartileGap or None
    minimum_detectable_r : float or None
    """

    n_teams: int
    pearson: Correlation | None
    spearman: Correlation | None
    permutation_pvalue: float | None
    corrected: CorrectedCorrelation | None
    weighted_r: float | None
    leave_one_out: LeaveOneOut | None
    slope: Slope | None
    quartile_gap: QuartileGap | None
    minimum_detectable_r: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkageResult:
    """
    Everything that a linkage report shows.

    Attributes
    ----------
    seed : int
        Seed of the permutation test.
    coverage : Coverage
    employee, customer : SideReliability
    link : TeamLink
    panel : PanelLink or None
        None without periods, or where no team has two.
    verdict : Verdict
    warnings : tuple of LinkageWarning
    teams : DataFrame, shape (n_teams, 9)
        For the scatter, sorted by team: ``team``, ``n_periods``, and for each side
        (``employee_``, ``customer_``) ``mean``, ``n``, ``std_error``; what is unknown is
        missing.
    """

    seed: int
    coverage: Coverage
    employee: SideReliability
    customer: SideReliability
    link: TeamLink
    panel: PanelLink | None
    verdict: Verdict
    warnings: tuple[LinkageWarning, ...]
    teams: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Lay the result out as the JSON document's keys, unrounded."""
        raise NotImplementedError


def link(
    employee: Side,
    customer: Side,
    *,
    seed: int,
    dropped: Sequence[tuple[str, str]] = (),
    warnings: Sequence[LinkageWarning] = (),
) -> LinkageResult:
    """Join the teams of two sides and say how their scores go together."""
    raise NotImplementedError
