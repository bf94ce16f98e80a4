"""Report documents as rows for tables and files; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.formats.csv_files import csv_text
from app.queries.viewing import Scope

__all__ = [
    "csv_text",
    "customer_rows",
    "customer_tables",
    "heat_map",
    "linkage_rows",
    "trend_rows",
    "trend_tables",
    "wave_rows",
]

Document = Mapping[str, Any]
FIGURE_COLUMNS = ("figure", "shown as", "lower limit", "upper limit", "answers", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """One row of the heat map: a cell, or the node above its cells."""

    label: str
    teams: str
    n: int
    response: str
    is_total: bool
    is_merged: bool
    figures: list[tuple[Document, Document, Document | None]]


def heat_map(report: Document, scope: Scope) -> dict[str, Any]:
    """Lay out the heat maps of a scope: constructs and scores first, then items."""
    return {
        kind: {
            "columns": columns,
            "rows": list(_heat_rows(scope, columns)),
        }
        for kind, columns in (
            ("scores", [c for c in report["columns"] if c["kind"] != "item"]),
            ("items", [c for c in report["columns"] if c["kind"] == "item"]),
        )
    }


def _heat_rows(scope: Scope, columns: list[Document]) -> Iterator[HeatRow]:
    if scope.node is not None and scope.node["cells"]:
        yield HeatRow(
            label=scope.name,
            teams="",
            n=scope.node["n"],
            response=scope.node["response"],
            is_total=True,
            is_merged=False,
            figures=[(column, scope.node["figures"][column["key"]], None) for column in columns],
        )
    for cell in scope.cells:
        yield HeatRow(
            label=cell["label"],
            teams=", ".join(cell["names_by_key"].values()) if len(cell["teams"]) > 1 else "",
            n=cell["n"],
            response=cell["response"],
            is_total=False,
            is_merged=len(cell["teams"]) > 1,
            figures=[
                (column, cell["figures"][column["key"]], cell["against_rest"].get(column["key"]))
                for column in columns
            ],
        )


def trend_tables(report: Document, scope: Scope) -> list[dict[str, Any]]:
    """Lay out the trends of a scope's own figure, with the chart where one was drawn."""
    return [
        {
            "column": column,
            "points": points,
            "svg": report["charts"].get(f"{scope.team}-{column['key']}"),
        }
        for column in report["columns"]
        if column["kind"] != "item"
        and (points := report["trends"].get(_line(scope), {}).get(column["key"]))
    ]


def _line(scope: Scope) -> str:
    """Name the trend of a scope: its node's, or that of the one cell it lies in."""
    if scope.node is None and scope.cells:
        return str(scope.cells[0]["cell"])
    return scope.team


def wave_rows(report: Document, scope: Scope) -> list[list[Any]]:
    """List every figure of a scope, one a line."""
    rows: list[list[Any]] = [["wave", "counted together", "teams", "measure", *FIGURE_COLUMNS]]
    if scope.node is not None:
        for column in report["columns"]:
            figure = scope.node["figures"][column["key"]]
            rows.append([report["title"], scope.name, "", column["title"], *_figure_cells(figure)])
    for cell in scope.cells:
        teams = ", ".join(cell["names_by_key"].values())
        rows += [
            [
                report["title"],
                cell["label"],
                teams,
                column["title"],
                *_figure_cells(cell["figures"][column["key"]]),
            ]
            for column in report["columns"]
        ]
    return rows


def trend_rows(report: Document, scope: Scope) -> list[list[Any]]:
    """List every point of a scope's trends, one a line."""
    rows: list[list[Any]] = [["counted together", "measure", "wave", "opened", *FIGURE_COLUMNS]]
    lines = [(scope.name, _line(scope))]
    lines += [(cell["label"], cell["cell"]) for cell in scope.cells if scope.node is not None]
    for name, line in lines:
        for column in report["columns"]:
            for point in report["trends"].get(line, {}).get(column["key"], []):
                rows.append(
                    [name, column["title"], point["title"], point["on"], *_figure_cells(point)]
                )
    return rows


def _figure_cells(figure: Document) -> list[Any]:
    note = figure.get("why") or figure.get("basis", "")
    return [
        figure.get("value"),
        figure["text"],
        figure.get("ci_low"),
        figure.get("ci_high"),
        figure["n"],
        note,
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


def customer_tables(report: Document) -> list[dict[str, Any]]:
    """Lay out the customers' tables as text cells."""
    return [
        {
            "key": table["key"],
            "title": table["title"],
            "columns": [table["title"].removeprefix("By ").capitalize(), *_titles(report)],
            "rows": [
                [row["label"], *(_words(row["figures"][c["key"]]) for c in report["columns"])]
                for row in table["rows"]
            ],
        }
        for table in report["tables"]
    ]


def _titles(report: Document) -> list[str]:
    return [column["title"] for column in report["columns"]]


def _words(figure: Document) -> str:
    if figure["status"] == "hidden":
        return f"too few ({figure['n']})"
    return f"{figure['text']} ({figure['interval']}; n = {figure['n']})"


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
