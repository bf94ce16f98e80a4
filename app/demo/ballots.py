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
from surveys.questions import Comment
from surveys.sealing import pad_fields, seal
from surveys.threads import ballot_code, field_of, thread_of

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
    seed = secrets.token_bytes(32)
    draft = begin_ballot(seed, text, group=group)
    signature = issuances.issue(
        session,
        wave_key=wave.key,
        person_id=person_id,
        blinded=draft.blinded,
        keys=keys,
        today=wave.opens_on,
    )
    ballot = draft.finish(signature)
    fields = {key: [text] for key, text in form.items()}
    for key in fields.keys() & comment_keys(wave):
        code = ballot_code(seed, wave=wave.key, item=key)
        fields[field_of(key)] = [thread_of(code)]
    sealed = seal(
        decode(manifest["count_key"]),
        pad_fields(fields, pad=manifest["pad"]),
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


def comment_keys(wave: Wave) -> set[str]:
    """Name the items of a wave that ask for a comment."""
    items = (wave.opening or {})["questionnaire"]["items"]
    return {item["key"] for item in items if item["type"] == Comment.type}
