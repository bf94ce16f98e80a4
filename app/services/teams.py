"""The tree of teams: adding, renaming, moving and closing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.models import Membership, Team
from app.services.errors import Conflict, NotFound, Unusable

LONGEST_NAME = 120
DEEPEST = 12


def find_team(session: Session, team_id: int) -> Team:
    """Find a team by its number."""
    team = session.get(Team, team_id)
    if team is None:
        raise NotFound("There is no such team.")
    return team


def add_team(session: Session, *, name: str, parent: Team | None, on: date) -> Team:
    """Add a team under another; only the first one, the whole organisation, has none above."""
    name = read_name(name)
    if parent is None:
        _check_first(session)
    else:
        _check_place(session, name, parent)
    team = Team(key=_new_key(session, name), name=name, parent=parent, opened_on=on)
    session.add(team)
    session.flush()
    return team


def rename_team(session: Session, team: Team, *, name: str) -> None:
    """Give a team another name; its key stays, and with it its history."""
    name = read_name(name)
    if team.parent is not None:
        _check_free(session, name, team.parent, besides=team)
    team.name = name
    session.flush()


def move_team(session: Session, team: Team, *, parent: Team) -> None:
    """Put a team, with all below it, under another."""
    if team.parent is None:
        raise Conflict(f"{team.name} is the whole organisation and cannot be moved.")
    if team in list(upwards(parent)):
        raise Conflict(f"{parent.name} is {team.name} itself or below it.")
    depth_below = max((depth for _, depth in downwards(team)), default=0)
    _check_place(session, team.name, parent, depth_below=depth_below, besides=team)
    team.parent = parent
    session.flush()


def close_team(session: Session, team: Team, *, on: date) -> None:
    """Close a team that nobody is in and that has nothing open below it."""
    if team.closed_on is not None:
        raise Conflict(f"{team.name} is closed already.")
    below = [child.name for child in team.children if child.closed_on is None]
    if below:
        raise Conflict(f"Close or move what is below {team.name} first: {', '.join(below)}.")
    n_people = session.scalar(
        select(func.count())
        .select_from(Membership)
        .where(
            Membership.team_id == team.id,
            or_(Membership.until_on.is_(None), Membership.until_on > on),
        )
    )
    if n_people:
        raise Conflict(f"{n_people} people are still in {team.name}; move them first.")
    team.closed_on = max(on, team.opened_on)
    session.flush()


def upwards(team: Team) -> Iterator[Team]:
    """Yield a team and everything above it, the whole organisation last."""
    node: Team | None = team
    while node is not None:
        yield node
        node = node.parent


def downwards(team: Team, depth: int = 0) -> Iterator[tuple[Team, int]]:
    """Yield a team and everything below it with the depth of each under the team."""
    yield team, depth
    for child in team.children:
        yield from downwards(child, depth + 1)


def path_of(team: Team) -> str:
    """Write where a team stands, from the top: "Company / Sales / North"."""
    return " / ".join(node.name for node in reversed(list(upwards(team))))


def read_name(text: str) -> str:
    """Read a typed name, or refuse it."""
    name = " ".join(text.split())
    if not name:
        raise Unusable("Give the team a name.")
    if len(name) > LONGEST_NAME:
        raise Unusable(f"Use at most {LONGEST_NAME} characters for the name of a team.")
    if "/" in name:
        raise Unusable("Leave the slash out of a team's name: it separates the teams of a path.")
    if not name.isprintable():
        raise Unusable("Use letters, digits and signs only in the name of a team.")
    return name


def _check_first(session: Session) -> None:
    top = session.scalar(select(Team).where(Team.parent_id.is_(None)))
    if top is not None:
        raise Conflict(f"The whole organisation is {top.name}; add other teams below it.")


def _check_place(
    session: Session, name: str, parent: Team, *, depth_below: int = 0, besides: Team | None = None
) -> None:
    if parent.closed_on is not None:
        raise Conflict(f"{parent.name} is closed.")
    if len(list(upwards(parent))) + 1 + depth_below > DEEPEST:
        raise Conflict(f"The tree may be {DEEPEST} teams deep and would become deeper.")
    _check_free(session, name, parent, besides=besides)


def _check_free(session: Session, name: str, parent: Team, *, besides: Team | None = None) -> None:
    """Two open teams beside each other must have different names: paths name teams."""
    for sibling in parent.children:
        is_other = sibling is not besides and sibling.closed_on is None
        if is_other and sibling.name.casefold() == name.casefold():
            raise Conflict(f"There is a team {sibling.name} under {parent.name} already.")


def _new_key(session: Session, name: str) -> str:
    """Make a key that nothing else has, readable from the name the team starts with."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:32].rstrip("-") or "team"
    taken = set(session.scalars(select(Team.key).where(Team.key.startswith(base))))
    if base not in taken:
        return base
    return next(key for n in range(2, len(taken) + 3) if (key := f"{base}-{n}") not in taken)
