"""The answers of one wave while it runs: one pre-filled row per code, overwritten in place."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from collector import files
from surveys.documents import canonical
from surveys.errors import BadDocument, SpentCode, UnknownCode

TABLE = """
CREATE TABLE answers (
    code BLOB PRIMARY KEY,
    group_index INTEGER NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID
"""

SYNCHRONOUS = "FULL"  # an answer is acknowledged once it is on the disk

_PREFIX = 4  # bytes that say how long the body is; 0 means nothing was answered yet


class Intake:
    """
    One SQLite file whose bytes depend on the set of answers, never on their order.

    Every row exists, at its full length, before the first answer; an answer
    changes bytes inside its own row and moves nothing else.  One commit per
    answer makes even SQLite's change counter equal to the number of answers.
    Callers hold the lock of the wave, so no statement ever waits for another.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = _connect(path, mode="rw")
        # A journal that a crash left behind is rolled back by the first look into the file;
        # only then may it be wiped.
        self._connection.execute("SELECT count(*) FROM (SELECT 1 FROM answers LIMIT 1)")
        _forget(path)

    @classmethod
    def create(cls, path: Path, *, codes: Mapping[bytes, int], body_length: int) -> None:
        """Make the file, in the order of the digests, which is random to everybody."""
        for leftover in (path, _journal(path)):
            files.destroy(leftover)
        connection = _connect(path, mode="rwc")
        blank = bytes(body_length)
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(TABLE)
            connection.executemany(
                "INSERT INTO answers VALUES (?, ?, ?)",
                ((code, codes[code], blank) for code in sorted(codes)),
            )
        connection.close()
        _forget(path)

    def put(self, code: bytes, body: bytes) -> None:
        """Write one body durably, once; the same again changes nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._write(code, body)
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _write(self, code: bytes, body: bytes) -> None:
        row = self._connection.execute(
            "SELECT body FROM answers WHERE code = ?", (code,)
        ).fetchone()
        if row is None:
            raise UnknownCode("This code does not belong to this survey.")
        if row[0] == body:
            return
        if any(row[0][:_PREFIX]):
            raise SpentCode("This code was used before, for other answers. It takes one response.")
        self._connection.execute("UPDATE answers SET body = ? WHERE code = ?", (body, code))
        self._connection.execute("COMMIT")
        _forget(self._path)

    def answered(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Give group index and answers of every row that was answered, in random order."""
        rows = self._connection.execute("SELECT group_index, body FROM answers ORDER BY code")
        for group_index, body in rows:
            if answers := unpad(body):
                yield group_index, json.loads(answers)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def body_length(longest_answer: int) -> int:
    """Give the length of every body of a wave, from the longest answer in bytes."""
    return _PREFIX + longest_answer


def pad(answers: Mapping[str, Any], *, length: int) -> bytes:
    """Write answers at a fixed length: their length, canonical JSON, zeros."""
    content = canonical(answers)
    if len(content) > length - _PREFIX:
        raise BadDocument("These answers are longer than the questionnaire allows.")
    return (len(content).to_bytes(_PREFIX, "big") + content).ljust(length, b"\0")


def unpad(body: bytes) -> bytes:
    """Take the zeros off again; a row without an answer gives nothing."""
    return body[_PREFIX : _PREFIX + int.from_bytes(body[:_PREFIX], "big")]


def _connect(path: Path, *, mode: str) -> sqlite3.Connection:
    # Used by many threads in turn, one at a time: the lock of the wave sees to that.
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA page_size = 4096")
    # A rollback journal that stays in place: one that is deleted after each answer leaves its
    # pages, with the number of answers so far, in the free blocks of the disk, and a power cut
    # could bring it back and undo an answer already acknowledged.  Never WAL: it is a diary.
    connection.execute("PRAGMA journal_mode = PERSIST")
    connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    path.chmod(0o600)
    return connection


def _journal(path: Path) -> Path:
    return path.with_name(path.name + "-journal")


def _forget(path: Path) -> None:
    """Wipe what the last write left beside the file, and when it was."""
    journal = _journal(path)
    if journal.exists():
        with journal.open("r+b") as file:
            file.write(bytes(journal.stat().st_size))
        files.forget_times(journal)
    files.forget_times(path, path.parent)
