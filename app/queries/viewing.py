"""Which parts of a wave report a viewer may read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Release, Team, Wave

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One node of the report with the cells that belong to it."""

    team: str
    name: str
    node: Document | None
    cells: Sequence[Document]
    n_counted_with_others: int


def released_wave(session: Session, wave_id: int) -> Wave | None:
    """Find a wave that has a release."""
    return session.scalar(select(Wave).where(Wave.id == wave_id, Wave.release.has()))


def latest_released_wave(session: Session, *, with_results: bool = False) -> Wave | None:
    """Find the newest wave that has a release; on request, one that shows figures at all."""
    release = Wave.release.has(Release.has_figures) if with_results else Wave.release.has()
    return session.scalar(
        select(Wave).where(release).order_by(Wave.opens_on.desc(), Wave.id.desc()).limit(1)
    )


def all_released_waves(session: Session) -> list[Wave]:
    """List the waves that have a release, newest first."""
    return list(
        session.scalars(
            select(Wave).where(Wave.release.has()).order_by(Wave.opens_on.desc(), Wave.id.desc())
        )
    )


def team_keys(session: Session, ids: Collection[int]) -> list[str]:
    """Name teams by the keys that releases know them by."""
    return list(session.scalars(select(Team.key).where(Team.id.in_(ids)).order_by(Team.name)))


def whole_organisation(document: Document) -> str:
    """Find the team above all others in a report."""
    nodes: Mapping[str, Document] = document["nodes"]
    return next(team for team, node in nodes.items() if node["parent"] is None)


def scope(document: Document, team: str) -> Scope | None:
    """
    Cut one team's part out of a wave report; None for a team that is not in it.

    Every cell that contains a team of the subtree belongs to it, labelled with all
    its teams; the node's own figure rests on the cells wholly inside.
    """
    if team not in document["teams"]:
        return None
    name = document["teams"][team]["name"]
    node = document["nodes"].get(team)
    if node is not None:
        wanted = set(node["touching"])
        return Scope(
            team=team,
            name=name,
            node=node,
            cells=[cell for cell in document["cells"] if cell["cell"] in wanted],
            n_counted_with_others=node["n_counted_with_others"],
        )
    cells = [cell for cell in document["cells"] if team in cell["teams"]]
    is_alone = all(cell["teams"] == [team] for cell in cells)
    return Scope(
        team=team, name=name, node=None, cells=cells, n_counted_with_others=0 if is_alone else 1
    )


def may_see(document: Document, *, managed: Collection[str], team: str) -> bool:
    """Tell whether a team lies in one of the subtrees a manager looks after."""
    return any(above in managed for above in (team, *teams_above(document, team)))


def teams_above(document: Document, team: str) -> list[str]:
    """List the teams above one, the nearest first, as the tree was when the wave opened."""
    found = []
    above = document["teams"].get(team, {}).get("parent")
    while above is not None:
        found.append(above)
        above = document["teams"][above]["parent"]
    return found


def choices(document: Document, *, managed: Collection[str] | None) -> list[str]:
    """
    List the teams whose part a viewer may choose: departments, and a manager's own teams.

    `managed` is None for viewers who may see every part.
    """
    teams: Mapping[str, Document] = document["teams"]
    return [
        team
        for team in teams
        if (
            team in document["nodes"]
            and (managed is None or may_see(document, managed=managed, team=team))
        )
        or (managed is not None and team in managed)
    ]


def compared_with(
    document: Document, part: Scope, *, managed: Collection[str] | None
) -> list[Document]:
    """
    List the totals above a part that its viewer may read beside it, the widest first.

    The whole organisation is open to everybody who is employed; what lies between, to
    those who may see it as a part of its own.
    """
    nodes = document["nodes"]
    return [
        nodes[team]
        for team in reversed(teams_above(document, part.team))
        if nodes[team]["parent"] is None
        or managed is None
        or may_see(document, managed=managed, team=team)
    ]
