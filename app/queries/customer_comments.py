"""What customers wrote, for the people who look after the touchpoints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.models import CustomerLink, CustomerResponse, SurveyVersion, Team, Touchpoint
from surveys.questionnaires import Questionnaire
from surveys.questions import Comment

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerComment:
    """One comment with where it came in; no score stands beside it."""

    text: str
    answered_on: date
    touchpoint: str
    channel: str
    team: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentPage:
    """Some comments, newest first, and the day and answer before which the older ones are."""

    comments: tuple[CustomerComment, ...]
    older_than: tuple[date, int] | None


def customer_comments(
    session: Session, *, older_than: tuple[date, int] | None = None
) -> CommentPage:
    """Read the newest answers with a comment, or those before a given day and answer."""
    keys = _comment_keys(session)
    if not keys:
        return CommentPage(comments=(), older_than=None)
    statement = (
        select(
            CustomerResponse.id,
            CustomerResponse.answers,
            CustomerResponse.answered_on,
            Touchpoint.name,
            CustomerLink.channel,
            Team.name,
        )
        .join(CustomerLink, CustomerLink.id == CustomerResponse.link_id)
        .join(Touchpoint, Touchpoint.id == CustomerLink.touchpoint_id)
        .join(Team, Team.id == CustomerResponse.team_id, isouter=True)
        .order_by(CustomerResponse.answered_on.desc(), CustomerResponse.id.desc())
        .execution_options(yield_per=500)
    )
    if older_than is not None:
        statement = statement.where(
            tuple_(CustomerResponse.answered_on, CustomerResponse.id) < tuple_(*older_than)
        )
    found: list[CustomerComment] = []
    with session.execute(statement) as rows:
        for number, answers, answered_on, touchpoint, channel, team in rows:
            if len(found) >= PAGE:
                return CommentPage(comments=tuple(found), older_than=(answered_on, number + 1))
            found += [
                CustomerComment(
                    text=answers[key],
                    answered_on=answered_on,
                    touchpoint=touchpoint,
                    channel=channel,
                    team=team or "",
                )
                for key in keys
                if key in answers
            ]
    return CommentPage(comments=tuple(found), older_than=None)


def _comment_keys(session: Session) -> list[str]:
    definitions = session.scalars(
        select(SurveyVersion.definition).where(SurveyVersion.audience == "customers")
    )
    return sorted(
        {
            question.key
            for definition in definitions
            for question in Questionnaire.from_dict(definition).questions
            if isinstance(question, Comment)
        }
    )
