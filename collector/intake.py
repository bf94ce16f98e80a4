"""The sealed answers of one wave while it runs: pre-filled slots, overwritten in place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from collector import files
from surveys.errors import SpentBallot

TABLE = """
CREATE TABLE slots (
    slot INTEGER PRIMARY KEY,
    receipt BLOB NOT NULL,
    body BLOB NOT NULL
)
"""

RECEIPT_LENGTH = 32
EMPTY = bytes(RECEIPT_LENGTH)  # the receipt of a slot that nobody took yet

SYNCHRONOUS = "FULL"  # an answer is acknowledged once it is on the disk

# An answer moves a handful of others at most, so a journal of this many rows seldom grows.
JOURNAL_ROWS = 12

_PAGE = 4096
_BLOCK = 4 * _PAGE
_ZEROS = bytes(_BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The slots of one counting group: as many as people are eligible, side by side."""

    first: int
    size: int

    def slot(self, place: int) -> int:
        """Give the number of a slot from its place in the range, the first after the last."""
        return self.first + place % self.size


def ranges_of(sizes: Sequence[int]) -> tuple[Range, ...]:
    """Lay the ranges of counting groups of these sizes one after the other."""
    return tuple(Range(first=sum(sizes[:i]), size=size) for i, size in enumerate(sizes))


