"""
Rights: who answers by ballot, who by letter, and with whom each is counted.

Everybody has exactly one right.  People with an account take ballots, the others get
letters, and each kind is merged on the same tree into groups of at least `k_group`.
Two rules cover what does not work out:

* With fewer than `k_group` accounts in all there is no ballot group: letters for everybody.
* With fewer than `k_group` people without an account they are no group by themselves.
  Then the groups are formed of everybody; of those that have one of them, the smallest
  goes by letter as a whole, and the others without an account are counted with it.

A team all of whose people answer by letter stays itself.  Where only some of a team do,
they are counted in a node of their own under their group's home, so that teams stay
disjoint wherever groups are sets of teams: in the release, the reports, the linkage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from surveys.hierarchy import Hierarchy, Part, Team, counting_groups, labels, partition

BALLOT, LETTER = "ballot", "letter"
LETTERS_FOR_ALL = "letters"

Heads = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """People who are counted together and answer by the same right."""

    group: str
    label: str
    home: str
    teams: frozenset[str]
    n_eligible: int
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """
    All groups of one wave, and the tree with the nodes that letters added.

    `by_ballot` and `by_letter` lead from a real team to the group in which those of its
    people are counted who answer that way; a team without such people is not in it.
    """

    hierarchy: Hierarchy
    groups: tuple[Group, ...]
    by_ballot: Mapping[str, Group]
    by_letter: Mapping[str, Group]

    def group_of(self, team: str, *, has_account: bool) -> Group:
        """Find the group of a person; with an account, too, it may be one by letter."""
        if has_account and team in self.by_ballot:
            return self.by_ballot[team]
        return self.by_letter[team]


def divide(
    hierarchy: Hierarchy, *, with_account: Heads, without: Heads, k_group: int, rights: str
) -> Division:
    """Divide the people of all teams into groups of one right each, or refuse with the reason."""
    heads = Counter(with_account) + Counter(without)
    counting_groups(hierarchy, heads, k_group=k_group)
    accounts = Counter[str]() if rights == LETTERS_FOR_ALL else Counter(with_account)
    ballots, letters = _by_right(hierarchy, accounts, heads - accounts, k=k_group)
    return _divided(hierarchy, ballots, letters, occupied=heads)


def _by_right(
    hierarchy: Hierarchy, accounts: Counter[str], others: Counter[str], *, k: int
) -> tuple[list[Part], list[Part]]:
    if accounts.total() < k:
        return [], _merged(hierarchy, accounts + others, k=k)
    if others.total() >= k or not others.total():
        return _merged(hierarchy, accounts, k=k), _merged(hierarchy, others, k=k)
    concerned = [
        part
        for part in _merged(hierarchy, accounts + others, k=k)
        if any(others[team] for team in part.teams)
    ]
    joined = min(concerned, key=lambda part: (part.n, hierarchy.order[part.home], part.members))
    rest = Counter({team: n for team, n in accounts.items() if team not in joined.teams})
    if rest.total() < k:
        return [], _merged(hierarchy, accounts + others, k=k)
    teams = joined.teams | set(+others)
    n = joined.n + sum(n for team, n in others.items() if team not in joined.teams)
    home = _meeting_point(hierarchy, joined.home, teams)
    letter = Part(key=joined.key, home=home, teams=teams, n=n, members=tuple(sorted(teams)))
    return _merged(hierarchy, rest, k=k), [letter]


def _merged(hierarchy: Hierarchy, heads: Heads, *, k: int) -> list[Part]:
    parts = [
        Part(key=team, home=team, teams=frozenset({team}), n=n)
        for team, n in heads.items()
        if n > 0
    ]
    return list(partition(hierarchy, parts, k=k))


def _meeting_point(hierarchy: Hierarchy, home: str, teams: Iterable[str]) -> str:
    """Find the lowest node, from a home upwards, that has all these teams under it."""
    wanted = set(teams)
    while not wanted <= hierarchy.subtree(home):
        above = hierarchy.parent(home)
        if above is None:
            break
        home = above
    return home


def _divided(
    hierarchy: Hierarchy, ballots: Sequence[Part], letters: Sequence[Part], *, occupied: Heads
) -> Division:
    """Name and number the groups, and give those by letter a node where they need one."""
    voting = frozenset[str]().union(*(part.teams for part in ballots))
    whole = [part for part in letters if not part.teams & voting]
    partly = [part for part in letters if part.teams & voting]
    nodes = [_node(hierarchy, part, apart=part.teams & voting) for part in partly]
    names = labels(hierarchy, [*ballots, *whole], people_in=occupied)
    drafts = [
        (part, _group(part, name, right=BALLOT if part.teams <= voting else LETTER))
        for part, name in zip([*ballots, *whole], names, strict=True)
    ]
    names = labels(hierarchy, partly, people_in=occupied)
    drafts += [
        (part, _group(part, f"{name}, by letter", right=LETTER, node=node, voting=voting))
        for part, name, node in zip(partly, names, nodes, strict=True)
    ]
    tree = Hierarchy(teams=(*hierarchy.teams, *nodes))
    drafts.sort(key=lambda draft: (tree.order[draft[1].home], sorted(draft[1].teams)))
    width = max(2, len(str(len(drafts))))
    numbered = [
        (part, replace(group, group=f"g{number:0{width}d}"))
        for number, (part, group) in enumerate(drafts, 1)
    ]
    return Division(
        hierarchy=tree,
        groups=tuple(group for _, group in numbered),
        by_ballot={t: g for part, g in numbered if g.right == BALLOT for t in part.teams},
        by_letter={t: g for part, g in numbered if g.right == LETTER for t in part.teams},
    )


def _group(
    part: Part,
    label: str,
    *,
    right: str,
    node: Team | None = None,
    voting: frozenset[str] = frozenset(),
) -> Group:
    teams, home = part.teams, part.home
    if node is not None:
        teams = teams - voting | {node.key}
        home = node.key if teams == {node.key} else home
    return Group(group="", label=label, home=home, teams=teams, n_eligible=part.n, right=right)


def _node(hierarchy: Hierarchy, part: Part, *, apart: frozenset[str]) -> Team:
    """
    Make the node for those people of some teams who answer by letter.

    Its key is made of these teams, so that the same key means the same teams in every wave.
    """
    listed = ",".join(sorted(apart))
    key = f"letters-{sha256(listed.encode()).hexdigest()[:8]}"
    while key in hierarchy:
        key += "x"
    above = next(iter(apart)) if len(apart) == 1 else part.home
    return Team(key=key, name=f"{hierarchy.name(above)}, by letter", parent=part.home)
