"""Pages that change the tree: what is wanted, what it would do, and what is planned."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from hashlib import sha256

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.database import get_session
from app.forms import choices
from app.manage.team_forms import CHANGE_FORMS, ChangeForm, MergeForm, MoveForm, SplitForm
from app.models import Person, Team
from app.queries import teams as queries
from app.security import allow
from app.services import team_changes, team_previews, teams
from app.services.errors import Refusal
from app.services.team_changes import Draft
from app.services.team_previews import Preview

bp = Blueprint("team_changes", __name__, url_prefix="/teams")
administrators = allow("administrator")


@bp.get("/changes")
@administrators
def index() -> ResponseReturnValue:
    """List what is planned, and what was changed."""
    session = get_session()
    return render_template(
        "team_changes/index.html",
        planned=list(team_changes.planned(session)),
        done=queries.changes_done(session),
    )


@bp.route("/<int:team_id>/<any(split, merge, move, rename, close):kind>", methods=["GET", "POST"])
@administrators
def change(team_id: int, kind: str) -> ResponseReturnValue:
    """Ask for a change, show what it would do, and enter what was shown."""
    session = get_session()
    team = teams.find_team(session, team_id)
    form = _form(team, kind)
    if request.method == "GET" or not form.validate():
        return _page(team, form, kind, status=422 if form.errors else 200)
    draft = _draft(team, form, kind)
    try:
        shown = team_previews.preview(session, draft, today=_today())
        seen = _seal(draft, shown)
        if form.seen.data != seen:
            form.seen.data = seen
            return _page(team, form, kind, shown=shown, draft=draft)
        entered = team_changes.enter(session, draft, now=datetime.now(UTC), today=_today())
    except Refusal as refusal:
        # Another name, day or person is found on this form, so it stays.
        session.rollback()
        form.form_errors = [str(refusal)]
        return _page(teams.find_team(session, team_id), form, kind, status=409)
    session.commit()
    notice = "team-planned" if entered.is_planned else "team-changed"
    return redirect(url_for("team_changes.index", notice=notice), 303)


@bp.post("/changes/<int:change_id>/withdraw")
@administrators
def withdraw(change_id: int) -> ResponseReturnValue:
    """Take a planned change off the list."""
    session = get_session()
    team_changes.withdraw(session, team_changes.find(session, change_id))
    session.commit()
    return redirect(url_for("team_changes.index", notice="team-withdrawn"), 303)


def _form(team: Team, kind: str) -> ChangeForm:
    """Make the form of a kind of change, with what can be chosen for this team."""
    session = get_session()
    form = CHANGE_FORMS[kind](request.form, name=team.name, parent=str(team.parent_id or ""))
    if form.starts_on.data is None and request.method == "GET":
        form.starts_on.data = _today()
    if isinstance(form, SplitForm):
        sitting = team_changes.people_in(session, team, on=_today())
        names = Counter(m.person.name for m in sitting)
        form.people.choices = choices(
            (
                str(m.person_id),
                _told_apart(m.person) if names[m.person.name] > 1 else m.person.name,
            )
            for m in sitting
        )
    if isinstance(form, MergeForm):
        beside = team.parent.children if team.parent is not None else []
        form.others.choices = choices(
            (str(other.id), other.name)
            for other in beside
            if other is not team and other.closed_on is None
        )
    if isinstance(form, MoveForm):
        inside = queries.subtree_ids(session, [team.id])
        places = queries.team_choices(session, on=_today())
        form.parent.choices = choices(p for p in places if int(p[0]) not in inside)
    return form


def _draft(team: Team, form: ChangeForm, kind: str) -> Draft:
    session, given = get_session(), form.data
    others = [teams.find_team(session, int(other)) for other in given.get("others", ())]
    parent = team.parent if kind == "merge" else None
    if isinstance(form, MoveForm):
        parent = teams.find_team(session, int(given["parent"]))
    return Draft(
        kind=kind,
        teams=(team, *others),
        starts_on=given["starts_on"],
        name=given.get("name", ""),
        second_name=given.get("second_name", ""),
        parent=parent,
        moving=frozenset(int(person) for person in given.get("people", ())),
    )


def _seal(draft: Draft, shown: Preview) -> str:
    """Tell one wish with its preview from another, so that what is done is what was seen."""
    wish = (
        [team.id for team in draft.teams], draft.starts_on.isoformat(), draft.name,
        draft.second_name, draft.parent and draft.parent.id, sorted(draft.moving),
    )  # fmt: skip
    return sha256(repr((draft.kind, wish, shown)).encode()).hexdigest()[:32]


def _page(
    team: Team,
    form: ChangeForm,
    kind: str,
    *,
    status: int = 200,
    shown: Preview | None = None,
    draft: Draft | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "team_changes/change.html",
        team=team,
        form=form,
        kind=kind,
        shown=shown,
        draft=draft,
        today=_today(),
    )
    return page, status


def _told_apart(person: Person) -> str:
    return f"{person.name}, {person.email or 'without an e-mail address'}"


def _today() -> date:
    return datetime.now(UTC).date()
