"""Retention: what has been kept as long as it may be, and the note of what was removed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.models import RetentionRun
from app.services import former_people, old_records, wave_retention
from app.services.holdings import Holding, Now, Task

# In this order: a former colleague goes once the rosters that name them are gone.
TASKS: dict[str, Task] = {
    **wave_retention.TASKS,
    **former_people.TASKS,
    **old_records.TASKS,
}


def holdings(session: Session, now: Now) -> list[Holding]:
    """List everything that goes some day, what goes first at the head."""
    found = [holding for task in TASKS.values() for holding in task.find(session, now)]
    return sorted(found, key=lambda holding: holding.due_on)


def due(session: Session, now: Now) -> list[Holding]:
    """List what has to go now, in the order in which it is removed."""
    return [
        holding
        for task in TASKS.values()
        for holding in task.find(session, now)
        if holding.due_on <= now.on
    ]


def words_of(kind: str, of: str, n: int) -> str:
    """Say what is, or was, removed."""
    one, more = TASKS[kind].words
    return (one if n == 1 else more).format(n=f"{n:,}", of=of)


def begin(session: Session, *, at: datetime) -> RetentionRun:
    """Note that a run begins, or go on with one that broke off."""
    unfinished = session.scalar(
        select(RetentionRun).where(RetentionRun.finished_at.is_(None)).order_by(RetentionRun.id)
    )
    if unfinished is not None:
        return unfinished
    run = RetentionRun(began_at=at, removed=[])
    session.add(run)
    session.flush()
    return run


def remove_portion(session: Session, run: RetentionRun, holding: Holding, now: Now) -> int:
    """Remove a portion of what is due and note it; return how many, 0 once it is gone."""
    n = TASKS[holding.kind].remove(session, holding, now)
    if n:
        session.refresh(run, with_for_update=True)
        key = {"kind": holding.kind, "of": holding.of, "due_on": holding.due_on.isoformat()}
        before = sum(entry["n"] for entry in run.removed if entry.items() >= key.items())
        others = [entry for entry in run.removed if not entry.items() >= key.items()]
        run.removed = [*others, {**key, "n": before + n}]
        session.flush()
    return n


def tables_of(run: RetentionRun) -> tuple[str, ...]:
    """List the tables whose deleted rows a run has to overwrite."""
    kinds = {entry["kind"] for entry in run.removed}
    return tuple(table for kind, task in TASKS.items() if kind in kinds for table in task.tables)


def finish(session: Session, run: RetentionRun, *, at: datetime) -> None:
    """Note that a run is through; of runs that had nothing to remove only the last is kept."""
    former_people.remove_unmentioned(session)
    run.finished_at = max(at, run.began_at)
    session.flush()
    earlier = session.scalars(select(RetentionRun).where(RetentionRun.id != run.id))
    empty = [other.id for other in earlier if other.finished_at and not other.removed]
    session.execute(delete(RetentionRun).where(RetentionRun.id.in_(empty)))


def last_run(session: Session) -> RetentionRun | None:
    """Find the last run that was finished."""
    return session.scalar(
        select(RetentionRun)
        .where(RetentionRun.finished_at.is_not(None))
        .order_by(RetentionRun.finished_at.desc(), RetentionRun.id.desc())
        .limit(1)
    )


def last_runs(session: Session, *, limit: int = 50) -> list[RetentionRun]:
    """List the runs that removed something, the latest first."""
    runs = session.scalars(
        select(RetentionRun).order_by(RetentionRun.began_at.desc(), RetentionRun.id.desc())
    )
    return [run for run in runs if run.removed][:limit]


def is_wanted(session: Session, *, every_days: int, on: date) -> bool:
    """Tell whether the tick should run the retention on a day; 0 days: never by itself."""
    if not every_days:
        return False
    last = last_run(session)
    if last is None or last.finished_at is None:
        return True
    return (on - last.finished_at.date()).days >= every_days
