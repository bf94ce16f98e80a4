"""Domain refusals as pages: the only place that knows which HTTP status each one is."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import NoResultFound
from werkzeug.exceptions import HTTPException

from surveys.errors import SurveyError

STATUS: dict[type[Exception], int] = {
    SurveyError: 400,
    NoResultFound: 404,
}


def init_app(app: Flask) -> None:
    """Register the handlers."""
    for refusal, status in STATUS.items():
        app.register_error_handler(refusal, _page_for(status))
    app.register_error_handler(HTTPException, lambda e: _page(e.code or 500, None))


def _page_for(status: int) -> Callable[[Exception], ResponseReturnValue]:
    return lambda error: _page(status, str(error) if isinstance(error, SurveyError) else None)


def _page(status: int, message: str | None) -> ResponseReturnValue:
    return render_template("errors/error.html", status=status, message=message), status
