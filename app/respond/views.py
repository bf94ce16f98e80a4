"""Pages on which customers answer, without signing in and without a cookie."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from app.intake import Intake
from app.respond.doors import Door, Doors
from app.security import public
from app.services.customer_responses import Entry, new_submission
from surveys.answers import Reading, preselect, read_answers
from surveys.questionnaires import Questionnaire
from surveys.questions import Answer, Recommendation
from surveys.scoring import recommendation_class

bp = Blueprint("respond", __name__, url_prefix="/s")

MAX_FORM_BYTES = 2**17
SUBMISSION = re.compile(r"[A-Za-z0-9_-]{16,32}")
# What the address of the thank-you page says; it is read by people and kept in histories.
MOODS = {"promoter": "high", "passive": "middle", "detractor": "low"}


@bp.record_once
def prepare(state: BlueprintSetupState) -> None:
    """Give the application its intake and its doors."""
    engine = state.app.extensions["sessions"].kw["bind"]
    state.app.extensions["intake"] = Intake(engine)
    state.app.extensions["doors"] = Doors(engine)


@bp.get("/<token>")
@public
def questionnaire(token: str) -> ResponseReturnValue:
    """Show the form; what the address preselects is filled in, and nothing is recorded."""
    door = _find_door(token)
    if door is None or door.facts.is_retired:
        return _gone(door)
    if request.query_string:
        return _form(door, token, preselect(door.questionnaire, _query(door.questionnaire)))
    if not door.page:
        door.page = tuple(_form(door, token, Reading(), submission=MARK).split(MARK))
    return new_submission().join(door.page)


@bp.post("/<token>")
@public
def submit(token: str) -> ResponseReturnValue:
    """Record the answers, once per submission, and go on to the thanks."""
    request.max_content_length = MAX_FORM_BYTES
    door = _find_door(token)
    if door is None or door.facts.is_retired:
        return _gone(door)
    form = _typed()
    reading = read_answers(door.questionnaire, form)
    submission = form.get("submission", [""])[0]
    if not SUBMISSION.fullmatch(submission):
        submission = new_submission()
    missing = "" if reading.answers or reading.errors else NOTHING_ANSWERED
    if missing or reading.errors:
        return _form(door, token, reading, submission=submission, missing=missing), 422
    today = datetime.now(UTC).date()
    intake: Intake = current_app.extensions["intake"]
    intake.put(Entry(door.facts.link_id, door.facts.team_id, submission, reading.answers, today))
    mood = _mood(door.questionnaire, reading.answers)
    return redirect(url_for("respond.thanks", token=token, mood=mood), code=303)


@bp.get("/<token>/thanks", defaults={"mood": None})
@bp.get("/<token>/thanks/<any(high, middle, low):mood>")
@public
def thanks(token: str, mood: str | None) -> ResponseReturnValue:
    """Say thank you, in words that fit the answer."""
    door = _find_door(token)
    if door is None:
        return _gone(door)
    return render_template(
        "respond/thanks.html", touchpoint_name=door.facts.touchpoint_name, mood=mood
    )


NOTHING_ANSWERED = "Answer at least one question, or close this page."
# Stands in the prepared page where each visitor's own submission value goes.
MARK = "submission-goes-here"


def _find_door(token: str) -> Door | None:
    doors: Doors = current_app.extensions["doors"]
    return doors.find(token)


def _form(
    door: Door, token: str, reading: Reading, *, submission: str | None = None, missing: str = ""
) -> str:
    return render_template(
        "respond/questionnaire.html",
        questionnaire=door.questionnaire,
        reading=reading,
        touchpoint_name=door.facts.touchpoint_name,
        submission=submission or new_submission(),
        form_error=missing,
        action=url_for("respond.submit", token=token),
    )


def _typed() -> dict[str, list[str]]:
    """Read the form by hand: a tenth of the time, and a page like ours sends no files."""
    text = request.get_data(cache=False).decode("ascii", "replace")
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=500)
    except ValueError:
        abort(400)


def _gone(door: Door | None) -> ResponseReturnValue:
    return render_template("respond/gone.html", is_retired=door is not None), 410 if door else 404


def _query(questionnaire: Questionnaire) -> dict[str, list[str]]:
    """Read what an address preselects; ``score`` stands for the item from 0 to 10."""
    query = dict(request.args.lists())
    if "score" in query:
        for question in questionnaire.asked:
            if isinstance(question, Recommendation):
                query.setdefault(question.key, query["score"])
                break
    return query


def _mood(questionnaire: Questionnaire, answers: dict[str, Answer]) -> str | None:
    for question in questionnaire.asked:
        answer = answers.get(question.key)
        if isinstance(question, Recommendation) and isinstance(answer, int):
            return MOODS[recommendation_class(answer)]
    return None
