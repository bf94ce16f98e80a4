"""Where everybody lands, and the sign of life for monitors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.database import get_session
from app.queries import home as queries
from app.said import said_to_everybody
from app.security import public, signed_in

bp = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A way on from the landing page, for those who hold one of the roles."""

    endpoint: str
    title: str
    text: str
    roles: frozenset[str]


TILES = (
    Tile(
        endpoint="report.index",
        title="Results",
        text="Released figures by team, their trend and what people wrote.",
        roles=frozenset({"hr", "manager"}),
    ),
    Tile(
        endpoint="report.linkage",
        title="Engagement and customers",
        text="How far team engagement goes with what customers report, and how sure that is.",
        roles=frozenset({"executive", "hr"}),
    ),
    Tile(
        endpoint="report.customers",
        title="Customers",
        text="What customers answered, by team, touchpoint and channel.",
        roles=frozenset({"cx_manager", "executive"}),
    ),
    Tile(
        endpoint="waves.index",
        title="Waves",
        text="Rounds of the pulse: plan, open, extend and close them.",
        roles=frozenset({"hr", "administrator"}),
    ),
    Tile(
        endpoint="surveys.index",
        title="Questionnaires",
        text="What is asked: copy a questionnaire, word it, look at it as people will.",
        roles=frozenset({"hr", "cx_manager"}),
    ),
    Tile(
        endpoint="touchpoints.index",
        title="Touchpoints",
        text="Where customers meet you, and the addresses at which they answer.",
        roles=frozenset({"cx_manager", "administrator"}),
    ),
    Tile(
        endpoint="people.index",
        title="People",
        text="Who works here, in which team, and who may see what.",
        roles=frozenset({"administrator"}),
    ),
    Tile(
        endpoint="teams.index",
        title="Teams",
        text="The tree of the organisation.",
        roles=frozenset({"administrator"}),
    ),
    Tile(
        endpoint="outbox.index",
        title="Outbox",
        text="Mail that waits and mail that has left.",
        roles=frozenset({"administrator"}),
    ),
    Tile(
        endpoint="retention.index",
        title="Retention",
        text="What is kept of people, until when, and what went.",
        roles=frozenset({"administrator"}),
    ),
)


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """Show each role what it came for; who holds several roles sees all of it."""
    session, settings = get_session(), current_app.config["SETTINGS"]
    is_employee = "employee" in current_user.roles
    today = datetime.now(UTC).date()
    waves = queries.open_waves(session, current_user.id, on=today)
    # Whoever is on the roster is asked, whatever their roles.
    is_asked = is_employee or any(wave.is_on_roster for wave in waves)
    return render_template(
        "home/index.html",
        is_asked=is_asked,
        waves=waves,
        release=queries.latest_release(session) if is_asked else None,
        said=said_to_everybody(session) if is_asked else [],
        collector_url=settings.collector_url.rstrip("/"),
        tiles=[tile for tile in TILES if tile.roles & current_user.roles],
    )


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """Say that the process answers."""
    return "ok\n", {"Content-Type": "text/plain; charset=utf-8"}
