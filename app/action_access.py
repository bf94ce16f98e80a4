"""Who may read, change and move an action: one rule for services and queries."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from app.models import Action, Membership, Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """
    Somebody signed in, and where they stand in the tree of teams today.

    `own_team_id` is the team they sit in; `line` that team, the teams they manage, and
    every team above one of these; `managed` the teams they manage with all below.
    """

    person_id: int
    is_hr: bool
    own_team_id: int | None
    line: frozenset[int]
    managed: frozenset[int]

    @property
    def may_write(self) -> bool:
        """Whether there is a team for which this person may write an action down."""
        return self.is_hr or bool(self.managed)

    def may_read(self, action: Action) -> bool:
        """Tell whether an action is this person's business."""
        return (
            action.is_for_all
            or action.owner_id == self.person_id
            or action.team.parent_id is None
            or self.may_read_figures(action)
        )

    def may_read_figures(self, action: Action) -> bool:
        """Tell whether the figures of the action's team are meant for this person."""
        return self.is_hr or action.team_id in self.line | self.managed

    def may_change(self, action: Action) -> bool:
        """Tell whether this person may word an action anew."""
        return self.may_write_for(action.team_id)

    def may_write_for(self, team_id: int) -> bool:
        """Tell whether this person may write actions for a team."""
        return self.is_hr or team_id in self.managed

    def may_move(self, action: Action) -> bool:
        """Tell whether this person may say how far an action has come."""
        return action.owner_id == self.person_id or self.may_change(action)


def actor_of(
    session: Session,
    person_id: int,
    *,
    roles: Collection[str],
    managed_team_ids: Collection[int],
    on: date,
) -> Actor:
    """Find where a person stands on a day."""
    parents = {row.id: row.parent_id for row in session.execute(select(Team.id, Team.parent_id))}
    own = own_team(session, person_id, on=on)
    starts = {*managed_team_ids} | ({own.id} if own is not None else set())
    managed = {t for t in parents if not _upwards(t, parents).isdisjoint(managed_team_ids)}
    return Actor(
        person_id=person_id,
        is_hr="hr" in roles,
        own_team_id=own.id if own is not None else None,
        line=frozenset().union(*(_upwards(team, parents) for team in starts)),
        managed=frozenset(managed),
    )


def own_team(session: Session, person_id: int, *, on: date) -> Team | None:
    """Find the team that a person sits in on a day."""
    return session.scalar(
        select(Team)
        .join(Membership, Membership.team_id == Team.id)
        .where(
            Membership.person_id == person_id,
            Membership.from_on <= on,
            or_(Membership.until_on.is_(None), Membership.until_on > on),
        )
    )


def readable(actor: Actor) -> ColumnElement[bool]:
    """Say in SQL what `Actor.may_read` says of one action."""
    if actor.is_hr:
        return true()
    return or_(
        Action.is_for_all,
        Action.owner_id == actor.person_id,
        Action.team_id.in_(actor.line | actor.managed),
        is_of_the_whole(),
    )


def is_of_the_whole() -> ColumnElement[bool]:
    """Say in SQL that an action is for the team above all others."""
    return Action.team_id.in_(select(Team.id).where(Team.parent_id.is_(None)))


def _upwards(team_id: int, parents: dict[int, int | None]) -> set[int]:
    found: set[int] = set()
    node: int | None = team_id
    while node is not None:
        found.add(node)
        node = parents.get(node)
    return found
