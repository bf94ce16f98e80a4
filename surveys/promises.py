"""The promise of a wave: what for, who reads, how long what is kept, and whom to ask."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from surveys import shapes
from surveys.errors import BadPromise
from surveys.shapes import Shape, check_fields

# The longest each text may be, so that the whole fits above the questions on a phone.
LONGEST = {"purposes": 600, "readers": 600, "contact": 300}
MOST_LINES = 8
# How long rosters are kept after the closing, and results after the release: least and most.
ROSTERS_DAYS = (1, 400)
RESULTS_MONTHS = (1, 120)

SENTENCES = {
    "purposes": "Say what the survey is for.",
    "readers": "Say who reads the figures and the comments.",
    "contact": "Say whom people can ask, and how to reach them.",
}
NOT_TYPED = frozenset({"Cc", "Cs"})
# Marks that turn a line round, so that it reads otherwise than it is written.
TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """
    What an organisation promises about one wave, in its own words and two spans of time.

    It stands whole in plan and manifest, so every ballot carries its digest, and the
    guardian signs it.  Texts are in one spelling: no space around lines, no empty ones.
    """

    purposes: str
    readers: str
    contact: str
    keep_rosters_days: int = 100
    keep_results_months: int = 36

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise `BadPromise` where a text is missing, too long or unfit, or a span too far."""
        for name in LONGEST:
            check_text(name, getattr(self, name))
        _check_span(
            self.keep_rosters_days,
            ROSTERS_DAYS,
            "Keep the list of who was eligible for {} to {} days after the closing.",
        )
        _check_span(
            self.keep_results_months,
            RESULTS_MONTHS,
            "Keep the results for {} to {} months after the closing.",
        )

    def to_dict(self) -> dict[str, Any]:
        """Write the promise as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Read a promise from plain values, or raise `BadDocument`."""
        check_fields(document, PROMISE, "The promise")
        return cls(**document)


def check_text(name: str, text: str) -> None:
    """Refuse a text of the promise that says nothing, too much, or what cannot be seen."""
    if not text:
        raise BadPromise(SENTENCES[name])
    if len(text) > LONGEST[name]:
        raise BadPromise(f"Use at most {LONGEST[name]} characters.")
    if text.count("\n") >= MOST_LINES:
        raise BadPromise(f"Use at most {MOST_LINES} lines.")
    shown = text.replace("\n", "")
    if any(unicodedata.category(sign) in NOT_TYPED or sign in TURNING for sign in shown):
        raise BadPromise("Use letters, digits and signs only.")
    if text != spelt(text):
        raise BadPromise("Leave no space around lines and no empty lines.")


def spelt(text: str) -> str:
    """Bring a typed text into its one spelling."""
    lines = (" ".join(line.split()) for line in unicodedata.normalize("NFC", text).splitlines())
    return "\n".join(line for line in lines if line)


def _check_span(given: int, span: tuple[int, int], sentence: str) -> None:
    if not span[0] <= given <= span[1]:
        raise BadPromise(sentence.format(*span))


PROMISE: Shape = {
    "purposes": shapes.text,
    "readers": shapes.text,
    "contact": shapes.text,
    "keep_rosters_days": shapes.whole,
    "keep_results_months": shapes.whole,
}
