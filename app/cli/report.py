"""``headwater report``: make the reports that pages show."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from sqlalchemy.orm import Session, sessionmaker

from app.config import Settings
from app.database import make_engine
from app.queries import reports
from app.queries.reports import ReportKey
from app.reporting.build import build_report, due_reports


@click.group("report")
def report() -> None:
    """Make the reports that pages show."""


@report.command("make")
@click.argument("kind", type=click.Choice(["wave", "linkage", "customers"]))
@click.argument("subject", default="")
def make(kind: str, subject: str) -> None:
    """Make one report: KIND, and for a wave its key as SUBJECT."""
    now = datetime.now(UTC)
    with _session() as session:
        key = _key(session, kind, subject, now=now)
        if key is None:
            raise click.ClickException(f"There is no released wave {subject!r}.")
        if not reports.is_stored(session, key):
            build_report(session, key, now=now)
            session.commit()
    click.echo(f"The {kind} report is made.")


@report.command("due")
def due() -> None:
    """Make every report that is missing."""
    now = datetime.now(UTC)
    made = 0
    with _session() as session:
        for key in list(due_reports(session, today=now.date())):
            build_report(session, key, now=now)
            session.commit()
            made += 1
    click.echo(f"{made} reports made.")


def _key(session: Session, kind: str, subject: str, *, now: datetime) -> ReportKey | None:
    if kind == "wave":
        return reports.wave_report_key(session, subject)
    if kind == "linkage":
        return reports.linkage_report_key(session, today=now.date())
    return reports.customer_report_key(session, today=now.date())


def _session() -> Session:
    return sessionmaker(make_engine(Settings.from_env().database_url))()
