"""
Kill the closing of a wave, as application and collector do it together, at its every step.

Run as a program of its own: ``python -m tests.attack.closing_driver FOLDER all|some|mutants``,
where FOLDER/trial/app/headwater.db is a database with all tables.  A step is whatever
changes something for good, in either program: a file that is synced, replaced or removed, a
commit of the database, a call from the one to the other and its return.  After each kill
the closing is run again and everything that is left is looked at.  Prints at how many steps
of each kind it was killed, or how each mutant was found out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.exchange import Collector, CollectorRefused
from app.key_folder import KeyFolder
from collector import intake, program
from collector.intake import Intake
from collector.keys import Keys
from collector.store import Store
from surveys.encoding import decode, encode
from surveys.errors import MalformedBallot, SealBroken
from surveys.lifecycle import State
from surveys.sealing import unseal
from tests.attack.crash_driver import counts
from tests.attack.evidence import left_at
from tests.attack.line import Employee, Line, line
from tests.attack.needles import Needles

SIZES = (8, 9)
EVERY = 12  # of the files that are synced or removed, unless all are asked for
TOKENS = re.compile(rb"[A-Za-z0-9_-]{43}")


def acknowledging_early() -> None:
    """Tell the collector that its release is kept before it is."""
    really = Collector.close

    def close(self: Collector, wave: str, issued: Any) -> bytes:
        content = really(self, wave, issued)
        self.acknowledge(wave, sha256(content).hexdigest())
        return content

    Collector.close = close


def keeping_keys() -> None:
    """Leave the keys of the answers where they are."""
    Keys.destroy = lambda self, wave: None


def keeping_issuers() -> None:
    """Leave the keys that sign ballots where they are."""
    KeyFolder.destroy = KeyFolder.forget = lambda self, wave: None


def redrawing() -> None:
    """Make the release anew each time the closing is run."""
    really = Store._finish

    def finish(self: Store, folder: Any, **options: Any) -> None:
        if folder.state().name == "closing":
            folder.file("release.json").unlink(missing_ok=True)
        really(self, folder, **options)

    Store._finish = finish


MUTANTS = {
    "acknowledging-early": acknowledging_early,
    "keeping-keys": keeping_keys,
    "keeping-issuers": keeping_issuers,
    "redrawing": redrawing,
}


@dataclass(kw_only=True)
class Counting:
    """Steps as they are taken; the process dies at the one that it is told."""

    die_at: int = -1
    kinds: list[str]

    def step(self, kind: str) -> None:
        """Take a step, or die before it."""
        self.kinds.append(kind)
        if len(self.kinds) == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self, kind: str, really: Callable[..., Any]) -> Callable[..., Any]:
        """Count a call as a step."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.step(kind)
            result = really(*args, **kwargs)
            if kind in {"call", "commit"}:
                self.step(f"after {kind}")
            return result

        return counted

    def install(self) -> None:
        """Count every step of this process from now on."""
        for name in ("fsync", "unlink"):
            setattr(os, name, self.wrap("file", getattr(os, name)))
        os.replace = self.wrap("replace", os.replace)
        Session.commit = self.wrap("commit", Session.commit)
        Collector._ask = self.wrap("call", Collector._ask)


