"""Whose part of a wave report is a team's own: the smallest one shown that contains it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.action_access import own_team
from app.models import RosterEntry, Team, Wave

Document = Mapping[str, Any]
# How `app.services.rights` names the nodes it makes.
BY_LETTER = re.compile(r"letters-[0-9a-f]{8}x*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """
    A team's place in a wave report, in a word, and the cell it is counted in.

    `state` is "alone", "together" (with `others`), "nobody" (nobody of the team itself was
    asked), "new" (the team was not there yet) or "too few" (nothing is shown of anybody).
    `by_letter` lists cells of people by letter in which some of the team may be counted.
    """

    state: str
    name: str
    cell: Document | None = None
    others: tuple[str, ...] = ()
    by_letter: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Whom a column of figures counts, and in which wave."""

    part: str
    wave: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One measure with a figure for each column; none where it was not asked."""

    title: str
    text: str
    figures: Sequence[Document | None]


def own_of(
    session: Session, document: Document, wave: Wave, person_id: int, *, on: date
) -> Own | None:
    """Find what is a person's own in a wave report: the cell of the team they are in now."""
    team = own_team(session, person_id, on=on)
    if team is None:
        return None
    return own_place(document, counted_as(session, wave, person_id, team), name=team.name)


def heads_of(document: Document, parts: Iterable[Document]) -> list[Head]:
    """Name the columns in which some parts of one wave stand."""
    return [Head(part=part.get("label") or part["name"], wave=document["title"]) for part in parts]


def lines_of(document: Document, parts: Iterable[Document], *, is_item: bool) -> list[Line]:
    """Put the figures of some parts side by side: the items, or the scores made of them."""
    shown = list(parts)
    return [
        Line(
            title=column["title"],
            text="" if is_item else column["text"],
            figures=[part["figures"][column["key"]] for part in shown],
        )
        for column in document["columns"]
        if (column["kind"] == "item") is is_item
    ]


def own_place(document: Document, team_key: str, *, name: str) -> Own:
    """Find the cell that contains a team, as the teams were when the wave opened."""
    if not document["cells"]:
        return Own(state="too few", name=name)
    if team_key not in document["teams"]:
        return Own(state="new", name=name)
    cell = next((cell for cell in document["cells"] if team_key in cell["teams"]), None)
    if cell is None:
        return Own(state="nobody", name=name)
    others = tuple(text for key, text in cell["names_by_key"].items() if key != team_key)
    return Own(
        state="together" if others else "alone",
        name=document["teams"][team_key]["name"],
        cell=cell,
        others=others,
        by_letter=_by_letter(document, team_key, besides=cell),
    )


def counted_as(session: Session, wave: Wave, person_id: int, team: Team) -> str:
    """
    Find the key under which a member of a team is counted in a wave.

    That is the team's own, save for people by letter whose team also took ballots: they are
    counted in a node of their own, as the roster says for as long as it is kept.
    """
    entry = session.get(RosterEntry, (wave.id, person_id))
    if entry is None or entry.team_id != team.id:
        return team.key
    groups = (wave.opening or {}).get("groups", [])
    teams: list[str] = next((g["teams"] for g in groups if g["group"] == entry.group_key), [])
    if team.key in teams:
        return team.key
    return next((key for key in teams if is_by_letter(key)), team.key)


def is_by_letter(team_key: str) -> bool:
    """Tell whether a node of a wave's tree is one for people by letter."""
    return BY_LETTER.fullmatch(team_key) is not None


def smallest_part(document: Document, team_key: str) -> Document | None:
    """
    Find the smallest part shown that contains a team: its cell, or the total of all below it.

    A total rests on the cells wholly inside.  Where there are none, the team lies in one cell
    with others from outside, or is spread over several, and then no part is the team's.
    """
    node = document["nodes"].get(team_key)
    if node is None:
        return next((cell for cell in document["cells"] if team_key in cell["teams"]), None)
    if node["cells"]:
        return dict(node, label=node["name"])
    touching = [cell for cell in document["cells"] if cell["cell"] in set(node["touching"])]
    return touching[0] if len(touching) == 1 else None


def teams_in(document: Document, part: Document) -> frozenset[str]:
    """Collect the teams whose people a part counts."""
    if "touching" not in part:
        return frozenset(part["teams"])
    return frozenset(
        team
        for cell in document["cells"]
        if cell["cell"] in set(part["cells"])
        for team in cell["teams"]
    )


def _by_letter(document: Document, team_key: str, *, besides: Document) -> tuple[str, ...]:
    """Name the cells of people by letter whose node hangs at a team or above it."""
    teams = document["teams"]
    homes, node = {team_key}, teams[team_key]["parent"]
    while node is not None:
        homes.add(node)
        node = teams[node]["parent"]
    return tuple(
        cell["label"]
        for cell in document["cells"]
        if cell["cell"] != besides["cell"]
        and any(is_by_letter(key) and teams[key]["parent"] in homes for key in cell["teams"])
    )
