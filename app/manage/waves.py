"""Pages of the waves: planning, opening with its letters, closing, cancelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import exchange, handover, printing
from app.config import Settings
from app.database import get_session
from app.manage.wave_forms import ExtendForm, WaveForm
from app.models import Wave
from app.queries import survey_versions as version_queries
from app.queries import waves as wave_queries
from app.security import allow
from app.services import letters as code_letters
from app.services import rosters, survey_versions, waves
from app.services.errors import Conflict, Refusal
from app.services.letters import Letters
from surveys.errors import SurveyError
from surveys.lifecycle import Move, State, moved

bp = Blueprint("waves", __name__, url_prefix="/waves")

EMPLOYEES = frozenset({"employees"})


@bp.get("/")
@allow("hr", "administrator")
def index() -> ResponseReturnValue:
    """List the waves."""
    return render_template("waves/index.html", waves=wave_queries.list_waves(get_session()))


@bp.route("/new", methods=["GET", "POST"])
@allow("hr")
def create() -> ResponseReturnValue:
    """Plan a wave."""
    session, now = get_session(), datetime.now(UTC)
    today = now.date()
    plan = {"opens_on": today, "closes_on": today + timedelta(days=7)}
    form = WaveForm(request.form, data=plan).offer(wave_queries.choosable_versions(session))
    if request.method == "POST" and form.validate():
        wave = waves.create(session, now=now, **_plan_of(form))
        session.commit()
        return redirect(url_for("waves.show", wave_id=wave.id, notice="wave-planned"), 303)
    return render_template("waves/edit.html", form=form, wave=None)


@bp.get("/<int:wave_id>")
@allow("hr", "administrator")
def show(wave_id: int) -> ResponseReturnValue:
    """Show one wave: its days, its groups, and after its release how many answered."""
    session = get_session()
    wave = waves.find(session, wave_id)
    return render_template(
        "waves/show.html",
        wave=wave,
        groups=wave_queries.groups_of(wave),
        facts=wave_queries.release_facts(session, wave_id),
        address=_address(wave),
    )


@bp.route("/<int:wave_id>/edit", methods=["GET", "POST"])
@allow("hr")
def edit(wave_id: int) -> ResponseReturnValue:
    """Change the plan of a draft."""
    session = get_session()
    wave = waves.find(session, wave_id)
    moved(wave.state, Move.OPEN)
    plan = {"survey_version": wave.survey_version_id}
    form = WaveForm(request.form, data={**_plan_in(wave), **plan}).offer(
        wave_queries.choosable_versions(session, besides=wave.survey_version_id)
    )
    if request.method == "POST" and form.validate():
        waves.edit(wave, **_plan_of(form))
        session.commit()
        return redirect(url_for("waves.show", wave_id=wave_id, notice="wave-changed"), 303)
    return render_template("waves/edit.html", form=form, wave=wave)


@bp.get("/<int:wave_id>/open")
@allow("hr")
def preview(wave_id: int) -> ResponseReturnValue:
    """Show with whom people would be counted, before anything is frozen."""
    session, today = get_session(), datetime.now(UTC).date()
    wave = waves.find(session, wave_id)
    moved(wave.state, Move.OPEN)
    questionnaire = survey_versions.questionnaire_of(wave.survey_version)
    return render_template(
        "waves/open.html",
        wave=wave,
        has_scores=version_queries.has_scores(questionnaire),
        has_engagement=version_queries.has_engagement(questionnaire),
        preview=rosters.preview(session, on=today, k_group=wave.k_group),
        by_file=isinstance(_collector(), exchange.NoCollector),
        today=today,
    )


@bp.post("/<int:wave_id>/open")
@allow("hr")
def open_wave(wave_id: int) -> ResponseReturnValue:
    """Open the wave; the page that answers is the only place where the codes ever stand."""
    settings, pages = _settings(), []

    def lay_out(drawn: Letters) -> None:
        letters = printing.printed(drawn)
        pages.append(render_template("waves/letters.html", drawn=drawn, letters=letters))

    handover.open_wave(
        get_session(),
        wave_id,
        collector=_collector(),
        organisation=settings.organisation,
        collector_url=settings.collector_url,
        now=datetime.now(UTC),
        lay_out=lay_out,
    )
    return pages[0]


@bp.post("/<int:wave_id>/letters.pdf")
@allow("hr")
def letters_pdf(wave_id: int) -> ResponseReturnValue:
    """Set the letters that the page hands back as a PDF, and keep nothing."""
    settings = _settings()
    wave = waves.find(get_session(), wave_id)
    if wave.state is not State.OPEN:
        raise Conflict("Letters are printed while the wave is open.")
    handed_back = {name: request.form[name].split() for name in request.form}
    drawn = code_letters.reprint(
        wave,
        handed_back,
        organisation=settings.organisation,
        collector_url=settings.collector_url,
    )
    return Response(
        printing.pdf_of(drawn),
        mimetype="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="letters-{wave.key}.pdf"'},
    )


@bp.route("/<int:wave_id>/extend", methods=["GET", "POST"])
@allow("hr")
def extend(wave_id: int) -> ResponseReturnValue:
    """Put off the closing day."""
    session, today = get_session(), datetime.now(UTC).date()
    wave = waves.find(session, wave_id)
    moved(wave.state, Move.EXTEND)
    later = max(wave.closes_on, today) + timedelta(days=7)
    form = ExtendForm(request.form, data={"closes_on": later})
    if request.method == "POST" and form.validate() and form.closes_on.data:
        try:
            handover.extend_wave(
                session,
                wave_id,
                closes_on=form.closes_on.data,
                collector=_collector(),
                today=today,
            )
        except (Refusal, SurveyError) as refusal:
            session.rollback()
            form.closes_on.errors = [str(refusal)]
        else:
            return redirect(url_for("waves.show", wave_id=wave_id, notice="wave-extended"), 303)
    return render_template("waves/extend.html", form=form, wave=wave)


@bp.route("/<int:wave_id>/close", methods=["GET", "POST"])
@allow("hr")
def close(wave_id: int) -> ResponseReturnValue:
    """Close the wave, or go on with a closing that broke off."""
    session = get_session()
    if request.method == "POST":
        handover.close_wave(session, wave_id, collector=_collector(), now=datetime.now(UTC))
        return redirect(url_for("waves.show", wave_id=wave_id, notice="wave-released"), 303)
    wave = waves.find(session, wave_id)
    if wave.state is not State.CLOSED:
        moved(wave.state, Move.CLOSE)
    return render_template("waves/close.html", wave=wave)


@bp.route("/<int:wave_id>/cancel", methods=["GET", "POST"])
@allow("hr")
def cancel(wave_id: int) -> ResponseReturnValue:
    """Cancel the wave; its answers are destroyed unread."""
    session = get_session()
    if request.method == "POST":
        handover.cancel_wave(session, wave_id, collector=_collector(), now=datetime.now(UTC))
        return redirect(url_for("waves.show", wave_id=wave_id, notice="wave-cancelled"), 303)
    wave = waves.find(session, wave_id)
    moved(wave.state, Move.CANCEL)
    return render_template("waves/cancel.html", wave=wave)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _collector() -> exchange.CollectorClient:
    """Find the way to the collector; tests put one of their own in its place."""
    client: exchange.CollectorClient | None = current_app.extensions.get("collector")
    return client or exchange.for_settings(_settings())


def _address(wave: Wave) -> str:
    return code_letters.answer_address(wave.key, collector_url=_settings().collector_url)


def _plan_of(form: WaveForm) -> dict[str, Any]:
    version = survey_versions.find(get_session(), form.survey_version.data, audiences=EMPLOYEES)
    names = ("title", "opens_on", "closes_on", "profile")
    return {**{name: form[name].data for name in names}, "survey_version": version}


def _plan_in(wave: Wave) -> dict[str, Any]:
    return {name: getattr(wave, name) for name in ("title", "opens_on", "closes_on", "profile")}
