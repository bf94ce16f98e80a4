"""D-1: what was acknowledged is there after a kill, once, whoever sent it how often."""

import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException

import pytest

from collector.intake import Intake
from collector.keys import Keys
from surveys.errors import SpentBallot
from surveys.sealing import unpad_fields, unseal
from tests.attack.serving import Server, serving
from tests.collector.conftest import make_store, open_wave

pytestmark = pytest.mark.attack

WAVE = "2026-03"
CLIENTS = 8
PEOPLE = 80

# Acknowledges first and stores a moment later.
HASTY = """
import threading
from collector.intake import Intake
put = Intake.put
def later(self, *entry):
    threading.Timer(0.2, put, (self, *entry)).start()
Intake.put = later
"""


def answers_of(number):
    return {"tools": [str(1 + number % 5)], "comment": [f"Remark {number}"]}


def storm(server, waiting, *, until):
    """Let several clients answer until the server is gone; give what was acknowledged."""
    acknowledged = []

    def client():
        while waiting and not until.is_set():
            number, ballot = waiting.pop()
            with suppress(OSError, HTTPException):
                if server.redeem(ballot) == 200:
                    acknowledged.append(number)

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in clients:
        thread.start()
    return clients, acknowledged


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """An open wave and everybody's ballot, made once: making one takes longer than sending it."""
    folder = tmp_path_factory.mktemp("ready")
    wave = open_wave(make_store(folder), WAVE, people=(PEOPLE,), rights=("ballot",))
    ballots = [(number, wave.request(0, number, answers_of(number))) for number in range(PEOPLE)]
    return folder, wave, ballots


def kill_under_load(ready, folder, mutant=""):
    """Kill the server amid answers; give what it acknowledged and what it had kept."""
    opened, wave, ballots = ready
    shutil.copytree(opened, folder, dirs_exist_ok=True)
    waiting = list(ballots)
    over = threading.Event()
    with serving(folder, mutant) as server:
        clients, acknowledged = storm(server, waiting, until=over)
        deadline = time.monotonic() + 10
        while len(acknowledged) < 30 and time.monotonic() < deadline:
            time.sleep(0.002)
        server.kill()
        over.set()
        for thread in clients:
            thread.join()
    return wave, acknowledged, kept(folder)


def kept(folder):
    """Read the numbers of the answers that are in the store, opened with the wave's key."""
    store = make_store(folder)
    intake = Intake(folder / "store" / WAVE / "answers.sqlite")
    key = Keys(folder / "keys").read(WAVE).count
    found = [
        int(unpad_fields(unseal(key, sealed, bound_to=receipt))["comment"][0].split()[1])
        for group in store.known(WAVE).opening.groups.values()
        for receipt, sealed in intake.answered(group.within)
    ]
    intake.close()
    return found


def test_a_connection_reset_while_it_is_made_is_a_lost_one(monkeypatch):
    """Clients of a server that dies amid a greeting see the loss, and not a fault of their own."""

    def reset(*arguments, **options):
        raise ConnectionResetError

    monkeypatch.setattr("socket.create_connection", reset)

    with pytest.raises(ConnectionResetError):
        Server(port=1, process=None, folder=None).request("GET", "/healthz")


def test_a_kill_loses_nothing_and_doubles_nothing(tmp_path, ready):
    """Every acknowledged answer is there once, and sending it again changes nothing."""
    wave, acknowledged, found = kill_under_load(ready, tmp_path)

    assert len(acknowledged) >= 30
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found)) <= len(acknowledged) + CLIENTS
    store = make_store(tmp_path)
    for number in found + acknowledged:
        wave.redeem(store, 0, number, answers_of(number))
    assert kept(tmp_path) == found


def test_the_kill_finds_a_server_that_acknowledges_too_early(tmp_path, ready):
    """A server that stores after its acknowledgement loses answers, and is found out."""
    _, acknowledged, found = kill_under_load(ready, tmp_path, HASTY)

    assert set(acknowledged) - set(found)


@pytest.mark.parametrize("right", ["ballot", "letter"])
def test_one_right_used_by_twenty_at_once_is_counted_once(tmp_path, right):
    """Of twenty different answers under one right exactly one wins; the others are told."""
    wave = open_wave(make_store(tmp_path), WAVE, rights=(right, "letter"))

    def send(server, number, person):
        if right == "letter":
            code = wave.codes["g00"][person]
            return server.submit(WAVE, code, {"comment": f"Remark {number}"})
        return server.redeem(ballots[person][number])

    ballots = right == "ballot" and [
        [wave.request(0, person, answers_of(number)) for number in range(20)]
        for person in range(2)
    ]
    with serving(tmp_path) as server, ThreadPoolExecutor(20) as crowd:
        for person in range(2):
            sent = [crowd.submit(send, server, number, person) for number in range(20)]
            statuses = sorted(run.result() for run in sent)

            assert statuses == [200] + [409] * 19

    assert len(kept(tmp_path)) == 2


def test_threads_of_one_store_exclude_each_other(tmp_path):
    """The same holds without a server between: a lock per holder, not per process."""
    stores = [make_store(tmp_path) for _ in range(2)]
    wave = open_wave(stores[0], WAVE)
    together = threading.Barrier(20)

    def race(number):
        together.wait()
        with suppress(SpentBallot):
            wave.redeem(stores[number % 2], 0, 0, answers_of(number))
            return True

    with ThreadPoolExecutor(20) as crowd:
        won = list(crowd.map(race, range(20)))

    assert won.count(True) == 1
    assert kept(tmp_path) == [won.index(True)]


def test_the_store_waits_for_the_disk(tmp_path):
    """Every commit is synced, through a rollback journal that stays in place."""
    store = make_store(tmp_path)
    wave = open_wave(store, WAVE)
    wave.redeem(store, 0, 0, answers_of(0))
    connection = store._intakes[WAVE]._connection

    asked = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("synchronous", "journal_mode", "secure_delete")
    }
    folder = tmp_path / "store" / WAVE
    journal = (folder / "answers.sqlite-journal").read_bytes()

    assert asked == {"synchronous": 2, "journal_mode": "persist", "secure_delete": 1}
    assert set(journal) == {0}
    assert json.loads((folder / "state.json").read_bytes())["name"] == "open"
