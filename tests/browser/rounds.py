"""Both programs in this process, and waves that take ballots, without a demo around them."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import BrowserContext
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from app.config import Settings
from app.key_folder import KeyFolder
from app.models import CountingGroup, Person, RosterEntry, SurveyVersion
from app.models.base import Base
from app.services import sign_ins
from collector import program
from collector.config import Settings as CollectorSettings
from collector.store import Store
from surveys.encoding import encode
from surveys.manifests import begin_ballot, manifest_sha256
from tests.browser.live import free_ports
from tests.collector.conftest import Wave as Opened
from tests.collector.conftest import make_plan
from tests.collector.conftest import make_wave as draw_up
from tests.factories import make_person, make_team, make_version, make_wave

PEOPLE = 40


def day(later: int) -> date:
    """Give today or a day after it."""
    return datetime.now(UTC).date() + timedelta(later)


@dataclass(frozen=True, kw_only=True)
class Round:
    """One wave in both programs: everybody of its group may take a ballot."""

    key: str
    page: str
    manifest: str
    signature: str | None
    codes: list[str]


@dataclass(kw_only=True)
class Rounds:
    """The running programs."""

    app: str
    collector: str
    sessions: sessionmaker[Session]
    keys: KeyFolder
    store: Store
    team: int
    version: int
    people: Iterator[int]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def open(
        self,
        *,
        opens_in: int = 0,
        closes_in: int = 7,
        guardian: Mapping[str, Any] | None = None,
        with_letters: bool = False,
        **fields: Any,
    ) -> Round:
        """Open a wave in both programs."""
        key = f"round-{next(self.numbers)}"
        days = {"opens_on": day(opens_in).isoformat(), "closes_on": day(closes_in).isoformat()}
        plan = make_plan(
            key,
            people=(PEOPLE, 9) if with_letters else (PEOPLE,),
            rights=("ballot", "letter") if with_letters else ("ballot",),
            guardian=guardian,
            **{"application": self.app, **days, **fields},
        )
        plan["groups"][0]["modulus"] = encode(self.keys.make(key, "g00"))
        ready = draw_up(plan, self.store.prepare(plan))
        self.store.open_wave(ready.opening)
        return Round(
            key=key,
            page=f"{self.collector}/c/{self._enter(ready)}/index.html",
            manifest=ready.text,
            signature=ready.opening["signature"],
            codes=ready.codes.get("g01", []),
        )

    def sign_in(self, context: BrowserContext) -> int:
        """Give a browser the sign-in of somebody who has taken no ballot yet."""
        with self.sessions() as session:
            person = session.get_one(Person, next(self.people))
            token = sign_ins.start(session, person, now=datetime.now(UTC), browser="Test")
            session.commit()
            context.add_cookies([{"name": "headwater", "value": token, "url": self.app}])
            return person.id

    def storage_with_ballot(self, wave: Round | None) -> Any:
        """Make what a browser keeps after taking a ballot, without the way there."""
        if wave is None:
            return None
        seed = secrets.token_bytes(32)
        draft = begin_ballot(seed, wave.manifest, group="g00")
        ballot = draft.finish(self.keys.sign(wave.key, "g00", draft.blinded))
        kept = {"seed": encode(seed), "group": "g00", "signature": encode(ballot.signature)}
        entry = {"name": f"headwater:{wave.key}", "value": json.dumps(kept)}
        return {"cookies": [], "origins": [{"origin": self.collector, "localStorage": [entry]}]}

    def _enter(self, ready: Opened) -> str:
        with self.sessions() as session:
            wave = make_wave(
                session,
                ready.plan["title"],
                key=ready.key,
                survey_version=session.get_one(SurveyVersion, self.version),
                opens_on=date.fromisoformat(ready.plan["opens_on"]),
                closes_on=date.fromisoformat(ready.plan["closes_on"]),
                opened_at=datetime.now(UTC),
                prepared_at=datetime.now(UTC),
                manifest=ready.text,
                manifest_sha256=manifest_sha256(ready.text).hex(),
                manifest_signature=ready.opening["signature"],
            )
            wave.groups = [
                CountingGroup(
                    key=group["group"],
                    label=group["label"],
                    n_eligible=group["n_eligible"],
                    right=group["right"],
                )
                for group in ready.plan["groups"]
            ]
            session.flush()
            session.add_all(
                RosterEntry(
                    wave_id=wave.id, person_id=person.id, team_id=self.team, group_key="g00"
                )
                for person in session.query(Person).all()
            )
            session.commit()
            return str(wave.client_sha256)


@contextmanager
def running(folder: Path) -> Iterator[Rounds]:
    """Run both programs for as long as needed."""
    port, collector_port = free_ports()
    app, collector = f"http://127.0.0.1:{port}", f"http://localhost:{collector_port}"
    database = f"sqlite:///{folder / 'rounds.db'}"
    engine = create_engine(database)
    Base.metadata.create_all(engine)
    with sessionmaker(engine)() as session:
        team = make_team(session).id
        version = make_version(session).id
        people = [make_person(session).id for _ in range(60)]
        session.commit()
    settings = Settings(
        secret_key="a secret key for nothing but tests",
        database_url=database,
        organisation="Tidewater",
        public_url=app,
        collector_url=collector,
        key_folder=str(folder / "keys" / "application"),
    )
    own = CollectorSettings(
        collector_store=folder / "store",
        collector_keys=folder / "keys" / "collector",
        collector_url=collector,
        public_url=app,
    )
    application = create_app(settings)
    with serving(application, port), serving(program.create_collector(own), collector_port):
        yield Rounds(
            app=app,
            collector=collector,
            sessions=sessionmaker(engine),
            keys=KeyFolder(Path(settings.key_folder)),
            store=Store.of(own),
            team=team,
            version=version,
            people=iter(people),
        )
    application.extensions["sessions"].kw["bind"].dispose()
    engine.dispose()


@contextmanager
def serving(wsgi: Flask, port: int) -> Iterator[None]:
    """Serve a program in threads of this process."""
    server = make_server("127.0.0.1", port, wsgi, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(WSGIRequestHandler):
    """A handler that writes no log."""

    def log(self, *args: Any) -> None:
        """Say nothing."""
