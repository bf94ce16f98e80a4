"""The opening of a wave as the collector uses it: what is asked, and which codes may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from surveys.disclosure import Thresholds
from surveys.documents import canonical, sha256_of
from surveys.exchange import check_opening
from surveys.questionnaires import Questionnaire
from surveys.questions import (
    Comment,
    MultipleChoice,
    Question,
    Recommendation,
    Scale,
    SingleChoice,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """
    One wave as it was opened; `document` is what the application sent.

    `codes` leads from the digest of each code to the position of its counting
    group in `groups`; `longest_answer` is the room that one response may need,
    in bytes of canonical JSON.
    """

    wave: str
    title: str
    organisation: str
    opens_on: date
    closes_on: date
    n_eligible: int
    questionnaire: Questionnaire
    thresholds: Thresholds
    groups: tuple[str, ...]
    codes: Mapping[bytes, int]
    longest_answer: int
    document: Mapping[str, Any]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Opening:
        """Check an opening and read it, or raise `BadDocument`."""
        check_opening(document)
        questionnaire = Questionnaire.from_dict(document["questionnaire"])
        codes = {
            bytes.fromhex(code): index
            for index, group in enumerate(document["groups"])
            for code in group["codes"]
        }
        return cls(
            wave=document["wave"],
            title=document["title"],
            organisation=document["organisation"],
            opens_on=date.fromisoformat(document["opens_on"]),
            closes_on=date.fromisoformat(document["closes_on"]),
            n_eligible=len(codes),
            questionnaire=questionnaire,
            thresholds=Thresholds.from_dict(document["thresholds"]),
            groups=tuple(group["group"] for group in document["groups"]),
            codes=codes,
            longest_answer=longest_answer(questionnaire),
            document=document,
        )

    @property
    def sha256(self) -> str:
        """The digest by which both sides know this opening."""
        return sha256_of(self.document)


def longest_answer(questionnaire: Questionnaire) -> int:
    """Measure the longest filled-in form, in bytes of canonical JSON."""
    return len(canonical({q.key: _longest(q) for q in questionnaire.asked}))


def _longest(question: Question) -> object:
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