class Trial:
    """A wave with all its answers, closed again and again from the same beginning."""

    def __init__(self, folder: Path) -> None:
        self.base, self.folder, self.backup = folder / "base", folder / "trial", folder / "backup"
        self.url = f"sqlite:///{self.folder / 'app' / 'headwater.db'}"

    def fill(self, played: Line) -> None:
        """Let nearly everybody answer, and keep a backup of the answers as they then are."""
        self.played = played
        self.people = played.open(SIZES)
        for number, person in enumerate(self.people):
            assert played.take(person).status_code == 200
            if number not in (0, len(self.people) - 1):
                fields = {"tools": [str(1 + number % 5)], "comment": [comment_of(person)]}
                assert played.answer(person, fields).status_code == 200
        self.answered = [person for person in self.people if person.body]
        keys = json.loads(
            (played.collector_settings.collector_keys / f"{played.wave}.json").read_bytes()
        )
        self.secrets = {name: decode(key) for name, key in keys.items()}
        store = played.collector_settings.collector_store / played.wave
        shutil.copy(store / "answers.sqlite", self.backup)
        self.stop()
        shutil.copytree(self.folder, self.base)

    def stop(self) -> None:
        """Let go of everything, as a program does that ends."""
        self.played.app.extensions["sessions"].kw["bind"].dispose()

    def start(self) -> None:
        """Begin anew with what lies in the folder."""
        self.stop()
        self.played.collector = program.create_collector(self.played.collector_settings)

    def reset(self) -> None:
        """Go back to the wave before its closing."""
        self.stop()
        shutil.rmtree(self.folder)
        shutil.copytree(self.base, self.folder)

    def steps(self) -> list[str]:
        """Close undisturbed, to know the steps and the counts."""
        kinds: list[str] = []
        reader, writer = os.pipe()
        if (child := os.fork()) == 0:
            Counting(kinds=kinds).install()
            self.start()
            kinds.clear()
            self.played.close()
            os.write(writer, json.dumps(kinds).encode())
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0, "the closing failed by itself"
        os.close(writer)
        with open(reader, "rb") as pipe:
            kinds = json.loads(pipe.read())
        self.expected = counts(self.release())
        assert self.expected["n_responses"] == len(self.answered)
        return kinds

    def close_killed_at(self, step: int) -> None:
        """Close in a process that dies before one step."""
        if (child := os.fork()) == 0:
            counting = Counting(kinds=[], die_at=step)
            self.start()
            counting.install()
            self.played.close()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the process lived on"

    def release(self) -> str:
        """Read the release that the application keeps."""
        with self.played.session() as session:
            return str(session.scalar(text("SELECT document FROM releases")))

    def check(self, where: str) -> None:
        """Run the closing again and look at all that is left."""
        store = self.played.collector_settings.collector_store / self.played.wave
        written = {name: content(store / name) for name in ("release.json", "closed.json")}
        self.start()
        assert self.played.close() is State.RELEASED, where
        release = self.release()
        # Zeros are a release about to be removed, because the application has it.
        is_gone = not (written["release.json"] or b"").strip(b"\0")
        assert is_gone or written["release.json"] == release.encode(), f"{where}: release changed"
        assert written["closed.json"] in (None, content(store / "closed.json")), where
        assert counts(release) == self.expected, f"{where}: counts changed"
        late = self.people[0]
        assert self.played.answer(late, {"tools": ["1"]}).status_code == 410, where
        late.body = {}
        assert self.played.take(late).status_code == 410, where
        self.stop()
        self.look(where)

    def look(self, where: str) -> None:
        """Find nothing that leads from a person or a receipt to an answer."""
        left = {side: left_at(self.folder / side) for side in ("collector", "app")}
        found = {
            f"{hit.label.partition(',')[0]} in {name}"
            for side in left.values()
            for name, raw in side.files.items()
            for hit in self.needles.found_in(raw)
        }
        allowed = {f"comment in headwater.db{end}" for end in ("", "-wal")}
        assert found <= allowed | {"receipt in closed.json"}, f"{where}: {found - allowed}"
        names = {name for side in left.values() for name in side.files}
        keys = {name for name in names if name.endswith((".key", ".issued"))}
        assert not keys | (names & {f"{self.played.wave}.json"}), f"{where}: keys left behind"
        assert b'"group"' not in left["collector"].files["closed.json"], where
        rows = {table.name: table.rows for table in left["app"].tables}
        assert rows["headwater.db: issuances"] == [], where

    @cached_property
    def needles(self) -> Needles:
        """Give what must be nowhere: keys, and what names or holds an answer."""
        needles = Needles()
        for name, key in self.secrets.items():
            needles.add(f"{name} key", 0, key)
        for owner, person in enumerate(self.answered):
            needles.add("receipt", owner, person.receipt)
            needles.add("comment", owner, comment_of(person))
            needles.add("sealed", owner, decode(person.body["sealed"])[:48])
            needles.add("prefix", owner, person.ballot.prepared[:32])
            needles.add("blinded", owner, person.draft.blinded)
        return needles

    def try_keys(self) -> int:
        """Try everything left that could be a key on the backup; give how much that was."""
        sealed = dict(rows_of(self.backup))
        person = self.answered[0]
        unseal(self.secrets["count"], sealed[person.receipt], bound_to=person.receipt)
        tried = set()
        for side in ("collector", "app"):
            for raw in left_at(self.folder / side).files.values():
                tried |= set(candidates(raw))
        for key in tried:
            try:
                unseal(key, sealed[person.receipt], bound_to=person.receipt)
            except SealBroken:
                continue
            raise AssertionError("a key to the backup is left behind")
        return len(tried)


def candidates(raw: bytes) -> list[bytes]:
    """List what could be a key of 32 bytes, by how keys are written."""
    found = [bytes.fromhex(t.decode()) for t in re.findall(rb"\b[0-9a-f]{64}\b", raw)]
    for token in TOKENS.findall(raw):
        try:
            found.append(decode(token.decode(), length=32))
        except MalformedBallot:
            continue
    return found


def rows_of(backup: Path) -> list[tuple[bytes, bytes]]:
    """Read receipts and seals out of a backup of the intake."""
    opened = Intake(backup)
    rows = opened._connection.execute("SELECT receipt, body FROM slots").fetchall()
    opened.close()
    return [(bytes(receipt), bytes(body)) for receipt, body in rows]


def comment_of(person: Employee) -> str:
    return f"Remark {encode(person.seed)[:20]}"


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def play(trial: Trial, *, every: int) -> dict[str, int]:
    """Kill at everything between the programs, and at every so many of the files."""
    killed: Counter[str] = Counter()
    kinds = trial.steps()
    for number, kind in enumerate(kinds, 1):
        if kind != "file" or number % every == 0:
            trial.reset()
            trial.close_killed_at(number)
            trial.check(f"killed before step {number} of {len(kinds)}, a {kind}")
            killed[kind] += 1
    return {**killed, "tried as key": trial.try_keys()}


def complaint_about(trial: Trial, mutate: Callable[[], None]) -> str:
    """Play with a mutant, in a process of its own, until it is found out."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        mutate()
        try:
            play(trial, every=EVERY)
        except (AssertionError, CollectorRefused) as error:
            os.write(writer, str(error).encode()[:2_000])
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        complaint = pipe.read().decode()
    os.waitpid(child, 0)
    trial.reset()
    return complaint


def main(folder: str, which: str) -> None:
    """Play on one wave what is asked for."""
    intake.SYNCHRONOUS, os.fsync = "OFF", lambda descriptor: None
    trial = Trial(Path(folder))
    with line(trial.folder, trial.url) as played:
        trial.fill(played)
        if which == "mutants":
            found = {name: complaint_about(trial, mutate) for name, mutate in MUTANTS.items()}
        else:
            found = play(trial, every=EVERY if which == "some" else 1)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
