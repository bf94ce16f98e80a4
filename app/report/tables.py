"""Report documents as rows for tables and files; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.formats.csv_files import csv_text
from app.queries.viewing import Scope, teams_above

__all__ = [
    "chief_figures",
    "csv_text",
    "customer_rows",
    "gap_table",
    "heat_maps",
    "linkage_rows",
    "trend",
    "trend_rows",
    "wave_rows",
]

Document = Mapping[str, Any]
FIGURE_COLUMNS = ("figure", "shown as", "lower limit", "upper limit", "answers", "note")
GAP_COLUMNS = ("less all others", "lower limit of it", "upper limit of it")
SIDES = {"above": "▲", "below": "▼", "": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """
    One row of a heat map.

    `kind` is "above" for a total that a part stands beside, "own" for the part's own total,
    "node" for a total over the cells that follow it, and "cell".
    """

    kind: str
    label: str
    team: str
    teams: str
    n: str
    response: str
    is_merged: bool
    figures: list[tuple[Document, Document, Document | None]]


def chief_figures(report: Document, scope: Scope) -> list[tuple[Document, Document]]:
    """Pick the figures that head a part: engagement, or the first score, and eNPS."""
    whole = scope.node if scope.node is not None else next(iter(scope.cells), None)
    is_of_others_too = scope.node is None and scope.n_counted_with_others
    if whole is None or not whole["n"] or is_of_others_too:
        return []
    constructs = [c for c in report["columns"] if c["kind"] == "construct"]
    engagement = [c for c in constructs if c["key"] == "construct-engagement"] or constructs
    scores = [c for c in report["columns"] if c["kind"] == "score"]
    chosen = [*engagement[:1], *scores[:1]]
    return [(column, whole["figures"][column["key"]]) for column in chosen]


def heat_maps(report: Document, scope: Scope, *, above: Sequence[Document]) -> dict[str, Any]:
    """Lay out the heat maps of a part: constructs and scores first, then items."""
    kinds = {
        "scores": [c for c in report["columns"] if c["kind"] != "item"],
        "items": [c for c in report["columns"] if c["kind"] == "item"],
    }
    return {
        kind: {
            "columns": columns,
            "rows": list(_heat_rows(report, scope, columns, above)),
            "shades": _shades(columns),
        }
        for kind, columns in kinds.items()
    }


def _heat_rows(
    report: Document, scope: Scope, columns: list[Document], above: Sequence[Document]
) -> Iterator[HeatRow]:
    for node in above:
        yield _total_row("above", "", node, columns)
    if scope.node is not None and scope.node["cells"]:
        yield _total_row("own", scope.team, scope.node, columns)
    told = {scope.team}
    for cell in scope.cells:
        node = cell["parent"]
        if node not in told and scope.team in teams_above(report, node):
            told.add(node)
            yield _total_row("node", node, report["nodes"][node], columns)
        yield _cell_row(cell, columns)


def _total_row(kind: str, team: str, node: Document, columns: list[Document]) -> HeatRow:
    return HeatRow(
        kind=kind,
        label=node["name"],
        team=team,
        teams="",
        n=node["n"],
        response=node["response"],
        is_merged=False,
        figures=[(column, node["figures"][column["key"]], None) for column in columns],
    )


def _cell_row(cell: Document, columns: list[Document]) -> HeatRow:
    is_merged = len(cell["teams"]) > 1
    names = ", ".join(cell["names_by_key"].values())
    return HeatRow(
        kind="cell",
        label=cell["label"],
        team=cell["teams"][0],
        teams=names if is_merged and names != cell["label"].replace(" + ", ", ") else "",
        n=cell["n"],
        response=cell["response"],
        is_merged=is_merged,
        figures=[
            (column, cell["figures"][column["key"]], cell["against_rest"].get(column["key"]))
            for column in columns
        ],
    )


def _shades(columns: Sequence[Document]) -> list[dict[str, Any]]:
    """Say at which values the shades part, for each scale in use."""
    scales: dict[tuple[float, float], Document] = {}
    for column in columns:
        scales.setdefault((column["low"], column["high"]), column)
    return [
        {
            "scale": f"{_plain(low)} to {_plain(high)}",
            "cuts": ", ".join(_plain(cut) for cut in column["cuts"]),
        }
        for (low, high), column in scales.items()
    ]


def _plain(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def gap_table(report: Document, scope: Scope) -> dict[str, Any]:
    """Lay out how each cell differs from all other cells together."""
    columns = [column for column in report["columns"] if column["kind"] == "construct"]
    columns += [column for column in report["columns"] if column["kind"] == "score"]
    rows = [
        [cell["label"], *(_gap_words(cell["against_rest"][c["key"]]) for c in columns)]
        for cell in scope.cells
    ]
    return {"columns": ["Counted together", *(c["title"] for c in columns)], "rows": rows}


def _gap_words(gap: Document | None) -> str:
    if gap is None:
        return "–"
    return f"{SIDES[gap['side']]} {gap['text']} ({gap['interval']})".strip()


def trend(report: Document, scope: Scope) -> dict[str, Any]:
    """Lay out the trends of a part's own figures: the drawings, and a table by wave."""
    line = _line(scope)
    points = report["trends"].get(line, {})
    drawn = report["charts"].get(line, {})
    scores = [c for c in report["columns"] if points.get(c["key"])]
    rows = []
    for place, wave in enumerate(report["waves"]):
        here = {
            column["key"]: point
            for column in scores
            for point in points[column["key"]]
            if point["wave"] == place
        }
        if here:
            breaks = dict.fromkeys(p["break"] for p in here.values() if p["break"])
            rows.append(
                {
                    "title": wave["title"],
                    "breaks": [report["breaks"][name] for name in breaks],
                    "points": [here.get(column["key"]) for column in scores],
                }
            )
    return {
        "columns": scores,
        "rows": rows,
        "charts": [
            {
                "column": column,
                "svg": drawn[column["key"]],
                "breaks": [
                    {
                        "title": report["waves"][point["wave"]]["title"],
                        "sentence": report["breaks"][point["break"]],
                    }
                    for point in points[column["key"]]
                    if point["break"]
                ],
            }
            for column in scores
            if column["key"] in drawn
        ],
    }


