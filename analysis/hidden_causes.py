"""How strong a hidden cause would have to be to explain a link away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clusters import Matrix
from analysis.errors import NotEnoughTeams, NotIdentified
from analysis.frames import FLAT, Vector, team_columns
from analysis.slopes import t_pvalue
from analysis.summary import Summary, count, fixed, p_value, percent, significant

LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """
    A hidden cause so many times as strong as one that was observed.

    Attributes
    ----------
    name : str
        The observed covariate.
    times : float
        How many times as strong.
    r2_predictor, r2_outcome : float
        What such a cause would explain of what is left of the predictor, and of the outcome.
    estimate, std_error, ci_low, ci_high : float
        The slope with it in the regression; limits of the 95% interval.
    """

    name: str
    times: float
    r2_predictor: float
    r2_outcome: float
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """
    A slope beside covariates, and what it would take to explain it away.

    Attributes
    ----------
    outcome, predictor : str
    estimate, std_error, ci_low, ci_high, pvalue : float
        Least squares with classical errors.
    statistic : float
        t.
    df : int
    partial_r2 : float
        What the predictor explains of the outcome once the covariates are taken out.
    robustness_value : float
        Share of what is left of both that a hidden cause must explain to bring the slope to
        zero.
    robustness_value_at : float
        The same, to bring it where the 95% interval holds zero.
    benchmarks : tuple of Benchmark
    nobs : int
        Teams.
    """

    outcome: str
    predictor: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    pvalue: float
    statistic: float
    df: int
    partial_r2: float
    robustness_value: float
    robustness_value_at: float
    benchmarks: tuple[Benchmark, ...]
    nobs: int

    def summary(self) -> Summary:
        """Lay the sensitivity out for reading."""
        limits = f"{significant(self.ci_low)} to {significant(self.ci_high)}"
        both = f"of what is left of {self.predictor} and of {self.outcome}"
        return Summary(
            title="How strong a hidden cause would have to be",
            columns=("", "Slope", "95% interval", "p"),
            rows=(
                ("As observed", significant(self.estimate), limits, p_value(self.pvalue)),
                *(_benchmark_row(mark) for mark in self.benchmarks),
            ),
            notes=(
                f"A hidden cause that explains {percent(self.robustness_value)} {both} would "
                "explain the whole slope away; one of "
                f"{percent(self.robustness_value_at)} would let the interval reach zero.",
                *(_words(mark, self) for mark in self.benchmarks if mark.times == 1),
                f"{count(self.nobs)} teams.",
            ),
        )


def sensitivity(
    frame: pd.DataFrame,
    *,
    outcome: str,
    predictor: str,
    covariates: Sequence[str] = (),
    times: Sequence[float] = (1.0,),
) -> Sensitivity:
    """
    Ask what a hidden cause would need to explain a slope across teams away.

    Parameters
    ----------
    frame : DataFrame, shape (n_teams, >= 2)
        One row per team, each column in points of its own scale; finite.
    outcome, predictor : str
        Names of two columns.
    covariates : sequence of str, optional
        Names of columns that are held constant, and that serve as benchmarks.
    times : sequence of float, optional
        How many times as strong as each covariate the hidden cause of a benchmark is.

    Returns
    -------
    Sensitivity

    Raises
    ------
    BadFrame
        If a column is missing, named twice, or holds a value that is not finite.
    NotEnoughTeams
        If fewer than two degrees of freedom are left.
    NotIdentified
        If the columns are not independent of each other, or a hidden cause that strong
        cannot exist.

    Notes
    -----
    Robustness values and benchmarks are those of Cinelli and Hazlett [1]_.  They say how
    strong a cause must be, never whether there is one.  The errors are classical.

    References
    ----------
    .. [1] Cinelli, C. and Hazlett, C. (2020), "Making sense of sensitivity: extending
       omitted variable bias", Journal of the Royal Statistical Society B 82(1), 39-67.

    Examples
    --------
    >>> teams = pd.DataFrame({"x": [1.0, 2, 3, 4, 5, 6], "size": [3.0, 1, 2, 5, 2, 4]})
    >>> teams["y"] = teams["x"] + [0.5, -0.5, 1.0, -1.0, 0.5, 0.0]
    >>> found = sensitivity(teams, outcome="y", predictor="x", covariates=["size"])
    >>> round(found.robustness_value, 4), round(found.benchmarks[0].estimate, 4)
    (0.8909, 0.9219)
    """
    names = [outcome, predictor, *covariates]
    columns = team_columns(frame, names)
    n, df = len(columns), len(columns) - len(covariates) - 2
    if df < 2:
        raise NotEnoughTeams(f"{n} teams are linked; at least {len(covariates) + 4} are needed.")
    y, x, held = columns[:, 0], columns[:, 1], columns[:, 2:]
    left_y, left_x = _left(y, held), _left(x, held)
    spread = float((left_x**2).sum())
    estimate = float((left_x * left_y).sum()) / spread
    residual = left_y - estimate * left_x
    std_error = float(np.sqrt((residual**2).sum() / df / spread))
    if std_error == 0:
        raise NotIdentified("The predictor explains the outcome without remainder.")
    t = estimate / std_error
    half = float(stats.t.ppf(1 - LEVEL / 2, df)) * std_error
    marks = [
        _benchmark(columns, index, estimate=estimate, std_error=std_error, times=k)
        for index in range(len(covariates))
        for k in times
    ]
    return Sensitivity(
        outcome=outcome,
        predictor=predictor,
        estimate=estimate,
        std_error=std_error,
        ci_low=estimate - half,
        ci_high=estimate + half,
        pvalue=t_pvalue(estimate, std_error, df=df),
        statistic=t,
        df=df,
        partial_r2=t**2 / (t**2 + df),
        robustness_value=robustness_value(t, df=df),
        robustness_value_at=robustness_value(t, df=df, alpha=LEVEL),
        benchmarks=tuple(
            Benchmark(name=covariates[i // len(times)], **mark) for i, mark in enumerate(marks)
        ),
        nobs=n,
    )


def robustness_value(
    statistic: float, *, df: float, share: float = 1.0, alpha: float = 1.0
) -> float:
    """
    Compute how much of predictor and outcome a hidden cause must explain to undo a slope.

    Parameters
    ----------
    statistic : float
        t of the slope.
    df : float
        Its degrees of freedom, above 1.
    share : float, optional
        Share of the slope that is to be explained away.
    alpha : float, optional
        Level at which the rest must no longer differ from zero; 1 for the slope itself.

    Returns
    -------
    float
        From 0 to 1: share of what is left of both once the covariates are taken out.

    Notes
    -----
    With ``f = share * |t| / sqrt(df) - f*``, where ``f*`` is the quantile of t at `alpha` on
    ``df - 1`` degrees of freedom over ``sqrt(df - 1)``, it is
    ``(sqrt(f**4 + 4 f**2) - f**2) / 2``; where the first part is above ``1 / f*`` a cause
    that leaves the outcome alone is the stronger threat, and it is
    ``(f1**2 - f***2) / (1 + f1**2)`` with that first part ``f1``.

    Examples
    --------
    >>> round(robustness_value(4.18445, df=783), 4)
    0.1388
    >>> round(robustness_value(4.18445, df=783, alpha=0.05), 4)
    0.0763
    """
    if df <= 1:
        raise NotEnoughTeams("There are too few teams for a robustness value.")
    first = share * abs(statistic) / float(np.sqrt(df))
    limit = abs(float(stats.t.ppf(alpha / 2, df - 1))) / float(np.sqrt(df - 1))
    f = first - limit
    if f <= 0:
        return 0.0
    if first * limit > 1:
        return (first**2 - limit**2) / (1 + first**2)
    return (float(np.sqrt(f**4 + 4 * f**2)) - f**2) / 2


def _benchmark(
    columns: Matrix,
    index: int,
    *,
    estimate: float,
    std_error: float,
    times: float,
) -> dict[str, float]:
    """Bound a hidden cause by one covariate, and give the slope beside such a cause."""
    y, x, held = columns[:, 0], columns[:, 1], columns[:, 2:]
    mark, others = held[:, index], np.delete(held, index, axis=1)
    df = len(y) - held.shape[1] - 2
    of_x = _partial_r2(_left(x, others), _left(mark, others))
    beside_x = np.column_stack([others, x])
    of_y = _partial_r2(_left(y, beside_x), _left(mark, beside_x))
    r2_predictor = times * of_x / (1 - of_x)
    if r2_predictor >= 1:
        raise NotIdentified("No hidden cause can be that many times as strong.")
    shared = times * of_x**2 / ((1 - times * of_x) * (1 - of_x))
    if shared >= 1:
        raise NotIdentified("No hidden cause can be that many times as strong.")
    bound = ((np.sqrt(times) + np.sqrt(shared)) / np.sqrt(1 - shared)) ** 2 * of_y / (1 - of_y)
    r2_outcome = min(1.0, float(bound))
    bias = np.sqrt(r2_outcome * r2_predictor / (1 - r2_predictor)) * std_error * np.sqrt(df)
    moved = float(np.sign(estimate) * (abs(estimate) - bias))
    error = float(
        np.sqrt((1 - r2_outcome) / (1 - r2_predictor)) * std_error * np.sqrt(df / (df - 1))
    )
    half = float(stats.t.ppf(1 - LEVEL / 2, df - 1)) * error
    return {
        "times": float(times),
        "r2_predictor": float(r2_predictor),
        "r2_outcome": r2_outcome,
        "estimate": moved,
        "std_error": error,
        "ci_low": moved - half,
        "ci_high": moved + half,
    }


def _left(values: Vector, held: Matrix) -> Vector:
    """Take the mean and the covariates out, or refuse what they explain wholly."""
    design = np.column_stack([np.ones(len(values)), held])
    basis, _ = np.linalg.qr(design)
    left = values - basis @ (basis.T @ values)
    left = left - basis @ (basis.T @ left)
    if (left**2).sum() <= FLAT * max(1e-300, float((values**2).sum())):
        raise NotIdentified("A column does not vary once the others are taken out.")
    return np.asarray(left)


def _partial_r2(first: Vector, second: Vector) -> float:
    product = float((first * second).sum()) ** 2
    return product / float((first**2).sum() * (second**2).sum())


def _benchmark_row(mark: Benchmark) -> tuple[str, ...]:
    often = "" if mark.times == 1 else f"{fixed(mark.times, 1)} times "
    limits = f"{significant(mark.ci_low)} to {significant(mark.ci_high)}"
    words = f"With a hidden cause {often}as strong as {mark.name}"
    return (words, significant(mark.estimate), limits, "")


def _words(mark: Benchmark, found: Sensitivity) -> str:
    return (
        f"For comparison: a cause as strong as {mark.name} explains at most "
        f"{percent(mark.r2_predictor, 1)} of what is left of {found.predictor} and "
        f"{percent(mark.r2_outcome, 1)} of {found.outcome}."
    )
