"""
Kill one deed of the store before each of its durable steps, and run it again.

Run as a program of its own: ``python -m tests.attack.crash_driver FOLDER [MUTANT]``.
Prints, per deed, at how many steps it was killed, and what went wrong.
"""

import json
import os
import shutil
import signal
import sys
from contextlib import suppress
from datetime import date
from hashlib import sha256
from pathlib import Path

from collector import closing, intake
from collector.folders import KEPT
from collector.store import Store
from surveys.documents import canonical
from surveys.errors import CountKeyNeeded, WaveUnavailable
from tests.collector.conftest import (
    ANSWERS,
    BOTH,
    COUNT_KEY,
    make_guardian,
    make_plan,
    make_wave,
)

CLOSED_ON = date(2026, 4, 1)
STEPS = ("fsync", "replace", "unlink")


class RedrawingStore(Store):
    """A mutant that makes the release anew on every run until the state says closed."""

    def _finish(self, folder, **options):
        if folder.state().name == "closing":
            folder.file("release.json").unlink(missing_ok=True)
        super()._finish(folder, **options)


class ForgetfulStore(Store):
    """A mutant that destroys the answers first and notes it afterwards."""

    def cancel(self, wave):
        folder = self._at(wave)
        with folder.held():
            self._strip(folder)
        super().cancel(wave)


class HastyStore(Store):
    """A mutant that destroys the keys before it has noted that the wave is closed."""

    def _finish(self, folder, **options):
        count, keys = closing.count, self._keys

        def count_and_forget(*args, **kwargs):
            note = folder.set
            folder.set = lambda state: (keys.destroy(folder.wave), note(state))[1]
            return count(*args, **kwargs)

        closing.count = count_and_forget
        try:
            super()._finish(folder, **options)
        finally:
            closing.count = count


KINDS = {"": Store, "redraw": RedrawingStore, "forget": ForgetfulStore, "hasty": HastyStore}


def deadly(really, left):
    """Wrap a call so that the process dies before the call that brings the count to zero."""

    def count_down(*args, **kwargs):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return really(*args, **kwargs)

    return count_down


def killed_at(step, deed):
    """Run a deed in a process that dies before its n-th durable step; False if it got through."""
    child = os.fork()
    if child == 0:
        left = [step]
        for name in STEPS:
            setattr(os, name, deadly(getattr(os, name), left))
        deed()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the deed failed by itself"
    return os.WIFSIGNALED(status)


def counts(release):
    """Give a release without what is drawn: its salt, and the order of its comments."""
    content = json.loads(release)
    del content["salt"]
    for cell in content["comments"]["cells"]:
        cell["items"] = {
            key: sorted(comments, key=canonical) for key, comments in cell["items"].items()
        }
    return content


