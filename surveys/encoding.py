"""Bytes as text: base64url without padding, in the one spelling each value has."""

from __future__ import annotations

import base64

from surveys.errors import MalformedBallot


def encode(raw: bytes) -> str:
    """Write bytes as text."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: object, *, length: int | None = None) -> bytes:
    """
    Read bytes of a known length back, or raise `MalformedBallot`.

    Only what `encode` writes is accepted.  Python's own decoder skips foreign
    characters and ignores spare bits, so that one ballot would have many spellings.
    """
    if not isinstance(text, str):
        raise MalformedBallot("A part of this ballot is not a text.")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise MalformedBallot("A part of this ballot is not written as base64url.") from error
    if encode(raw) != text:
        raise MalformedBallot("A part of this ballot is not base64url in its shortest form.")
    if length is not None and len(raw) != length:
        raise MalformedBallot(f"A part of this ballot has {len(raw)} bytes instead of {length}.")
    return raw
