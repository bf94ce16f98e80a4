"""
Code letters: the right to answer once, on paper.

A code is 16 random characters of Crockford's base 32 (80 bits) and a check
character.  Read as elements of GF(32), the characters times the weights
a^1 ... a^16 and the check character add up to nothing, where a is a root of
x^5 + x^2 + 1, whose 31 powers differ.  All 17 weights being different, and
none zero, every single wrong character is noticed and every exchange of two
characters, neighbours or not, the check character included.  Of other
mistakes, one in 32 passes; such a code is then unknown.
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

from surveys.errors import MalformedCode

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_CHARACTERS = 16
RANDOM_BYTES = 5 * RANDOM_CHARACTERS // 8
LENGTH = RANDOM_CHARACTERS + 1

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_LOOKALIKES = str.maketrans("OIL", "011")


def _times_a(value: int) -> int:
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled


def new_code() -> str:
    """Draw one code, its check character last."""
    return code_of(secrets.token_bytes(RANDOM_BYTES))


def code_of(drawn: bytes) -> str:
    """Write ten random bytes as a code, its check character last."""
    bits = int.from_bytes(drawn, "big")
    characters = "".join(ALPHABET[bits >> 5 * place & 31] for place in range(RANDOM_CHARACTERS))
    return characters + check_character(characters)


def new_codes(n: int) -> tuple[str, ...]:
    """Draw `n` different codes, in no order that tells anything."""
    codes: set[str] = set()
    while len(codes) < n:
        codes.add(new_code())
    return tuple(sorted(codes))


def check_character(drawn: str) -> str:
    """Compute the check character of 16 characters."""
    total = 0
    for character in reversed(drawn):
        total = _times_a(total ^ _VALUE[character])
    return ALPHABET[total]


def printed(code: str) -> str:
    """Write a code as it stands in the letter, in groups of four."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def normalise(text: str, *, source: str = "letter") -> str:
    """
    Read a code as people type it, or raise `MalformedCode`; `source` is where they have it.

    Case, spaces and hyphens do not matter; the letter O is read as the digit 0,
    and the letters I and L as the digit 1.
    """
    code = re.sub(r"[\s\u2010-\u2015-]", "", text).upper().translate(_LOOKALIKES)
    if not code:
        raise MalformedCode(f"Type the code from your {source}.")
    strange = sorted(set(code) - set(ALPHABET))
    if strange:
        raise MalformedCode(f"A code has no {strange[0]!r} in it. Compare it with your {source}.")
    if len(code) != LENGTH:
        raise MalformedCode(
            f"A code has {LENGTH} characters; this one has {len(code)}. "
            f"Compare it with your {source}."
        )
    if check_character(code[:-1]) != code[-1]:
        raise MalformedCode(
            "This code has a mistake in it: a wrong character, or two exchanged. "
            f"Compare it with your {source}."
        )
    return code


def digest(wave: str, code: str) -> str:
    """Digest a code for one wave, as 64 hexadecimal digits; all that is ever stored of it."""
    return sha256(f"{wave}\n{normalise(code)}".encode()).hexdigest()
