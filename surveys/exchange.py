"""The two documents that application and collector exchange, checked before they are believed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NoReturn, TypeVar

from surveys.disclosure import VARIANCE_FROM, Thresholds, release_constructs, release_item
from surveys.errors import BadDocument, BadHierarchy, BadQuestionnaire
from surveys.hierarchy import Hierarchy
from surveys.moments import Person
from surveys.questionnaires import Questionnaire
from surveys.questions import Comment, Question, Recommendation, Scale, YesNo
from surveys.release import RELEASE_SCHEMA

OPENING_SCHEMA = "headwater.opening/1"
WAVE = re.compile(r"[a-z0-9-]{1,60}")
SHA256 = re.compile(r"[0-9a-f]{64}")

T = TypeVar("T")
Table = Mapping[str, Any]

_NAMES: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


def read_opening(raw: bytes) -> dict[str, Any]:
    """Read an opening from its bytes, or raise `BadDocument`."""
    document = _parsed(raw)
    check_opening(document)
    return document


def read_release(raw: bytes) -> dict[str, Any]:
    """Read a release from its bytes, or raise `BadDocument`."""
    document = _parsed(raw)
    check_release(document)
    return document


def check_opening(document: Table) -> None:
    """Refuse an opening that does not have the promised shape or contradicts itself."""
    _fields(document, OPENING, "The opening")
    if document["schema"] != OPENING_SCHEMA:
        raise BadDocument(f"This is not an opening of the kind {OPENING_SCHEMA!r}.")
    _check_head(document)
    opens, closes = (_day(document, name) for name in ("opens_on", "closes_on"))
    if closes < opens:
        raise BadDocument("The opening closes before it opens.")
    hierarchy = _hierarchy(document)
    thresholds = _thresholds(document)
    if not document["groups"]:
        raise BadDocument("The opening has no counting groups.")
    codes: set[str] = set()
    names: set[str] = set()
    teams: set[str] = set()
    for group in document["groups"]:
        _fields(group, GROUP, "A counting group")
        where = f"Group {group['group']!r}"
        if group["group"] in names:
            raise BadDocument(f"{where} is listed twice.")
        names.add(group["group"])
        _claim_teams(group, teams, hierarchy, where)
        if group["n_eligible"] < thresholds.k_group:
            raise BadDocument(f"{where} has fewer than {thresholds.k_group} eligible people.")
        if len(group["codes"]) != group["n_eligible"]:
            raise BadDocument(f"{where} has not as many codes as eligible people.")
        for code in group["codes"]:
            if not isinstance(code, str) or not SHA256.fullmatch(code):
                raise BadDocument(f"{where} lists a code that is not a SHA-256 digest.")
        if group["codes"] != sorted(group["codes"]):
            raise BadDocument(f"{where} lists its codes unsorted; their order must tell nothing.")
        if len(codes | set(group["codes"])) != len(codes) + len(group["codes"]):
            raise BadDocument(f"{where} lists a code that is listed elsewhere.")
        codes.update(group["codes"])


def check_release(document: Table) -> None:
    """Refuse a release that has not the promised shape or shows more than the rules allow."""
    _fields(document, RELEASE, "The release")
    if document["schema"] != RELEASE_SCHEMA:
        raise BadDocument(f"This is not a release of the kind {RELEASE_SCHEMA!r}.")
    questionnaire = _check_head(document)
    for name in ("opened_on", "closed_on"):
        _day(document, name)
    if not SHA256.fullmatch(document["opening_sha256"]):
        raise BadDocument("opening_sha256 is not a SHA-256 digest.")
    hierarchy = _hierarchy(document)
    thresholds = _thresholds(document)
    _check_parts(document["cells"], CELL, hierarchy, least=thresholds.k)
    for cell in document["cells"]:
        where = f"Cell {cell['cell']!r}"
        if cell["n"] > cell["n_eligible"]:
            raise BadDocument(f"{where} has more answers than eligible people.")
        _check_items(cell, questionnaire, thresholds, where)
        _check_constructs(cell, questionnaire, where)
    if document["cells"] and sum(c["n"] for c in document["cells"]) != document["n_responses"]:
        raise BadDocument("The cells do not add up to all answers.")
    if document["pooled"] is not None:
        _fields(document["pooled"], POOLED, "pooled")
    _fields(document["comments"], COMMENTS, "comments")
    _check_parts(
        document["comments"]["cells"], COMMENT_CELL, hierarchy, least=thresholds.k_comment
    )


def _check_items(
    cell: Table, questionnaire: Questionnaire, thresholds: Thresholds, where: str
) -> None:
    questions = {q.key: q for q in questionnaire.asked if not isinstance(q, Comment)}
    if cell["items"].keys() != questions.keys():
        raise BadDocument(f"{where} does not list the items that were asked, each once.")
    for key, item in cell["items"].items():
        if item.get("status") not in ("exact", "clamped", "options", "hidden"):
            raise BadDocument(f"{where}, item {key!r}: the status {item.get('status')!r} is none.")
        if item["status"] == "hidden":
            continue
        if not thresholds.k <= item["n"] <= cell["n"]:
            raise BadDocument(f"{where}, item {key!r}: {item['n']} answers cannot be shown.")
        if item["status"] == "exact" and item != _again(questions[key], item, thresholds):
            raise BadDocument(f"{where}, item {key!r}: shown exactly, against rule R2.")


def _check_constructs(cell: Table, questionnaire: Questionnaire, where: str) -> None:
    silent: list[Person] = [{} for _ in range(cell["n"])]
    wanted = release_constructs(questionnaire, silent, cell["items"])
    if cell["constructs"].keys() != wanted.keys():
        raise BadDocument(f"{where} does not list the constructs, each once.")
    for key, construct in cell["constructs"].items():
        # Only where every item is exact do the answers reach the construct.
        if wanted[key]["status"] == "exact" == construct.get("status"):
            if construct.get("variance") is None or construct["n"] >= VARIANCE_FROM:
                continue
        elif construct == wanted[key]:
            continue
        raise BadDocument(f"{where}, construct {key!r}: more is shown than its items allow.")


def _again(question: Question, item: Table, thresholds: Thresholds) -> dict[str, Any]:
    """Release an exact item again from its own counts."""
    is_number = isinstance(question, Scale | YesNo | Recommendation)
    try:
        answers = [
            int(value) if is_number else value
            for value, count in item["counts"].items()
            for _ in range(count)
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
    return release_item(question, answers, thresholds)


def _check_parts(parts: list[Table], shape: Shape, hierarchy: Hierarchy, *, least: int) -> None:
    teams: set[str] = set()
    for part in parts:
        _fields(part, shape, "A cell")
        where = f"Cell {part['cell']!r}"
        _claim_teams(part, teams, hierarchy, where)
        if part["n"] < least:
            raise BadDocument(f"{where} has {part['n']} answers, fewer than {least}.")


def _claim_teams(part: Table, claimed: set[str], hierarchy: Hierarchy, where: str) -> None:
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


def _check_head(document: Table) -> Questionnaire:
    if not WAVE.fullmatch(document["wave"]):
        raise BadDocument("A wave's key has 1 to 60 small letters, digits and hyphens.")
    try:
        return Questionnaire.from_dict(document["questionnaire"])
    except BadQuestionnaire as error:
        raise BadDocument(f"The questionnaire cannot be used: {error}") from error


def _hierarchy(document: Table) -> Hierarchy:
    for row in document["hierarchy"]:
        _fields(row, TEAM, "A team")
    try:
        return Hierarchy.from_list(document["hierarchy"])
    except BadHierarchy as error:
        raise BadDocument(f"The hierarchy cannot be used: {error}") from error


def _thresholds(document: Table) -> Thresholds:
    _fields(document["thresholds"], THRESHOLDS, "thresholds")
    return Thresholds.from_dict(document["thresholds"])


def _day(document: Table, name: str) -> date:
    try:
        return date.fromisoformat(document[name])
    except ValueError as error:
        raise BadDocument(f"{name} is not a day written as 2026-01-31.") from error


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadDocument("This is not a JSON document in UTF-8.") from error
    if not isinstance(document, dict):
        raise BadDocument("The document is not a table.")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _is(kind: type) -> Callable[[object], str | None]:
    """Make a check of a field's type that returns what it should have been."""

    def check(value: object) -> str | None:
        fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        return None if fits else _NAMES[kind]

    return check


