"""The columns each kind of frame must have, and the checks that hold it to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified

Vector: TypeAlias = npt.NDArray[np.float64]

FLAT = 1e-24
"""Squared spread, relative to the squared size of the scores, that is rounding only."""

SCORES = ("team", "period", "n", "mean", "variance")


def check_scores(frame: pd.DataFrame) -> pd.DataFrame:
    """
    Hold a frame to the contract of team scores and return it in one order.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, >= 5)
        The moments of one side, one row per team, or per team and period:

        ``team``
            Name of the team, text, never missing.
        ``period``
            Ordinal of the period, whole, so that neighbours differ by one; missing
            (``None``, ``NaN`` or ``NA``) in every row where there are no periods.
        ``n``
            Respondents behind the row, at least 1; missing where unknown.
        ``mean``
            Mean of their person scores, in points; missing where nobody answered.
        ``variance``
            Variance of the person scores within the row (divisor ``n - 1``), in
            squared points; missing where unknown or where ``n`` is below 2.

    Returns
    -------
    DataFrame, shape (n_rows, 5)
        A copy with exactly these columns; ``team`` text, ``period`` nullable ``Int64``,
        the rest floats; sorted by team and period.

    Raises
    ------
    BadFrame
        If a column is missing, a value has no meaning, only some rows have a period,
        or a team stands twice in a period.

    Examples
    --------
    >>> frame = pd.DataFrame({"team": ["b", "a"], "mean": [4, 3], "n": 5, "variance": 1})
    >>> check_scores(frame.assign(period=None))["team"].tolist()
    ['a', 'b']
    """
    missing = [column for column in SCORES if column not in frame.columns]
    if missing:
        raise BadFrame(f"The scores lack the column {', '.join(missing)}.")
    if frame["team"].isna().any():
        raise BadFrame("A row of the scores names no team.")

    checked = pd.DataFrame({"team": frame["team"].astype(str).astype(object)})
    checked["period"] = _periods(frame["period"])
    for column in ("n", "mean", "variance"):
        checked[column] = _numbers(frame[column])
    if (checked["n"] < 1).any():
        raise BadFrame("A row of the scores counts fewer than one respondent.")
    if (checked["variance"] < 0).any():
        raise BadFrame("A variance within a team is below zero.")
    twice = checked.duplicated(["team", "period"])
    if twice.any():
        raise BadFrame(f"The team {checked.loc[twice, 'team'].iloc[0]!r} stands twice.")
    return checked.sort_values(["team", "period"], kind="stable", ignore_index=True)


def has_periods(scores: pd.DataFrame) -> bool:
    """Tell whether checked scores are by team and period."""
    return bool(len(scores)) and bool(scores["period"].notna().all())


def score_moments(rows: pd.DataFrame) -> pd.DataFrame:
    """
    Sum respondents up into team scores.

    Parameters
    ----------
    rows : DataFrame, shape (n_respondents, >= 2)
        One row per respondent with ``team`` (text), ``score`` (points) and, where there
        are periods, ``period`` (whole ordinal).  Rows without a score do not count.

    Returns
    -------
    DataFrame
        Team scores as `check_scores` describes them.

    Raises
    ------
    BadFrame
        If a column is missing or a score is not a finite number.

    Examples
    --------
    >>> rows = pd.DataFrame({"team": ["a", "a", "a", "b"], "score": [1.0, 2.0, 3.0, 4.0]})
    >>> score_moments(rows)[["team", "n", "mean", "variance"]].values.tolist()
    [['a', 3.0, 2.0, 1.0], ['b', 1.0, 4.0, nan]]
    """
    missing = [column for column in ("team", "score") if column not in rows.columns]
    if missing:
        raise BadFrame(f"The rows lack the column {', '.join(missing)}.")
    score = _numbers(rows["score"])
    period = rows["period"] if "period" in rows.columns else None
    tidy = pd.DataFrame({"team": rows["team"], "period": period, "score": score})
    tidy = tidy[tidy["score"].notna()]
    by_period = bool(len(tidy)) and bool(tidy["period"].notna().any())
    keys = ["team", "period"] if by_period else ["team"]
    if tidy[keys].isna().any(axis=None):
        raise BadFrame("A respondent has a score but no team or no period.")
    groups = tidy.groupby(keys, sort=True)["score"]
    parts = {"n": groups.count(), "mean": groups.mean(), "variance": groups.var()}
    moments = pd.DataFrame(parts).reset_index()
    if not by_period:
        moments["period"] = None
    return check_scores(moments)


def over_periods(scores: pd.DataFrame) -> pd.DataFrame:
    """
    Pool the periods of each team into one row, respondent by respondent.

    Parameters
    ----------
    scores : DataFrame
        Checked team scores, with or without periods.

    Returns
    -------
    DataFrame
        One row per team: ``n`` summed, ``mean`` and ``variance`` those of all its
        respondents of all periods together.  Rows without ``n`` or ``mean`` make
        the team's figures missing.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {"team": "a", "period": [1, 2], "n": 2, "mean": [1.0, 3.0], "variance": 0.0}
    ... )
    >>> over_periods(check_scores(frame))[["n", "mean", "variance"]].values.round(4).tolist()
    [[4.0, 2.0, 1.3333]]
    """
    if not has_periods(scores):
        return scores
    team, n = scores["team"], scores["n"]
    known = (n.notna() & scores["mean"].notna()).groupby(team).transform("all")
    rows = scores[known].assign(total=n * scores["mean"])
    sums = rows.groupby("team")[["n", "total"]].sum()
    centre = rows["team"].map(sums["total"] / sums["n"])
    # A lone respondent has no variance, yet belongs to the spread of the team.
    inside = (rows["n"] - 1) * rows["variance"].where(rows["n"] > 1, 0.0)
    rows["square"] = inside + rows["n"] * (rows["mean"] - centre) ** 2
    square = rows.groupby("team")["square"].agg(_sum_if_all_known)

    pooled = pd.DataFrame({"team": sorted(team.unique())}).set_index("team")
    pooled["n"] = sums["n"]
    pooled["mean"] = sums["total"] / sums["n"]
    pooled["variance"] = square / (sums["n"] - 1).where(sums["n"] > 1)
    return check_scores(pooled.reset_index().assign(period=None))


def team_means(scores: pd.DataFrame, *, within_variance: float | None = None) -> pd.DataFrame:
    """
    Reduce checked scores to one row per team: the plain mean of its periods.

    Parameters
    ----------
    scores : DataFrame
        Checked team scores without missing means.
    within_variance : float, optional
        Variance of person scores within teams, for the standard errors.

    Returns
    -------
    DataFrame, shape (n_teams, 5)
        ``team``, ``n_periods``, ``n`` (respondents, missing where any is unknown),
        ``mean``, ``std_error`` (missing where `n` or `within_variance` is unknown).

    Examples
    --------
    >>> frame = pd.DataFrame({"team": "a", "period": [1, 2], "n": 4, "variance": 1.0})
    >>> teams = team_means(frame.assign(mean=[2.0, 3.0]), within_variance=1.0)
    >>> teams[["n_periods", "n", "mean", "std_error"]].values.round(4).tolist()
    [[2.0, 8.0, 2.5, 0.3536]]
    """
    variance = np.nan if within_variance is None else within_variance
    if not has_periods(scores):
        # A row is a team already; grouping would cost more than all the rest.
        alone = scores[["team", "n", "mean"]].assign(
            n_periods=1, std_error=np.sqrt(variance / scores["n"])
        )
        return alone[["team", "n_periods", "n", "mean", "std_error"]]
    groups = scores.assign(inverse=1 / scores["n"]).groupby("team", sort=True)
    n_periods = groups.size()
    n = groups["n"].sum().where(groups["n"].count() == n_periods)
    share = groups["inverse"].sum().where(n.notna()) / n_periods**2
    parts = {
        "n_periods": n_periods,
        "n": n.astype(float),
        "mean": groups["mean"].mean(),
        "std_error": np.sqrt(variance * share),
    }
    return pd.DataFrame(parts).reset_index()


def check_pair(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Vector, Vector]:
    """
    Hold two columns of team scores to one length and finite values.

    Raises
    ------
    BadFrame
        If they differ in length, are not flat, or hold a value that is not finite.
    """
    first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if first.ndim != 1 or first.shape != second.shape:
        raise BadFrame("The two columns of team scores differ in length.")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise BadFrame("A team score is missing or not finite.")
    return first, second


def team_columns(frame: pd.DataFrame, names: Sequence[str]) -> npt.NDArray[np.float64]:
    """
    Take columns of a table of teams as numbers, in the order named.

    Raises
    ------
    BadFrame
        If one is missing, named twice, or holds a value that is not finite.

    Examples
    --------
    >>> team_columns(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), ["b"]).tolist()
    [[3.0], [4.0]]
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise BadFrame(f"The teams lack the column {', '.join(missing)}.")
    if len(set(names)) < len(names):
        raise BadFrame("A column is named twice.")
    values = np.column_stack([_numbers(frame[name]) for name in names])
    if not np.isfinite(values).all():
        raise BadFrame("A team score is missing or not finite.")
    return values


