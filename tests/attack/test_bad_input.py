"""
Whatever is sent to a door, the answer is one sentence and nothing is kept of it.

Good documents are mangled and sent by the thousand; others are bad in ways that take
thought: of another size, kind, wave or method.  Each must be refused with a status of the
sender's fault and one sentence, no byte of either program may change, and no output may
name anybody.  Programs with lax decoders or talkative logs must be caught.
"""

from __future__ import annotations

import base64
import json
import logging
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import Client, TestResponse

from collector import anon, errors
from surveys import encoding
from surveys.encoding import decode, encode
from surveys.errors import MalformedBallot
from surveys.openings import plan_of
from tests.attack.line import ADDRESS, PUBLIC, TOKEN, Employee, Line, line
from tests.attack.mangling import mangled, means_the_same

pytestmark = [pytest.mark.attack, pytest.mark.usefixtures("hasty")]

QUICK, LONG = 1_500, 10_000
# Of all attempts, this many in twelve go to each door; some are slow because they look far.
DOORS = {
    "submit": 6, "issue": 1, "open": 1, "plan": 1, "opening": 1, "threads": 1, "replies": 1,
}  # fmt: skip
MARKER = "Marker-f3a91c77"
NETWORK = "10.91.73.12"
SENTENCE = re.compile(r"[A-Za-z][^\n]{3,400}[.!?]")
FIELDS = {"tools": ["4"]}
MESSAGE = {"from": "hr", "month": "2026-11", "text": MARKER}


@pytest.fixture(autouse=True)
def talkative_again(monkeypatch) -> None:
    """Let faults be reported that other tests in this process have met."""
    monkeypatch.setattr(errors, "_reported", set())


@dataclass(kw_only=True)
class Siege:
    """An open wave with one ballot redeemed and one not, and the doors to it."""

    played: Line
    people: list[Employee]
    body: dict[str, str]
    opening: dict[str, Any]
    complaints: list[str] = field(default_factory=list)

    def send(self, door: str, content: bytes, **request: Any) -> TestResponse:
        """Send a body to one of the doors, marked wherever a request can be marked."""
        wave = self.played.wave
        program, method, path, base = {
            "submit": (self.played.collector, "POST", "/anon/submit", ADDRESS),
            "open": (self.played.collector, "POST", f"/anon/open/{wave}", ADDRESS),
            "issue": (self.played.app, "POST", "/ballot/issue", PUBLIC),
            "plan": (self.played.collector, "PUT", f"/exchange/waves/{wave}/plan", ADDRESS),
            "opening": (self.played.collector, "PUT", f"/exchange/waves/{wave}", ADDRESS),
            "threads": (self.played.collector, "PUT", f"/exchange/waves/{wave}/threads", ADDRESS),
            "replies": (self.played.collector, "POST", f"/exchange/waves/{wave}/replies", ADDRESS),
        }[door]
        headers = {
            "Content-Type": "application/json",
            "Sec-Fetch-Site": "same-origin",
            "User-Agent": MARKER,
            "X-Forwarded-For": NETWORK,
            "Referer": f"http://{MARKER}.example/",
            "Accept-Language": MARKER,
        }
        if door == "issue":
            headers["Cookie"] = f"headwater={self.people[0].cookie}"
        if path.startswith("/exchange"):
            headers["Authorization"] = f"Bearer {TOKEN}"
        headers |= request.pop("headers", {})
        request = {"method": method, "path": path, "base_url": base} | request
        return Client(program, use_cookies=False).open(
            data=content,
            headers=headers,
            environ_base={"REMOTE_ADDR": NETWORK},
            **request,
        )

    def judge(self, what: str, response: TestResponse) -> None:
        """Complain unless the answer is a refusal in one sentence that repeats nothing."""
        status = response.status_code
        if not 400 <= status < 500:
            self.complaints.append(f"{what}: status {status}")
        sentence = (response.get_json(silent=True) or {}).get("error", "")
        if not SENTENCE.fullmatch(sentence) or MARKER in response.text:
            self.complaints.append(f"{what}: status {status} and {response.text[:200]!r}")
        if response.headers.get("Set-Cookie"):
            self.complaints.append(f"{what}: sets a cookie")

    @property
    def good(self) -> dict[str, Mapping[str, Any]]:
        """What each door would take."""
        blinded = encode(self.people[0].draft.blinded)
        return {
            "submit": self.body,
            "open": {"count_key": encode(bytes(31) + b"\1")},
            "issue": {"wave": self.played.wave, "blinded": blinded},
            "plan": plan_of(self.opening),
            "opening": self.opening,
            "threads": {
                "schema": "headwater.threads/1",
                "wave": self.played.wave,
                "threads": [{"thread": "a" * 64, "messages": [MESSAGE]}],
            },
            "replies": {"stored": ["a" * 64]},
        }


