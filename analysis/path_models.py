"""Several regressions in a row, and what passes along them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from statsmodels.regression.linear_model import OLS

from analysis.bootstraps import drawn_sums
from analysis.clusters import Matrix
from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified
from analysis.frames import Vector
from analysis.path_results import IndirectEffect, PathCoefficient, PathModel
from analysis.slopes import t_pvalue

LEAST_TEAMS = 12
PER_PREDICTOR = 5
FULL_LEVERAGE = 1 - 1e-10
WORST_CONDITION = 1e10
MOST_LOST = 0.01
"""Share of draws that may leave a coefficient open before its interval is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """
    One fitted regression, all columns in standard deviations.

    Attributes
    ----------
    outcome : str
    predictors : tuple of str
    rows : ndarray, shape (n_all_teams, k + 2)
        A column of ones, predictors and outcome; all zero where a team lacks one of them.
    estimate, std_error : ndarray, shape (k,)
        Of the predictors; errors are HC3.
    df : int
    r_squared : float
    n_teams : int
    """

    outcome: str
    predictors: tuple[str, ...]
    rows: Matrix
    estimate: Vector
    std_error: Vector
    df: int
    r_squared: float
    n_teams: int


def path_model(
    teams: pd.DataFrame,
    equations: Mapping[str, Sequence[str]],
    *,
    rng: np.random.Generator,
    paths: Sequence[Sequence[str]] = (),
    n_resamples: int = 5_000,
) -> PathModel:
    """
    Fit one regression per outcome, and multiply coefficients along paths.

    Parameters
    ----------
    teams : DataFrame, shape (n_teams, n_columns)
        One row per team, in points; a missing value leaves the team out of those
        regressions that need it.
    equations : mapping of str to sequence of str
        For each outcome the columns it is regressed on.
    rng : numpy.random.Generator
    paths : sequence of sequence of str, optional
        Columns in order, each among the predictors of the next.
    n_resamples : int, optional
        Draws of teams with replacement for the intervals of the products.

    Returns
    -------
    PathModel

    Raises
    ------
    BadFrame
        If a column is missing or no number, or a path takes a step that no equation has.
    NotEnoughTeams
        If a regression has fewer than 12 teams, or fewer than 5 per predictor.
    NotIdentified
        If a column does not vary, or predictors move as one.

    Notes
    -----
    Least squares for each outcome, which for equations without loops is maximum likelihood;
    HC3 errors and t.  A product of coefficients has no symmetric distribution, so its
    interval is the percentile interval over draws of whole teams, the same teams for all
    equations [1]_.  Standardised figures use the standard deviations of all known values,
    held over the draws.

    References
    ----------
    .. [1] MacKinnon, D. P., Lockwood, C. M. and Williams, J. (2004), "Confidence limits for
       the indirect effect", Multivariate Behavioral Research 39(1), 99-128.

    Examples
    --------
    >>> i = np.arange(30.0)
    >>> teams = pd.DataFrame({"a": np.sin(i), "b": 2 * np.sin(i) + np.cos(5 * i)})
    >>> teams["c"] = 3 * teams["b"] + np.sin(11 * i)
    >>> model = path_model(teams, {"b": ["a"], "c": ["b", "a"]}, paths=[("a", "b", "c")],
    ...                    rng=np.random.default_rng(1), n_resamples=200)
    >>> product = model.indirect[0]
    >>> first, second = (model.coefficient(*step) for step in (("a", "b"), ("b", "c")))
    >>> bool(np.isclose(product.estimate, first.estimate * second.estimate))
    True
    """
    names = list(dict.fromkeys([*equations, *(p for x in equations.values() for p in x)]))
    values = _numbers(teams, names)
    spread = values.std(ddof=1)
    fitted = {
        outcome: fit_equation(values, outcome, predictors=tuple(predictors))
        for outcome, predictors in equations.items()
    }
    for path in paths:
        _check_path(path, fitted)
    drawn = _drawn(fitted, rng=rng, n_resamples=n_resamples) if paths else {}
    return PathModel(
        coefficients=tuple(
            found for equation in fitted.values() for found in _coefficients(equation, spread)
        ),
        indirect=tuple(
            _product(tuple(path), fitted, drawn=drawn, spread=spread) for path in paths
        ),
        r_squared={outcome: equation.r_squared for outcome, equation in fitted.items()},
        n_teams=len(values),
        n_resamples=n_resamples,
    )


