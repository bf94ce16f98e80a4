"""
D-1, D-3: an answer that was acknowledged is there, once, whatever befalls the collector.

Employees send their answers until they are acknowledged, while the process that serves is
killed again and again, stopped, or cannot write.  At the end the store is opened: every
acknowledgement must fit what is kept, and nothing may be there twice.  Collectors that
acknowledge before they have stored, or although they could not, must be caught.
"""

from __future__ import annotations

import http.client
import json
import random
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from surveys.encoding import decode
from surveys.manifests import receipt_message
from surveys.signing import is_signed
from tests.attack.forked import Master, forked
from tests.collector.conftest import Wave, make_store, open_wave

pytestmark = pytest.mark.attack

WAVE = "2026-03"
PEOPLE, MANY = 120, 900
KILLS, MANY_KILLS = 12, 60
CLIENTS = 6
PATIENCE = 60.0  # seconds until somebody who is never acknowledged gives up


def answer(number: int) -> dict[str, list[str]]:
    return {"tools": [str(1 + number % 5)], "comment": [f"Remark {number}"]}


@pytest.fixture(scope="module")
def ready(tmp_path_factory) -> tuple[Path, Wave, list[dict[str, str]]]:
    """An open wave and everybody's ballot with answers, made once."""
    return opened(tmp_path_factory.mktemp("ready"), PEOPLE)


def opened(folder: Path, people: int) -> tuple[Path, Wave, list[dict[str, str]]]:
    wave = open_wave(make_store(folder), WAVE, people=(people,), rights=("ballot",))
    return folder, wave, [wave.request(0, number, answer(number)) for number in range(people)]


