"""What is left at the collector of waves that are over: the closed list, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collector.closing import RELEASE
from collector.folders import FINISHED, KEPT, WaveFolder
from surveys.shapes import WAVE

# What each file that may be left too long would hold, by the beginning of its name.
HOLDS = {
    "answers": "sealed answers",
    "opening": "the counting groups",
    "issued": "how many rights each group got",
    "release": "the figures",
    "client": "the page of the wave",
    "preparation": "its public keys",
}


# What may stay, by where the wave stands.
STAYS = {
    "prepared": "prepared; its keys are here",
    "open": "runs; its answers are here, sealed",
    "closing": "waits to be counted; its answers are here, sealed",
    "closed": "counted; its answers are gone, and its release waits to be acknowledged",
    "acknowledged": "over; nothing but the closed list and its manifest remains",
    "cancelled": "cancelled; nothing but that remains",
}
CONVERSATIONS = ("threads.json", "replies.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """One wave: what may stay of it here, in words, and the files that should be gone."""

    wave: str
    stays: str
    left: tuple[str, ...]


def remains_in(store: Path, keys: Path) -> Iterator[Remains]:
    """Look at every wave that has a folder or a key here."""
    folders = {path.name for path in store.iterdir() if path.is_dir()} if store.is_dir() else set()
    keyed = {path.name.partition(".")[0] for path in keys.glob("*.json*")}
    for wave in sorted(name for name in folders | keyed if WAVE.fullmatch(name)):
        yield _remains_of(WaveFolder(store, wave), keys)


def words_of(name: str) -> str:
    """Say what a file holds."""
    begins = (words for start, words in HOLDS.items() if name.startswith(start))
    return next(begins, "something unknown")


def _remains_of(folder: WaveFolder, keys: Path) -> Remains:
    state = folder.find_state()
    name = "broken off" if state is None else state.name
    names = sorted(path.name for path in folder.path.glob("*"))
    kept = KEPT | ({RELEASE} if name == "closed" else set())
    left: list[str] = []
    if state is None or name in {*FINISHED, "closed"}:
        left += [f"{file} ({words_of(file)})" for file in names if file not in kept]
        left += [f"{path.name} (its keys)" for path in sorted(keys.glob(f"{folder.wave}.json*"))]
    stays = STAYS.get(name, "broken off while it was prepared")
    if set(CONVERSATIONS) & set(names):
        stays += ", besides conversations about comments"
    return Remains(wave=folder.wave, stays=stays, left=tuple(left))
