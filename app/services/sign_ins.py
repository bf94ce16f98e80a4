"""Signed-in browsers: starting, resuming, listing and ending them."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session, selectinload

from app.models import Person, SignIn

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
# How stale "last seen" may be: a write per request would buy nothing.
SEEN_EVERY = timedelta(minutes=1)


def start(session: Session, person: Person, *, now: datetime, browser: str = "") -> str:
    """Begin a sign-in and return the token for the cookie; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            token_digest=digest(token),
            person_id=person.id,
            created_at=now,
            last_seen_at=now,
            browser=browser[:80],
        )
    )
    session.flush()
    return token


def resume(session: Session, token: str, *, now: datetime) -> SignIn | None:
    """Find the living sign-in behind a token, its person and their grants with it."""
    found = session.scalar(
        select(SignIn)
        .where(SignIn.token_digest == digest(token), *_alive(now))
        .options(selectinload(SignIn.person).selectinload(Person.grants))
    )
    if found is None or not may_sign_in(found.person, now=now):
        return None
    if now - found.last_seen_at >= SEEN_EVERY:
        found.last_seen_at = now
    return found


def may_sign_in(person: Person, *, now: datetime) -> bool:
    """Tell whether the person's account is open today."""
    has_left = person.ended_on is not None and person.ended_on <= now.date()
    return not (person.is_disabled or has_left)


def of_person(session: Session, person_id: int, *, now: datetime) -> list[SignIn]:
    """List a person's living sign-ins, the latest seen first."""
    rows = session.scalars(
        select(SignIn)
        .where(SignIn.person_id == person_id, *_alive(now))
        .order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())
    )
    return list(rows)


def end(session: Session, sign_in_id: int, *, person_id: int) -> None:
    """End one sign-in of this person; one that is gone already, or another's, is left alone."""
    session.execute(delete(SignIn).where(SignIn.id == sign_in_id, SignIn.person_id == person_id))


def end_all(session: Session, person_id: int, *, keep: int | None = None) -> None:
    """End all of a person's sign-ins, save the one to keep."""
    statement = delete(SignIn).where(SignIn.person_id == person_id)
    if keep is not None:
        statement = statement.where(SignIn.id != keep)
    session.execute(statement)


def forget_stale(session: Session, *, now: datetime) -> int:
    """Delete the sign-ins that can no longer be resumed; return how many."""
    ids = session.scalars(delete(SignIn).where(is_stale(now)).returning(SignIn.id))
    return len(ids.all())


def is_stale(now: datetime) -> ColumnElement[bool]:
    """Say in SQL that a sign-in can no longer be resumed."""
    return (SignIn.last_seen_at <= now - IDLE) | (SignIn.created_at <= now - ABSOLUTE)


def digest(token: str) -> str:
    """Hash a random token the way the tables keep it."""
    return sha256(token.encode()).hexdigest()


def _alive(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (SignIn.last_seen_at > now - IDLE, SignIn.created_at > now - ABSOLUTE)
