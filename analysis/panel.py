"""Teams followed over periods: what moves together, and what comes first."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelEstimate:
    """
    One slope of a panel model.

    Attributes
    ----------
    estimate : float
        Points of the outcome per point of the predictor.
    std_error, ci_low, ci_high : float
        Clustered by team; limits of the 95% interval.
    pvalue : float
        Two-sided, on ``n_teams - 1`` degrees of freedom (`between`: ``n_teams - 2``).
    nobs, n_teams : int
        Rows and teams that entered the fit.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    pvalue: float
    nobs: int
    n_teams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelLink:
    """
    The link over time, model by model; None where a model cannot be fitted.

    Attributes
    ----------
    n_teams, n_periods, nobs : int
        Teams, periods and rows with both sides.
    within_reliability_employee, within_reliability_customer : float or None
        How far a team's movement over time can be told from survey noise.
    pooled, pooled_period, between, within_two_way : PanelEstimate or None
        Customer score on engagement of the same period.
    lag_forward, lag_reverse : PanelEstimate or None
        Customer score on engagement one period earlier, and the reverse, with team and
        period effects.
    adl_forward, adl_reverse : PanelEstimate or None
        The same with period effects and the outcome's own earlier value instead of team
        effects.
    reasons : tuple of (str, str)
        For each figure that is None, its field name and why.
    """

    n_teams: int
    n_periods: int
    nobs: int
    within_reliability_employee: float | None
    within_reliability_customer: float | None
    pooled: PanelEstimate | None
    pooled_period: PanelEstimate | None
    between: PanelEstimate | None
    within_two_way: PanelEstimate | None
    lag_forward: PanelEstimate | None
    lag_reverse: PanelEstimate | None
    adl_forward: PanelEstimate | None
    adl_reverse: PanelEstimate | None
    reasons: tuple[tuple[str, str], ...]


def panel_models(
    employee: pd.DataFrame,
    customer: pd.DataFrame,
    *,
    employee_variance: float | None = None,
    customer_variance: float | None = None,
) -> PanelLink:
    """Fit every panel model to the rows that both sides share."""
    raise NotImplementedError