@pytest.fixture
def siege(tmp_path, database_url) -> Iterator[Siege]:
    with line(tmp_path, database_url) as played:
        people = played.open([8, 9])
        for person in people[:2]:
            assert played.take(person).status_code == 200
        assert played.answer(people[1], FIELDS).status_code == 200
        store = tmp_path / "collector" / "store" / played.wave
        yield Siege(
            played=played,
            people=people,
            body=played.form(people[0].ballot, FIELDS),
            opening=json.loads((store / "opening.json").read_bytes()),
        )


def image(played: Line) -> dict[str, str]:
    """Digest everything that either program keeps of the wave."""
    found = {
        str(path): sha256(path.read_bytes()).hexdigest()
        for folder in (played.folder / "collector", played.keys_at)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    with played.session() as session:
        for table in ("issuances", "waves", "counting_groups", "roster_entries"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()
            found[table] = str(sorted(map(str, rows)))
    return found


def is_answer(content: bytes, body: Mapping[str, str]) -> bool:
    """Tell whether only the seal was changed: whoever holds a ballot may seal anything."""
    try:
        sealed = json.loads(content)["sealed"]
        length = len(decode(sealed))
    except (ValueError, LookupError, TypeError, RecursionError, MalformedBallot):
        return False
    return length == len(decode(body["sealed"])) and means_the_same(
        content, {**body, "sealed": sealed}
    )


def bombard(siege: Siege, n: int) -> None:
    """Send n mangled documents and note what was not refused as it should be."""
    rng = random.Random(20261122)
    doors = [door for door, share in DOORS.items() for _ in range(share)]
    for number in range(n):
        door = doors[number % len(doors)]
        document = siege.good[door]
        content = mangled(document, rng)
        if not means_the_same(content, document) and not is_answer(content, siege.body):
            siege.judge(f"{door} {content[:300]!r}", siege.send(door, content))


@pytest.mark.parametrize("n", [QUICK, pytest.param(LONG, marks=pytest.mark.long)])
def test_mangled_documents_are_refused_and_leave_no_trace(siege, capfd, caplog, n):
    """Thousands of bad documents change no byte, break nothing and are logged nowhere."""
    caplog.set_level(logging.DEBUG)
    before = image(siege.played)

    bombard(siege, n)

    assert siege.complaints == []
    assert image(siege.played) == before
    said = caplog.text + "".join(capfd.readouterr())
    assert said == ""
    assert siege.send("submit", json.dumps(siege.body).encode()).status_code == 200


def with_wave(siege: Siege, wave: str) -> bytes:
    return json.dumps(siege.body | {"wave": wave}).encode()


def spelled_otherwise(text: str) -> list[str]:
    """Spell the same bytes in ways that lax decoders take too."""
    raw = decode(text)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = text[:-1] + last[(last.index(text[-1]) + 1) % 64]
    standard = base64.b64encode(raw).decode()
    others = [text + "==", text + "\n", " " + text, standard, text[:9] + "\n" + text[9:]]
    # Of a length that fills its letters there are no spare bits, and this would be other bytes.
    return [*others, spare] if len(raw) % 3 else others


def test_bad_ballots_of_every_kind_are_refused(siege):
    """Spelled otherwise, of a wrong size, kind, wave or method: all are refused alike."""
    before, body = image(siege.played), json.dumps(siege.body).encode()
    attempts: dict[str, Callable[[], TestResponse]] = {
        "too long": lambda: siege.send("submit", b" " * 300_000 + body),
        "as text": lambda: siege.send("submit", body, headers={"Content-Type": "text/plain"}),
        "as a form": lambda: siege.send(
            "submit", b"wave=x", headers={"Content-Type": "application/x-www-form-urlencoded"}
        ),
        "without a type": lambda: siege.send("submit", body, headers={"Content-Type": ""}),
        "from another site": lambda: siege.send(
            "submit", body, headers={"Sec-Fetch-Site": "cross-site"}
        ),
        "put": lambda: siege.send("submit", body, method="PUT"),
        "delete": lambda: siege.send("submit", body, method="DELETE"),
        "get": lambda: siege.send("submit", b"", method="GET"),
        "a field twice": lambda: siege.send("submit", body[:-1] + b',"group":"g01"}'),
        "a path as wave": lambda: siege.send("submit", with_wave(siege, "../keys")),
        "a long wave": lambda: siege.send("submit", with_wave(siege, "w" * 3_000)),
        "an empty wave": lambda: siege.send("submit", with_wave(siege, "")),
        "wrong token": lambda: siege.send(
            "plan", b"{}", headers={"Authorization": f"Bearer {TOKEN}x"}
        ),
        "no token": lambda: siege.send("opening", b"{}", headers={"Authorization": ""}),
        "issue too long": lambda: siege.send("issue", b" " * 3_000),
        "issue as text": lambda: siege.send("issue", b"{}", headers={"Content-Type": "text/css"}),
        "issue zero": lambda: issue(siege, bytes(256)),
        "issue one too short": lambda: issue(siege, b"\1" * 255),
        "issue above the modulus": lambda: issue(siege, b"\xff" * 256),
        "unknown manifest": lambda: siege.send(
            "submit", b"", method="GET", path="/anon/manifest/..%2F"
        ),
        "unknown list": lambda: siege.send("submit", b"", method="GET", path="/anon/closed/x"),
        "list of an open wave": lambda: siege.send(
            "submit", b"", method="GET", path=f"/anon/closed/{siege.played.wave}"
        ),
    }
    for name in ("prepared", "signature", "sealed"):
        for number, spelling in enumerate(spelled_otherwise(siege.body[name])):
            document = json.dumps(siege.body | {name: spelling}).encode()
            attempts[f"{name} spelled otherwise {number}"] = lambda document=document: siege.send(
                "submit", document
            )

    for what, attempt in attempts.items():
        siege.judge(what, attempt())

    assert siege.complaints == []
    assert image(siege.played) == before


def issue(siege: Siege, blinded: bytes) -> TestResponse:
    document = {"wave": siege.played.wave, "blinded": encode(blinded)}
    return siege.send("issue", json.dumps(document).encode())


def lax_decoder(monkeypatch, program: Flask) -> None:
    """Decode as Python does on its own: skip what does not belong, and fail on the rest."""

    def lax(text: Any, *, length: int | None = None) -> bytes:
        return base64.urlsafe_b64decode(str(text) + "==")

    monkeypatch.setattr(anon, "decode", lax)
    monkeypatch.setattr(encoding, "decode", lax)


def talkative(monkeypatch, program: Flask) -> None:
    """Say who failed to get in."""
    really = errors._answer

    def answer(status: Any, message: str) -> Any:
        logging.getLogger("collector").warning("%s %s", errors.request.remote_addr, message)
        return really(status, message)

    monkeypatch.setattr(errors, "_answer", answer)


def echoing(monkeypatch, program: Flask) -> None:
    """Answer with what was sent."""
    really = errors._answer

    def answer(status: Any, message: str) -> Any:
        return really(status, f"{message} You are {errors.request.user_agent}.")

    monkeypatch.setattr(errors, "_answer", answer)


def lenient_store(monkeypatch, program: Flask) -> None:
    """Keep every attempt beside the answers, refused ones too."""
    really = errors._answer

    def answer(status: Any, message: str) -> Any:
        folder = program.config["attempts"]
        (folder / "attempts").write_bytes(errors.request.get_data())
        return really(status, message)

    monkeypatch.setattr(errors, "_answer", answer)


MUTANTS = {lax_decoder: "complaints", echoing: "complaints", talkative: "output"}
MUTANTS[lenient_store] = "image"


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__)
def test_the_siege_finds_programs_that_give_way(siege, monkeypatch, capfd, caplog, mutate):
    """A lax decoder, an echo, a log and a store of attempts are each caught in the same way."""
    siege.played.collector.config["attempts"] = siege.played.folder / "collector"
    mutate(monkeypatch, siege.played.collector)
    before = image(siege.played)

    bombard(siege, 150)

    caught = {
        "complaints": bool(siege.complaints),
        "image": image(siege.played) != before,
        "output": NETWORK in caplog.text + "".join(capfd.readouterr()),
    }
    assert caught[MUTANTS[mutate]]
