"""The wave report as one document: figures, comparisons, trends and texts, ready to be shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from analysis.summary import fixed, interval
from app.reporting.figures import (
    Figure,
    construct_figure,
    item_figure,
    recommendation_figure,
    together,
)
from surveys.disclosure import asked_scales
from surveys.hierarchy import Hierarchy
from surveys.questionnaires import Questionnaire
from surveys.questions import Recommendation, Scale, YesNo

SCHEMA = "headwater.report.wave/1"
Release = Mapping[str, Any]
Cell = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the heat map: a construct, a recommendation score or an item."""

    key: str
    kind: str
    title: str
    text: str
    low: float
    high: float
    digits: int
    read: Callable[..., Figure]

    def step(self, value: float) -> int:
        """Sort a value into one of five shades, 1 the lowest fifth of the scale in use."""
        position = (value - self.low) / (self.high - self.low)
        cuts = (0.35, 0.5, 0.65, 0.8)
        return 1 + sum(position >= cut for cut in cuts)


def wave_report(release: Release, *, history: Sequence[Release]) -> dict[str, Any]:
    """
    Build the report of one released wave.

    `history` holds the released waves up to and including this one, oldest first.
    Nothing but releases is read.
    """
    questionnaire = Questionnaire.from_dict(release["questionnaire"])
    columns = columns_of(release)
    tree = Hierarchy.from_list(release["hierarchy"])
    figures = {
        cell["cell"]: {column.key: column.read(cell=cell) for column in columns}
        for cell in release["cells"]
    }
    return {
        "schema": SCHEMA,
        "wave": release["wave"],
        "title": release["title"],
        "opened_on": release["opened_on"],
        "closed_on": release["closed_on"],
        "questionnaire": questionnaire.title,
        "thresholds": release["thresholds"],
        "response": response_text(release["n_responses"], release["n_eligible"]),
        "n_responses": release["n_responses"],
        "columns": [_column_document(column) for column in columns],
        "cells": [
            _cell_document(cell, tree=tree, columns=columns, figures=figures, release=release)
            for cell in release["cells"]
        ],
        "nodes": {
            team: _node_document(
                team, tree=tree, columns=columns, figures=figures, release=release
            )
            for team in tree.walk
            if tree.children(team)
        },
        "trends": trends(history, columns=columns, tree=tree),
        "comments": release["comments"],
    }


def columns_of(release: Release) -> list[Column]:
    """List what the report shows of each cell: constructs first, then scores and items."""
    questionnaire = Questionnaire.from_dict(release["questionnaire"])
    pooled = release["pooled"] or {}
    columns = []
    for construct in questionnaire.constructs:
        scales = asked_scales(questionnaire, construct)
        if scales:
            columns.append(
                Column(
                    key=f"construct-{construct.key}",
                    kind="construct",
                    title=construct.title,
                    text="; ".join(scale.text for scale in scales),
                    low=scales[0].low,
                    high=scales[0].high,
                    digits=2,
                    read=partial(
                        construct_figure, construct, questionnaire=questionnaire, pooled=pooled
                    ),
                )
            )
    for question in questionnaire.asked:
        if isinstance(question, Recommendation):
            columns.append(
                Column(
                    key=f"score-{question.key}",
                    kind="score",
                    title="eNPS",
                    text=question.text,
                    low=-100,
                    high=100,
                    digits=0,
                    read=partial(recommendation_figure, question),
                )
            )
    for question in questionnaire.asked:
        if isinstance(question, Scale | YesNo):
            low, high = (question.low, question.high) if isinstance(question, Scale) else (0, 1)
            is_turned = isinstance(question, Scale) and question.reverse
            columns.append(
                Column(
                    key=f"item-{question.key}",
                    kind="item",
                    title=question.text,
                    text="turned round: a high figure is good" if is_turned else "",
                    low=low,
                    high=high,
                    digits=2,
                    read=partial(item_figure, question),
                )
            )
    return columns


def figure_document(figure: Figure, column: Column) -> dict[str, Any]:
    """Write a figure as plain values with the words that a page shows."""
    document: dict[str, Any] = {"status": figure.status, "n": figure.n, "why": figure.why}
    if figure.status == "hidden":
        return {**document, "text": "hidden", "interval": ""}
    if figure.estimate is not None:
        found = figure.estimate
        return {
            **document,
            "value": found.estimate,
            "ci_low": found.ci_low,
            "ci_high": found.ci_high,
            "basis": found.basis,
            "text": fixed(found.estimate, column.digits),
            "interval": interval(found.ci_low, found.ci_high, column.digits),
            "step": column.step(found.estimate),
        }
    value = figure.value
    assert value is not None  # noqa: S101 - a bound always has a value
    words = {"at_least": "{} or more", "at_most": "{} or less", "mixed": "about {}"}
    return {
        **document,
        "value": value,
        "bound": figure.bound,
        "text": words.get(str(figure.bound), "{}").format(fixed(value, column.digits)),
        "interval": "",
        "step": column.step(value),
    }


def response_text(n: int, n_eligible: int) -> str:
    """Write a response rate; near the ends as a bound, so that it names nobody."""
    if n_eligible - n <= 1:
        return f"{math.floor(100 * (n_eligible - 2) / n_eligible)} % or more"
    return f"{round(100 * n / n_eligible)} %"


