"""Canonical JSON documents: the same content always gives the same bytes and the same digest."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any


def canonical(document: Any) -> bytes:  # noqa: ANN401 any JSON value
    """Write a JSON value in the one form that is hashed, stored and exchanged."""
    text = json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def sha256_of(document: Any) -> str:  # noqa: ANN401 any JSON value
    """Digest a JSON value in its canonical form, as 64 hexadecimal digits."""
    return sha256(canonical(document)).hexdigest()
