"""From refusal to status and page; the only such table of the collector."""

from __future__ import annotations

import sqlite3
import sys
import traceback
from contextlib import suppress
from http import HTTPStatus

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from surveys.errors import (
    BadDocument,
    BadHierarchy,
    BadQuestionnaire,
    BelowFloor,
    CountKeyNeeded,
    DifferentDocument,
    ForgedBallot,
    InvalidAnswer,
    MalformedBallot,
    MalformedCode,
    NotEnoughPeople,
    SpentBallot,
    SpentCode,
    SurveyError,
    UnknownCode,
    UnknownThread,
    UnknownWave,
    WaveCancelled,
    WaveClosed,
    WaveNotOpen,
    WrongState,
)

STATUS: dict[type[SurveyError], HTTPStatus] = {
    InvalidAnswer: HTTPStatus.UNPROCESSABLE_ENTITY,
    MalformedCode: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownCode: HTTPStatus.FORBIDDEN,
    SpentCode: HTTPStatus.CONFLICT,
    MalformedBallot: HTTPStatus.BAD_REQUEST,
    ForgedBallot: HTTPStatus.FORBIDDEN,
    SpentBallot: HTTPStatus.CONFLICT,
    UnknownThread: HTTPStatus.NOT_FOUND,
    UnknownWave: HTTPStatus.NOT_FOUND,
    WaveNotOpen: HTTPStatus.CONFLICT,
    WaveClosed: HTTPStatus.GONE,
    WaveCancelled: HTTPStatus.GONE,
    BadDocument: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadQuestionnaire: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadHierarchy: HTTPStatus.UNPROCESSABLE_ENTITY,
    BelowFloor: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotEnoughPeople: HTTPStatus.UNPROCESSABLE_ENTITY,
    DifferentDocument: HTTPStatus.CONFLICT,
    WrongState: HTTPStatus.CONFLICT,
}

TITLES = {
    HTTPStatus.BAD_REQUEST: "This request could not be read",
    HTTPStatus.FORBIDDEN: "This request came from elsewhere",
    HTTPStatus.NOT_FOUND: "There is no such page",
    HTTPStatus.CONFLICT: "This survey is not open",
    HTTPStatus.GONE: "This survey is closed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "This is too long",
    HTTPStatus.SERVICE_UNAVAILABLE: "Your answers could not be stored",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong here",
}

MESSAGES = {
    HTTPStatus.BAD_REQUEST: "Go back to the questions and send them again.",
    HTTPStatus.FORBIDDEN: "Open the survey itself and send your answers from there.",
    HTTPStatus.NOT_FOUND: "Check the address, or start from the list of open surveys.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Open the page again from the list of open surveys.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Shorten what you wrote and send it again.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Send what the page itself sends.",
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "Nothing was kept and your code is still good. Go back and send again in a few minutes."
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "If you were sending answers, go back and send them again: your code still works, "
        "and the same answers are never counted twice."
    ),
}

_reported: set[str] = set()


def status_of(refusal: SurveyError) -> HTTPStatus:
    """Find the status of a refusal, through the classes it stems from."""
    kinds = type(refusal).__mro__
    return next((STATUS[k] for k in kinds if k in STATUS), HTTPStatus.UNPROCESSABLE_ENTITY)


def register(program: Flask) -> None:
    """Turn every refusal and every failure into a page, or into JSON on the exchange."""

    @program.errorhandler(SurveyError)
    def refuse(refusal: SurveyError) -> ResponseReturnValue:
        """Say what the matter is, in the words of the refusal."""
        response = _answer(status_of(refusal), str(refusal))
        if isinstance(refusal, CountKeyNeeded) and response.is_json:
            response.set_data(jsonify(error=str(refusal), waiting_for="guardian").get_data())
        return response

    @program.errorhandler(HTTPException)
    def decline(error: HTTPException) -> ResponseReturnValue:
        """Say what is wrong with a request."""
        status = HTTPStatus(error.code or 500)
        response = _answer(status, MESSAGES.get(status, "Start from the list of open surveys."))
        for name, value in error.get_headers():
            if name in {"Allow", "WWW-Authenticate"}:
                response.headers[name] = value
        return response

    @program.errorhandler(OSError)
    @program.errorhandler(sqlite3.Error)
    def fail_to_store(error: Exception) -> ResponseReturnValue:
        """Admit that the store failed; nothing was acknowledged."""
        _report(error)
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return _answer(status, MESSAGES[status])

    @program.errorhandler(Exception)
    def fail(error: Exception) -> ResponseReturnValue:
        """Admit a fault of the program."""
        _report(error)
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return _answer(status, MESSAGES[status])


def _answer(status: HTTPStatus, message: str) -> Response:
    if request.path.startswith(("/anon/", "/exchange/", "/healthz")):
        response = jsonify(error=message)
    else:
        title = TITLES.get(status, "This request does not fit")
        if request.method == "POST" and status in {HTTPStatus.GONE, HTTPStatus.CONFLICT}:
            message += " Nothing you typed was stored."
        response = Response(render_template("collector/error.html", title=title, message=message))
    response.status_code = status
    return response


def _report(error: Exception) -> None:
    """
    Name kind and place of a fault once, and never the request that met it.

    A line per fault would be a record of visits, and a message can hold what
    somebody typed.
    """
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} at {frame.filename}:{frame.lineno}"
    if place not in _reported:
        _reported.add(place)
        said = f"headwater-collector: {place}; not reported again."
        with suppress(OSError):  # the output may lie on the very disk that is full
            print(said, file=sys.stderr, flush=True)
