"""Employees of the demo who answer by ballot, as their browsers would."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from app.key_folder import KeyFolder
from app.models import RosterEntry, Wave
from app.services import issuances
from surveys.ballots import receipt_of
from surveys.encoding import decode, encode
from surveys.manifests import begin_ballot, read_manifest
from surveys.sealing import pad_fields, seal

# Hands a sealed answer with its ballot to the collector.
PostBallot = Callable[[Mapping[str, str]], None]


def cast(
    session: Session,
    wave: Wave,
    person_id: int,
    form: Mapping[str, str],
    *,
    keys: KeyFolder,
    post: PostBallot,
) -> None:
    """Take one person's ballot and answer with it; what was issued is committed by the caller."""
    text = wave.manifest or ""
    manifest = read_manifest(text)
    group = session.get_one(RosterEntry, (wave.id, person_id)).group_key
    draft = begin_ballot(secrets.token_bytes(32), text, group=group)
    signature = issuances.issue(
        session,
        wave_key=wave.key,
        person_id=person_id,
        blinded=draft.blinded,
        keys=keys,
        today=wave.opens_on,
    )
    ballot = draft.finish(signature)
    sealed = seal(
        decode(manifest["count_key"]),
        pad_fields({key: [text] for key, text in form.items()}, pad=manifest["pad"]),
        bound_to=receipt_of(ballot.prepared),
    )
    post(
        {
            "wave": wave.key,
            "group": ballot.group,
            "prepared": encode(ballot.prepared),
            "signature": encode(ballot.signature),
            "sealed": encode(sealed),
        }
    )
