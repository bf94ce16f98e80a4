"""Which parts of a wave report a viewer may read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Team, Wave

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


def latest_released_wave(session: Session) -> Wave | None:
    """Find the newest wave that has a release."""
    return session.scalar(
        select(Wave).where(Wave.release.has()).order_by(Wave.opens_on.desc(), Wave.id.desc())
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
    """Find the team above all others in a report; one without inner teams has no node."""
    return next(
        (team for team, node in document["nodes"].items() if node["parent"] is None),
        next(iter(document["nodes"]), ""),
    )


def scope(document: Document, team: str) -> Scope | None:
    """
    Cut one team's part out of a wave report.

    Every cell that contains a team of the subtree belongs to it, labelled with all
    its teams; the node's own figure rests on the cells wholly inside.
    """
    node = document["nodes"].get(team)
    if node is not None:
        wanted = set(node["touching"])
        return Scope(
            team=team,
            name=node["name"],
            node=node,
            cells=[cell for cell in document["cells"] if cell["cell"] in wanted],
            n_counted_with_others=node["n_counted_with_others"],
        )
    cells = [cell for cell in document["cells"] if team in cell["teams"]]
    if not cells:
        return None
    is_alone = cells[0]["teams"] == [team]
    return Scope(
        team=team,
        name=cells[0]["names_by_key"][team],
        node=None,
        cells=cells,
        n_counted_with_others=0 if is_alone else 1,
    )


def may_see(document: Document, *, managed: Sequence[str], team: str) -> bool:
    """Tell whether a team lies in one of the subtrees a manager looks after."""
    if team in managed:
        return True
    nodes = document["nodes"]
    above = nodes[team]["parent"] if team in nodes else None
    while above is not None:
        if above in managed:
            return True
        above = nodes[above]["parent"]
    return False