def check_enough(n: int, *, least: int = 3) -> None:
    """Refuse, with `NotEnoughTeams`, fewer teams than a figure needs."""
    if n < least:
        raise NotEnoughTeams(f"{n} teams are linked; at least {least} are needed.")


def check_varied(deviations: Vector, *, values: Vector) -> Vector:
    """Refuse, with `NotIdentified`, deviations that are rounding only beside the values."""
    if (deviations**2).sum() <= FLAT * max(1e-300, float((values**2).sum())):
        raise NotIdentified("A score is the same in every team.")
    return deviations


def centred(values: Vector) -> Vector:
    """Take the mean off, or refuse with `NotIdentified` values that do not vary."""
    return check_varied(values - values.mean(), values=values)


def _sum_if_all_known(column: pd.Series) -> float:
    return float(column.sum(skipna=False))


def _periods(column: pd.Series) -> pd.Series:
    known = column.notna()
    if not known.any():
        return pd.Series(pd.NA, index=column.index, dtype="Int64")
    if not known.all():
        raise BadFrame("Some rows of the scores have a period and some have none.")
    numbers = _numbers(column)
    if (numbers != numbers.round()).any():
        raise BadFrame("A period is not a whole number.")
    return numbers.astype("int64").astype("Int64")


def _numbers(column: pd.Series) -> pd.Series:
    try:
        numbers = pd.to_numeric(column).astype(float)
    except (TypeError, ValueError) as error:
        raise BadFrame(f"The column {column.name} holds something that is no number.") from error
    if np.isinf(numbers).any():
        raise BadFrame(f"The column {column.name} holds a figure without end.")
    return numbers
