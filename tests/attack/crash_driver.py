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
from datetime import date
from hashlib import sha256
from pathlib import Path

from collector import intake
from collector.store import KEPT, Store
from surveys.errors import WaveUnavailable
from tests.collector.conftest import ANSWERS, make_opening

CLOSED_ON = date(2026, 4, 1)
STEPS = ("fsync", "replace", "unlink")


class RedrawingStore(Store):
    """A mutant that makes the release anew on every run until the state says closed."""

    def _freeze(self, wave, state, rng):
        self._path(wave, "release.json").unlink(missing_ok=True)
        return super()._freeze(wave, state, rng)


class ForgetfulStore(Store):
    """A mutant that destroys the answers first and notes it afterwards."""

    def cancel(self, wave):
        with self._held(wave):
            self._strip(wave)
        super().cancel(wave)


KINDS = {"": Store, "redraw": RedrawingStore, "forget": ForgetfulStore}


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
    """Give a release without the one thing that is drawn: the order of its comments."""
    content = json.loads(release)
    for cell in content["comments"]["cells"]:
        cell["items"] = {key: sorted(texts) for key, texts in cell["items"].items()}
    return content


class Trial:
    """One deed, killed at every step in turn, each time on a fresh copy of the same store."""

    def __init__(self, folder, kind):
        self.kind, self.base, self.folder = kind, folder / "base", folder / "trial"
        self.document, (self.first, self.second) = make_opening()
        self.wave = self.document["wave"]
        Store(self.base)

    def store(self):
        return self.kind(self.folder)

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

    def check_open(self):
        self.store().open_wave(self.document)
        self.store().submit(self.wave, self.first[0], ANSWERS)

    def fill(self):
        store = Store(self.base)
        store.open_wave(self.document)
        for number, code in enumerate(self.first + self.second[2:]):
            answers = ANSWERS | {"tools": 1 + number % 5, "comment": f"Remark {number}"}
            store.submit(self.wave, code, answers)

    def close(self, store):
        store.close(self.wave, on=CLOSED_ON)

    def check_close(self):
        frozen = self.folder / self.wave / "release.json"
        before = frozen.read_bytes() if frozen.exists() else None
        release = self.store().close(self.wave, on=CLOSED_ON)
        assert before in (None, release), "a frozen release changed"
        assert counts(release) == self.expected, "the counts changed"
        try:
            self.store().submit(self.wave, self.second[0], ANSWERS)
        except WaveUnavailable:
            return
        raise AssertionError("a closed wave took an answer")

    def prepare_close(self):
        copy = self.base.with_name("copy")
        shutil.copytree(self.base, copy)
        self.expected = counts(Store(copy).close(self.wave, on=CLOSED_ON))

    def acknowledge(self, store):
        store.acknowledge(self.wave, self.digest)

    def check_acknowledge(self):
        self.acknowledge(self.store())
        self.check_stripped()

    def prepare_acknowledge(self):
        release = Store(self.base).close(self.wave, on=CLOSED_ON)
        self.digest = sha256(release).hexdigest()

    def cancel(self, store):
        store.cancel(self.wave)

    def check_cancel(self):
        state = self.store().state(self.wave).name
        answers = self.folder / self.wave / "answers.sqlite"
        whole = answers.exists() and answers.read_bytes().startswith(b"SQLite")
        assert state == "cancelled" or whole, "answers went before the wave was cancelled"
        self.store().tidy()
        if state == "cancelled":
            self.check_stripped()
        self.cancel(self.store())
        self.check_stripped()

    def check_stripped(self):
        left = {path.name for path in (self.folder / self.wave).iterdir()}
        assert left <= KEPT, f"left behind: {left - KEPT}"


def main(folder, mutant=""):
    """Play every deed and print how many kills each survived."""
    # A kill loses nothing that was written, so waiting for the disk would only take time.
    intake.SYNCHRONOUS, os.fsync = "OFF", lambda descriptor: None
    trial = Trial(Path(folder), KINDS[mutant])
    kills = {"open": trial.run(lambda s: s.open_wave(trial.document), trial.check_open)}
    trial.fill()
    kills["cancel"] = trial.run(trial.cancel, trial.check_cancel)
    trial.prepare_close()
    kills["close"] = trial.run(trial.close, trial.check_close)
    trial.prepare_acknowledge()
    kills["acknowledge"] = trial.run(trial.acknowledge, trial.check_acknowledge)
    print(json.dumps(kills))


if __name__ == "__main__":
    main(*sys.argv[1:])
