"""What the doctor says: what was seen, why it matters, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "unseen", "weakens", "breaks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at; `unseen` is what could not be looked at from here."""

    level: Level
    seen: str
    why: str = ""
    remedy: str = ""


def fine(seen: str) -> Finding:
    """Find something as it should be."""
    return Finding(level="ok", seen=seen)


def unseen(seen: str, *, remedy: str) -> Finding:
    """Find that something could not be looked at."""
    return Finding(level="unseen", seen=seen, remedy=remedy)


def weakens(seen: str, *, why: str, remedy: str) -> Finding:
    """Find what helps an attacker who has something else besides."""
    return Finding(level="weakens", seen=seen, why=why, remedy=remedy)


def breaks(seen: str, *, why: str, remedy: str) -> Finding:
    """Find what makes the promise untrue."""
    return Finding(level="breaks", seen=seen, why=why, remedy=remedy)
