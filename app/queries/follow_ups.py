"""What was released of an action's items before it and after, for the team it is for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.models import Action
from app.queries.own_results import Document, Head, Line, smallest_part, teams_in


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeAfter:
    """The figures of one action, and what must be known to read them."""

    heads: Sequence[Head]
    lines: Sequence[Line]
    remarks: Sequence[str]


def before_after(
    action: Action, reports: Sequence[Document], *, done_on: date | None
) -> BeforeAfter:
    """
    Lay out what was released of an action's items, wave by wave.

    `reports` are those of the wave that it answers and, if there is one, of the newest
    after it.  Nothing is computed: each figure is one that the wave's report shows.
    """
    parts = [(report, smallest_part(report, action.team.key)) for report in reports]
    shown = [(report, part) for report, part in parts if part is not None]
    lines = [
        Line(
            title=column["title"],
            text="" if column["kind"] == "item" else column["text"],
            figures=[part["figures"].get(key) for _, part in shown],
        )
        for key, column in _measures(action, [report for report, _ in shown]).items()
    ]
    return BeforeAfter(
        heads=[Head(part=part["label"], wave=report["title"]) for report, part in shown],
        lines=lines,
        remarks=[
            *(_missing(action, report) for report, part in parts if part is None),
            *_reservations(action, shown),
            *_how_far(action, reports, done_on=done_on),
        ],
    )


def _measures(action: Action, reports: Sequence[Document]) -> dict[str, Document]:
    """Find the column of the measure that was answered, and of those that will tell."""
    wanted = [f"construct-{action.about_key}"] if action.about_kind == "construct" else []
    items = [action.about_key] if action.about_kind == "item" else []
    for item in [*items, *action.follow_ups]:
        wanted += [f"item-{item}", f"score-{item}"]
    columns = {column["key"]: column for report in reports for column in report["columns"]}
    return {key: columns[key] for key in wanted if key in columns}


def _missing(action: Action, report: Document) -> str:
    return f"{report['title']} has no figure of {action.team.name}."


def _reservations(action: Action, shown: Sequence[tuple[Document, Any]]) -> Iterable[str]:
    """Say where the figures are of more or fewer people than the action is for."""
    for report, part in shown:
        together = sorted(set(part.get("names_by_key", {})) - {action.team.key})
        if together and action.team.key in part["teams"]:
            names = " and ".join(part["names_by_key"][key] for key in together)
            yield f"In {report['title']}, {action.team.name} is counted together with {names}."
        elif part.get("n_counted_with_others"):
            yield (
                f"In {report['title']}, some teams of {action.team.name} are counted with others "
                "from outside; the figure leaves them out."
            )
    if len(shown) == 2:
        yield from _differences(action, *shown)


def _differences(
    action: Action, before: tuple[Document, Any], after: tuple[Document, Any]
) -> Iterable[str]:
    if teams_in(*before) != teams_in(*after):
        yield "Not the same teams are counted in both waves, so the two do not compare."
    asked = [
        {column["key"]: (column["text"], column["low"], column["high"]) for column in r["columns"]}
        for r, _ in (before, after)
    ]
    for key, column in _measures(action, [before[0], after[0]]).items():
        if key in asked[0] and key in asked[1] and asked[0][key] != asked[1][key]:
            yield f"Asked in other words or on another scale since: {column['title']}"


def _how_far(
    action: Action, reports: Sequence[Document], *, done_on: date | None
) -> Iterable[str]:
    if len(reports) < 2:
        yield "No wave has been released since, so there is no figure from after it."
    elif action.decision == "will_not":
        return
    elif done_on is None or date.fromisoformat(reports[-1]["opened_on"]) < done_on:
        yield f"{reports[-1]['title']} was answered before this was done."
