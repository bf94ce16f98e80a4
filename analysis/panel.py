"""Teams followed over periods: what moves together, and what comes first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import pandas as pd

from analysis.demeaning import demeaned
from analysis.errors import AnalysisError, BadFrame
from analysis.frames import FLAT, check_scores, has_periods
from analysis.panel_fits import (
    Effects,
    PanelEstimate,
    Prepared,
    clustered_slope,
    corrected_slope,
    line_between,
    prepare,
    without_singletons,
)
from analysis.reliability import pooled_variance, within_reliability
from analysis.summary import NOT_ESTIMABLE, Summary, count, fixed, p_value, significant

Figure = TypeVar("Figure")
Rows: TypeAlias = Literal["all", "with the period before", "with the period after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a panel model regresses on what; the first predictor is the one reported."""

    words: str
    outcome: str
    predictors: tuple[str, ...]
    effects: Effects
    rows: Rows = "all"


VALUES = ("x", "y", "x_noise", "y_noise")
BOTH: Effects = "team and period"
BEFORE: Rows = "with the period before"
MODELS = {
    "pooled": Model(words="All rows, no effects", outcome="y", predictors=("x",), effects="none"),
    "pooled_period": Model(
        words="All rows, period effects", outcome="y", predictors=("x",), effects="period"
    ),
    "within_two_way": Model(words="Within teams", outcome="y", predictors=("x",), effects=BOTH),
    "first_difference": Model(
        words="Change on change, from one period to the next",
        outcome="dy",
        predictors=("dx",),
        effects="period",
        rows=BEFORE,
    ),
    "lag_forward": Model(
        words="Within teams, customers one period after employees",
        outcome="y",
        predictors=("x_before",),
        effects=BOTH,
        rows=BEFORE,
    ),
    "lag_reverse": Model(
        words="Within teams, employees one period after customers",
        outcome="x",
        predictors=("y_before",),
        effects=BOTH,
        rows=BEFORE,
    ),
    "lead_placebo": Model(
        words="Check: customers on employees one period later",
        outcome="y",
        predictors=("x_after", "x"),
        effects=BOTH,
        rows="with the period after",
    ),
    "adl_forward": Model(
        words="Customers on their own past and that of employees",
        outcome="y",
        predictors=("x_before", "y_before"),
        effects="period",
        rows=BEFORE,
    ),
    "adl_reverse": Model(
        words="Employees on their own past and that of customers",
        outcome="x",
        predictors=("y_before", "x_before"),
        effects="period",
        rows=BEFORE,
    ),
}
CORRECTED = {"within_corrected": "within_two_way", "lag_corrected": "lag_forward"}
"""Models given once more without the survey noise of their predictor."""

ERRORS = {
    "wild bootstrap": "So few teams: all changes of sign of a team's residuals were tried.",
    "CR2": "Errors by team, with fewer degrees of freedom where few teams decide (CR2).",
}


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
    first_difference : PanelEstimate or None
        Its change on the change of engagement from the period before, with period effects.
    lag_forward, lag_reverse : PanelEstimate or None
        Customer score on engagement one period earlier, and engagement on the customer
        score one period earlier, with team and period effects.
    lead_placebo : PanelEstimate or None
        Customer score on engagement one period *later*, beside that of the same period:
        away from zero, something else moves both.
    adl_forward, adl_reverse : PanelEstimate or None
        The lags with period effects, and the outcome's own earlier value in place of team
        effects.
    within_corrected, lag_corrected : PanelEstimate or None
        `within_two_way` and `lag_forward` as they would be without survey noise in
        engagement; a sensitivity, not the finding.
    within_team_slope : float or None
        The slope within teams without period effects, only to see what these change.
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
    first_difference: PanelEstimate | None
    lag_forward: PanelEstimate | None
    lag_reverse: PanelEstimate | None
    lead_placebo: PanelEstimate | None
    adl_forward: PanelEstimate | None
    adl_reverse: PanelEstimate | None
    within_corrected: PanelEstimate | None
    lag_corrected: PanelEstimate | None
    within_team_slope: float | None
    reasons: tuple[tuple[str, str], ...]

    def summary(self) -> Summary:
        """Lay the models out for reading."""
        employee, customer = (
            NOT_ESTIMABLE if value is None else fixed(value)
            for value in (self.within_reliability_employee, self.within_reliability_customer)
        )
        words = {
            "between": "Between teams",
            **{name: model.words for name, model in MODELS.items()},
            "within_corrected": "Within teams, allowing for survey noise",
            "lag_corrected": "One period after, allowing for survey noise",
        }
        fits = [getattr(self, name) for name in words]
        used = {fit.errors for fit in fits if fit is not None}
        return Summary(
            title="Over time",
            columns=("", "Slope", "95% interval", "p", "Rows", "Reliability"),
            rows=tuple(map(_row, words.values(), fits)),
            notes=(
                f"{count(self.n_teams)} teams, {count(self.n_periods)} periods, "
                f"{count(self.nobs)} rows with both sides.",
                "Reliability of movements within teams: "
                f"employees {employee}, customers {customer}.",
                "Last column: share of the predictor that is no survey noise. "
                "Below .40, no visible slope means nothing.",
                *(text for name, text in ERRORS.items() if name in used),
                "Associations over time; not proof of cause.",
            ),
        )


