"""The wave report as one document: figures, comparisons and texts, ready to be shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis import difference
from analysis.scores import BASES
from analysis.summary import fixed, interval
from app.reporting.columns import Column, columns_of
from app.reporting.figures import (
    REASONS,
    Count,
    Figure,
    counted_together,
    shown_count,
    together,
)
from surveys.hierarchy import Hierarchy
from surveys.questionnaires import Questionnaire

SCHEMA = "headwater.report.wave/3"
BOUND_WORDS = {"at_least": "{} or more", "at_most": "{} or less", "mixed": "about {}"}

Release = Mapping[str, Any]
Cell = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveFigures:
    """A release read once: its tree, its columns, and every figure of every cell."""

    release: Release
    tree: Hierarchy
    columns: Sequence[Column]
    figures: Mapping[str, Mapping[str, Figure]]

    def inside(self, team: str) -> tuple[list[Cell], int]:
        """List the cells wholly inside a subtree, and count its teams counted with others."""
        subtree = self.tree.subtree(team)
        touching = [cell for cell in self.release["cells"] if subtree & set(cell["teams"])]
        whole = [cell for cell in touching if subtree >= set(cell["teams"])]
        elsewhere = {
            mixed
            for cell in touching
            if not subtree >= set(cell["teams"])
            for mixed in subtree & set(cell["teams"])
        }
        return whole, len(elsewhere)

    def together(self, cells: Sequence[Cell], column: Column) -> Figure:
        """Add one column up over some cells (R3)."""
        return together([self.figures[cell["cell"]][column.key] for cell in cells])


def read_figures(release: Release) -> WaveFigures:
    """Turn every released value into a figure with its interval, its bound or its reason."""
    columns = columns_of(release)
    return WaveFigures(
        release=release,
        tree=Hierarchy.from_list(release["hierarchy"]),
        columns=columns,
        figures={
            cell["cell"]: {column.key: column.read(cell=cell) for column in columns}
            for cell in release["cells"]
        },
    )


def wave_report(wave: WaveFigures) -> dict[str, Any]:
    """Build the report of one released wave from nothing but its release."""
    release, tree = wave.release, wave.tree
    with_own_figure = [t for t in tree.walk if tree.children(t) or t == tree.root]
    return {
        "schema": SCHEMA,
        "wave": release["wave"],
        "title": release["title"],
        "opened_on": release["opened_on"],
        "closed": spelled(date.fromisoformat(release["closed_on"])),
        "questionnaire": Questionnaire.from_dict(release["questionnaire"]).title,
        "thresholds": release["thresholds"],
        "reasons": REASONS,
        "bases": BASES,
        "columns": [column.to_dict() for column in wave.columns],
        "teams": {t: {"name": tree.name(t), "parent": tree.parent(t)} for t in tree.walk},
        "cells": [_cell_document(wave, cell) for cell in release["cells"]],
        "nodes": {team: _node_document(wave, team) for team in with_own_figure},
    }


def figure_document(figure: Figure, column: Column) -> dict[str, Any]:
    """Write a figure as plain values with the words that a page shows."""
    document: dict[str, Any] = {"status": figure.status, "why": figure.why}
    if figure.status == "hidden":
        return {**document, "n": "", "text": "hidden", "interval": ""}
    document["n"] = str(figure.n)
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
    words = BOUND_WORDS.get(str(figure.bound), "{}")
    return {
        **document,
        "value": value,
        "bound": figure.bound,
        "text": words.format(fixed(value, column.digits)),
        "interval": "",
        "step": column.step(value),
    }


def response_text(answered: Count, *, n_eligible: int) -> str:
    """Write a response rate; near the whole as a bound, so that it names nobody."""
    if answered.is_exact:
        return f"{round(100 * answered.least / n_eligible)}%"
    return f"{math.floor(100 * answered.least / n_eligible)}% or more"


def spelled(day: date) -> str:
    """Write a day as people read it."""
    return f"{day.day} {day:%B %Y}"


def _answered(cells: Sequence[Cell]) -> Count:
    return counted_together([shown_count(c["n"], n_eligible=c["n_eligible"]) for c in cells])


def _counts(cells: Sequence[Cell]) -> dict[str, str]:
    """Say how many answered; a total that hides nothing could be taken apart, so it is summed."""
    if not cells:
        return {"n": "", "response": ""}
    answered, n_eligible = _answered(cells), sum(cell["n_eligible"] for cell in cells)
    return {"n": str(answered), "response": response_text(answered, n_eligible=n_eligible)}


def _cell_document(wave: WaveFigures, cell: Cell) -> dict[str, Any]:
    own = wave.figures[cell["cell"]]
    others = [other for other in wave.release["cells"] if other["cell"] != cell["cell"]]
    return {
        "cell": cell["cell"],
        "label": cell["label"],
        "parent": _parent_of(cell, wave.tree),
        "teams": cell["teams"],
        "names_by_key": {team: wave.tree.name(team) for team in cell["teams"]},
        **_counts([cell]),
        "figures": {c.key: figure_document(own[c.key], c) for c in wave.columns},
        "against_rest": {
            c.key: against(own[c.key], wave.together(others, c), column=c)
            for c in wave.columns
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


def against(figure: Figure, rest: Figure, *, column: Column) -> dict[str, Any] | None:
    """Compare a cell with all other cells together; nothing where either has no interval."""
    if figure.estimate is None or rest.estimate is None:
        return None
    gap = difference(figure.estimate, rest.estimate)
    return {
        "value": gap.estimate,
        "ci_low": gap.ci_low,
        "ci_high": gap.ci_high,
        "text": ("+" if gap.estimate > 0 else "") + fixed(gap.estimate, column.digits),
        "interval": interval(gap.ci_low, gap.ci_high, column.digits),
        "side": ("above" if gap.estimate > 0 else "below") if gap.is_clear else "",
    }


def _node_document(wave: WaveFigures, team: str) -> dict[str, Any]:
    whole, n_elsewhere = wave.inside(team)
    subtree = wave.tree.subtree(team)
    return {
        "name": wave.tree.name(team),
        "parent": wave.tree.parent(team),
        "cells": [cell["cell"] for cell in whole],
        "touching": [c["cell"] for c in wave.release["cells"] if subtree & set(c["teams"])],
        **_counts(whole),
        "n_counted_with_others": n_elsewhere,
        "figures": {c.key: figure_document(wave.together(whole, c), c) for c in wave.columns},
    }
