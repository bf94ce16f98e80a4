"""Making reports and keeping them: what the tick does, and what a first view asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from analysis import link
from app.models import Report
from app.queries import releases, reports, roll_ups, team_lineage
from app.queries.reports import ReportKey
from app.reporting.chain import chain
from app.reporting.customers import customer_report
from app.reporting.linkage import linkage_document
from app.reporting.panel import linkage_panel
from app.reporting.trends import BREAKS, trend_charts, trend_lines, wave_list
from app.reporting.waves import read_figures, wave_report
from surveys.questionnaires import Questionnaire
from surveys.questions import Scale

SEED = 20261122
OUTCOME = "satisfaction"


def due_reports(session: Session, *, today: date) -> Iterator[ReportKey]:
    """List the reports that should exist and do not, those that most people open first."""
    waves = [reports.wave_report_key(session, key) for key, _ in releases.released_hashes(session)]
    newest, older = waves[-1:], waves[-2::-1]
    linkage = [reports.linkage_report_key(session, today=today)] if waves else []
    customers = [reports.customer_report_key(session, today=today)]
    for key in (*newest, *linkage, *customers, *older):
        if key is not None and not reports.is_stored(session, key):
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


def _wave(session: Session, subject: str, today: date) -> dict[str, Any]:
    waves = releases.released_waves(session, until=subject)
    history = [read_figures(wave.document) for wave in waves]
    document = wave_report(history[-1])
    document["waves"], document["breaks"] = wave_list(history), BREAKS
    document["trends"] = lines = trend_lines(history, team_lineage.descents(session))
    document["charts"] = trend_charts(
        lines,
        nodes=list(document["nodes"]),
        columns=document["columns"],
        waves=document["waves"],
    )
    return document


def _linkage(session: Session, subject: str, today: date) -> dict[str, Any]:
    waves = releases.released_waves(session)
    panel = linkage_panel(
        [wave.document for wave in waves],
        roll_ups.team_months(session, item=OUTCOME, before=today),
        outcome="customer satisfaction",
        outcome_points=_points_of(OUTCOME, roll_ups.customer_questionnaires(session)),
    )
    result = link(panel.employee, panel.customer, seed=SEED, dropped=panel.dropped)
    document = linkage_document(
        result, bounds=panel.bounds, response=panel.response, answered=panel.answered
    )
    document["chain"] = chain(result)
    document["coverage"]["dropped_text"] = " ".join(
        [document["coverage"]["dropped_text"], *panel.remarks]
    )
    return document


def _points_of(item: str, questionnaires: Sequence[Questionnaire]) -> tuple[int, int] | None:
    """Find the ends of an item's scale; None where its versions differ."""
    found = {
        (question.low, question.high)
        for questionnaire in questionnaires
        for question in questionnaire.questions
        if question.key == item and isinstance(question, Scale)
    }
    return next(iter(found)) if len(found) == 1 else None


def _customers(session: Session, subject: str, today: date) -> dict[str, Any]:
    return customer_report(
        roll_ups.count_rows(session, before=today),
        questionnaires=roll_ups.customer_questionnaires(session),
        until=today - timedelta(days=1),
    )


# A new kind of report is one function above and one line here.
MAKERS = {"wave": _wave, "linkage": _linkage, "customers": _customers}
