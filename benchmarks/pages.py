"""
Report pages of the demo organisation: median and 95th percentile, from stored reports.

Pages are asked for in a process of its own, as the web process would serve them; the
statistics are loaded only by the process that makes the reports.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import Client

from app import create_app
from app.config import Settings
from app.database import make_engine
from app.demo.seed import seed_demo
from app.exchange import over_wsgi
from app.installation import Installation
from app.key_folder import KeyFolder
from app.models import Person, RoleGrant
from app.queries.viewing import latest_released_wave
from app.services import sign_ins
from benchmarks.customer_load import migrate
from collector.config import Settings as CollectorSettings
from collector.program import create_collector

ROOT = Path(__file__).parent.parent
TOKEN = "an installation token for measuring"
COLLECTOR_URL = "http://localhost:8001"


def main(argv: list[str] | None = None) -> None:
    """Fill the demo organisation, unless a database is given, and measure its report pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="SQLAlchemy URL of a filled demo; default: fill one now")
    parser.add_argument("--times", type=int, default=60)
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        rows = measured_apart(given.url or fill_demo(Path(folder)), times=given.times)
    print("page                    median ms  95th percentile ms   kB  heavy packages loaded")
    for row in rows:
        print(
            f"{row['page']:<22} {row['median']:>10.1f} {row['p95']:>19.1f} {row['kb']:>4.0f}"
            f"  {row['heavy']}"
        )


def measured_apart(url: str, *, times: int) -> list[dict[str, Any]]:
    """Make the reports that are due, and measure the pages in a process of its own."""
    settings = Settings(secret_key="x" * 40, database_url=url)
    subprocess.run(
        [sys.executable, "-m", "app.cli", "report", "due"],
        cwd=ROOT, env=settings.to_env(), check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    program = "from benchmarks.pages import measure; import sys; measure(int(sys.argv[1]))"
    measured = subprocess.run(
        [sys.executable, "-c", program, str(times)],
        cwd=ROOT, env=settings.to_env(), check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return json.loads(measured.stdout)


def fill_demo(folder: Path) -> str:
    """Fill the demo organisation through the real services and give its database."""
    url = f"sqlite:///{folder / 'headwater.db'}"
    migrate(url)
    settings = Settings(secret_key="x" * 40, database_url=url, collector_token=TOKEN)
    own = CollectorSettings(
        collector_store=folder / "collector",
        collector_keys=folder / "keys" / "collector",
        collector_token=TOKEN,
    )
    collector = create_collector(own)
    browser = Client(collector, use_cookies=False)

    def post(wave, form):
        answer = browser.post(f"/w/{wave}", data=dict(form), base_url=COLLECTOR_URL)
        assert answer.status_code == 200, answer.status

    def redeem(document):
        answer = browser.post("/anon/submit", json=dict(document), base_url=COLLECTOR_URL)
        assert answer.status_code == 200, answer.status

    with Session(make_engine(url)) as session:
        seed_demo(
            session,
            collector=over_wsgi(collector, token=TOKEN, address=COLLECTOR_URL),
            installation=Installation.of(settings),
            keys=KeyFolder(folder / "keys" / "application"),
            post_answer=post,
            post_ballot=redeem,
            today=datetime.now(UTC).date(),
            progress=lambda line: None,
        )
    return url


def measure(times: int) -> None:
    """Ask for each page so many times and print the figures as JSON."""
    app = create_app()
    with app.extensions["sessions"]() as session:
        wave_id = latest_released_wave(session).id
        visitors = {role: sign_in(app, session, role) for role in ("hr", "executive", "employee")}
    pages = (
        ("hr", "HR: a wave", f"/reports/waves/{wave_id}"),
        ("executive", "executive: the linkage", "/reports/linkage"),
        ("executive", "executive: customers", "/reports/customers"),
        ("employee", "employee: results", "/reports/results"),
    )
    rows = [{"page": name, **ask(visitors[role], path, times)} for role, name, path in pages]
    print(json.dumps(rows))


def sign_in(app, session, role):
    """Sign somebody of a role in."""
    person = session.scalars(select(Person).join(RoleGrant).where(RoleGrant.role == role)).first()
    token = sign_ins.start(session, person, now=datetime.now(UTC), browser="Benchmark")
    session.commit()
    client = app.test_client()
    client.set_cookie("headwater", token, domain="localhost")
    return client


def ask(client, path, times):
    """Time one page, after one visit that warms it."""
    size = len(client.get(path).get_data())
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        response = client.get(path)
        taken.append(1000 * (time.perf_counter() - start))
        assert response.status_code == 200, response.status
    packages = ("numpy", "pandas", "statsmodels", "vl_convert")
    return {
        "median": median(taken),
        "p95": quantiles(taken, n=20)[-1],
        "kb": size / 1000,
        "heavy": ", ".join(name for name in packages if name in sys.modules) or "none",
    }


if __name__ == "__main__":
    main()
