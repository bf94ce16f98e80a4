"""
Threads: the code by which whoever wrote a comment reads its answer, and the id made of it.

The author's side derives one code per comment, from the seed of a ballot or, at the
collector, from the letter key.  Only the id, a digest of the code, travels with the
comment inside the seal; from an id nobody finds the code.  The codes of two comments of
one person have nothing in common, so two threads never show that they have one author.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from surveys.codes import RANDOM_BYTES, code_of

DOMAIN = b"headwater thread v1"

_ID = re.compile("[0-9a-f]{64}")


def ballot_code(seed: bytes, *, wave: str, item: str) -> str:
    """Derive the code of one comment from the seed of a ballot, as the browser does."""
    info = DOMAIN + f"|{wave}|{item}".encode()
    return code_of(HKDF(hashes.SHA256(), RANDOM_BYTES, None, info).derive(seed))


def letter_code(letter_key: bytes, *, digest: bytes, item: str) -> str:
    """Derive the code of one comment from the digest of the letter it came with."""
    drawn = hmac.digest(letter_key, DOMAIN + digest + item.encode(), "sha256")
    return code_of(drawn[:RANDOM_BYTES])


def thread_of(code: str) -> str:
    """Give the id of the thread that a code opens; the code as `codes.normalise` gives it."""
    return sha256(DOMAIN + code.encode()).hexdigest()


def field_of(item: str) -> str:
    """Name the field beside a comment that holds its thread; no item has a dot in its key."""
    return f"{item}.thread"


def read_thread(fields: Mapping[str, Sequence[str]], item: str) -> str | None:
    """Read the thread of a comment from what was sealed; whoever sealed it may have erred."""
    given = fields.get(field_of(item), ())
    return given[0] if len(given) == 1 and _ID.fullmatch(given[0]) else None
