"""
Manifests: what a wave promises, in one document that is the same for everybody.

Every ballot carries the manifest's SHA-256, so a second manifest in circulation shows
up in the ballots themselves.  The guardian, where one is named, signs it; everybody
can compare its fingerprint, eight words that need no list of words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from surveys import shapes
from surveys.ballots import MODULUS_LENGTH, Draft
from surveys.documents import canonical, sha256_of
from surveys.encoding import decode
from surveys.errors import BadDocument, MalformedBallot
from surveys.promises import Promise
from surveys.sealing import check_public_key
from surveys.shapes import Shape, check_fields
from surveys.signing import SIGNATURE_LENGTH, is_signed
from surveys.thresholds import Thresholds

MANIFEST_SCHEMA = "headwater.manifest/1"
CONSONANTS, VOWELS, ENDINGS = "bdfghjklmnprstvz", "aeio", ("an", "or")
N_WORDS = 8

Table = Mapping[str, Any]


def make_manifest(plan: Table, preparation: Table) -> str:
    """Write the manifest of a wave from its plan and the collector's reply: canonical JSON."""
    guardian = plan["guardian"]
    holds = guardian is not None and guardian["holds_count_key"]
    document = {
        "schema": MANIFEST_SCHEMA,
        **{name: plan[name] for name in FROM_PLAN},
        **{name: preparation[name] for name in FROM_PREPARATION},
        "questionnaire_sha256": sha256_of(plan["questionnaire"]),
        "count_key_holder": "guardian" if holds else "collector",
        "n_eligible": sum(group["n_eligible"] for group in plan["groups"]),
        "groups": [
            {name: group[name] for name in GROUP_FIELDS if name in group}
            for group in plan["groups"]
        ],
    }
    return canonical(document).decode()


def read_manifest(text: str) -> dict[str, Any]:
    """Read a manifest that must be complete and canonical, or raise `BadDocument`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadDocument("The manifest is not a JSON document.") from error
    check_manifest(document)
    if not _is_canonical(document, text):
        raise BadDocument("The manifest is not written in canonical JSON.")
    return dict(document)


def check_manifest(document: object, *, is_complete: bool = True) -> None:
    """
    Refuse a manifest that lacks something, contradicts itself or breaks a floor.

    An incomplete one still lacks the count key that its guardian is going to fill in.
    """
    check_fields(document, MANIFEST, "The manifest")
    if not isinstance(document, dict):
        raise AssertionError("a checked manifest is a table")
    if document["schema"] != MANIFEST_SCHEMA:
        raise BadDocument(f"This is not a manifest of the kind {MANIFEST_SCHEMA!r}.")
    check_fields(document["thresholds"], THRESHOLDS, "thresholds")
    thresholds = Thresholds.from_dict(document["thresholds"])
    Promise.from_dict(document["promise"])
    _check_days(document)
    if document["guardian"] is not None:
        check_guardian(document["guardian"])
    holds = document["guardian"] is not None and document["guardian"]["holds_count_key"]
    if document["count_key_holder"] != ("guardian" if holds else "collector"):
        raise BadDocument("The manifest names another holder of the count key than its guardian.")
    if document["count_key"] is None and (is_complete or not holds):
        raise BadDocument("The manifest lacks the count key.")
    for name in ("count_key", "receipt_key"):
        if document[name] is not None:
            _check_key(document[name], name)
    _check_groups(document, thresholds)


def check_guardian(guardian: object) -> None:
    """Refuse a guardian's entry without a name or with keys that are none."""
    check_fields(guardian, GUARDIAN, "The guardian")
    if isinstance(guardian, dict):
        for name in ("key", "sealing_key"):
            _check_key(guardian[name], f"guardian.{name}")


def manifest_sha256(text: str) -> bytes:
    """Digest a manifest: the 32 bytes that every ballot carries."""
    return sha256(text.encode()).digest()


