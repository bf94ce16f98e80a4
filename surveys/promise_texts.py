"""The promise of a wave in sentences, the same on every page and in every file that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from surveys.promises import Promise
from surveys.thresholds import Thresholds

BOUND = (
    "Where nearly everybody, or nearly nobody, holds a view, a bound is given instead, such as "
    "“4.25 or higher”, because the exact figure would tell what each person answered."
)
PROFILES = {
    "default": "From 8 answers on, this holds even if a colleague tells what they answered.",
    "strict": "This holds even if a colleague tells what they answered.",
}
FIXED = (
    "This was fixed before the survey opened and cannot be changed for it. It stands in the "
    "manifest, whose fingerprint is eight words that everybody can compare."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what is promised under it, a sentence or two to a line."""

    heading: str
    lines: tuple[str, ...]


def sections_of(document: Mapping[str, Any]) -> tuple[Section, ...]:
    """Put the promise of a plan or a manifest into sentences."""
    return sections(
        Promise.from_dict(document["promise"]),
        Thresholds.from_dict(document["thresholds"]),
        opens_on=date.fromisoformat(document["opens_on"]),
        closes_on=date.fromisoformat(document["closes_on"]),
    )


def sections(
    promise: Promise, thresholds: Thresholds, *, opens_on: date, closes_on: date
) -> tuple[Section, ...]:
    """Put a promise into sentences."""
    return (
        Section(heading="What it is for", lines=tuple(promise.purposes.split("\n"))),
        Section(
            heading="Who reads what",
            lines=(
                *promise.readers.split("\n"),
                "Nobody reads which answers a single person chose.",
            ),
        ),
        Section(heading="From how many answers on", lines=_counted(thresholds)),
        Section(heading="How long what is kept", lines=_kept(promise)),
        Section(
            heading="When",
            lines=(
                f"Answers are taken from {said(opens_on)} to {said(closes_on)}. The last day can "
                "be put off. HR can also close the survey before it; then no more answers are "
                "taken from that moment.",
            ),
        ),
        Section(heading="Whom to ask", lines=tuple(promise.contact.split("\n"))),
    )


def said(day: date) -> str:
    """Say a day."""
    return f"{day.day} {day:%B %Y}"


def counted(n: int, unit: str) -> str:
    """Count days or months, of which there may be one."""
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"


def _counted(thresholds: Thresholds) -> tuple[str, ...]:
    return (
        f"Everybody is counted in a group of at least {thresholds.k_group} people; smaller teams "
        "are joined with others.",
        f"A figure needs at least {thresholds.k} answers{_more(thresholds)}. {BOUND} "
        f"{PROFILES[thresholds.profile]}",
        f"Comments are listed for groups of at least {thresholds.k_comment} answers, in random "
        "order, without score and without date.",
        f"These are the rules of the profile “{thresholds.profile}”.",
    )


def _more(thresholds: Thresholds) -> str:
    """Say what groups need in which hardly anybody changed, where it is more."""
    more = thresholds.needed(1)
    if more == thresholds.k:
        return ""
    return f", and {more} where one or two people have just joined or left"


def _kept(promise: Promise) -> tuple[str, ...]:
    return (
        "Answers: sealed until the survey closes; then they are counted once and destroyed.",
        "Who took a ballot: until the results are there.",
        "Who was on the list of this survey, and in which team: "
        f"{counted(promise.keep_rosters_days, 'day')} after the closing.",
        "Results, figures and comments: "
        f"{counted(promise.keep_results_months, 'month')} after the closing.",
    )
