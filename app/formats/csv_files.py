"""CSV files that spreadsheets open without running anything."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
# Where the spreadsheet's own separator is a semicolon, what follows one is a cell of its own.
HIDDEN_START = re.compile(r"([;\t\r\n])(?=[=+@-])")

Cell = str | int | float | None


def csv_text(rows: Iterable[Sequence[Cell]]) -> str:
    """
    Write rows as CSV with a byte-order mark, so that spreadsheets read UTF-8.

    Text that a spreadsheet would take for a formula gets an apostrophe in front;
    numbers stay numbers, whatever their sign.
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return "\ufeff" + target.getvalue()


def harmless(cell: Cell) -> str | int | float:
    """Make one cell harmless."""
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return cell
    cell = HIDDEN_START.sub(r"\1'", cell)
    return "'" + cell if cell.startswith(DANGEROUS) else cell