class Intake:
    """
    One SQLite file whose bytes depend on the set of answers, never on their order.

    Every slot exists, at its full length, before the first answer; an answer
    overwrites bytes inside slots and moves nothing else.  Which slot an answer
    takes follows from its receipt: it asks for the slots of its group in turn,
    from the one that its first eight bytes name, and a slot keeps the smallest
    receipt that ever asked; the one that loses it asks for its next.  That is
    the deferred acceptance of Gale and Shapley with answers that propose and
    slots that choose.  As all slots rank answers in one and the same strict
    order, and every answer asks in an order of its own that is fixed, the
    outcome is the same whatever the order of proposals (McVitie and Wilson
    1971; Amble and Knuth 1974 for hash tables).

    A group has as many slots as people, so no more answers than people fit in,
    and nothing has to be counted while the wave runs.  One commit per answer
    makes even SQLite's change counter equal to the number of answers.  Callers
    hold the lock of the wave, so no statement ever waits for another.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = _connect(path, mode="rw")
        # A journal that a crash left behind is rolled back by the first look into the file;
        # only then may it be wiped.
        row = self._connection.execute("SELECT length(body) FROM slots LIMIT 1").fetchone()
        self._journal_length = _journal_length(row[0])
        self._forget()

    @classmethod
    def create(cls, path: Path, *, n_slots: int, body_length: int) -> None:
        """Make the file with all its slots empty."""
        for leftover in (path, _journal(path)):
            files.destroy(leftover)
        connection = _connect(path, mode="rwc")
        blank = bytes(body_length)
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(TABLE)
            connection.executemany(
                "INSERT INTO slots VALUES (?, ?, ?)",
                ((slot, EMPTY, blank) for slot in range(n_slots)),
            )
        connection.close()
        cls(path).close()

    def put(self, within: Range, receipt: bytes, body: bytes) -> None:
        """Keep one body durably, once; the same again changes nothing, another is refused."""
        moves: Sequence[tuple[bytes, bytes, int]] = ()
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            moves = self._moves(within, receipt, body)
            if moves:
                self._write(moves)
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if moves:
                self._forget()

    def _write(self, moves: Sequence[tuple[bytes, bytes, int]]) -> None:
        self._connection.executemany(
            "UPDATE slots SET receipt = ?, body = ? WHERE slot = ?", moves
        )
        self._connection.execute("COMMIT")

    def _moves(self, within: Range, receipt: bytes, body: bytes) -> list[tuple[bytes, bytes, int]]:
        """Find what goes where for one more answer; nothing if the very same is there."""
        moves: list[tuple[bytes, bytes, int]] = []
        homeless, carried = receipt, body
        # Who loses a slot goes on from the next one: the slots before it, down to its own
        # first one, hold smaller receipts, or it would have been there.
        for slot, holder in self._from(within, _wanted(receipt, within)):
            if holder == receipt:
                if self._body(slot) != body:
                    raise SpentBallot("This right to answer was used before, for other answers.")
                return []
            if holder == EMPTY:
                return [*moves, (homeless, carried, slot)]
            if homeless < holder:
                moves.append((homeless, carried, slot))
                homeless, carried = holder, self._body(slot)
        raise SpentBallot("Every right of this group was used before; there are none left.")

    def _from(self, within: Range, slot: int) -> Iterator[tuple[int, bytes]]:
        """Walk once around a range and give the receipt in each slot."""
        end = within.first + within.size
        for start, stop in ((slot, end), (within.first, slot)):
            yield from self._connection.execute(
                "SELECT slot, receipt FROM slots WHERE slot >= ? AND slot < ? ORDER BY slot",
                (start, stop),
            )

    def _body(self, slot: int) -> bytes:
        (body,) = self._connection.execute(
            "SELECT body FROM slots WHERE slot = ?", (slot,)
        ).fetchone()
        return bytes(body)

    def count(self, within: Range) -> int:
        """Count the answers of a group without looking into any."""
        (n,) = self._connection.execute(
            "SELECT count(*) FROM slots WHERE slot >= ? AND slot < ? AND receipt <> ?",
            (within.first, within.first + within.size, EMPTY),
        ).fetchone()
        return int(n)

    def answered(self, within: Range) -> Iterator[tuple[bytes, bytes]]:
        """Give receipt and body of every answer of a group, in an order that tells nothing."""
        yield from self._connection.execute(
            "SELECT receipt, body FROM slots"
            " WHERE slot >= ? AND slot < ? AND receipt <> ? ORDER BY slot",
            (within.first, within.first + within.size, EMPTY),
        )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _forget(self) -> None:
        """Wipe what the last write left beside the file, and when it was."""
        _wipe(_journal(self._path), length=self._journal_length)
        files.forget_times(_journal(self._path), self._path, self._path.parent)


def _wanted(receipt: bytes, within: Range) -> int:
    return within.slot(int.from_bytes(receipt[:8], "big"))


def _connect(path: Path, *, mode: str) -> sqlite3.Connection:
    # Used by many threads in turn, one at a time: the lock of the wave sees to that.
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute(f"PRAGMA page_size = {_PAGE}")
    # A rollback journal that stays in place: one that is deleted after each answer leaves its
    # pages, with the number of answers so far, in the free blocks of the disk, and a power cut
    # could bring it back and undo an answer already acknowledged.  Never WAL: it is a diary.
    connection.execute("PRAGMA journal_mode = PERSIST")
    connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    path.chmod(0o600)
    return connection


def _wipe(journal: Path, *, length: int) -> None:
    """
    Fill a journal with zeros, and give it the length it always has.

    Only what was used is written: page follows page without a gap in it, each
    behind its number, so a block of nothing but zeros ends what was used.
    """
    descriptor = os.open(journal, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        for at in range(0, size, _BLOCK):
            if _ZEROS.startswith(os.pread(descriptor, _BLOCK, at)):
                break
            os.pwrite(descriptor, _ZEROS[: size - at], at)
        if size > length:
            os.fsync(descriptor)  # so that what is cut off is zeros on the disk too
            os.truncate(descriptor, length)
        elif size < length:
            os.pwrite(descriptor, bytes(length - size), size)
    finally:
        os.close(descriptor)


def _journal(path: Path) -> Path:
    return path.with_name(path.name + "-journal")


def _journal_length(body_length: int) -> int:
    """Give the length that a journal always has, whatever the largest answer moved."""
    pages_of_a_row = 2 + (RECEIPT_LENGTH + body_length) // _PAGE
    return (JOURNAL_ROWS * pages_of_a_row + 1) * (_PAGE + 8) // _BLOCK * _BLOCK + _BLOCK
