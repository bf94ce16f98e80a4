"""What application and collector exchange before a wave runs: plan, preparation, opening."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, NoReturn

from surveys import shapes
from surveys.documents import canonical, sha256_of
from surveys.encoding import decode
from surveys.errors import (
    BadDocument,
    BadHierarchy,
    BadQuestionnaire,
    GuardianNeeded,
    MalformedBallot,
)
from surveys.hierarchy import Hierarchy
from surveys.manifests import (
    FROM_PREPARATION,
    RIGHT,
    THRESHOLDS,
    check_guardian,
    check_modulus,
    is_signed_by_guardian,
    make_manifest,
    read_manifest,
)
from surveys.promises import Promise
from surveys.questionnaires import Questionnaire
from surveys.sealing import check_public_key
from surveys.shapes import Shape, check_fields
from surveys.thresholds import Thresholds

PLAN_SCHEMA = "headwater.plan/1"
PREPARATION_SCHEMA = "headwater.preparation/1"
OPENING_SCHEMA = "headwater.opening/1"

Table = Mapping[str, Any]


def read_plan(raw: bytes) -> dict[str, Any]:
    """Read a plan from its bytes, or raise `BadDocument`."""
    document = parsed(raw)
    check_plan(document)
    return document


def read_opening(raw: bytes) -> dict[str, Any]:
    """Read an opening from its bytes, or raise `BadDocument`."""
    document = parsed(raw)
    check_opening(document)
    return document


def read_preparation(raw: bytes, *, plan: Table) -> dict[str, Any]:
    """Read the collector's reply to a plan from its bytes, or raise `BadDocument`."""
    document = parsed(raw)
    check_preparation(document, plan=plan)
    return document


def check_plan(document: Table) -> None:
    """Refuse a plan that does not have the promised shape or contradicts itself."""
    check_fields(document, PLAN, "The plan")
    if document["schema"] != PLAN_SCHEMA:
        raise BadDocument(f"This is not a plan of the kind {PLAN_SCHEMA!r}.")
    check_questionnaire(document)
    opens, closes = (day_of(document, name) for name in ("opens_on", "closes_on"))
    if closes < opens:
        raise BadDocument("The wave closes before it opens.")
    Promise.from_dict(document["promise"])
    if document["guardian"] is not None:
        check_guardian(document["guardian"])
    _check_groups(document)


def check_preparation(document: Table, *, plan: Table) -> None:
    """Refuse a reply of the collector that does not belong to a plan."""
    check_fields(document, PREPARATION, "The collector's reply")
    if document["schema"] != PREPARATION_SCHEMA:
        raise BadDocument(f"This is not a reply of the kind {PREPARATION_SCHEMA!r}.")
    if document["wave"] != plan["wave"] or document["plan_sha256"] != sha256_of(plan):
        raise BadDocument("This reply of the collector belongs to another plan.")
    holds = plan["guardian"] is not None and plan["guardian"]["holds_count_key"]
    if (document["count_key"] is None) != holds:
        raise BadDocument("The collector and the plan disagree on who holds the count key.")
    for name in ("count_key", "receipt_key"):
        if document[name] is not None:
            _check_key(document[name], name)


def check_opening(document: Table) -> None:
    """
    Refuse an opening that contradicts itself, its manifest, or its guardian.

    Raises `GuardianNeeded` where a guardian is named and has not signed the manifest.
    """
    check_fields(document, OPENING, "The opening")
    if document["schema"] != OPENING_SCHEMA:
        raise BadDocument(f"This is not an opening of the kind {OPENING_SCHEMA!r}.")
    _check_codes(document)
    plan = plan_of(document)
    check_plan(plan)
    manifest = read_manifest(document["manifest"])
    given = {name: manifest[name] for name in FROM_PREPARATION}
    if make_manifest(plan, given) != document["manifest"]:
        raise BadDocument("The manifest promises something else than this opening.")
    if plan["guardian"] is None:
        if document["signature"] is not None:
            raise BadDocument("This opening is signed, but names no guardian.")
    elif not is_signed_by_guardian(document["manifest"], document["signature"]):
        raise GuardianNeeded(
            f"The manifest is not signed by its guardian, {plan['guardian']['name']}."
        )


def make_opening(
    plan: Table, *, manifest: str, signature: str | None, codes: Mapping[str, list[str]]
) -> dict[str, Any]:
    """Write an opening: the plan, its manifest, and the code digests of letter groups."""
    groups = [
        {**group, "codes": sorted(codes[group["group"]])} if group["right"] == "letter" else group
        for group in plan["groups"]
    ]
    return {
        **plan,
        "schema": OPENING_SCHEMA,
        "groups": groups,
        "manifest": manifest,
        "signature": signature,
    }


def plan_of(opening: Table) -> dict[str, Any]:
    """Give the plan that an opening carries out."""
    groups = [
        {name: value for name, value in group.items() if name != "codes"}
        for group in opening["groups"]
    ]
    kept = {name: value for name, value in opening.items() if name in PLAN}
    return {**kept, "schema": PLAN_SCHEMA, "groups": groups}


def _check_codes(document: Table) -> None:
    codes: set[str] = set()
    for group in document["groups"]:
        where = f"Group {group.get('group')!r}"
        if group.get("right") != "letter":
            if "codes" in group:
                raise BadDocument(f"{where} answers by ballot and has codes.")
            continue
        own = group.get("codes")
        if not isinstance(own, list) or len(own) != group.get("n_eligible"):
            raise BadDocument(f"{where} has not as many codes as eligible people.")
        for code in own:
            if shapes.sha256(code) is not None:
                raise BadDocument(f"{where} lists a code that is not a SHA-256 digest.")
        if own != sorted(own):
            raise BadDocument(f"{where} lists its codes unsorted; their order must tell nothing.")
        before = len(codes)
        codes.update(own)
        if len(codes) != before + len(own):
            raise BadDocument(f"{where} lists a code that is listed elsewhere.")


