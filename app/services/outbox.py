"""The outbox: mail is written in the transaction that makes it due, and sent by the tick."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import OutboxMail
from app.services import deletions
from app.services.claims import run_once
from app.services.errors import NotFound

CLAIM = timedelta(minutes=5)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
# With doubling waits that is about two days.
MOST_ATTEMPTS = 14


class Letter(NamedTuple):
    """One mail to be written; `dedup_key` names the occasion."""

    dedup_key: str
    recipient: str
    subject: str
    body: str


def enqueue(
    session: Session, *, dedup_key: str, recipient: str, subject: str, body: str, now: datetime
) -> bool:
    """Write a mail; return False where this occasion has written it before."""
    letter = Letter(dedup_key=dedup_key, recipient=recipient, subject=subject, body=body)
    return enqueue_many(session, [letter], now=now) == 1


def enqueue_many(session: Session, letters: Iterable[Letter], *, now: datetime) -> int:
    """Write many mails in one statement; return how many had not been written before."""
    return _write(session, [letter._asdict() | {"is_unlisted": False} for letter in letters], now)


def enqueue_unlisted(session: Session, letters: Iterable[Letter], *, now: datetime) -> None:
    """
    Write mails that no page lists or counts, and of which nothing is kept once they have left.

    So it is for the caller to see that the same occasion does not write them again.  Their
    numbers run downwards, so that no gap in those of other mails counts them.
    """
    lowest = min(session.scalar(select(func.min(OutboxMail.id))) or 0, 0)
    rows = [letter._asdict() | {"is_unlisted": True} for letter in letters]
    _write(session, [row | {"id": lowest - n} for n, row in enumerate(rows, 1)], now)


def _write(session: Session, rows: Sequence[dict[str, Any]], now: datetime) -> int:
    if not rows:
        return 0
    waiting = {"created_at": now, "due_at": now, "n_attempts": 0, "last_error": ""}
    insert = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name].insert
    written = session.scalars(
        insert(OutboxMail)
        .on_conflict_do_nothing(index_elements=["dedup_key"])
        .returning(OutboxMail.id),
        [row | waiting for row in rows],
    )
    return len(written.all())


def withdraw(session: Session, *, prefix: str) -> None:
    """Delete the unsent mails of all occasions whose keys begin like this."""
    session.execute(
        delete(OutboxMail)
        .where(
            OutboxMail.dedup_key.startswith(prefix, autoescape=True),
            OutboxMail.sent_at.is_(None),
        )
        .execution_options(synchronize_session=False)
    )
    deletions.note(session, OutboxMail.__tablename__)


def claim_due(session: Session, *, now: datetime, limit: int = 20) -> list[OutboxMail]:
    """
    Take due mails for this worker, the oldest first.

    A claim that is not followed by an outcome lapses, so a killed worker loses nothing.
    """
    due = (
        select(OutboxMail.id)
        .where(
            OutboxMail.sent_at.is_(None),
            OutboxMail.due_at <= now,
            OutboxMail.n_attempts < MOST_ATTEMPTS,
            or_(OutboxMail.claimed_until.is_(None), OutboxMail.claimed_until <= now),
        )
        .order_by(OutboxMail.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = session.scalars(
        update(OutboxMail)
        .where(OutboxMail.id.in_(run_once(session, due)))
        .values(claimed_until=now + CLAIM, n_attempts=OutboxMail.n_attempts + 1)
        .returning(OutboxMail)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return sorted(claimed, key=lambda mail: mail.id)


def hold(session: Session, mail_id: int) -> OutboxMail | None:
    """Take hold of a claimed mail until the next commit; None if it was withdrawn meanwhile."""
    return session.get(OutboxMail, mail_id, populate_existing=True, with_for_update=True)


def mark_sent(session: Session, mail: OutboxMail, *, now: datetime) -> None:
    """
    Note that a mail has left; what it said, a link perhaps, is kept no longer.

    Of an unlisted mail nothing at all is kept.
    """
    if mail.is_unlisted:
        session.delete(mail)
        deletions.note(session, OutboxMail.__tablename__)
        return
    mail.sent_at, mail.claimed_until = now, None
    mail.body, mail.last_error = "", ""


def mark_failed(mail: OutboxMail, *, reason: str, now: datetime) -> None:
    """Note why a mail could not leave, and try again later, each time after a longer wait."""
    mail.claimed_until = None
    mail.last_error = reason[:200]
    mail.due_at = now + min(FIRST_WAIT * 2 ** (mail.n_attempts - 1), LONGEST_WAIT)


def try_again(session: Session, mail_id: int, *, now: datetime) -> None:
    """Make a mail due at once, as if it had never been tried."""
    mail = session.get(OutboxMail, mail_id)
    if mail is None or mail.sent_at is not None or mail.is_unlisted:
        raise NotFound("There is no such mail waiting.")
    mail.n_attempts, mail.due_at, mail.claimed_until = 0, now, None
