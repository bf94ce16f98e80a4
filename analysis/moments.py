"""Counts, sums, products and histograms per team and period: whole numbers that only ever add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import BadFrame, NotEnoughTeams
from analysis.frames import Vector, check_scores
from analysis.summary import Summary, count

Whole = npt.NDArray[np.int64]

LARGEST = 2**62
"""What no sum may exceed, so that whole numbers of 64 bits never run over."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """
    What the statistics need of answers, one cell per team and period.

    Attributes
    ----------
    cells : DataFrame, shape (n_cells, 2)
        ``team`` (text) and ``period`` (``Int64``, missing where there are none); sorted,
        each pair once.
    items : tuple of str
        Names of the items, and of the constructs made of them.
    parts : tuple of int
        In how many whole parts a point of each item is counted: 1, save for constructs,
        whose person scores are means of whole points.
    people : ndarray of int, shape (n_cells,)
        People in the cell, also those who answered nothing; 0 where only histograms are
        known.
    both : ndarray of int, shape (n_cells, n_items, n_items)
        Who answered both of two items; on the diagonal, who answered one.
    sums : ndarray of int, shape (n_cells, n_items, n_items)
        ``sums[c, i, k]``: the sum of item i, in parts, over those who answered i and k.
    products : ndarray of int, shape (n_cells, n_items, n_items)
        The sum of the products of two items, in parts of both, over the same people.
    counts : DataFrame, shape (n_filled, 4)
        The histograms: ``cell``, ``item`` (both numbered from 0), ``value`` (in parts) and
        ``n``; rows of zero are left out.

    Notes
    -----
    Every person belongs to one cell and is counted in it once.  `combine` adds the moments of
    parts (days, shards, machines) and gives, to the last digit, what the whole would have
    given, in whatever order.
    """

    cells: pd.DataFrame
    items: tuple[str, ...]
    parts: tuple[int, ...]
    people: Whole
    both: Whole
    sums: Whole
    products: Whole
    counts: pd.DataFrame

    def __add__(self, other: Moments) -> Moments:
        """Put the people of two parts together."""
        return combine([self, other])

    def equals(self, other: Moments) -> bool:
        """Tell whether two sets of moments are the same numbers for the same cells."""
        arrays = ("people", "both", "sums", "products")
        return (
            (self.items, self.parts) == (other.items, other.parts)
            and self.cells.equals(other.cells)
            and all(np.array_equal(getattr(self, a), getattr(other, a)) for a in arrays)
            and self.counts.equals(other.counts)
        )

    def index(self, item: str) -> int:
        """Find the place of an item, or refuse with `BadFrame` one that is not there."""
        if item not in self.items:
            raise BadFrame(f"There are no moments of {item!r}.")
        return self.items.index(item)

    def over_periods(self) -> Moments:
        """Put all periods of each team together; people who came twice count twice."""
        cells = self.cells.assign(period=pd.Series(None, index=self.cells.index, dtype="Int64"))
        return combine([replace(self, cells=cells)])

    def of_teams(self, teams: Sequence[str]) -> Moments:
        """Keep some teams and leave the others out."""
        kept = np.flatnonzero(self.cells["team"].isin(list(teams)))
        place = pd.Series(np.arange(len(kept)), index=kept)
        counts = self.counts[self.counts["cell"].isin(kept)]
        return replace(
            self,
            cells=self.cells.iloc[kept].reset_index(drop=True),
            people=self.people[kept],
            both=self.both[kept],
            sums=self.sums[kept],
            products=self.products[kept],
            counts=counts.assign(cell=counts["cell"].map(place)).reset_index(drop=True),
        )

    def histogram(self, item: str) -> tuple[Vector, Whole]:
        """Give the values that occur, in points, and how often each does in every cell."""
        place = self.index(item)
        rows = self.counts[self.counts["item"] == place]
        values, column = np.unique(rows["value"].to_numpy(dtype=np.int64), return_inverse=True)
        number = np.zeros((len(self.cells), len(values)), dtype=np.int64)
        number[rows["cell"].to_numpy(), column] = rows["n"]
        return values / self.parts[place], number

    def counts_of(self, item: str) -> dict[str, int]:
        """Count the answers of all cells, as `analysis.item_mean` takes them."""
        values, number = self.histogram(item)
        return {f"{v:g}": int(n) for v, n in zip(values, number.sum(axis=0), strict=True)}

    def scores(self, item: str) -> pd.DataFrame:
        """
        Give the team scores of one item or construct, as `analysis.check_scores` takes them.

        Cells without an answer are left out.
        """
        place = self.index(item)
        spread, n = spread_within(self, place, place)
        total = self.sums[:, place, place] / self.parts[place]
        asked = n > 0
        frame = self.cells[asked].assign(n=n[asked], mean=total[asked] / n[asked])
        variance = np.where(n > 1, spread / np.maximum(n - 1, 1), np.nan)
        return check_scores(frame.assign(variance=variance[asked]))

    def summary(self) -> Summary:
        """Lay out what is there for reading."""
        answers = self.both.sum(axis=0).diagonal()
        rows = tuple((i, count(n)) for i, n in zip(self.items, answers.tolist(), strict=True))
        teams, periods = self.cells["team"].nunique(), self.cells["period"].nunique()
        people = f"; {count(self.people.sum())} people" if self.people.any() else ""
        over = f" in {count(periods)} periods" if periods else ""
        return Summary(
            title="Answers, summed up",
            columns=("Item", "Answers"),
            rows=rows,
            notes=(
                f"{count(teams)} teams{over}{people}.",
                "Whole numbers: parts add up to exactly what the whole would give.",
            ),
        )


def combine(parts: Sequence[Moments]) -> Moments:
    """
    Add the moments of days, shards or machines.

    Parameters
    ----------
    parts : sequence of Moments
        Of the same items; no person in two of them.

    Returns
    -------
    Moments
        With every cell that occurs in any part.

    Raises
    ------
    NotEnoughTeams
        If there are no parts.
    BadFrame
        If the parts count different items, or sums would run over.

    Examples
    --------
    >>> from analysis import moments_of
    >>> day = pd.DataFrame({"team": ["a", "b"], "q1": [4, 2]})
    >>> both = combine([moments_of(day, items=["q1"]), moments_of(day[:1], items=["q1"])])
    >>> both.people.tolist()
    [2, 1]
    """
    if not parts:
        raise NotEnoughTeams("There are no moments to add.")
    first = parts[0]
    if any((part.items, part.parts) != (first.items, first.parts) for part in parts):
        raise BadFrame("Moments of different items cannot be added.")
    if sum(float(np.abs(p.products).sum()) for p in parts) > LARGEST:
        raise BadFrame("These answers are too many or too large to be summed exactly.")
    cells, cell = number_cells(pd.concat([part.cells for part in parts], ignore_index=True))
    added = {
        name: added_up(cell, np.concatenate([getattr(part, name) for part in parts]))
        for name in ("people", "both", "sums", "products")
    }
    offsets = np.cumsum([0, *(len(part.cells) for part in parts)])
    filled = pd.concat(
        [
            part.counts.assign(cell=cell[part.counts["cell"].to_numpy() + offset])
            for part, offset in zip(parts, offsets[:-1], strict=True)
        ]
    )
    return Moments(
        cells=cells,
        items=first.items,
        parts=first.parts,
        counts=counted(filled),
        **added,
    )


def spread_within(moments: Moments, first: int, second: int) -> tuple[Vector, Whole]:
    """
    Sum the products of two items' deviations from their means in each cell.

    Returns
    -------
    spread : ndarray, shape (n_cells,)
        In points of the one times points of the other; 0 where nobody answered both.
    n : ndarray of int, shape (n_cells,)
        Who answered both.

    Notes
    -----
    The origin is moved to whole numbers near the means first, which whole numbers allow
    without loss; what is left to subtract is then small.
    """
    n = moments.both[:, first, second]
    one, other = moments.sums[:, first, second], moments.sums[:, second, first]
    everybody = max(int(n.sum()), 1)
    a, b = round(int(one.sum()) / everybody), round(int(other.sum()) / everybody)
    product = moments.products[:, first, second] - b * one - a * other + n * (a * b)
    moved = (one - n * a) * ((other - n * b) / np.maximum(n, 1))
    spread = product - moved
    if first == second:
        spread = np.maximum(spread, 0.0)
    return spread / (moments.parts[first] * moments.parts[second]), n


def added_up(cell: npt.NDArray[np.intp], values: Whole) -> Whole:
    """Add the rows of each cell; every cell from 0 up has one."""
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    return np.asarray(np.add.reduceat(values[order], starts, axis=0))


def counted(filled: pd.DataFrame) -> pd.DataFrame:
    """Add the rows of histograms that count the same value of the same item in one cell."""
    columns = [filled[name].to_numpy(dtype=np.int64) for name in ("cell", "item", "value", "n")]
    cell, item, value, n = (column[columns[3] > 0] for column in columns)
    if not len(n):
        return pd.DataFrame({name: n for name in ("cell", "item", "value", "n")})
    # One number for the three, in their order: sorting it is far faster than grouping.
    n_items, low = int(item.max()) + 1, int(value.min())
    width = int(value.max()) - low + 1
    keys, place = np.unique((cell * n_items + item) * width + (value - low), return_inverse=True)
    where, item_of = np.divmod(keys // width, n_items)
    return pd.DataFrame(
        {"cell": where, "item": item_of, "value": keys % width + low, "n": added_up(place, n)}
    )


def number_cells(rows: pd.DataFrame) -> tuple[pd.DataFrame, npt.NDArray[np.intp]]:
    """Number the cells of rows by team and period, in order."""
    if not len(rows):
        raise NotEnoughTeams("There are no answers.")
    by_period = "period" in rows.columns and bool(rows["period"].notna().any())
    if rows["team"].isna().any() or (by_period and rows["period"].isna().any()):
        raise BadFrame("Somebody has answers but no team or no period.")
    given, names = pd.factorize(rows["team"])
    spoken, place = np.unique([str(name) for name in names], return_inverse=True)
    period = whole(rows["period"]) if by_period else np.zeros(len(rows), dtype=np.int64)
    periods, when = np.unique(period, return_inverse=True)
    found, cell = np.unique(place[given] * len(periods) + when, return_inverse=True)
    cells = pd.DataFrame({"team": spoken[found // len(periods)].astype(object)})
    known = periods[found % len(periods)] if by_period else None
    return cells.assign(period=pd.Series(known, index=cells.index, dtype="Int64")), cell


def whole(column: pd.Series) -> Whole:
    """Take a column of whole numbers, 0 where missing, or refuse it with `BadFrame`."""
    try:
        numbers = pd.to_numeric(column).astype(float).fillna(0.0).to_numpy()
    except (TypeError, ValueError) as error:
        raise BadFrame(f"The column {column.name} holds something that is no number.") from error
    if not (np.abs(numbers) < 2**31).all() or (numbers != np.round(numbers)).any():
        raise BadFrame(f"The column {column.name} holds a figure that is not whole.")
    return np.asarray(numbers, dtype=np.int64)
