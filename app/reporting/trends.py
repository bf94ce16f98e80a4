"""Figures over the waves: one line per node and per cell, broken where they do not compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from app.charts.trend import TrendBreak, TrendPoint, trend
from app.reporting.columns import Column
from app.reporting.waves import WaveFigures, figure_document
from surveys.lineage import Descent, as_of

Document = dict[str, Any]
Lines = dict[str, dict[str, list[Document]]]
Cell = Mapping[str, Any]
Asked = tuple[str, float, float]

BREAKS = {
    "teams": "Other teams are counted from here on.",
    "asked": "Asked in other words or on another scale from here on.",
    "gap": "Not counted like this in the wave before.",
}


def trend_lines(history: Sequence[WaveFigures], descents: Sequence[Descent] = ()) -> Lines:
    """
    Follow every node and every cell of the newest wave back through the waves.

    `history` is oldest first and ends with the wave itself; `descents` tell which teams came
    of which.  A node has a point wherever a cell lies wholly inside it; a cell has one
    wherever a cell had the same set of teams, or, where its teams came of others, cells put
    together had these.  `break` says why a point must not be joined to the one before:
    another set of teams, another question, or a wave in between without a point.  Names
    play no part.
    """
    newest = history[-1]
    sets = {c["cell"]: frozenset(c["teams"]) for c in newest.release["cells"]}
    lines: Lines = {}
    for name in [*_nodes(newest), *sets]:
        teams = sets.get(name)
        stops = [
            _cells_of(wave, name, descents, newest=newest)
            if teams is None
            else _cells_with(wave, teams, descents)
            for wave in history
        ]
        lines[name] = {
            column.key: list(_points(history, stops, column.key, descents))
            for column in newest.columns
            if column.kind != "item"
        }
    return lines


def _nodes(wave: WaveFigures) -> Iterator[str]:
    yield from (t for t in wave.tree.walk if wave.tree.children(t) or t == wave.tree.root)


def _cells_of(
    wave: WaveFigures, node: str, descents: Sequence[Descent], *, newest: WaveFigures
) -> list[Cell]:
    """List the cells inside a node, or inside what it came of where a wave does not know it."""
    if node in wave.tree:
        return wave.inside(node)[0]
    then = as_of(newest.tree.subtree(node), descents, listed=wave.tree)
    return [cell for cell in wave.release["cells"] if then.issuperset(cell["teams"])]


def _cells_with(
    wave: WaveFigures, teams: frozenset[str], descents: Sequence[Descent]
) -> list[Cell]:
    """List the cell with exactly these teams, or the cells of exactly those they came of."""
    then = as_of(teams, descents, listed=wave.tree)
    inside = [cell for cell in wave.release["cells"] if then.issuperset(cell["teams"])]
    is_one = len(inside) == 1 or then != teams
    return inside if is_one and _teams_of(inside) == then else []


def _teams_of(cells: Sequence[Cell]) -> frozenset[str]:
    return frozenset(team for cell in cells for team in cell["teams"])


def _points(
    history: Sequence[WaveFigures],
    stops: Sequence[Sequence[Cell]],
    key: str,
    descents: Sequence[Descent],
) -> Iterator[Document]:
    before: tuple[int, frozenset[str], Asked] | None = None
    for place, (wave, cells) in enumerate(zip(history, stops, strict=True)):
        column = next((c for c in wave.columns if c.key == key), None)
        if column is None or not cells:
            continue
        teams = _teams_of(cells)
        known = teams if before is None else as_of(teams, descents, listed=history[before[0]].tree)
        yield {
            "wave": place,
            "break": _break(before, place, known, column),
            **_point_figure(wave, cells, column),
        }
        before = place, teams, column.asked


def _break(
    before: tuple[int, frozenset[str], Asked] | None,
    place: int,
    teams: frozenset[str],
    column: Column,
) -> str:
    """Say why a point is not joined to the one before, "" if it is."""
    if before is None:
        return ""
    wave, earlier, asked = before
    if teams != earlier:
        return "teams"
    if column.asked != asked:
        return "asked"
    return "gap" if place > wave + 1 else ""


def _point_figure(wave: WaveFigures, cells: Sequence[Cell], column: Column) -> Document:
    figure = figure_document(wave.together(cells, column), column)
    wanted = ("status", "text", "interval", "n", "value", "ci_low", "ci_high", "why", "basis")
    return {name: figure[name] for name in wanted if name in figure}


def wave_list(history: Sequence[WaveFigures]) -> list[dict[str, str]]:
    """Name the waves that the points of a trend count through."""
    return [
        {"wave": w.release["wave"], "title": w.release["title"], "on": w.release["opened_on"]}
        for w in history
    ]


def trend_charts(
    lines: Lines,
    *,
    nodes: Sequence[str],
    columns: Sequence[Document],
    waves: Sequence[Mapping[str, str]],
) -> dict[str, dict[str, str]]:
    """
    Draw all scores of the first node, engagement and eNPS of the others.

    Drawing is what takes time; the figures of every line are in the tables.
    """
    scores = [column for column in columns if column["kind"] != "item"]
    few = _chief(scores)
    return {
        node: {
            column["key"]: svg
            for column in (scores if place == 0 else few)
            if (svg := _chart(lines[node][column["key"]], column, waves)) is not None
        }
        for place, node in enumerate(nodes)
    }


def _chief(scores: Sequence[Document]) -> list[Document]:
    """Choose engagement, or else the first construct, and the first recommendation score."""
    constructs = [c for c in scores if c["kind"] == "construct"]
    engagement = [c for c in constructs if c["key"] == "construct-engagement"] or constructs
    return [*engagement[:1], *[c for c in scores if c["kind"] == "score"][:1]]


def _chart(
    points: Sequence[Document], column: Document, waves: Sequence[Mapping[str, str]]
) -> str | None:
    """Draw one line; bounds and hidden values are never drawn as values."""
    marks: list[TrendPoint] = []
    breaks: list[TrendBreak] = []
    stretch, why = 0, ""
    for point in points:
        if point["break"] or point["status"] != "exact":
            stretch += 1
        why = point["break"] or why
        if point["status"] != "exact":
            continue
        wave = waves[point["wave"]]
        if why and marks:
            words = f"Between {marks[-1].title} and {wave['title']}: {BREAKS[why]}"
            breaks.append(TrendBreak(on=_halfway(marks[-1].on, wave["on"]), words=words))
        why = ""
        marks.append(
            TrendPoint(
                on=wave["on"],
                title=wave["title"],
                words=f"{wave['title']}: {point['text']}, 95% interval {point['interval']},"
                f" {point['n']} answers",
                value=point["value"],
                ci_low=point["ci_low"],
                ci_high=point["ci_high"],
                stretch=stretch,
            )
        )
    if len(marks) < 2:
        return None
    return trend(marks, breaks, description=f"{column['title']} over {len(marks)} waves")


def _halfway(one: str, other: str) -> str:
    first, second = date.fromisoformat(one), date.fromisoformat(other)
    return (first + (second - first) / 2).isoformat()
