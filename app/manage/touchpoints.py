"""Pages of the touchpoints."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("touchpoints", __name__, url_prefix="/touchpoints")
