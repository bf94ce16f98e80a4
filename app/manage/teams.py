"""Pages of the teams: the tree, and what can be done to each of them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form

from app.database import get_session
from app.forms import choices
from app.manage.team_forms import FirstTeamForm, NewTeamForm
from app.models import Team
from app.queries import teams as queries
from app.security import allow
from app.services import teams

bp = Blueprint("teams", __name__, url_prefix="/teams")
administrators = allow("administrator")


@bp.get("")
@administrators
def index() -> ResponseReturnValue:
    """Show the tree."""
    rows = queries.tree(get_session(), on=_today())
    return render_template("teams/index.html", teams=rows)


@bp.route("/new", methods=["GET", "POST"])
@administrators
def new() -> ResponseReturnValue:
    """Add a team; the first one is the whole organisation."""
    session = get_session()
    places = queries.team_choices(session, on=_today())
    form: Form = FirstTeamForm(request.form)
    if places:
        form = NewTeamForm(request.form, parent=request.args.get("under"))
        form.parent.choices = choices(places)
    if request.method == "POST" and form.validate():
        parent = teams.find_team(session, int(form.data["parent"])) if places else None
        teams.add_team(session, name=form.data["name"], parent=parent, on=_today())
        session.commit()
        return redirect(url_for("teams.index", notice="team-added"), 303)
    return _form_page("teams/new.html", form)


@bp.get("/<int:team_id>")
@administrators
def show(team_id: int) -> ResponseReturnValue:
    """Show one team and who is in it."""
    team, session = _team(team_id), get_session()
    return render_template(
        "teams/show.html",
        team=team,
        path=teams.path_of(team),
        people=queries.people_in(session, team.id, on=_today()),
        below=[child for child in team.children if child.closed_on is None],
    )


def _team(team_id: int) -> Team:
    return teams.find_team(get_session(), team_id)


def _today() -> date:
    return datetime.now(UTC).date()


def _form_page(template: str, form: Form, **context: Team) -> ResponseReturnValue:
    return render_template(template, form=form, **context), 422 if form.errors else 200
