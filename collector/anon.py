"""What the client of a wave asks for: no cookie, no name, nothing noted; JSON in and out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue

from collector.folders import State
from collector.store import Store
from surveys.ballots import MODULUS_LENGTH, PREPARED_LENGTH
from surveys.documents import canonical
from surveys.encoding import decode, encode
from surveys.errors import MalformedBallot, WaveNotOpen
from surveys.sealing import PRIVATE_LENGTH

BALLOT = frozenset({"wave", "group", "prepared", "signature", "sealed"})
COUNT_KEY = frozenset({"count_key"})

# The client runs its own files, asks its own host, and does nothing else.
CLIENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

# Taking a ballot loads the page three times.  Ten minutes cover that, and leave no lasting trace.
CLIENT_CACHING = "private, max-age=600, immutable"

TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json",
}


def blueprint(store: Store) -> Blueprint:
    """Build the routes over one store."""
    bp = Blueprint("anon", __name__)
    written: dict[str, tuple[State, bytes]] = {}

    @bp.get("/anon/manifest/<wave>")
    def manifest(wave: str) -> ResponseReturnValue:
        """Give what the wave promises, with the guardian's signature and the last day."""
        state = store.state(wave)
        # Every browser asks for it, and that of a large wave has megabytes.
        if written.get(wave, (None,))[0] != state:
            written[wave] = state, canonical(store.envelope(wave))
        return _json(written[wave][1])

    @bp.post("/anon/submit")
    def submit() -> ResponseReturnValue:
        """Redeem a ballot: what costs nothing is checked first, the store comes last."""
        given = _read_texts(BALLOT)
        opening = store.known(given["wave"]).opening
        if datetime.now(UTC).date() < opening.opens_on:
            raise WaveNotOpen(f"This survey opens on {opening.opens_on:%-d %B %Y}.")
        accepted = store.redeem(
            opening.wave,
            given["group"],
            prepared=decode(given["prepared"], length=PREPARED_LENGTH),
            signature=decode(given["signature"], length=MODULUS_LENGTH),
            sealed=decode(given["sealed"], length=opening.sealed_length),
        )
        receipt, acknowledgement = encode(accepted.receipt), encode(accepted.acknowledgement)
        return _json(
            b'{"receipt":"%s","acknowledgement":"%s"}'
            % (receipt.encode(), acknowledgement.encode())
        )

    @bp.get("/anon/closed/<wave>")
    def closed(wave: str) -> ResponseReturnValue:
        """Give what anybody may check of a wave that is over."""
        return _json(store.closed_list(wave))

    @bp.post("/anon/open/<wave>")
    def open_seals(wave: str) -> ResponseReturnValue:
        """Take the count key that the guardian held; it opens the seals and is forgotten."""
        given = _read_texts(COUNT_KEY)
        store.take_count_key(wave, decode(given["count_key"], length=PRIVATE_LENGTH))
        return jsonify(state=store.state(wave).name)

    @bp.get("/c/<client_sha256>/<name>")
    def client(client_sha256: str, name: str) -> ResponseReturnValue:
        """Give a file of the client with this digest, the same bytes to everybody."""
        content = store.client_file(client_sha256, name)
        if content is None:
            abort(404)
        response = Response(content, content_type=TYPES[name.rpartition(".")[2]])
        response.headers["Content-Security-Policy"] = CLIENT_POLICY
        response.headers["Cache-Control"] = CLIENT_CACHING
        return response

    return bp


def _json(content: bytes) -> Response:
    return Response(content, content_type="application/json")


def _read_texts(fields: frozenset[str]) -> dict[str, str]:
    """Read a JSON table of texts with exactly these fields, each once."""
    if request.mimetype != "application/json":
        abort(415)
    try:
        document = json.loads(request.get_data().decode(), object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        raise MalformedBallot("Send one JSON document in UTF-8, each field once.") from error
    if not isinstance(document, dict) or document.keys() != fields:
        raise MalformedBallot(f"Send exactly these fields: {', '.join(sorted(fields))}.")
    if not all(isinstance(value, str) for value in document.values()):
        raise MalformedBallot("Every field is a text.")
    return document


def _pairs(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    listed = list(pairs)
    table = dict(listed)
    if len(table) != len(listed):
        raise ValueError("a field stands there twice")
    return table