def _check_groups(document: Table) -> None:
    hierarchy, thresholds = hierarchy_of(document), thresholds_of(document)
    if not document["groups"]:
        raise BadDocument("The plan has no counting groups.")
    names: set[str] = set()
    teams: set[str] = set()
    moduli: set[str] = set()
    for group in document["groups"]:
        is_ballot = group.get("right") == "ballot"
        check_fields(group, BALLOT_GROUP if is_ballot else GROUP, "A counting group")
        where = f"Group {group['group']!r}"
        if group["group"] in names:
            raise BadDocument(f"{where} is listed twice.")
        names.add(group["group"])
        claim_teams(group, teams, hierarchy, where)
        if group["n_eligible"] < thresholds.k_group:
            raise BadDocument(f"{where} has fewer than {thresholds.k_group} eligible people.")
        if group["needs"] not in {thresholds.needed(0), thresholds.needed(1)}:
            raise BadDocument(f"{where} cannot need {group['needs']} answers.")
        if is_ballot:
            check_modulus(group["modulus"])
            if group["modulus"] in moduli:
                raise BadDocument(f"{where} has the key of another group.")
            moduli.add(group["modulus"])


def claim_teams(part: Table, claimed: set[str], hierarchy: Hierarchy, where: str) -> None:
    """Note the teams of a group or cell, or refuse those that are unknown or counted twice."""
    if part["home"] not in hierarchy:
        raise BadDocument(f"{where} sits under team {part['home']!r}, which is not listed.")
    if not part["teams"]:
        raise BadDocument(f"{where} has no teams.")
    for team in part["teams"]:
        if team not in hierarchy:
            raise BadDocument(f"{where} has the team {team!r}, which is not listed.")
        if team in claimed:
            raise BadDocument(f"{where} has the team {team!r}, which is counted elsewhere too.")
        claimed.add(team)


def check_questionnaire(document: Table) -> Questionnaire:
    """Read the questionnaire of a document, or refuse it."""
    try:
        return Questionnaire.from_dict(document["questionnaire"])
    except BadQuestionnaire as error:
        raise BadDocument(f"The questionnaire cannot be used: {error}") from error


def hierarchy_of(document: Table) -> Hierarchy:
    """Read the tree of teams of a document, or refuse it."""
    for row in document["hierarchy"]:
        check_fields(row, TEAM, "A team")
    try:
        return Hierarchy.from_list(document["hierarchy"])
    except BadHierarchy as error:
        raise BadDocument(f"The hierarchy cannot be used: {error}") from error


def thresholds_of(document: Table) -> Thresholds:
    """Read the thresholds of a document, or refuse them."""
    check_fields(document["thresholds"], THRESHOLDS, "thresholds")
    return Thresholds.from_dict(document["thresholds"])


def day_of(document: Table, name: str) -> date:
    """Read a day of a document, or refuse it."""
    try:
        day = date.fromisoformat(document[name])
    except ValueError as error:
        raise BadDocument(f"{name} is not a day written as 2026-01-31.") from error
    if day.isoformat() != document[name]:  # Python reads other forms too, browsers do not
        raise BadDocument(f"{name} is not a day written as 2026-01-31.")
    return day


def parsed(raw: bytes) -> dict[str, Any]:
    """Read a JSON table from bytes, or raise `BadDocument`."""
    try:
        document = json.loads(raw.decode(), parse_constant=_refuse_constant)
        canonical(document)  # half a character, escaped in JSON, could never be written again
    except (ValueError, RecursionError) as error:
        raise BadDocument("This is not a JSON document in UTF-8.") from error
    if not isinstance(document, dict):
        raise BadDocument("The document is not a table.")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_key(text: object, name: str) -> None:
    try:
        check_public_key(decode(text))
    except MalformedBallot as error:
        raise BadDocument(f"{name} is not a public key: {error}") from error


TEAM: Shape = {"team": shapes.text, "name": shapes.text, "parent": shapes.or_none(shapes.text)}
HEAD: Shape = {
    "schema": shapes.text,
    "wave": shapes.wave,
    "title": shapes.text,
    "organisation": shapes.text,
    "questionnaire": shapes.table,
    "thresholds": shapes.table,
    "hierarchy": shapes.tables,
}
GROUP: Shape = {
    "group": shapes.text,
    "label": shapes.text,
    "home": shapes.text,
    "teams": shapes.texts,
    "n_eligible": shapes.whole,
    "needs": shapes.whole,
    "right": RIGHT,
}
BALLOT_GROUP: Shape = {**GROUP, "modulus": shapes.text}
PLAN: Shape = {
    **HEAD,
    "opens_on": shapes.text,
    "closes_on": shapes.text,
    "application": shapes.text,
    "promise": shapes.table,
    "groups": shapes.tables,
    "guardian": shapes.or_none(shapes.table),
    "previous_manifest_sha256": shapes.or_none(shapes.sha256),
}
PREPARATION: Shape = {
    "schema": shapes.text,
    "wave": shapes.wave,
    "plan_sha256": shapes.sha256,
    "collector": shapes.text,
    "client_sha256": shapes.sha256,
    "pad": shapes.whole,
    "count_key": shapes.or_none(shapes.text),
    "receipt_key": shapes.text,
}
OPENING: Shape = {**PLAN, "manifest": shapes.text, "signature": shapes.or_none(shapes.text)}
