"""What is kept too long: in the database, in the folder of keys, and in backups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import retaining
from app.config import Settings
from app.database import make_engine
from app.doctor.findings import Finding, breaks, fine, unseen, weakens
from app.doctor.places import sqlite_file
from app.migrating import is_migrated
from app.models import Wave
from app.services import retention
from surveys.promises import Promise


def look(settings: Settings, *, backups: Path | None) -> Iterator[Finding]:
    """Look at what should have gone a week ago, and at backups older than what was promised."""
    file = sqlite_file(settings)
    if file is not None and not file.is_file():
        return  # said where the folders are looked at
    engine = make_engine(settings.database_url)
    try:
        with Session(engine) as session:
            if not is_migrated(session):
                yield unseen(
                    "The database has not the newest schema.", remedy="Run `headwater migrate`."
                )
                return
            now = datetime.now(UTC)
            yield _overdue(session, settings, now=now)
            yield from _strange_keys(session, settings)
            yield from _backups(session, backups, now=now)
    except SQLAlchemyError:
        yield unseen(
            "The database cannot be read, so what is past its time is not seen.",
            remedy="Run the doctor where HEADWATER_DATABASE_URL leads to the database.",
        )
    finally:
        engine.dispose()


def _overdue(session: Session, settings: Settings, *, now: datetime) -> Finding:
    overdue = retention.due(session, retaining.now_of(settings, at=now - retaining.GRACE))
    if not overdue:
        return fine("Nothing in the database should have gone a week ago.")
    first = min(overdue, key=lambda holding: holding.due_on)
    others = f", and {len(overdue) - 1} more" if len(overdue) > 1 else ""
    words = retention.words_of(first.kind, first.of, first.n)
    return breaks(
        f"The retention has not run for more than a week: {words} should have gone on"
        f" {first.due_on}{others}.",
        why="A wave promises how long it is kept, in the manifest that people answered under.",
        remedy="Run `headwater retention run`, and see that the worker runs and"
        " HEADWATER_RETENTION_EVERY_DAYS is not 0.",
    )


def _strange_keys(session: Session, settings: Settings) -> Iterator[Finding]:
    known = set(session.scalars(select(Wave.key)))
    strange = retaining.now_of(settings, at=datetime.now(UTC)).keys.count_files().keys() - known
    if strange:
        yield weakens(
            f"The key folder holds keys of waves that the database does not know:"
            f" {', '.join(sorted(strange)[:5])}.",
            why="Nothing here will ever destroy them. They stem from another database, or this"
            " one was brought back from a backup.",
            remedy="If no backup is to be brought back that knows them, destroy them:"
            f" shred -u in {settings.key_folder}.",
        )


def _backups(session: Session, folder: Path | None, *, now: datetime) -> Iterator[Finding]:
    promises = session.scalars(
        select(Wave.promise).where(Wave.opened_at.is_not(None), Wave.promise.is_not(None))
    )
    spans = [Promise.from_dict(promise).keep_rosters_days for promise in promises if promise]
    if folder is None:
        yield unseen(
            "No folder of backups was given.",
            remedy="Give it with --backups FOLDER; its oldest file is compared with what was"
            " promised.",
        )
        return
    files = [path for path in folder.rglob("*") if path.is_file()]
    if not files or not spans:
        yield fine(f"No backup in {folder} is older than anything that was promised.")
        return
    oldest = min(files, key=lambda path: path.stat().st_mtime)
    written_on = datetime.fromtimestamp(oldest.stat().st_mtime, UTC).date()
    if now.date() - written_on <= timedelta(days=min(spans)):
        yield fine(f"The oldest backup in {folder} is of {written_on}.")
        return
    yield breaks(
        f"The backup {oldest.relative_to(folder)} is of {written_on}, older than the"
        f" {min(spans)} days for which lists of who was eligible are promised to be kept.",
        why="What was removed here still lies there.",
        remedy=f"Keep backups for fewer than {min(spans)} days.",
    )
