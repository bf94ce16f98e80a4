"""Memory of one web worker after it has served the report pages of the demo organisation."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Settings
from app.database import make_engine
from app.models import Person, RoleGrant
from app.queries.viewing import latest_released_wave
from app.services import sign_ins
from benchmarks.customer_load import free_port, stop, wait_for
from benchmarks.pages import fill_demo

ROOT = Path(__file__).parent.parent
TIMES = 20


def main(argv: list[str] | None = None) -> None:
    """Fill the demo organisation, unless a database is given, and print the memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="SQLAlchemy URL of a filled demo; default: fill one now")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        rss, pss = measure(given.url or fill_demo(Path(folder)))
    print("RSS MB  PSS MB")
    print(f"{rss:6.0f}  {pss:6.0f}")


def measure(url: str) -> tuple[float, float]:
    """Give the resident and the proportional memory of a worker, in megabytes."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = Settings(secret_key="x" * 40, database_url=url, public_url=address)
    with Session(make_engine(url)) as session:
        paths = ["/", f"/reports/waves/{latest_released_wave(session).id}", "/reports/results"]
        person = session.scalars(
            select(Person).join(RoleGrant).where(RoleGrant.role == "hr")
        ).first()
        token = sign_ins.start(session, person, now=datetime.now(UTC), browser="Benchmark")
        session.commit()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--workers", "1"],
        cwd=ROOT,
        env=os.environ | settings.to_env(),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(port)
        for path in [*paths, "/reports/linkage"] * TIMES:
            answer = requests.get(
                address + path, cookies={"headwater": token}, timeout=60, allow_redirects=False
            )
            assert answer.status_code == 200, (path, answer.status_code)
        (worker,) = _children(process.pid)
        return _megabytes(worker, "Rss"), _megabytes(worker, "Pss")
    finally:
        stop(process)


def _children(pid: int) -> list[int]:
    """List the worker processes; the helper that Python starts beside them serves nothing."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"resource_tracker" not in command:
                found.append(int(child))
    return found


def _megabytes(pid: int, kind: str) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise AssertionError(f"no {kind}")


if __name__ == "__main__":
    main()
