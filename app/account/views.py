"""Signing in and out, and what belongs to one's own account."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("account", __name__)
