"""Every wave of the collector: opened, answered, closed, acknowledged, or cancelled unread."""

from __future__ import annotations

import dataclasses
import json
import random
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from collector import files
from collector.intake import Intake, body_length, pad
from collector.openings import Opening
from surveys import codes
from surveys.documents import canonical
from surveys.errors import (
    DifferentDocument,
    ReleaseFrozen,
    UnknownCode,
    UnknownWave,
    WaveCancelled,
    WaveClosed,
    WaveUnavailable,
    WrongState,
)
from surveys.exchange import WAVE
from surveys.release import build_release

# All that is left of a wave once the application has its release, or once it was cancelled.
KEPT = frozenset({"lock", "state.json"})

_FINISHED = frozenset({"acknowledged", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a wave stands; written as a whole, so a crash leaves the old one or the new one."""

    name: Literal["open", "closing", "closed", "acknowledged", "cancelled"]
    opening_sha256: str
    closes_on: str = ""
    closed_on: str = ""
    release_sha256: str = ""


class Store:
    """
    A folder with one folder per wave, shared by any number of threads and processes.

    Whatever changes a wave holds the lock of that wave.  Each step is either
    done or not done after a crash, and every deed can be run again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._openings: dict[str, Opening] = {}
        self._intakes: dict[str, Intake] = {}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    # What runs once per answer.

    def submit(self, wave: str, code: str, answers: Mapping[str, Any]) -> None:
        """Store one person's answers under a code, durably, exactly once."""
        opening = self.opening(wave)
        digest = bytes.fromhex(codes.digest(wave, code))
        if digest not in opening.codes:  # a guess costs no access to the store
            raise UnknownCode("This code does not belong to this survey.")
        body = pad(answers, length=body_length(opening.longest_answer))
        with self._held(wave):
            self._require_open(wave)
            self._intake(wave).put(digest, body)

    # What the application asks for.

    def open_wave(self, document: Mapping[str, Any]) -> bool:
        """Take an opening; False if the very same one is here already."""
        opening = Opening.read(document)
        self._path(opening.wave).mkdir(mode=0o700, exist_ok=True)
        with self._held(opening.wave):
            state = self._find_state(opening.wave)
            if state is not None:
                _require_same(state, opening)
                return False
            intake = self._path(opening.wave, "answers.sqlite")
            length = body_length(opening.longest_answer)
            Intake.create(intake, codes=opening.codes, body_length=length)
            self._write(opening.wave, "opening.json", canonical(document))
            state = State(
                name="open",
                opening_sha256=opening.sha256,
                closes_on=opening.closes_on.isoformat(),
            )
            self._set(opening.wave, state)
        files.sync_folder(self._folder)
        return True

    def extend(self, wave: str, closes_on: date) -> None:
        """Change the last day that respondents are told."""
        with self._held(wave):
            state = self._require_open(wave)
            if closes_on < self._load(wave).opens_on:
                raise WrongState("The last day cannot come before the first.")
            self._set(wave, dataclasses.replace(state, closes_on=closes_on.isoformat()))

    def close(self, wave: str, *, on: date, rng: random.Random | None = None) -> bytes:
        """Refuse further answers and give the release, the same bytes however often it is run."""
        with self._held(wave):
            state = self.state(wave)
            _refuse_finished(state)
            if state.name == "open":
                closed_on = min(on.isoformat(), state.closes_on)
                state = dataclasses.replace(state, name="closing", closed_on=closed_on)
                self._set(wave, state)
            if state.name == "closing":
                state = self._freeze(wave, state, rng or secrets.SystemRandom())
            return self._path(wave, "release.json").read_bytes()

    def _freeze(self, wave: str, state: State, rng: random.Random) -> State:
        # A release that was written before a crash counts: its order of comments stays.
        target = self._path(wave, "release.json")
        if not target.exists():
            opening = self._load(wave)
            answers: dict[str, list[dict[str, Any]]] = {group: [] for group in opening.groups}
            for index, given in self._intake(wave).answered():
                answers[opening.groups[index]].append(given)
            closed_on = date.fromisoformat(state.closed_on)
            release = build_release(opening.document, answers, closed_on=closed_on, rng=rng)
            self._write(wave, "release.json", canonical(release))
        digest = sha256(target.read_bytes()).hexdigest()
        state = dataclasses.replace(state, name="closed", release_sha256=digest)
        self._set(wave, state)
        return state

    def acknowledge(self, wave: str, release_sha256: str) -> None:
        """Destroy the answers, now that the application has the release with this digest."""
        with self._held(wave):
            state = self.state(wave)
            if state.name == "cancelled":
                _refuse_finished(state)
            if state.name not in {"closed", "acknowledged"}:
                raise WrongState("There is no release to acknowledge yet; close the wave first.")
            if release_sha256 != state.release_sha256:
                raise DifferentDocument("The release of this wave has another SHA-256.")
            self._set(wave, dataclasses.replace(state, name="acknowledged"))
            self._strip(wave)

    def cancel(self, wave: str) -> None:
        """Destroy the answers unread."""
        with self._held(wave):
            state = self.state(wave)
            if state.name not in {"open", "cancelled"}:
                raise ReleaseFrozen("The wave was closed, so its answers were read already.")
            self._set(wave, dataclasses.replace(state, name="cancelled"))
            self._strip(wave)

    # What the pages ask for.

    def open_waves(self) -> list[Opening]:
        """List the waves that take answers, by title."""
        opened = []
        for wave in self._waves():
            with suppress(WaveUnavailable):
                opened.append(self.opening(wave))
        return sorted(opened, key=lambda opening: (opening.title, opening.wave))

    def opening(self, wave: str) -> Opening:
        """Give the opening of a wave that takes answers, or refuse with the reason."""
        try:
            self._require_open(wave)
        except WaveUnavailable:
            self._let_go(wave)
            raise
        if (known := self._openings.get(wave)) is not None:
            return known
        with self._held(wave):
            self._require_open(wave)
            return self._load(wave)

    def state(self, wave: str) -> State:
        """Say where a wave stands."""
        state = self._find_state(wave)
        if state is None:
            raise UnknownWave("There is no such survey here.")
        return state

    def tidy(self) -> None:
        """Finish what a crash interrupted: destroy what should be gone, and forget times."""
        for wave in self._waves():
            with self._held(wave):
                state = self._find_state(wave)
                if state is not None and state.name in _FINISHED:
                    self._strip(wave)
                elif state is not None:
                    self._intake(wave)  # opening it rolls back and wipes a journal left behind
        self.blur_times()

    def blur_times(self) -> None:
        """
        Give the files of open waves the change time of this call.

        A file system notes on its own when a file last changed, which nobody
        can set; touching the files now and then makes that the time of the
        touch and not of an answer.
        """
        for wave in self._waves():
            for path in self._path(wave).glob("answers.sqlite*"):
                files.forget_times(path, path.parent)

    # The ground under it.

    def _waves(self) -> Iterator[str]:
        return (entry.name for entry in self._folder.iterdir() if entry.is_dir())

    def _path(self, wave: str, *parts: str) -> Path:
        if not WAVE.fullmatch(wave):
            raise UnknownWave("There is no such survey here.")
        return self._folder.joinpath(wave, *parts)

    @contextmanager
    def _held(self, wave: str) -> Iterator[None]:
        if not self._path(wave).is_dir():
            raise UnknownWave("There is no such survey here.")
        with files.locked(self._path(wave, "lock")):
            yield

    def _require_open(self, wave: str) -> State:
        state = self.state(wave)
        if state.name != "open":
            _refuse_finished(state)
            raise WaveClosed("This survey is closed and takes no more answers.")
        return state

    def _find_state(self, wave: str) -> State | None:
        try:
            return State(**json.loads(self._path(wave, "state.json").read_bytes()))
        except FileNotFoundError:
            return None

    def _set(self, wave: str, state: State) -> None:
        self._write(wave, "state.json", canonical(dataclasses.asdict(state)))

    def _write(self, wave: str, name: str, content: bytes) -> None:
        files.write_durably(self._path(wave, name), content)

    def _load(self, wave: str) -> Opening:
        if wave not in self._openings:
            document = json.loads(self._path(wave, "opening.json").read_bytes())
            self._openings[wave] = Opening.read(document)
        return self._openings[wave]

    def _intake(self, wave: str) -> Intake:
        if wave not in self._intakes:
            self._intakes[wave] = Intake(self._path(wave, "answers.sqlite"))
        return self._intakes[wave]

    def _let_go(self, wave: str) -> None:
        # Another process closed the wave; without this our handle would outlive its files.
        if wave in self._intakes:
            with self._held(wave):
                self._forget(wave)

    def _forget(self, wave: str) -> None:
        self._openings.pop(wave, None)
        if (intake := self._intakes.pop(wave, None)) is not None:
            intake.close()

    def _strip(self, wave: str) -> None:
        self._forget(wave)
        for path in sorted(self._path(wave).iterdir()):
            if path.name not in KEPT:
                files.destroy(path)


def _require_same(state: State, opening: Opening) -> None:
    if state.opening_sha256 != opening.sha256:
        raise DifferentDocument("This wave was opened with another opening.")
    _refuse_finished(state)


def _refuse_finished(state: State) -> None:
    if state.name == "cancelled":
        raise WaveCancelled("This survey was cancelled and its answers were destroyed unread.")
    if state.name == "acknowledged":
        raise WaveClosed("This survey is closed; its release was fetched and its answers deleted.")
