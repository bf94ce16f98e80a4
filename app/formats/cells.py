"""Cells of text as team names, numbers and periods; each distinct text is judged once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.formats.errors import BadFile
from app.formats.tables import Table, is_missing

PeriodKind: TypeAlias = Literal["whole numbers", "days", "months", "quarters"]

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_WHOLE = re.compile(r"[+-]?\d{1,9}(?:\.0+)?")
_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
_QUARTER = re.compile(r"(\d{4})[- ]?[Qq]([1-4])")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?")


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of a column as ordinals of one calendar unit; `none` where missing."""

    kind: PeriodKind
    ordinals: npt.NDArray[np.int64]
    known: npt.NDArray[np.bool_]
    labels: dict[int, str]


def team_name(text: str) -> str:
    """Write a team's name in one way: composed letters, single spaces; empty if missing."""
    if is_missing(text):
        return ""
    return " ".join(unicodedata.normalize("NFC", text).split())


def team_names(table: Table, column: str) -> pd.Categorical:
    """Read a column of team names; the empty text stands for no team."""
    cells = table.columns[column]
    names = [team_name(text) for text in cells.values]
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    by_code = np.array([places[name] for name in names], dtype=np.int32)
    codes: npt.NDArray[np.int64] = by_code[np.asarray(cells.codes)]
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(places), dtype=object))


def n_spelled_missing(table: Table, column: str) -> int:
    """Count the cells that say in letters that nothing is there, such as ``NA``."""
    cells = table.columns[column]
    letters = [is_missing(text) and any(c.isalpha() for c in text) for text in cells.values]
    return int(np.array(letters)[np.asarray(cells.codes)].sum())


def numbers(table: Table, column: str) -> npt.NDArray[np.float64]:
    """Read a column of numbers; NaN where a cell is empty, `BadFile` where it is no number."""
    cells = table.columns[column]
    by_code = np.empty(len(cells.values))
    for code, text in enumerate(cells.values):
        number = _number(text, comma_is_decimal=table.delimiter in (";", "\t"))
        if isinstance(number, str):
            raise refuse_cell(table, column, code=code, why=number)
        by_code[code] = np.nan if number is None else number
    by_row: npt.NDArray[np.float64] = by_code[np.asarray(cells.codes)]
    return by_row


def _number(text: str, *, comma_is_decimal: bool) -> float | None | str:
    """Read one cell: a number, None where missing, or the reason why it is neither."""
    if is_missing(text):
        return None
    plain = text.replace("−", "-").replace("\u00a0", "").strip()
    if _NUMBER.fullmatch(plain):
        number = float(plain)
        return number if np.isfinite(number) else "is too large; correct it."
    if _DECIMAL_COMMA.fullmatch(plain):
        if comma_is_decimal or not _THOUSANDS.fullmatch(plain):
            return float(plain.replace(",", "."))
        return "may mean a decimal or thousands; write it without the comma."
    return "is not a number; write a number or leave the cell empty."


def refuse_cell(table: Table, column: str, *, code: int, why: str) -> BadFile:
    """Name the first cell that holds a text, and what to do about it."""
    cells = table.columns[column]
    row = table.row_numbers[int(np.flatnonzero(np.asarray(cells.codes) == code)[0])]
    text = cells.values[code]
    shown = text if len(text) <= 40 else text[:39] + "…"
    return BadFile(f'{table.path.name}, row {row}, column "{column}": "{shown}" {why}')


def refuse_outside(
    table: Table, column: str, *, values: npt.NDArray[np.float64], scale: tuple[float, float]
) -> BadFile | None:
    """Name the first cell whose value lies outside the scale, if there is one."""
    low, high = scale
    outside = np.flatnonzero((values < low) | (values > high))
    if not len(outside):
        return None
    code = table.columns[column].codes[int(outside[0])]
    why = f"lies outside the scale {low:g} to {high:g}; correct the value or the scale."
    return refuse_cell(table, column, code=code, why=why)


def periods(table: Table, column: str) -> Periods:
    """Read a column of periods of one kind as consecutive numbers."""
    cells = table.columns[column]
    kinds: dict[PeriodKind, int] = {}
    ordinals = np.zeros(len(cells.values), dtype=np.int64)
    known = np.zeros(len(cells.values), dtype=bool)
    for code, text in enumerate(cells.values):
        if is_missing(text):
            continue
        found = _period(text)
        if found is None:
            why = "is not a period; write a whole number, 2024-05-31, 2024-05 or 2024-Q2."
            raise refuse_cell(table, column, code=code, why=why)
        kinds.setdefault(found[0], code)
        if len(kinds) > 1:
            first = next(iter(kinds))
            why = f'is one of {found[0]} among {first}; write every "{column}" in one way.'
            raise refuse_cell(table, column, code=code, why=why)
        ordinals[code], known[code] = found[1], True
    if not kinds:
        raise BadFile(f'{table.path.name}: the column "{column}" is empty; leave --period out.')
    kind = next(iter(kinds))
    labels = {int(o): period_label(kind, int(o)) for o in ordinals[known]}
    codes = np.asarray(cells.codes)
    return Periods(kind, ordinals[codes], known[codes], labels)


def _period(text: str) -> tuple[PeriodKind, int] | None:
    """Read one period: its kind and its place in the row of such periods."""
    if _WHOLE.fullmatch(text):
        return "whole numbers", int(float(text))
    if found := _QUARTER.fullmatch(text):
        return "quarters", int(found[1]) * 4 + int(found[2]) - 1
    if (found := _MONTH.fullmatch(text)) and 1 <= int(found[2]) <= 12:
        return "months", int(found[1]) * 12 + int(found[2]) - 1
    if found := _DAY.fullmatch(text):
        try:
            return "days", date.fromisoformat(found[1]).toordinal()
        except ValueError:
            return None
    return None


def period_label(kind: PeriodKind, ordinal: int) -> str:
    """Write a period as the file does."""
    if kind == "days":
        return date.fromordinal(ordinal).isoformat()
    if kind == "months":
        return f"{ordinal // 12:04d}-{ordinal % 12 + 1:02d}"
    if kind == "quarters":
        return f"{ordinal // 4:04d}-Q{ordinal % 4 + 1}"
    return str(ordinal)


def look_like_months(ordinals: Sequence[int]) -> bool:
    """Tell whether whole numbers are years and months run together, such as 202412."""
    return len(ordinals) > 1 and all(
        190001 <= o <= 210012 and 1 <= o % 100 <= 12 for o in ordinals
    )
