"""
Seals: answers that only the holder of the count key can read.

An ephemeral P-256 key agrees on a secret with the count key; HKDF-SHA256 makes an
AES-256-GCM key of it, used once.  What is sealed has a fixed length, so that the
length of a seal says nothing about the answers in it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from surveys.documents import canonical
from surveys.errors import BadDocument, SealBroken

CURVE = ec.SECP256R1()
PRIVATE_LENGTH = 32
PUBLIC_LENGTH = 65
OVERHEAD = PUBLIC_LENGTH + 16  # the ephemeral key in front, the tag behind
LENGTH_BYTES = 4  # in front of what is padded

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2, P-256
_SPARE = 16  # bytes more than needed, so that the remainder is even to 2**-128

Fields = Mapping[str, Sequence[str]]


def new_private_key() -> bytes:
    """Draw a private key of 32 bytes."""
    return derive_private_key(secrets.token_bytes(PRIVATE_LENGTH), b"headwater new key v1")


def derive_private_key(secret: bytes, info: bytes) -> bytes:
    """Derive a private key from a secret, another one for each purpose named in `info`."""
    drawn = _derived(secret, info=info, length=PRIVATE_LENGTH + _SPARE)
    scalar = int.from_bytes(drawn, "big") % (_ORDER - 1) + 1
    return scalar.to_bytes(PRIVATE_LENGTH, "big")


def public_key_of(private: bytes) -> bytes:
    """Give the public key of a private one: 65 bytes, uncompressed."""
    point = private_key(private).public_key()
    return point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def private_key(private: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a private key, or raise `BadDocument`."""
    if len(private) != PRIVATE_LENGTH or not 0 < int.from_bytes(private, "big") < _ORDER:
        raise BadDocument("This is not a private key of the curve P-256.")
    return ec.derive_private_key(int.from_bytes(private, "big"), CURVE)


def check_public_key(public: bytes) -> None:
    """Refuse bytes that are no point of the curve, uncompressed."""
    _point(public)


def seal(
    public: bytes, content: bytes, *, bound_to: bytes, ephemeral: bytes | None = None
) -> bytes:
    """
    Seal bytes so that only the private key of `public` opens them.

    `bound_to` must be named again to open; `ephemeral` is a private key that must
    never seal anything else, drawn unless given.
    """
    once = private_key(ephemeral or new_private_key())
    front = once.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    agreed = once.exchange(ec.ECDH(), _point(public))
    return front + _cipher(agreed, front).encrypt(_NONCE, content, bound_to)


def unseal(private: bytes, sealed: bytes, *, bound_to: bytes) -> bytes:
    """Open a seal, or raise `SealBroken`."""
    front, rest = sealed[:PUBLIC_LENGTH], sealed[PUBLIC_LENGTH:]
    try:
        agreed = private_key(private).exchange(ec.ECDH(), _point(front))
        return _cipher(agreed, front).decrypt(_NONCE, rest, bound_to)
    except (BadDocument, InvalidTag, ValueError) as error:
        raise SealBroken("This seal was made for another key, or was changed.") from error


def pad_fields(fields: Fields, *, pad: int) -> bytes:
    """Write the fields of a form at a fixed length: their length, canonical JSON, zeros."""
    content = canonical({key: list(texts) for key, texts in fields.items()})
    if len(content) > pad - LENGTH_BYTES:
        raise BadDocument("These answers are longer than the questionnaire allows.")
    return (len(content).to_bytes(LENGTH_BYTES, "big") + content).ljust(pad, b"\0")


def unpad_fields(padded: bytes) -> dict[str, list[str]]:
    """
    Take the zeros off again and read the fields, or raise `SealBroken`.

    Whoever holds a ballot may have sealed anything, so nothing is believed:
    what is not a table of lists of texts is refused.
    """
    n = int.from_bytes(padded[:LENGTH_BYTES], "big")
    try:
        fields = json.loads(padded[LENGTH_BYTES : LENGTH_BYTES + n].decode())
    except (ValueError, RecursionError) as error:
        raise SealBroken("What was sealed is no filled-in form.") from error
    if not isinstance(fields, dict) or not all(map(_is_texts, fields.values())):
        raise SealBroken("What was sealed is no filled-in form.")
    return fields


_NONCE = bytes(12)  # every key seals once


def _cipher(agreed: bytes, front: bytes) -> AESGCM:
    return AESGCM(_derived(agreed, info=b"headwater seal v1", length=32, salt=front))


def _derived(secret: bytes, *, info: bytes, length: int, salt: bytes | None = None) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _point(public: bytes) -> ec.EllipticCurvePublicKey:
    if len(public) != PUBLIC_LENGTH:
        raise BadDocument("This is not a public key of the curve P-256, uncompressed.")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public)
    except ValueError as error:
        raise BadDocument("This is not a public key of the curve P-256, uncompressed.") from error


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)
