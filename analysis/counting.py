"""From people's answers, or from histograms, to moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import lcm

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import BadFrame
from analysis.moments import LARGEST, Moments, Whole, counted, number_cells, whole
from analysis.summary import joined


def moments_of(
    rows: pd.DataFrame,
    *,
    items: Sequence[str],
    constructs: Mapping[str, Sequence[str]] | None = None,
) -> Moments:
    """
    Sum the answers of people up.

    Parameters
    ----------
    rows : DataFrame, shape (n_people, >= 1 + n_items)
        One row per person: ``team`` (text), where there are periods ``period`` (whole
        ordinal), and a column per item with whole points, reversed items already turned,
        missing where skipped.
    items : sequence of str
        The columns to count.
    constructs : mapping of str to sequence of str, optional
        Names of constructs and the items of each.  A person's score is the mean of the
        items the person answered, counted in parts that make it whole.

    Returns
    -------
    Moments

    Raises
    ------
    BadFrame
        If a column is missing, named twice or not whole, a person has no team or no period,
        or sums could run over.

    Examples
    --------
    >>> rows = pd.DataFrame({"team": ["a", "a", "b"], "q1": [4, 5, 2], "q2": [3, None, 2]})
    >>> moments = moments_of(rows, items=["q1", "q2"], constructs={"pride": ["q1", "q2"]})
    >>> moments.scores("pride")[["team", "n", "mean", "variance"]].values.tolist()
    [['a', 2.0, 4.25, 1.125], ['b', 1.0, 2.0, nan]]
    >>> moments.products[0].tolist()[0][:2], moments.parts
    ([41, 12], (1, 1, 2))
    """
    constructs = {} if constructs is None else constructs
    names = (*items, *constructs)
    if len(set(names)) < len(names):
        raise BadFrame("An item or construct is named twice.")
    missing = {"team", *items} - set(rows.columns)
    missing |= {item for used in constructs.values() for item in used} - set(items)
    if missing:
        raise BadFrame(f"The rows lack the column {joined(sorted(missing))}.")
    answers = np.column_stack([whole(rows[item]) for item in items])
    is_given = np.column_stack([rows[item].notna().to_numpy() for item in items])
    parts = [1] * len(items)
    for used in constructs.values():
        places = [list(items).index(item) for item in used]
        unit = lcm(*range(1, len(places) + 1))
        n = is_given[:, places].sum(axis=1)
        score = answers[:, places].sum(axis=1) * unit // np.maximum(n, 1)
        answers = np.column_stack([answers, score])
        is_given = np.column_stack([is_given, n > 0])
        parts.append(unit)
    largest = int(np.abs(answers).max(initial=0))
    if largest**2 * max(len(rows), 1) > LARGEST:
        raise BadFrame("These answers are too many or too large to be summed exactly.")
    return _summed(rows, answers, is_given, items=names, parts=tuple(parts))


def moments_from_counts(counts: pd.DataFrame) -> Moments:
    """
    Take moments from histograms alone, where nobody's answers are known together.

    Parameters
    ----------
    counts : DataFrame
        One row per team, period, item and value: ``team``, ``period`` (or none of them),
        ``item``, ``value`` (whole points), ``n`` (answers).

    Returns
    -------
    Moments
        Nobody is counted as having answered two items, so figures that need pairs are
        refused; the number of people is not known.

    Raises
    ------
    BadFrame
        If a column is missing or a figure is not whole or below zero.

    Examples
    --------
    >>> rows = pd.DataFrame({"team": "a", "item": "nps", "value": [0, 9, 10], "n": [1, 2, 1]})
    >>> moments_from_counts(rows).scores("nps")[["n", "mean"]].values.tolist()
    [[4.0, 7.0]]
    """
    missing = {"team", "item", "value", "n"} - set(counts.columns)
    if missing:
        raise BadFrame(f"The counts lack the column {joined(sorted(missing))}.")
    cells, cell = number_cells(counts)
    item, names = pd.factorize(counts["item"], sort=True)
    value, n = whole(counts["value"]), whole(counts["n"])
    if (item < 0).any() or counts[["value", "n"]].isna().any(axis=None) or (n < 0).any():
        raise BadFrame("A row of the counts has no item, no value, or a number below zero.")
    if float((value.astype(float) ** 2 * n).sum()) > LARGEST:
        raise BadFrame("These answers are too many or too large to be summed exactly.")
    shape = (len(cells), len(names), len(names))
    both, sums, products = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    for table, amount in ((both, n), (sums, n * value), (products, n * value**2)):
        np.add.at(table, (cell, item, item), amount)
    filled = pd.DataFrame({"cell": cell, "item": item, "value": value, "n": n})
    return Moments(
        cells=cells,
        items=tuple(str(name) for name in names),
        parts=(1,) * len(names),
        people=np.zeros(len(cells), dtype=np.int64),
        both=both,
        sums=sums,
        products=products,
        counts=counted(filled),
    )


def _summed(
    rows: pd.DataFrame,
    answers: Whole,
    is_given: npt.NDArray[np.bool_],
    *,
    items: tuple[str, ...],
    parts: tuple[int, ...],
) -> Moments:
    cells, cell = number_cells(rows)
    order = np.argsort(cell, kind="stable")
    cell, answers, given = cell[order], answers[order], is_given[order].astype(np.int64)
    answers = answers * given
    starts = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
    tables = {}
    for name, left, right in (
        ("both", given, given),
        ("sums", answers, given),
        ("products", answers, answers),
    ):
        # One item at a time: all pairs of all people at once would not fit into memory.
        columns = [
            np.add.reduceat(left[:, [i]] * right, starts, axis=0) for i in range(len(items))
        ]
        tables[name] = np.stack(columns, axis=1)
    who, what = np.nonzero(given)
    filled = pd.DataFrame({"cell": cell[who], "item": what, "value": answers[who, what], "n": 1})
    return Moments(
        cells=cells,
        items=items,
        parts=parts,
        people=np.bincount(cell, minlength=len(cells)).astype(np.int64),
        counts=counted(filled),
        **tables,
    )
