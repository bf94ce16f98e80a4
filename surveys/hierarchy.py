"""The tree of teams, and its division into sets of teams large enough to be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

from surveys.errors import BadHierarchy, BelowFloor, NotEnoughPeople

K_GROUP = 8
K_GROUP_FLOOR = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A node of the organisation; its people may sit in it or in teams below."""

    key: str
    name: str
    parent: str | None


@dataclass(frozen=True, kw_only=True)
class Hierarchy:
    """Teams that form one tree, in the order in which they are listed."""

    teams: tuple[Team, ...]

    def __post_init__(self) -> None:
        repeated = [key for key, n in Counter(t.key for t in self.teams).items() if n > 1]
        if repeated:
            raise BadHierarchy(f"Team {repeated[0]!r} is listed twice.")
        tops = [team for team in self.teams if team.parent is None]
        if len(tops) != 1:
            raise BadHierarchy(
                f"{len(tops)} teams have no parent; exactly one, the whole organisation, may."
            )
        for team in self.teams:
            if team.parent is not None and team.parent not in self._by_key:
                raise BadHierarchy(f"Team {team.key!r} sits under {team.parent!r}, not listed.")
        reached = self.subtree(tops[0].key)
        lost = [team.key for team in self.teams if team.key not in reached]
        if lost:
            raise BadHierarchy(f"Team {lost[0]!r} is, by its parents, under itself.")

    @classmethod
    def from_list(cls, rows: Iterable[Mapping[str, Any]]) -> Self:
        """Read the tree as a document lists it: team, name and parent of each."""
        return cls(
            teams=tuple(Team(key=r["team"], name=r["name"], parent=r["parent"]) for r in rows)
        )

    def to_list(self) -> list[dict[str, str | None]]:
        """Write the tree as a document lists it."""
        return [{"team": t.key, "name": t.name, "parent": t.parent} for t in self.teams]

    @cached_property
    def _by_key(self) -> dict[str, Team]:
        return {team.key: team for team in self.teams}

    @cached_property
    def _below(self) -> dict[str, tuple[str, ...]]:
        below: dict[str, list[str]] = {team.key: [] for team in self.teams}
        for team in self.teams:
            if team.parent is not None:
                below[team.parent].append(team.key)
        return {key: tuple(keys) for key, keys in below.items()}

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    @cached_property
    def root(self) -> str:
        """The team above all others."""
        return next(team.key for team in self.teams if team.parent is None)

    def name(self, key: str) -> str:
        """Name a team."""
        return self._by_key[key].name

    def parent(self, key: str) -> str | None:
        """Find the team right above, none for the whole organisation."""
        return self._by_key[key].parent

    def children(self, key: str) -> tuple[str, ...]:
        """List the teams right below a team."""
        return self._below[key]

    def subtree(self, key: str) -> frozenset[str]:
        """Collect a team and every team under it."""
        found, waiting = set(), [key]
        while waiting:
            team = waiting.pop()
            found.add(team)
            waiting.extend(self._below[team])
        return frozenset(found)

    @cached_property
    def walk(self) -> tuple[str, ...]:
        """Every team, each right after the team above it."""
        order, waiting = [], [self.root]
        while waiting:
            team = waiting.pop()
            order.append(team)
            waiting.extend(reversed(self._below[team]))
        return tuple(order)

    @cached_property
    def order(self) -> dict[str, int]:
        """The position of each team in that walk."""
        return {team: position for position, team in enumerate(self.walk)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    A set of teams that is counted as one, the node it sits under, and how many people.

    `least` is how many people it needs at least, where that is more than everybody needs (R9).
    """

    key: str
    home: str
    teams: frozenset[str]
    n: int
    members: tuple[str, ...] = field(default=())
    least: int = 0


def parts_of(groups: Iterable[Mapping[str, Any]], answered: Mapping[str, int]) -> list[Part]:
    """Read counting groups as a document lists them, with how many of each answered."""
    return [
        Part(
            key=group["group"],
            home=group["home"],
            teams=frozenset(group["teams"]),
            n=answered[group["group"]],
            least=group["needs"],
        )
        for group in groups
    ]


def partition(hierarchy: Hierarchy, parts: Sequence[Part], *, k: int) -> tuple[Part, ...]:
    """
    Merge parts from the bottom up until each holds enough people.

    Enough is `k`, and the `least` of each part inside.  Only numbers of people are
    looked at, never an answer.  What is left over under a node, even a part in which
    nobody answered, is joined by the smallest parts kept there until it has enough;
    where they do not suffice, all of it moves up.  So either every part given is in
    exactly one of those returned, or, where all together are not enough, nothing is
    returned.  `members` lists the keys of the parts given.
    """
    order = hierarchy.order
    given: dict[str, list[Part]] = {team: [] for team in order}
    for part in sorted(parts, key=lambda part: part.key):
        given[part.home].append(part)
    kept: dict[str, list[Part]] = {}
    left: dict[str, list[Part]] = {}
    for team in reversed(hierarchy.walk):
        below = hierarchy.children(team)
        own = [_alone(part) for part in given[team]]
        left[team] = [p for child in below for p in left.pop(child)]
        kept[team] = [p for child in below for p in kept.pop(child)]
        for part in own:
            (kept if _is_enough([part], k=k) else left)[team].append(part)
        while left[team] and kept[team] and not _is_enough(left[team], k=k):
            smallest = min(kept[team], key=lambda p: (p.n, order[p.home], p.members))
            kept[team].remove(smallest)
            left[team].append(smallest)
        if left[team] and _is_enough(left[team], k=k):
            kept[team].append(_join(left[team], home=team))
            left[team] = []
    return tuple(sorted(kept[hierarchy.root], key=lambda p: (order[p.home], p.members)))


def _is_enough(parts: Sequence[Part], *, k: int) -> bool:
    return sum(p.n for p in parts) >= max(k, *(p.least for p in parts))


def _alone(part: Part) -> Part:
    return replace(part, members=(part.key,))


def _join(parts: Sequence[Part], *, home: str) -> Part:
    members = tuple(sorted(member for part in parts for member in part.members))
    return Part(
        key="+".join(members),
        home=home,
        teams=frozenset().union(*(part.teams for part in parts)),
        n=sum(part.n for part in parts),
        members=members,
        least=max(part.least for part in parts),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingGroup:
    """Teams whose people are counted together from the day a wave opens."""

    group: str
    label: str
    home: str
    teams: frozenset[str]
    n_eligible: int


def counting_groups(
    hierarchy: Hierarchy, eligible: Mapping[str, int], *, k_group: int = K_GROUP
) -> tuple[CountingGroup, ...]:
    """
    Merge teams until at least `k_group` people are eligible in each group.

    `eligible` counts the people who sit directly in each team; teams without
    any belong to no group.
    """
    if k_group < K_GROUP_FLOOR:
        raise BelowFloor(f"A counting group has at least {K_GROUP_FLOOR} people; ask for more.")
    for team in eligible:
        if team not in hierarchy:
            raise BadHierarchy(f"People are counted in team {team!r}, which is not listed.")
    parts = [
        Part(key=team, home=team, teams=frozenset({team}), n=n)
        for team, n in eligible.items()
        if n > 0
    ]
    found = partition(hierarchy, parts, k=k_group)
    if not found:
        raise NotEnoughPeople(
            f"{sum(part.n for part in parts)} people are eligible; a wave needs {k_group}, "
            "so that nobody's answer stands alone."
        )
    names = labels(hierarchy, found, people_in={part.home for part in parts})
    width = max(2, len(str(len(found))))
    return tuple(
        CountingGroup(
            group=f"g{number:0{width}d}",
            label=label,
            home=part.home,
            teams=part.teams,
            n_eligible=part.n,
        )
        for number, (part, label) in enumerate(zip(found, names, strict=True), 1)
    )


def labels(
    hierarchy: Hierarchy, parts: Sequence[Part], *, people_in: Iterable[str]
) -> tuple[str, ...]:
    """Name sets of teams so that people recognise them and no two sound the same."""
    occupied = frozenset(people_in)
    plain = [_label(hierarchy, part, occupied) for part in parts]
    used, told_apart = Counter(plain), []
    for part, label in zip(parts, plain, strict=True):
        above = hierarchy.parent(part.home)
        name = label
        if used[label] > 1 and above is not None:
            name = f"{hierarchy.name(above)}: {label}"
        told_apart.append(name)
    seen: Counter[str] = Counter()
    for position, name in enumerate(told_apart):
        seen[name] += 1
        if seen[name] > 1:
            told_apart[position] = f"{name} ({seen[name]})"
    return tuple(told_apart)


def _label(hierarchy: Hierarchy, part: Part, occupied: frozenset[str]) -> str:
    if len(part.teams) > 1 and hierarchy.subtree(part.home) & occupied == part.teams:
        return hierarchy.name(part.home)
    if len(part.teams) > 2:
        return f"{hierarchy.name(part.home)}: other teams"
    own = sorted(part.teams, key=hierarchy.order.__getitem__)
    return " + ".join(
        f"{hierarchy.name(team)} itself" if hierarchy.children(team) else hierarchy.name(team)
        for team in own
    )
