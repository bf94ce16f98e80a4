"""Rosters of people as other systems export them: one row per person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from app.formats import tables
from app.formats.addresses import normal_address
from app.formats.errors import BadFile

MAX_BYTES = 5 * 2**20
MAX_ROWS = 50_000
# How the columns may be headed; the first name is the one the documentation gives.
COLUMNS = {
    "email": ("email", "e-mail", "mail", "email address"),
    "name": ("name", "full name"),
    "team": ("team", "team path", "team_path"),
    "role": ("role", "roles"),
    "locale": ("locale", "language"),
    "start": ("start date", "start_date", "start", "started_on", "hire date"),
}
REQUIRED = ("email", "name", "team")
ROLES = ("employee", "manager", "hr", "executive", "cx_manager", "administrator")
MOST_ERRORS = 50
_LOCALE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})?")
# Cells that a spreadsheet program would run are written with an apostrophe before them.
_GUARDED = re.compile(r"'(?=[=+\-@\t\r])")


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRow:
    """One person as the file lists them; `number` is the row as a spreadsheet counts."""

    number: int = field(repr=False)
    email: str
    name: str
    team_path: tuple[str, ...]
    roles: tuple[str, ...]
    locale: str | None
    started_on: date | None

    @property
    def path(self) -> str:
        """The team as it is written on pages."""
        return " / ".join(self.team_path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The rows of a file and, with their row numbers, what is wrong with the others."""

    rows: tuple[RosterRow, ...]
    errors: tuple[str, ...]


def read_roster(path: Path) -> Roster:
    """Read a roster from a CSV or XLSX file, or raise `BadFile` where it is none."""
    if path.exists() and path.stat().st_size > MAX_BYTES:
        raise BadFile("A roster may have up to 5 MB; keep only the columns that are needed.")
    found = _find_columns(tables.read_heading(path))
    table = tables.read_table(path, columns=list(found.values()))
    if table.n_rows > MAX_ROWS:
        raise BadFile(f"A roster may have up to {MAX_ROWS:,} rows; this one has {table.n_rows:,}.")
    rows: list[RosterRow] = []
    errors: list[str] = []
    first_row: dict[str, int] = {}
    for place, number in enumerate(table.row_numbers):
        cells = {key: _cell(table.columns[heading][place]) for key, heading in found.items()}
        wrong = list(_wrong_with(cells))
        email = cells["email"].casefold()
        if not wrong and email in first_row:
            wrong = [f"{email} is in row {first_row[email]} already; keep one of the two rows."]
        errors += [f"Row {number}: {sentence}" for sentence in wrong]
        if not wrong:
            first_row[email] = number
            rows.append(_row(number, cells))
    if len(errors) > MOST_ERRORS:
        more = len(errors) - MOST_ERRORS
        errors = [*errors[:MOST_ERRORS], f"{more:,} more rows have something wrong with them."]
    return Roster(rows=tuple(rows), errors=tuple(errors))


def _find_columns(heading: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, names in COLUMNS.items():
        fitting = [name for name in heading if name.strip().casefold() in names]
        if len(fitting) > 1:
            raise BadFile(f"Two columns give the {key}: {', '.join(fitting)}. Remove one.")
        if fitting:
            found[key] = fitting[0]
    missing = [key for key in REQUIRED if key not in found]
    if missing:
        raise BadFile(
            f"The first row must name the columns email, name and team; missing:"
            f" {', '.join(missing)}."
        )
    return found


def _cell(text: str) -> str:
    return _GUARDED.sub("", " ".join(text.split()), count=1)


def _wrong_with(cells: dict[str, str]) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with one row."""
    email = cells["email"].casefold()
    if not email:
        yield "the e-mail address is missing; people without one are added on the people page."
    elif normal_address(email) is None:
        yield f"{_short(email)} is not an e-mail address; write it like name@example.org."
    if not cells["name"]:
        yield "the name is missing."
    elif len(cells["name"]) > 120 or not cells["name"].isprintable():
        yield "the name is longer than 120 characters or holds signs that cannot be printed."
    names = _split_path(cells["team"])
    if not cells["team"] or not all(names):
        yield "the team is missing; write its path, like Company / Sales / North."
    elif any(len(name) > 120 or not name.isprintable() for name in names):
        yield "a team's name is longer than 120 characters or cannot be printed."
    for role in _split_roles(cells.get("role", "")):
        if role not in ROLES:
            yield f"there is no role {_short(role)}; choose among {', '.join(ROLES)}."
    if cells.get("locale") and not _LOCALE.fullmatch(cells["locale"]):
        yield f"{_short(cells['locale'])} is not a language; write it like en or pt-BR."
    if cells.get("start") and _read_date(cells["start"]) is None:
        yield f"{_short(cells['start'])} is not a date; write it like 2026-03-01."


def _row(number: int, cells: dict[str, str]) -> RosterRow:
    return RosterRow(
        number=number,
        email=cells["email"].casefold(),
        name=cells["name"],
        team_path=_split_path(cells["team"]),
        roles=_split_roles(cells.get("role", "")) or ("employee",),
        locale=cells.get("locale") or None,
        started_on=_read_date(cells.get("start", "")),
    )


def _split_path(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split("/"))


def _split_roles(text: str) -> tuple[str, ...]:
    parts = (part.strip().casefold() for part in re.split(r"[,;|+]", text))
    return tuple(dict.fromkeys(re.sub(r"[ -]+", "_", part) for part in parts if part))


def _read_date(text: str) -> date | None:
    try:
        # Workbooks write days with a time of midnight.
        return date.fromisoformat(re.sub(r"[ T]00:00(:00)?$", "", text)) if text else None
    except ValueError:
        return None


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
