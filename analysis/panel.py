"""Teams followed over periods: what moves together, and what comes first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from statsmodels.regression.linear_model import OLS

from analysis.demeaning import demeaned, two_way_demeaned
from analysis.errors import AnalysisError, BadFrame, NotEnoughTeams, NotIdentified
from analysis.frames import FLAT, Vector, check_scores, has_periods
from analysis.regression import t_pvalue
from analysis.reliability import pooled_variance, within_reliability
from analysis.summary import NOT_ESTIMABLE, Summary, count, fixed, p_value, significant

Figure = TypeVar("Figure")
Effects: TypeAlias = Literal["none", "period", "team and period"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a panel model regresses on what; the first predictor is the one reported."""

    words: str
    outcome: str
    predictors: tuple[str, ...]
    effects: Effects
    is_lagged: bool = False


BOTH: Effects = "team and period"
MODELS = {
    "pooled": Model(words="All rows, no effects", outcome="y", predictors=("x",), effects="none"),
    "pooled_period": Model(
        words="All rows, period effects", outcome="y", predictors=("x",), effects="period"
    ),
    "within_two_way": Model(words="Within teams", outcome="y", predictors=("x",), effects=BOTH),
    "lag_forward": Model(
        words="Within teams, customers one period after employees",
        outcome="y",
        predictors=("x_before",),
        effects=BOTH,
        is_lagged=True,
    ),
    "lag_reverse": Model(
        words="Within teams, employees one period after customers",
        outcome="x",
        predictors=("y_before",),
        effects=BOTH,
        is_lagged=True,
    ),
    "adl_forward": Model(
        words="Customers on their own past and that of employees",
        outcome="y",
        predictors=("x_before", "y_before"),
        effects="period",
        is_lagged=True,
    ),
    "adl_reverse": Model(
        words="Employees on their own past and that of customers",
        outcome="x",
        predictors=("y_before", "x_before"),
        effects="period",
        is_lagged=True,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelEstimate:
    """
    One slope of a panel model.

    Attributes
    ----------
    estimate : float
        Points of the outcome per point of the predictor.
    std_error, ci_low, ci_high : float
        Clustered by team (`between`: classical); limits of the 95% interval.
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
        Customer score on engagement one period earlier, and engagement on the customer
        score one period earlier, with team and period effects.
    adl_forward, adl_reverse : PanelEstimate or None
        The same with period effects, and the outcome's own earlier value in place of
        team effects.
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
    lag_forward: PanelEstimate | None
    lag_reverse: PanelEstimate | None
    adl_forward: PanelEstimate | None
    adl_reverse: PanelEstimate | None
    within_team_slope: float | None
    reasons: tuple[tuple[str, str], ...]

    def summary(self) -> Summary:
        """Lay the models out for reading."""
        employee, customer = (
            NOT_ESTIMABLE if value is None else fixed(value)
            for value in (self.within_reliability_employee, self.within_reliability_customer)
        )
        return Summary(
            title="Over time",
            columns=("", "Slope", "95% interval", "p", "Rows"),
            rows=(
                _row("Between teams", self.between),
                *(_row(model.words, getattr(self, name)) for name, model in MODELS.items()),
            ),
            notes=(
                f"{count(self.n_teams)} teams, {count(self.n_periods)} periods, "
                f"{count(self.nobs)} rows with both sides.",
                "Reliability of movements within teams: "
                f"employees {employee}, customers {customer}.",
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
    Rows are joined by team and period; a lag needs the very next period, so a gap gives
    none.  Standard errors are clustered by team with the factor
    ``G / (G - 1) * (N - 1) / (N - K)``, where K counts the slopes (with the intercept
    where there are no effects) and all period effects; team effects lie within the
    clusters and are not counted.  Where there are team effects, teams and periods with a
    single row are dropped first, again and again.  This is what R's fixest does by
    default [1]_.  `between` is least squares on the plain team means.

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
    rows = joint_rows(staff, guests)
    lagged = _with_before(rows)
    reasons: list[tuple[str, str]] = []

    def known(name: str, figure: Callable[[], Figure]) -> Figure | None:
        try:
            return figure()
        except AnalysisError as error:
            reasons.append((name, str(error)))
            return None

    def estimate(name: str) -> PanelEstimate | None:
        model = MODELS[name]
        return known(name, lambda: _fit(lagged if model.is_lagged else rows, model))

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
        between=known("between", lambda: _between(rows)),
        within_team_slope=_within_team_slope(rows),
        **{name: estimate(name) for name in MODELS},
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


def _with_before(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows whose team has the very next earlier period, with its x and y."""
    earlier = rows.assign(period=rows["period"] + 1)
    earlier = earlier.rename(columns={"x": "x_before", "y": "y_before"})
    return rows.merge(earlier, on=["team", "period"])


def _reliability(side: pd.DataFrame, rows: pd.DataFrame, variance: float | None) -> float:
    # A team seen once cannot move; counted in G, it would make the others look steadier.
    moving = _without_singletons(rows)
    linked = side.merge(moving[["team", "period"]], on=["team", "period"])
    within = pooled_variance(side) if variance is None else variance
    return within_reliability(linked, within_variance=within)


def _fit(rows: pd.DataFrame, model: Model) -> PanelEstimate:
    if model.effects == BOTH:
        rows = _without_singletons(rows)
    teams, team_names = pd.factorize(rows["team"])
    periods, period_names = pd.factorize(rows["period"])
    n, n_teams = len(rows), len(team_names)
    # The intercept counts where there are no effects; team effects lie within clusters.
    n_effects = 1 if model.effects == "none" else len(period_names)
    n_slopes = len(model.predictors)
    if n_teams < 2 or n <= n_slopes + n_effects:
        raise NotEnoughTeams("Too few teams and periods are left for this model.")

    def cleared(name: str) -> Vector:
        values = rows[name].to_numpy(dtype=float)
        if model.effects == BOTH:
            return two_way_demeaned(values, teams=teams, periods=periods)
        if model.effects == "period":
            return demeaned(values, groups=periods)
        return np.asarray(values - values.mean(), dtype=float)

    design = np.column_stack([cleared(name) for name in model.predictors])
    sizes = np.array([float((rows[name] ** 2).sum()) for name in model.predictors])
    _check_moves(design, sizes)
    outcome = cleared(model.outcome)
    _check_outcome(outcome, rows[model.outcome].to_numpy(dtype=float))
    fit = OLS(outcome, design).fit(
        cov_type="cluster", cov_kwds={"groups": teams, "use_correction": False}, use_t=True
    )
    factor = n_teams / (n_teams - 1) * (n - 1) / (n - n_slopes - n_effects)
    std_error = float(np.sqrt(factor * max(0.0, fit.cov_params()[0, 0])))
    return _estimate(float(fit.params[0]), std_error, n=n, n_teams=n_teams, df=n_teams - 1)


def _within_team_slope(rows: pd.DataFrame) -> float | None:
    if rows.empty:
        return None
    teams, _ = pd.factorize(rows["team"])
    x, y = (demeaned(rows[name].to_numpy(dtype=float), groups=teams) for name in ("x", "y"))
    spread, size = float((x**2).sum()), float((rows["x"] ** 2).sum())
    return float((x * y).sum()) / spread if spread > FLAT * size else None


def _between(rows: pd.DataFrame) -> PanelEstimate:
    means = rows.groupby("team")[["x", "y"]].mean().to_numpy(dtype=float)
    n = len(means)
    if n < 3:
        raise NotEnoughTeams("A line between teams needs three teams.")
    x, y = (means - means.mean(axis=0)).T
    design = x.reshape(-1, 1)
    _check_moves(design, np.array([(means[:, 0] ** 2).sum()]))
    _check_outcome(y, means[:, 1])
    fit = OLS(y, design).fit()
    # The mean was taken off by hand, so one more degree of freedom is spent.
    residual = float((fit.resid**2).sum()) / (n - 2)
    std_error = float(np.sqrt(residual / (x**2).sum()))
    return _estimate(float(fit.params[0]), std_error, n=n, n_teams=n, df=n - 2)


def _estimate(
    estimate: float, std_error: float, *, n: int, n_teams: int, df: int
) -> PanelEstimate:
    half = float(stats.t.ppf(0.975, df)) * std_error
    return PanelEstimate(
        estimate=estimate,
        std_error=std_error,
        ci_low=estimate - half,
        ci_high=estimate + half,
        pvalue=t_pvalue(estimate, std_error, df=df),
        nobs=n,
        n_teams=n_teams,
    )


def _without_singletons(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop teams and periods that stand in a single row, until none is left."""
    while True:
        alone = pd.Series(False, index=rows.index)
        for key in ("team", "period"):
            alone |= rows.groupby(key)[key].transform("size") == 1
        if not alone.any():
            return rows
        rows = rows[~alone]


def _check_moves(design: npt.NDArray[np.float64], sizes: Vector) -> None:
    """Refuse predictors that do not move once effects are out, or move as one."""
    squares = (design**2).sum(axis=0)
    if (squares <= FLAT * np.maximum(1e-300, sizes)).any():
        raise NotIdentified("The predictor does not move once the effects are taken out.")
    if np.linalg.cond(design / np.sqrt(squares)) > 1e7:
        raise NotIdentified("The two earlier values move as one, so they cannot be told apart.")


def _check_outcome(left: Vector, values: Vector) -> None:
    """Refuse an outcome of which only rounding is left: its p-value would be noise."""
    if (left**2).sum() <= FLAT * max(1e-300, float((values**2).sum())):
        raise NotIdentified("The outcome does not move once the effects are taken out.")


def _row(words: str, fit: PanelEstimate | None) -> tuple[str, ...]:
    if fit is None:
        return (words, NOT_ESTIMABLE, "", "", "")
    limits = f"{significant(fit.ci_low)} to {significant(fit.ci_high)}"
    return (words, significant(fit.estimate), limits, p_value(fit.pvalue), count(fit.nobs))
