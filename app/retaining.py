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
from datetime import UTC, date, datetime, time, timedelta
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that goes, in words, and the day from which it does."""

    words: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """What went on one day; a run that was broken off is gone on with."""

    on: date
    is_finished: bool
    removed: tuple[Removed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What goes now and later, and what went; `is_late` if something waits for over a week."""

    due: tuple[Line, ...]
    later: tuple[Line, ...]
    runs: tuple[PastRun, ...]
    last_on: date | None
    is_late: bool


# How long what is past its time may wait before that is worth a word.
GRACE = timedelta(days=7)


def overview(session: Session, now: Now) -> Overview:
    """Read what goes now, what goes later, and what went."""
    found = retention.holdings(session, now)
    last = retention.last_run(session)
    return Overview(
        due=tuple(_line(holding) for holding in found if holding.due_on <= now.on),
        later=tuple(_line(holding) for holding in found if holding.due_on > now.on),
        runs=tuple(
            PastRun(
                on=run.began_at.date(),
                is_finished=run.finished_at is not None,
                removed=removed_by(run),
            )
            for run in retention.last_runs(session)
        ),
        last_on=last.finished_at.date() if last is not None and last.finished_at else None,
        is_late=any(holding.due_on <= now.on - GRACE for holding in found),
    )


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


def _line(holding: Holding) -> Line:
    return Line(words=retention.words_of(holding.kind, holding.of, holding.n), on=holding.due_on)