def words(digest: bytes) -> tuple[str, ...]:
    """Say the first 88 bits of a digest as eight words of eleven bits each."""
    bits = int.from_bytes(digest[: N_WORDS * 11 // 8], "big")
    places = range(N_WORDS - 1, -1, -1)
    return tuple(_word(bits >> 11 * place & 0x7FF) for place in places)


def is_signed_by_guardian(text: str, signature: str | None) -> bool:
    """Tell whether the guardian whom a manifest names has signed it."""
    guardian = json.loads(text)["guardian"]
    if guardian is None or signature is None:
        return False
    try:
        raw = decode(signature, length=SIGNATURE_LENGTH)
    except MalformedBallot:
        return False
    return is_signed(decode(guardian["key"]), manifest_message(text), raw)


def manifest_message(text: str) -> bytes:
    """Give the bytes that a guardian signs."""
    return b"headwater manifest v1" + text.encode()


def receipt_message(*, manifest: bytes, receipt: bytes, sealed: bytes) -> bytes:
    """Give the bytes that the collector signs when it has accepted an answer."""
    return b"headwater receipt v1" + manifest + receipt + sha256(sealed).digest()


def closed_message(document: Table) -> bytes:
    """Give the bytes of a closed list that the collector signs."""
    unsigned = {name: value for name, value in document.items() if name != "signature"}
    return b"headwater closed v1" + canonical(unsigned)


def begin_ballot(seed: bytes, text: str, *, group: str) -> Draft:
    """Begin a ballot of one group under a manifest."""
    document = json.loads(text)
    found = [g for g in document["groups"] if g["group"] == group and g["right"] == "ballot"]
    if not found:
        raise MalformedBallot("This group does not answer by ballot.")
    return Draft.begin(
        seed,
        wave=document["wave"],
        group=group,
        modulus=decode(found[0]["modulus"], length=MODULUS_LENGTH),
        manifest_sha256=manifest_sha256(text),
    )


def check_modulus(text: object) -> None:
    """Refuse a modulus that cannot be an RSA key of 2048 bits."""
    try:
        modulus = decode(text, length=MODULUS_LENGTH)
    except MalformedBallot as error:
        raise BadDocument(f"A group's modulus cannot be used: {error}") from error
    if modulus[0] < 0x80 or modulus[-1] % 2 == 0:
        raise BadDocument("A group's modulus is no RSA modulus of 2048 bits.")


def _is_canonical(document: Table, text: str) -> bool:
    try:
        return canonical(document).decode() == text
    except ValueError:  # half a character, which JSON can escape and UTF-8 cannot write
        return False


def _check_groups(document: Table, thresholds: Thresholds) -> None:
    if not document["groups"]:
        raise BadDocument("The manifest has no counting groups.")
    names: set[str] = set()
    moduli: set[str] = set()
    for group in document["groups"]:
        is_ballot = group.get("right") == "ballot"
        check_fields(group, BALLOT_GROUP if is_ballot else LETTER_GROUP, "A counting group")
        where = f"Group {group['group']!r}"
        if group["group"] in names:
            raise BadDocument(f"{where} is listed twice.")
        names.add(group["group"])
        if group["n_eligible"] < thresholds.k_group:
            raise BadDocument(f"{where} has fewer than {thresholds.k_group} eligible people.")
        if is_ballot:
            check_modulus(group["modulus"])
            if group["modulus"] in moduli:
                raise BadDocument(f"{where} has the key of another group.")
            moduli.add(group["modulus"])
    if sum(group["n_eligible"] for group in document["groups"]) != document["n_eligible"]:
        raise BadDocument("The groups do not add up to the people eligible.")


def _check_key(text: object, name: str) -> None:
    try:
        check_public_key(decode(text))
    except MalformedBallot as error:
        raise BadDocument(f"{name} is not a public key: {error}") from error


def _check_days(document: Table) -> None:
    written = [document[name] for name in ("opens_on", "closes_on")]
    try:
        opens, closes = map(date.fromisoformat, written)
    except ValueError as error:
        raise BadDocument("The manifest's days are not written as 2026-01-31.") from error
    if [opens.isoformat(), closes.isoformat()] != written:  # Python reads other forms too
        raise BadDocument("The manifest's days are not written as 2026-01-31.")
    if closes < opens:
        raise BadDocument("The wave of this manifest closes before it opens.")


def _word(bits: int) -> str:
    return (
        CONSONANTS[bits >> 7] + VOWELS[bits >> 5 & 3] + CONSONANTS[bits >> 1 & 15]
        + ENDINGS[bits & 1]
    )  # fmt: skip


FROM_PLAN = (
    "wave", "title", "organisation", "opens_on", "closes_on", "application", "thresholds",
    "promise", "guardian", "previous_manifest_sha256",
)  # fmt: skip
FROM_PREPARATION = ("collector", "client_sha256", "pad", "count_key", "receipt_key")
GROUP_FIELDS = ("group", "label", "n_eligible", "right", "modulus")

RIGHT = shapes.one_of("ballot", "letter")
THRESHOLDS: Shape = {
    "profile": shapes.text,
    "k": shapes.whole,
    "k_group": shapes.whole,
    "k_comment": shapes.whole,
}
GUARDIAN: Shape = {
    "name": shapes.text,
    "key": shapes.text,
    "sealing_key": shapes.text,
    "holds_count_key": shapes.flag,
}
LETTER_GROUP: Shape = {
    "group": shapes.text,
    "label": shapes.text,
    "n_eligible": shapes.whole,
    "right": RIGHT,
}
BALLOT_GROUP: Shape = {**LETTER_GROUP, "modulus": shapes.text}
MANIFEST: Shape = {
    "schema": shapes.text,
    "wave": shapes.wave,
    "title": shapes.text,
    "organisation": shapes.text,
    "opens_on": shapes.text,
    "closes_on": shapes.text,
    "application": shapes.text,
    "collector": shapes.text,
    "questionnaire_sha256": shapes.sha256,
    "client_sha256": shapes.sha256,
    "thresholds": shapes.table,
    "promise": shapes.table,
    "pad": shapes.whole,
    "count_key": shapes.or_none(shapes.text),
    "count_key_holder": shapes.one_of("collector", "guardian"),
    "receipt_key": shapes.text,
    "guardian": shapes.or_none(shapes.table),
    "previous_manifest_sha256": shapes.or_none(shapes.sha256),
    "n_eligible": shapes.whole,
    "groups": shapes.tables,
}
