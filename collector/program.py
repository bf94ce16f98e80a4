"""The WSGI program: respondents' pages, their client, the exchange, nothing else."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from jinja2 import StrictUndefined

from collector import anon, errors, exchange, files, guard, pages, thread_pages
from collector.config import Settings
from collector.store import Store

ROOT = Path(__file__).resolve().parent.parent

NOBODY = "Employee survey"  # heads pages that belong to no wave, so to no organisation

MOST_BYTES = 256 * 1024  # of one filled-in form; the exchange allows more


def create_collector(settings: Settings) -> Flask:
    """Build the collector; it has no secret key, so it could not keep a session if it tried."""
    program = Flask(
        "collector",
        root_path=str(ROOT / "collector"),
        template_folder=str(ROOT / "templates"),
        static_folder=None,
    )
    program.config.update(
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    program.jinja_env.undefined = StrictUndefined
    program.jinja_env.autoescape = True
    program.jinja_env.globals.update(static_url=pages.static_url, organisation=NOBODY)
    store = Store.of(settings)
    store.tidy()
    program.register_blueprint(pages.blueprint(store))
    program.register_blueprint(thread_pages.blueprint(store.conversations))
    program.register_blueprint(anon.blueprint(store))
    program.register_blueprint(exchange.blueprint(store, settings))
    guard.protect(program, settings)
    errors.register(program)
    return program


def from_environment() -> Flask:
    """Build the collector as the environment says; servers call this in each worker."""
    files.forbid_core_dumps()
    return create_collector(Settings.from_env())
