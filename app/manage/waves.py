"""Pages of the waves."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("waves", __name__, url_prefix="/waves")
