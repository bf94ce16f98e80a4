"""Pages of the touchpoints and of the addresses customers answer at."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import segno
from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form

from app.database import get_session
from app.manage.touchpoint_forms import CHANNEL_NAMES, NO_TEAM, LinkForm, TouchpointForm
from app.models import CustomerLink, SurveyVersion, Team, Touchpoint
from app.queries import touchpoints as queries
from app.security import allow
from app.services import touchpoints as services
from app.services.errors import NotFound

bp = Blueprint("touchpoints", __name__, url_prefix="/touchpoints")
staff = allow("cx_manager", "administrator")


@bp.get("/")
@staff
def index() -> ResponseReturnValue:
    """List the touchpoints."""
    lines = queries.list_touchpoints(get_session())
    return render_template("touchpoints/index.html", touchpoints=lines)


@bp.route("/new", methods=["GET", "POST"])
@staff
def new() -> ResponseReturnValue:
    """Add a touchpoint."""
    form, session = TouchpointForm(request.form), get_session()
    if request.method == "POST" and form.validate():
        touchpoint = services.add_touchpoint(
            session, name=form.name.data or "", stage=form.stage.data
        )
        session.commit()
        return _to_touchpoint(touchpoint, "touchpoint-added")
    return _form_page("touchpoints/new.html", form)


@bp.get("/<int:touchpoint_id>")
@staff
def show(touchpoint_id: int) -> ResponseReturnValue:
    """Show a touchpoint and its addresses."""
    touchpoint, session = _touchpoint(touchpoint_id), get_session()
    return render_template(
        "touchpoints/show.html",
        touchpoint=touchpoint,
        links=queries.list_links(session, touchpoint.id),
        channel_names=CHANNEL_NAMES,
    )


@bp.route("/<int:touchpoint_id>/edit", methods=["GET", "POST"])
@staff
def edit(touchpoint_id: int) -> ResponseReturnValue:
    """Change the name and the stage of a touchpoint."""
    touchpoint, session = _touchpoint(touchpoint_id), get_session()
    form = TouchpointForm(request.form, obj=touchpoint)
    if request.method == "POST" and form.validate():
        services.change_touchpoint(
            session, touchpoint, name=form.name.data or "", stage=form.stage.data
        )
        session.commit()
        return _to_touchpoint(touchpoint, "touchpoint-changed")
    return _form_page("touchpoints/edit.html", form, touchpoint=touchpoint)


@bp.post("/<int:touchpoint_id>/retire")
@staff
def retire(touchpoint_id: int) -> ResponseReturnValue:
    """Take no more answers at any address of a touchpoint."""
    touchpoint = _touchpoint(touchpoint_id)
    services.retire_touchpoint(touchpoint)
    get_session().commit()
    return _to_touchpoint(touchpoint, "touchpoint-retired")


@bp.post("/<int:touchpoint_id>/restore")
@staff
def restore(touchpoint_id: int) -> ResponseReturnValue:
    """Bring a retired touchpoint back."""
    touchpoint = _touchpoint(touchpoint_id)
    services.restore_touchpoint(touchpoint)
    get_session().commit()
    return _to_touchpoint(touchpoint, "touchpoint-restored")


@bp.route("/<int:touchpoint_id>/links/new", methods=["GET", "POST"])
@staff
def new_link(touchpoint_id: int) -> ResponseReturnValue:
    """Make an address for a touchpoint."""
    touchpoint, session = _touchpoint(touchpoint_id), get_session()
    versions = list(queries.newest_versions(session).values())
    form = LinkForm(request.form)
    form.offer(queries.list_open_teams(session), versions)
    if request.method == "POST" and form.validate():
        link = services.add_link(
            session,
            touchpoint,
            channel=form.channel.data,
            team=None if form.team.data == NO_TEAM else session.get(Team, int(form.team.data)),
            version=session.get_one(SurveyVersion, int(form.version.data)),
            now=datetime.now(UTC),
        )
        session.commit()
        return _to_link(link, "link-added")
    return _form_page("touchpoints/new_link.html", form, touchpoint=touchpoint, versions=versions)


@bp.get("/links/<int:link_id>")
@staff
def link(link_id: int) -> ResponseReturnValue:
    """Show one address, ready to be copied, printed or mailed."""
    found, session = _link(link_id), get_session()
    newest = queries.newest_versions(session).get(found.survey_version.key)
    return render_template(
        "touchpoints/link.html",
        link=found,
        address=_address(found),
        channel=CHANNEL_NAMES[found.channel],
        newest=newest,
    )


@bp.get("/links/<int:link_id>/code.svg")
@staff
def code(link_id: int) -> ResponseReturnValue:
    """Draw the QR code of an address."""
    drawing = BytesIO()
    segno.make(_address(_link(link_id)), error="m", micro=False).save(
        drawing, kind="svg", omitsize=True, border=2, light="#fff", svgclass=None, lineclass=None
    )
    return Response(drawing.getvalue(), mimetype="image/svg+xml")


@bp.get("/links/<int:link_id>/poster")
@staff
def poster(link_id: int) -> ResponseReturnValue:
    """Show a poster with the QR code, ready to be printed."""
    found = _link(link_id)
    return render_template("touchpoints/poster.html", link=found, address=_address(found))


@bp.post("/links/<int:link_id>/retire")
@staff
def retire_link(link_id: int) -> ResponseReturnValue:
    """Take no more answers at an address."""
    found = _link(link_id)
    services.retire_link(found)
    get_session().commit()
    return _to_link(found, "link-retired")


@bp.post("/links/<int:link_id>/restore")
@staff
def restore_link(link_id: int) -> ResponseReturnValue:
    """Take answers at a retired address again."""
    found = _link(link_id)
    services.restore_link(found)
    get_session().commit()
    return _to_link(found, "link-restored")


@bp.post("/links/<int:link_id>/ask-newest")
@staff
def ask_newest(link_id: int) -> ResponseReturnValue:
    """Ask the newest version of the questionnaire at an address that is out already."""
    found, session = _link(link_id), get_session()
    newest = queries.newest_versions(session).get(found.survey_version.key)
    if newest is None:
        raise NotFound("There is no newer version of this questionnaire.")
    services.ask(found, newest, now=datetime.now(UTC))
    session.commit()
    return _to_link(found, "link-updated")


def _touchpoint(touchpoint_id: int) -> Touchpoint:
    return get_session().get_one(Touchpoint, touchpoint_id)


def _link(link_id: int) -> CustomerLink:
    return get_session().get_one(CustomerLink, link_id)


def _address(link: CustomerLink) -> str:
    public_url: str = current_app.config["SETTINGS"].public_url
    return public_url.rstrip("/") + url_for("respond.questionnaire", token=link.token)


def _form_page(template: str, form: Form, **context: object) -> ResponseReturnValue:
    status = 422 if form.errors else 200
    return render_template(template, form=form, **context), status


def _to_touchpoint(touchpoint: Touchpoint, notice: str) -> ResponseReturnValue:
    return redirect(url_for(".show", touchpoint_id=touchpoint.id, notice=notice), code=303)


def _to_link(link: CustomerLink, notice: str) -> ResponseReturnValue:
    return redirect(url_for(".link", link_id=link.id, notice=notice), code=303)