def panel_models(
    employee: pd.DataFrame,
    customer: pd.DataFrame,
    *,
    employee_variance: float | None = None,
    customer_variance: float | None = None,
) -> PanelLink:
    """
    Fit every panel model to the rows that both sides share.

    Parameters
    ----------
    employee, customer : DataFrame
        Team scores by team and period, as `analysis.frames.check_scores` describes them.
    employee_variance, customer_variance : float, optional
        Variance of person scores within teams and periods; pooled from the frames where
        not given.  Only the within reliabilities need it.

    Returns
    -------
    PanelLink

    Raises
    ------
    BadFrame
        If a frame breaks its contract or has no periods.

    Notes
    -----
    Rows are joined by team and period; a lag, a lead or a change needs the very next
    period, so a gap gives none.  Errors are clustered by team.  With fewer than 13 teams all
    changes of sign of their residuals are tried (`wild_bootstrap`), and with fewer than six
    there is no figure; from 13 on they are bias-reduced with Satterthwaite's degrees of
    freedom (`cluster_robust`).  `plain_std_error` has the factor
    ``G / (G - 1) * (N - 1) / (N - K)``, where K counts the slopes (with the intercept where
    there are no effects) and all period effects; team effects lie within the clusters and
    are not counted.  Where there are team effects, teams and periods with a single row are
    dropped first, again and again.  That is what R's fixest does by default [1]_.
    `between` is least squares on the plain team means.

    References
    ----------
    .. [1] Berge, L. (2018), "Efficient estimation of maximum likelihood models with
       multiple fixed-effects: the R package FENmlm", CREA Discussion Papers 2018-13.

    Examples
    --------
    >>> rows = [(team, period, (team * period**2) % 7) for team in range(9) for period in range(5)]
    >>> staff = pd.DataFrame(rows, columns=["team", "period", "mean"])
    >>> staff = staff.assign(n=10.0, variance=1.0)
    >>> later = staff.assign(period=staff["period"] + 1, mean=40 + 0.5 * staff["mean"])
    >>> round(panel_models(staff, later).lag_forward.estimate, 6)
    0.5
    """
    staff, guests = check_scores(employee), check_scores(customer)
    if not (has_periods(staff) and has_periods(guests)):
        raise BadFrame("A panel needs a period in every row of both sides.")
    rows = _with_noise(
        joint_rows(staff, guests), staff, guests, employee_variance, customer_variance
    )
    frames: dict[Rows, pd.DataFrame] = {
        "all": rows,
        "with the period before": _with_before(rows),
        "with the period after": _with_after(rows),
    }
    reasons: list[tuple[str, str]] = []

    def known(name: str, figure: Callable[[], Figure]) -> Figure | None:
        try:
            return figure()
        except AnalysisError as error:
            reasons.append((name, str(error)))
            return None

    def estimate(name: str) -> PanelEstimate | None:
        return known(name, lambda: clustered_slope(_prepared(frames, MODELS[name])))

    def corrected(name: str, observed: PanelEstimate | None) -> PanelEstimate | None:
        if observed is None:
            reasons.append((name, dict(reasons)[CORRECTED[name]]))
            return None
        return known(name, lambda: corrected_slope(observed))

    fits = {name: estimate(name) for name in MODELS}
    return PanelLink(
        n_teams=rows["team"].nunique(),
        n_periods=rows["period"].nunique(),
        nobs=len(rows),
        within_reliability_employee=known(
            "within_reliability_employee", lambda: _reliability(staff, rows, employee_variance)
        ),
        within_reliability_customer=known(
            "within_reliability_customer", lambda: _reliability(guests, rows, customer_variance)
        ),
        between=known("between", lambda: line_between(rows)),
        within_team_slope=_within_team_slope(rows),
        **fits,
        **{name: corrected(name, fits[of]) for name, of in CORRECTED.items()},
        # Evaluated last, when every figure has had its chance to give a reason.
        reasons=tuple(reasons),
    )


