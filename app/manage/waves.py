"""Pages of the waves: planning, preparing, opening, closing, cancelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from app import exchange, handover, printing
from app.config import Settings
from app.database import get_session
from app.installation import Installation
from app.key_folder import KeyFolder
from app.manage.wave_forms import ExtendForm, SignedForm, WaveForm
from app.models import Wave
from app.queries import survey_versions as version_queries
from app.queries import waves as wave_queries
from app.security import allow
from app.services import (
    board_notices,
    openings,
    promises,
    rosters,
    spare_keys,
    survey_versions,
    wave_mails,
    waves,
)
from app.services import letters as code_letters
from app.services.errors import Conflict, NotFound, Refusal
from app.services.letters import Letters
from surveys.errors import CountKeyNeeded, SurveyError
from surveys.lifecycle import Move, State, moved

bp = Blueprint("waves", __name__, url_prefix="/waves")

EMPLOYEES = frozenset({"employees"})
PLANNED = ("title", "opens_on", "closes_on", "rights", "profile")
# A manifest holds about 600 bytes for each group: room for 20,000 groups.
MAX_SIGNED_BYTES = 16 * 2**20
TOO_LARGE = (
    "This file is larger than 16 MB, the most that is taken here. A manifest of 20,000 groups "
    "is smaller, so it is probably another file."
)


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
    """Show one wave: its days, its groups, what it waits for; no counts before its release."""
    return _show(waves.find(get_session(), wave_id), SignedForm())


@bp.route("/<int:wave_id>/edit", methods=["GET", "POST"])
@allow("hr")
def edit(wave_id: int) -> ResponseReturnValue:
    """Change the plan of a draft."""
    session = get_session()
    wave = waves.find(session, wave_id)
    waves.require_draft(wave)
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
    """Show with whom people would be counted and how they would answer, and freeze nothing."""
    session, today = get_session(), datetime.now(UTC).date()
    wave = waves.find(session, wave_id)
    moved(wave.state, Move.PREPARE)
    questionnaire = survey_versions.questionnaire_of(wave.survey_version)
    installation = Installation.of(_settings())
    groups = rosters.preview(session, on=today, k_group=wave.k_group, rights=wave.rights)
    return render_template(
        "waves/open.html",
        wave=wave,
        has_scores=version_queries.has_scores(questionnaire),
        has_engagement=version_queries.has_engagement(questionnaire),
        preview=groups,
        stock=spare_keys.stock(_keys(), n_needed=groups.n_groups_by_ballot),
        by_file=_is_by_file(),
        guardian=installation.guardian,
        needs_https="" if installation.is_safe_for_ballots else openings.NEEDS_HTTPS,
        today=today,
    )


@bp.post("/<int:wave_id>/prepare")
@allow("hr")
def prepare(wave_id: int) -> ResponseReturnValue:
    """Prepare the wave, so that its guardian can sign the manifest."""
    _prepare(wave_id)
    return redirect(url_for("waves.show", wave_id=wave_id, notice="wave-prepared"), 303)


@bp.get("/<int:wave_id>/manifest.json")
@allow("hr", "administrator")
def manifest(wave_id: int) -> ResponseReturnValue:
    """Hand out the manifest, for its guardian or anybody else."""
    wave = waves.find(get_session(), wave_id)
    if wave.manifest is None:
        raise NotFound("This wave has no manifest yet.")
    return Response(
        wave.manifest,
        mimetype="application/json",
        headers={"Content-Disposition": f'attachment; filename="manifest-{wave.key}.json"'},
    )


@bp.post("/<int:wave_id>/open")
@allow("hr")
def open_wave(wave_id: int) -> ResponseReturnValue:
    """
    Open the wave; where a guardian signs, with the file that was sent.

    If there are letters, the page that answers is the only place where their codes stand.
    """
    session = get_session()
    wave = waves.find(session, wave_id)
    if wave.state is State.PREPARED and _guardian_of(wave):
        if refusal := _take_signature(wave):
            form = SignedForm()
            form.signed.errors = [refusal]
            return _show(wave, form), 422
    else:
        _prepare(wave_id)
    pages = []

    def lay_out(drawn: Letters) -> None:
        letters = printing.printed(drawn)
        pages.append(render_template("waves/letters.html", drawn=drawn, letters=letters))

    drawn = handover.open_wave(
        session,
        wave_id,
        collector=_collector(),
        installation=Installation.of(_settings()),
        now=datetime.now(UTC),
        lay_out=lay_out,
    )
    if drawn.n:
        return pages[0]
    return redirect(url_for("waves.show", wave_id=wave_id, notice="wave-opened"), 303)


@bp.post("/<int:wave_id>/invite")
@allow("hr")
def invite(wave_id: int) -> ResponseReturnValue:
    """Tell people of a wave that opened by file, now that the collector has its opening."""
    handover.tell_of_wave(
        get_session(),
        wave_id,
        installation=Installation.of(_settings()),
        now=datetime.now(UTC),
    )
    return redirect(url_for("waves.show", wave_id=wave_id, notice="wave-told"), 303)


@bp.post("/<int:wave_id>/replan")
@allow("hr")
def replan(wave_id: int) -> ResponseReturnValue:
    """Take a prepared wave back to its plan."""
    handover.replan_wave(get_session(), wave_id, collector=_collector(), keys=_keys())
    return redirect(url_for("waves.show", wave_id=wave_id, notice="wave-replanned"), 303)


@bp.get("/<int:wave_id>/notice")
@allow("hr", "administrator")
def notice(wave_id: int) -> ResponseReturnValue:
    """Show the notice for the board: where to answer, and the fingerprint to compare."""
    wave = waves.find(get_session(), wave_id)
    written = board_notices.board_notice(
        get_session(), wave, installation=Installation.of(_settings())
    )
    return render_template("waves/notice.html", wave=wave, board=written)


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
        done = "wave-released"
        try:
            handover.close_wave(
                session, wave_id, collector=_collector(), keys=_keys(), now=datetime.now(UTC)
            )
        except CountKeyNeeded:
            done = "wave-waits"
        return redirect(url_for("waves.show", wave_id=wave_id, notice=done), 303)
    wave = waves.find(session, wave_id)
    if wave.state is not State.CLOSED:
        moved(wave.state, Move.CLOSE)
    is_early = wave.state is State.OPEN and datetime.now(UTC).date() <= wave.closes_on
    return render_template(
        "waves/close.html", wave=wave, guardian=_guardian_of(wave), is_before_its_end=is_early
    )


@bp.route("/<int:wave_id>/cancel", methods=["GET", "POST"])
@allow("hr")
def cancel(wave_id: int) -> ResponseReturnValue:
    """Cancel the wave; its answers are destroyed unread."""
    session = get_session()
    if request.method == "POST":
        handover.cancel_wave(
            session, wave_id, collector=_collector(), keys=_keys(), now=datetime.now(UTC)
        )
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


def _keys() -> KeyFolder:
    return KeyFolder(Path(_settings().key_folder))


def _is_by_file() -> bool:
    return isinstance(_collector(), exchange.NoCollector)


def _prepare(wave_id: int) -> None:
    session, now = get_session(), datetime.now(UTC)
    spare_keys.require(session, waves.find(session, wave_id), keys=_keys(), today=now.date())
    handover.prepare_wave(
        session,
        wave_id,
        collector=_collector(),
        installation=Installation.of(_settings()),
        keys=_keys(),
        now=now,
    )


def _show(wave: Wave, form: SignedForm) -> str:
    return render_template(
        "waves/show.html",
        wave=wave,
        form=form,
        groups=wave_queries.groups_of(wave),
        facts=wave_queries.release_facts(get_session(), wave.id),
        guardian=_guardian_of(wave),
        by_file=_is_by_file(),
        promised=promises.promised(wave),
        **_where(wave),
    )


def _guardian_of(wave: Wave) -> dict[str, Any] | None:
    """Find the guardian who signs a wave; the one of its manifest, not of the settings."""
    guardian: dict[str, Any] | None = (wave.opening or {}).get("guardian")
    return guardian


def _take_signature(wave: Wave) -> str:
    """Keep the signature that was sent; return why it cannot be used, if it cannot."""
    request.max_content_length = MAX_SIGNED_BYTES
    try:
        sent = request.files.get("signed")
    except RequestEntityTooLarge:
        return TOO_LARGE
    if sent is None or not sent.filename:
        return "" if wave.manifest_signature else "Choose the signed manifest first."
    try:
        handover.sign_wave(get_session(), wave.id, sent.read())
    except (Refusal, SurveyError) as refusal:
        get_session().rollback()
        return str(refusal)
    return ""


def _where(wave: Wave) -> dict[str, Any]:
    """Say where a wave is answered, and by which words people know it."""
    settings = _settings()
    return {
        "letter_address": code_letters.answer_address(
            wave.key, collector_url=settings.collector_url
        ),
        "ballot_address": wave_mails.ballot_address(
            wave, application=settings.public_url.rstrip("/")
        ),
        "has_ballots": any(group.right == "ballot" for group in wave.groups),
        "has_letters": any(group.right == "letter" for group in wave.groups),
    }


def _plan_of(form: WaveForm) -> dict[str, Any]:
    version = survey_versions.find(get_session(), form.survey_version.data, audiences=EMPLOYEES)
    return {**{name: form[name].data for name in PLANNED}, "survey_version": version}


def _plan_in(wave: Wave) -> dict[str, Any]:
    return {name: getattr(wave, name) for name in PLANNED}
