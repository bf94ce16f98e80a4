"""Finding many short byte strings, in every usual spelling, in everything that was stored."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

_PREFIX = 8  # bytes by which needles are looked up
_BITS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One needle where it was found."""

    label: str
    owner: int
    offset: int


class Needles:
    """A set of byte strings, each with a label and the number of the person it belongs to."""

    def __init__(self) -> None:
        self._by_prefix: dict[bytes, list[tuple[bytes, str, int]]] = {}

    def add(self, label: str, owner: int, content: bytes | str) -> None:
        """Look for a value: as it is, in hexadecimal, in base64, and as its SHA-256."""
        raw = content.encode() if isinstance(content, str) else content
        for spelling, found in spellings(raw):
            for form in {found, found.upper()} if "hexadecimal" in spelling else {found}:
                if len(form) >= _PREFIX:
                    place = self._by_prefix.setdefault(form[:_PREFIX], [])
                    place.append((form, f"{label}, {spelling}", owner))

    def found_in(self, content: bytes) -> Iterator[Hit]:
        """Find every needle in some bytes, in the order in which they stand there."""
        if len(content) < _PREFIX:
            return
        prefixes = np.frombuffer(b"".join(self._by_prefix), np.uint64)
        is_wanted = np.zeros(1 << _BITS, bool)
        is_wanted[_mixed(prefixes)] = True
        raw = np.frombuffer(content, np.uint8)
        windows = np.lib.stride_tricks.as_strided(
            raw[:_PREFIX].view(np.uint64), (len(raw) - _PREFIX + 1,), (1,), writeable=False
        )
        for at in np.flatnonzero(is_wanted[_mixed(windows)]).tolist():
            for form, label, owner in self._by_prefix.get(content[at : at + _PREFIX], ()):
                if content.startswith(form, at):
                    yield Hit(label=label, owner=owner, offset=at)


def _mixed(words: np.ndarray) -> np.ndarray:
    return (words * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _BITS)


def spellings(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Write a value in the ways in which programs write values."""
    digest = sha256(raw).digest()
    yield "as it is", raw
    yield "in hexadecimal", raw.hex().encode()
    yield "as a hash", digest
    yield "as a hash in hexadecimal", digest.hex().encode()
    for name, value in (("", raw), (" of a hash", digest)):
        # Base64 writes three bytes at a time, so what stands behind does not change the front.
        whole = value[: len(value) // 3 * 3]
        yield f"as it is{name} in base64", base64.b64encode(whole)
        yield f"as it is{name} in base64url", base64.urlsafe_b64encode(whole)


def hashed(text: str) -> bytes:
    """Hash a text, as programs do that mean to hide it."""
    return sha256(text.encode()).digest()


def bytes_below(*folders: Path) -> dict[str, bytes]:
    """Read every file below some folders, by its bare name."""
    found: dict[str, bytes] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found[path.name] = found.get(path.name, b"") + path.read_bytes()
    return found
