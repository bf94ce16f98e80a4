"""
The key folder: one private key per wave and counting group, outside the database.

    <folder>/CACHEDIR.TAG            tells backup programs to leave the folder out
    <folder>/<wave>/<group>.key      private key, PKCS #8 in DER
    <folder>/<wave>/<group>.issued   journal of who has taken a ballot
    <folder>/spare_keys/<name>.key   key made beforehand, that no wave has taken yet

A key is read for each signature and forgotten right after, so no process holds one
once its file is destroyed.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app import blind_signing, durable_files
from app.blind_signing import SigningFailed
from app.issuance_journal import IssuanceJournal
from surveys.ballots import EXPONENT, MODULUS_LENGTH
from surveys.shapes import WAVE

KEY, JOURNAL = ".key", ".issued"
SPARE = "spare_keys"  # no wave is called so: their keys have no underscore
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
        self._make_folder(path.parent)
        with durable_files.locked(path.parent):
            if not path.exists() and not self._take_spare(path):
                durable_files.replace(path, _new_key())
            return blind_signing.modulus_of(_read(path)).to_bytes(MODULUS_LENGTH, "big")

    def make_spare(self) -> None:
        """Make a key beforehand: the next group that needs one takes it."""
        folder = self._path / SPARE
        self._make_folder(folder)
        durable_files.replace(folder / f"{secrets.token_hex(8)}{KEY}", _new_key())

    def count_spares(self) -> int:
        """Count the keys that were made beforehand."""
        return sum(path.suffix == KEY for path in _files_in(self._path / SPARE))

    def destroy_spares(self) -> None:
        """Destroy the keys that were made beforehand.  Again is fine."""
        for path in _files_in(self._path / SPARE):
            durable_files.destroy(path)

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

    def unused(self, *, since: datetime) -> list[str]:
        """List the waves under whose keys nothing was ever signed, and no key made since then."""
        if not self._path.is_dir():
            return []
        names = [path.name for path in self._path.iterdir() if WAVE.fullmatch(path.name)]
        return sorted(name for name in names if self._is_unused(name, since=since))

    def _is_unused(self, wave_key: str, *, since: datetime) -> bool:
        try:
            changed_at = datetime.fromtimestamp(self._folder(wave_key).stat().st_mtime, UTC)
        except FileNotFoundError:  # forgotten this very moment
            return False
        is_signed = any(JOURNAL in path.suffixes for path in self._files(wave_key))
        return changed_at < since and not is_signed

    def _take_spare(self, path: Path) -> bool:
        """Give a group a key that was made beforehand; False if there is none."""
        for spare in _files_in(self._path / SPARE):
            if spare.suffix == KEY:
                try:
                    os.rename(spare, path)
                except FileNotFoundError:  # another process was faster
                    continue
                durable_files.sync_folder(path.parent)
                return True
        return False

    def _make_folder(self, folder: Path) -> None:
        durable_files.make_folder(self._path)
        tag = self._path / "CACHEDIR.TAG"
        if not tag.exists():
            durable_files.replace(tag, TAG.encode("ascii"))
        durable_files.make_folder(folder)

    def _files(self, wave_key: str) -> list[Path]:
        return sorted(_files_in(self._folder(wave_key)))

    def _folder(self, wave_key: str) -> Path:
        if not WAVE.fullmatch(wave_key):
            raise ValueError("This cannot be the key of a wave.")
        return self._path / wave_key

    def _file(self, wave_key: str, group: str, kind: str) -> Path:
        if not GROUP.fullmatch(group):
            raise ValueError("This cannot be the key of a counting group.")
        return self._folder(wave_key) / f"{group}{kind}"


def _files_in(folder: Path) -> Iterator[Path]:
    """List a folder as far as it is read; one that is not there has no files."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            yield Path(entry)


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
