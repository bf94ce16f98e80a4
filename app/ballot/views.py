"""The page on which a ballot is taken, and the signing of its blinded value."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, abort, current_app, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.database import get_session
from app.errors import answers_in_json
from app.key_folder import KeyFolder
from app.queries import ballots as queries
from app.said import said_to_everybody
from app.security import signed_in
from app.services import issuances
from surveys import encoding, shapes
from surveys.openings import parsed
from surveys.shapes import Shape, check_fields

bp = Blueprint("ballot", __name__, url_prefix="/ballot")

# A blinded value of 256 bytes is 342 characters.
MAX_REQUEST_BYTES = 2048
REQUEST: Shape = {"wave": shapes.wave, "blinded": shapes.text}


@bp.get("/<wave_key>")
@signed_in
def show(wave_key: str) -> ResponseReturnValue:
    """Let the browser carry its blinded value here, and the signature back."""
    settings, today = current_app.config["SETTINGS"], datetime.now(UTC).date()
    ballot = queries.ballot_of(
        get_session(), wave_key, person_id=current_user.id, keys=_keys(), on=today
    )
    if ballot is None:
        abort(404)
    collector = settings.collector_url.rstrip("/")
    return render_template(
        "ballot/show.html",
        wave=ballot,
        is_early=today < ballot.opens_on,
        group=ballot.group,
        right=ballot.group and ballot.group.right,
        is_issued=ballot.is_issued,
        is_closed=ballot.is_closed,
        collector_url=collector,
        client_page=f"{collector}/c/{ballot.client_sha256}/index.html",
        issue_url=url_for("ballot.issue"),
        said=said_to_everybody(get_session()),
    )


@bp.post("/issue")
@signed_in
@answers_in_json
def issue() -> ResponseReturnValue:
    """Sign one blinded value for whoever is signed in."""
    request.max_content_length = MAX_REQUEST_BYTES
    if request.mimetype != "application/json":
        abort(415)
    document = parsed(request.get_data(cache=False))
    check_fields(document, REQUEST, "The request")
    session = get_session()
    signature = issuances.issue(
        session,
        wave_key=document["wave"],
        person_id=current_user.id,
        blinded=encoding.decode(document["blinded"]),
        keys=_keys(),
        today=datetime.now(UTC).date(),
    )
    session.commit()
    return jsonify(blind_signature=encoding.encode(signature))


def _keys() -> KeyFolder:
    return KeyFolder(current_app.config["SETTINGS"].key_folder)
