"""Openings: what is frozen, signed and agreed with the collector before a wave takes answers."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.exchange import ByFile, CollectorClient
from app.installation import Installation
from app.key_folder import KeyFolder
from app.models import CountingGroup, RosterEntry, Wave
from app.services import (
    letters,
    newcomers,
    promises,
    rosters,
    survey_versions,
    wave_mails,
    waves,
)
from app.services.errors import Conflict
from app.services.letters import GroupLetters, Letters
from app.services.rosters import Roster
from surveys import codes, lifecycle
from surveys.documents import sha256_of
from surveys.encoding import encode
from surveys.errors import BadDocument, DifferentDocument, GuardianNeeded
from surveys.lifecycle import Move, State
from surveys.manifests import check_manifest, is_signed_by_guardian, make_manifest, read_manifest
from surveys.openings import (
    PLAN_SCHEMA,
    check_opening,
    check_plan,
    make_opening,
    parsed,
    read_preparation,
)

Document = dict[str, Any]

NEEDS_HTTPS = (
    "Ballots need https at both addresses, because browsers give a page on plain http no "
    "cryptography: serve the application and the collector over https, or choose letters for "
    "everybody in the plan of this wave."
)


def begin_preparing(
    session: Session, wave: Wave, *, collector: CollectorClient, keys: KeyFolder
) -> str:
    """
    Give a wave the key under which it is about to be prepared; commit before going on.

    A key is used for one attempt.  Whatever an earlier attempt left is voided: at the
    collector, in the folder of keys, and here.
    """
    lifecycle.moved(wave.state, Move.PREPARE)
    promises.promise_of(wave)  # before anything is voided for an attempt that cannot succeed
    earlier = wave.key
    clear(session, wave)
    key = "w-" + secrets.token_hex(5)
    waves.claim(session, wave, key=key, prepared_at=None)
    if not waves.is_untold(earlier):
        collector.cancel(earlier)
        keys.forget(earlier)
    return key


def draw_up_plan(
    session: Session,
    wave: Wave,
    *,
    installation: Installation,
    keys: KeyFolder,
    today: date,
) -> tuple[Document, Roster]:
    """Draw up the roster and make a key for each group that answers by ballot; writes nothing."""
    if wave.closes_on < today:
        raise Conflict("The closing day has passed. Choose a later one first.")
    promise = promises.promise_of(wave)
    roster = rosters.draw_up(session, on=today, k_group=wave.k_group, rights=wave.rights)
    voters = [group.group for group in roster.groups if group.right == "ballot"]
    if voters and not installation.is_safe_for_ballots:
        raise Conflict(NEEDS_HTTPS)
    changes = newcomers.changes(session, roster, besides=wave)
    thresholds = waves.thresholds_of(wave)
    moduli = {group: keys.make(wave.key, group) for group in voters}
    plan = {
        "schema": PLAN_SCHEMA,
        "wave": wave.key,
        "title": wave.title,
        "organisation": installation.organisation,
        "opens_on": max(wave.opens_on, today).isoformat(),
        "closes_on": wave.closes_on.isoformat(),
        "application": installation.application,
        "questionnaire": survey_versions.questionnaire_of(wave.survey_version).to_dict(),
        "thresholds": thresholds.to_dict(),
        "promise": promise.to_dict(),
        "hierarchy": roster.hierarchy.to_list(),
        "guardian": installation.guardian,
        "previous_manifest_sha256": _previous_manifest(session),
        "groups": [
            {
                "group": group.group,
                "label": group.label,
                "home": group.home,
                "teams": sorted(group.teams),
                "n_eligible": group.n_eligible,
                "needs": thresholds.needed(changes[group.group]),
                "right": group.right,
                **({"modulus": encode(moduli[group.group])} if group.group in moduli else {}),
            }
            for group in roster.groups
        ],
    }
    check_plan(plan)
    return plan, roster


def keep_plan(
    session: Session, wave: Wave, plan: Document, *, roster: Roster, now: datetime
) -> None:
    """Freeze the plan, the groups and everybody's place in them, and the questionnaire."""
    opens_on = date.fromisoformat(plan["opens_on"])
    waves.claim(session, wave, prepared_at=now, opens_on=opens_on)
    survey_versions.freeze(wave.survey_version, now=now)
    wave.opening = plan
    wave.groups = [
        CountingGroup(
            key=group.group, label=group.label, n_eligible=group.n_eligible, right=group.right
        )
        for group in roster.groups
    ]
    session.flush()
    session.add_all(
        RosterEntry(
            wave_id=wave.id,
            person_id=person.person_id,
            team_id=person.team_id,
            group_key=roster.group_of[person.person_id].group,
        )
        for person in roster.people
    )
    session.flush()


def keep_manifest(wave: Wave, preparation: bytes, *, installation: Installation) -> None:
    """Make the manifest of a prepared wave from its plan and the collector's reply."""
    lifecycle.moved(wave.state, Move.OPEN)
    plan = wave.opening or {}
    reply = read_preparation(preparation, plan=plan)
    if reply["collector"].rstrip("/") != installation.collector:
        raise DifferentDocument(
            f"The collector says that people reach it at {reply['collector']}, and this program "
            f"says {installation.collector}. Give both the same HEADWATER_COLLECTOR_URL."
        )
    text = make_manifest(plan, reply)
    check_manifest(json.loads(text), is_complete=False)
    _set_manifest(wave, text, signature=None)


