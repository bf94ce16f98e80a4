"""Pages of the people: the list, and one person's team, roles and account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form

from app.database import get_session
from app.forms import choices
from app.manage.people_forms import (
    DetailsForm,
    EndForm,
    MoveForm,
    PersonForm,
    RolesForm,
    SearchForm,
)
from app.models import Person
from app.queries import people as queries
from app.queries import teams as team_queries
from app.security import allow, door
from app.services import accounts, people, roles, teams
from app.services.errors import Conflict

bp = Blueprint("people", __name__, url_prefix="/people")
administrators = allow("administrator")


@bp.get("")
@administrators
def index() -> ResponseReturnValue:
    """List people, or those a search finds."""
    form = SearchForm(request.args)
    page = queries.people_page(
        get_session(),
        search=form.q.data or "",
        number=request.args.get("page", 1, int),
        on=_today(),
    )
    return render_template("people/index.html", form=form, page=page, role_names=roles.NAMES)


@bp.route("/new", methods=["GET", "POST"])
@administrators
def new() -> ResponseReturnValue:
    """Add a person."""
    session = get_session()
    form = PersonForm(request.form, starts_on=_today())
    form.team.choices = choices(team_queries.team_choices(session, on=_today()))
    if request.method == "POST" and form.validate():
        person = people.add_person(
            session,
            name=form.name.data or "",
            email=form.email.data,
            team=teams.find_team(session, int(form.team.data)),
            on=form.starts_on.data or _today(),
        )
        session.commit()
        return _to(person, "person-added")
    return _form_page("people/new.html", form)


@bp.get("/<int:person_id>")
@administrators
def show(person_id: int) -> ResponseReturnValue:
    """Show a person's team, roles and account."""
    return _show_page(_person(person_id))


@bp.route("/<int:person_id>/edit", methods=["GET", "POST"])
@administrators
def edit(person_id: int) -> ResponseReturnValue:
    """Correct a person's name, address or language."""
    person, session = _person(person_id), get_session()
    form = DetailsForm(request.form, obj=person)
    if request.method == "POST" and form.validate():
        people.change_person(
            session,
            person,
            name=form.name.data or "",
            email=form.email.data,
            locale=form.locale.data or "en",
        )
        session.commit()
        return _to(person, "person-changed")
    return _form_page("people/edit.html", form, person=person)


@bp.route("/<int:person_id>/move", methods=["GET", "POST"])
@administrators
def move(person_id: int) -> ResponseReturnValue:
    """Move a person to another team, or take back somebody who left."""
    person, session = _person(person_id), get_session()
    form = MoveForm(request.form, on=_today())
    form.team.choices = choices(team_queries.team_choices(session, on=_today()))
    if request.method == "POST" and form.validate():
        team = teams.find_team(session, int(form.team.data))
        deed = people.take_back if person.ended_on is not None else people.move_person
        on = form.on.data or _today()
        refusal = _refused(lambda: deed(session, person, team=team, on=on))
        if not refusal:
            return _to(person, "person-moved")
        form.form_errors = [refusal]
    return _form_page("people/move.html", form, person=person)


@bp.route("/<int:person_id>/end", methods=["GET", "POST"])
@administrators
def end(person_id: int) -> ResponseReturnValue:
    """Let a person leave."""
    person, session = _person(person_id), get_session()
    form = EndForm(request.form, on=_today())
    if request.method == "POST" and form.validate():
        on = form.on.data or _today()
        refusal = _refused(lambda: people.end_person(session, person, on=on))
        if not refusal:
            return _to(person, "person-ended")
        form.form_errors = [refusal]
    return _form_page("people/end.html", form, person=person)


@bp.route("/<int:person_id>/roles", methods=["GET", "POST"])
@administrators
def change_roles(person_id: int) -> ResponseReturnValue:
    """Give a person exactly the roles that are ticked."""
    person, session = _person(person_id), get_session()
    # An empty form would read as "nothing ticked", so a first visit must pass none at all.
    form = RolesForm(
        request.form if request.method == "POST" else None,
        roles=sorted(roles.roles_of(person)),
        manages=[str(team.id) for team in roles.managed_by(person)],
    )
    form.manages.choices = choices(team_queries.team_choices(session, on=_today()))
    if request.method == "POST" and form.validate():
        managed = [teams.find_team(session, int(number)) for number in form.manages.data or ()]
        ticked = form.roles.data or ()
        refusal = _refused(lambda: roles.set_roles(session, person, roles=ticked, manages=managed))
        if not refusal:
            return _to(person, "roles-changed")
        form.form_errors = [refusal]
    return _form_page("people/change_roles.html", form, person=person)


@bp.post("/<int:person_id>/invite")
@administrators
def invite(person_id: int) -> ResponseReturnValue:
    """Write a person the mail with which they set their password."""
    person, session = _person(person_id), get_session()
    accounts.invite(session, person, door=door(), now=datetime.now(UTC))
    session.commit()
    return _to(person, "invitation-sent")


@bp.post("/<int:person_id>/close-account")
@administrators
def close_account(person_id: int) -> ResponseReturnValue:
    """Close a person's account; they stay in their team."""
    person, session = _person(person_id), get_session()
    if refusal := _refused(lambda: roles.close_account(session, person)):
        return _show_page(person, refusal=refusal), 409
    return _to(person, "account-closed")


@bp.post("/<int:person_id>/open-account")
@administrators
def open_account(person_id: int) -> ResponseReturnValue:
    """Open a closed account again."""
    person, session = _person(person_id), get_session()
    roles.open_account(person)
    session.commit()
    return _to(person, "account-opened")


def _person(person_id: int) -> Person:
    return people.find_person(get_session(), person_id)


def _today() -> date:
    return datetime.now(UTC).date()


def _to(person: Person, notice: str) -> ResponseReturnValue:
    return redirect(url_for("people.show", person_id=person.id, notice=notice), 303)


def _refused(deed: Callable[[], object]) -> str:
    """
    Do and commit, or undo and return what stands against it.

    Elsewhere `app.errors` makes a page of a refusal.  These deeds concern a person who
    is on the page already, and what to do instead (another day, another administrator
    first) is found beside the form, so it stays and nothing typed is lost.
    """
    session = get_session()
    try:
        deed()
    except Conflict as refusal:
        session.rollback()
        return str(refusal)
    session.commit()
    return ""


def _show_page(person: Person, *, refusal: str = "") -> str:
    return render_template(
        "people/show.html",
        person=person,
        refusal=refusal,
        state=queries.state_of(person, on=_today()),
        team=people.current_membership(person),
        role_names=roles.NAMES,
        plain_roles=sorted(roles.roles_of(person)),
        managed=[teams.path_of(team) for team in roles.managed_by(person)],
        path_of=teams.path_of,
    )


def _form_page(template: str, form: Form, **context: Person) -> ResponseReturnValue:
    """Show a form; a field that is wrong is 422, a refusal 409."""
    wrong = 409 if form.form_errors else 422
    return render_template(template, form=form, **context), wrong if form.errors else 200
