"""Effects of single dates and periods put together, with errors that know what teams share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.clusters import Matrix
from analysis.errors import NotIdentified
from analysis.frames import Vector
from analysis.trial_results import PretrendTest, TrialEffect

FIGURES = ("estimate", "std_error", "ci_low", "ci_high", "pvalue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Effects by start and period, with what each team adds to the error of each."""

    start: Vector
    period: Vector
    estimate: Vector
    influence: Matrix
    n_started: npt.NDArray[np.int64]
    n_compared: npt.NDArray[np.int64]
    membership: Matrix
    """Per team and cell 1 where the team belongs to the cell's start."""


Piece = tuple[float, float, Vector]
"""A label, an estimate, and what each team adds to its error."""


def _weighted(cells: Cells, which: npt.NDArray[np.bool_]) -> tuple[float, Vector]:
    """Average cells by the size of their start, and allow for estimating these sizes."""
    sizes = cells.membership[:, which].mean(axis=0)
    total = float(sizes.sum())
    moved = (cells.membership[:, which] - sizes) / len(cells.membership)
    of_weights = moved / total - moved.sum(axis=1, keepdims=True) * sizes / total**2
    estimates = cells.estimate[which]
    weights = sizes / total
    influence = cells.influence[:, which] @ weights + of_weights @ estimates
    return float(weights @ estimates), np.asarray(influence)


def pieces_of(cells: Cells, by: Vector, *, name: str) -> list[Piece]:
    """Average the cells of each time since the change, each start, or each period."""
    since = cells.period >= cells.start
    relevant = np.ones_like(since) if name == "time" else since
    return [
        (float(value), *_weighted(cells, relevant & (by == value)))
        for value in np.unique(by[relevant])
    ]


def averages_of(cells: Cells, pieces: dict[str, list[Piece]]) -> dict[str, TrialEffect]:
    """Average over all cells since the change, and over the averages of each kind."""
    since = cells.period >= cells.start
    if not since.any():
        raise NotIdentified("No team is left to compare with after the change.")
    found = {"team_period": _weighted(cells, since)}
    for name in ("time", "period"):
        used = [piece for piece in pieces[name] if name == "period" or piece[0] >= 0]
        found[name] = _mean(used)
    first = [int(np.flatnonzero(cells.start == value)[0]) for value, *_ in pieces["start"]]
    found["start"] = _weighted(
        Cells(
            start=cells.start[first],
            period=cells.start[first],
            estimate=np.array([piece[1] for piece in pieces["start"]]),
            influence=np.column_stack([piece[2] for piece in pieces["start"]]),
            n_started=cells.n_started[first],
            n_compared=cells.n_compared[first],
            membership=cells.membership[:, first],
        ),
        np.ones(len(first), dtype=bool),
    )
    order = ("team_period", "time", "start", "period")
    return {name: effect_of(found[name][0], _error(found[name][1])) for name in order}


def _mean(pieces: list[Piece]) -> tuple[float, Vector]:
    estimate = float(np.mean([piece[1] for piece in pieces]))
    return estimate, np.asarray(np.mean([piece[2] for piece in pieces], axis=0))


def _error(influence: Vector) -> float:
    return float(np.sqrt((influence**2).sum()))


def pretrend_of(cells: Cells) -> PretrendTest | None:
    """Test all steps before the change at once, where they are not tied to each other."""
    before = (cells.period < cells.start) & (np.abs(cells.influence).max(axis=0) > 0)
    df = int(before.sum())
    if df == 0:
        return None
    parts, steps = cells.influence[:, before], cells.estimate[before]
    covariance = parts.T @ parts
    if np.linalg.matrix_rank(covariance, hermitian=True) < df:
        return None
    statistic = float(steps @ np.linalg.solve(covariance, steps))
    return PretrendTest(statistic=statistic, df=df, pvalue=float(stats.chi2.sf(statistic, df)))


def effect_of(estimate: float, std_error: float, *, df: float = np.inf) -> TrialEffect:
    """Put an interval around an estimate, or refuse, with `NotIdentified`, one without error."""
    if std_error <= 0 or not np.isfinite([estimate, std_error]).all():
        raise NotIdentified("The teams do not differ enough for an error of the effect.")
    half = float(stats.t.ppf(0.975, df)) * std_error
    return TrialEffect(
        estimate=estimate,
        std_error=std_error,
        ci_low=estimate - half,
        ci_high=estimate + half,
        pvalue=float(2 * stats.t.sf(abs(estimate) / std_error, df)),
    )


def cell_frame(cells: Cells) -> pd.DataFrame:
    """List the effects of each start and period."""
    pieces = [
        (0.0, float(estimate), influence)
        for estimate, influence in zip(cells.estimate, cells.influence.T, strict=True)
    ]
    frame = frame_of("start", pieces)
    frame["start"] = cells.start.astype(int)
    frame.insert(1, "period", cells.period.astype(int))
    return frame.assign(n_started=cells.n_started, n_compared=cells.n_compared)


def frame_of(name: str, pieces: list[Piece]) -> pd.DataFrame:
    """List averages under the name of their label; what is zero by definition has no error."""
    rows = []
    for label, estimate, influence in pieces:
        error = _error(influence)
        known = effect_of(estimate, error) if error > 0 else None
        figures = (
            [getattr(known, figure) for figure in FIGURES] if known else [estimate] + [np.nan] * 4
        )
        rows.append([int(label), *figures])
    return pd.DataFrame(rows, columns=[name, *FIGURES])
