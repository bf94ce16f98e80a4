"""Rosters: who is eligible in a wave, in which team, and with whom they are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Membership, Person, Team
from app.services.errors import Conflict
from app.services.rights import LETTER, Group, divide
from surveys.errors import SurveyError
from surveys.hierarchy import Hierarchy
from surveys.hierarchy import Team as Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligible:
    """
    One person who may answer, and the team they sit in.

    An account is an address to which a link for a password can be sent, unless it is
    disabled; whether a password was set by now does not matter.
    """

    person_id: int
    email: str | None
    team_id: int
    team_key: str
    has_account: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """
    Everybody eligible on one day, the tree of that day and its counting groups.

    `group_of` leads from each person's id to their group.  The tree has nodes of its
    own for people by letter whose team also takes ballots.
    """

    people: tuple[Eligible, ...]
    hierarchy: Hierarchy
    groups: tuple[Group, ...]
    group_of: Mapping[int, Group]


def draw_up(session: Session, *, on: date, k_group: int, rights: str = "ballots") -> Roster:
    """
    Draw up the roster of one day, or refuse with the reason.

    Eligible is whoever sits in a team that day and has not left.  Teams with fewer
    than `k_group` of one right are merged from the bottom of the tree upwards.  With
    the rights "letters" everybody answers by letter, otherwise those without an account.
    """
    people = eligible_people(session, on=on)
    division = divide(
        hierarchy_on(session, on=on, occupied={p.team_id for p in people}),
        with_account=Counter(p.team_key for p in people if p.has_account),
        without=Counter(p.team_key for p in people if not p.has_account),
        k_group=k_group,
        rights=rights,
    )
    return Roster(
        people=tuple(people),
        hierarchy=division.hierarchy,
        groups=division.groups,
        group_of={
            p.person_id: division.group_of(p.team_key, has_account=p.has_account) for p in people
        },
    )


def eligible_people(session: Session, *, on: date) -> list[Eligible]:
    """List the people who sit in a team on a day and have not left, in order of their ids."""
    rows = session.execute(
        select(Person.id, Person.email, Person.is_disabled, Team.id, Team.key)
        .join(Membership, Membership.person_id == Person.id)
        .join(Team, Team.id == Membership.team_id)
        .where(
            Membership.from_on <= on,
            (Membership.until_on.is_(None)) | (Membership.until_on > on),
            Person.started_on <= on,
            (Person.ended_on.is_(None)) | (Person.ended_on > on),
        )
        .order_by(Person.id)
    )
    return [
        Eligible(
            person_id=person,
            email=email,
            team_id=team,
            team_key=key,
            has_account=bool(email) and not is_disabled,
        )
        for person, email, is_disabled, team, key in rows
    ]


def hierarchy_on(session: Session, *, on: date, occupied: set[int]) -> Hierarchy:
    """Read the tree of one day: open teams, and closed ones only where people still sit below."""
    teams = session.scalars(select(Team).order_by(Team.name, Team.key)).all()
    by_id = {team.id: team for team in teams}
    kept = {team.id for team in teams if _is_open(team, on) or team.id in occupied}
    for team_id in tuple(kept):
        above = by_id[team_id].parent_id
        while above is not None and above not in kept:
            kept.add(above)
            above = by_id[above].parent_id
    if not kept:
        raise Conflict("There are no teams yet. Import the organisation first.")
    nodes = [_node(team, by_id) for team in teams if team.id in kept]
    return Hierarchy(teams=tuple(nodes))


def _is_open(team: Team, on: date) -> bool:
    return team.opened_on <= on and (team.closed_on is None or team.closed_on > on)


def _node(team: Team, by_id: dict[int, Team]) -> Node:
    parent = None if team.parent_id is None else by_id[team.parent_id].key
    return Node(key=team.key, name=team.name, parent=parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedGroup:
    """A group that opening would make, with the names of its teams."""

    label: str
    n_eligible: int
    teams: tuple[str, ...]
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The groups that opening on a day would make, or why it cannot be."""

    groups: tuple[PreviewedGroup, ...] = ()
    n_with_address: int = 0
    refusal: str = ""

    @property
    def n(self) -> int:
        """Number of people eligible."""
        return sum(group.n_eligible for group in self.groups)

    @property
    def n_by_letter(self) -> int:
        """Number of people who answer by letter."""
        return sum(group.n_eligible for group in self.groups if group.right == LETTER)

    @property
    def n_by_ballot(self) -> int:
        """Number of people who answer by ballot."""
        return self.n - self.n_by_letter

    @property
    def n_groups_by_ballot(self) -> int:
        """Number of groups that answer by ballot; each needs a key."""
        return sum(group.right != LETTER for group in self.groups)

    @property
    def has_merged(self) -> bool:
        """Whether a group holds more than one team."""
        return any(len(group.teams) > 1 for group in self.groups)


def preview(session: Session, *, on: date, k_group: int, rights: str = "ballots") -> Preview:
    """Show what opening on a day would freeze, without freezing it."""
    try:
        roster = draw_up(session, on=on, k_group=k_group, rights=rights)
    except (Conflict, SurveyError) as refusal:
        return Preview(refusal=str(refusal))
    return Preview(
        groups=tuple(
            PreviewedGroup(
                label=group.label,
                n_eligible=group.n_eligible,
                teams=tuple(sorted(map(roster.hierarchy.name, group.teams))),
                right=group.right,
            )
            for group in roster.groups
        ),
        n_with_address=sum(person.email is not None for person in roster.people),
    )
