"""Touchpoints, links and answers of customers, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import count

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import CustomerLink, CustomerResponse, SurveyVersion, Team, Touchpoint
from app.services import customer_responses, survey_versions, touchpoints
from surveys.questions import Answer

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_numbers = count(1)


def make_version(session: Session) -> SurveyVersion:
    """Copy the bundled questionnaire for customers, once per test."""
    found = session.scalar(select(SurveyVersion).where(SurveyVersion.audience == "customers"))
    return found or survey_versions.copy_bundled(session, "customer_experience", now=NOW)


def make_touchpoint(session: Session, name: str = "", stage: str = "service") -> Touchpoint:
    """Add a touchpoint."""
    return touchpoints.add_touchpoint(
        session, name=name or f"Touchpoint {next(_numbers)}", stage=stage
    )


def make_link(
    session: Session,
    *,
    touchpoint: Touchpoint | None = None,
    channel: str = "link",
    team: Team | None = None,
    version: SurveyVersion | None = None,
) -> CustomerLink:
    """Add an address, with a touchpoint of its own if none is given."""
    return touchpoints.add_link(
        session,
        touchpoint or make_touchpoint(session),
        channel=channel,
        team=team,
        version=version or make_version(session),
        now=NOW,
    )


def make_answer(
    session: Session,
    link: CustomerLink,
    answers: Mapping[str, Answer],
    *,
    on: date = date(2026, 3, 2),
) -> None:
    """Write one customer's answers."""
    customer_responses.record(
        session,
        link=link,
        submission=customer_responses.new_submission(),
        answers=answers,
        answered_on=on,
    )


def count_answers(session: Session) -> int:
    """Count the answers on file."""
    session.rollback()
    return session.scalar(select(func.count()).select_from(CustomerResponse)) or 0
