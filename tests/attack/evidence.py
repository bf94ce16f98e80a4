"""What is left of a wave for somebody who takes every byte: files, tables, and their order."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, text

from tests.attack.needles import Needles, bytes_below

PAGE = 4096
_WAL_SEGMENTS = 2  # of PostgreSQL, the newest, 16 MB each


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of one table in their physical order; hidden columns come first."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def sqlite_tables(*folders: Path) -> Iterator[Table]:
    """Read every SQLite database below some folders, from a copy, journals included."""
    found = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    with tempfile.TemporaryDirectory() as copies:
        for number, path in enumerate(found):
            with path.open("rb") as file:
                if not file.read(16).startswith(b"SQLite format 3"):
                    continue
            copy = Path(copies) / f"{number}.sqlite"
            for end in ("", "-wal", "-journal"):
                if (beside := path.with_name(path.name + end)).exists():
                    shutil.copy(beside, f"{copy}{end}")
            yield from _tables_of(copy, path.name)


def _tables_of(path: Path, name: str) -> Iterator[Table]:
    connection = sqlite3.connect(path)
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
        try:
            rows = connection.execute(f'SELECT rowid, * FROM "{table}" ORDER BY rowid').fetchall()
            columns = ["rowid", *columns]
        except sqlite3.OperationalError:  # a table without row numbers
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
        yield Table(name=f"{name}: {table}", columns=columns, rows=rows)
    connection.close()


def postgresql_tables(url: str) -> Iterator[Table]:
    """Read every table of a PostgreSQL database in physical order, with its hidden columns."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        names = connection.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        for name in names.all():
            found = connection.execute(
                text(
                    "SELECT (ctid::text::point)[0]::bigint * 10000"
                    "  + (ctid::text::point)[1]::bigint AS ctid_place,"
                    f' xmin::text::bigint AS xmin_number, * FROM "{name}" ORDER BY ctid'
                )
            )
            yield Table(name=name, columns=list(found.keys()), rows=found.fetchall())
    engine.dispose()


def postgresql_bytes(url: str) -> dict[str, bytes]:
    """Read the files of a PostgreSQL database and the newest of the server's log, raw."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))
        base = Path(connection.scalar(text("SHOW data_directory")) or "")
        paths = connection.execute(
            text(
                "SELECT pg_relation_filepath(c.oid), coalesce(t.relname || ' (toast)', c.relname)"
                " FROM pg_class c LEFT JOIN pg_class t ON t.reltoastrelid = c.oid"
                " WHERE (c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i'))"
                " OR t.relnamespace = 'public'::regnamespace"
            )
        ).all()
    engine.dispose()
    found = {name: (base / path).read_bytes() for path, name in paths}
    log = sorted((base / "pg_wal").glob("0*"), key=lambda path: path.stat().st_mtime)
    found["pg_wal"] = b"".join(path.read_bytes() for path in log[-_WAL_SEGMENTS:])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Everything left of a wave on one side: bytes by file, and tables."""

    files: dict[str, bytes]
    tables: tuple[Table, ...]


def left_at(*folders: Path, url: str = "") -> Left:
    """Take every byte below some folders, and all of a PostgreSQL database if one is named."""
    files, tables = bytes_below(*folders), tuple(sqlite_tables(*folders))
    if url.startswith("postgresql"):
        files |= postgresql_bytes(url)
        tables += tuple(postgresql_tables(url))
    return Left(files=files, tables=tables)


def traits_of_answers(left: Left, needles: Needles, n: int) -> dict[str, list[float]]:
    """
    Collect every number that stands beside an answer or says where it stands.

    `needles` are what answers are known by, each owned by the number of its answer.
    Gives for each trait one value per answer, and nan where it has none.
    """
    found: dict[str, list[float]] = {}

    def note(trait: str, owner: int, value: float) -> None:
        values = found.setdefault(trait, [float("nan")] * n)
        if values[owner] != values[owner]:
            values[owner] = value

    for name, content in left.files.items():
        for hit in needles.found_in(content):
            kind = hit.label.partition(",")[0]
            note(f"{kind} in {name}", hit.owner, hit.offset)
            note(f"{kind} in page of {name}", hit.owner, hit.offset // PAGE)
            note(f"{kind} in its page of {name}", hit.owner, hit.offset % PAGE)
    for table in left.tables:
        for place, row in enumerate(table.rows):
            cells = b"\0".join(_as_bytes(value) for value in row)
            for owner in {hit.owner for hit in needles.found_in(cells)}:
                note(f"place in {table.name}", owner, place)
                for column, value in zip(table.columns, row, strict=True):
                    note(f"{table.name}.{column}", owner, _as_number(value))
    return found


def _as_bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def _as_number(value: object) -> float:
    """Read anything as a number that keeps its order: times, texts and bytes too."""
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str) and (digits := re.sub(r"\D", "", value)) and len(digits) >= 8:
        return float(digits[:17])
    return float(int.from_bytes(_as_bytes(value)[:6].ljust(6, b"\0"), "big"))
