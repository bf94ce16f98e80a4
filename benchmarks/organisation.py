"""An organisation with an open wave of ballots in both programs, and everybody signed in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Settings
from app.database import make_engine
from app.exchange import over_wsgi
from app.handover import open_wave, prepare_wave
from app.installation import Installation
from app.key_folder import KeyFolder
from app.models import Membership, Person, RoleGrant, RosterEntry, Team
from app.services import promises, sign_ins, survey_versions, waves
from benchmarks.ballot_waves import PROMISE
from benchmarks.customer_load import free_port, migrate, stop, wait_for
from collector.config import Settings as CollectorSettings
from collector.program import create_collector

ROOT = Path(__file__).parent.parent
TOKEN = "an installation token for measuring"
TEAM = 40  # people of a team, which is a counting group
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """Somebody who may take a ballot: what their browser carries."""

    group: str
    cookie: str


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """An application and a collector, and one wave that is open in both."""

    settings: Settings
    collector_settings: CollectorSettings
    wave: str
    manifest: str
    client_sha256: str
    employees: tuple[Employee, ...]

    @property
    def page(self) -> str:
        """The address of the page on which a ballot is taken and answers are sent."""
        return f"{self.settings.collector_url}/c/{self.client_sha256}/index.html"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Run both programs as their commands do, for as long as needed."""
        own = self.collector_settings
        environment = {
            "HEADWATER_COLLECTOR_STORE": str(own.collector_store),
            "HEADWATER_COLLECTOR_KEYS": str(own.collector_keys),
        }
        started = []
        try:
            for program, url in (
                ("app.cli", self.settings.public_url),
                ("collector.cli", self.settings.collector_url),
            ):
                port = url.rpartition(":")[2]
                process = subprocess.Popen(
                    [sys.executable, "-m", program, "serve", "--port", port],
                    cwd=ROOT,
                    env=self.settings.to_env(os.environ | environment),
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
                started.append(process)
                wait_for(int(port))
            yield
        finally:
            for process in started:
                stop(process)


def found(folder: Path, *, people: int) -> Organisation:
    """Found an organisation of so many people, open a wave of ballots, sign everybody in."""
    port = free_port()
    settings = Settings(
        secret_key="x" * 40,
        database_url=f"sqlite:///{folder / 'headwater.db'}",
        organisation="Benchmark",
        public_url=f"http://127.0.0.1:{port}",
        collector_url=f"http://localhost:{free_port(above=port)}",
        collector_token=TOKEN,
        key_folder=str(folder / "keys" / "application"),
    )
    collector_settings = CollectorSettings(
        collector_store=folder / "collector",
        collector_keys=folder / "keys" / "collector",
        collector_token=TOKEN,
        collector_url=settings.collector_url,
        public_url=settings.public_url,
    )
    migrate(settings.database_url)
    collector = create_collector(collector_settings)
    client = over_wsgi(collector, token=TOKEN, address=settings.collector_url)
    now = datetime.now(UTC)
    with Session(make_engine(settings.database_url)) as session:
        _hire(session, people)
        wave = waves.create(
            session,
            title="Benchmark",
            survey_version=survey_versions.copy_bundled(session, "monthly_pulse", now=now),
            opens_on=now.date(),
            closes_on=(now + timedelta(days=7)).date(),
            now=now,
        )
        promises.write_promise(wave, PROMISE)
        session.commit()
        given = {"collector": client, "installation": Installation.of(settings), "now": now}
        prepare_wave(session, wave.id, keys=KeyFolder(Path(settings.key_folder)), **given)
        open_wave(session, wave.id, **given)
        return Organisation(
            settings=settings,
            collector_settings=collector_settings,
            wave=wave.key,
            manifest=str(wave.manifest),
            client_sha256=str(wave.client_sha256),
            employees=_signed_in(session, wave.id),
        )


def _hire(session: Session, people: int) -> None:
    start = datetime.now(UTC).date() - YEAR
    top = Team(key="all", name="Benchmark", opened_on=start)
    for number in range(-(-people // TEAM)):
        team = Team(key=f"t{number}", name=f"Team {number}", parent=top, opened_on=start)
        for place in range(min(TEAM, people - number * TEAM)):
            session.add(
                Person(
                    name=f"Person {number}-{place}",
                    email=f"person-{number}-{place}@example.org",
                    password_hash="-",
                    started_on=start,
                    grants=[RoleGrant(role="employee")],
                    memberships=[Membership(team=team, from_on=start)],
                )
            )
    session.commit()


def _signed_in(session: Session, wave_id: int) -> tuple[Employee, ...]:
    rows = session.execute(
        select(Person, RosterEntry.group_key)
        .join(RosterEntry, RosterEntry.person_id == Person.id)
        .where(RosterEntry.wave_id == wave_id)
    ).all()
    now = datetime.now(UTC)
    employees = tuple(
        Employee(group=group, cookie=sign_ins.start(session, person, now=now, browser="Benchmark"))
        for person, group in rows
    )
    session.commit()
    return employees
