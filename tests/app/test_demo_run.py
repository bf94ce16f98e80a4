"""``headwater demo``: where it is kept, and its processes from the start to Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from app.demo.run import CannotStart, Place
from app.demo.seed import DemoFacts

FACTS = DemoFacts(wave_id=9, wave_key="w-1", unused_codes=("A", "B"), customer_link="token")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path) -> Place:
    """An empty place, with secrets of its own once its settings were asked for."""
    return Place(folder=tmp_path)


def free_ports() -> tuple[int, int]:
    ports = []
    for port in range(24_000 + os.getpid() % 3_000, 28_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                ports.append(port)
        if len(ports) == 2:
            return ports[0], ports[1]
    raise AssertionError("no free ports")


def test_wiping_touches_nothing_else(place):
    """Starting afresh deletes the demo and leaves what else lies in the folder."""
    place.settings()
    place.write_facts(FACTS)
    (place.folder / "own.db").write_text("mine")

    place.wipe()

    assert [path.name for path in place.folder.iterdir()] == ["own.db"]


def test_a_seeding_that_broke_off_is_not_a_demo(place):
    """demo.json is written last, so without it there is data but nothing to go on with."""
    place.settings()
    assert place.data.exists()
    assert not place.is_filled

    place.database.touch()
    place.write_facts(FACTS)
    assert place.is_filled


def test_secrets_stay_between_runs_and_belong_to_the_owner_alone(place):
    """A second start uses the same secrets, which nobody else on the machine can read."""
    one, other = place.settings(), place.settings()

    assert (one.secret_key, one.collector_token) == (other.secret_key, other.collector_token)
    assert (place.data / "secrets.json").stat().st_mode & 0o077 == 0


def test_other_ports_move_the_addresses(place):
    """The facts name the ports of this run, not those of the one that filled the demo."""
    place.write_facts(FACTS)

    moved = Place(folder=place.folder, port=9000, collector_port=9001).move_facts()

    assert moved["app"] == "http://127.0.0.1:9000"
    assert moved["collector"] == "http://localhost:9001"
    assert moved["customer_link"] == "http://127.0.0.1:9000/s/token"


def test_ballots_stay_where_the_open_wave_was_prepared(place):
    """Its manifest promises the addresses, so at others no ballot is offered."""
    place.write_facts(FACTS)
    same = place.move_facts()["ballot"]

    moved = Place(folder=place.folder, port=9000, collector_port=9001).move_facts()

    assert (same, moved["ballot"]) == ("http://127.0.0.1:8000/ballot/w-1", None)


def test_keys_lie_apart_from_database_and_answers(place):
    """A copy of the folder of either holds no key; wiping takes them along."""
    settings = place.settings()
    env = place.collector_env(settings)
    keys = [Path(settings.key_folder), Path(env["HEADWATER_COLLECTOR_KEYS"])]
    kept = [place.database.parent.resolve(), Path(env["HEADWATER_COLLECTOR_STORE"])]

    assert len(set(keys)) == 2
    for key in keys:
        assert place.data.resolve() in key.parents
        assert not any(folder in (key, *key.parents) or key in folder.parents for folder in kept)


def test_the_collector_is_told_of_no_people(place):
    """Its environment has neither the application's database nor its secret."""
    settings = place.settings()

    env = place.collector_env(settings)

    assert settings.secret_key not in env.values()
    assert settings.database_url not in env.values()
    assert env["HEADWATER_COLLECTOR_TOKEN"] == settings.collector_token


@pytest.mark.parametrize("name", ["PORT", "COLLECTOR_PORT"])
def test_a_taken_port_is_named(place, name):
    """Whoever holds the port keeps it, and the message says which setting moves the demo."""
    free, taken = free_ports()
    ports = {"PORT": (taken, free), "COLLECTOR_PORT": (free, taken)}[name]
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.listen()

        with pytest.raises(CannotStart, match=rf"Port {taken} is taken.* {name}="):
            Place(folder=place.folder, port=ports[0], collector_port=ports[1]).check_ports()


def test_it_starts_where_it_was_and_ctrl_c_ends_every_process(demo, tmp_path):
    """Both programs answer on the ports asked for; afterwards no process is left."""
    port, collector_port = free_ports()
    own = demo.copy(tmp_path / "own")
    before = own.facts["employee_codes"]
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo", "--folder", str(own.place.folder)]
        + ["--port", str(port), "--collector-port", str(collector_port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            told = _read_until(process, "Press Ctrl-C")
            facts = own.facts
            for address in (facts["app"], facts["collector"]):
                assert requests.get(f"{address}/healthz", timeout=10).status_code == 200
            assert requests.get(facts["customer_link"], timeout=10).status_code == 200
            family = _family(process.pid)

            os.killpg(process.pid, signal.SIGINT)  # as a terminal does

            told += process.communicate(timeout=60)[0]
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    assert process.returncode == 0, told
    assert "Filling" not in told
    assert "Stopped. What you did is kept" in told
    assert facts["app"] == f"http://127.0.0.1:{port}"
    assert facts["employee_codes"] == before
    assert len(family) >= 4
    assert not _left(family)


def _read_until(process: subprocess.Popen, words: str) -> str:
    told, until = "", time.monotonic() + 60
    while words not in told:
        line = process.stdout.readline()
        assert line, f"it ended early: {told}"
        assert time.monotonic() < until, told
        told += line
    return told


def _family(pid: int) -> dict[int, str]:
    """List a process and all below it, each with the moment it started."""
    pids = [pid]
    for parent in pids:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            pids.extend(int(child) for child in children.read_text().split())
    return {pid: _start(pid) for pid in pids}


def _start(pid: int) -> str:
    """Tell when a process started; nothing for one that has ended, reaped or not."""
    with suppress(OSError):
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[18] if state != "Z" else ""
    return ""


def _left(family: dict[int, str]) -> list[int]:
    """List those of a family that still run; numbers are given out anew, moments are not."""
    until = time.monotonic() + 5  # a helper of a process ends a moment after it
    while left := [pid for pid, start in family.items() if start and _start(pid) == start]:
        if time.monotonic() > until:
            return left
        time.sleep(0.05)
    return []
