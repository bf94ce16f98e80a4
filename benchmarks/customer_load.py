"""
Load on a customer link: submits per second, server CPU per submit, tail.

One submit is what a customer's browser does: fetch the form, then send it.  The server is
granian with two workers on a database of its own; every acknowledged submit was committed
with a sync to disk, and at the end the rows are counted against the acknowledgements.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from threading import Thread
from typing import ClassVar

from alembic import command
from alembic.config import Config
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.database import make_engine
from app.models import CustomerResponse
from app.services import survey_versions, touchpoints

ROOT = Path(__file__).parent.parent
SUBMISSION = re.compile(rb'name="submission"[^>]*value="([^"]+)"')
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
ANSWERS = b"recommend=9&satisfaction=4&effort=2&repeated=no&comment=Quick+and+kind.&submission="
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one load did; times in seconds."""

    clients: int
    submits_per_second: float
    cpu_per_submit: float
    post_p50: float
    post_p99: float
    get_p50: float | None  # None where a submit begins with no page
    lost: int

    HEADER: ClassVar[str] = (
        "clients  submits/s  CPU ms/submit  POST p50 ms  POST p99 ms  GET p50 ms  lost"
    )

    def __str__(self) -> str:
        page = "-" if self.get_p50 is None else f"{1000 * self.get_p50:.1f}"
        return (
            f"{self.clients:7d}  {self.submits_per_second:9.0f}  "
            f"{1000 * self.cpu_per_submit:13.2f}  {1000 * self.post_p50:11.1f}  "
            f"{1000 * self.post_p99:11.1f}  {page:>10}  {self.lost:4d}"
        )


def main(argv: list[str] | None = None) -> None:
    """Measure with one client and with sixteen, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 16])
    parser.add_argument("--url", help="SQLAlchemy URL of an empty database; default: SQLite")
    given = parser.parse_args(argv)
    print(Load.HEADER)
    for run in measure(given.clients, seconds=given.seconds, url=given.url):
        print(run)


def measure(clients: list[int], *, seconds: float, url: str | None = None) -> Iterator[Load]:
    """Serve a database of its own, and load it with each number of clients in turn."""
    with tempfile.TemporaryDirectory() as folder:
        url = url or f"sqlite:///{folder}/customers.db"
        token = prepare(url)
        with serving(url) as (port, process):
            load(port, token, clients=2, seconds=min(1, seconds))
            for n in clients:
                yield _measure(url, port, process.pid, token, n, seconds)


def prepare(url: str) -> str:
    """Make the tables and one link; return its token."""
    migrate(url)
    now = datetime.now(UTC)
    with Session(make_engine(url)) as session:
        version = survey_versions.copy_bundled(session, "customer_experience", now=now)
        touchpoint = touchpoints.add_touchpoint(session, name="Counter", stage="service")
        link = touchpoints.add_link(
            session, touchpoint, channel="link", team=None, version=version, now=now
        )
        session.commit()
        return link.token


def migrate(url: str) -> None:
    """Make the tables."""
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["url"] = url
    command.upgrade(config, "head")


@contextmanager
def serving(url: str) -> Iterator[tuple[int, subprocess.Popen]]:
    """Run the application under granian with two workers, for as long as needed."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {
        "HEADWATER_SECRET_KEY": "x" * 32,
        "HEADWATER_DATABASE_URL": url,
        "HEADWATER_PUBLIC_URL": address,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2"]
        + ["--blocking-threads", "8", "--host", "127.0.0.1", "--port", str(port)]
        + ["--no-access-log", "--log-level", "warning", "wsgi:application"],
        cwd=ROOT,
        env=os.environ | settings,
        start_new_session=True,
    )
    try:
        wait_for(port)
        yield port, process
    finally:
        stop(process)


