"""Making reports and keeping them: what the tick does, and what a first view asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from analysis import link
from app.charts.trend import TrendPoint, trend
from app.models import Report
from app.queries import releases, reports, roll_ups
from app.queries.reports import ReportKey
from app.reporting.customers import customer_report
from app.reporting.linkage import linkage_document
from app.reporting.panel import linkage_panel
from app.reporting.waves import wave_report

SEED = 20261122
OUTCOME = "satisfaction"


def due_reports(session: Session, *, today: date) -> Iterator[ReportKey]:
    """List the reports that should exist and do not."""
    wanted = [reports.wave_report_key(session, wave.key) for wave in _waves(session)]
    if wanted:
        wanted.append(reports.linkage_report_key(session, today=today))
    wanted.append(reports.customer_report_key(session, today=today))
    for key in wanted:
        if key is not None and reports.stored_report(session, key) is None:
            yield key


def build_report(session: Session, key: ReportKey, *, now: datetime) -> None:
    """Make one report and keep it; older editions of the same report go."""
    document = MAKERS[key.kind](session, key.subject, now.date())
    session.execute(delete(Report).where(Report.kind == key.kind, Report.subject == key.subject))
    try:
        with session.begin_nested():
            session.add(
                Report(
                    inputs_sha256=key.inputs_sha256,
                    kind=key.kind,
                    subject=key.subject,
                    made_at=now,
                    document=document,
                )
            )
    except IntegrityError:
        return  # another worker made the same report of the same inputs


def _waves(session: Session) -> list[releases.ReleasedWave]:
    return releases.released_waves(session)


def _wave(session: Session, subject: str, today: date) -> dict[str, Any]:
    waves = _waves(session)
    place = next(i for i, wave in enumerate(waves) if wave.key == subject)
    history = [wave.document for wave in waves[: place + 1]]
    document = wave_report(history[-1], history=history)
    document["charts"] = {
        f"{node}-{column['key']}": chart
        for node in document["nodes"]
        for column in document["columns"]
        if column["kind"] != "item" and (chart := _trend_chart(document, node, column)) is not None
    }
    return document


def _trend_chart(document: dict[str, Any], node: str, column: dict[str, Any]) -> str | None:
    """Draw the trend of one node; bounds and hidden values are never drawn as values."""
    points, stretch = [], 0
    for point in document["trends"][node].get(column["key"], []):
        stretch += point["is_break"]
        if point["status"] != "exact":
            stretch += 1
            continue
        points.append(
            TrendPoint(
                name=point["title"],
                words=f"{point['title']}: {point['text']}, interval {point['interval']}",
                value=point["value"],
                ci_low=point["ci_low"],
                ci_high=point["ci_high"],
                stretch=stretch,
            )
        )
    if len(points) < 2:
        return None
    name = document["nodes"][node]["name"]
    return trend(
        points,
        y_title=f"{column['title']} ({column['low']:g} to {column['high']:g})",
        description=f"{column['title']} of {name} over {len(points)} waves, with 95% intervals",
    )


def _linkage(session: Session, subject: str, today: date) -> dict[str, Any]:
    waves = _waves(session)
    panel = linkage_panel(
        [wave.document for wave in waves],
        roll_ups.team_months(session, item=OUTCOME, before=today),
        outcome="customer satisfaction",
    )
    result = link(panel.employee, panel.customer, seed=SEED, dropped=panel.dropped)


def _customers(session: Session, subject: str, today: date) -> dict[str, Any]:
    return customer_report(
        roll_ups.count_rows(session, before=today),
        questionnaires=roll_ups.customer_questionnaires(session),
        until=(today - timedelta(days=1)).isoformat(),
    )


# A new kind of report is one function above and one line here.
MAKERS = {"wave": _wave, "linkage": _linkage, "customers": _customers}
