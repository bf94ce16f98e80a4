"""Accounts: letting people in, and the links by which they set their passwords."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from app.models import AccountLink, Person
from app.services import outbox, passwords, sign_ins, throttle
from app.services.errors import Conflict, SpentLink

LIVES = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How this installation is reached and by what it keys its hashes."""

    secret: str
    public_url: str
    organisation: str


def check_sign_in(
    session: Session,
    *,
    email: str,
    password: str,
    network: str,
    door: Door,
    now: datetime,
) -> Person | None:
    """
    Find the person who signs in with this address and password.

    Commit whatever comes back: the try has been counted.  An unknown address, a wrong
    password and a closed account give the same answer in the same time.
    """
    address = email.strip().casefold()
    tries = {"account": address, "network": network}
    throttle.count_try(session, tries, secret=door.secret, now=now)
    person = session.scalar(select(Person).where(Person.email == address)) if address else None
    kept = person.password_hash if person else None
    fits = passwords.is_password(password, kept)
    if person is None or kept is None or not fits or not sign_ins.may_sign_in(person, now=now):
        return None
    throttle.forget_tries(session, "account", address, secret=door.secret)
    if passwords.needs_rehash(kept):
        person.password_hash = passwords.hash_password(password)
    return person


def change_password(
    session: Session,
    person: Person,
    *,
    old: str,
    new: str,
    keep: int | None,
    door: Door,
    now: datetime,
) -> bool:
    """
    Change a password if the old one is right, and end all other sign-ins.

    Commit whatever comes back: the try has been counted.
    """
    name = person.email or str(person.id)
    throttle.count_try(session, {"account": name}, secret=door.secret, now=now)
    if not passwords.is_password(old, person.password_hash):
        return False
    _set_password(session, person, new)
    sign_ins.end_all(session, person.id, keep=keep)
    throttle.forget_tries(session, "account", name, secret=door.secret)
    return True


def invite(session: Session, person: Person, *, door: Door, now: datetime) -> str:
    """Write a person the mail with the link to their first password; return the link."""
    if not person.email:
        raise Conflict(f"{person.name} has no e-mail address to be invited at.")
    if not sign_ins.may_sign_in(person, now=now):
        raise Conflict(f"The account of {person.name} is closed.")
    url, token = _new_link(session, person, purpose="invitation", door=door, now=now)
    outbox.enqueue(
        session,
        dedup_key=f"invitation:{sign_ins.digest(token)}",
        recipient=person.email,
        subject=f"Your Headwater account at {door.organisation}",
        body=INVITATION.format(name=person.name, url=url, door=door, minutes=_minutes()),
        now=now,
    )
    return url


def ask_for_reset(
    session: Session, *, email: str, network: str, door: Door, now: datetime
) -> None:
    """Write the mail with a reset link where the address has an open account."""
    address = email.strip().casefold()
    tries = {"reset": address, "reset-network": network}
    throttle.count_try(session, tries, secret=door.secret, now=now)
    person = session.scalar(select(Person).where(Person.email == address))
    if person is None or person.email is None or not sign_ins.may_sign_in(person, now=now):
        return
    url, token = _new_link(session, person, purpose="reset", door=door, now=now)
    outbox.enqueue(
        session,
        dedup_key=f"reset:{sign_ins.digest(token)}",
        recipient=person.email,
        subject="Set a new password",
        body=RESET.format(name=person.name, url=url, door=door, minutes=_minutes()),
        now=now,
    )


def person_of_link(session: Session, token: str, *, now: datetime) -> Person:
    """Find whose password a link may set, without spending it."""
    found = session.scalar(
        select(AccountLink).where(
            AccountLink.token_digest == sign_ins.digest(token),
            AccountLink.used_at.is_(None),
            AccountLink.expires_at > now,
        )
    )
    if found is None or not sign_ins.may_sign_in(found.person, now=now):
        raise SpentLink(SPENT)
    return found.person


def set_password_by_link(
    session: Session, token: str, *, password: str, door: Door, now: datetime
) -> Person:
    """Spend a link to set the password, and end every sign-in of that person."""
    person = person_of_link(session, token, now=now)
    _set_password(session, person, password)
    # The condition, not the look-up above, stops two browsers that come at once.
    spent = session.scalar(
        update(AccountLink)
        .where(
            AccountLink.token_digest == sign_ins.digest(token),
            AccountLink.used_at.is_(None),
            AccountLink.expires_at > now,
        )
        .values(used_at=now)
        .returning(AccountLink.person_id)
    )
    if spent is None:
        raise SpentLink(SPENT)
    sign_ins.end_all(session, person.id)
    throttle.forget_tries(session, "account", person.email or "", secret=door.secret)
    return person


def new_password_link(session: Session, person: Person, *, door: Door, now: datetime) -> str:
    """Make a link that is handed over by other means than mail."""
    return _new_link(session, person, purpose="invitation", door=door, now=now)[0]


def set_first_password(session: Session, person: Person, password: str) -> None:
    """Set a password without asking for an old one; for the command line and the demo."""
    _set_password(session, person, password)
    sign_ins.end_all(session, person.id)


def disable(session: Session, person: Person) -> None:
    """Close an account and end its sign-ins; who administers last is kept by `roles`."""
    person.is_disabled = True
    sign_ins.end_all(session, person.id)


def forget_old_links(session: Session, *, now: datetime) -> None:
    """Delete links that can no longer be used."""
    session.execute(delete(AccountLink).where(is_spent(now)))


def is_spent(now: datetime) -> ColumnElement[bool]:
    """Say in SQL that a link can no longer be used."""
    return or_(AccountLink.used_at.is_not(None), AccountLink.expires_at <= now)


def known_words(person: Person) -> tuple[str, ...]:
    """List what everybody knows of a person and nobody should use as a password."""
    email = person.email or ""
    return (email, email.partition("@")[0], person.name)


def _set_password(session: Session, person: Person, password: str) -> None:
    passwords.check_new_password(password, told=known_words(person))
    person.password_hash = passwords.hash_password(password)
    session.flush()


def _new_link(
    session: Session, person: Person, *, purpose: str, door: Door, now: datetime
) -> tuple[str, str]:
    """Make a link in place of any earlier one; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    session.execute(delete(AccountLink).where(AccountLink.person_id == person.id))
    session.add(
        AccountLink(
            token_digest=sign_ins.digest(token),
            person_id=person.id,
            purpose=purpose,
            expires_at=now + LIVES,
        )
    )
    session.flush()
    return f"{door.public_url.rstrip('/')}/account/links/{token}", token


def _minutes() -> int:
    return int(LIVES.total_seconds() // 60)


SPENT = (
    "This link was used before or is older than 30 minutes."
    " Ask for a new one under “Forgotten your password?” on the sign-in page."
)
INVITATION = """\
Hello {name},

{door.organisation} uses Headwater to ask how work is going and to show what came of it.
You have an account. Choose your password here:

{url}

The link works once and for {minutes} minutes. If it is too late, open
{door.public_url} and choose "Forgotten your password?" to get a new one.
"""
RESET = """\
Hello {name},

somebody, most likely you, asked to set a new password for your Headwater account.
Do it here:

{url}

The link works once and for {minutes} minutes. If you did not ask, ignore this mail:
your password stays as it is.
"""
