"""What a linkage report holds, as plain figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.correlation import CorrectedCorrelation, Correlation
from analysis.panel import PanelLink
from analysis.robustness import LeaveOneOut
from analysis.slopes import QuartileGap, Slope
from analysis.summary import (
    NOT_ESTIMABLE,
    Summary,
    count,
    fixed,
    interval,
    p_value,
    significant,
)
from analysis.verdict import Verdict

PANEL_MODELS = (
    "pooled",
    "pooled_period",
    "between",
    "within_two_way",
    "first_difference",
    "lag_forward",
    "lag_reverse",
    "lead_placebo",
    "adl_forward",
    "adl_reverse",
    "within_corrected",
    "lag_corrected",
)
PANEL_FIGURES = (
    "estimate",
    "std_error",
    "ci_low",
    "ci_high",
    "pvalue",
    "df",
    "plain_std_error",
    "errors",
    "reliability",
    "nobs",
    "n_teams",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkageWarning:
    """
    Something a reader must know before believing a figure.

    Attributes
    ----------
    code : str
        Stable, for programs.
    text : str
        Plain sentences, for people.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """
    Who is in the link and who is not.

    Attributes
    ----------
    n_employee_teams, n_customer_teams : int
        Teams of each side under its own names, linked or not.
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

    def summary(self) -> Summary:
        """Lay the coverage out for reading."""
        reasons: dict[str, int] = {}
        for _, reason in self.dropped:
            reasons[reason] = reasons.get(reason, 0) + 1
        answers = [
            "not known" if number is None else count(number)
            for number in (self.n_employees, self.n_customers)
        ]
        return Summary(
            title="Who is in the link",
            columns=("", "Teams", "Linked", "Answers behind the linked teams"),
            rows=(
                ("Employees", count(self.n_employee_teams), count(self.n_teams), answers[0]),
                ("Customers", count(self.n_customer_teams), count(self.n_teams), answers[1]),
            ),
            notes=tuple(f"Left out: {count(n)} ({reason})." for reason, n in reasons.items()),
        )


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
        Plain mean of the linked teams' scores.
    sd_teams : float or None
        Their standard deviation.
    sd_all_teams : float or None
        That of all teams of the side that could have been linked.
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

    def summary(self) -> Summary:
        """Lay the reliability out for reading."""
        rows = (
            ("Reliability of a team score", self.reliability),
            ("ICC(1), one answer", self.icc1),
            ("ICC(2), a team mean", self.icc2),
            ("Cronbach's alpha", self.alpha),
        )
        spread = (
            ()
            if self.mean is None or self.sd_teams is None
            else (
                f"Linked teams: mean {significant(self.mean)}, "
                f"standard deviation {significant(self.sd_teams)} {self.unit}.",
            )
        )
        limits = "" if self.icc1_ci is None else interval(*self.icc1_ci)
        return Summary(
            title=f"Can the survey tell teams apart: {self.name}",
            columns=("", "Estimate", "95% interval"),
            rows=tuple(
                (words, _or_not(value), limits if words.startswith("ICC(1)") else "")
                for words, value in rows
            ),
            notes=(*spread, "From .70 good, from .50 usable, from .30 weak, below too weak."),
        )


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

    def summary(self) -> Summary:
        """Lay the link out for reading."""
        left_out = self.leave_one_out
        loo = NOT_ESTIMABLE if left_out is None else interval(left_out.low, left_out.high)
        return Summary(
            title="The link, team by team",
            columns=("", "Estimate", "95% interval", "p"),
            rows=(
                _correlation_row("Correlation r", self.pearson),
                _correlation_row("Rank correlation", self.spearman),
                _correlation_row("r, allowing for survey noise", self.corrected),
                ("r, teams weighted by answers", _or_not(self.weighted_r), "", ""),
                ("r, any one team left out", loo, "", ""),
                _points_row("Slope, per point", self.slope),
                _points_row("75th against 25th percentile", self.quartile_gap),
            ),
            notes=(
                f"{count(self.n_teams)} teams.",
                *_note("Permutation p-value", self.permutation_pvalue, p_value),
                *_note("Smallest r that would reliably show", self.minimum_detectable_r, fixed),
            ),
        )


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
        None without periods, or with a single one.
    verdict : Verdict
    warnings : tuple of LinkageWarning
    teams : DataFrame, shape (n_teams, 8)
        For the scatter, sorted by team: ``team``, ``n_periods``, and for each side
        ``employee_mean``, ``employee_n``, ``employee_std_error``, ``customer_mean``,
        ``customer_n``, ``customer_std_error``; what is unknown is missing.
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

    def summaries(self) -> tuple[Summary, ...]:
        """Lay the whole report out, table by table; the verdict and warnings close it."""
        return (
            self.coverage.summary(),
            self.employee.summary(),
            self.customer.summary(),
            self.link.summary(),
            *(() if self.panel is None else (self.panel.summary(),)),
            self.summary(),
        )

    def summary(self) -> Summary:
        """Lay the verdict out for reading, with every warning beneath it."""
        return Summary(
            title=f"{self.employee.name.capitalize()} and {self.customer.name}",
            columns=("", "In words"),
            rows=(("Verdict", self.verdict.text),),
            notes=tuple(warning.text for warning in self.warnings),
        )

    def to_dict(self) -> dict[str, Any]:
        """
        Lay the result out under the keys of the JSON document, unrounded.

        The shape never changes: where a figure is not estimable its value is None, and
        `warnings` says why.  Only ``panel`` is None as a whole.
        """
        cover = self.coverage
        return {
            "seed": self.seed,
            "coverage": {
                "n_employee_teams": cover.n_employee_teams,
                "n_customer_teams": cover.n_customer_teams,
                "n_teams": cover.n_teams,
                "n_employees": cover.n_employees,
                "n_customers": cover.n_customers,
                "dropped": [{"team": team, "reason": why} for team, why in cover.dropped],
            },
            "employee": _side_dict(self.employee),
            "customer": _side_dict(self.customer),
            "link": _link_dict(self.link),
            "panel": None if self.panel is None else _panel_dict(self.panel),
            "verdict": _figures(self.verdict, "code", "direction", "text"),
            "warnings": [_figures(warning, "code", "text") for warning in self.warnings],
        }


def _figures(result: object | None, *names: str) -> dict[str, Any]:
    return {name: None if result is None else getattr(result, name) for name in names}


def _side_dict(side: SideReliability) -> dict[str, Any]:
    plain = _figures(side, "alpha", "icc1", "icc2", "reliability", "mean", "sd_teams")
    return {**plain, "icc1_ci": None if side.icc1_ci is None else list(side.icc1_ci)}


def _link_dict(link: TeamLink) -> dict[str, Any]:
    limits = ("ci_low", "ci_high")
    return {
        "n_teams": link.n_teams,
        "pearson": _figures(link.pearson, "r", *limits, "pvalue"),
        "spearman": _figures(link.spearman, "r", *limits, "pvalue"),
        "permutation_pvalue": link.permutation_pvalue,
        "corrected": _figures(link.corrected, "r", *limits),
        "weighted": {"r": link.weighted_r},
        "leave_one_out": _figures(link.leave_one_out, "low", "high"),
        "slope": _figures(link.slope, "estimate", "std_error", *limits, "pvalue"),
        "quartile_gap": _figures(link.quartile_gap, "estimate", *limits),
        "minimum_detectable_r": link.minimum_detectable_r,
    }


def _panel_dict(panel: PanelLink) -> dict[str, Any]:
    return {
        "n_teams": panel.n_teams,
        "n_periods": panel.n_periods,
        "within_reliability": {
            "employee": panel.within_reliability_employee,
            "customer": panel.within_reliability_customer,
        },
        **{name: _figures(getattr(panel, name), *PANEL_FIGURES) for name in PANEL_MODELS},
    }


def _or_not(value: float | None) -> str:
    return NOT_ESTIMABLE if value is None else fixed(value)


def _note(words: str, value: float | None, write: Any) -> tuple[str, ...]:  # noqa: ANN401 - a writer
    return () if value is None else (f"{words}: {write(value)}.",)


def _correlation_row(
    words: str, result: Correlation | CorrectedCorrelation | None
) -> tuple[str, ...]:
    if result is None:
        return (words, NOT_ESTIMABLE, "", "")
    p = p_value(result.pvalue) if isinstance(result, Correlation) else ""
    return (words, fixed(result.r), interval(result.ci_low, result.ci_high), p)


def _points_row(words: str, result: Slope | QuartileGap | None) -> tuple[str, ...]:
    if result is None:
        return (words, NOT_ESTIMABLE, "", "")
    limits = f"{significant(result.ci_low)} to {significant(result.ci_high)}"
    p = p_value(result.pvalue) if isinstance(result, Slope) else ""
    return (words, significant(result.estimate), limits, p)
