"""The folder of one wave: its lock, where the wave stands, and its files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from collector import files
from surveys.documents import canonical
from surveys.errors import (
    UnknownWave,
    WaveCancelled,
    WaveClosed,
    WaveNotOpen,
)
from surveys.shapes import WAVE

# What stays of a wave for good: that it was, what it promised, and what anybody may check.
FOR_GOOD = frozenset({"lock", "state.json", "manifest.json", "closed.json"})

# And until the application has them destroyed, conversations about comments.
KEPT = FOR_GOOD | {"threads.json", "replies.json"}

FINISHED = frozenset({"acknowledged", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a wave stands; written as a whole, so a crash leaves the old one or the new one."""

    name: Literal["prepared", "open", "closing", "closed", "acknowledged", "cancelled"]
    plan_sha256: str
    client_sha256: str
    opening_sha256: str = ""
    closes_on: str = ""
    closed_on: str = ""
    release_sha256: str = ""

    def moved_to(self, name: str, **changes: str) -> State:
        """Give the state after a deed."""
        return dataclasses.replace(self, name=name, **changes)  # type: ignore[arg-type]  # checked by the callers' own words


class WaveFolder:
    """One wave's folder; whoever changes anything in it holds its lock."""

    def __init__(self, root: Path, wave: str) -> None:
        if not WAVE.fullmatch(wave):
            raise UnknownWave("There is no such survey here.")
        self.wave = wave
        self.path = root / wave

    def file(self, name: str) -> Path:
        """Give the path of a file of the wave."""
        return self.path / name

    @contextmanager
    def held(self, *, waits: bool = True) -> Iterator[bool]:
        """Hold the wave against all others; who will not wait is told whether that worked."""
        if not self.path.is_dir():
            raise UnknownWave("There is no such survey here.")
        with files.locked(self.file("lock"), waits=waits) as is_held:
            yield is_held

    def find_state(self) -> State | None:
        """Say where the wave stands, if it was prepared at all."""
        try:
            return State(**json.loads(self.file("state.json").read_bytes()))
        except FileNotFoundError:
            return None

    def state(self) -> State:
        """Say where the wave stands."""
        state = self.find_state()
        if state is None:
            raise UnknownWave("There is no such survey here.")
        return state

    def require_open(self) -> State:
        """Refuse unless the wave takes answers."""
        state = self.state()
        if state.name == "prepared":
            raise WaveNotOpen("This survey is not open yet.")
        if state.name != "open":
            refuse_finished(state)
            raise WaveClosed("This survey is closed and takes no more answers.")
        return state

    def set(self, state: State) -> State:
        """Note durably where the wave stands now."""
        self.write("state.json", dataclasses.asdict(state))
        return state

    def write(self, name: str, document: Any) -> None:  # noqa: ANN401 any JSON value
        """Write a document durably, whole or not at all."""
        files.write_durably(self.file(name), canonical(document))

    def read(self, name: str) -> Any:  # noqa: ANN401 any JSON value
        """Read a document back."""
        return json.loads(self.file(name).read_bytes())

    def strip(self, *, keep: frozenset[str]) -> None:
        """Destroy every file but those to keep."""
        for path in sorted(self.path.iterdir()):
            if path.name not in keep:
                files.destroy(path)


def folders_in(root: Path) -> list[WaveFolder]:
    """List the waves of a store."""
    names = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    return [WaveFolder(root, name) for name in names if WAVE.fullmatch(name)]


def refuse_finished(state: State) -> None:
    """Refuse a wave of which only what stays for good is left."""
    if state.name == "cancelled":
        raise WaveCancelled("This survey was cancelled and its answers were destroyed unread.")
    if state.name == "acknowledged":
        raise WaveClosed("This survey is closed. Its answers were counted and deleted.")
