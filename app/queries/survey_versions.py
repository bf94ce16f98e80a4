"""Questionnaires as the editor lists them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import SurveyVersion
from surveys import questionnaires
from surveys.disclosure import asked_scales
from surveys.questionnaires import Questionnaire
from surveys.questions import Question

# The construct that is linked with what customers say.
ENGAGEMENT = "engagement"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """One version in the list."""

    id: int
    title: str
    version: int
    audience: str
    n_asked: int
    is_frozen: bool
    is_retired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """One item in the editor and what surrounds it."""

    question: Question
    constructs: tuple[str, ...]
    is_removable: bool
    is_first: bool
    is_last: bool


def list_versions(session: Session, *, audiences: Collection[str]) -> list[VersionLine]:
    """List every version for these audiences, the latest of each questionnaire first."""
    versions = session.scalars(
        select(SurveyVersion)
        .where(SurveyVersion.audience.in_(audiences))
        .order_by(SurveyVersion.audience.desc(), SurveyVersion.key, SurveyVersion.version.desc())
    )
    return [
        VersionLine(
            id=version.id,
            title=version.title,
            version=version.version,
            audience=version.audience,
            n_asked=sum(not item.get("retired") for item in version.definition["items"]),
            is_frozen=version.frozen_at is not None,
            is_retired=version.is_retired,
        )
        for version in versions
    ]


def list_bundled(*, audiences: Collection[str]) -> list[Questionnaire]:
    """List the questionnaires that come with Headwater and are for these audiences."""
    found = [questionnaires.load(key) for key in questionnaires.bundled()]
    return [questionnaire for questionnaire in found if questionnaire.audience in audiences]


def items_of(questionnaire: Questionnaire, *, asked_before: Collection[str]) -> list[ItemLine]:
    """List the items of a questionnaire in order, retired ones included."""
    questions = questionnaire.questions
    return [
        ItemLine(
            question=question,
            constructs=tuple(
                construct.title
                for construct in questionnaire.constructs
                if question.key in construct.items
            ),
            is_removable=question.key not in asked_before,
            is_first=question is questions[0],
            is_last=question is questions[-1],
        )
        for question in questions
    ]


def has_scores(questionnaire: Questionnaire) -> bool:
    """Tell whether anything is averaged at all."""
    return any(asked_scales(questionnaire, c) for c in questionnaire.constructs)


def has_engagement(questionnaire: Questionnaire) -> bool:
    """Tell whether waves of this questionnaire can be linked with what customers say."""
    return any(
        construct.key == ENGAGEMENT and asked_scales(questionnaire, construct)
        for construct in questionnaire.constructs
    )
