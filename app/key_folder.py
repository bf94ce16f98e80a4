"""
The key folder: one private key per wave and counting group, outside the database.

    <folder>/CACHEDIR.TAG            tells backup programs to leave the folder out
    <folder>/<wave>/<group>.key      private key, PKCS #8 in DER
    <folder>/<wave>/<group>.issued   journal of who has taken a ballot

A key is read for each signature and forgotten right after, so no process holds one
once its file is destroyed.
"""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app import blind_signing, durable_files
from app.blind_signing import SigningFailed
from app.issuance_journal import IssuanceJournal
from surveys.ballots import EXPONENT, MODULUS_LENGTH
from surveys.shapes import WAVE

KEY, JOURNAL = ".key", ".issued"
GROUP = re.compile("[a-z0-9-]{1,12}")
# The first line is fixed by the Cache Directory Tagging Specification.
TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Private keys of running waves. A backup of them would outlive their destruction.\n"
)


class KeyMissing(SigningFailed):
    """The key of this group is not in the key folder: destroyed, lost or never made."""


class KeyFolder:
    """The private keys of all waves, in a folder that only this user may enter."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)

    def make(self, wave_key: str, group: str) -> bytes:
        """Make the key of a group, or find it if it is there; return its modulus."""
        path = self._file(wave_key, group, KEY)
        durable_files.make_folder(self._path)
        tag = self._path / "CACHEDIR.TAG"
        if not tag.exists():
            durable_files.replace(tag, TAG.encode("ascii"))
        durable_files.make_folder(path.parent)
        with durable_files.locked(path.parent):
            if not path.exists():
                durable_files.replace(path, _new_key())
            return blind_signing.modulus_of(_read(path)).to_bytes(MODULUS_LENGTH, "big")

    def sign(self, wave_key: str, group: str, blinded: bytes) -> bytes:
        """Sign a blinded value with the key of a group."""
        key = _read(self._file(wave_key, group, KEY))
        try:
            return blind_signing.sign(key, blinded)
        finally:
            key[:] = bytes(len(key))

    def journal(self, wave_key: str, group: str) -> IssuanceJournal:
        """Open the journal of who has taken a ballot of a group."""
        return IssuanceJournal(self._file(wave_key, group, JOURNAL))

    def holds(self, wave_key: str) -> bool:
        """Tell whether a private key of a wave is still here."""
        return any(map(_is_key, self._files(wave_key)))

    def count_files(self) -> dict[str, int]:
        """Count the files of each wave that has any here."""
        if not self._path.is_dir():
            return {}
        names = (path.name for path in self._path.iterdir() if path.is_dir())
        return {name: len(self._files(name)) for name in names if WAVE.fullmatch(name)}

    def destroy(self, wave_key: str) -> None:
        """Destroy the private keys of a wave; its journal stays.  Again is fine."""
        for path in filter(_is_key, self._files(wave_key)):
            durable_files.destroy(path)

    def forget(self, wave_key: str) -> None:
        """Destroy the keys and the journal of a wave.  Again is fine."""
        for path in self._files(wave_key):
            durable_files.destroy(path)
        folder = self._folder(wave_key)
        if folder.exists():
            folder.rmdir()
            durable_files.sync_folder(self._path)

    def _files(self, wave_key: str) -> list[Path]:
        folder = self._folder(wave_key)
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def _folder(self, wave_key: str) -> Path:
        if not WAVE.fullmatch(wave_key):
            raise ValueError("This cannot be the key of a wave.")
        return self._path / wave_key

    def _file(self, wave_key: str, group: str, kind: str) -> Path:
        if not GROUP.fullmatch(group):
            raise ValueError("This cannot be the key of a counting group.")
        return self._folder(wave_key) / f"{group}{kind}"


def _is_key(path: Path) -> bool:
    """Tell keys from journals; a key that was cut off while it was written is one."""
    return KEY in path.suffixes


def _new_key() -> bytes:
    key = rsa.generate_private_key(EXPONENT, 8 * MODULUS_LENGTH)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _read(path: Path) -> bytearray:
    """Read a key into memory that can be overwritten."""
    try:
        with path.open("rb", buffering=0) as file:
            key = bytearray(path.stat().st_size)
            file.readinto(key)
    except FileNotFoundError as error:
        raise KeyMissing(
            "Ballots cannot be signed here: the key of this group is gone."
        ) from error
    return key
