"""
The exchange with the application, by a token.

Plans and openings come in and releases go out; afterwards answers to comments come in,
and the replies of their authors go out.
"""

from __future__ import annotations

import hmac
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from collector.config import Settings
from collector.store import Store
from surveys.errors import BadDocument
from surveys.openings import parsed

MOST_BYTES = 64 * 1024 * 1024  # an opening carries one digest per eligible person


def blueprint(store: Store, settings: Settings) -> Blueprint:
    """Build the routes; without a token in the settings each of them is unknown."""
    bp = Blueprint("exchange", __name__, url_prefix="/exchange/waves/<wave>")

    @bp.before_request
    def require_token() -> None:
        """Let in who knows the installation token."""
        if not settings.collector_token:
            abort(404)
        expected = f"Bearer {settings.collector_token}".encode()
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, expected):
            raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
        request.max_content_length = MOST_BYTES

    @bp.put("/plan")
    def prepare(wave: str) -> ResponseReturnValue:
        """Prepare a wave, and name the keys and the client that its manifest promises."""
        return jsonify(store.prepare(_about(wave)))

    @bp.put("")
    def take_opening(wave: str) -> ResponseReturnValue:
        """Open a wave."""
        return "", 201 if store.open_wave(_about(wave)) else 200

    @bp.put("/closes_on")
    def extend(wave: str) -> ResponseReturnValue:
        """Change the last day of a wave."""
        store.extend(wave, _read_day(_read_document().get("closes_on")))
        return "", 204

    @bp.post("/close")
    def close(wave: str) -> ResponseReturnValue:
        """Close a wave and hand over its release."""
        issued = _read_document().get("issued")
        if not isinstance(issued, dict):
            raise BadDocument("Say under issued how many rights each group was given.")
        release = store.close(wave, on=datetime.now(UTC).date(), issued=issued)
        return Response(release, mimetype="application/json")

    @bp.post("/acknowledge")
    def acknowledge(wave: str) -> ResponseReturnValue:
        """Delete the answers of a wave whose release has arrived."""
        store.acknowledge(wave, str(_read_document().get("sha256")))
        return "", 204

    @bp.post("/cancel")
    def cancel(wave: str) -> ResponseReturnValue:
        """Destroy the answers of a wave unread."""
        store.cancel(wave)
        return "", 204

    @bp.put("/threads")
    def take_threads(wave: str) -> ResponseReturnValue:
        """Keep what HR has answered, for the authors of the comments."""
        store.conversations.take(wave, _about(wave))
        return "", 204

    @bp.post("/replies")
    def replies(wave: str) -> ResponseReturnValue:
        """Delete the replies that the application has by now, and give the others."""
        stored = _read_document().get("stored")
        if not isinstance(stored, list) or not all(isinstance(name, str) for name in stored):
            raise BadDocument("List under stored the replies that you have.")
        return jsonify(replies=store.conversations.exchange(wave, frozenset(stored)))

    return bp


def _about(wave: str) -> dict[str, Any]:
    document = _read_document()
    if document.get("wave") != wave:
        raise BadDocument("This document is about another wave than the address.")
    return document


def _read_document() -> dict[str, Any]:
    return parsed(request.get_data())


def _read_day(text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise BadDocument("Write closes_on as year-month-day, such as 2026-03-31.") from error
