"""The retention page: what goes next, and what went."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from app import retaining
from app.database import get_session
from app.security import allow

bp = Blueprint("retention", __name__, url_prefix="/retention")


@bp.get("")
@allow("administrator")
def index() -> ResponseReturnValue:
    """Show administrators what is past its time, what goes next, and what went: no names."""
    settings = current_app.config["SETTINGS"]
    now = retaining.now_of(settings, at=datetime.now(UTC))
    return render_template(
        "retention/index.html",
        overview=retaining.overview(get_session(), now),
        settings=settings,
    )
