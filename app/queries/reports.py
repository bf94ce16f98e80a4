"""Stored reports, and the hashes of what goes into them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import CustomerRollUp, Report
from app.queries.releases import released_hashes
from surveys.documents import sha256_of

# Raise a number when its report is computed or worded anew: stored ones are then made again.
EDITIONS = {"wave": 4, "linkage": 4, "customers": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportKey:
    """Which report is meant, and the hash of everything it is made of."""

    kind: str
    subject: str
    inputs_sha256: str


def wave_report_key(session: Session, wave_key: str) -> ReportKey | None:
    """Identify the report of one released wave: made of its release and the earlier ones."""
    hashes = released_hashes(session)
    place = next((i for i, (key, _) in enumerate(hashes) if key == wave_key), None)
    if place is None:
        return None
    return _key("wave", wave_key, [sha256 for _, sha256 in hashes[: place + 1]])


def linkage_report_key(session: Session, *, today: date) -> ReportKey:
    """Identify the linkage report: all releases and the customers up to yesterday."""
    releases = [sha256 for _, sha256 in released_hashes(session)]
    return _key("linkage", "", [releases, _customers_before(session, today)])


def customer_report_key(session: Session, *, today: date) -> ReportKey:
    """Identify the customers' report: the customers up to yesterday."""
    return _key("customers", "", [_customers_before(session, today)])


def stored_report(session: Session, key: ReportKey) -> dict[str, Any] | None:
    """Read a finished report; None if it has not been made yet."""
    return session.scalar(select(Report.document).where(Report.inputs_sha256 == key.inputs_sha256))


def is_stored(session: Session, key: ReportKey) -> bool:
    """Tell whether a report has been made, without reading it."""
    found = session.scalar(
        select(Report.inputs_sha256).where(Report.inputs_sha256 == key.inputs_sha256)
    )
    return found is not None


def _key(kind: str, subject: str, inputs: list[Any]) -> ReportKey:
    digest = sha256_of({"kind": kind, "edition": EDITIONS[kind], "inputs": inputs})
    return ReportKey(kind=kind, subject=subject, inputs_sha256=digest)


def _customers_before(session: Session, today: date) -> list[int]:
    """
    Fingerprint the roll-up of all days before today.

    Roll-ups only grow and every answer raises a count, so an equal number of rows and an
    equal sum of counts mean that nothing was added.  Every view asks, so it must be quick.
    """
    n_rows, n_answers = session.execute(
        select(func.count(), func.coalesce(func.sum(CustomerRollUp.n), 0)).where(
            CustomerRollUp.day < today
        )
    ).one()
    return [int(n_rows), int(n_answers)]