def accept_signature(wave: Wave, content: bytes) -> None:
    """
    Keep the guardian's signature of a wave's manifest.

    What was signed must be the manifest drawn up here; only the count key may have been
    filled in, by a guardian who holds it.
    """
    lifecycle.moved(wave.state, Move.OPEN)
    if wave.manifest is None:
        raise Conflict("This wave has no manifest yet: the collector's keys are missing.")
    own = json.loads(wave.manifest)
    if own["guardian"] is None:
        raise Conflict("This wave was prepared without a guardian, so nobody need sign for it.")
    name = own["guardian"]["name"]
    signed = parsed(content)
    text, signature = signed.get("manifest"), signed.get("signature")
    if not isinstance(text, str) or not isinstance(signature, str):
        raise BadDocument(f"This file does not hold a manifest and the signature of {name}.")
    if not _is_own_manifest(read_manifest(text), own):
        raise DifferentDocument(
            "What was signed is another manifest than this wave's. Download the manifest again "
            f"and have {name} sign that one."
        )
    if not is_signed_by_guardian(text, signature):
        raise GuardianNeeded(f"The signature in this file is not the one of {name}.")
    _set_manifest(wave, text, signature=signature)


def open_wave(
    session: Session,
    wave: Wave,
    *,
    collector: CollectorClient,
    installation: Installation,
    now: datetime,
) -> Letters:
    """
    Open a prepared wave and return its letters, which exist nowhere else.

    Hands the opening with the digests of the codes to the collector and forgets them;
    puts an invitation for everybody with an address into the outbox, unless the opening
    goes by file and is still on its way.  The collector is asked last, so whatever goes
    wrong before leaves nothing behind.
    """
    lifecycle.moved(wave.state, Move.OPEN)
    if wave.closes_on < now.date():
        raise Conflict("The closing day has passed. Go back to the plan and choose a later one.")
    manifest = require_signed(wave)
    drawn = letters.draw(wave.groups)
    waves.claim(session, wave, opened_at=now)
    document = make_opening(
        wave.opening or {},
        manifest=manifest,
        signature=wave.manifest_signature,
        codes=_digests(wave, drawn),
    )
    check_opening(document)
    wave.opening_sha256 = sha256_of(document)
    if not isinstance(collector, ByFile):
        tell_everybody(session, wave, installation=installation, now=now)
    session.flush()
    collector.open(document)
    return letters.of_wave(
        wave, drawn, organisation=installation.organisation, collector_url=installation.collector
    )


def tell_everybody(
    session: Session, wave: Wave, *, installation: Installation, now: datetime
) -> int:
    """Write once to everybody with an address that a wave is open; return how many that are."""
    if wave.state is not State.OPEN:
        raise Conflict("Only a wave that is open is told of.")
    if wave.invited_at is not None:
        raise Conflict("Everybody with an address has been written to already.")
    waves.claim(session, wave, invited_at=now)
    return wave_mails.invite(session, wave, installation=installation, now=now)


def require_signed(wave: Wave) -> str:
    """Return the manifest of a wave that may open, or say what is still missing."""
    if wave.manifest is None:
        raise Conflict("This wave has no manifest yet: the collector's keys are missing.")
    guardian = json.loads(wave.manifest)["guardian"]
    if guardian is not None and wave.manifest_signature is None:
        raise GuardianNeeded(
            f"{guardian['name']} has still to sign the manifest of this wave; then it can open."
        )
    return wave.manifest


def replan(session: Session, wave: Wave, *, collector: CollectorClient, keys: KeyFolder) -> None:
    """Take a prepared wave back to its plan; what was prepared is voided everywhere."""
    lifecycle.moved(wave.state, Move.REPLAN)
    earlier = wave.key
    clear(session, wave)
    waves.claim(session, wave, key=waves.new_draft_key(), prepared_at=None)
    collector.cancel(earlier)
    keys.forget(earlier)


def clear(session: Session, wave: Wave) -> None:
    """Forget what a preparation froze: plan, manifest, groups and roster."""
    session.execute(delete(RosterEntry).where(RosterEntry.wave_id == wave.id))
    wave.groups = []
    wave.opening = wave.opening_sha256 = None
    wave.manifest = wave.manifest_sha256 = wave.manifest_signature = None
    session.flush()


def _is_own_manifest(signed: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    if own["count_key_holder"] == "guardian":
        return {**signed, "count_key": None} == {**own, "count_key": None}
    return signed == own


def _set_manifest(wave: Wave, text: str, *, signature: str | None) -> None:
    wave.manifest, wave.manifest_signature = text, signature
    wave.manifest_sha256 = sha256_of(json.loads(text))


def _previous_manifest(session: Session) -> str | None:
    """Give the digest of the newest opened wave's manifest, the link before this one."""
    return session.scalar(
        select(Wave.manifest_sha256)
        .where(Wave.opened_at.is_not(None), Wave.manifest_sha256.is_not(None))
        .order_by(Wave.opened_at.desc(), Wave.id.desc())
        .limit(1)
    )


def _digests(wave: Wave, drawn: tuple[GroupLetters, ...]) -> dict[str, list[str]]:
    """Digest the codes of each group as the collector gets them."""
    return {
        group.group: sorted(codes.digest(wave.key, code) for code in group.codes)
        for group in drawn
    }