def _line(scope: Scope) -> str:
    """Name the trend of a part: its node's, or that of the one cell it lies in."""
    if scope.node is None and scope.cells:
        return str(scope.cells[0]["cell"])
    return scope.team


def wave_rows(report: Document, scope: Scope, *, above: Sequence[Document]) -> list[list[Any]]:
    """List every figure of a part, and of the totals it stands beside, one a line."""
    rows: list[list[Any]] = [
        ["wave", "counted together", "teams", "measure", *FIGURE_COLUMNS, *GAP_COLUMNS]
    ]
    for row in _heat_rows(report, scope, report["columns"], above):
        for column, figure, gap in row.figures:
            gaps = [gap["value"], gap["ci_low"], gap["ci_high"]] if gap else ["", "", ""]
            rows.append(
                [
                    report["title"],
                    row.label,
                    row.teams,
                    column["title"],
                    *_figure_cells(report, figure),
                    *gaps,
                ]
            )
    return rows


def trend_rows(report: Document, scope: Scope) -> list[list[Any]]:
    """List every point of a part's trends, one a line."""
    rows: list[list[Any]] = [
        ["counted together", "measure", "wave", "opened", *FIGURE_COLUMNS, "break before it"]
    ]
    lines = [(scope.name if scope.node is not None else "", _line(scope))]
    lines += [(cell["label"], cell["cell"]) for cell in scope.cells]
    for name, line in lines:
        for column in report["columns"] if name else []:
            for point in report["trends"].get(line, {}).get(column["key"], []):
                wave = report["waves"][point["wave"]]
                why = report["breaks"].get(point["break"], "")
                cells = _figure_cells(report, point)
                rows.append([name, column["title"], wave["title"], wave["on"], *cells, why])
    return rows


def _figure_cells(report: Document, figure: Document) -> list[Any]:
    return [
        figure.get("value"),
        figure["text"],
        figure.get("ci_low"),
        figure.get("ci_high"),
        figure["n"].replace(",", ""),
        report["reasons"].get(figure["why"], "") or report["bases"].get(figure.get("basis"), ""),
    ]


def linkage_rows(report: Document) -> list[list[Any]]:
    """List the tables of a linkage report under one another, each under its caption."""
    rows: list[list[Any]] = []
    for table in _tables_in(report):
        rows += [[table["caption"]], list(table["columns"]), *map(list, table["rows"]), []]
    return rows


def _tables_in(value: Any) -> Iterator[Document]:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        if {"caption", "columns", "rows"} <= value.keys():
            yield value
        else:
            for inner in value.values():
                yield from _tables_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _tables_in(inner)


def customer_rows(report: Document) -> list[list[Any]]:
    """List every figure of the customers' report, one a line."""
    rows: list[list[Any]] = [
        ["table", "group", "measure", "figure", "lower limit", "upper limit", "answers"]
    ]
    groups = [("all", "all", report["total"])]
    groups += [
        (table["title"], row["label"], row["figures"])
        for table in report["tables"]
        for row in table["rows"]
    ]
    for title, label, figures in groups:
        for column in report["columns"]:
            figure = figures[column["key"]]
            rows.append(
                [
                    title,
                    label,
                    column["title"],
                    figure.get("value"),
                    figure.get("ci_low"),
                    figure.get("ci_high"),
                    figure["n"],
                ]
            )
    return rows
