"""Pages of the questionnaires: copying, editing, previewing, versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import ImmutableMultiDict
from wtforms import Form

from app.database import get_session
from app.manage.survey_forms import ITEM_FORMS, TYPE_WORDS, ConstructForm, DetailsForm
from app.models import SurveyVersion
from app.queries import survey_versions as version_queries
from app.security import allow
from app.services import survey_versions
from app.services.errors import NotFound
from surveys.answers import read_answers
from surveys.errors import BadQuestionnaire

bp = Blueprint("surveys", __name__, url_prefix="/surveys")

EDITORS = ("hr", "cx_manager", "administrator")


@bp.get("/")
@allow(*EDITORS)
def index() -> ResponseReturnValue:
    """List the own questionnaires, and those that come with Headwater."""
    audiences = survey_versions.audiences_of(current_user.roles)
    return render_template(
        "surveys/index.html",
        versions=version_queries.list_versions(get_session(), audiences=audiences),
        bundled=version_queries.list_bundled(audiences=audiences),
    )


@bp.post("/copy/<key>")
@allow(*EDITORS)
def copy(key: str) -> ResponseReturnValue:
    """Copy a questionnaire that comes with Headwater."""
    session = get_session()
    audiences = survey_versions.audiences_of(current_user.roles)
    if key not in {q.key for q in version_queries.list_bundled(audiences=audiences)}:
        raise NotFound("There is no such questionnaire.")
    version = survey_versions.copy_bundled(session, key, now=datetime.now(UTC))
    session.commit()
    return redirect(url_for("surveys.show", version_id=version.id, notice="survey-copied"), 303)


@bp.get("/<int:version_id>")
@allow(*EDITORS)
def show(version_id: int) -> ResponseReturnValue:
    """Show one version with everything that can be done to it."""
    version = _find(version_id)
    questionnaire = survey_versions.questionnaire_of(version)
    asked_before = survey_versions.keys_asked_before(get_session(), version)
    return render_template(
        "surveys/show.html",
        version=version,
        questionnaire=questionnaire,
        items=version_queries.items_of(questionnaire, asked_before=asked_before),
        types=TYPE_WORDS,
    )


@bp.get("/<int:version_id>/preview")
@allow(*EDITORS)
def preview(version_id: int) -> ResponseReturnValue:
    """Show the questions as a respondent sees them; nothing can be sent."""
    version = _find(version_id)
    questionnaire = survey_versions.questionnaire_of(version)
    return render_template(
        "surveys/preview.html",
        version=version,
        questionnaire=questionnaire,
        reading=read_answers(questionnaire, {}),
    )


@bp.route("/<int:version_id>/details", methods=["GET", "POST"])
@allow(*EDITORS)
def details(version_id: int) -> ResponseReturnValue:
    """Change title, language, introduction, source and licence."""
    version = _find(version_id)
    form = DetailsForm(_typed(), data=version.definition)
    if request.method == "POST" and _saved(
        form, lambda: survey_versions.describe(version, form.data)
    ):
        return _back(version)
    return render_template("surveys/details.html", version=version, form=form)


@bp.route("/<int:version_id>/items/new/<kind>", methods=["GET", "POST"])
@allow(*EDITORS)
def add_item(version_id: int, kind: str) -> ResponseReturnValue:
    """Add an item of one type."""
    version = _find(version_id)
    if kind not in ITEM_FORMS:
        raise NotFound("There is no such type of item.")
    form = ITEM_FORMS[kind](_typed())
    if request.method == "POST" and _saved(
        form, lambda: survey_versions.add_item(version, {"type": kind, **form.definition()})
    ):
        return _back(version, item=form.key.data)
    return render_template(
        "surveys/item.html", version=version, form=form, kind=TYPE_WORDS[kind], item=None
    )


@bp.route("/<int:version_id>/items/<key>", methods=["GET", "POST"])
@allow(*EDITORS)
def item(version_id: int, key: str) -> ResponseReturnValue:
    """Word an item anew, or change its points, labels or answers."""
    version = _find(version_id)
    found = survey_versions.item_of(version, key)
    form = ITEM_FORMS[found["type"]](_typed())
    if request.method == "GET":
        form.fill(found)
    del form.key
    if request.method == "POST" and _saved(
        form, lambda: survey_versions.change_item(version, key, form.definition())
    ):
        return _back(version, item=key)
    kind = TYPE_WORDS[found["type"]]
    return render_template("surveys/item.html", version=version, form=form, kind=kind, item=found)


@bp.post("/<int:version_id>/items/<key>/<any(up, down, retire, restore, remove):deed>")
@allow(*EDITORS)
def do_to_item(version_id: int, key: str, deed: str) -> ResponseReturnValue:
    """Move, retire, restore or remove an item."""
    session, version = get_session(), _find(version_id)
    if deed == "up":
        survey_versions.move_item(version, key, by=-1)
    elif deed == "down":
        survey_versions.move_item(version, key, by=1)
    elif deed == "retire":
        survey_versions.retire_item(version, key)
    elif deed == "restore":
        survey_versions.restore_item(version, key)
    else:
        survey_versions.remove_item(session, version, key)
    session.commit()
    return _back(version, item=key)


@bp.route("/<int:version_id>/constructs/new", methods=["GET", "POST"])
@allow(*EDITORS)
def add_construct(version_id: int) -> ResponseReturnValue:
    """Average some items into one more score."""
    version = _find(version_id)
    form = ConstructForm(_typed()).offer(version.definition["items"])
    if request.method == "POST" and _saved(
        form, lambda: survey_versions.add_construct(version, form.definition())
    ):
        return _back(version)
    return render_template("surveys/construct.html", version=version, form=form, construct=None)


@bp.route("/<int:version_id>/constructs/<key>", methods=["GET", "POST"])
@allow(*EDITORS)
def construct(version_id: int, key: str) -> ResponseReturnValue:
    """Change which items a score is made of."""
    version = _find(version_id)
    found = survey_versions.construct_of(version, key)
    form = ConstructForm(_typed(), data=found).offer(version.definition["items"])
    if request.method == "POST":
        form.key.data = key
    if request.method == "POST" and _saved(
        form, lambda: survey_versions.change_construct(version, key, form.definition())
    ):
        return _back(version)
    return render_template("surveys/construct.html", version=version, form=form, construct=found)


@bp.route("/<int:version_id>/constructs/<key>/remove", methods=["GET", "POST"])
@allow(*EDITORS)
def remove_construct(version_id: int, key: str) -> ResponseReturnValue:
    """Ask first, then average these items no more."""
    version = _find(version_id)
    if request.method == "POST":
        survey_versions.remove_construct(version, key)
        get_session().commit()
        return redirect(
            url_for("surveys.show", version_id=version_id, notice="construct-removed"), 303
        )
    return render_template(
        "surveys/remove_construct.html",
        version=version,
        construct=survey_versions.construct_of(version, key),
        is_linked=version.audience == "employees" and key == version_queries.ENGAGEMENT,
    )


@bp.post("/<int:version_id>/version")
@allow(*EDITORS)
def new_version(version_id: int) -> ResponseReturnValue:
    """Begin the next version of a frozen one."""
    session = get_session()
    made = survey_versions.new_version(session, _find(version_id), now=datetime.now(UTC))
    session.commit()
    return redirect(url_for("surveys.show", version_id=made.id, notice="survey-version"), 303)


@bp.post("/<int:version_id>/discard")
@allow(*EDITORS)
def discard(version_id: int) -> ResponseReturnValue:
    """Delete a version that was never used."""
    session = get_session()
    survey_versions.discard(session, _find(version_id))
    session.commit()
    return redirect(url_for("surveys.index", notice="survey-discarded"), 303)


@bp.post("/<int:version_id>/retire")
@allow(*EDITORS)
def retire(version_id: int) -> ResponseReturnValue:
    """Offer a version no more."""
    survey_versions.retire(_find(version_id))
    get_session().commit()
    return redirect(url_for("surveys.show", version_id=version_id, notice="survey-retired"), 303)


@bp.post("/<int:version_id>/restore")
@allow(*EDITORS)
def restore(version_id: int) -> ResponseReturnValue:
    """Offer a version again."""
    survey_versions.restore(_find(version_id))
    get_session().commit()
    return redirect(url_for("surveys.show", version_id=version_id, notice="survey-restored"), 303)


def _find(version_id: int) -> SurveyVersion:
    audiences = survey_versions.audiences_of(current_user.roles)
    return survey_versions.find(get_session(), version_id, audiences=audiences)


def _typed() -> ImmutableMultiDict[str, str] | None:
    """Read the form that was sent; a page that is only shown has none, and keeps its ticks."""
    return request.form if request.method == "POST" else None


def _saved(form: Form, deed: Callable[[], None]) -> bool:
    """Do and commit what a valid form asks for; what the questionnaire refuses, the form says."""
    if not form.validate():
        return False
    try:
        deed()
    except BadQuestionnaire as refusal:
        form.form_errors = [str(refusal)]
        return False
    get_session().commit()
    return True


def _back(version: SurveyVersion, *, item: str | None = None) -> ResponseReturnValue:
    anchor = None if item is None else f"item-{item}"
    return redirect(url_for("surveys.show", version_id=version.id, _anchor=anchor), 303)
