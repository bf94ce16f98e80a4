"""Keys and ballots for tests; keys are made once per run, because each takes a while."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

from surveys.ballots import EXPONENT, Ballot
from surveys.encoding import encode
from surveys.manifests import begin_ballot


@cache
def rsa_key(number: int) -> rsa.RSAPrivateKey:
    """Give the private key with this number, the same throughout a run."""
    return rsa.generate_private_key(EXPONENT, 2048)


def modulus(number: int) -> bytes:
    """Give the modulus of a key."""
    return rsa_key(number).public_key().public_numbers().n.to_bytes(256, "big")


def modulus_text(number: int) -> str:
    """Give the modulus of a key as documents write it."""
    return encode(modulus(number))


def sign_blinded(number: int, blinded: bytes) -> bytes:
    """Sign a blinded value, as the application does, without its care for time."""
    key, value = rsa_key(number).private_numbers(), int.from_bytes(blinded, "big")
    at_p, at_q = pow(value % key.p, key.dmp1, key.p), pow(value % key.q, key.dmq1, key.q)
    return (at_q + key.q * (key.iqmp * (at_p - at_q) % key.p)).to_bytes(256, "big")


def take_ballot(seed: bytes, manifest: str, *, group: str, key: int) -> Ballot:
    """Take a ballot of a group whose key has this number."""
    draft = begin_ballot(seed, manifest, group=group)
    return draft.finish(sign_blinded(key, draft.blinded))
