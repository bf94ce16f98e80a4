"""Question types: what may be asked, and which raw answers count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from surveys.errors import BadQuestionnaire, InvalidAnswer

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")

MOST_POINTS = 11

# What a person answered: a rating, 1 or 0 for yes or no, the key of an option,
# the keys of several, or a text.
Answer = int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of the answers a choice question offers."""

    key: str
    text: str

    def __post_init__(self) -> None:
        check_key(self.key, what="option")
        check_text(self.text, what=f"Option {self.key!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    One item: a key for machines, a text for people, and a judge of raw answers.

    A retired item is kept for the history of its wording and asked no more.
    """

    type: ClassVar[str]

    key: str
    text: str
    help: str = ""
    retired: bool = False

    def __post_init__(self) -> None:
        check_key(self.key, what="item")
        check_text(self.text, what=f"Item {self.key!r}")
        self.check()

    def check(self) -> None:
        """Raise `BadQuestionnaire` where the type's own fields contradict each other."""

    def parse(self, raw: Sequence[str]) -> Answer | None:
        """Read what was typed: None if it was skipped, `InvalidAnswer` if it does not fit."""
        given = [text for text in raw if text.strip()]
        if not given:
            return None
        return self.read(given)

    def read(self, given: Sequence[str]) -> Answer | None:
        """Read one or more texts that are not blank."""
        raise NotImplementedError

    def spoil(self, text: str) -> BadQuestionnaire:
        """Name this item in a refusal."""
        return BadQuestionnaire(f"Item {self.key!r}: {text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale(Question):
    """
    A rating on consecutive whole numbers, such as 1 (disagree) to 5 (agree).

    `labels` names every point, `low_label` and `high_label` only the ends.  A
    reversed item is one where a low rating is the good one.  `favourable_from`
    is the lowest favourable point once a reversed item is turned round; left
    out, it is the lowest point above the middle.
    """

    type: ClassVar[str] = "scale"

    low: int = 1
    high: int = 5
    low_label: str = ""
    high_label: str = ""
    labels: tuple[str, ...] = ()
    reverse: bool = False
    favourable_from: int | None = None

    def check(self) -> None:
        """Refuse scales without points, without names for their ends, or without a good side."""
        if not self.low < self.high < self.low + MOST_POINTS:
            raise self.spoil(f"A scale has 2 to {MOST_POINTS} points, the lowest named first.")
        if self.labels and len(self.labels) != len(self.points):
            raise self.spoil(f"Give {len(self.points)} labels, one for each point, or none.")
        if self.labels:
            for name, label in (("low_label", self.labels[0]), ("high_label", self.labels[-1])):
                if getattr(self, name) not in ("", label):
                    raise self.spoil(f"{name} and the labels name the same point differently.")
                object.__setattr__(self, name, label)
        if not (self.low_label and self.high_label):
            raise self.spoil("Say what the two ends of the scale mean: low_label and high_label.")
        if not self.low < self.threshold <= self.high:
            raise self.spoil("favourable_from must be a point above the lowest one.")

    @property
    def points(self) -> range:
        """The ratings on offer, from lowest to highest."""
        return range(self.low, self.high + 1)

    @property
    def threshold(self) -> int:
        """The lowest favourable rating, once a reversed item is turned round."""
        if self.favourable_from is not None:
            return self.favourable_from
        return (self.low + self.high) // 2 + 1

    def label(self, point: int) -> str:
        """Name one point, or return nothing where only the ends have names."""
        if self.labels:
            return self.labels[point - self.low]
        return {self.low: self.low_label, self.high: self.high_label}.get(point, "")

    def turned(self, rating: int) -> int:
        """Turn a reversed rating round, so that more is always better."""
        return self.low + self.high - rating if self.reverse else rating

    def read(self, given: Sequence[str]) -> int:
        """Read one rating."""
        sentence = f"Choose a number from {self.low} to {self.high}."
        return int(_one_of(given, map(str, self.points), sentence))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation(Question):
    """A likelihood to recommend, from 0 to 10."""

    type: ClassVar[str] = "recommendation"
    low: ClassVar[int] = 0
    high: ClassVar[int] = 10
    points: ClassVar[range] = range(11)

    low_label: str
    high_label: str

    def check(self) -> None:
        """Refuse ends without names."""
        if not (self.low_label and self.high_label):
            raise self.spoil("Say what 0 and 10 mean: low_label and high_label.")

    def label(self, point: int) -> str:
        """Name one of the two ends."""
        return {0: self.low_label, 10: self.high_label}.get(point, "")

    def read(self, given: Sequence[str]) -> int:
        """Read one number."""
        return int(_one_of(given, map(str, self.points), "Choose a number from 0 to 10."))


@dataclass(frozen=True, slots=True, kw_only=True)
class YesNo(Question):
    """A question answered by yes, stored as 1, or no, stored as 0."""

    type: ClassVar[str] = "yes_no"

    favourable: Literal["yes", "no"] = "yes"
    yes_label: str = "Yes"
    no_label: str = "No"

    def check(self) -> None:
        """Refuse a good side that is neither of the two."""
        if self.favourable not in ("yes", "no"):
            raise self.spoil('favourable is "yes" or "no".')

    def read(self, given: Sequence[str]) -> int:
        """Read the one word."""
        return int(_one_of(given, ("yes", "no"), "Choose one of the two answers.") == "yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleChoice(Question):
    """A question answered by exactly one of its options."""

    type: ClassVar[str] = "single_choice"

    options: tuple[Option, ...]

    def check(self) -> None:
        """Refuse fewer than two options, and options with one key."""
        _check_options(self, self.options)

    def read(self, given: Sequence[str]) -> str:
        """Read the key of one option."""
        return _one_of(given, (o.key for o in self.options), "Choose one of the answers shown.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipleChoice(Question):
    """A question answered by any number of its options."""

    type: ClassVar[str] = "multiple_choice"

    options: tuple[Option, ...]

    def check(self) -> None:
        """Refuse fewer than two options, and options with one key."""
        _check_options(self, self.options)

    def read(self, given: Sequence[str]) -> tuple[str, ...]:
        """Read the keys of the options ticked, sorted so that their order says nothing."""
        if not set(given) <= {option.key for option in self.options}:
            raise InvalidAnswer("Choose from the answers shown.")
        return tuple(sorted(set(given)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment(Question):
    """A question answered in the person's own words."""

    type: ClassVar[str] = "comment"

    max_length: int = 2000

    def check(self) -> None:
        """Refuse lengths that no page or store is made for."""
        if not 1 <= self.max_length <= 10_000:
            raise self.spoil("max_length is a number from 1 to 10000.")

    def read(self, given: Sequence[str]) -> str | None:
        """Read one text, its line ends made alike and characters nobody can see left out."""
        if len(given) > 1:
            raise InvalidAnswer("Write one text.")
        lines = given[0].replace("\r\n", "\n").replace("\r", "\n")
        text = "".join(c for c in lines if c in "\n\t" or _is_visible(c)).strip()
        if len(text) > self.max_length:
            raise InvalidAnswer(
                f"Shorten the text to {self.max_length:,} characters; it has {len(text):,}."
            )
        return text or None


# A new type is one class above and one line here.
TYPES: dict[str, type[Question]] = {
    "scale": Scale,
    "recommendation": Recommendation,
    "yes_no": YesNo,
    "single_choice": SingleChoice,
    "multiple_choice": MultipleChoice,
    "comment": Comment,
}


def check_key(key: str, *, what: str) -> None:
    """Refuse a key that could not name a form field, a column and a figure alike."""
    if not KEY.fullmatch(key):
        raise BadQuestionnaire(
            f"The {what} key {key!r} must begin with a letter and hold at most 40 small "
            "letters, digits and underscores."
        )


def check_text(text: str, *, what: str) -> None:
    """Refuse an empty wording."""
    if not text.strip():
        raise BadQuestionnaire(f"{what} has no text.")


def _one_of(given: Sequence[str], allowed: Iterable[str], sentence: str) -> str:
    if len(given) != 1 or given[0] not in set(allowed):
        raise InvalidAnswer(sentence)
    return given[0]


def _check_options(question: Question, options: tuple[Option, ...]) -> None:
    if len(options) < 2:
        raise question.spoil("Give at least two options.")
    if len({option.key for option in options}) < len(options):
        raise question.spoil("Two options have the same key.")


def _is_visible(character: str) -> bool:
    # Control characters, and halves of a surrogate pair, which UTF-8 cannot write.
    return unicodedata.category(character) not in ("Cc", "Cs")
