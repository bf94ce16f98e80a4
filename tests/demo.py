"""The demo organisation for tests: filled once per run, through the real services, and copied."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest import MonkeyPatch
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import Client

from app.cli.demo import make_first_reports
from app.database import make_engine
from app.demo.run import Place
from app.demo.seed import seed_demo
from app.exchange import over_wsgi
from app.installation import Installation
from app.key_folder import KeyFolder
from app.migrating import migrate_database
from collector import files, intake
from collector.config import Settings as CollectorSettings
from collector.program import create_collector
from collector.store import Store


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A filled demo organisation in a folder of its own."""

    place: Place

    @property
    def facts(self) -> dict[str, Any]:
        """What demo.json says."""
        return json.loads(self.place.facts.read_text(encoding="utf-8"))

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Look into its database."""
        engine = make_engine(self.place.settings().database_url)
        with Session(engine) as session:
            yield session
        engine.dispose()

    def copy(self, folder: Path, *, port: int = 8000, collector_port: int = 8001) -> Demo:
        """Copy everything into another folder, under other addresses."""
        shutil.copytree(self.place.folder, folder, dirs_exist_ok=True)
        place = replace(self.place, folder=folder, port=port, collector_port=collector_port)
        place.move_facts()
        return Demo(place=place)


def filled_once(shared: Path) -> Demo:
    """Fill the demo in a folder that all workers of a test run share; the first one does it."""
    demo = Demo(place=Place(folder=shared / "demo"))
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not demo.place.is_filled:
            fill(demo.place)
    return demo


def fill(place: Place) -> None:
    """Fill a demo as ``headwater demo`` does, with the collector in this very process."""
    place.wipe()
    settings = place.settings()
    migrate_database(settings.database_url)
    now = datetime.now(UTC)
    with MonkeyPatch.context() as patch:
        # Waiting for the disk would be most of the time; tests/attack looks at durability.
        patch.setattr(intake, "SYNCHRONOUS", "OFF")
        patch.setattr(files.os, "fsync", lambda descriptor: None)  # the one of both programs
        collector_settings = CollectorSettings(
            collector_store=place.data / "collector",
            collector_keys=place.data / "keys" / "collector",
            collector_token=settings.collector_token,
            collector_url=place.collector_url,
            public_url=place.url,
        )
        collector, store = create_collector(collector_settings), Store.of(collector_settings)
        client = Client(collector, use_cookies=False)

        def post(wave: str, form: Mapping[str, str]) -> None:
            # Without the page of thanks, which is drawn in tests/browser and tests/collector.
            store.submit(wave, form["code"], {key: [text] for key, text in form.items()})

        def redeem(document: Mapping[str, str]) -> None:
            answer = client.post("/anon/submit", json=document, base_url=place.collector_url)
            assert answer.status_code == 200, answer.text[:500]

        engine = make_engine(settings.database_url)
        with sessionmaker(engine)() as session:
            facts = seed_demo(
                session,
                collector=over_wsgi(
                    collector, token=settings.collector_token, address=place.collector_url
                ),
                installation=Installation.of(settings),
                keys=KeyFolder(Path(settings.key_folder)),
                post_answer=post,
                post_ballot=redeem,
                today=now.date(),
            )
            make_first_reports(session, now=now)
        engine.dispose()
    settle(settings.database_url)
    place.write_facts(facts)


def settle(url: str) -> None:
    """Fold the write-ahead log into the file, so that a copy of the file is everything."""
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()
