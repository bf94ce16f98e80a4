"""You said, we did, we will, we will not because: what is told before the next questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload

from app.action_access import Actor, is_of_the_whole, readable
from app.models import Action

MOST = 6
LEADS = {"done": "We did:", "will_do": "We will:", "will_not": "We will not:"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One entry: what was said, what is decided, by when or why not, and for whom."""

    action_id: int
    said: str
    title: str
    decision: str
    because: str
    due_on: date | None
    team: str

    @property
    def lead(self) -> str:
        """The words that the decision begins with."""
        return LEADS[self.decision]


def said_to_everybody(session: Session) -> list[Said]:
    """List what is told to the whole organisation: its own actions, and teams' that are shown."""
    return _entries(session, or_(Action.is_for_all, is_of_the_whole()))


def said_to(session: Session, actor: Actor) -> list[Said]:
    """List what is told to one person: what everybody is told, and what is for their teams."""
    return _entries(session, readable(actor))


def said_text(entries: Sequence[Said], *, application: str) -> str:
    """Write the list as a part of a mail; nothing where there is nothing to tell."""
    if not entries:
        return ""
    lines = "\n".join(_line(entry) for entry in entries)
    return f"What came of the last answers\n{lines}\nAll of it: {application}/actions/"


def _line(entry: Said) -> str:
    words = f'* You said: "{entry.said}" {entry.lead} {entry.title}'
    if entry.decision == "will_not":
        return f"{words}, because: {entry.because}"
    if entry.decision == "will_do" and entry.due_on is not None:
        return f"{words}, by {entry.due_on:%-d %B %Y}"
    return words


def _entries(session: Session, condition: ColumnElement[bool]) -> list[Said]:
    """Take what moved last, and tell what is done first."""
    found = session.scalars(
        select(Action)
        .where(condition)
        .order_by(Action.moved_at.desc(), Action.id.desc())
        .limit(MOST)
        .options(joinedload(Action.team))
    ).all()
    entries = [_entry(action) for action in found]
    return sorted(entries, key=lambda entry: list(LEADS).index(entry.decision))


def _entry(action: Action) -> Said:
    return Said(
        action_id=action.id,
        said=action.said,
        title=action.title,
        decision=action.decision,
        because=action.because,
        due_on=action.due_on,
        team="" if action.team.parent_id is None else action.team.name,
    )
