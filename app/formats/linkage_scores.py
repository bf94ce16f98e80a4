"""One side's rows as team scores; whatever is left out is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import LinkageWarning, cronbach_alpha, pairwise_covariance, score_moments
from app.formats import cells
from app.formats.errors import BadFile
from app.formats.linkage_options import Item, SideOptions
from app.formats.tables import Table

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SideScores:
    """
    One side as its file gives it, before the two are brought together.

    `scores` has the columns of `analysis.check_scores`, one row for every team (and
    period) of the file, whatever its size.
    """

    options: SideOptions
    table: Table
    scores: pd.DataFrame
    alpha: float | None
    top_share: float | None
    periods: cells.Periods | None
    n_used: int
    left_out: dict[str, int]
    warnings: list[LinkageWarning] = field(default_factory=list)

    @property
    def counts_known(self) -> bool:
        """Whether the file tells how many people stand behind each score."""
        return not self.options.is_team_level or self.options.n is not None


def read_scores(table: Table, options: SideOptions) -> SideScores:
    """Turn a side's rows into team scores, or raise `BadFile`."""
    answers = np.column_stack([_answers(table, item, options) for item in options.items])
    periods = cells.periods(table, options.period) if options.period is not None else None
    rows, reasons = _rows(table, options, answers=answers, periods=periods)
    used, left_out = _sift(reasons, len(rows))
    if not used.any():
        what = " and ".join(f"{n:,} have {reason}" for reason, n in left_out.items())
        raise BadFile(f"{table.path.name} has no row that can be used: {what}; check the columns.")
    warnings = _remarks(table, options, periods)
    if options.is_team_level:
        scores, n_twice = _team_rows(rows[used], table=table, options=options, warnings=warnings)
        if n_twice:
            left_out["a team that stands twice"] = n_twice
        alpha = top_share = None
    else:
        keys = ["team", "score"] + (["period"] if periods is not None else [])
        scores = score_moments(rows.loc[used, keys])
        # Of what the score is the mean of: with nps and top2, the answers as they count.
        alpha = _alpha(_measured(table, answers, options)[used])
        top_share = _top_share(answers[used], options)
    return SideScores(
        options=options,
        table=table,
        scores=scores,
        alpha=alpha,
        top_share=top_share,
        periods=periods,
        n_used=table.n_rows - sum(left_out.values()),
        left_out=left_out,
        warnings=warnings,
    )


def _rows(
    table: Table, options: SideOptions, *, answers: Vector, periods: cells.Periods | None
) -> tuple[pd.DataFrame, list[tuple[str, npt.NDArray[np.bool_]]]]:
    """Give every row its team, period, score and count, and what speaks against which row."""
    metric = _measured(table, answers, options)
    n_answered = (~np.isnan(metric)).sum(axis=1)
    nothing = np.full(len(metric), np.nan)
    score = np.divide(np.nansum(metric, axis=1), n_answered, out=nothing, where=n_answered > 0)
    rows = pd.DataFrame({"row": np.asarray(table.row_numbers), "score": score})
    rows["team"] = cells.team_names(table, options.team)
    reasons = [("no team", (rows["team"] == "").to_numpy())]
    if periods is not None:
        rows["period"] = periods.ordinals
        reasons.append(("no period", ~periods.known))
    reasons.append(("no score", np.isnan(score)))
    if options.n is not None:
        rows["n"] = _counts(table, options.n)
        reasons.append((f"no {options.n}", ~(rows["n"] > 0).to_numpy()))
    return rows, reasons


def _answers(table: Table, item: Item, options: SideOptions) -> Vector:
    """Read one item's answers, turned round where it is reversed."""
    values = cells.numbers(table, item.column)
    if options.scale is None:
        return values
    refusal = cells.refuse_outside(table, item.column, values=values, scale=options.scale)
    if refusal is not None:
        raise refusal
    return options.scale[0] + options.scale[1] - values if item.is_reversed else values


def _measured(table: Table, answers: Vector, options: SideOptions) -> Vector:
    """Count each answer as the metric asks, item by item."""
    if options.metric == "mean" or options.scale is None:
        return answers
    if options.metric == "nps":
        for place, item in enumerate(options.items):
            broken = np.flatnonzero(answers[:, place] % 1 > 0)
            if len(broken):
                code = table.columns[item.column].codes[int(broken[0])]
                why = "is not a whole number, which nps needs; use --customer-metric mean."
                raise cells.refuse_cell(table, item.column, code=code, why=why)
        points = np.where(answers >= 9, 100.0, np.where(answers <= 6, -100.0, 0.0))
    else:
        points = (answers >= options.scale[1] - 1).astype(float)
    return np.where(np.isnan(answers), np.nan, points)


