"""Pages of the actions: what was said, what is decided, and how far it has come."""

from __future__ import annotations

from datetime import UTC, date, datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.action_access import Actor, actor_of
from app.database import get_session
from app.manage import action_forms as forms
from app.manage.action_forms import ActionForm, FilterForm, MoveForm, NewActionForm
from app.models import STATUSES, TAGS, Action
from app.queries import actions as queries
from app.queries import follow_ups, reports
from app.queries.actions import Wanted
from app.queries.follow_ups import BeforeAfter
from app.queries.teams import tree
from app.security import allow, signed_in
from app.services import actions as services
from app.services import people
from app.services.actions import Draft

bp = Blueprint("actions", __name__, url_prefix="/actions")

NAMES = {
    "status_names": forms.STATUS_NAMES,
    "tag_names": forms.TAG_NAMES,
    "competency_names": forms.COMPETENCY_NAMES,
}


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """List the actions that are the viewer's business."""
    session, actor = get_session(), _actor()
    form = FilterForm(request.args)
    form.offer(queries.teams_with_actions(session, actor))
    number = request.args.get("page", "")
    page = queries.actions_page(
        session,
        actor,
        _wanted(),
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 1,
    )
    return render_template(
        "actions/index.html", page=page, form=form, actor=actor, today=_today(), **NAMES
    )


@bp.get("/<int:action_id>")
@signed_in
def show(action_id: int) -> ResponseReturnValue:
    """Show an action, how it moved, and what was released before and after."""
    actor = _actor()
    action = _action(action_id, actor)
    form = MoveForm()
    form.offer(services.MOVES[action.status])
    return _page_of(action, actor, form)


@bp.post("/<int:action_id>/move")
@signed_in
def move(action_id: int) -> ResponseReturnValue:
    """Say how far an action has come."""
    session, actor = get_session(), _actor()
    action, form = _action(action_id, actor), MoveForm(request.form)
    form.offer(services.MOVES[action.status])
    if not form.validate():
        return _page_of(action, actor, form), 422
    services.move_action(
        session,
        action,
        form.status.data,
        because=form.because.data or "",
        actor=actor,
        now=datetime.now(UTC),
    )
    session.commit()
    return _to_action(action, "action-moved")


@bp.route("/new", methods=["GET", "POST"])
@allow("hr", "manager")
def new() -> ResponseReturnValue:
    """Write an action down."""
    session, actor = get_session(), _actor()
    waves = queries.answerable_waves(session)
    form = NewActionForm(request.form, data=_proposed())
    form.offer(waves=waves, teams=_teams(actor), follow_ups=forms.follow_up_choices(waves))
    if request.method == "POST" and form.validate():
        draft = _draft(form)
        if draft is not None:
            action = services.add_action(
                session,
                draft,
                decision=form.decision.data,
                actor=actor,
                now=datetime.now(UTC),
            )
            session.commit()
            return _to_action(action, "action-added")
    status = 422 if form.errors else 200
    return render_template(
        "actions/new.html", form=form, has_results=bool(waves), actor=actor
    ), status


@bp.route("/<int:action_id>/edit", methods=["GET", "POST"])
@allow("hr", "manager")
def edit(action_id: int) -> ResponseReturnValue:
    """Word an action anew."""
    session, actor = get_session(), _actor()
    action = _action(action_id, actor)
    if not actor.may_change(action):
        abort(403)
    waves = queries.answerable_waves(session, besides=action.wave)
    form = ActionForm(request.form)
    form.status = action.status
    form.offer(
        waves=waves,
        teams=_teams(actor, besides=action),
        follow_ups=forms.follow_up_choices(waves, besides=action.follow_ups),
    )
    if request.method == "GET":
        form.show(action)
    elif form.validate() and (draft := _draft(form)) is not None:
        services.change_action(session, action, draft, actor=actor)
        session.commit()
        return _to_action(action, "action-changed")
    status = 422 if form.errors else 200
    return render_template("actions/edit.html", form=form, action=action, actor=actor), status


def _page_of(action: Action, actor: Actor, form: MoveForm) -> str:
    return render_template(
        "actions/show.html",
        action=action,
        actor=actor,
        form=form,
        about=forms.about_words(action),
        figures=_before_after(action) if actor.may_read_figures(action) else None,
        today=_today(),
        **NAMES,
    )


def _before_after(action: Action) -> BeforeAfter | None:
    """Lay the figures out, once the worker has made the reports that they stand in."""
    session = get_session()
    if action.wave.release is None:
        return None
    later = queries.later_wave(session, action.wave)
    keys = [
        reports.wave_report_key(session, wave.key)
        for wave in (action.wave, later)
        if wave is not None
    ]
    found = [reports.stored_report(session, key) for key in keys if key is not None]
    documents = [document for document in found if document is not None]
    if len(documents) < len(found):
        return None
    return follow_ups.before_after(action, documents, done_on=queries.done_on(action))


def _actor() -> Actor:
    return actor_of(
        get_session(),
        current_user.id,
        roles=current_user.roles,
        managed_team_ids=current_user.managed_team_ids,
        on=_today(),
    )


def _today() -> date:
    return datetime.now(UTC).date()


def _action(action_id: int, actor: Actor) -> Action:
    action = queries.find_action(get_session(), actor, action_id)
    if action is None:
        abort(404)
    return action


def _wanted() -> Wanted:
    """Read which actions are asked for; what is no choice asks for any."""
    team, status = request.args.get("team", ""), request.args.get("status", "")
    tag = request.args.get("tag", "")
    is_number = team.isascii() and team.isdigit() and len(team) < 10
    return Wanted(
        team_id=int(team) if is_number else None,
        status=status if status in STATUSES else "",
        tag=tag if tag in TAGS else "",
    )


def _proposed() -> dict[str, str]:
    """Begin with the viewer as owner, and with the team that a link to the form names."""
    team = queries.team_with_key(get_session(), request.args.get("key", ""))
    return {"owner": current_user.email or "", "team": str(team.id) if team else ""}


def _teams(actor: Actor, *, besides: Action | None = None) -> list[tuple[int, str]]:
    """List the open teams that a viewer may write for, and the one it is for already."""
    found = [
        (row.id, row.path)
        for row in tree(get_session(), on=_today())
        if actor.may_write_for(row.id)
    ]
    if besides is not None and besides.team_id not in {team for team, _ in found}:
        found.append((besides.team_id, f"{besides.team.name} (closed)"))
    return found


def _draft(form: ActionForm) -> Draft | None:
    """Read a valid form; an owner whom nobody knows is an error of the form."""
    address = form.owner.data or ""
    owner = people.find_by_email(get_session(), address) if address else None
    if address and owner is None:
        form.owner.errors = ["Nobody on the list has this address."]
        return None
    return Draft(owner_id=owner.id if owner is not None else None, **form.values())


def _to_action(action: Action, notice: str) -> ResponseReturnValue:
    return redirect(url_for(".show", action_id=action.id, notice=notice), code=303)
