"""Signing a manifest, and remembering what was signed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.guardian.keys import Guardian, write_new
from surveys.documents import canonical
from surveys.encoding import encode
from surveys.errors import BadDocument
from surveys.manifests import manifest_sha256, read_manifest
from surveys.openings import parsed
from surveys.sealing import public_key_of

SIGNED_FILE = "signed-before.json"  # not the name of what goes back to the administrator

Table = Mapping[str, Any]


def text_of(content: bytes) -> tuple[str, str | None]:
    """Read a manifest and its signature from a file or an answer, signed or not."""
    document = parsed(content)
    text, signature = document.get("manifest"), document.get("signature")
    if isinstance(text, str) and isinstance(signature, str | None):
        return text, signature
    try:
        return canonical(document).decode(), None
    except ValueError as error:
        raise BadDocument("The manifest holds letters that do not exist.") from error


def fill_count_key(text: str, guardian: Guardian) -> str:
    """Put the count key of a wave into its manifest, where this guardian holds it."""
    document = json.loads(text)
    if document["count_key_holder"] != "guardian":
        return text
    own = encode(public_key_of(guardian.count_key(document["wave"])))
    if document["count_key"] not in (None, own):
        raise BadDocument("The manifest names a count key that is not yours; do not sign it.")
    return canonical({**document, "count_key": own}).decode()


def signed_document(text: str, guardian: Guardian) -> bytes:
    """Sign a complete manifest and write what goes back to the administrator."""
    read_manifest(text)
    return canonical({"manifest": text, "signature": guardian.sign(text)})


def read_signed(folder: Path) -> list[dict[str, str]]:
    """Read the list of manifests signed so far, which lies beside the key."""
    path = folder / SIGNED_FILE
    if not path.exists():
        return []
    found = parsed(path.read_bytes()).get("signed")
    if not isinstance(found, list) or not all(
        isinstance(entry, dict) and {"wave", "sha256"} <= entry.keys() for entry in found
    ):
        raise BadDocument(f"{path} is not the list of what was signed; put it aside.")
    return found


def note_signed(folder: Path, text: str) -> None:
    """Put a manifest on the list of those signed, once."""
    entry = {"wave": json.loads(text)["wave"], "sha256": manifest_sha256(text).hex()}
    signed = read_signed(folder)
    if entry in signed:
        return
    fresh = folder / f".{SIGNED_FILE}.{secrets.token_hex(4)}"
    write_new(fresh, canonical({"signed": [*signed, entry]}), mode=0o600)
    fresh.replace(folder / SIGNED_FILE)


def signed_otherwise(text: str, signed: Sequence[Table]) -> bool:
    """Tell whether another manifest of the same wave was signed before."""
    wave, digest = json.loads(text)["wave"], manifest_sha256(text).hex()
    return any(entry["wave"] == wave and entry["sha256"] != digest for entry in signed)