class Trial:
    """One deed, killed at every step in turn, each time on a fresh copy of the same store."""

    def __init__(self, folder, kind, *, guardian=None):
        self.kind, self.base, self.folder = kind, folder / "base", folder / "trial"
        self.plan = make_plan(rights=BOTH, guardian=guardian)
        self.key = self.plan["wave"]
        self.at(self.base)

    @staticmethod
    def at(folder, kind=Store):
        return kind(folder / "store", keys=folder / "keys")

    def store(self):
        return self.at(self.folder, self.kind)

    def run(self, deed, check):
        step = 0
        while True:
            step += 1
            shutil.rmtree(self.folder, ignore_errors=True)
            shutil.copytree(self.base, self.folder)
            dead = killed_at(step, lambda: deed(self.store()))
            check()
            if not dead:
                return step - 1

    def prepare(self, store):
        store.prepare(self.plan)

    def check_prepare(self):
        self.store().tidy()
        wave = make_wave(self.plan, self.store().prepare(self.plan))
        self.store().open_wave(wave.opening)
        wave.redeem(self.store(), 0, 0, ANSWERS)

    def open(self, store):
        store.open_wave(self.wave.opening)

    def check_open(self):
        self.store().tidy()
        self.open(self.store())
        self.wave.redeem(self.store(), 0, 0, ANSWERS)

    def fill(self):
        store = self.at(self.base)
        store.open_wave(self.wave.opening)
        for number in range(7):
            self.wave.redeem(store, 0, number, ANSWERS | {"comment": [f"Word {number}"]})
        for number, code in enumerate(self.wave.codes["g01"][2:]):
            answers = ANSWERS | {"tools": [str(1 + number % 5)], "comment": [f"Remark {number}"]}
            store.submit(self.key, code, answers)

    def close(self, store):
        with suppress(CountKeyNeeded):
            return store.close(self.key, on=CLOSED_ON, issued=self.wave.issued)

    def open_seals(self, store):
        store.take_count_key(self.key, COUNT_KEY)

    def check_open_seals(self):
        self.check_closed(before=self.open_seals)

    def check_close(self):
        self.check_closed(before=lambda store: None)

    def check_closed(self, before):
        written = {name: self.content(name) for name in ("release.json", "closed.json")}
        keys = self.folder / "keys" / f"{self.key}.json"
        is_closed = self.store().state(self.key).name == "closed"
        assert is_closed or b'"receipt"' in keys.read_bytes(), "keys went before the close"
        self.store().tidy()
        before(self.store())
        release = self.close(self.store())
        assert written["release.json"] in (None, release), "a frozen release changed"
        closed = self.store().closed_list(self.key)
        assert written["closed.json"] in (None, closed), "a closed list changed"
        assert counts(release) == self.expected, "the counts changed"
        assert json.loads(closed)["release_sha256"] == sha256(release).hexdigest()
        self.check_stripped({"release.json"})
        try:
            self.wave.redeem(self.store(), 0, 7, ANSWERS)
        except WaveUnavailable:
            return
        raise AssertionError("a closed wave took an answer")

    def content(self, name):
        path = self.folder / "store" / self.key / name
        return path.read_bytes() if path.exists() else None

    def expect(self):
        """Close a copy undisturbed, to know what every other close must give."""
        copy = self.base.with_name("copy")
        shutil.copytree(self.base, copy)
        store = self.at(copy)
        self.close(store)
        self.open_seals_if_needed(store)
        self.expected = counts(self.close(store))

    def open_seals_if_needed(self, store):
        if store.state(self.key).name == "closing":
            self.open_seals(store)

    def acknowledge(self, store):
        store.acknowledge(self.key, self.digest)

    def check_acknowledge(self):
        self.acknowledge(self.store())
        self.check_stripped()

    def cancel(self, store):
        store.cancel(self.key)

    def check_cancel(self):
        state = self.store().state(self.key).name
        whole = (self.content("answers.sqlite") or b"").startswith(b"SQLite")
        path = self.folder / "keys" / f"{self.key}.json"
        keyed = path.exists() and b'"receipt"' in path.read_bytes()
        assert state == "cancelled" or (whole and keyed), "answers went before the cancelling"
        self.store().tidy()
        if state == "cancelled":
            self.check_stripped()
        self.cancel(self.store())
        self.check_stripped()

    def check_stripped(self, also=frozenset()):
        left = {path.name for path in (self.folder / "store" / self.key).iterdir()}
        assert left <= KEPT | also, f"left behind: {left - KEPT}"
        keys = {path.name for path in (self.folder / "keys").iterdir()}
        assert keys == {"CACHEDIR.TAG"}, f"keys left behind: {keys}"


def play(folder, kind):
    """Play the life of a wave whose count key the collector holds."""
    trial = Trial(folder, kind)
    kills = {"prepare": trial.run(trial.prepare, trial.check_prepare)}
    trial.wave = make_wave(trial.plan, trial.at(trial.base).prepare(trial.plan))
    kills["open"] = trial.run(trial.open, trial.check_open)
    trial.fill()
    kills["cancel"] = trial.run(trial.cancel, trial.check_cancel)
    trial.expect()
    kills["close"] = trial.run(trial.close, trial.check_close)
    trial.digest = sha256(trial.close(trial.at(trial.base))).hexdigest()
    kills["acknowledge"] = trial.run(trial.acknowledge, trial.check_acknowledge)
    return kills


def play_guarded(folder, kind):
    """Play the close of a wave whose count key the guardian holds."""
    trial = Trial(folder, kind, guardian=make_guardian(holds_count_key=True))
    trial.wave = make_wave(trial.plan, trial.at(trial.base).prepare(trial.plan))
    trial.fill()
    trial.expect()
    trial.close(trial.at(trial.base))
    return {"open seals": trial.run(trial.open_seals, trial.check_open_seals)}


def main(folder, mutant=""):
    """Play every deed and print how many kills each survived."""
    # A kill loses nothing that was written, so waiting for the disk would only take time.
    intake.SYNCHRONOUS, os.fsync = "OFF", lambda descriptor: None
    folder, kind = Path(folder), KINDS[mutant]
    kills = play(folder / "own", kind) | play_guarded(folder / "guarded", kind)
    print(json.dumps(kills))


if __name__ == "__main__":
    main(*sys.argv[1:])
