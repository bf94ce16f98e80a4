"""What is known about touchpoints and the addresses customers answer at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import (
    CustomerLink,
    CustomerResponse,
    SurveyVersion,
    Team,
    Touchpoint,
)

_FACTS = (
    select(
        CustomerLink.id,
        CustomerLink.team_id,
        CustomerLink.survey_version_id,
        Touchpoint.name,
        CustomerLink.is_retired | Touchpoint.is_retired,
    )
    .join(CustomerLink.touchpoint)
    .where(CustomerLink.token == bindparam("token"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchpointLine:
    """One touchpoint in a list."""

    id: int
    name: str
    stage: str
    is_retired: bool
    n_links: int
    n_responses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLine:
    """One address of a touchpoint."""

    id: int
    token: str
    channel: str
    team_name: str | None
    survey_title: str
    survey_version: int
    has_newer_version: bool
    is_retired: bool
    n_responses: int


class LinkFacts(NamedTuple):
    """What answering at an address needs to know."""

    link_id: int
    team_id: int | None
    version_id: int
    touchpoint_name: str
    is_retired: bool


def find_link_facts(connection: Connection, token: str) -> LinkFacts | None:
    """Look up a customer address; every request of a customer asks, so without a session."""
    row = connection.execute(_FACTS, {"token": token}).one_or_none()
    return None if row is None else LinkFacts(*row)


def definition_of(connection: Connection, version_id: int) -> dict[str, Any]:
    """Read the definition of one questionnaire version."""
    definition: dict[str, Any] = connection.scalars(
        select(SurveyVersion.definition).where(SurveyVersion.id == version_id)
    ).one()
    return definition


def list_touchpoints(session: Session) -> list[TouchpointLine]:
    """List touchpoints by name, retired ones last, with their live addresses and answers."""
    n_links = (
        select(func.count())
        .where(CustomerLink.touchpoint_id == Touchpoint.id, CustomerLink.is_retired.is_(False))
        .scalar_subquery()
    )
    n_responses = _responses_by(session, CustomerLink.touchpoint_id)
    rows = session.execute(
        select(Touchpoint, n_links).order_by(Touchpoint.is_retired, Touchpoint.name)
    )
    return [
        TouchpointLine(
            id=touchpoint.id,
            name=touchpoint.name,
            stage=touchpoint.stage,
            is_retired=touchpoint.is_retired,
            n_links=count,
            n_responses=n_responses.get(touchpoint.id, 0),
        )
        for touchpoint, count in rows
    ]


def list_links(session: Session, touchpoint_id: int) -> list[LinkLine]:
    """List the addresses of one touchpoint, live ones first."""
    n_responses = _responses_by(session, CustomerLink.id)
    newest = newest_versions(session)
    rows = session.execute(
        select(CustomerLink, Team.name, SurveyVersion)
        .join(CustomerLink.survey_version)
        .outerjoin(CustomerLink.team)
        .where(CustomerLink.touchpoint_id == touchpoint_id)
        .order_by(CustomerLink.is_retired, CustomerLink.channel, Team.name, CustomerLink.id)
    )
    return [
        LinkLine(
            id=link.id,
            token=link.token,
            channel=link.channel,
            team_name=team_name,
            survey_title=version.title,
            survey_version=version.version,
            has_newer_version=newest.get(version.key, version).version > version.version,
            is_retired=link.is_retired,
            n_responses=n_responses.get(link.id, 0),
        )
        for link, team_name, version in rows
    ]


def newest_versions(session: Session) -> dict[str, SurveyVersion]:
    """Find the newest version of each customer questionnaire in use, by questionnaire key."""
    versions = session.scalars(
        select(SurveyVersion)
        .where(SurveyVersion.audience == "customers", SurveyVersion.is_retired.is_(False))
        .order_by(SurveyVersion.title, SurveyVersion.version)
    )
    return {version.key: version for version in versions}


def list_open_teams(session: Session) -> list[Team]:
    """List the teams that answers can be counted for, by name."""
    return list(session.scalars(select(Team).where(Team.closed_on.is_(None)).order_by(Team.name)))


def _responses_by(session: Session, column: InstrumentedAttribute[int]) -> dict[int, int]:
    rows = session.execute(
        select(column, func.count())
        .select_from(CustomerResponse)
        .join(CustomerResponse.link)
        .group_by(column)
    )
    return dict(rows.all())
