"""R3 checked: every number shown is recomputed from the tables of cells alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.reporting.waves import read_figures, wave_report
from surveys.exchange import RELEASE
from surveys.hierarchy import Hierarchy
from surveys.questionnaires import Questionnaire
from surveys.questions import Scale
from tests.attack.full_view.reading import Shown, numbers_in

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Table:
    """One release with nothing in it but the promised fields, and the report made anew of it."""

    release: Document
    report: Document

    @cached_property
    def tree(self) -> Hierarchy:
        """The tree of the wave."""
        return Hierarchy.from_list(self.release["hierarchy"])

    @cached_property
    def columns(self) -> Mapping[str, Document]:
        """The measures by their titles."""
        return {column["title"]: column for column in self.report["columns"]}

    def parts(self, name: str) -> list[Document]:
        """List the cells and totals that a name may mean; a team means the cell it is in."""
        cells = [cell for cell in self.report["cells"] if cell["label"] == name]
        nodes = [node for node in self.report["nodes"].values() if node["name"] == name]
        keys = {key for key, team in self.report["teams"].items() if team["name"] == name}
        around = [c for c in self.report["cells"] if keys & set(c["teams"])] if not nodes else []
        return [*cells, *nodes, *(cell for cell in around if cell not in cells)]

    def teams_of(self, name: str) -> frozenset[str]:
        """Find the teams whose people a figure of this name is about."""
        for cell in self.report["cells"]:
            if cell["label"] == name:
                return frozenset(cell["teams"])
        for team in self.report["teams"]:
            if self.tree.name(team) == name:
                return self.tree.subtree(team)
        raise AssertionError(f"nobody knows who {name!r} is")

    def plain_mean(self, part: Document, column: Document) -> float | None:
        """Average a scale over the cells of a part, in an arithmetic of our own."""
        if column["kind"] != "item" or part.get("parent") is None and "cells" not in part:
            return None
        questionnaire = Questionnaire.from_dict(self.release["questionnaire"])
        question = questionnaire.question(column["key"].removeprefix("item-"))
        inside = part["cells"] if "cells" in part else [part["cell"]]
        total, n = 0.0, 0
        for cell in self.release["cells"]:
            item = cell["items"][question.key]
            if cell["cell"] in inside and item["status"] != "hidden":
                total += item.get("point_sum", item.get("sum"))
                n += item["n"]
        if not n or not isinstance(question, Scale):
            return None
        return question.turned(0) + total / n * (-1 if question.reverse else 1)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """All releases of an organisation, by the titles of their waves."""

    by_title: Mapping[str, Table]

    def explains(self, shown: Shown) -> bool:
        """Tell whether a figure is what the tables of cells say."""
        table = self.by_title.get(shown.wave)
        if table is None:
            return False
        if shown.kind == "answered":
            return any(_took_part(shown, part) for part in self._parts(table, shown.part))
        if shown.measure not in table.columns:
            return False
        column = table.columns[shown.measure]
        name = "against_rest" if shown.kind == "gap" else "figures"
        for part in self._parts(table, shown.part):
            found = part.get(name, {}).get(column["key"])
            mean = table.plain_mean(part, column) if shown.kind == "figure" else None
            if found is not None and _is_same(shown, found, mean):
                return True
        return False

    def _parts(self, table: Table, name: str) -> list[Document]:
        """List what a name may mean in a wave; a trend calls teams what they are called now."""
        parts = table.parts(name)
        for other in () if parts else self.by_title.values():
            teams = {frozenset(cell["teams"]) for cell in other.parts(name) if "teams" in cell}
            parts += [cell for cell in table.report["cells"] if frozenset(cell["teams"]) in teams]
            keys = {key for key, node in other.report["nodes"].items() if node["name"] == name}
            parts += [node for key, node in table.report["nodes"].items() if key in keys]
        return parts


def _took_part(shown: Shown, part: Document) -> bool:
    return shown.text == part["response"] and shown.n in ("", part["n"])


def tables_of(releases: Iterable[Document]) -> Tables:
    """Take the promised fields of some releases and forget everything else."""
    kept = [{name: release[name] for name in RELEASE} for release in releases]
    return Tables(
        by_title={
            release["title"]: Table(release=release, report=wave_report(read_figures(release)))
            for release in kept
        }
    )


def _is_same(shown: Shown, found: Document, mean: float | None) -> bool:
    if found.get("status") == "hidden":
        return shown.value is None and shown.low is None and not shown.n
    pairs = [
        (shown.value, found["value"]),
        (shown.low, found.get("ci_low")),
        (shown.high, found.get("ci_high")),
    ]
    is_bound = found.get("status") == "bound"
    if mean is not None and not is_bound and abs(mean - found["value"]) > 1e-9:
        return False
    if shown.text and shown.text.lstrip("▲▼ ") != found["text"]:
        return False
    if shown.n.replace(",", "") != str(found.get("n", "")).replace(",", "") and shown.n:
        return False
    return all(
        one is None or other is not None and abs(one - other) <= shown.digits
        for one, other in pairs
    )


def unexplained_numbers(text: str, allowed: Iterable[str]) -> Iterator[str]:
    """List the numbers in a text that are not among those allowed."""
    known = set(allowed)
    for found in numbers_in(text):
        if found.lstrip("+−-") not in known and found not in known:
            yield found


def numbers_of(document: Any) -> Iterator[str]:
    """List every number that a document holds, however deep."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield from numbers_in(str(key))
            yield from numbers_of(value)
    elif isinstance(document, list | tuple):
        for value in document:
            yield from numbers_of(value)
    elif isinstance(document, float | int):
        yield re.sub(r"^-", "", repr(document))
        yield f"{document:g}".lstrip("-")
        yield f"{abs(document):,}"
    elif isinstance(document, str):
        yield from (found.lstrip("+−-") for found in numbers_in(document))
