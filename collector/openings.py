"""The opening of a wave as the collector needs it: what is asked, and which codes may answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from surveys.disclosure import Thresholds
from surveys.documents import canonical, sha256_of
from surveys.errors import BadDocument, BelowFloor
from surveys.hierarchy import Hierarchy
from surveys.questionnaires import Questionnaire
from surveys.questions import (
    Comment,
    MultipleChoice,
    Question,
    Recommendation,
    Scale,
    SingleChoice,
)

SCHEMA = "headwater.opening/1"

WAVE = re.compile(r"[a-z0-9-]{1,64}")
DIGEST = re.compile(r"[0-9a-f]{64}")

FIELDS: Mapping[str, type] = {
    "wave": str,
    "title": str,
    "organisation": str,
    "opens_on": str,
    "closes_on": str,
    "questionnaire": dict,
    "thresholds": dict,
    "hierarchy": list,
    "groups": list,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One wave as it was opened; `document` is what the application sent."""

    wave: str
    title: str
    organisation: str
    opens_on: date
    closes_on: date
    questionnaire: Questionnaire
    groups: tuple[str, ...]
    codes: Mapping[bytes, int]
    body_length: int
    document: Mapping[str, Any]

    @classmethod
    def read(cls, document: object) -> Opening:
        """Check an opening and read it, or raise `BadDocument`."""
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise BadDocument(f"This is not an opening: its schema is not {SCHEMA!r}.")
        for name, kind in FIELDS.items():
            if not isinstance(document.get(name), kind):
                raise BadDocument(f"The opening needs the field {name!r}, a {kind.__name__}.")
        questionnaire = Questionnaire.from_dict(document["questionnaire"])
        thresholds = _read_thresholds(document["thresholds"])
        _check_homes(document["hierarchy"], document["groups"])
        groups, codes = _read_groups(document["groups"], least=thresholds.k_group)
        return cls(
            wave=check_wave(document["wave"]),
            title=document["title"],
            organisation=document["organisation"],
            opens_on=read_date(document["opens_on"]),
            closes_on=read_date(document["closes_on"]),
            questionnaire=questionnaire,
            groups=groups,
            codes=codes,
            body_length=4 + longest_body(questionnaire),
            document=document,
        )

    @property
    def sha256(self) -> str:
        """The digest by which both sides know this opening."""
        return sha256_of(self.document)


def check_wave(wave: str) -> str:
    """Refuse a wave key that could not name a folder and a part of an address."""
    if not WAVE.fullmatch(wave):
        raise BadDocument("A wave key holds 1 to 64 small letters, digits and hyphens.")
    return wave


def read_date(text: object) -> date:
    """Read an ISO date such as 2026-03-31."""
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise BadDocument("Write dates as year-month-day, such as 2026-03-31.") from error


def longest_body(questionnaire: Questionnaire) -> int:
    """Measure the longest filled-in form, in bytes of canonical JSON."""
    return len(canonical({q.key: _longest_answer(q) for q in questionnaire.asked}))


def _longest_answer(question: Question) -> object:
    match question:
        case Comment():
            # No character that a comment may hold takes more than four bytes, escaped or not.
            return "\N{LEDGER}" * question.max_length
        case SingleChoice():
            return max((option.key for option in question.options), key=len)
        case MultipleChoice():
            return [option.key for option in question.options]
        case Scale() | Recommendation():
            return max((question.low, question.high), key=lambda point: len(str(point)))
        case _:
            return 1


def _read_thresholds(document: Mapping[str, Any]) -> Thresholds:
    try:
        return Thresholds.from_dict(document)
    except TypeError as error:
        raise BadDocument("The thresholds are profile, k, k_group and k_comment.") from error


def _check_homes(teams: Sequence[Any], groups: Sequence[Any]) -> None:
    try:
        hierarchy = Hierarchy.from_list(teams)
        named = {team for group in groups for team in (group["home"], *group["teams"])}
    except (KeyError, TypeError) as error:
        raise BadDocument(
            "Each team needs team, name and parent; each group needs group, home and teams."
        ) from error
    for team in sorted(named - {team.key for team in hierarchy.teams}):
        raise BadDocument(f"A counting group names the team {team!r}, which is not listed.")


def _read_groups(groups: Sequence[Any], *, least: int) -> tuple[tuple[str, ...], dict[bytes, int]]:
    codes: dict[bytes, int] = {}
    names = []
    for index, group in enumerate(groups):
        digests = group.get("codes")
        names.append(str(group.get("group")))
        if not isinstance(digests, list) or group.get("n_eligible") != len(digests):
            raise BadDocument(f"Group {names[-1]!r} needs as many codes as eligible people.")
        if len(digests) < least:
            raise BelowFloor(
                f"Group {names[-1]!r} has fewer than {least} eligible people; "
                "merge it with a neighbour."
            )
        for digest in digests:
            if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
                raise BadDocument("A code is given as its SHA-256 in 64 hexadecimal digits.")
            codes[bytes.fromhex(digest)] = index
    if not codes:
        raise BadDocument("The opening has no codes, so nobody could answer.")
    if len(set(names)) < len(names):
        raise BadDocument("Two counting groups have the same key.")
    if len(codes) < sum(group["n_eligible"] for group in groups):
        raise BadDocument("One code is given twice.")
    return tuple(names), codes
