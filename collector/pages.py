"""The pages on which employees answer."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from collector.errors import status_of
from collector.openings import Opening
from collector.store import Store
from surveys.answers import Reading, read_answers
from surveys.codes import normalise
from surveys.errors import RightRefused, WaveNotOpen

STATIC = Path(__file__).resolve().parent.parent / "static"

OTHER_FILES = ("js/code.js", "icon.svg")

NOTHING_ANSWERED = "Answer at least one question. No code was used."


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a page says about an open survey."""

    href: str
    title: str
    closes_on: date
    n_eligible: int


def blueprint(store: Store) -> Blueprint:
    """Build the respondents' routes over one store."""
    bp = Blueprint("pages", __name__)
    rendered: dict[str, tuple[Card, str]] = {}
    files = {*OTHER_FILES, *(f"css/{sheet.name}" for sheet in STATIC.glob("css/*.css"))}

    @bp.get("/")
    def index() -> ResponseReturnValue:
        """List the open surveys."""
        opened = [opening for opening in store.open_waves() if opening.opens_on <= _today()]
        return render_template(
            "collector/index.html",
            waves=[_card(store, opening) for opening in opened],
            **({"organisation": opened[0].organisation} if opened else {}),
        )

    @bp.get("/w/<wave>")
    def questionnaire(wave: str) -> ResponseReturnValue:
        """Show the questions, the same bytes to everybody."""
        opening = _takes_answers(store, wave)
        card = _card(store, opening)
        if rendered.get(wave, (None,))[0] != card:
            rendered[wave] = card, _form(opening, card, reading=Reading())
        return rendered[wave][1]

    @bp.post("/w/<wave>")
    def submit(wave: str) -> ResponseReturnValue:
        """Store answers under a code, or show the form again with everything typed."""
        opening = _takes_answers(store, wave)
        if request.mimetype != "application/x-www-form-urlencoded":
            abort(415)
        fields = request.form.to_dict(flat=False)
        code = " ".join(fields.get("code", []))
        reading = read_answers(opening.questionnaire, fields)
        missing = "" if reading.answers or reading.errors else NOTHING_ANSWERED
        refusal, status = "", HTTPStatus.UNPROCESSABLE_ENTITY
        try:
            if missing or reading.errors:
                normalise(code)  # a mistyped code is told at once, and none is looked up
            else:
                store.submit(wave, code, reading.answers)
                return redirect(f"/w/{wave}/thanks", code=303)
        except RightRefused as error:
            refusal, status = str(error), status_of(error)
        card = _card(store, opening)
        page = _form(opening, card, code=code, reading=reading, refusal=refusal, missing=missing)
        return page, status

    @bp.get("/w/<wave>/thanks")
    def thanks(wave: str) -> ResponseReturnValue:
        """Say thank you; the page is the same for everyone."""
        opening = store.opening(wave)
        page = render_template(
            "collector/thanks.html",
            wave=_card(store, opening),
            organisation=opening.organisation,
        )
        # Not "cookies": that would reach neighbouring host names and sign people out there.
        return Response(page, headers={"Clear-Site-Data": '"cache", "storage"'})

    @bp.get("/healthz")
    def healthz() -> ResponseReturnValue:
        """Say that the program runs, and hide when the store was last written."""
        store.blur_times()
        return {"status": "ok"}

    @bp.get("/static/<path:name>")
    def file(name: str) -> ResponseReturnValue:
        """Serve a style sheet, the icon, or the script that helps with typing the code."""
        if name not in files:
            abort(404)
        # No tag and no date: a browser that sent one back would tell that it had been here.
        return Response((STATIC / name).read_bytes(), mimetype=mimetypes.guess_type(name)[0])

    return bp


def static_url(path: str) -> str:
    """Give the address of a file under static/."""
    return f"/static/{path}"


def _takes_answers(store: Store, wave: str) -> Opening:
    opening = store.opening(wave)
    if _today() < opening.opens_on:
        raise WaveNotOpen(f"This survey opens on {opening.opens_on:%-d %B %Y}.")
    return opening


def _today() -> date:
    return datetime.now(UTC).date()


def _card(store: Store, opening: Opening) -> Card:
    return Card(
        href=f"/w/{opening.wave}",
        title=opening.title,
        closes_on=date.fromisoformat(store.state(opening.wave).closes_on),
        n_eligible=opening.n_eligible,
    )


def _form(
    opening: Opening,
    card: Card,
    *,
    reading: Reading,
    code: str = "",
    refusal: str = "",
    missing: str = "",
) -> str:
    return render_template(
        "collector/questionnaire.html",
        organisation=opening.organisation,
        wave=card,
        questionnaire=opening.questionnaire,
        thresholds=opening.thresholds,
        action=card.href,
        reading=reading,
        code=code,
        code_error=refusal,
        form_error=missing,
    )
