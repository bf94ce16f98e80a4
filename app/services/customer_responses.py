"""Customers' answers: how one is written down, and how many are at once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, Engine, Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import CustomerLink, CustomerResponse
from surveys.questions import Answer

BATCH = 2_000


class Entry(NamedTuple):
    """One customer's answers, ready to be written."""

    link_id: int
    team_id: int | None
    submission: str
    answers: Mapping[str, Answer]
    answered_on: date


def new_submission() -> str:
    """Draw the random value that makes a form sent twice one answer."""
    return secrets.token_urlsafe(16)


def record(
    session: Session,
    *,
    link: CustomerLink,
    submission: str,
    answers: Mapping[str, Answer],
    answered_on: date,
) -> None:
    """Write one answer under the team its link belongs to; the same submission again is none."""
    record_many(session, [Entry(link.id, link.team_id, submission, answers, answered_on)])


def record_many(session: Session, entries: Iterable[Entry]) -> None:
    """Write many answers, each submission once."""
    waiting = list(entries)
    connection = session.connection()
    for start in range(0, len(waiting), BATCH):
        write(connection, waiting[start : start + BATCH])


def write(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write answers in one statement, leaving out submissions that are on file."""
    rows = [
        {
            "link_id": entry.link_id,
            "team_id": entry.team_id,
            "submission": entry.submission,
            "answers": dict(entry.answers),
            "answered_on": entry.answered_on,
            "is_rolled_up": False,
        }
        for entry in entries
    ]
    connection.execute(_INSERT[connection.dialect.name], rows)


def groups_commits(engine: Engine) -> bool:
    """Say whether this database needs its writers to share commits: SQLite does."""
    return engine.dialect.name == "sqlite"


_INSERT: dict[str, Insert] = {
    name: dialect.insert(CustomerResponse).on_conflict_do_nothing(index_elements=["submission"])
    for name, dialect in {"sqlite": sqlite, "postgresql": postgresql}.items()
}
