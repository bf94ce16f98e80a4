"""A wave of a real collector, on a free port of this machine, with a guardian of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from collector.config import Settings
from collector.program import create_collector
from collector.store import Store
from surveys import codes, openings
from surveys.manifests import make_manifest
from tests.collector.conftest import ANSWERS, BOTH, Wave, make_plan

LAST_DAY = date(2026, 3, 31)


@dataclass(frozen=True, kw_only=True)
class GuardedWave:
    """A prepared wave, its manifest as drawn up, and where its collector is."""

    origin: str
    store: Store
    plan: dict[str, Any]
    text: str

    @property
    def address(self) -> str:
        return f"{self.origin}/w/{self.plan['wave']}"

    def open(self, signed: Mapping[str, Any]) -> Wave:
        """Open the wave with what the guardian signed; everybody may answer by now."""
        drawn = {"g01": list(codes.new_codes(12))}
        digests = [codes.digest(self.plan["wave"], code) for code in drawn["g01"]]
        opening = openings.make_opening(
            self.plan,
            manifest=signed["manifest"],
            signature=signed["signature"],
            codes={"g01": digests},
        )
        self.store.open_wave(opening)
        return Wave(key=self.plan["wave"], plan=self.plan, opening=opening, codes=drawn)

    def answer(self, wave: Wave) -> bytes:
        """Let six people answer by ballot and seven by letter; give a ballot's receipt."""
        for person in range(6):
            accepted = wave.redeem(self.store, 0, person, ANSWERS)
        for code in wave.codes["g01"][:7]:
            self.store.submit(wave.key, code, ANSWERS)
        return accepted.receipt

    def close(self) -> bytes:
        """Close the wave: seven ballots were issued, and all letters printed."""
        return self.store.close(self.plan["wave"], on=LAST_DAY, issued={"g00": 7, "g01": 12})


class _Silent(WSGIRequestHandler):
    """Answer without a log, as the collector's own server does."""

    def log(self, *words: Any) -> None:
        """Stay silent."""


@contextmanager
def guarded_wave(
    folder: Path, guardian: Mapping[str, Any] | None, *, wave: str = "2026-03"
) -> Iterator[GuardedWave]:
    """Prepare a wave at a collector that runs while the block does."""
    programs: list[Any] = []
    server = make_server(
        "127.0.0.1", 0, lambda e, s: programs[0](e, s), threaded=True, request_handler=_Silent
    )
    origin = f"http://127.0.0.1:{server.server_port}"
    settings = Settings(
        collector_store=folder / "store",
        collector_keys=folder / "keys",
        collector_url=origin,
        public_url="http://localhost:9",
    )
    programs.append(create_collector(settings))
    store = Store.of(settings)
    named = None
    if guardian is not None:
        named = {name: value for name, value in guardian.items() if name != "schema"}
    plan = make_plan(wave, rights=BOTH, guardian=named, application="http://localhost:9")
    text = make_manifest(plan, store.prepare(plan))
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield GuardedWave(origin=origin, store=store, plan=plan, text=text)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
