"""Bringing in a whole roster: upload a file, look at what it would change, then do it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import FileField, Form, HiddenField

from app.database import get_session
from app.formats import rosters
from app.formats.errors import BadFile
from app.security import allow
from app.services import organisation_import
from app.services.organisation_import import Plan

bp = Blueprint("roster", __name__, url_prefix="/people/import")
administrators = allow("administrator")
SHOWN = 100


class UploadForm(Form):
    """The file."""

    file = FileField(
        "Roster as CSV or XLSX",
        description="Up to 5 MB, with the columns email, name and team;"
        " role, locale and start date may follow.",
    )


class ConfirmForm(Form):
    """What was previewed: the rows again, and the fingerprint of what they would change."""

    rows = HiddenField()
    plan = HiddenField()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewTable:
    """The first rows of one kind of change."""

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


@bp.route("", methods=["GET", "POST"])
@administrators
def upload() -> ResponseReturnValue:
    """Take a file and show what it would change; nothing is written yet."""
    form = UploadForm(request.files)
    if request.method == "GET":
        return render_template("roster/upload.html", form=form)
    try:
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            raise BadFile("Choose a file first.")
        roster = _read(sent.read())
    except BadFile as error:
        form.file.errors = [str(error)]
        return render_template("roster/upload.html", form=form), 422
    return _preview(roster, notice="")


@bp.post("/confirm")
@administrators
def confirm() -> ResponseReturnValue:
    """Do what the preview showed, unless something has changed meanwhile."""
    request.max_form_memory_size = request.max_content_length
    form, session = ConfirmForm(request.form), get_session()
    roster = _read((form.rows.data or "").encode())
    plan = organisation_import.plan_import(session, roster.rows)
    if plan.sha256 != form.plan.data:
        return _preview(roster, notice="The organisation has changed meanwhile; look again.")
    organisation_import.carry_out(session, plan, on=_today())
    session.commit()
    return redirect(url_for("people.index", notice="people-imported"), 303)


def _preview(roster: rosters.Roster, *, notice: str) -> ResponseReturnValue:
    plan = organisation_import.plan_import(get_session(), roster.rows)
    errors = (*roster.errors, *plan.errors)
    form = ConfirmForm(data={"rows": _as_text(roster.rows), "plan": plan.sha256})
    page = render_template(
        "roster/preview.html",
        plan=plan,
        errors=errors,
        form=form,
        changed=notice,
        tables=[table for table in _tables(plan) if table.rows],
    )
    return page, 422 if errors else 200


def _tables(plan: Plan) -> list[PreviewTable]:
    """Lay out what a plan would do; the first rows of each kind are enough to recognise it."""
    joining = [
        (j.row.name, j.row.email, j.row.path, "comes back" if j.comes_back else "new")
        for j in plan.joining
    ]
    moving = [
        (m.row.name, m.row.email, m.team_before or "no team", m.row.path) for m in plan.moving
    ]
    leaving = [(entry.name, entry.email, entry.team) for entry in plan.leaving]
    changing = [(row.name, row.email, row.path, ", ".join(row.roles)) for row in plan.changing]
    return [
        _table("leaving", "Leave", ("Name", "E-mail address", "Team"), leaving),
        _table("moving", "Move", ("Name", "E-mail address", "From", "To"), moving),
        _table("joining", "Join or come back", ("Name", "E-mail address", "Team", "How"), joining),
        _table("changing", "Change", ("Name", "E-mail address", "Team", "Roles"), changing),
        _table("new-teams", "New teams", ("Team",), [(path,) for path in plan.new_teams]),
    ]


def _table(
    key: str, title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> PreviewTable:
    left_out = len(rows) - SHOWN
    notes = (f"{left_out:,} more rows are not shown.",) if left_out > 0 else ()
    return PreviewTable(
        id=key, title=title, columns=columns, rows=tuple(rows[:SHOWN]), notes=notes
    )


def _read(content: bytes) -> rosters.Roster:
    """Read a roster through a file that nobody else can open and that is gone afterwards."""
    with NamedTemporaryFile(prefix="headwater-roster-") as file:
        file.write(content)
        file.flush()
        try:
            return rosters.read_roster(Path(file.name))
        except BadFile as error:
            raise BadFile(str(error).replace(Path(file.name).name, "The file")) from error


def _as_text(rows: Sequence[rosters.RosterRow]) -> str:
    """Write the rows as the page carries them to the confirmation."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["email", "name", "team", "role", "locale", "start date"])
    for row in rows:
        start = row.started_on.isoformat() if row.started_on else ""
        roles = "|".join(row.roles)
        writer.writerow([row.email, row.name, row.path, roles, row.locale or "", start])
    return text.getvalue()


def _today() -> date:
    return datetime.now(UTC).date()
