"""Both programs over folders of one test, and employees who use them as their browsers would."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import Client, TestResponse

from app import create_app, exchange, handover
from app.config import Settings
from app.installation import Installation
from app.key_folder import KeyFolder
from app.models import Person, RosterEntry
from app.services import promises, sign_ins, survey_versions, waves
from collector.config import Settings as CollectorSettings
from collector.program import create_collector
from surveys.ballots import Ballot, Draft, receipt_of
from surveys.encoding import decode, encode
from surveys.lifecycle import State
from surveys.manifests import begin_ballot
from surveys.sealing import pad_fields, seal
from tests.factories import make_person, make_team
from tests.promises import PROMISE

PUBLIC, ADDRESS = "http://127.0.0.1:8000", "http://localhost:8001"
TOKEN = "an installation token for attacks"
WEEK = timedelta(days=7)


def now() -> datetime:
    """Give this moment; the programs ask the same clock."""
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Employee:
    """One person, their browser, and everything an attacker could know them by."""

    person_id: int
    name: str
    email: str
    group: str
    network: str
    browser: str
    cookie: str
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    ballot: Ballot | None = None
    draft: Draft | None = None
    body: dict[str, str] = field(default_factory=dict)

    @property
    def receipt(self) -> bytes:
        """The id under which this person's answer is kept, which nobody else knows."""
        assert self.ballot is not None
        return receipt_of(self.ballot.prepared)


