"""Which teams came of which: splits and mergers, so that the same people are known again."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """Teams that took the place of others: the parts of one, or the one made of several."""

    before: frozenset[str]
    after: frozenset[str]


def as_of(
    teams: frozenset[str], descents: Sequence[Descent], *, listed: Container[str]
) -> frozenset[str]:
    """
    Name a set of teams as an earlier tree did, which had the teams `listed`.

    `descents` are in the order in which they happened.  Teams that came of others since
    are replaced by these, if all that came of them is in the set; a part of it keeps its
    name, which the earlier tree does not know, so that it is like nothing there.
    """
    for descent in reversed(descents):
        is_newer = not any(team in listed for team in descent.after)
        if is_newer and descent.after <= teams:
            teams = teams - descent.after | descent.before
    return teams