def joint_rows(employee: pd.DataFrame, customer: pd.DataFrame) -> pd.DataFrame:
    """Pair checked scores by team and period; columns team, period, x, y; sorted."""
    keys = ["team", "period"]
    first = employee[[*keys, "mean"]].rename(columns={"mean": "x"})
    second = customer[[*keys, "mean"]].rename(columns={"mean": "y"})
    rows = first.merge(second, on=keys).dropna(subset=["x", "y"])
    return rows.sort_values(keys, ignore_index=True)


def _with_noise(
    rows: pd.DataFrame,
    staff: pd.DataFrame,
    guests: pd.DataFrame,
    *variances: float | None,
) -> pd.DataFrame:
    """Set the sampling variance of each score beside it, missing where it is not known."""
    keys = ["team", "period"]
    for name, side, variance in zip(("x", "y"), (staff, guests), variances, strict=True):
        within = _known_variance(side) if variance is None else variance
        noise = side[keys].assign(**{f"{name}_noise": within / side["n"]})
        rows = rows.merge(noise, on=keys)
    return rows


def _known_variance(side: pd.DataFrame) -> float:
    try:
        return pooled_variance(side)
    except AnalysisError:
        return float("nan")


def _with_before(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows whose team has the very next earlier period, with its x and y."""
    earlier = rows.assign(period=rows["period"] + 1)
    names = {name: name.replace(name[0], f"{name[0]}_before", 1) for name in VALUES}
    both = rows.merge(earlier.rename(columns=names), on=["team", "period"])
    return both.assign(
        dx=both["x"] - both["x_before"],
        dy=both["y"] - both["y_before"],
        dx_noise=both["x_noise"] + both["x_before_noise"],
    )


def _with_after(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows whose team has the very next later period, with its x."""
    later = rows[["team", "period", "x", "x_noise"]].assign(period=rows["period"] - 1)
    later = later.rename(columns={"x": "x_after", "x_noise": "x_after_noise"})
    return rows.merge(later, on=["team", "period"])


def _prepared(frames: dict[Rows, pd.DataFrame], model: Model) -> Prepared:
    rows = frames[model.rows]
    if model.effects == BOTH:
        rows = without_singletons(rows)
    return prepare(rows, outcome=model.outcome, predictors=model.predictors, effects=model.effects)


def _reliability(side: pd.DataFrame, rows: pd.DataFrame, variance: float | None) -> float:
    # A team seen once cannot move; counted in G, it would make the others look steadier.
    moving = without_singletons(rows)
    linked = side.merge(moving[["team", "period"]], on=["team", "period"])
    within = pooled_variance(side) if variance is None else variance
    return within_reliability(linked, within_variance=within)


def _within_team_slope(rows: pd.DataFrame) -> float | None:
    if rows.empty:
        return None
    teams, _ = pd.factorize(rows["team"])
    x, y = (demeaned(rows[name].to_numpy(dtype=float), groups=teams) for name in ("x", "y"))
    spread, size = float((x**2).sum()), float((rows["x"] ** 2).sum())
    return float((x * y).sum()) / spread if spread > FLAT * size else None


def _row(words: str, fit: PanelEstimate | None) -> tuple[str, ...]:
    if fit is None:
        return (words, NOT_ESTIMABLE, "", "", "", "")
    limits = f"{significant(fit.ci_low)} to {significant(fit.ci_high)}"
    reliability = "" if fit.reliability is None else fixed(fit.reliability)
    return (
        words,
        significant(fit.estimate),
        limits,
        p_value(fit.pvalue),
        count(fit.nobs),
        reliability,
    )