@dataclass(kw_only=True)
class Line:
    """An application, a collector, and an open wave that goes through both."""

    folder: Path
    app: Flask
    collector: Flask
    collector_settings: CollectorSettings
    wave_id: int = 0
    wave: str = ""
    manifest: str = ""

    @property
    def keys(self) -> KeyFolder:
        """The folder of the keys that sign ballots."""
        return KeyFolder(self.keys_at)

    @property
    def keys_at(self) -> Path:
        """Where that folder is."""
        return Path(self.app.config["SETTINGS"].key_folder)

    @property
    def client(self) -> exchange.Collector:
        """The collector as the application speaks with it."""
        return exchange.over_wsgi(self.collector, token=TOKEN, address=ADDRESS)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session of the application's database."""
        with self.app.extensions["sessions"]() as session:
            yield session

    # What the organisation does.

    def open(self, sizes: Sequence[int], *, opens_in: int = 0) -> list[Employee]:
        """Make an organisation with one team of each size, open a wave, sign everybody in."""
        with self.session() as session:
            top = make_team(session, "Tidewater")
            for number, size in enumerate(sizes):
                team = make_team(session, f"Team {number}", parent=top)
                for _ in range(size):
                    make_person(session, f"Nobody {secrets.token_hex(6)}", team=team)
            version = survey_versions.copy_bundled(session, "monthly_pulse", now=now())
            wave = waves.create(
                session,
                title="Pulse",
                survey_version=version,
                opens_on=(now() + timedelta(days=opens_in)).date(),
                closes_on=(now() + WEEK).date(),
                now=now(),
            )
            promises.write_promise(wave, PROMISE)
            session.commit()
            self.wave_id = wave.id
            given: dict[str, Any] = {
                "collector": self.client,
                "installation": Installation.of(self.app.config["SETTINGS"]),
                "now": now(),
            }
            handover.prepare_wave(session, wave.id, keys=self.keys, **given)
            handover.open_wave(session, wave.id, **given)
            self.wave, self.manifest = wave.key, wave.manifest or ""
            return self._sign_in(session)

    def _sign_in(self, session: Session) -> list[Employee]:
        """Start a sign-in for everybody on the roster, without their passwords."""
        rows = session.execute(
            select(Person, RosterEntry.group_key)
            .join(RosterEntry, RosterEntry.person_id == Person.id)
            .where(RosterEntry.wave_id == self.wave_id)
            .order_by(Person.id)
        ).all()
        found = []
        for number, (person, group) in enumerate(rows):
            browser = f"Browser-{secrets.token_hex(6)}"
            found.append(
                Employee(
                    person_id=person.id,
                    name=person.name,
                    email=person.email or "",
                    group=group,
                    network=f"10.{17 + number // 200}.77.{17 + number % 200}",
                    browser=browser,
                    cookie=sign_ins.start(session, person, now=now(), browser=browser),
                )
            )
        session.commit()
        return found

    def sign_in(self, employee: Employee) -> str:
        """Start one more sign-in of a person; give what stands in its cookie."""
        with self.session() as session:
            person = session.get_one(Person, employee.person_id)
            token = sign_ins.start(session, person, now=now(), browser=employee.browser)
            session.commit()
            return token

    def close(self) -> State:
        """Close the wave, or go on where closing broke off; say how far it got."""
        with self.session() as session:
            return handover.close_wave(
                session, self.wave_id, collector=self.client, keys=self.keys, now=now()
            ).state

    # What an employee's browser does.

    def take(
        self, employee: Employee, *, seed: bytes | None = None, **request: Any
    ) -> TestResponse:
        """Ask for a ballot, as the page of the application does; keep it if it is signed."""
        draft = begin_ballot(seed or employee.seed, self.manifest, group=employee.group)
        wanted = {"wave": self.wave, "blinded": encode(draft.blinded)}
        response = self.ask(employee, wanted, **request)
        if response.status_code == 200:
            signature = decode(response.json["blind_signature"])
            employee.draft, employee.ballot = draft, draft.finish(signature)
        return response

    def ask(self, employee: Employee | None, document: Any, **request: Any) -> TestResponse:
        """Send anything to the door that signs; nobody means that nobody is signed in."""
        headers = {"Sec-Fetch-Site": "same-origin"} | request.pop("headers", {})
        if employee is not None:
            headers |= {"Cookie": f"headwater={employee.cookie}", "User-Agent": employee.browser}
            request["environ_base"] = {"REMOTE_ADDR": employee.network}
        request |= {"json": document} if "data" not in request else {}
        client = Client(self.app, use_cookies=False)
        return client.post("/ballot/issue", base_url=PUBLIC, headers=headers, **request)

    def form(self, ballot: Ballot, fields: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Seal answers with a ballot, as the page of the collector does."""
        manifest = json.loads(self.manifest)
        sealed = seal(
            decode(manifest["count_key"]),
            pad_fields(fields, pad=manifest["pad"]),
            bound_to=receipt_of(ballot.prepared),
        )
        return {
            "wave": self.wave,
            "group": ballot.group,
            "prepared": encode(ballot.prepared),
            "signature": encode(ballot.signature),
            "sealed": encode(sealed),
        }

    def answer(self, employee: Employee, fields: Mapping[str, Sequence[str]]) -> TestResponse:
        """Send answers to the collector, once more the same if they were sent before."""
        assert employee.ballot is not None
        if not employee.body:
            employee.body = self.form(employee.ballot, fields)
        return self.send(employee.body, employee=employee)

    def send(
        self, document: Any, *, employee: Employee | None = None, **request: Any
    ) -> TestResponse:
        """Send anything to the anonymous door, with all that a request tells of its sender."""
        return send(self.collector, document, employee=employee, **request)


def send(
    collector: Flask, document: Any, *, employee: Employee | None = None, **request: Any
) -> TestResponse:
    """Send anything to the anonymous door of one collector."""
    headers = {"Sec-Fetch-Site": "same-origin"} | request.pop("headers", {})
    if employee is not None:
        headers |= {"User-Agent": employee.browser, "X-Forwarded-For": employee.network}
        request["environ_base"] = {"REMOTE_ADDR": employee.network}
    request |= {"json": document} if "data" not in request else {}
    client = Client(collector, use_cookies=False)
    return client.post("/anon/submit", base_url=ADDRESS, headers=headers, **request)


@contextmanager
def line(folder: Path, database_url: str, *, guardian_file: str = "") -> Iterator[Line]:
    """Build both programs, each over folders of its own below one folder."""
    settings = Settings(
        secret_key="a secret key for nothing but attacks",
        database_url=database_url,
        organisation="Tidewater",
        public_url=PUBLIC,
        collector_url=ADDRESS,
        collector_token=TOKEN,
        key_folder=str(folder / "app" / "keys"),
        guardian_file=guardian_file,
    )
    collector_settings = CollectorSettings(
        collector_store=folder / "collector" / "store",
        collector_keys=folder / "collector" / "keys",
        collector_token=TOKEN,
        collector_url=ADDRESS,
        public_url=PUBLIC,
    )
    app = create_app(settings)
    app.testing = False
    try:
        yield Line(
            folder=folder,
            app=app,
            collector=create_collector(collector_settings),
            collector_settings=collector_settings,
        )
    finally:
        app.extensions["sessions"].kw["bind"].dispose()
