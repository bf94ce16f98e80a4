"""The two documents that application and collector exchange, checked before they are believed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NoReturn

from surveys import shapes
from surveys.disclosure import VARIANCE_FROM, Thresholds, release_constructs, release_item
from surveys.errors import BadDocument, BadHierarchy, BadQuestionnaire
from surveys.hierarchy import Hierarchy
from surveys.moments import Person
from surveys.questionnaires import Questionnaire
from surveys.questions import (
    Comment,
    MultipleChoice,
    Question,
    Recommendation,
    Scale,
    SingleChoice,
    YesNo,
)
from surveys.release import RELEASE_SCHEMA
from surveys.shapes import Shape, check_fields

OPENING_SCHEMA = "headwater.opening/1"
WAVE = re.compile(r"[a-z0-9-]{1,60}")
SHA256 = re.compile(r"[0-9a-f]{64}")

Table = Mapping[str, Any]


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
    check_fields(document, OPENING, "The opening")
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
        check_fields(group, GROUP, "A counting group")
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
        before = len(codes)
        codes.update(group["codes"])
        if len(codes) != before + len(group["codes"]):
            raise BadDocument(f"{where} lists a code that is listed elsewhere.")


def check_release(document: Table) -> None:
    """Refuse a release that has not the promised shape or shows more than the rules allow."""
    check_fields(document, RELEASE, "The release")
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
        check_fields(document["pooled"], POOLED, "pooled")
    check_fields(document["comments"], COMMENTS, "comments")
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
        place = f"{where}, item {key!r}"
        status = str(item.get("status"))
        if status == "hidden":
            check_fields(item, HIDDEN, place)
            continue
        shape = ITEMS.get((type(questions[key]), status))
        if shape is None:
            raise BadDocument(f"{place}: the status {status!r} is none of this type of item.")
        check_fields(item, shape, place)
        if not thresholds.k <= item["n"] <= cell["n"]:
            raise BadDocument(f"{place}: {item['n']} answers cannot be shown.")
        if item["status"] == "exact" and item != _again(
            questions[key], item, thresholds=thresholds, n_cell=cell["n"]
        ):
            raise BadDocument(f"{place}: shown exactly, against rule R2.")


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


def _again(
    question: Question, item: Table, *, thresholds: Thresholds, n_cell: int
) -> dict[str, Any]:
    """Release an exact item again from its own counts."""
    is_choice = isinstance(question, SingleChoice)
    if sum(item["counts"].values()) != item["n"] or min(item["counts"].values()) < 0:
        return {}
    try:
        answers = [
            value if is_choice else int(value)
            for value, count in item["counts"].items()
            for _ in range(count)
        ]
    except ValueError:
        return {}
    return release_item(question, answers, thresholds, n_cell=n_cell)


def _check_parts(parts: list[Table], shape: Shape, hierarchy: Hierarchy, *, least: int) -> None:
    teams: set[str] = set()
    for part in parts:
        check_fields(part, shape, "A cell")
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
        check_fields(row, TEAM, "A team")
    try:
        return Hierarchy.from_list(document["hierarchy"])
    except BadHierarchy as error:
        raise BadDocument(f"The hierarchy cannot be used: {error}") from error


def _thresholds(document: Table) -> Thresholds:
    check_fields(document["thresholds"], THRESHOLDS, "thresholds")
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


TEAM: Shape = {"team": shapes.text, "name": shapes.text, "parent": shapes.or_none(shapes.text)}
THRESHOLDS: Shape = {
    "profile": shapes.text,
    "k": shapes.whole,
    "k_group": shapes.whole,
    "k_comment": shapes.whole,
}
HEAD: Shape = {
    "schema": shapes.text,
    "wave": shapes.text,
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
    "codes": shapes.texts,
}
OPENING: Shape = {
    **HEAD,
    "opens_on": shapes.text,
    "closes_on": shapes.text,
    "groups": shapes.tables,
}
PART: Shape = {
    "cell": shapes.text,
    "label": shapes.text,
    "home": shapes.text,
    "teams": shapes.texts,
    "n": shapes.whole,
}
CELL: Shape = {
    **PART,
    "n_eligible": shapes.whole,
    "items": shapes.table_of_tables,
    "constructs": shapes.table_of_tables,
}
HIDDEN: Shape = {"status": shapes.text, "reason": shapes.text}
COUNTED: Shape = {"status": shapes.text, "n": shapes.whole, "counts": shapes.counts}
SUMMED: Shape = {**COUNTED, "sum": shapes.whole}
BOUNDED: Shape = {
    "status": shapes.text,
    "n": shapes.whole,
    "favourable": shapes.counts,
    "point_favourable": shapes.number,
    "sum": shapes.whole,
    "sum_is": shapes.bound,
    "point_sum": shapes.number,
}
ITEMS: dict[tuple[type[Question], str], Shape] = {
    (Scale, "exact"): SUMMED,
    (Scale, "clamped"): BOUNDED,
    (YesNo, "exact"): SUMMED,
    (YesNo, "clamped"): BOUNDED,
    (Recommendation, "exact"): SUMMED,
    (Recommendation, "clamped"): {
        "status": shapes.text,
        "n": shapes.whole,
        "promoters": shapes.counts,
        "detractors": shapes.counts,
        "point_promoters": shapes.number,
        "point_detractors": shapes.number,
    },
    (SingleChoice, "exact"): COUNTED,
    (MultipleChoice, "options"): {
        "status": shapes.text,
        "n": shapes.whole,
        "options": shapes.table_of_counts,
    },
}
COMMENT_CELL: Shape = {**PART, "items": shapes.table_of_texts}
COMMENTS: Shape = {"cells": shapes.tables, "destroyed": shapes.whole}
POOLED: Shape = {
    "n_cells": shapes.whole,
    "n": shapes.whole,
    "items": shapes.texts,
    "covariance": shapes.anything_listed,
    "pair_n": shapes.anything_listed,
    "pair_cells": shapes.anything_listed,
    "constructs": shapes.table,
}
RELEASE: Shape = {
    **HEAD,
    "opened_on": shapes.text,
    "closed_on": shapes.text,
    "opening_sha256": shapes.text,
    "n_eligible": shapes.whole,
    "n_responses": shapes.whole,
    "cells": shapes.tables,
    "pooled": shapes.or_none(shapes.table),
    "comments": shapes.table,
}
