"""The application: `create_app` builds the web; commands load only what they name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application; without settings they are read from the environment."""
    # Late on purpose: `headwater link` lives in this package too and must not load the web.
    application: Flask = import_module("app.web").create_app(settings)
    return application