def _counts(table: Table, column: str) -> Vector:
    """Read how many people stand behind each row."""
    values = cells.numbers(table, column)
    wrong = np.flatnonzero((values < 0) | (values % 1 > 0))
    if len(wrong):
        code = table.columns[column].codes[int(wrong[0])]
        raise cells.refuse_cell(
            table, column, code=code, why="is no number of people; write a whole number."
        )
    return values


def _sift(
    reasons: list[tuple[str, npt.NDArray[np.bool_]]], n_rows: int
) -> tuple[npt.NDArray[np.bool_], dict[str, int]]:
    """Keep the rows against which nothing speaks; count each other row under one reason."""
    used, left_out = np.ones(n_rows, dtype=bool), {}
    for reason, against in reasons:
        n = int((used & against).sum())
        if n:
            left_out[reason] = n
        used &= ~against
    return used, left_out


def _team_rows(
    rows: pd.DataFrame, *, table: Table, options: SideOptions, warnings: list[LinkageWarning]
) -> tuple[pd.DataFrame, int]:
    """Take one row per team (and period), and say what was done about teams that recur."""
    keys = ["team"] + (["period"] if "period" in rows else [])
    figures = ["score"] + (["n"] if "n" in rows else [])
    first = rows.drop_duplicates(keys)
    again = rows[rows.duplicated(keys)]
    if len(again):
        differing = again.merge(first, on=keys, suffixes=("", "_first"))
        unequal = np.zeros(len(differing), dtype=bool)
        for name in figures:
            unequal |= (differing[name] != differing[f"{name}_first"]).to_numpy()
        differing = differing[unequal]
        if len(differing) and options.on_duplicate == "refuse":
            raise _stands_twice(table, differing.iloc[0], n_more=len(differing) - 1)
        names = _some(sorted(set(again["team"])))
        rule = "the first row of each was taken" if len(differing) else "they agree and count once"
        text = f"{table.path.name}: {len(again):,} rows repeat a team ({names}); {rule}."
        warnings.append(LinkageWarning(code="duplicate_rows", text=text))
    scores = pd.DataFrame({"team": first["team"], "period": first.get("period", None)})
    scores["n"] = first.get("n", np.nan)
    scores["mean"], scores["variance"] = first["score"], np.nan
    return scores.reset_index(drop=True), len(again)


def _stands_twice(table: Table, again: pd.Series, *, n_more: int) -> BadFile:
    more = f" (and {n_more:,} more rows like it)" if n_more else ""
    return BadFile(
        f'{table.path.name}: team "{again["team"]}" stands in rows {again["row_first"]} and'
        f" {again['row']} with different figures{more}; correct the file or add"
        " --on-duplicate first."
    )


def _some(names: list[str], limit: int = 5) -> str:
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _alpha(answers: Vector) -> float | None:
    """Compute alpha from the covariances of each pair of items, where it can be."""
    if answers.shape[1] < 2:
        return None
    return cronbach_alpha(pairwise_covariance(pd.DataFrame(answers)))


def _top_share(answers: Vector, options: SideOptions) -> float | None:
    """Tell what share of the answers stands at the top of the scale."""
    given = answers[~np.isnan(answers)]
    if options.scale is None or not len(given):
        return None
    return float((given == options.scale[1]).mean())


def _remarks(
    table: Table, options: SideOptions, periods: cells.Periods | None
) -> list[LinkageWarning]:
    """Say what a reader should know about the way this file was read."""
    warnings = [LinkageWarning(code=code, text=text) for code, text in table.notes]
    n_spelled = cells.n_spelled_missing(table, options.team)
    if n_spelled:
        spelled = Counter(
            text
            for text in table.columns[options.team].values
            if text and not cells.team_name(text)
        )
        text = (
            f"{table.path.name}: {n_spelled:,} rows name the team {_some(sorted(spelled))}, which"
            " was read as no team; if a team has that name, rename it."
        )
        warnings.append(LinkageWarning(code="team_name_missing", text=text))
    if periods is not None:
        warnings.extend(_period_remarks(table, periods))
    return warnings


def _period_remarks(table: Table, periods: cells.Periods) -> list[LinkageWarning]:
    ordinals = sorted(periods.labels)
    if periods.kind == "whole numbers" and cells.look_like_months(ordinals):
        text = (
            f"{table.path.name}: periods such as {ordinals[0]} look like a year and a month but"
            " count as plain numbers; write 2024-05 so that December is followed by January."
        )
        return [LinkageWarning(code="periods_look_like_months", text=text)]
    apart = all(b - a > 1 for a, b in zip(ordinals, ordinals[1:], strict=False))
    if periods.kind == "days" and len(ordinals) > 1 and apart:
        text = (
            f"{table.path.name}: the periods are days and none follows on another, so nothing can"
            " be compared with the period before; write months (2024-05) or quarters (2024-Q2)."
        )
        return [LinkageWarning(code="periods_are_days", text=text)]
    return []
