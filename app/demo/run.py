"""Running the demo: both programs and the worker as processes of one command."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import requests

from app.config import Settings
from app.demo import plan
from app.demo.ballots import PostBallot
from app.demo.seed import DemoFacts, PostAnswer

START_SECONDS = 30.0
STOP_SECONDS = 10.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotStart(RuntimeError):
    """A process of the demo did not come up; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one demo lives on disk, and under which addresses."""

    folder: Path
    host: str = "127.0.0.1"
    collector_host: str = "localhost"
    port: int = 8000
    collector_port: int = 8001

    @property
    def data(self) -> Path:
        """The folder that `wipe` may delete."""
        return self.folder / "demo"

    @property
    def database(self) -> Path:
        """The file of the database."""
        return self.data / "application" / "headwater.db"

    @property
    def facts(self) -> Path:
        """The file for programs that drive the demo; it is written last."""
        return self.folder / "demo.json"

    @property
    def url(self) -> str:
        """Address of the application."""
        return f"http://{self.host}:{self.port}"

    @property
    def collector_url(self) -> str:
        """Address of the collector."""
        return f"http://{self.collector_host}:{self.collector_port}"

    @property
    def is_filled(self) -> bool:
        """Whether a seeding went through to its end here."""
        return self.facts.exists() and self.database.exists()

    def check_ports(self) -> None:
        """Refuse ports that somebody else listens on."""
        for name, port in (("PORT", self.port), ("COLLECTOR_PORT", self.collector_port)):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise CannotStart(
                        f"Port {port} is taken or not allowed. Choose another with {name}=."
                    ) from error

    def wipe(self) -> None:
        """Forget the demo; nothing else in the folder is touched."""
        self.facts.unlink(missing_ok=True)
        shutil.rmtree(self.data, ignore_errors=True)

    def settings(self) -> Settings:
        """Make the settings of the application, with secrets of this demo's own."""
        kept = self._secrets()
        self.database.parent.mkdir(mode=0o700, exist_ok=True)
        return Settings(
            secret_key=kept["secret_key"],
            collector_token=kept["collector_token"],
            database_url=f"sqlite:///{self.database.resolve()}",
            key_folder=str((self.data / "keys" / "application").resolve()),
            organisation=plan.ORGANISATION,
            public_url=self.url,
            collector_url=self.collector_url,
            mail_from="headwater@tidewell.example",
        )

    def collector_env(self, settings: Settings) -> dict[str, str]:
        """Make the variables of the collector: none that would tell it of people."""
        own = {
            "HEADWATER_COLLECTOR_STORE": str((self.data / "collector").resolve()),
            "HEADWATER_COLLECTOR_KEYS": str((self.data / "keys" / "collector").resolve()),
            "HEADWATER_COLLECTOR_TOKEN": settings.collector_token,
            "HEADWATER_COLLECTOR_URL": self.collector_url,
            "HEADWATER_PUBLIC_URL": self.url,
        }
        return {**settings.to_env(), **own} | {
            name: ""
            for name in ("HEADWATER_SECRET_KEY", "HEADWATER_DATABASE_URL", "HEADWATER_KEY_FOLDER")
        }

    def _secrets(self) -> Mapping[str, str]:
        path = self.data / "secrets.json"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            made = {
                "secret_key": secrets.token_urlsafe(32),
                "collector_token": secrets.token_urlsafe(32),
            }
            path.touch(mode=0o600)
            path.write_text(json.dumps(made), encoding="utf-8")
        kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return kept

    def write_facts(self, facts: DemoFacts) -> None:
        """Write what a program needs to drive the demo."""
        self._store(
            {
                "app": self.url,
                "collector": self.collector_url,
                "users": [
                    {"role": role, "email": email, "password": plan.PASSWORD}
                    for role, email, _ in plan.ROLE_PEOPLE
                ],
                "customer_link": f"{self.url}/s/{facts.customer_link}",
                "employee_codes": list(facts.unused_codes),
                "ballot": f"{self.url}/ballot/{facts.wave_key}",
                "wave": facts.wave_id,
            }
        )

    def move_facts(self) -> dict[str, Any]:
        """
        Bring the addresses in the file up to date with the ports of this run.

        The open wave promises the addresses it was prepared with, in its manifest, so
        elsewhere its ballots cannot be taken; then there is no address for one.
        """
        document: dict[str, Any] = json.loads(self.facts.read_text(encoding="utf-8"))
        token = document["customer_link"].rsplit("/", 1)[1]
        if (document["app"], document["collector"]) != (self.url, self.collector_url):
            document["ballot"] = None
        document |= {
            "app": self.url,
            "collector": self.collector_url,
            "customer_link": f"{self.url}/s/{token}",
        }
        self._store(document)
        return document

    def _store(self, document: Mapping[str, Any]) -> None:
        waiting = self.facts.with_suffix(".tmp")
        waiting.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        waiting.replace(self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One started process under the name people are told."""

    name: str
    process: subprocess.Popen[bytes]


def start(name: str, *arguments: str, env: Mapping[str, str]) -> Running:
    """Start one of our own programs."""
    process = subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", *arguments],
        env=dict(env),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    return Running(name=name, process=process)


def run(*arguments: str, env: Mapping[str, str]) -> None:
    """Run one of our own programs to its end, or say that it failed."""
    done = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-m", *arguments],
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise CannotStart(f"`headwater {' '.join(arguments[1:])}` failed; see above.")


def wait_until_up(running: Running, url: str) -> None:
    """Wait until a program answers, or say that it did not start."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            raise CannotStart(
                f"The {running.name} stopped while starting. Is its port free? "
                "Choose others with PORT= and COLLECTOR_PORT=."
            )
        try:
            if requests.get(f"{url}/healthz", timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise CannotStart(f"The {running.name} did not answer at {url}.")


def stop(processes: list[Running]) -> None:
    """End what was started with all its workers, the last first, whatever else comes in."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    for running in reversed(processes):
        _signal(running, signal.SIGTERM)
    for running in reversed(processes):
        try:
            running.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        # Workers that were still starting may have missed the first request.
        _signal(running, signal.SIGKILL)
        running.process.wait()


def _signal(running: Running, number: signal.Signals) -> None:
    """Signal a program and its workers; each was started at the head of a group of its own."""
    try:
        os.killpg(running.process.pid, number)
    except ProcessLookupError:
        return


def raise_on_signals() -> None:
    """Turn every request to end into what Ctrl-C is, so that nothing is left running."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in SIGNALS:
        signal.signal(number, interrupt)


def wait_for_the_end(processes: list[Running]) -> Running:
    """Wait until one of the processes ends by itself, and return that one."""
    while True:
        for running in processes:
            if running.process.poll() is not None:
                return running
        time.sleep(0.3)


def letter_poster(collector_url: str) -> PostAnswer:
    """Make the function that answers with a code as a browser would, without a cookie."""
    session = requests.Session()
    session.trust_env = False

    def post(wave: str, form: Mapping[str, str]) -> None:
        answer = session.post(
            f"{collector_url}/w/{wave}", data=dict(form), timeout=30, allow_redirects=False
        )
        if answer.status_code != 200:
            raise CannotStart(f"The collector refused a demo answer ({answer.status_code}).")

    return post


def ballot_poster(collector_url: str) -> PostBallot:
    """Make the function that answers with a ballot as a browser would, without a cookie."""
    session = requests.Session()
    session.trust_env = False

    def post(document: Mapping[str, str]) -> None:
        answer = session.post(f"{collector_url}/anon/submit", json=dict(document), timeout=30)
        if answer.status_code != 200:
            raise CannotStart(f"The collector refused a demo ballot ({answer.status_code}).")

    return post
