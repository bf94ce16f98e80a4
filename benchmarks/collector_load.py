"""
Load on the collector: ballots redeemed per second, server CPU per submit, tail.

One submit is what an employee's browser posts: a ballot of one's own and sealed answers, into
a wave that has thousands of answers already.  The server is `headwater-collector serve` with
two workers; every acknowledged answer was synced to disk in its own slot, and at the end the
answers are counted.
"""

from __future__ import annotations

import argparse
import os
import random
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

from benchmarks import ballot_waves
from benchmarks.ballot_waves import OpenWave
from benchmarks.customer_load import Load, cpu_seconds, exchange, free_port, wait_for
from collector.config import Settings

ROOT = Path(__file__).parent.parent
GROUP = 250  # people of a counting group; each group has a key, which takes a while to make
FASTEST = 600  # submits per second beyond which the ballots made beforehand would run out
WARM = 60  # submits before the clock starts


def main(argv: list[str] | None = None) -> None:
    """Measure with one client and with sixteen, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 16])
    parser.add_argument("--stored", type=int, default=10_000)
    given = parser.parse_args(argv)
    print(Load.HEADER)
    for run in measure(given.clients, seconds=given.seconds, stored=given.stored):
        print(run)


def measure(clients: list[int], *, seconds: float, stored: int) -> list[Load]:
    """Serve a wave with so many answers, and load it with each number of clients in turn."""
    n_ready = int(len(clients) * seconds * FASTEST) + WARM
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            collector_store=Path(folder) / "store", collector_keys=Path(folder) / "keys"
        )
        n_groups = (stored + n_ready) // GROUP + 1
        wave = ballot_waves.open_wave(settings, n_groups=n_groups, group_size=GROUP)
        wave.fill(stored, sealed=wave.noise())
        unused = wave.requests(n_ready, rng=random.Random(1))
        with serving(settings) as (port, process):
            warming = [unused.pop() for _ in range(WARM)]
            load(port, warming, clients=2, seconds=60)
            return [_measure(wave, port, process.pid, unused, n, seconds) for n in clients]


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[int, subprocess.Popen]]:
    """Run the collector as its command does, for as long as needed."""
    port = free_port()
    environment = {
        "HEADWATER_COLLECTOR_STORE": str(settings.collector_store),
        "HEADWATER_COLLECTOR_KEYS": str(settings.collector_keys),
        "HEADWATER_COLLECTOR_URL": f"http://localhost:{port}",
        "HEADWATER_PUBLIC_URL": settings.public_url,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "collector.cli", "serve", "--port", str(port)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(port)
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def load(port: int, unused: list[bytes], *, clients: int, seconds: float) -> list[float]:
    """Submit with so many clients at once; give the times of all submits."""
    until = time.perf_counter() + seconds
    with ThreadPoolExecutor(clients) as pool:
        runs = [pool.submit(_employee, port, unused, until) for _ in range(clients)]
        return [taken for run in runs for taken in run.result()]


def _measure(
    wave: OpenWave, port: int, pid: int, unused: list[bytes], clients: int, seconds: float
) -> Load:
    before, cpu, started = wave.count(), cpu_seconds(pid), time.perf_counter()
    posts = load(port, unused, clients=clients, seconds=seconds)
    elapsed, cpu = time.perf_counter() - started, cpu_seconds(pid) - cpu
    return Load(
        clients=clients,
        submits_per_second=len(posts) / elapsed,
        cpu_per_submit=cpu / len(posts),
        post_p50=median(posts),
        post_p99=sorted(posts)[int(len(posts) * 0.99)],
        get_p50=None,
        lost=len(posts) - (wave.count() - before),
    )


def _employee(port: int, unused: list[bytes], until: float) -> list[float]:
    head = f"POST /anon/submit HTTP/1.1\r\nHost: localhost:{port}\r\n".encode()
    head += b"Sec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\nContent-Length: "
    posts: list[float] = []
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (start := time.perf_counter()) < until:
            try:
                body = unused.pop()
            except IndexError:
                break
            answer = exchange(link, head + str(len(body)).encode() + b"\r\n\r\n" + body)
            if not answer.startswith(b"HTTP/1.1 200") or b'"acknowledgement"' not in answer:
                raise RuntimeError(answer[:500])
            posts.append(time.perf_counter() - start)
    return posts


if __name__ == "__main__":
    main()
