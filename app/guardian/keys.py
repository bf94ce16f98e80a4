"""The keys of a guardian: one secret file, and one to give away."""

from __future__ import annotations

import hashlib
import os
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from surveys import shapes
from surveys.documents import canonical
from surveys.encoding import decode, encode
from surveys.errors import BadDocument
from surveys.manifests import check_guardian, manifest_message, words
from surveys.openings import parsed
from surveys.sealing import PRIVATE_LENGTH, derive_private_key, new_private_key, public_key_of
from surveys.shapes import Shape, check_fields
from surveys.signing import sign

PUBLIC_SCHEMA, SECRET_SCHEMA = "headwater.guardian/1", "headwater.guardian-secret/1"
PUBLIC_FILE, SECRET_FILE = "guardian.json", "guardian-secret.json"
LEAST_PASSPHRASE = 12
STRETCHING = {"n": 1 << 17, "r": 8, "p": 1}  # scrypt: 128 MB and some tenths of a second

_MOST = {"n": 1 << 20, "r": 16, "p": 16}  # of a file that was not written here
_NONCE = bytes(12)  # every key seals once

Table = Mapping[str, Any]


class Locked(Exception):
    """The secret file stays shut: another passphrase, or another file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardian:
    """Whoever signs manifests; every other key follows from the one that signs."""

    name: str
    holds_count_key: bool
    private: bytes

    @property
    def sealing_key(self) -> bytes:
        """The private key to which counts per group are sealed."""
        return derive_private_key(self.private, b"headwater guardian sealing v1")

    def count_key(self, wave: str) -> bytes:
        """Give the private key to which the answers of a wave are sealed."""
        return derive_private_key(self.private, b"headwater count key v1|" + wave.encode())

    def public(self) -> dict[str, Any]:
        """Say what the administrator is to know of this guardian."""
        return {
            "schema": PUBLIC_SCHEMA,
            "name": self.name,
            "key": encode(public_key_of(self.private)),
            "sealing_key": encode(public_key_of(self.sealing_key)),
            "holds_count_key": self.holds_count_key,
        }

    def sign(self, text: str) -> str:
        """Sign the text of a manifest."""
        return encode(sign(self.private, manifest_message(text)))


def new_guardian(name: str, *, holds_count_key: bool) -> Guardian:
    """Draw the key of a new guardian."""
    return Guardian(name=name, holds_count_key=holds_count_key, private=new_private_key())


def words_of(public: Table) -> str:
    """Say a guardian's key as eight words, to be compared by voice."""
    return " ".join(words(hashlib.sha256(decode(public["key"])).digest()))


def lock(guardian: Guardian, *, passphrase: str | None) -> bytes:
    """Write a guardian's secret file, readable only with the passphrase if there is one."""
    head = {
        "schema": SECRET_SCHEMA,
        "name": guardian.name,
        "holds_count_key": guardian.holds_count_key,
    }
    if passphrase is None:
        return canonical({**head, "scrypt": None, "key": encode(guardian.private)})
    # A new salt for each file, so the key made of it seals once and needs no other nonce.
    how = {**STRETCHING, "salt": encode(secrets.token_bytes(16))}
    locked = _cipher(passphrase, how).encrypt(_NONCE, guardian.private, canonical(head))
    return canonical({**head, "scrypt": how, "key": encode(locked)})


def needs_passphrase(content: bytes) -> bool:
    """Tell whether a secret file is locked."""
    return _secret(content)["scrypt"] is not None


def unlock(content: bytes, *, passphrase: str | None) -> Guardian:
    """Read a guardian's secret file, or raise `Locked`."""
    document = _secret(content)
    head = {name: document[name] for name in ("schema", "name", "holds_count_key")}
    private = decode(document["key"])
    if document["scrypt"] is not None:
        try:
            cipher = _cipher(passphrase or "", document["scrypt"])
            private = cipher.decrypt(_NONCE, private, canonical(head))
        except (InvalidTag, KeyError, TypeError, ValueError) as error:
            raise Locked("This passphrase does not open the secret file.") from error
    if len(private) != PRIVATE_LENGTH:
        raise Locked("The secret file is damaged.")
    return Guardian(
        name=document["name"], holds_count_key=document["holds_count_key"], private=private
    )


def read_public(path: Path) -> dict[str, Any]:
    """Read a guardian's public file."""
    document = parsed(path.read_bytes())
    if document.pop("schema", None) != PUBLIC_SCHEMA:
        raise BadDocument(f"{path} is not the public file of a guardian.")
    check_guardian(document)
    return document


def write_new(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that is not there yet, whole and with these rights, or not at all."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _secret(content: bytes) -> dict[str, Any]:
    document = parsed(content)
    check_fields(document, SECRET, "The secret file")
    if document["schema"] != SECRET_SCHEMA:
        raise BadDocument("This is not the secret file of a guardian.")
    return document


def _cipher(passphrase: str, how: Table) -> AESGCM:
    if any(not 0 < how[name] <= most for name, most in _MOST.items()):
        raise ValueError("The secret file asks for more work than any of ours.")
    # One spelling of accented letters, whichever keyboard wrote them.
    typed = unicodedata.normalize("NFC", passphrase).encode()
    key = hashlib.scrypt(
        typed,
        salt=decode(how["salt"]),
        n=how["n"],
        r=how["r"],
        p=how["p"],
        maxmem=256 * how["n"] * how["r"],
        dklen=32,
    )
    return AESGCM(key)


SECRET: Shape = {
    "schema": shapes.text,
    "name": shapes.text,
    "holds_count_key": shapes.flag,
    "scrypt": shapes.or_none(shapes.table),
    "key": shapes.text,
}
