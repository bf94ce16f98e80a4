"""Before a wave runs: its keys and client are made, then it opens as it was prepared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.clients import CLIENT, build, sha256_of_client
from collector.folders import State, WaveFolder
from collector.intake import Intake
from collector.keys import Keys
from collector.openings import Opening, pad_of
from surveys.documents import sha256_of
from surveys.encoding import encode
from surveys.errors import BadDocument, DifferentDocument
from surveys.manifests import FROM_PREPARATION
from surveys.openings import PREPARATION_SCHEMA
from surveys.questionnaires import Questionnaire
from surveys.sealing import public_key_of

INTAKE = "answers.sqlite"
OPENING = "opening.json"
PREPARATION = "preparation.json"
MANIFEST = "manifest.json"

MOST_PAD = 160 * 1024  # every answer is sent at this length, and a request has 256 KiB


def make(folder: WaveFolder, keys: Keys, *, plan: Mapping[str, Any], address: str) -> State:
    """Make the keys and the client of a planned wave, and the reply that names both."""
    pad = pad_of(Questionnaire.from_dict(plan["questionnaire"]))
    if pad > MOST_PAD:
        raise BadDocument(
            f"The comments of this questionnaire may take {pad:,} bytes; a sealed answer has "
            f"room for {MOST_PAD:,}. Allow fewer characters."
        )
    guardian = plan["guardian"]
    holds = guardian is not None and guardian["holds_count_key"]
    drawn = keys.make(plan["wave"], with_count_key=not holds)
    made = build(plan, collector=address, pad=pad)
    reply = {
        "schema": PREPARATION_SCHEMA,
        "wave": plan["wave"],
        "plan_sha256": sha256_of(plan),
        "collector": address,
        "client_sha256": sha256_of_client(made),
        "pad": pad,
        "count_key": None if drawn.count is None else encode(public_key_of(drawn.count)),
        "receipt_key": encode(public_key_of(drawn.receipt)),
    }
    folder.write(CLIENT, made)
    folder.write(PREPARATION, reply)
    return folder.set(
        State(
            name="prepared",
            plan_sha256=reply["plan_sha256"],
            client_sha256=reply["client_sha256"],
        )
    )


def begin(folder: WaveFolder, state: State, opening: Opening) -> State:
    """Open a prepared wave: make room for its answers and keep what was promised."""
    if opening.plan_sha256 != state.plan_sha256:
        raise DifferentDocument("This wave was prepared with another plan.")
    reply = folder.read(PREPARATION)
    for name in FROM_PREPARATION:
        # The count key is missing from the reply where the guardian fills it in.
        if reply[name] is not None and opening.manifest[name] != reply[name]:
            raise DifferentDocument(f"The manifest has another {name} than was prepared here.")
    Intake.create(
        folder.file(INTAKE), n_slots=opening.n_eligible, body_length=opening.sealed_length
    )
    document = opening.document
    folder.write(MANIFEST, {name: document[name] for name in ("manifest", "signature")})
    folder.write(OPENING, document)
    return folder.set(
        state.moved_to(
            "open",
            opening_sha256=opening.sha256,
            closes_on=opening.closes_on.isoformat(),
        )
    )
