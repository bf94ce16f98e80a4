"""Pages of results: released figures only, for whom they are meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.action_access import Actor, actor_of
from app.database import get_session
from app.models import Wave
from app.queries import customer_comments as comments_query
from app.queries import own_results, reports, viewing
from app.queries.viewing import Scope
from app.report import tables
from app.report.stored import finished_report
from app.reporting.drawings import with_drawings
from app.said import said_to
from app.security import allow

bp = Blueprint("report", __name__, url_prefix="/reports")


READERS = ("employee", "manager", "hr", "executive", "cx_manager")


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """List the results this viewer may read."""
    return render_template("report/index.html", waves=viewing.all_released_waves(get_session()))


@bp.get("/results")
@allow(*READERS)
def results() -> ResponseReturnValue:
    """Show everybody what their own group and the whole organisation answered, and what of it."""
    session, today = get_session(), datetime.now(UTC).date()
    newest = viewing.latest_released_wave(session)
    if newest is None:
        return render_template("report/no_results.html")
    wave = viewing.latest_released_wave(session, with_results=True) or newest
    document = _wave_document(wave)
    whole = _part(document, viewing.whole_organisation(document))
    own = own_results.own_of(session, document, wave, current_user.id, on=today)
    cell = own.cell if own is not None else None
    parts = [part for part in (cell, whole.node) if part is not None]
    return render_template(
        "report/results.html",
        report=document,
        newest=newest.title if newest is not wave else "",
        scope=whole,
        own=own,
        chief=[] if cell else tables.chief_figures(document, whole),
        heads=own_results.heads_of(document, parts),
        scores=own_results.lines_of(document, parts, is_item=False),
        items=own_results.lines_of(document, parts, is_item=True) if cell else [],
        said=said_to(session, _actor(today)),
    )


@bp.get("/waves/<int:wave_id>")
@allow("hr", "manager")
def wave(wave_id: int) -> ResponseReturnValue:
    """Show one wave by team: the whole for HR, the own subtree for a manager."""
    found, document, view = _wave_view(wave_id)
    return render_template(
        "report/wave.html",
        wave=found,
        report=document,
        scope=view.part,
        choices=view.choices,
        chief=tables.chief_figures(document, view.part),
        heat=tables.heat_maps(document, view.part, above=view.above),
        gaps=tables.gap_table(document, view.part),
        trend=with_drawings(tables.trend(document, view.part)),
    )


@bp.get("/waves/<int:wave_id>/table.csv")
@allow("hr", "manager")
def wave_csv(wave_id: int) -> ResponseReturnValue:
    """Hand out the heat map as a file, with intervals and numbers of answers."""
    _, document, view = _wave_view(wave_id)
    rows = tables.wave_rows(document, view.part, above=view.above)
    return _csv(rows, name=f"wave-{wave_id}")


@bp.get("/waves/<int:wave_id>/trend.csv")
@allow("hr", "manager")
def trend_csv(wave_id: int) -> ResponseReturnValue:
    """Hand out the trends as a file."""
    _, document, view = _wave_view(wave_id)
    return _csv(tables.trend_rows(document, view.part), name=f"trend-{wave_id}")


@bp.get("/linkage")
@allow("executive", "hr")
def linkage() -> ResponseReturnValue:
    """Show how engagement and customers' scores go together, and how sure that is."""
    if viewing.latest_released_wave(get_session()) is None:
        return render_template("report/no_results.html")
    return render_template("report/linkage.html", report=with_drawings(_linkage_document()))


@bp.get("/linkage.csv")
@allow("executive", "hr")
def linkage_csv() -> ResponseReturnValue:
    """Hand out every table of the linkage report as one file."""
    if viewing.latest_released_wave(get_session()) is None:
        abort(404)
    return _csv(tables.linkage_rows(_linkage_document()), name="linkage")


@bp.get("/customers")
@allow("cx_manager", "executive")
def customers() -> ResponseReturnValue:
    """Show what customers said, by stage, touchpoint, channel and team."""
    return render_template("report/customers.html", report=_customer_document())


@bp.get("/customers/comments")
@allow("cx_manager")
def customer_comments() -> ResponseReturnValue:
    """List what customers wrote, newest first; who looks after touchpoints reads words."""
    older_than = _place(request.args.get("older_than", ""))
    page = comments_query.customer_comments(get_session(), older_than=older_than)
    return render_template(
        "report/customer_comments.html", page=page, is_older=older_than is not None
    )


def _place(text: str) -> tuple[date, int] | None:
    """Read the day and the answer from which a page of comments goes on."""
    if not text:
        return None
    day, _, number = text.partition(".")
    try:
        place = date.fromisoformat(day), int(number)
    except ValueError:
        abort(404)
    if not 0 < place[1] < 2**63:
        abort(404)
    return place


@bp.get("/customers.csv")
@allow("cx_manager", "executive")
def customers_csv() -> ResponseReturnValue:
    """Hand out the customers' tables as a file."""
    return _csv(tables.customer_rows(_customer_document()), name="customers")


def _actor(today: date) -> Actor:
    return actor_of(
        get_session(),
        current_user.id,
        roles=current_user.roles,
        managed_team_ids=current_user.managed_team_ids,
        on=today,
    )


def _released(wave_id: int) -> Wave:
    found = viewing.released_wave(get_session(), wave_id)
    if found is None:
        abort(404)
    return found


def _wave_document(wave: Wave) -> dict[str, Any]:
    key = reports.wave_report_key(get_session(), wave.key)
    if key is None:
        abort(404)
    return finished_report(get_session(), key)


def _linkage_document() -> dict[str, Any]:
    session = get_session()
    key = reports.linkage_report_key(session, today=datetime.now(UTC).date())
    return finished_report(session, key)


def _customer_document() -> dict[str, Any]:
    session = get_session()
    key = reports.customer_report_key(session, today=datetime.now(UTC).date())
    return finished_report(session, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """One part of a wave report, what it stands beside, and the parts to choose from."""

    part: Scope
    above: list[Mapping[str, Any]]
    choices: list[tuple[str, str]]


def _wave_view(wave_id: int) -> tuple[Wave, dict[str, Any], _View]:
    """Find a wave, its report, and the part asked for among those this viewer may see."""
    found = _released(wave_id)
    document = _wave_document(found)
    managed = (
        None
        if "hr" in current_user.roles
        else viewing.team_keys(get_session(), current_user.managed_team_ids)
    )
    choices = viewing.choices(document, managed=managed)
    team = request.args.get("team") or (choices[0] if choices else "")
    if managed is not None and not viewing.may_see(document, managed=managed, team=team):
        abort(404)
    part = _part(document, team)
    names = document["teams"]
    view = _View(
        part=part,
        above=viewing.compared_with(document, part, managed=managed),
        choices=[(choice, names[choice]["name"]) for choice in choices],
    )
    return found, document, view


def _part(document: dict[str, Any], team: str) -> Scope:
    part = viewing.scope(document, team)
    if part is None:
        abort(404)
    return part


def _csv(rows: list[list[Any]], *, name: str) -> Response:
    return Response(
        tables.csv_text(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="headwater-{name}.csv"'},
    )
