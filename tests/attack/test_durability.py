"""D-1: what was acknowledged is there after a kill, once, whoever sent it how often."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException

import pytest

from collector.intake import Intake
from collector.store import Store
from surveys.errors import SpentCode
from tests.attack.serving import serving
from tests.collector.conftest import make_opening

pytestmark = pytest.mark.attack

WAVE = "2026-03"
CLIENTS = 8

# Acknowledges first and stores a moment later.
HASTY = """
import threading
from collector.intake import Intake
put = Intake.put
def later(self, code, body):
    threading.Timer(0.2, put, (self, code, body)).start()
Intake.put = later
"""


def answers_of(number):
    return {"tools": str(1 + number % 5), "comment": f"Remark {number}"}


def storm(server, codes, *, until):
    """Let several clients answer until the server is gone; give what was acknowledged."""
    waiting, acknowledged = list(enumerate(codes)), []

    def client():
        while waiting and not until.is_set():
            number, code = waiting.pop()
            with suppress(OSError, HTTPException):
                if server.submit(WAVE, code, answers_of(number)) == 303:
                    acknowledged.append(number)

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in clients:
        thread.start()
    return clients, acknowledged


def kill_under_load(folder, mutant=""):
    """Kill the server amid answers; give what it acknowledged and what it had kept."""
    document, (codes,) = make_opening(WAVE, people=(400,))
    Store(folder / "store").open_wave(document)
    over = threading.Event()
    with serving(folder, mutant) as server:
        clients, acknowledged = storm(server, codes, until=over)
        deadline = time.monotonic() + 10
        while len(acknowledged) < 30 and time.monotonic() < deadline:
            time.sleep(0.01)
        server.kill()
        over.set()
        for thread in clients:
            thread.join()
    return codes, acknowledged, kept(folder)


def kept(folder):
    """Read the numbers of the answers that are in the store, straight from its file."""
    intake = Intake(folder / "store" / WAVE / "answers.sqlite")
    found = [int(answers["comment"].split()[1]) for _, answers in intake.answered()]
    intake.close()
    return found


def test_a_kill_loses_nothing_and_doubles_nothing(tmp_path):
    """Every acknowledged answer is there once, and sending it again changes nothing."""
    codes, acknowledged, found = kill_under_load(tmp_path)

    assert len(acknowledged) >= 30
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found)) <= len(acknowledged) + CLIENTS
    store = Store(tmp_path / "store")
    for number in found + acknowledged:
        answers = answers_of(number) | {"tools": 1 + number % 5}
        store.submit(WAVE, codes[number], answers)
    assert kept(tmp_path) == found


def test_the_kill_finds_a_server_that_acknowledges_too_early(tmp_path):
    """A server that stores after its acknowledgement loses answers, and is found out."""
    _, acknowledged, found = kill_under_load(tmp_path, HASTY)

    assert set(acknowledged) - set(found)


def test_one_code_sent_by_twenty_at_once_is_counted_once(tmp_path):
    """Of twenty different answers under one code exactly one wins; the others are told."""
    document, (codes, _) = make_opening(WAVE)
    Store(tmp_path / "store").open_wave(document)
    with serving(tmp_path) as server, ThreadPoolExecutor(20) as crowd:
        for code in codes[:2]:
            sent = [
                crowd.submit(server.submit, WAVE, code, {"comment": f"Remark {number}"})
                for number in range(20)
            ]
            statuses = sorted(run.result() for run in sent)

            assert statuses == [303] + [409] * 19

    assert len(kept(tmp_path)) == 2


def test_threads_of_one_store_exclude_each_other(tmp_path):
    """The same holds without a server between: a lock per holder, not per process."""
    document, (codes, _) = make_opening(WAVE)
    stores = [Store(tmp_path / "store") for _ in range(2)]
    stores[0].open_wave(document)
    together = threading.Barrier(20)

    def race(number):
        together.wait()
        with suppress(SpentCode):
            stores[number % 2].submit(WAVE, codes[0], {"comment": f"Remark {number}"})
            return True

    with ThreadPoolExecutor(20) as crowd:
        won = list(crowd.map(race, range(20)))

    assert won.count(True) == 1
    assert kept(tmp_path) == [won.index(True)]


def test_the_store_waits_for_the_disk(tmp_path):
    """Every commit is synced, through a rollback journal that stays in place."""
    document, (codes, _) = make_opening(WAVE)
    store = Store(tmp_path)
    store.open_wave(document)
    store.submit(WAVE, codes[0], {"tools": 4})
    connection = store._intake(WAVE)._connection

    asked = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("synchronous", "journal_mode", "secure_delete")
    }
    journal = (tmp_path / WAVE / "answers.sqlite-journal").read_bytes()

    assert asked == {"synchronous": 2, "journal_mode": "persist", "secure_delete": 1}
    assert set(journal) == {0}
    assert json.loads((tmp_path / WAVE / "state.json").read_bytes())["name"] == "open"
