"""The private keys of the waves that run: apart from the answers, and out of every backup."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from collector import files
from collector.config import BadSettings
from surveys.documents import canonical
from surveys.encoding import decode, encode
from surveys.sealing import new_private_key

# So that programs which make backups leave the folder out (bford.info/cachedir).
_TAG = b"""Signature: 8a477f597d28d172789f06886806bc55
# Keys of waves that run.  They must die with their wave, so no backup may hold them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveKeys:
    """
    What a wave needs secret: who reads these can do what the wave's promises exclude.

    `receipt` signs acknowledgements and the closed list; `letter` hides which code
    led to which receipt; `count` opens the seals, unless the guardian holds it.
    """

    receipt: bytes
    letter: bytes
    count: bytes | None


class Keys:
    """A folder with one file per wave, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            raise BadSettings(f"The key folder {folder} is open to others; chmod 700 it.")
        if not (tag := folder / "CACHEDIR.TAG").exists():
            files.write_durably(tag, _TAG)

    def make(self, wave: str, *, with_count_key: bool) -> WaveKeys:
        """Draw the keys of a wave, in place of any that were drawn before."""
        keys = WaveKeys(
            receipt=new_private_key(),
            letter=secrets.token_bytes(32),
            count=new_private_key() if with_count_key else None,
        )
        content = {
            "receipt": encode(keys.receipt),
            "letter": encode(keys.letter),
            "count": None if keys.count is None else encode(keys.count),
        }
        self.destroy(wave)
        files.write_durably(self._path(wave), canonical(content))
        return keys

    def read(self, wave: str) -> WaveKeys:
        """Read the keys of a wave."""
        content = json.loads(self._path(wave).read_bytes())
        return WaveKeys(
            receipt=decode(content["receipt"]),
            letter=decode(content["letter"]),
            count=None if content["count"] is None else decode(content["count"]),
        )

    def destroy(self, wave: str) -> None:
        """Overwrite the keys of a wave and remove them, with what a crash left of them."""
        for path in (self._path(wave), self._path(wave).with_name(f"{wave}.json.new")):
            files.destroy(path)

    def _path(self, wave: str) -> Path:
        return self._folder / f"{wave}.json"
