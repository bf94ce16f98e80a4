"""Touchpoints and the addresses customers answer at: made, changed, retired."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import CustomerLink, SurveyVersion, Team, Touchpoint
from app.services import survey_versions
from app.services.errors import Conflict, Unusable


def add_touchpoint(session: Session, *, name: str, stage: str) -> Touchpoint:
    """Add a touchpoint; its name is its own."""
    touchpoint = Touchpoint(name=_free_name(session, name), stage=stage)
    session.add(touchpoint)
    session.flush()
    return touchpoint


def change_touchpoint(session: Session, touchpoint: Touchpoint, *, name: str, stage: str) -> None:
    """Give a touchpoint another name or stage; its answers stay with it."""
    touchpoint.name = _free_name(session, name, own_id=touchpoint.id)
    touchpoint.stage = stage


def retire_touchpoint(touchpoint: Touchpoint) -> None:
    """Take no more answers at any of its addresses; what came in stays."""
    touchpoint.is_retired = True


def restore_touchpoint(touchpoint: Touchpoint) -> None:
    """Take answers again, at the addresses that were not retired themselves."""
    touchpoint.is_retired = False


def add_link(
    session: Session,
    touchpoint: Touchpoint,
    *,
    channel: str,
    team: Team | None,
    version: SurveyVersion,
    now: datetime,
) -> CustomerLink:
    """Make an address for a touchpoint; its questionnaire is frozen from now on."""
    if touchpoint.is_retired:
        raise Conflict("This touchpoint is retired. Bring it back before you add an address.")
    if team is not None and team.closed_on is not None:
        raise Conflict(f"The team {team.name} is closed. Choose a team that is open.")
    link = CustomerLink(
        # 96 random bits: nobody finds an address by trying.
        token=secrets.token_urlsafe(12),
        touchpoint=touchpoint,
        channel=channel,
        team=team,
        survey_version=_freeze(version, now=now),
        created_on=now.date(),
    )
    session.add(link)
    session.flush()
    return link


def retire_link(link: CustomerLink) -> None:
    """Take no more answers at this address; what came in stays."""
    link.is_retired = True


def restore_link(link: CustomerLink) -> None:
    """Take answers at this address again."""
    link.is_retired = False


def ask(link: CustomerLink, version: SurveyVersion, *, now: datetime) -> None:
    """Ask another version of the same questionnaire at an address that is out already."""
    if version.key != link.survey_version.key:
        raise Conflict("An address stays with its questionnaire. Add another address instead.")
    link.survey_version = _freeze(version, now=now)


def _freeze(version: SurveyVersion, *, now: datetime) -> SurveyVersion:
    if version.audience != "customers":
        raise Conflict("This questionnaire is for employees. Choose one for customers.")
    survey_versions.freeze(version, now=now)
    return version


def _free_name(session: Session, name: str, *, own_id: int | None = None) -> str:
    name = " ".join(name.split())
    if not name:
        raise Unusable("Give the touchpoint a name.")
    taken = select(Touchpoint.id).where(func.lower(Touchpoint.name) == name.lower())
    if session.scalar(taken) not in {None, own_id}:
        raise Conflict(f"There is a touchpoint named {name} already. Choose another name.")
    return name
