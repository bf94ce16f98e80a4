"""
Keeping to what was promised: removing what is due, in which steps that are committed.

A run notes that it begins; removes a portion and notes it, in one transaction each, until
nothing is due; overwrites what was deleted; notes that it is through.  Broken off anywhere,
what is removed is removed and noted, and the next run goes on from there.

The page, ``headwater retention`` and the tick all come through here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from sqlalchemy.orm import Session

from app.config import Settings
from app.database import overwrite_deleted
from app.key_folder import KeyFolder
from app.models import RetentionRun
from app.services import retention
from app.services.holdings import Holding, Now, Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What a run has removed of one kind and wave, in words, and since when it was due."""

    words: str
    due_on: date


def now_of(settings: Settings, *, at: datetime) -> Now:
    """Bring together what the retention looks at."""
    return Now(
        at=at,
        spans=Spans(
            mail_days=settings.keep_mail_days,
            former_people_days=settings.keep_former_people_days,
            customer_answers_months=settings.keep_customer_answers_months,
        ),
        keys=KeyFolder(Path(settings.key_folder)),
    )


def moment_on(day: date | None) -> datetime:
    """Give the moment for which one day is looked at: now, or the end of another day."""
    now = datetime.now(UTC)
    if day is None or day == now.date():
        return now
    return datetime.combine(day, time.max, tzinfo=UTC)


def run(
    session: Session, now: Now, *, tell: Callable[[Holding, int], object] = lambda due, n: None
) -> tuple[Removed, ...]:
    """Remove everything that is due, telling of each portion; return what was removed."""
    entry = retention.begin(session, at=now.at)
    session.commit()
    for holding in retention.due(session, now):
        while n := retention.remove_portion(session, entry, holding, now):
            session.commit()
            tell(holding, n)
    tables = retention.tables_of(entry)
    session.commit()
    if tables:
        overwrite_deleted(session, *tables)
    retention.finish(session, entry, at=now.at)
    removed = removed_by(entry)
    session.commit()
    return removed


def removed_by(entry: RetentionRun) -> tuple[Removed, ...]:
    """Say what a run has removed."""
    return tuple(
        Removed(
            words=retention.words_of(row["kind"], row["of"], row["n"]),
            due_on=date.fromisoformat(row["due_on"]),
        )
        for row in entry.removed
    )
