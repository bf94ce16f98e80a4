"""The pages on which employees answer."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from collector.clients import address_of, promise_address_of
from collector.errors import status_of
from collector.folders import State
from collector.openings import Opening
from collector.rights import Accepted
from collector.store import Store
from surveys.answers import Reading, read_answers
from surveys.codes import normalise, printed
from surveys.encoding import encode
from surveys.errors import CountKeyNeeded, RightRefused, WaveClosed, WaveNotOpen, WrongState
from surveys.promise_texts import sections_of
from surveys.promises import Promise

STATIC = Path(__file__).resolve().parent.parent / "static"

OTHER_FILES = (
    "js/code.js", "js/threads.js", "js/warning.js", "ballot/kept-codes.js", "ballot/telling.js",
    "icon.svg",
)  # fmt: skip

NOTHING_ANSWERED = "Answer at least one question. No code was used."


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """
    What a page says about an open survey.

    `ballot_href` leads to the page for those who answer by ballot, and is there before
    the survey opens: whoever takes a ballot early leaves no hint of when it is used.
    """

    key: str
    href: str
    title: str
    opens_on: date
    closes_on: date
    n_eligible: int
    ballot_href: str | None
    promise_href: str
    takes_letters: bool


def blueprint(store: Store) -> Blueprint:
    """Build the respondents' routes over one store."""
    bp = Blueprint("pages", __name__)
    rendered: dict[str, tuple[Card | State, str]] = {}
    files = {*OTHER_FILES, *(f"css/{sheet.name}" for sheet in STATIC.glob("css/*.css"))}

    @bp.get("/")
    def index() -> ResponseReturnValue:
        """List the open surveys, and those for which ballots can be taken already."""
        opened = [
            opening
            for opening in store.open_waves()
            if opening.opens_on <= _today() or opening.takes_ballots
        ]
        return render_template(
            "collector/index.html",
            waves=[_card(store, opening) for opening in opened],
            **({"organisation": opened[0].organisation} if opened else {}),
        )

    @bp.get("/w/<wave>")
    def questionnaire(wave: str) -> ResponseReturnValue:
        """Show the way to answer, the same bytes to everybody; afterwards, what was counted."""
        try:
            opening = store.running(wave).opening
        except WaveClosed:
            state = store.state(wave)
            if rendered.get(wave, (None,))[0] != state:
                rendered[wave] = state, _closed(store, wave)
            return rendered[wave][1], HTTPStatus.GONE
        if not opening.takes_ballots:
            _require_opened(opening)
        card = _card(store, opening)
        if rendered.get(wave, (None,))[0] != card:
            rendered[wave] = card, _form(opening, card, reading=Reading())
        return rendered[wave][1]

    @bp.post("/w/<wave>")
    def submit(wave: str) -> ResponseReturnValue:
        """Store answers under a letter's code, or show the form again with everything typed."""
        opening = store.running(wave).opening
        _require_opened(opening)
        if request.mimetype != "application/x-www-form-urlencoded":
            abort(415)
        fields = request.form.to_dict(flat=False)
        code = " ".join(fields.get("code", []))
        reading = read_answers(opening.questionnaire, fields)
        missing = "" if reading.answers or reading.errors else NOTHING_ANSWERED
        refusal, status = "", HTTPStatus.UNPROCESSABLE_ENTITY
        card = _card(store, opening)
        try:
            if missing or reading.errors:
                normalise(code)  # a mistyped code is told at once, and none is looked up
            else:
                return _thanks(opening, card, store.submit(wave, code, fields))
        except RightRefused as error:
            refusal, status = str(error), status_of(error)
        page = _form(opening, card, code=code, reading=reading, refusal=refusal, missing=missing)
        return page, status

    @bp.get("/healthz")
    def healthz() -> ResponseReturnValue:
        """Say that the program runs, and hide when the store was last written."""
        store.blur_times()
        return {"status": "ok"}

    @bp.get("/static/<path:name>")
    def file(name: str) -> ResponseReturnValue:
        """Serve a style sheet, the icon, or one of the scripts that help."""
        if name not in files:
            abort(404)
        # No tag and no date: a browser that sent one back would tell that it had been here.
        return Response((STATIC / name).read_bytes(), mimetype=mimetypes.guess_type(name)[0])

    return bp


def static_url(path: str) -> str:
    """Give the address of a file under static/."""
    return f"/static/{path}"


def _require_opened(opening: Opening) -> None:
    if _today() < opening.opens_on:
        raise WaveNotOpen(f"This survey opens on {opening.opens_on:%-d %B %Y}.")


def _today() -> date:
    return datetime.now(UTC).date()


def _card(store: Store, opening: Opening) -> Card:
    client_sha256 = opening.manifest["client_sha256"]
    return Card(
        key=opening.wave,
        href=f"/w/{opening.wave}",
        title=opening.title,
        opens_on=opening.opens_on,
        closes_on=date.fromisoformat(store.state(opening.wave).closes_on),
        n_eligible=opening.n_eligible,
        ballot_href=address_of(client_sha256) if opening.takes_ballots else None,
        promise_href=promise_address_of(client_sha256),
        takes_letters=opening.takes_letters and opening.opens_on <= _today(),
    )


def _closed(store: Store, wave: str) -> str:
    """Show what anybody may check of a wave that is over, or that it is not counted yet."""
    try:
        listed = json.loads(store.closed_list(wave))
    except (CountKeyNeeded, WrongState):
        listed = None
    return render_template(
        "collector/closed.html",
        closed_href=f"/anon/closed/{wave}",
        listed=listed,
        organisation=json.loads(store.envelope(wave)["manifest"])["organisation"],
        rows=[
            (cell["label"], cell["eligible"], _shown(cell["issued"]), _shown(cell["accepted"]))
            for cell in (listed or {}).get("cells", [])
        ],
    )


def _shown(count: Mapping[str, int]) -> str:
    """Put a count, or its bound, into words."""
    ((kind, n),) = count.items()
    return {"exact": f"{n}", "at_least": f"{n} or more", "at_most": f"{n} or fewer"}[kind]


def _thanks(opening: Opening, card: Card, accepted: Accepted) -> Response:
    """
    Answer with the receipt itself: it must not stand in an address, nor in any history.

    Whoever loads the page again sends the same answers again and sees the same page.
    """
    page = render_template(
        "collector/thanks.html",
        wave=card,
        organisation=opening.organisation,
        receipt=encode(accepted.receipt),
        acknowledgement=encode(accepted.acknowledgement),
        closed_href=f"/anon/closed/{opening.wave}",
        codes=[
            {
                "item": item,
                "question": opening.questionnaire.question(item).text,
                "code": printed(code),
            }
            for item, code in accepted.codes
        ],
    )
    # Not "cookies": that would reach neighbouring host names and sign people out there.
    # Not "storage": a ballot of another survey may wait in it.
    return Response(page, headers={"Clear-Site-Data": '"cache"'})


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
        promise=Promise.from_dict(opening.manifest["promise"]),
        promised=sections_of(opening.manifest),
        thresholds=opening.thresholds,
        action=card.href,
        reading=reading,
        code=code,
        code_error=refusal,
        form_error=missing,
    )