def fit_equation(teams: pd.DataFrame, outcome: str, *, predictors: tuple[str, ...]) -> Equation:
    """
    Fit one regression in standard deviations, or refuse it as `path_model` does.

    Examples
    --------
    >>> i = np.arange(20.0)
    >>> found = fit_equation(pd.DataFrame({"x": np.sin(i), "y": np.cos(i)}), "y",
    ...                      predictors=("x",))
    >>> found.n_teams, found.df
    (20, 18)
    """
    names = [*predictors, outcome]
    if not predictors or len(set(names)) < len(names):
        raise BadFrame(f"The equation of {outcome} lacks predictors or names a column twice.")
    values = _numbers(teams, names)
    known = values.notna().all(axis=1).to_numpy()
    n, k = int(known.sum()), len(predictors)
    least = max(LEAST_TEAMS, PER_PREDICTOR * k)
    if n < least:
        raise NotEnoughTeams(f"{n} teams have all figures; {least} are needed for {k} predictors.")
    if any(values.loc[known, name].nunique() < 2 for name in names):
        raise NotIdentified("A score is the same in every team.")
    scaled = ((values - values.mean()) / values.std(ddof=1)).to_numpy()
    rows = np.where(known[:, None], np.column_stack([np.ones(len(values)), scaled]), 0.0)
    design, y = rows[known, :-1], rows[known, -1]
    if np.linalg.cond(design) > np.sqrt(WORST_CONDITION):
        raise NotIdentified("Predictors move as one, so they cannot be told apart.")
    basis = np.linalg.qr(design)[0]
    if (basis**2).sum(axis=1).max() > FULL_LEVERAGE:
        raise NotIdentified("A single team decides a coefficient alone.")
    fit = OLS(y, design).fit(cov_type="HC3", use_t=True)
    return Equation(
        outcome=outcome,
        predictors=predictors,
        rows=rows,
        estimate=np.asarray(fit.params[1:]),
        std_error=np.asarray(fit.bse[1:]),
        df=n - k - 1,
        r_squared=float(fit.rsquared),
        n_teams=n,
    )


def _numbers(teams: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    missing = [name for name in names if name not in teams.columns]
    if missing:
        raise BadFrame(f"The teams lack the column {', '.join(missing)}.")
    try:
        values = teams[list(names)].astype(float)
    except (TypeError, ValueError) as error:
        raise BadFrame("The teams hold something that is no number.") from error
    if np.isinf(values.to_numpy()).any():
        raise BadFrame("The teams hold a figure without end.")
    return values.reset_index(drop=True)


def _check_path(path: Sequence[str], fitted: Mapping[str, Equation]) -> None:
    if len(path) < 3:
        raise BadFrame("A path has two steps or more.")
    for start, end in zip(path, path[1:], strict=False):
        if end not in fitted or start not in fitted[end].predictors:
            raise BadFrame(f"No equation has the step from {start} to {end}.")


def _coefficients(equation: Equation, spread: pd.Series) -> list[PathCoefficient]:
    quantile = float(stats.t.ppf(0.975, equation.df))
    found = []
    for name, beta, error in zip(
        equation.predictors, equation.estimate.tolist(), equation.std_error.tolist(), strict=True
    ):
        points = float(spread[equation.outcome] / spread[name])
        low, high = beta - quantile * error, beta + quantile * error
        found.append(
            PathCoefficient(
                start=name,
                end=equation.outcome,
                estimate=beta * points,
                std_error=error * points,
                ci_low=low * points,
                ci_high=high * points,
                pvalue=t_pvalue(beta, error, df=equation.df),
                standardised=beta,
                standardised_ci_low=low,
                standardised_ci_high=high,
                n_teams=equation.n_teams,
            )
        )
    return found


def _drawn(
    fitted: Mapping[str, Equation], *, rng: np.random.Generator, n_resamples: int
) -> dict[str, Matrix]:
    """Fit every equation anew to the same draws of teams; one product gives all sums."""
    corners = {name: np.triu_indices(len(e.predictors) + 2) for name, e in fitted.items()}
    table = np.hstack(
        [e.rows[:, corners[n][0]] * e.rows[:, corners[n][1]] for n, e in fitted.items()]
    )
    sums = drawn_sums(table, rng=rng, n_resamples=n_resamples)
    found, at = {}, 0
    for name, (one, other) in corners.items():
        size = len(fitted[name].predictors) + 2
        square = np.empty((n_resamples, size, size))
        square[:, one, other] = square[:, other, one] = sums[:, at : at + len(one)]
        found[name] = _solved(square)
        at += len(one)
    return found


def _solved(square: npt.NDArray[np.float64]) -> Matrix:
    """Solve the normal equations of each draw; what is not determined is missing."""
    normal, right = square[:, :-1, :-1], square[:, :-1, -1]
    open_ended = np.linalg.cond(normal) > WORST_CONDITION
    if open_ended.mean() > MOST_LOST:
        raise NotIdentified("Too many draws of teams leave a coefficient open; more are needed.")
    safe = np.where(open_ended[:, None, None], np.eye(normal.shape[1]), normal)
    found = np.linalg.solve(safe, right[:, :, None])[:, 1:, 0]
    return np.asarray(np.where(open_ended[:, None], np.nan, found))


def _product(
    path: tuple[str, ...],
    fitted: Mapping[str, Equation],
    *,
    drawn: Mapping[str, Matrix],
    spread: pd.Series,
) -> IndirectEffect:
    estimate, draws = 1.0, np.ones(1)
    for start, end in zip(path, path[1:], strict=False):
        at = fitted[end].predictors.index(start)
        estimate *= float(fitted[end].estimate[at])
        draws = draws * drawn[end][:, at]
    low, high = np.nanquantile(draws, [0.025, 0.975]).tolist()
    points = float(spread[path[-1]] / spread[path[0]])
    return IndirectEffect(
        path=path,
        estimate=estimate * points,
        ci_low=low * points,
        ci_high=high * points,
        standardised=estimate,
        standardised_ci_low=low,
        standardised_ci_high=high,
        n_teams=min(fitted[end].n_teams for end in path[1:]),
    )
