"""What anybody may read of a wave: what it promised, and how many answers were accepted."""

from __future__ import annotations

from typing import Any

from collector import closing, preparing
from collector.folders import State, WaveFolder, refuse_finished
from collector.keys import Keys
from surveys.errors import CountKeyNeeded, WaveNotOpen, WrongState


def envelope(folder: WaveFolder) -> dict[str, Any]:
    """Give the manifest of a wave that was opened, with its signature and its last day."""
    state = _not_cancelled(folder)
    if state.name == "prepared":
        raise WaveNotOpen("This survey is not open yet.")
    return {**folder.read(preparing.MANIFEST), "closes_on": state.closes_on}


def closed_list(folder: WaveFolder, keys: Keys) -> bytes:
    """Give the closed list, the same bytes for good, or say what the wave waits for."""
    state = _not_cancelled(folder)
    if state.name in {"closed", "acknowledged"}:
        return folder.file(closing.CLOSED).read_bytes()
    if closing.waits_for_guardian(folder, keys):
        raise CountKeyNeeded(closing.WAITING)
    raise WrongState("This survey is not closed yet.")


def _not_cancelled(folder: WaveFolder) -> State:
    state = folder.state()
    if state.name == "cancelled":
        refuse_finished(state)
    return state
