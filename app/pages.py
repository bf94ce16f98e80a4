"""What every template may use: addresses of static files, navigation, the viewer, a notice."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, current_app, request, url_for
from flask_login import current_user

from app.notices import NOTICES
from app.security import may_open
from surveys.texts import without_hidden_marks

# What the menu may offer, in this order; each entry shows to those whom its route admits.
MENU = (
    ("home.index", "Home"),
    ("report.index", "Results"),
    ("actions.index", "Actions"),
    ("waves.index", "Waves"),
    ("surveys.index", "Questionnaires"),
    ("touchpoints.index", "Touchpoints"),
    ("people.index", "People"),
    ("teams.index", "Teams"),
    ("outbox.index", "Outbox"),
)


class MenuEntry(NamedTuple):
    """One line of the menu."""

    label: str
    url: str
    is_current: bool


def init_app(app: Flask) -> None:
    """Hand these names to the templates."""
    app.jinja_env.globals["static_url"] = static_url
    app.jinja_env.filters["plain"] = without_hidden_marks
    app.jinja_env.filters["month"] = month
    app.context_processor(_context)


def static_url(filename: str) -> str:
    """Give the address of a static file; it changes with the content, so caches never lie."""
    versions: dict[str, tuple[int, str]] = current_app.extensions.setdefault("versions", {})
    path = Path(str(current_app.static_folder), filename)
    changed = path.stat().st_mtime_ns
    if versions.get(filename, (0, ""))[0] != changed:
        versions[filename] = (changed, sha256(path.read_bytes()).hexdigest()[:10])
    return url_for("static", filename=filename, v=versions[filename][1])


def month(text: str) -> str:
    """Write a month as people read it: "2026-11" is November 2026."""
    return f"{date.fromisoformat(f'{text}-01'):%B %Y}"


def navigation() -> tuple[MenuEntry, ...]:
    """List the menu of whoever is looking; nothing for people who are not signed in."""
    if not current_user.is_authenticated:
        return ()
    return tuple(
        MenuEntry(
            label=label,
            url=url_for(endpoint),
            is_current=_is_below(request.path, url_for(endpoint)),
        )
        for endpoint, label in MENU
        if endpoint in current_app.view_functions and may_open(endpoint)
    )


def _is_below(path: str, entry: str) -> bool:
    """Tell whether a page belongs to a menu entry; every page is below the home page."""
    top = entry.rstrip("/")
    return path == entry if not top else path == top or path.startswith(f"{top}/")


def _context() -> dict[str, Any]:
    return {
        "viewer": current_user,
        "organisation": current_app.config["SETTINGS"].organisation,
        "navigation": navigation(),
        "notice": NOTICES.get(request.args.get("notice", "")),
    }
