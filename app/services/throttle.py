"""Slowing down those who guess: counted per account and per network, under keyed hashes."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import SignInFailure
from app.services.errors import Throttled

# How many tries are free before waits begin; a network may hold a whole office.
FREE = {"account": 5, "network": 50, "reset": 3, "reset-network": 20}
LONGEST_WAIT = timedelta(minutes=5)
# A quiet hour wipes the slate, so nobody is locked out for good.
FORGOTTEN_AFTER = timedelta(hours=1)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def count_try(session: Session, tries: Mapping[str, str], *, secret: str, now: datetime) -> None:
    """
    Count one try under each kind and name, or refuse it while a wait is running.

    The try is counted before anybody knows whether it will succeed, in rows locked
    until the transaction ends: many tries at once are counted like many in a row.
    A refused try is not counted; waiting always helps.
    """
    for kind, name in sorted(tries.items()):
        row = _locked_row(session, _key(kind, name, secret=secret))
        if now - row.last_failed_at >= FORGOTTEN_AFTER:
            row.n_failures = 0
        wait = _wait(row.n_failures - FREE[kind])
        left = row.last_failed_at + wait - now
        if left > timedelta(0):
            seconds = max(int(left.total_seconds()), 1)
            raise Throttled(f"There were too many tries. Wait {_say(seconds)} and try again.")
        row.n_failures += 1
        row.last_failed_at = now
    session.flush()


def forget_tries(session: Session, kind: str, name: str, *, secret: str) -> None:
    """Wipe one slate, after a success."""
    key = _key(kind, name, secret=secret)
    session.execute(delete(SignInFailure).where(SignInFailure.key_digest == key))


def forget_old(session: Session, *, now: datetime) -> None:
    """Delete what no longer counts."""
    session.execute(delete(SignInFailure).where(is_old(now)))


def is_old(now: datetime) -> ColumnElement[bool]:
    """Say in SQL that a count is too old to matter."""
    return SignInFailure.last_failed_at <= now - FORGOTTEN_AFTER


def network_of(address: str | None) -> str:
    """Name the network of an address: itself, or the /64 that one IPv6 subscriber holds."""
    try:
        ip = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
    return str(ip)


def _locked_row(session: Session, key: str) -> SignInFailure:
    insert = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name].insert
    session.execute(
        insert(SignInFailure)
        .values(key_digest=key, n_failures=0, last_failed_at=_NEVER)
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(SignInFailure)
        .where(SignInFailure.key_digest == key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _key(kind: str, name: str, *, secret: str) -> str:
    return hmac.new(secret.encode(), f"{kind}:{name}".encode(), sha256).hexdigest()


def _wait(n_over: int) -> timedelta:
    if n_over < 0:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(n_over, 20)), LONGEST_WAIT)


def _say(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} second{'s' if seconds > 1 else ''}"
    minutes = -(-seconds // 60)
    return f"{minutes} minute{'s' if minutes > 1 else ''}"
