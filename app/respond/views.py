"""Pages on which customers answer, without signing in and without a cookie."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("respond", __name__, url_prefix="/s")
