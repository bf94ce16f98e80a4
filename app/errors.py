"""Domain refusals as pages: the only place that knows which HTTP status each one is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import NoResultFound
from werkzeug.exceptions import HTTPException, InternalServerError

from app.blind_signing import SigningFailed
from app.exchange import CollectorUnreachable
from app.formats.errors import BadInput
from app.security import Stranger
from app.services.errors import Conflict, NotAllowed, NotFound, Refusal, SpentLink, Throttled
from surveys.errors import (
    DifferentDocument,
    MalformedBallot,
    RightRefused,
    SpentCode,
    SurveyError,
    UnknownWave,
    WaveUnavailable,
    WrongState,
)

# The most particular class decides.
STATUS: dict[type[Exception], int] = {
    SurveyError: 400,
    RightRefused: 403,
    MalformedBallot: 400,
    SpentCode: 409,
    WaveUnavailable: 410,
    UnknownWave: 404,
    WrongState: 409,
    DifferentDocument: 409,
    Refusal: 400,
    CollectorUnreachable: 503,
    SigningFailed: 503,
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    SpentLink: 410,
    Throttled: 429,
    BadInput: 400,
    NoResultFound: 404,
}
# Whose messages are written for the person who reads them.
SPEAKING = (SurveyError, Refusal, BadInput, SigningFailed)

TITLES = {
    400: "That did not work",
    401: "Please sign in",
    403: "This page is not open to you",
    404: "There is no such page",
    405: "That cannot be done here",
    409: "That does not fit",
    410: "This is no longer available",
    413: "That is too large",
    415: "That cannot be read",
    429: "Please wait a little",
    500: "Something went wrong",
    503: "That is not possible right now",
}
SENTENCES = {
    400: "Go back, check what you entered and try again.",
    401: "Sign in first, then do it again.",
    403: "Your role does not include it. If it should, ask an administrator.",
    404: "The address may be mistyped, or the thing it named is gone.",
    405: "Go back and use the buttons of the page.",
    409: "Somebody may have changed it meanwhile. Load the page again.",
    410: "The address was valid once and is not any more.",
    413: "It is longer than anything that is taken here; files may have up to 5 MB.",
    415: "It was sent in a form that is not read here.",
    429: "There were too many tries. Wait a minute and try again.",
    500: "The fault is on our side and nothing was saved. Try again in a moment.",
}

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def answers_in_json(view: View) -> View:
    """Declare that a view is asked by a script, so that its refusals are JSON too."""
    view.answers_in_json = True  # type: ignore[attr-defined]  # a mark on the function
    return view


def init_app(app: Flask) -> None:
    """Register the handlers."""
    for refusal, status in STATUS.items():
        app.register_error_handler(refusal, _page_for(status))
    app.register_error_handler(HTTPException, _http_page)
    app.register_error_handler(InternalServerError, _broken_page)


def _page_for(status: int) -> Callable[[Exception], ResponseReturnValue]:
    def handle(error: Exception) -> ResponseReturnValue:
        return _page(status, str(error) if isinstance(error, SPEAKING) else "")

    return handle


def _http_page(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    page, status = _page(error.code, "")
    extra = {k: v for k, v in error.get_headers() if k.lower() in {"allow", "retry-after"}}
    return page, status, extra


def _broken_page(error: InternalServerError) -> ResponseReturnValue:
    # Flask has logged the cause. The database may be what failed, so nobody is looked up.
    g._login_user = Stranger()
    return _page(500, "")


def _page(status: int, message: str) -> tuple[str | Response, int]:
    sentence = message or SENTENCES.get(status, SENTENCES[400])
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "answers_in_json", False):
        return jsonify(error=sentence), status
    title = TITLES.get(status, TITLES[400])
    page = render_template("errors/error.html", status=status, title=title, message=sentence)
    return page, status
