"""Pages of results for HR, managers and executives."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("report", __name__, url_prefix="/reports")
