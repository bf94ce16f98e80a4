"""XLSX workbooks as rows of text, guarded against archives that unfold without end."""

from __future__ import annotations

import hashlib
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from app.formats.errors import BadFile

MAX_UNPACKED = 512 * 2**20
CHUNK = 2**20
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z0-9:]{2,30})"')
# A formula that a program wrote and none has computed; an empty text (t="str") is a value.
_UNCOMPUTED = re.compile(
    rb'<c r="([A-Z]{1,3}\d{1,7})"(?![^>]{0,80} t="str")[^>]{0,80}>'
    rb"<f>[^<]{0,8192}</f>(?:<v\s?/>|<v></v>)?</c>"
)
_DAMAGE = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    DefusedXmlException,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
    OSError,
)


class Workbook:
    """The first filled sheet of a workbook; formulas give the value last computed."""

    delimiter = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[tuple[str, str]] = []
        self._row = self._n_rows = 0
        with path.open("rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        _check_size(path)

    def rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield the row number and the cells."""
        with self.path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and extensions that we do not read
            yield from self._rows(file)

    def share_read(self) -> float:
        """Tell how much of the sheet was read so far, from 0 to 1, as far as it says its size."""
        return min(self._row / self._n_rows, 1.0) if self._n_rows else 0.0

    def _rows(self, file: BinaryIO) -> Iterator[tuple[int, Sequence[str]]]:
        try:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            sizes = {sheet.title: sheet.max_row for sheet in book.worksheets}
            sheets = [sheet for sheet in book.worksheets if _has_cells(sheet)]
            if not sheets:
                return
            sheet, width = sheets[0], 0
            self._look_at(sheet, others=[other.title for other in sheets[1:]])
            self._n_rows = sizes[sheet.title] or 0
            for self._row, values in enumerate(sheet.iter_rows(values_only=True), start=1):
                cells = [_text(value) for value in values]
                while cells and not cells[-1]:
                    cells.pop()
                width = width or len(cells)
                yield self._row, cells + [""] * (width - len(cells))
        except BadFile:
            raise
        except _DAMAGE as error:
            raise BadFile(
                f"{self.path.name} is damaged or not a plain workbook; open it in a spreadsheet"
                " program and save it again as XLSX or CSV."
            ) from error

    def _look_at(self, sheet: Any, *, others: list[str]) -> None:  # noqa: ANN401 - untyped library
        merged, uncomputed = _oddities(self.path, sheet)
        if merged:
            raise BadFile(
                f'{self.path.name}, sheet "{sheet.title}" has merged cells ({merged});'
                " unmerge them and fill in every row."
            )
        if uncomputed:
            raise BadFile(
                f'{self.path.name}, sheet "{sheet.title}" has a formula without a value'
                f" ({uncomputed}); open it in a spreadsheet program and save it again."
            )
        if others:
            self.notes.append(
                (
                    "other_sheets",
                    f'{self.path.name}: only the sheet "{sheet.title}" was read, not '
                    + ", ".join(f'"{title}"' for title in others[:5])
                    + ".",
                )
            )


def _check_size(path: Path) -> None:
    """Refuse an archive whose parts claim to unfold beyond what a survey table needs."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    total = sum(part.file_size for part in parts)
    if total > MAX_UNPACKED or len(parts) > 10_000:
        raise BadFile(
            f"{path.name} unfolds to {total / 2**20:,.0f} MB and the limit is"
            f" {MAX_UNPACKED // 2**20} MB; save the one sheet you need as CSV."
        )


def _has_cells(sheet: Any) -> bool:  # noqa: ANN401 - untyped library
    sheet.reset_dimensions()
    rows = sheet.iter_rows(values_only=True, max_row=1000)
    return any(value is not None for row in rows for value in row)


def _oddities(path: Path, sheet: Any) -> tuple[str, str]:  # noqa: ANN401 - untyped library
    """Find the first merged range and uncomputed formula; the streaming reader tells neither."""
    tail, merged, uncomputed = b"", None, None
    with zipfile.ZipFile(path) as archive, archive.open(sheet._worksheet_path) as part:
        while chunk := part.read(CHUNK):
            text = tail + chunk
            merged = merged or _MERGED.search(text)
            uncomputed = uncomputed or _UNCOMPUTED.search(text)
            tail = text[-10_000:]  # as long as a formula may be
    found = [m[1].decode("ascii") if m else "" for m in (merged, uncomputed)]
    return found[0], found[1]


def _text(value: object) -> str:
    """Write a cell as the same text that a CSV file would hold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()
