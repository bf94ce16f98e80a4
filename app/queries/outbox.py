"""The outbox, read for pages; unlisted mail is neither shown nor counted."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import OutboxMail

PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPage:
    """One page of mails, and how many there are."""

    mails: tuple[OutboxMail, ...]
    n_mails: int
    n_waiting: int
    number: int
    n_pages: int


def outbox_page(session: Session, *, number: int) -> OutboxPage:
    """List mails, the newest first."""
    listed = OutboxMail.is_unlisted.is_(False)
    n_mails = session.scalar(select(func.count(OutboxMail.id)).where(listed)) or 0
    waiting = select(func.count(OutboxMail.id)).where(listed, OutboxMail.sent_at.is_(None))
    n_pages = max(-(-n_mails // PER_PAGE), 1)
    number = min(max(number, 1), n_pages)
    mails = session.scalars(
        select(OutboxMail)
        .where(listed)
        .order_by(OutboxMail.id.desc())
        .offset((number - 1) * PER_PAGE)
        .limit(PER_PAGE)
    )
    return OutboxPage(
        mails=tuple(mails),
        n_mails=n_mails,
        n_waiting=session.scalar(waiting) or 0,
        number=number,
        n_pages=n_pages,
    )


def find_mail(session: Session, mail_id: int) -> OutboxMail:
    """Find one mail that is listed."""
    return session.scalars(
        select(OutboxMail).where(OutboxMail.id == mail_id, OutboxMail.is_unlisted.is_(False))
    ).one()
