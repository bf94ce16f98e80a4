"""Signatures that anybody can check: ECDSA over P-256 with SHA-256, 64 bytes, deterministic."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from surveys.sealing import CURVE, private_key

SIGNATURE_LENGTH = 64
_HALF = SIGNATURE_LENGTH // 2

# The same message gets the same signature, so an answer sent twice gets the same acknowledgement.
_SIGNING = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_CHECKING = ec.ECDSA(hashes.SHA256())


class SigningKey:
    """A private key made ready once, for those who sign often."""

    __slots__ = ("_key",)

    def __init__(self, private: bytes) -> None:
        self._key = private_key(private)

    def sign(self, message: bytes) -> bytes:
        """Sign; the two halves of the signature stand side by side."""
        halves = decode_dss_signature(self._key.sign(message, _SIGNING))
        return b"".join(half.to_bytes(_HALF, "big") for half in halves)


def sign(private: bytes, message: bytes) -> bytes:
    """Sign with a private key of 32 bytes."""
    return SigningKey(private).sign(message)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature fits a message and a public key of 65 bytes."""
    if len(signature) != SIGNATURE_LENGTH:
        return False
    halves = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public)
        key.verify(encode_dss_signature(*halves), message, _CHECKING)
    except (InvalidSignature, ValueError):
        return False
    return True
