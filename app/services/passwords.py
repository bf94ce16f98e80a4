"""Passwords: what is good enough, and how they are kept (Argon2id)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.services.errors import Unusable

SHORTEST = 12
LONGEST = 128
COMMON = Path(__file__).with_name("common_passwords.txt")
# RFC 9106, second recommended option with less memory: 19 MiB, two passes, one lane (OWASP).
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def check_new_password(password: str, *, told: tuple[str, ...] = ()) -> None:
    """Refuse a password that is too short, too long, common, or made of what is known."""
    if len(password) < SHORTEST:
        raise Unusable(f"Choose a password of at least {SHORTEST} characters.")
    if len(password) > LONGEST:
        raise Unusable(f"Choose a password of at most {LONGEST} characters.")
    if is_common(password):
        raise Unusable("This password is on lists of common passwords; choose another.")
    known = {word.casefold() for word in told if word}
    if password.casefold() in known:
        raise Unusable("Choose a password that is not your name or address.")


def is_common(password: str) -> bool:
    """Tell whether a password is on the list, also with digits or signs around it."""
    plain = password.casefold()
    bare = plain.strip("0123456789!?.,#*$-_ ")
    repeated = len(set(plain)) < 4
    return repeated or plain in _common() or bare in _common() or _is_run(plain)


def hash_password(password: str) -> str:
    """Hash a password for keeping."""
    return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """
    Check a password against its hash.

    Without a hash (no such account, or no password yet) one is computed all the
    same, so that the answer takes as long and tells nothing.
    """
    try:
        return _HASHER.verify(password_hash or _nobody(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Tell whether a hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(password_hash)


@cache
def _nobody() -> str:
    return _HASHER.hash("the password of nobody at all")


@cache
def _common() -> frozenset[str]:
    return frozenset(COMMON.read_text(encoding="utf-8").split())


def _is_run(plain: str) -> bool:
    """Tell whether the characters just follow one another, as in "abcdefghijkl"."""
    steps = {ord(b) - ord(a) for a, b in zip(plain, plain[1:], strict=False)}
    return len(steps) == 1
