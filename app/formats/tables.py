"""Tables from CSV and XLSX files, read as text; nothing is guessed that changes a value."""

from __future__ import annotations

import csv
import difflib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Protocol

from app.formats import encodings
from app.formats.errors import BadFile

MAX_BYTES = 128 * 2**20
MAX_COLUMNS = 16_384
DELIMITERS = (",", ";", "\t", "|")
# What other programs write for an empty cell, in small letters.
MISSING = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "null", "#null!", "none", "nil", ".", "-", "--", "–", "—"}
)

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of text: the distinct texts, and for every row the number of its text."""

    values: tuple[str, ...]
    codes: array[int]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> str:
        return self.values[self.codes[row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    The wanted columns of one file, as text.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the file's bytes.
    columns : dict of str to Column
    row_numbers : array of int
        Where each row stands in the file, as a spreadsheet counts: the heading is row 1.
    delimiter : str
        The cell separator of a text file; empty for a workbook.
    notes : tuple of (str, str)
        Code and sentence of everything a careful reader should know about the reading.
    """

    path: Path
    sha256: str
    columns: dict[str, Column]
    row_numbers: array[int]
    delimiter: str
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def n_rows(self) -> int:
        """Rows that have at least one filled cell."""
        return len(self.row_numbers)


class Source(Protocol):
    """An open file that yields its rows once, the heading first."""

    sha256: str
    delimiter: str
    notes: list[tuple[str, str]]

    def rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield the row number and the cells."""
        ...

    def share_read(self) -> float:
        """Tell how much of the file was read so far, from 0 to 1."""
        ...


def read_table(path: Path, *, columns: Sequence[str], progress: Progress | None = None) -> Table:
    """Read the named columns of a CSV or XLSX file, or raise `BadFile`."""
    source = _open(path, columns)
    rows = source.rows()
    heading = next(((row, cells) for row, cells in rows if any(cells)), None)
    if heading is None:
        raise BadFile(f"{path.name} is empty; give a file with a heading row and data below it.")
    header_row, names = heading
    places = _places(names, columns, path=path)
    reader = _Reader(path=path, width=len(names), places=places)
    for row, cells in rows:
        reader.take(row, cells)
        if progress is not None and row % 20_000 == 0:
            progress(source.share_read())
    if not reader.n_rows:
        raise BadFile(
            f"{path.name} has a heading in row {header_row} but no rows of data below; add them"
            " and try again."
        )
    return Table(
        path=path,
        sha256=source.sha256,
        columns=reader.columns(),
        row_numbers=reader.row_numbers,
        delimiter=source.delimiter,
        notes=(*source.notes, *reader.notes()),
    )


def read_heading(path: Path) -> tuple[str, ...]:
    """Read the column names of a CSV or XLSX file, or raise `BadFile`."""
    for _, cells in _open(path, ()).rows():
        if any(cells):
            return tuple(cells)
    raise BadFile(f"{path.name} is empty; give a file with a heading row and data below it.")


def is_missing(text: str) -> bool:
    """Tell whether a cell stands for no value: empty, NA, N/A, null, a dot or a dash."""
    return text.casefold() in MISSING


def _open(path: Path, columns: Sequence[str]) -> Source:
    """Look at the first bytes, not at the name, to tell what kind of file it is."""
    try:
        if not path.exists():
            raise BadFile(f"There is no file {path}; check its name and folder.")
        if not path.is_file():
            raise BadFile(f"{path} is not a plain file; give a CSV or XLSX file.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadFile(
                f"{path.name} has {size / 2**20:,.0f} MB and the limit is {MAX_BYTES // 2**20} MB;"
                " keep only the columns you name, or give one row per team with --team-level."
            )
        kind = encodings.kind_of(path)
        if kind == "workbook":
            # Reading workbooks takes a second to load, which a CSV file need not wait for.
            workbook: Source = import_module("app.formats.workbooks").Workbook(path)
            return workbook
        if kind != "text":
            raise BadFile(f"{path.name} is {kind}; save it as CSV or XLSX and try again.")
        return _Text(path, columns)
    except PermissionError as error:
        raise BadFile(f"{path} may not be read; ask for the right to read it.") from error


class _Text:
    """A text file with one row per line and a separator between cells."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.encoding, self.sha256 = encodings.encoding_of(path)
        self.notes = list(encodings.notes_on(path, self.encoding))
        self.delimiter = self._find_delimiter(columns)

    def rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield the row number and the cells."""
        with self.path.open("rb") as self._raw, self._lines(self._raw) as lines:
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            row = 0
            while True:
                row += 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raise BadFile(self._broken(row, error)) from error
                except UnicodeError as error:
                    raise BadFile(
                        f"{self.path.name} mixes encodings or is damaged; open it in a"
                        " spreadsheet program and save it as CSV UTF-8."
                    ) from error
                if row == 1 and cells and cells[0].startswith("sep="):
                    continue
                yield row, [cell.strip() for cell in cells]

    def share_read(self) -> float:
        """Tell how much of the file was read so far, from 0 to 1."""
        return min(self._raw.tell() / max(self.path.stat().st_size, 1), 1.0)

    def _lines(self, raw: BinaryIO) -> TextIOWrapper:
        return TextIOWrapper(raw, encoding=self.encoding, newline="")

    def _broken(self, row: int, error: csv.Error) -> str:
        if "field limit" in str(error) or "unexpected end" in str(error):
            what = "has a quotation mark that is never closed"
        elif "expected after" in str(error):
            what = "has text behind a closing quotation mark"
        else:
            what = "cannot be read"
        return (
            f'{self.path.name}, row {row} {what}; double the quotation marks inside a cell ("").'
        )

    def _find_delimiter(self, columns: Sequence[str]) -> str:
        """Choose the separator that finds the wanted columns, else the one that fits the rows."""
        best, best_score = ",", (-1, -1.0, -1)
        for delimiter in DELIMITERS:
            names, share = self._try(delimiter)
            found = len(set(columns) & set(names))
            if len(names) > 1 and (found, share, len(names)) > best_score:
                best, best_score = delimiter, (found, share, len(names))
        return best

    def _try(self, delimiter: str) -> tuple[list[str], float]:
        """Read the heading and the first rows with one separator; say how well they agree."""
        rows: list[list[str]] = []
        with self.path.open("rb") as raw, self._lines(raw) as lines:
            reader = csv.reader(lines, delimiter=delimiter)
            try:
                for cells in reader:
                    told = bool(cells) and cells[0].startswith("sep=") and not rows
                    if any(cells) and not told:
                        rows.append([cell.strip() for cell in cells])
                    if len(rows) > 20:
                        break
            except (csv.Error, UnicodeError):
                pass  # reading the whole file will say what is wrong
        if not rows:
            return [], 0.0
        return rows[0], sum(len(row) == len(rows[0]) for row in rows) / len(rows)


def _places(names: Sequence[str], wanted: Sequence[str], *, path: Path) -> dict[str, int]:
    """Find where the wanted columns stand."""
    if len(names) > MAX_COLUMNS:
        raise BadFile(f"{path.name} has {len(names):,} columns; keep only those you name.")
    places = {}
    for name in dict.fromkeys(wanted):
        if names.count(name) > 1:
            raise BadFile(
                f'{path.name} has {names.count(name)} columns "{name}"; rename all but one.'
            )
        if name not in names:
            raise BadFile(f'{path.name} has no column "{name}"; {_instead(name, names)}')
        places[name] = names.index(name)
    return places


def _instead(name: str, names: Sequence[str]) -> str:
    """Name the column that may have been meant, or those there are."""
    present = [n for n in names if n]
    folded = {n.casefold(): n for n in present}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.75)
    if near:
        return f'did you mean "{folded[near[0]]}"?'
    if not present:
        return "its first row must hold the names of the columns."
    shown = ", ".join(f'"{_short(n)}"' for n in present[:12])
    more = f" and {len(present) - 12} more" if len(present) > 12 else ""
    return f"its first row names {shown}{more}."


def _short(text: str, limit: int = 30) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


class _Reader:
    """Collects the wanted cells row by row, each distinct text once."""

    def __init__(self, *, path: Path, width: int, places: dict[str, int]) -> None:
        self.path, self.width, self.places = path, width, places
        self.row_numbers: array[int] = array("i")
        self.n_short = 0
        self._seen: dict[str, dict[str, int]] = {name: {} for name in places}
        self._codes: dict[str, array[int]] = {name: array("i") for name in places}
        self._columns = [(i, self._seen[n], self._codes[n].append) for n, i in places.items()]

    @property
    def n_rows(self) -> int:
        return len(self.row_numbers)

    def take(self, row: int, cells: Sequence[str]) -> None:
        """Add one row; a row without any filled cell is passed over."""
        n_cells = len(cells)
        if n_cells != self.width:
            if not any(cells):
                return
            if n_cells > self.width and any(cells[self.width :]):
                raise BadFile(
                    f"{self.path.name}, row {row} has {n_cells} cells but the heading has"
                    f" {self.width}; put quotation marks around a cell that holds the separator."
                )
            if n_cells < self.width:
                self.n_short += 1
        elif not any(cells):
            return
        self.row_numbers.append(row)
        for place, seen, add in self._columns:
            text = cells[place] if place < n_cells else ""
            code = seen.get(text)
            if code is None:
                code = seen[text] = len(seen)
            add(code)

    def columns(self) -> dict[str, Column]:
        """Give the columns read so far."""
        return {n: Column(tuple(self._seen[n]), self._codes[n]) for n in self.places}

    def notes(self) -> Iterator[tuple[str, str]]:
        if self.n_short:
            yield (
                "short_rows",
                f"{self.path.name}: {self.n_short:,} rows are shorter than the heading;"
                " their missing cells count as empty.",
            )
