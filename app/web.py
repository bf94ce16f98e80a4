"""The web application: wires surveys and the database to Flask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from app import database, errors, pages, security
from app.account import views as account
from app.ballot import views as ballot
from app.config import Settings
from app.home import views as home
from app.manage import (
    actions,
    outbox,
    people,
    promises,
    retention,
    roster,
    surveys,
    team_changes,
    teams,
    touchpoints,
    waves,
)
from app.promise import views as promise
from app.report import comments
from app.report import views as report
from app.respond import views as respond

ROOT = Path(__file__).parent.parent
FEATURES = (
    account, ballot, home, people, roster, teams, team_changes, surveys, waves, promises,
    promise, touchpoints, outbox, retention, report, comments, actions, respond,
)  # fmt: skip
# The largest thing anybody sends is a roster of 5 MB.
MAX_REQUEST_BYTES = 6 * 2**20


class RowId(IntegerConverter):
    """A number in an address; one that no row can have names no page."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=2**31 - 1)


class Application(Flask):
    """Flask, but an address of a page, which may hold a secret link, enters no log."""

    def log_exception(self, exc_info: Any) -> None:  # noqa: ANN401 - whatever Flask hands over
        """Log what went wrong under the name of the page."""
        self.logger.error("Failed: %s", request.endpoint, exc_info=exc_info)


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application; without settings they are read from the environment."""
    app = Application(__name__, static_folder=ROOT / "static", template_folder=ROOT / "templates")
    app.url_map.converters["int"] = RowId
    app.config["SETTINGS"] = settings or Settings.from_env()
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    if n := app.config["SETTINGS"].trusted_proxies:
        wrapped = ProxyFix(app.wsgi_app, x_for=n, x_proto=n)
        app.wsgi_app = wrapped  # type: ignore[method-assign]  # as Flask documents it
    for part in (database, security, pages, errors):
        part.init_app(app)
    for feature in FEATURES:
        app.register_blueprint(feature.bp)
    return app
