"""The release, checked by the application before it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surveys import shapes
from surveys.disclosure import VARIANCE_FROM, Thresholds, release_constructs, release_item
from surveys.errors import BadDocument
from surveys.hierarchy import Hierarchy, parts_of
from surveys.moments import Person
from surveys.openings import (
    HEAD,
    check_questionnaire,
    claim_teams,
    day_of,
    hierarchy_of,
    parsed,
    thresholds_of,
)
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

Table = Mapping[str, Any]


def read_release(raw: bytes) -> dict[str, Any]:
    """Read a release from its bytes, or raise `BadDocument`."""
    document = parsed(raw)
    check_release(document)
    return document


def check_release(document: Table) -> None:
    """Refuse a release that has not the promised shape or shows more than the rules allow."""
    check_fields(document, RELEASE, "The release")
    if document["schema"] != RELEASE_SCHEMA:
        raise BadDocument(f"This is not a release of the kind {RELEASE_SCHEMA!r}.")
    questionnaire = check_questionnaire(document)
    for name in ("opened_on", "closed_on"):
        day_of(document, name)
    hierarchy = hierarchy_of(document)
    thresholds = thresholds_of(document)
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
    _check_comments(document, questionnaire)


def _check_comments(document: Table, questionnaire: Questionnaire) -> None:
    keys = {q.key for q in questionnaire.asked if isinstance(q, Comment)}
    threads: set[str] = set()
    for cell in document["comments"]["cells"]:
        where = f"Comment cell {cell['cell']!r}"
        inside = [c for c in document["cells"] if not set(cell["teams"]).isdisjoint(c["teams"])]
        if sum(c["n"] for c in inside) != cell["n"]:
            raise BadDocument(f"{where} is not made of whole cells.")
        if cell["items"].keys() != keys:
            raise BadDocument(f"{where} does not list the comments on each item, each once.")
        for comments in cell["items"].values():
            if len(comments) > cell["n"]:
                raise BadDocument(f"{where} has more comments than answers.")
            for comment in comments:
                check_fields(comment, COMMENT, f"{where}, a comment")
                if comment["thread"] in threads:
                    raise BadDocument(f"{where}: two comments have one thread.")
                threads |= {comment["thread"]} - {None}


def check_cells(document: Table, plan: Table) -> None:
    """Refuse a checked release whose cells are not made of whole groups of the plan (R1, R9)."""
    groups = parts_of(plan["groups"], {g["group"]: g["n_eligible"] for g in plan["groups"]})
    for cell in document["cells"]:
        where, teams = f"Cell {cell['cell']!r}", frozenset(cell["teams"])
        inside = [group for group in groups if group.teams <= teams]
        if teams != frozenset[str]().union(*(group.teams for group in inside)):
            raise BadDocument(f"{where} is not made of whole counting groups.")
        if cell["n_eligible"] != sum(group.n for group in inside):
            raise BadDocument(f"{where} has another number of eligible people than its groups.")
        least = max(group.least for group in inside)
        if cell["n"] < least:
            raise BadDocument(f"{where} has {cell['n']} answers; a group in it needs {least}.")


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
        # Answers reach a construct in one figure alone: its variance where all items are exact.
        if construct == wanted[key]:
            continue
        may_vary = wanted[key]["status"] == "exact" and wanted[key]["n"] >= VARIANCE_FROM
        if may_vary and {**construct, "variance": None} == wanted[key]:
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
        claim_teams(part, teams, hierarchy, where)
        if part["n"] < least:
            raise BadDocument(f"{where} has {part['n']} answers, fewer than {least}.")


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
COMMENT_CELL: Shape = {**PART, "items": shapes.table_of_listed_tables}
COMMENT: Shape = {"text": shapes.text, "thread": shapes.or_none(shapes.sha256)}
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
    "opening_sha256": shapes.sha256,
    "n_eligible": shapes.whole,
    "n_responses": shapes.whole,
    "cells": shapes.tables,
    "pooled": shapes.or_none(shapes.table),
    "comments": shapes.table,
    "salt": shapes.pattern("[0-9a-f]{32}", name="a salt in 32 small hexadecimal digits"),
}
