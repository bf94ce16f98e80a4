"""Actions read for pages: what a person may read of them, and what they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.action_access import Actor, readable
from app.models import Action, ActionMove, Team, Wave

PER_PAGE = 50
PROMISED = ("planned", "under_way")
NEWEST_WAVES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which actions are asked for; empty means any."""

    team_id: int | None = None
    status: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionsPage:
    """One page of the list, and how long the whole list is."""

    actions: Sequence[Action]
    n_actions: int
    number: int
    n_pages: int


def actions_page(session: Session, actor: Actor, wanted: Wanted, *, number: int) -> ActionsPage:
    """List what a person may read: what is promised by its day, then the rest, newest first."""
    chosen = [readable(actor), *_conditions(wanted)]
    n_actions = session.scalar(select(func.count()).select_from(Action).where(*chosen)) or 0
    n_pages = max(-(-n_actions // PER_PAGE), 1)
    number = min(max(number, 1), n_pages)
    is_open = Action.status.in_(PROMISED)
    found = session.scalars(
        select(Action)
        .where(*chosen)
        .order_by(
            case((is_open, 0), else_=1),
            case((is_open, Action.due_on)),
            Action.moved_at.desc(),
            Action.id.desc(),
        )
        .offset((number - 1) * PER_PAGE)
        .limit(PER_PAGE)
        .options(joinedload(Action.team), joinedload(Action.owner))
    ).all()
    return ActionsPage(actions=found, n_actions=n_actions, number=number, n_pages=n_pages)


def find_action(session: Session, actor: Actor, action_id: int) -> Action | None:
    """Find an action, if it is this person's business."""
    return session.scalar(
        select(Action)
        .where(Action.id == action_id, readable(actor))
        .options(
            joinedload(Action.team),
            joinedload(Action.owner),
            joinedload(Action.wave),
            selectinload(Action.moves).joinedload(ActionMove.person),
        )
    )


def teams_with_actions(session: Session, actor: Actor) -> list[Team]:
    """List the teams of which a person may read an action, by name."""
    own = select(Action.team_id).where(readable(actor))
    return list(session.scalars(select(Team).where(Team.id.in_(own)).order_by(Team.name, Team.id)))


def team_with_key(session: Session, key: str) -> Team | None:
    """Find the team that releases know by a key."""
    return session.scalar(select(Team).where(Team.key == key))


def answerable_waves(session: Session, *, besides: Wave | None = None) -> list[Wave]:
    """List the newest released waves, whose results an action may answer, newest first."""
    waves = list(
        session.scalars(
            select(Wave)
            .where(Wave.release.has())
            .order_by(Wave.opens_on.desc(), Wave.id.desc())
            .limit(NEWEST_WAVES)
            .options(joinedload(Wave.survey_version))
        )
    )
    return waves if besides is None or besides in waves else [*waves, besides]


def later_wave(session: Session, wave: Wave) -> Wave | None:
    """Find the newest released wave, if it was asked after another."""
    newest = session.scalar(
        select(Wave)
        .where(Wave.release.has(), Wave.opens_on >= wave.opens_on, Wave.id != wave.id)
        .order_by(Wave.opens_on.desc(), Wave.id.desc())
        .limit(1)
    )
    return newest if newest is not None and _order(newest) > _order(wave) else None


def done_on(action: Action) -> date | None:
    """Find the day on which an action was done, if it is."""
    if action.status != "done":
        return None
    return action.moved_at.date()


def _order(wave: Wave) -> tuple[date, int]:
    return wave.opens_on, wave.id


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.team_id is not None:
        found.append(Action.team_id == wanted.team_id)
    if wanted.status:
        found.append(Action.status == wanted.status)
    if wanted.tag:
        found.append(Action.tag == wanted.tag)
    return found
