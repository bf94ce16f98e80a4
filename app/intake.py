"""The one writer of customers' answers: returns once they are safely on disk."""

from __future__ import annotations

import fcntl
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import Engine

from app.services import customer_responses
from app.services.customer_responses import Entry


class Intake:
    """
    Takes answers from many threads and processes, each on disk before `put` returns.

    PostgreSQL gathers commits by itself, so there every answer is a transaction.  SQLite
    has one writer at a time and a sync to disk per commit: whoever gets the turn writes
    the answers of everybody who waits, in one transaction.  A lock on a file beside the
    database hands the turn from process to process; waiting in the kernel has no tail,
    whereas SQLite's own waiting sleeps and starves.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[_Ticket] = deque()
        self._turn = Lock()

    def put(self, entry: Entry) -> None:
        """Write one answer; when this returns, it survives a crash and a power cut."""
        if not customer_responses.groups_commits(self._engine):
            self._commit([entry])
            return
        ticket = _Ticket(entry)
        self._waiting.append(ticket)
        with self._turn:
            if not ticket.is_settled:
                with self._alone():
                    self._settle([self._waiting.popleft() for _ in range(len(self._waiting))])
        if ticket.error is not None:
            raise ticket.error

    def _settle(self, tickets: Sequence[_Ticket]) -> None:
        try:
            self._commit([ticket.entry for ticket in tickets])
        except Exception:
            # One bad answer must not take its neighbours with it.
            for ticket in tickets:
                ticket.error = self._attempt(ticket.entry)
        for ticket in tickets:
            ticket.is_settled = True

    def _attempt(self, entry: Entry) -> Exception | None:
        try:
            self._commit([entry])
        except Exception as error:
            return error
        return None

    def _commit(self, entries: Sequence[Entry]) -> None:
        with self._engine.begin() as connection:
            customer_responses.write(connection, entries)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # Closing the file gives the turn back, and so does the death of the process.
        with open(f"{self._engine.url.database}.turn", "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class _Ticket:
    """One waiting answer and what became of it."""

    __slots__ = ("entry", "error", "is_settled")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.error: Exception | None = None
        self.is_settled = False