def _or_none(check: Callable[[object], str | None]) -> Callable[[object], str | None]:
    return lambda value: None if value is None else check(value)


def _texts(value: object) -> str | None:
    fits = isinstance(value, list) and all(isinstance(part, str) for part in value)
    return None if fits else "a list of texts"


def _tables(value: object) -> str | None:
    fits = isinstance(value, list) and all(isinstance(part, dict) for part in value)
    return None if fits else "a list of tables"


def _table_of_tables(value: object) -> str | None:
    fits = isinstance(value, dict) and all(isinstance(part, dict) for part in value.values())
    return None if fits else "a table of tables"


def _table_of_texts(value: object) -> str | None:
    fits = isinstance(value, dict) and all(_texts(part) is None for part in value.values())
    return None if fits else "a table of lists of texts"


Shape = Mapping[str, Callable[[object], str | None]]

_text, _number, _list, _table = _is(str), _is(int), _is(list), _is(dict)

TEAM: Shape = {"team": _text, "name": _text, "parent": _or_none(_text)}
THRESHOLDS: Shape = {"profile": _text, "k": _number, "k_group": _number, "k_comment": _number}
HEAD: Shape = {
    "schema": _text,
    "wave": _text,
    "title": _text,
    "organisation": _text,
    "questionnaire": _table,
    "thresholds": _table,
    "hierarchy": _tables,
}
GROUP: Shape = {
    "group": _text,
    "label": _text,
    "home": _text,
    "teams": _texts,
    "n_eligible": _number,
    "codes": _texts,
}
OPENING: Shape = {**HEAD, "opens_on": _text, "closes_on": _text, "groups": _tables}
PART: Shape = {"cell": _text, "label": _text, "home": _text, "teams": _texts, "n": _number}
CELL: Shape = {
    **PART,
    "n_eligible": _number,
    "items": _table_of_tables,
    "constructs": _table_of_tables,
}
COMMENT_CELL: Shape = {**PART, "items": _table_of_texts}
COMMENTS: Shape = {"cells": _tables, "destroyed": _number}
POOLED: Shape = {
    "n_cells": _number,
    "n": _number,
    "items": _texts,
    "covariance": _list,
    "pair_n": _list,
    "pair_cells": _list,
    "constructs": _table,
}
RELEASE: Shape = {
    **HEAD,
    "opened_on": _text,
    "closed_on": _text,
    "opening_sha256": _text,
    "n_eligible": _number,
    "n_responses": _number,
    "cells": _tables,
    "pooled": _or_none(_table),
    "comments": _table,
}


def _fields(document: object, shape: Shape, where: str) -> None:
    """Refuse a table with fields missing, unknown, or of another type."""
    if not isinstance(document, dict):
        raise BadDocument(f"{where} is not a table.")
    for name in sorted(shape.keys() - document.keys()):
        raise BadDocument(f"{where} lacks the field {name!r}.")
    for name in sorted(document.keys() - shape.keys()):
        raise BadDocument(f"{where} has a field {name!r} that means nothing here.")
    for name, check in shape.items():
        wanted = check(document[name])
        if wanted is not None:
            raise BadDocument(f"{where}: the field {name!r} must be {wanted}.")
