"""Speaking with the collector over HTTP: eight calls, each of which may be made again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

import requests
from werkzeug.test import Client

from app.config import Settings
from app.services.errors import Conflict, Refusal, Unusable
from surveys import shapes
from surveys.documents import canonical
from surveys.errors import BadDocument, CountKeyNeeded, UnknownWave
from surveys.openings import parsed
from surveys.shapes import Shape, check_fields

# Seconds to connect and to wait for an answer.  Opening is done while other writers of the
# database wait, so it must be over before they give up; closing computes the release.
CONNECT_SECONDS = 3.05
ANSWER_SECONDS = 8.0
CLOSE_SECONDS = 120.0

REPLIES: Shape = {"replies": shapes.tables}
REPLY: Shape = {"reply": shapes.text, "thread": shapes.sha256, "text": shapes.text}
LONGEST_NAME = 100

# Method, path, body, seconds to wait -> HTTP status and body.
Transport = Callable[[str, str, bytes, float], tuple[int, bytes]]


class CollectorUnreachable(Refusal):
    """The collector did not answer, so nothing was changed here."""


class CollectorRefused(Conflict):
    """The collector answered, and would not do it."""


class CollectorClient(Protocol):
    """What the application asks of the collector; every call may be repeated."""

    def prepare(self, plan: dict[str, Any]) -> bytes:
        """Hand over a plan; return the preparation with the collector's own keys."""

    def open(self, opening: dict[str, Any]) -> None:
        """Hand over an opening; the wave takes answers from its opening date."""

    def extend(self, wave: str, closes_on: date) -> None:
        """Tell a new closing date."""

    def close(self, wave: str, issued: Mapping[str, int]) -> bytes:
        """
        Have the answers counted; return the release, canonical JSON.

        Raises `CountKeyNeeded` where the guardian has still to hand over the count key.
        """

    def acknowledge(self, wave: str, sha256: str) -> None:
        """Say that the release with this digest is kept, so that its rows can go."""

    def cancel(self, wave: str) -> None:
        """Have the answers destroyed unread; a wave never opened there is fine."""

    def tell_threads(self, state: dict[str, Any]) -> None:
        """Hand over all conversations of a wave; they take the place of those told before."""

    def fetch_replies(self, wave: str, stored: Collection[str]) -> list[dict[str, str]]:
        """Have the replies deleted that are kept here, and fetch the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """The collector behind a transport: `over_http` in service, `over_wsgi` in one process."""

    transport: Transport
    address: str

    def prepare(self, plan: dict[str, Any]) -> bytes:
        """Hand over a plan and fetch the preparation."""
        return self._ask("PUT", _path(plan["wave"], "plan"), canonical(plan))

    def open(self, opening: dict[str, Any]) -> None:
        """Hand over an opening."""
        self._ask("PUT", _path(opening["wave"]), canonical(opening))

    def extend(self, wave: str, closes_on: date) -> None:
        """Tell a new closing date."""
        self._ask("PUT", _path(wave, "closes_on"), canonical({"closes_on": closes_on.isoformat()}))

    def close(self, wave: str, issued: Mapping[str, int]) -> bytes:
        """Close the wave and fetch its release."""
        body = canonical({"issued": dict(issued)})
        return self._ask("POST", _path(wave, "close"), body, seconds=CLOSE_SECONDS)

    def acknowledge(self, wave: str, sha256: str) -> None:
        """Say that the release with this digest is kept."""
        self._ask("POST", _path(wave, "acknowledge"), canonical({"sha256": sha256}))

    def cancel(self, wave: str) -> None:
        """Have the answers destroyed unread."""
        try:
            self._ask("POST", _path(wave, "cancel"), b"")
        except UnknownWave:
            return

    def tell_threads(self, state: dict[str, Any]) -> None:
        """Hand over all conversations of a wave."""
        self._ask("PUT", _path(state["wave"], "threads"), canonical(state))

    def fetch_replies(self, wave: str, stored: Collection[str]) -> list[dict[str, str]]:
        """Say which replies are kept here, and fetch the others."""
        body = canonical({"stored": sorted(stored)})
        return _replies(self._ask("POST", _path(wave, "replies"), body))

    def _ask(
        self, method: str, path: str, body: bytes, *, seconds: float = ANSWER_SECONDS
    ) -> bytes:
        status, answer = self.transport(method, path, body, seconds)
        if status < 300:
            return answer
        if status in {401, 403}:
            raise CollectorUnreachable(
                f"The collector at {self.address} does not know this installation; nothing was "
                "changed. Give both programs the same HEADWATER_COLLECTOR_TOKEN."
            )
        if status == 404:
            raise UnknownWave(
                f"The collector at {self.address} does not know this wave; nothing was changed."
            )
        if status >= 500:
            raise CollectorUnreachable(
                f"The collector at {self.address} failed; nothing was changed. Look at what it "
                "printed, then press the button again."
            )
        if _member(answer, "waiting_for") == "guardian":
            raise CountKeyNeeded("The answers wait for the count key, which the guardian holds.")
        reason = _reason(answer)
        raise CollectorRefused(f"The collector refused, and nothing was changed: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCollector:
    """Stands in where no token is set: documents then travel as files."""

    def prepare(self, plan: dict[str, Any]) -> bytes:
        """Refuse."""
        self._refuse()
        return b""

    def open(self, opening: dict[str, Any]) -> None:
        """Refuse."""
        self._refuse()

    def extend(self, wave: str, closes_on: date) -> None:
        """Refuse."""
        self._refuse()

    def close(self, wave: str, issued: Mapping[str, int]) -> bytes:
        """Refuse."""
        self._refuse()
        return b""

    def acknowledge(self, wave: str, sha256: str) -> None:
        """Refuse."""
        self._refuse()

    def cancel(self, wave: str) -> None:
        """Refuse."""
        self._refuse()

    def tell_threads(self, state: dict[str, Any]) -> None:
        """Refuse."""
        self._refuse()

    def fetch_replies(self, wave: str, stored: Collection[str]) -> list[dict[str, str]]:
        """Refuse."""
        self._refuse()
        return []

    def _refuse(self) -> None:
        raise CollectorUnreachable(
            "This installation speaks with the collector by file only. Use the command "
            "`headwater wave`, or set HEADWATER_COLLECTOR_TOKEN for both programs."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ByFile:
    """Writes what the collector is to be told into a file, or leaves it to a person to do."""

    out: BinaryIO | None = None

    def prepare(self, plan: dict[str, Any]) -> bytes:
        """Write the plan; the preparation comes back as a file."""
        if self.out is None:
            raise Unusable("Say where the plan goes, with --out plan.json.")
        self.out.write(canonical(plan))
        return b""

    def open(self, opening: dict[str, Any]) -> None:
        """Write the opening."""
        if self.out is None:
            raise Unusable("Say where the opening goes, with --out opening.json.")
        self.out.write(canonical(opening))

    def extend(self, wave: str, closes_on: date) -> None:
        """Leave it to a person."""

    def close(self, wave: str, issued: Mapping[str, int]) -> bytes:
        """Refuse: a release comes as a file."""
        raise Unusable("Give the release that the collector wrote, with --result release.json.")

    def acknowledge(self, wave: str, sha256: str) -> None:
        """Leave it to a person."""

    def cancel(self, wave: str) -> None:
        """Leave it to a person."""

    def tell_threads(self, state: dict[str, Any]) -> None:
        """Refuse: conversations need a connection."""
        raise Unusable("Conversations are carried over HTTP alone.")

    def fetch_replies(self, wave: str, stored: Collection[str]) -> list[dict[str, str]]:
        """Refuse: conversations need a connection."""
        raise Unusable("Conversations are carried over HTTP alone.")


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Write a new file that only its owner may read; it vanishes if the writing fails."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Unusable(f"{path} is there already; name another file or remove it.") from error
    except OSError as error:
        raise Unusable(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def for_settings(settings: Settings) -> CollectorClient:
    """Choose how to reach the collector."""
    if not settings.collector_token:
        return NoCollector()
    return over_http(settings.exchange_url, token=settings.collector_token)


def over_http(url: str, *, token: str) -> Collector:
    """Reach the collector over HTTP; a call that finds nobody is made a second time."""
    session = requests.Session()
    session.trust_env = False  # neither proxies nor .netrc stand between the two programs

    def send(method: str, path: str, body: bytes, seconds: float) -> tuple[int, bytes]:
        for attempts_left in (1, 0):
            try:
                answer = session.request(
                    method,
                    url + path,
                    data=body,
                    headers=_headers(token),
                    timeout=(CONNECT_SECONDS, seconds),
                    allow_redirects=False,
                )
            except requests.Timeout as error:
                raise _unreachable(url) from error
            except requests.RequestException as error:
                if attempts_left:
                    continue
                raise _unreachable(url) from error
            return answer.status_code, answer.content
        raise AssertionError("the loop returns or raises")

    return Collector(transport=send, address=url)


def over_wsgi(application: Any, *, token: str, address: str) -> Collector:  # noqa: ANN401 any WSGI application
    """Reach a collector that runs in this very process, as demo and tests do."""
    parts = urlsplit(address)
    client = Client(application, use_cookies=False)

    def send(method: str, path: str, body: bytes, seconds: float) -> tuple[int, bytes]:
        answer = client.open(
            path,
            method=method,
            data=body,
            headers=_headers(token),
            base_url=f"{parts.scheme}://{parts.netloc}",
        )
        return answer.status_code, answer.get_data()

    return Collector(transport=send, address=address)


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _path(wave: str, deed: str = "") -> str:
    return f"/exchange/waves/{wave}" + (f"/{deed}" if deed else "")


def _reason(answer: bytes) -> str:
    """Read the collector's sentence, which it writes as JSON; something in between may not."""
    text = answer.decode("utf-8", "replace").strip()
    reason = _member(answer, "error") or (text if not text.startswith("{") else "")
    return str(reason or "it gave no reason.")[:300]


def _replies(answer: bytes) -> list[dict[str, str]]:
    """Read the replies of authors, or raise `BadDocument`."""
    document = parsed(answer)
    check_fields(document, REPLIES, "The collector's answer")
    for reply in document["replies"]:
        check_fields(reply, REPLY, "A reply at the collector")
        if not 0 < len(reply["reply"]) <= LONGEST_NAME:
            raise BadDocument("A reply at the collector has no name that can be kept.")
    replies: list[dict[str, str]] = document["replies"]
    return replies


def _member(answer: bytes, name: str) -> str | None:
    """Read one text of an answer in JSON; what is something else has none."""
    try:
        document = json.loads(answer)
    except ValueError:
        return None
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, str) else None


def _unreachable(url: str) -> CollectorUnreachable:
    return CollectorUnreachable(
        f"The collector could not be reached at {url}; nothing was changed. "
        "Start it and press the button again."
    )
