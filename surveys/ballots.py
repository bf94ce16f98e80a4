"""
Ballots: the right to answer once, signed without being seen.

RSABSSA-SHA384-PSS-Randomized of RFC 9474.  The employee's browser blinds a message
of its own, the application signs the blinded value without learning the message,
and the browser takes the blinding off.  What it then hands in at the collector
carries a valid signature of its counting group and no trace of who asked for it:
for every pair of a blinded value and a ballot there is exactly one blinding that
leads from one to the other, so each is as likely as any (section 4.1 of the RFC;
`tests/attack/test_blindness.py` counts them), to whoever cannot tell HKDF from chance.

The signing itself, which needs the private key, is not here: this module is for
those who hold public keys only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import sha256, sha384

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from surveys.errors import ForgedBallot, MalformedBallot

DOMAIN = b"HEADWATER-BALLOT-v1\0"
EXPONENT = 65_537
MODULUS_LENGTH = 256  # bytes: RSA-2048
SEED_LENGTH = 32
PREPARED_LENGTH = 32 + len(DOMAIN) + 32 + 32

_DIGEST = 48  # bytes of SHA-384, and of the salt
_SPARE = 16  # bytes more than the modulus has, so that the blinding is even to 2**-128
_VERIFYING = padding.PSS(padding.MGF1(hashes.SHA384()), _DIGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """One right to answer, as the collector redeems it."""

    group: str
    prepared: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """
    A ballot before it is signed: `blinded` goes to the application, the rest stays.

    All of it follows from the seed, so a browser that lost everything else asks for
    the same blinded value again and gets the same ballot.
    """

    group: str
    modulus: int
    prepared: bytes
    salt: bytes
    blinded: bytes
    inverse: int

    @classmethod
    def begin(
        cls, seed: bytes, *, wave: str, group: str, modulus: bytes, manifest_sha256: bytes
    ) -> Draft:
        """Derive prefix, nonce, salt and blinding from the seed, and blind."""
        info = f"headwater ballot v1|{wave}|{group}".encode()
        length = 32 + 32 + _DIGEST + len(modulus) + _SPARE
        drawn = HKDF(hashes.SHA256(), length, None, info).derive(seed)
        prefix, nonce, salt, factor = drawn[:32], drawn[32:64], drawn[64:112], drawn[112:]
        n = int.from_bytes(modulus, "big")
        prepared = prefix + DOMAIN + manifest_sha256 + nonce
        blinded, inverse = blind(
            prepared, modulus=n, salt=salt, factor=int.from_bytes(factor, "big") % (n - 1) + 1
        )
        return cls(
            group=group, modulus=n, prepared=prepared, salt=salt, blinded=blinded, inverse=inverse
        )

    def finish(self, blind_signature: bytes) -> Ballot:
        """Take the blinding off, or raise `ForgedBallot`: never ask again with another seed."""
        signature = unblind(blind_signature, modulus=self.modulus, inverse=self.inverse)
        if not is_signed(public_key(self.modulus), self.prepared, signature):
            raise ForgedBallot("This signature was not made with the key of the manifest.")
        return Ballot(group=self.group, prepared=self.prepared, signature=signature)


def blind(
    prepared: bytes, *, modulus: int, salt: bytes, factor: int, exponent: int = EXPONENT
) -> tuple[bytes, int]:
    """Blind a prepared message; return the blinded value and the inverse of the factor."""
    encoded = encode_pss(prepared, bits=modulus.bit_length() - 1, salt=salt)
    message = int.from_bytes(encoded, "big")
    if math.gcd(message, modulus) != 1 or math.gcd(factor, modulus) != 1:
        raise MalformedBallot("This message shares a factor with the modulus.")
    blinded = message * pow(factor, exponent, modulus) % modulus
    return blinded.to_bytes(_length(modulus), "big"), pow(factor, -1, modulus)


def unblind(blind_signature: bytes, *, modulus: int, inverse: int) -> bytes:
    """Take the blinding off a signature, without judging it."""
    if len(blind_signature) != _length(modulus):
        raise MalformedBallot("A blind signature is as long as its modulus.")
    signature = int.from_bytes(blind_signature, "big") * inverse % modulus
    return signature.to_bytes(_length(modulus), "big")


def encode_pss(message: bytes, *, bits: int, salt: bytes) -> bytes:
    """EMSA-PSS-ENCODE of RFC 8017, section 9.1.1, with SHA-384 and MGF1."""
    length = (bits + 7) // 8
    if length < _DIGEST + len(salt) + 2:
        raise MalformedBallot("The modulus is too short for this signature.")
    digest = sha384(bytes(8) + sha384(message).digest() + salt).digest()
    block = (b"\1" + salt).rjust(length - _DIGEST - 1, b"\0")
    masked = bytearray(a ^ b for a, b in zip(block, _mask(digest, len(block)), strict=True))
    masked[0] &= 0xFF >> (8 * length - bits)
    return bytes(masked) + digest + b"\xbc"


def public_key(modulus: int) -> rsa.RSAPublicKey:
    """Make a key that verifies."""
    return rsa.RSAPublicNumbers(EXPONENT, modulus).public_key()


def is_signed(key: rsa.RSAPublicKey, prepared: bytes, signature: bytes) -> bool:
    """Tell whether a signature fits a prepared message, by the library's own verification."""
    try:
        key.verify(signature, prepared, _VERIFYING, hashes.SHA384())
    except InvalidSignature:
        return False
    return True


def is_prepared_for(prepared: bytes, manifest_sha256: bytes) -> bool:
    """Tell whether a prepared message is a ballot of the wave with this manifest."""
    middle = DOMAIN + manifest_sha256
    return len(prepared) == PREPARED_LENGTH and prepared[32 : 32 + len(middle)] == middle


def receipt_of(prepared: bytes) -> bytes:
    """Give the id under which the answer of a ballot is kept and published: 32 bytes."""
    return sha256(b"headwater receipt v1" + prepared).digest()


def _mask(seed: bytes, length: int) -> bytes:
    blocks = (sha384(seed + i.to_bytes(4, "big")).digest() for i in range(-(-length // _DIGEST)))
    return b"".join(blocks)[:length]


def _length(modulus: int) -> int:
    return (modulus.bit_length() + 7) // 8
