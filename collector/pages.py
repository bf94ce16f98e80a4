"""The pages on which employees answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    abort,
    redirect,
    render_template,
    request,
    send_from_directory,
)
from flask.typing import ResponseReturnValue

from collector.errors import status_of
from collector.openings import Opening
from collector.store import Store
from surveys.answers import Reading, read_answers
from surveys.errors import RightRefused

STATIC = Path(__file__).resolve().parent.parent / "static"

SCRIPTS = frozenset({"code.js"})

NOTHING_ANSWERED = "Answer at least one question; your code is still good."


def blueprint(store: Store) -> Blueprint:
    """Build the respondents' routes over one store."""
    bp = Blueprint("pages", __name__)
    rendered: dict[tuple[str, str], str] = {}

    @bp.get("/")
    def index() -> ResponseReturnValue:
        """List the open surveys."""
        return render_template("collector/index.html", waves=store.open_waves())

    @bp.get("/w/<wave>")
    def questionnaire(wave: str) -> ResponseReturnValue:
        """Show the questions, the same bytes to everybody."""
        opening, closes_on = store.opening(wave), store.state(wave).closes_on
        page = rendered.get((wave, closes_on))
        if page is None:
            page = rendered[wave, closes_on] = _form(opening, closes_on)
        return page

    @bp.post("/w/<wave>")
    def submit(wave: str) -> ResponseReturnValue:
        """Store answers under a code, or show the form again with everything typed."""
        opening = store.opening(wave)
        if request.mimetype != "application/x-www-form-urlencoded":
            abort(415)
        fields = request.form.to_dict(flat=False)
        codes, reading = fields.get("code", []), read_answers(opening.questionnaire, fields)
        errors, status = dict(reading.errors), 422
        if not reading.answers and not errors:
            errors["code"] = NOTHING_ANSWERED
        if not errors:
            try:
                store.submit(wave, " ".join(codes), reading.answers)
            except RightRefused as refusal:
                errors["code"], status = str(refusal), status_of(refusal)
            else:
                return redirect(f"/w/{wave}/thanks", code=303)
        closes_on = store.state(wave).closes_on
        page = _form(opening, closes_on, codes=codes, reading=reading, errors=errors)
        return page, status

    @bp.get("/w/<wave>/thanks")
    def thanks(wave: str) -> ResponseReturnValue:
        """Say thank you; the page is the same for everyone."""
        store.state(wave)
        page = Response(render_template("collector/thanks.html"))
        # Not "cookies": that would reach neighbouring host names and sign people out there.
        page.headers["Clear-Site-Data"] = '"cache", "storage"'
        return page

    @bp.get("/healthz")
    def healthz() -> ResponseReturnValue:
        """Say that the program runs, and hide when the store was last written."""
        store.blur_times()
        return {"status": "ok"}

    @bp.get("/static/css/<name>")
    def style(name: str) -> ResponseReturnValue:
        """Serve a style sheet."""
        return _file("css", name)

    @bp.get("/static/js/<name>")
    def script(name: str) -> ResponseReturnValue:
        """Serve the script that helps with typing the code, and no other."""
        if name not in SCRIPTS:
            abort(404)
        return _file("js", name)

    return bp


def static_url(path: str) -> str:
    """Give the address of a file under static/."""
    return f"/static/{path}"


def _file(folder: str, name: str) -> Response:
    # No tag and no date: a browser that sent one back would tell that it had been here.
    file = send_from_directory(STATIC / folder, name, conditional=False, etag=False)
    del file.headers["Last-Modified"]
    return file


def _form(
    opening: Opening,
    closes_on: str,
    *,
    codes: Sequence[str] = (),
    reading: Reading | None = None,
    errors: dict[str, str] | None = None,
) -> str:
    return render_template(
        "collector/questionnaire.html",
        opening=opening,
        questionnaire=opening.questionnaire,
        closes_on=date.fromisoformat(closes_on),
        code=" ".join(codes),
        raw=reading.raw if reading else {},
        errors=errors or {},
    )
