"""Collectors with a planted leak each, and what must be found at them."""

from __future__ import annotations

import time
from dataclasses import dataclass

import flask

from collector import preparing
from collector.intake import EMPTY, Intake
from collector.store import Store
from tests.attack.needles import hashed


class RememberingStore(Store):
    """A mutant that keeps a remark beside each receipt, in a table of its own."""

    TABLE = "CREATE TABLE IF NOT EXISTS remarks (receipt BLOB PRIMARY KEY, remark) WITHOUT ROWID"

    def _accept(self, running, entry):
        accepted = super()._accept(running, entry)
        connection = self._intake(self._at(running.opening.wave))._connection
        connection.execute(self.TABLE)
        connection.execute(
            "INSERT INTO remarks VALUES (?, ?)", (entry.receipt, self.remark(connection))
        )
        return accepted

    def remark(self, connection):
        return None


class DatingStore(RememberingStore):
    def remark(self, connection):
        return time.time()


class CountingStore(RememberingStore):
    def remark(self, connection):
        return connection.execute("SELECT count(*) FROM remarks").fetchone()[0]


class BrowserStore(RememberingStore):
    def remark(self, connection):
        return flask.request.headers["User-Agent"]


class NetworkStore(RememberingStore):
    def remark(self, connection):
        return hashed(flask.request.remote_addr)


class BlindedStore(RememberingStore):
    def remark(self, connection):
        return flask.request.headers["X-Blinded"]


class RowidStore(RememberingStore):
    """A mutant whose table says nothing of an order, but has a hidden number for each row."""

    TABLE = "CREATE TABLE IF NOT EXISTS remarks (receipt BLOB PRIMARY KEY, remark)"


class WritingAheadStore(Store):
    """A mutant that writes ahead, as databases do that are in a hurry."""

    def _intake(self, folder):
        is_new = folder.wave not in self._intakes
        opened = super()._intake(folder)
        if is_new:
            opened._connection.execute("PRAGMA journal_mode = WAL")
        return opened


class LoggingStore(Store):
    """A mutant with an access log."""

    def _accept(self, running, entry):
        with (self._folder / "access.log").open("a") as log:
            log.write(f"{time.time()} {flask.request.remote_addr} POST {flask.request.path}\n")
        return super()._accept(running, entry)


class FillingIntake(Intake):
    """Takes the first slot that is free."""

    def _moves(self, within, receipt, body):
        for slot, holder in self._from(within, within.first):
            if holder == EMPTY:
                return [(receipt, body, slot)]
        raise AssertionError("full")


class FillingStore(Store):
    """A mutant that appends."""

    def _intake(self, folder):
        if folder.wave not in self._intakes:
            self._intakes[folder.wave] = FillingIntake(folder.file(preparing.INTAKE))
        return self._intakes[folder.wave]


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A planted leak, and what a finding must say to count as finding it."""

    store: type[Store]
    finding: str


LEAKS = {
    "a time": Leak(store=DatingStore, finding="remarks.remark: like"),
    "a number": Leak(store=CountingStore, finding="remarks.remark: like"),
    "hidden row numbers": Leak(store=RowidStore, finding="remarks.rowid: like"),
    "a write-ahead log": Leak(store=WritingAheadStore, finding="answers.sqlite-wal: like"),
    "slots as they came": Leak(store=FillingStore, finding="slots.slot: like"),
    "the browser": Leak(store=BrowserStore, finding="browser, as it is, in"),
    "a hashed address": Leak(store=NetworkStore, finding="network, as a hash, in"),
    "a log": Leak(store=LoggingStore, finding="network, as it is, in"),
    "the blinded value": Leak(store=BlindedStore, finding="blinded, as a hash in hexadecimal, in"),
}