def _column_document(column: Column) -> dict[str, Any]:
    return {
        "key": column.key,
        "kind": column.kind,
        "title": column.title,
        "text": column.text,
        "low": column.low,
        "high": column.high,
        "digits": column.digits,
    }


def _cell_document(
    cell: Cell,
    *,
    tree: Hierarchy,
    columns: Sequence[Column],
    figures: Mapping[str, Mapping[str, Figure]],
    release: Release,
) -> dict[str, Any]:
    own = figures[cell["cell"]]
    others = [row for key, row in figures.items() if key != cell["cell"]]
    parent = _parent_of(cell, tree)
    return {
        "cell": cell["cell"],
        "label": cell["label"],
        "home": cell["home"],
        "parent": parent,
        "teams": cell["teams"],
        "names_by_key": {team: tree.name(team) for team in cell["teams"]},
        "n": cell["n"],
        "response": response_text(cell["n"], cell["n_eligible"]),
        "figures": {c.key: figure_document(own[c.key], c) for c in columns},
        "against_rest": {
            c.key: difference(own[c.key], together([row[c.key] for row in others]), column=c)
            for c in columns
            if c.kind != "item"
        },
    }


def _parent_of(cell: Cell, tree: Hierarchy) -> str:
    """Find the smallest team with others below it that holds the whole cell."""
    teams, node = set(cell["teams"]), cell["home"]
    while not tree.children(node) or not teams <= tree.subtree(node):
        above = tree.parent(node)
        if above is None:
            return str(node)
        node = above
    return str(node)


def difference(figure: Figure, rest: Figure, *, column: Column) -> dict[str, Any] | None:
    """Compare a cell with all other cells together; nothing where either has no interval."""
    own, other = figure.estimate, rest.estimate
    if own is None or other is None:
        return None
    gap = own.estimate - other.estimate
    margin = 1.96 * math.hypot(own.std_error, other.std_error)
    low, high = gap - margin, gap + margin
    return {
        "value": gap,
        "ci_low": low,
        "ci_high": high,
        "text": ("+" if gap > 0 else "") + fixed(gap, column.digits),
        "interval": interval(low, high, column.digits),
        "is_clear": low > 0 or high < 0,
    }


def node_cells(release: Release, inside: frozenset[str]) -> tuple[list[Cell], int]:
    """List the cells wholly inside a subtree, and count its teams that are counted with others."""
    whole = [cell for cell in release["cells"] if inside >= set(cell["teams"])]
    mixed = [
        cell
        for cell in release["cells"]
        if inside & set(cell["teams"]) and not inside >= set(cell["teams"])
    ]
    return whole, len({team for cell in mixed for team in cell["teams"] if team in inside})


def _node_document(
    team: str,
    *,
    tree: Hierarchy,
    columns: Sequence[Column],
    figures: Mapping[str, Mapping[str, Figure]],
    release: Release,
) -> dict[str, Any]:
    whole, n_elsewhere = node_cells(release, tree.subtree(team))
    totals = {c.key: together([figures[cell["cell"]][c.key] for cell in whole]) for c in columns}
    return {
        "team": team,
        "name": tree.name(team),
        "parent": tree.parent(team),
        "cells": [cell["cell"] for cell in whole],
        "touching": [
            cell["cell"] for cell in release["cells"] if tree.subtree(team) & set(cell["teams"])
        ],
        "n": sum(cell["n"] for cell in whole),
        "n_counted_with_others": n_elsewhere,
        "response": response_text(
            sum(cell["n"] for cell in whole), sum(cell["n_eligible"] for cell in whole)
        )
        if whole
        else "",
        "figures": {c.key: figure_document(totals[c.key], c) for c in columns},
    }


def trends(
    history: Sequence[Release], *, columns: Sequence[Column], tree: Hierarchy
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """
    Follow every node and every cell of the newest wave back through the waves.

    A point exists where the same set of teams was counted; where a node is made of
    another set than the wave before, `is_break` says that the line must be broken.
    """
    wanted = [column for column in columns if column.kind != "item"]
    newest = history[-1]
    sets = {cell["cell"]: frozenset(cell["teams"]) for cell in newest["cells"]}
    lines: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for name in [*(t for t in tree.walk if tree.children(t)), *sets]:
        lines[name] = {column.key: [] for column in wanted}
    for release in history:
        known = {column.key: column for column in columns_of(release)}
        members = {team["team"] for team in release["hierarchy"]}
        for name, line in lines.items():
            if name in sets:
                cells = [c for c in release["cells"] if frozenset(c["teams"]) == sets[name]]
            elif name in members:
                inside = Hierarchy.from_list(release["hierarchy"]).subtree(name)
                cells, _ = node_cells(release, inside)
            else:
                cells = []
            for column in wanted:
                if column.key in known and cells:
                    line[column.key].append(
                        _trend_point(release, cells, known[column.key], before=line[column.key])
                    )
    return lines


def _trend_point(
    release: Release, cells: Sequence[Cell], column: Column, *, before: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    teams = sorted(team for cell in cells for team in cell["teams"])
    figures = [column.read(cell=cell) for cell in cells]
    figure = figures[0] if len(figures) == 1 else together(figures)
    return {
        "wave": release["wave"],
        "title": release["title"],
        "on": release["opened_on"],
        "teams": teams,
        "is_break": bool(before) and before[-1]["teams"] != teams,
        **figure_document(figure, column),
    }
