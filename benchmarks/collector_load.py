"""
Load on the collector: submits per second, server CPU per submit, tail.

One submit is what an employee's browser does: fetch the page, then send it under a code of
one's own.  The server is `headwater-collector serve` with two workers; every acknowledged
answer was synced to disk in its own row, and at the end the rows are counted.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.customer_load import Load, cpu_seconds, exchange, free_port, wait_for
from collector.intake import Intake
from collector.store import Store
from surveys import codes, questionnaires

ROOT = Path(__file__).parent.parent
WAVE = "load"
ANSWERS = (
    b"&tools=4&support=3&discretion=5&recognition=2&manager=4&workload=3&energy=4"
    b"&belonging=5&change_follows=2&recommend_workplace=8&comment=More+quiet+rooms%2C+please."
)


def main(argv: list[str] | None = None) -> None:
    """Measure with one client and with sixteen, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 16])
    parser.add_argument("--people", type=int, default=8000)
    given = parser.parse_args(argv)
    print(Load.HEADER)
    for run in measure(given.clients, seconds=given.seconds, people=given.people):
        print(run)


def measure(clients: list[int], *, seconds: float, people: int) -> list[Load]:
    """Open a wave, serve it, and load it with each number of clients in turn."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        unused = open_wave(store, people=people)
        with serving(store) as (port, process):
            load(port, unused, clients=2, seconds=min(0.5, seconds))
            return [_measure(store, port, process.pid, unused, n, seconds) for n in clients]


def open_wave(store: Path, *, people: int) -> list[str]:
    """Open one wave with one group of so many people; return their codes."""
    drawn = codes.new_codes(people)
    group = {
        "group": "g01",
        "label": "All",
        "home": "all",
        "teams": ["all"],
        "n_eligible": people,
        "codes": sorted(codes.digest(WAVE, code) for code in drawn),
    }
    opening = {
        "schema": "headwater.opening/1",
        "wave": WAVE,
        "title": "Load",
        "organisation": "Load",
        "opens_on": "2026-01-01",
        "closes_on": "2026-12-31",
        "questionnaire": questionnaires.load("monthly_pulse").to_dict(),
        "thresholds": {"profile": "default", "k": 5, "k_group": 8, "k_comment": 10},
        "hierarchy": [{"team": "all", "name": "All", "parent": None}],
        "groups": [group],
    }
    Store(store).open_wave(opening)
    return list(drawn)


@contextmanager
def serving(store: Path) -> Iterator[tuple[int, subprocess.Popen]]:
    """Run the collector as its command does, for as long as needed."""
    port = free_port()
    settings = {
        "HEADWATER_COLLECTOR_STORE": str(store),
        "HEADWATER_COLLECTOR_URL": f"http://localhost:{port}",
        "HEADWATER_PUBLIC_URL": "http://127.0.0.1:8000",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "collector.cli", "serve", "--port", str(port)],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(port)
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def load(
    port: int, unused: list[str], *, clients: int, seconds: float
) -> tuple[list[float], list[float]]:
    """Answer with so many clients at once; give the times of all GETs and all POSTs."""
    until = time.perf_counter() + seconds
    with ThreadPoolExecutor(clients) as pool:
        runs = [pool.submit(_employee, port, unused, until) for _ in range(clients)]
        times = [run.result() for run in runs]
    return [t for gets, _ in times for t in gets], [t for _, posts in times for t in posts]


def _measure(
    store: Path, port: int, pid: int, unused: list[str], clients: int, seconds: float
) -> Load:
    before, cpu, started = _answered(store), cpu_seconds(pid), time.perf_counter()
    gets, posts = load(port, unused, clients=clients, seconds=seconds)
    elapsed, cpu = time.perf_counter() - started, cpu_seconds(pid) - cpu
    return Load(
        clients=clients,
        submits_per_second=len(posts) / elapsed,
        cpu_per_submit=cpu / len(posts),
        post_p50=median(posts),
        post_p99=sorted(posts)[int(len(posts) * 0.99)],
        get_p50=median(gets),
        lost=len(posts) - (_answered(store) - before),
    )


def _answered(store: Path) -> int:
    intake = Intake(store / WAVE / "answers.sqlite")
    n_answered = sum(1 for _ in intake.answered())
    intake.close()
    return n_answered


def _employee(port: int, unused: list[str], until: float) -> tuple[list[float], list[float]]:
    host = f"Host: localhost:{port}\r\n".encode()
    get = f"GET /w/{WAVE} HTTP/1.1\r\n".encode() + host + b"\r\n"
    head = f"POST /w/{WAVE} HTTP/1.1\r\n".encode() + host
    head += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
    gets: list[float] = []
    posts: list[float] = []
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while unused and (start := time.perf_counter()) < until:
            exchange(link, get)
            middle = time.perf_counter()
            form = b"code=" + unused.pop().encode() + ANSWERS
            answer = exchange(link, head + str(len(form)).encode() + b"\r\n\r\n" + form)
            if not answer.startswith(b"HTTP/1.1 303"):
                raise RuntimeError(answer[:500])
            gets.append(middle - start)
            posts.append(time.perf_counter() - middle)
    return gets, posts


if __name__ == "__main__":
    main()