@dataclass(kw_only=True)
class Crowd:
    """Employees who send until they are acknowledged, and what they were given."""

    port: int
    waiting: list[dict[str, str]]
    given: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)
    retries: int = 0
    refused: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Send everything, each body until it is acknowledged."""
        rng, deadline = random.Random(), time.monotonic() + PATIENCE
        while self.waiting and time.monotonic() < deadline:
            with suppress(IndexError):
                body = self.waiting.pop()
                while time.monotonic() < deadline and not self.send(body):
                    self.retries += 1
                    time.sleep(rng.uniform(0.005, 0.05))

    def send(self, body: dict[str, str]) -> bool:
        """Send once; say whether there is nothing left to try."""
        try:
            status, reply = post(self.port, body)
        except (OSError, http.client.HTTPException, ValueError):
            return False
        if status == 200:
            self.given.append((body, reply))
        elif status < 500:
            self.refused.append(status)
        return status < 500

    def start(self) -> list[threading.Thread]:
        threads = [threading.Thread(target=self.run) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads


def post(port: int, body: dict[str, str], *, patience: float = 5) -> tuple[int, dict[str, str]]:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        link.request(
            "POST", "/anon/submit", json.dumps(body), {"Content-Type": "application/json"}
        )
        response = link.getresponse()
        return response.status, json.loads(response.read())
    finally:
        link.close()


def kept(folder: Path) -> list[tuple[bytes, bytes]]:
    """Read receipts and seals straight from the store."""
    store = make_store(folder)
    running = store.known(WAVE)
    intake = store._intake(store._at(WAVE))
    groups = running.opening.groups.values()
    return [entry for group in groups for entry in intake.answered(group.within)]


def lost(wave: Wave, crowd: Crowd, found: list[tuple[bytes, bytes]]) -> int:
    """Count the acknowledgements that fit nothing that is kept."""
    sealed, manifest = dict(found), sha256(wave.text.encode()).digest()
    key = decode(wave.manifest["receipt_key"])
    n_lost = 0
    for body, reply in crowd.given:
        receipt = decode(reply["receipt"])
        stored = sealed.get(receipt, b"")
        message = receipt_message(manifest=manifest, receipt=receipt, sealed=stored)
        is_kept = is_signed(key, message, decode(reply["acknowledgement"]))
        n_lost += not (is_kept and stored == decode(body["sealed"]))
    return n_lost


def under_fire(ready: Any, folder: Path, *, kills: int, mutant: str = "") -> Any:
    """Kill the collector again and again amid answers; give the crowd and what was kept."""
    source, wave, bodies = ready
    shutil.copytree(source, folder, dirs_exist_ok=True)
    rng = random.Random(kills)
    with forked(folder, mutant) as master:
        crowd = Crowd(port=master.port, waiting=list(bodies))
        threads = crowd.start()
        for number in range(1, kills + 1):
            aim = number * len(bodies) // (kills + 1)
            while len(crowd.given) < aim and any(thread.is_alive() for thread in threads):
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.01))
            master.tell("kill")
        for thread in threads:
            thread.join()
        time.sleep(0.1)  # for a mutant that still stores
    return crowd, kept(folder)


def check(ready: Any, folder: Path, *, kills: int) -> None:
    crowd, found = under_fire(ready, folder, kills=kills)
    _, wave, bodies = ready

    assert crowd.refused == []
    assert crowd.retries >= kills
    assert lost(wave, crowd, found) == 0
    assert len(found) == len(dict(found)) == len(crowd.given) == len(bodies)


def test_kills_lose_nothing_and_double_nothing(ready, tmp_path):
    """Twelve kills amid answers: all acknowledged in the end, all kept, each once."""
    check(ready, tmp_path, kills=KILLS)


@pytest.mark.long
def test_many_kills_lose_nothing_and_double_nothing(tmp_path_factory, tmp_path):
    """Sixty kills amid nine hundred answers: the same."""
    check(opened(tmp_path_factory.mktemp("many"), MANY), tmp_path, kills=MANY_KILLS)


def test_kills_find_a_collector_that_acknowledges_too_early(ready, tmp_path):
    """One that stores a moment after its acknowledgement loses answers."""
    crowd, found = under_fire(ready, tmp_path, kills=KILLS, mutant="early")

    assert lost(ready[1], crowd, found) > 0


HARMS = {
    "fill the disk": "empty the disk",
    "make read-only": "make writable",
    "stop": "go on",
}
OWN_MOUNTS = ("unshare", "--map-root-user", "--mount")


def hurt(ready: Any, folder: Path, harm: str, mutant: str = "") -> tuple[Any, Any]:
    """Send some answers in peace, some under harm, and all of them again after the cure."""
    source, _, bodies = ready
    shutil.copytree(source, folder, dirs_exist_ok=True)
    cure, within = HARMS[harm], OWN_MOUNTS if harm == "make read-only" else ()
    with forked(folder, mutant, within) as master:
        peace = [post(master.port, body) for body in bodies[:5]]
        assert [status for status, _ in peace] == [200] * 5
        master.tell(harm)
        under_harm = [attempt(master, body) for body in bodies[5:9]]
        stored = None if harm == "stop" else len(kept_beside(folder))
        master.tell(cure)
        time.sleep(0.2)
        afterwards = [post(master.port, body) for body in bodies[:9]]
    assert [reply for _, reply in afterwards[:5]] == [reply for _, reply in peace]
    return under_harm, (afterwards, stored, kept(folder))


def attempt(master: Master, body: dict[str, str]) -> int:
    """Give the status of one attempt, 0 where there is none."""
    try:
        return post(master.port, body, patience=0.4)[0]
    except (OSError, http.client.HTTPException):
        return 0


def kept_beside(folder: Path) -> list[tuple[bytes, bytes]]:
    """Read a copy of the store while the collector is still there."""
    copy = folder / "copy"
    shutil.copytree(folder / "store", copy / "store")
    shutil.copytree(folder / "keys", copy / "keys")
    try:
        return kept(copy)
    finally:
        shutil.rmtree(copy)


def can_mount() -> bool:
    """Tell whether this system lets us mount something for ourselves alone."""
    return bool(shutil.which("unshare")) and not subprocess.run(OWN_MOUNTS + ("true",)).returncode


@pytest.mark.parametrize("harm", ["fill the disk", "make read-only"])
def test_a_disk_that_takes_nothing_is_admitted(ready, tmp_path, harm):
    """Where nothing can be written the answer is 503; sent again later it is kept once."""
    if harm == "make read-only" and not can_mount():
        pytest.skip("No folder can be made read-only here: unshare is not allowed.")

    statuses, (afterwards, stored, found) = hurt(ready, tmp_path, harm)

    assert statuses == [503] * 4
    assert stored == 5
    assert [status for status, _ in afterwards] == [200] * 9
    assert len(found) == len(dict(found)) == 9


@pytest.mark.long
def test_the_full_disk_finds_a_collector_that_pretends(ready, tmp_path):
    """One that acknowledges what it could not write is found by the same attempt."""
    statuses, (_, stored, _) = hurt(ready, tmp_path, "fill the disk", mutant="pretend")

    assert statuses == [200] * 4
    assert stored == 5


def test_a_collector_that_stands_still_acknowledges_nothing(ready, tmp_path):
    """Who waits in vain sends again; what the sleeper does when it wakes is done once."""
    statuses, (afterwards, _, found) = hurt(ready, tmp_path, "stop")

    assert statuses == [0] * 4
    assert [status for status, _ in afterwards] == [200] * 9
    assert len(found) == len(dict(found)) == 9
