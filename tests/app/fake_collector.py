"""A collector of a wave that can be made to lie, on a free port of this machine."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from threading import Thread
from typing import Any

from app import verify
from collector.anon import CLIENT_POLICY
from surveys.closed import make_closed_list
from surveys.documents import canonical
from surveys.encoding import encode
from surveys.manifests import (
    closed_message,
    make_manifest,
    manifest_message,
    manifest_sha256,
    receipt_message,
)
from surveys.signing import sign
from tests.surveys.waves import (
    GUARDIAN_PRIVATE,
    RECEIPT_PRIVATE,
    make_guardian,
    make_plan,
    make_preparation,
)

RECEIPTS = [bytes([n]) * 32 for n in range(30)]
PREVIOUS = '{"wave":"pulse-0"}'
WAITS = {"error": "This survey still takes answers."}

# Status, headers besides the usual ones, body.
Answer = tuple[int, Mapping[str, str], bytes]


class FakeCollector:
    """What a collector shows of one wave; tests change `answers` by path before they look."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.answers: dict[str, Answer | Callable[[], Answer]] = {}
        self.requests: list[tuple[str, Mapping[str, str], bytes]] = []

    @property
    def address(self) -> str:
        return f"{self.origin}/w/pulse-1"

    def promise(
        self,
        plan: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, bytes] | None = None,
        count_key: str | None = None,
        **changes: Any,
    ) -> str:
        """Serve a signed manifest, and the client it names; give the manifest's text."""
        files = client_files() if files is None else files
        listing = canonical({name: sha256(content).hexdigest() for name, content in files.items()})
        client = sha256(listing).hexdigest()
        plan = {**(plan or plan_with_guardian()), "application": "http://localhost:9"}
        reply = {**make_preparation(plan), "collector": self.origin, "client_sha256": client}
        document = json.loads(make_manifest(plan, reply))
        if count_key is not None:
            document["count_key"] = count_key
        text = canonical({**document, **changes}).decode()
        self.serve_manifest(text, signature_of(text))
        for name, content in {**files, "files.json": listing}.items():
            path = f"/c/{client}/{name}"
            self.answers[path] = 200, {"Content-Security-Policy": CLIENT_POLICY}, content
        self.answers["/anon/closed/pulse-1"] = 409, {}, canonical(WAITS)
        return text

    def serve_manifest(self, text: str, signature: str | None) -> None:
        envelope = {"manifest": text, "signature": signature, "closes_on": "2026-03-13"}
        self.answers["/anon/manifest/pulse-1"] = 200, {}, canonical(envelope)

    def serve_closed(self, document: Mapping[str, Any]) -> None:
        self.answers["/anon/closed/pulse-1"] = 200, {}, canonical(document)


@contextmanager
def fake_collector() -> Iterator[FakeCollector]:
    """Run one on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            fake.requests.append((self.path, dict(self.headers), self.rfile.read(length)))
            found = fake.answers.get(self.path, (404, {}, b'{"error": "Not here."}'))
            status, headers, body = found() if callable(found) else found
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_GET  # noqa: N815 the names are http.server's

        def log_message(self, *words: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeCollector(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def plan_with_guardian(*, holds_count_key: bool = False) -> dict[str, Any]:
    """Plan a wave in which two groups answer by ballot, and the others by letter."""
    guardian = make_guardian(holds_count_key=holds_count_key)
    plan = make_plan(rights=("ballot", "ballot"), guardian=guardian)
    return {**plan, "previous_manifest_sha256": sha256(PREVIOUS.encode()).hexdigest()}


def client_files(*, guardian: str | None = None) -> dict[str, bytes]:
    """Make a small client: a page, two scripts and a style."""
    guardian = make_guardian()["key"] if guardian is None else guardian
    script = b'import { seal } from "./ballot.js";\nseal();\n'
    page = f"""<!doctype html><title>Pulse</title>
        <link rel="icon" href="data:,"><link rel="stylesheet" href="./base.css">
        <main data-wave="pulse-1" data-guardian="{guardian}">How are you?</main>
        <script type="module" src="answer.js" integrity="{integrity(script)}"></script>"""
    return {
        "index.html": page.encode(),
        "answer.js": script,
        "ballot.js": b"export const seal = () => 1;\n",
        "base.css": b"main { color: black }\n",
    }


def integrity(content: bytes) -> str:
    return f"sha256-{base64.b64encode(sha256(content).digest()).decode()}"


def signature_of(text: str) -> str:
    return encode(sign(GUARDIAN_PRIVATE, manifest_message(text)))


def close(
    text: str, plan: Mapping[str, Any] | None = None, *, accepted: int = 5, issued: int = 6
) -> dict[str, Any]:
    """Make the closed list of a wave whose cells are its groups, each with the same counts."""
    groups = (plan or plan_with_guardian())["groups"]
    opening = {**(plan or plan_with_guardian()), "manifest": text}
    cells = [
        {"cell": str(at), "label": group["label"], "teams": group["teams"]}
        for at, group in enumerate(groups)
    ]
    return make_closed_list(
        opening,
        {"closed_on": "2026-03-13", "cells": cells},
        accepted={group["group"]: accepted for group in groups},
        issued={
            group["group"]: issued if group["right"] == "ballot" else group["n_eligible"]
            for group in groups
        },
        receipts=RECEIPTS,
        receipt_key=RECEIPT_PRIVATE,
        draw=_drawn(),
    )


def receipt_file(text: str) -> dict[str, str]:
    """Make the file in which the page saves a receipt, one that the closed list holds."""
    manifest, sealed = manifest_sha256(text), b"sealed answers"
    message = receipt_message(manifest=manifest, receipt=RECEIPTS[0], sealed=sealed)
    return {
        "schema": "headwater.receipt/1",
        "wave": "pulse-1",
        "manifest_sha256": manifest.hex(),
        "receipt": encode(RECEIPTS[0]),
        "sealed_sha256": sha256(sealed).hexdigest(),
        "acknowledgement": encode(sign(RECEIPT_PRIVATE, message)),
    }


def sign_again(document: Mapping[str, Any]) -> dict[str, Any]:
    """Sign a changed closed list, as a collector that lies would."""
    return {**document, "signature": encode(sign(RECEIPT_PRIVATE, closed_message(document)))}


def _drawn() -> Callable[[int], bytes]:
    counter = iter(range(1_000))
    return lambda length: sha256(str(next(counter)).encode()).digest()[:length]


def verified(address: str, *options: Any, exit_code: int = 0) -> dict[str, list[str]]:
    """Verify the wave; give what was found, by mark."""
    output = StringIO()
    with redirect_stdout(output):
        code = verify.main([address, *map(str, options)])
    assert code == exit_code, output.getvalue()
    lines = [(line[:11].strip(), line[12:]) for line in output.getvalue().splitlines() if line]
    return {
        mark: [text for found, text in lines if found == mark]
        for mark in ("ok", "note", "MISMATCH", "NOT CHECKED")
    }


def path_of(text: str, name: str) -> str:
    """Give the path of a file of the client that a manifest names."""
    return f"/c/{json.loads(text)['client_sha256']}/{name}"