def stop(process: subprocess.Popen) -> None:
    """Stop a server and its workers; one that is told to stop while it starts may not listen."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(4)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port(*, above: int | None = None) -> int:
    """Find a port below the range that outgoing connections take theirs from."""
    # Two that measure at once begin far from each other, even if their numbers are neighbours.
    first = 18_100 + os.getpid() * 37 % 700 if above is None else above + 1
    for port in range(first, 18_900):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise SystemExit("No free port from 18100 to 18899.")


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(300):
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.1)
    raise SystemExit("The server did not start.")


def _measure(url: str, port: int, pid: int, token: str, clients: int, seconds: float) -> Load:
    """Run one load."""
    before, cpu = count(url), cpu_seconds(pid)
    started = time.perf_counter()
    gets, posts = load(port, token, clients=clients, seconds=seconds)
    elapsed = time.perf_counter() - started
    cpu = cpu_seconds(pid) - cpu
    return Load(
        clients=clients,
        submits_per_second=len(posts) / elapsed,
        cpu_per_submit=cpu / len(posts),
        post_p50=median(posts),
        post_p99=sorted(posts)[int(len(posts) * 0.99)],
        get_p50=median(gets),
        lost=len(posts) - (count(url) - before),
    )


def count(url: str) -> int:
    """Count the answers on file."""
    with make_engine(url).connect() as connection:
        return connection.scalar(select(func.count()).select_from(CustomerResponse)) or 0


def cpu_seconds(pid: int) -> float:
    """Add up the CPU time of a process and its children."""
    pids = [pid]
    for task in pids:
        for children in Path(f"/proc/{task}/task").glob("*/children"):
            pids.extend(int(child) for child in children.read_text().split())
    fields = (Path(f"/proc/{p}/stat").read_text().rpartition(")")[2].split() for p in pids)
    return sum(int(f[11]) + int(f[12]) for f in fields) / TICKS


def load(port: int, token: str, *, clients: int, seconds: float) -> tuple[list[float], ...]:
    """Answer with so many clients at once; give the times of all GETs and all POSTs."""
    shares = [clients] if clients < 4 else [clients // 2, clients - clients // 2]
    with ProcessPoolExecutor(len(shares)) as pool:
        runs = [pool.submit(_crowd, port, token, share, seconds) for share in shares]
        times = [run.result() for run in runs]
    return [t for gets, _ in times for t in gets], [t for _, posts in times for t in posts]


def _crowd(port: int, token: str, clients: int, seconds: float) -> tuple[list[float], list[float]]:
    gets: list[float] = []
    posts: list[float] = []
    until = time.perf_counter() + seconds
    crowd = [
        Thread(target=_customer, args=(port, token, until, gets, posts)) for _ in range(clients)
    ]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    return gets, posts


def _customer(port: int, token: str, until: float, gets: list[float], posts: list[float]) -> None:
    host = f"Host: 127.0.0.1:{port}\r\n".encode()
    get = f"GET /s/{token} HTTP/1.1\r\n".encode() + host + b"\r\n"
    head = f"POST /s/{token} HTTP/1.1\r\n".encode() + host
    head += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (start := time.perf_counter()) < until:
            page = exchange(link, get)
            middle = time.perf_counter()
            form = ANSWERS + SUBMISSION.findall(page)[0]
            answer = exchange(link, head + str(len(form)).encode() + b"\r\n\r\n" + form)
            end = time.perf_counter()
            if not answer.startswith(b"HTTP/1.1 303"):
                raise RuntimeError(answer[:500])
            gets.append(middle - start)
            posts.append(end - middle)


def exchange(link: socket.socket, request: bytes) -> bytes:
    """Send one request and read the whole reply."""
    link.sendall(request)
    reply = b""
    while b"\r\n\r\n" not in reply:
        reply += _more(link)
    head, _, body = reply.partition(b"\r\n\r\n")
    found = LENGTH.search(head)
    missing = (int(found[1]) if found else 0) - len(body)
    while missing > 0:
        part = _more(link)
        reply += part
        missing -= len(part)
    return reply


def _more(link: socket.socket) -> bytes:
    part = link.recv(65536)
    if not part:
        raise ConnectionError("The server hung up.")
    return part


if __name__ == "__main__":
    main()
