"""The opening of a wave as the collector uses it: what is asked, and which rights may answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from collector.intake import Range, ranges_of
from surveys import threads
from surveys.ballots import public_key
from surveys.disclosure import Thresholds
from surveys.documents import canonical, sha256_of
from surveys.encoding import decode
from surveys.manifests import manifest_sha256
from surveys.openings import check_opening, plan_of
from surveys.questionnaires import Questionnaire
from surveys.questions import (
    Comment,
    MultipleChoice,
    Question,
    Recommendation,
    Scale,
    SingleChoice,
)
from surveys.sealing import LENGTH_BYTES, OVERHEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A counting group: its slots in the intake, and the key of its ballots, if it has any."""

    group: str
    within: Range
    key: RSAPublicKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """
    One wave as it was opened; `document` is what the application sent.

    `codes` leads from the digest of each letter's code to its counting group.
    """

    wave: str
    title: str
    organisation: str
    opens_on: date
    closes_on: date
    n_eligible: int
    questionnaire: Questionnaire
    thresholds: Thresholds
    groups: Mapping[str, Group]
    codes: Mapping[bytes, Group]
    manifest_sha256: bytes
    manifest: Mapping[str, Any]
    count_key: bytes
    document: Mapping[str, Any]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Opening:
        """Check an opening and read it, or raise `BadDocument` or `GuardianNeeded`."""
        check_opening(document)
        manifest = json.loads(document["manifest"])
        ranges = ranges_of([group["n_eligible"] for group in document["groups"]])
        groups = {
            group["group"]: Group(
                group=group["group"], within=within, key=_key(group.get("modulus"))
            )
            for group, within in zip(document["groups"], ranges, strict=True)
        }
        return cls(
            wave=document["wave"],
            title=document["title"],
            organisation=document["organisation"],
            opens_on=date.fromisoformat(document["opens_on"]),
            closes_on=date.fromisoformat(document["closes_on"]),
            n_eligible=manifest["n_eligible"],
            questionnaire=Questionnaire.from_dict(document["questionnaire"]),
            thresholds=Thresholds.from_dict(document["thresholds"]),
            groups=groups,
            codes={
                bytes.fromhex(code): groups[group["group"]]
                for group in document["groups"]
                for code in group.get("codes", ())
            },
            manifest_sha256=manifest_sha256(document["manifest"]),
            manifest=manifest,
            count_key=decode(manifest["count_key"]),
            document=document,
        )

    @property
    def sha256(self) -> str:
        """The digest by which both sides know this opening."""
        return sha256_of(self.document)

    @property
    def plan_sha256(self) -> str:
        """The digest of the plan that this opening carries out."""
        return sha256_of(plan_of(self.document))

    @property
    def pad(self) -> int:
        """The length to which answers are padded before they are sealed."""
        return int(self.manifest["pad"])

    @property
    def sealed_length(self) -> int:
        """The length of every seal of the wave."""
        return self.pad + OVERHEAD

    @property
    def takes_ballots(self) -> bool:
        """Whether anybody answers by ballot."""
        return any(group.key is not None for group in self.groups.values())

    @property
    def takes_letters(self) -> bool:
        """Whether anybody answers by letter."""
        return bool(self.codes)


def pad_of(questionnaire: Questionnaire) -> int:
    """Measure the room that the longest filled-in form needs, written as fields."""
    longest = {question.key: _longest(question) for question in questionnaire.asked}
    beside = {
        threads.field_of(question.key): [threads.thread_of("")]
        for question in questionnaire.asked
        if isinstance(question, Comment)
    }
    return LENGTH_BYTES + len(canonical(longest | beside))


def _longest(question: Question) -> list[str]:
    match question:
        case Comment():
            # No character that a comment may hold takes more than four bytes, escaped or not.
            return ["\N{LEDGER}" * question.max_length]
        case SingleChoice():
            return [max((option.key for option in question.options), key=len)]
        case MultipleChoice():
            return [option.key for option in question.options]
        case Scale() | Recommendation():
            return [max((str(point) for point in question.points), key=len)]
        case _:
            return ["yes"]


def _key(modulus: str | None) -> RSAPublicKey | None:
    return None if modulus is None else public_key(int.from_bytes(decode(modulus), "big"))
