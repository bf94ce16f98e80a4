"""Solving for people: whole numbers of answers that fit everything shown."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, combinations_with_replacement
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

TOLERANCE = 1e-6
Value = Hashable
Counts = Mapping[Value, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is known of some units together: a weighted count of answers within limits."""

    units: frozenset[str]
    weights: Mapping[Value, float]
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that was found out: D1 an answer, D2 a class, D3 the total of a few."""

    kind: str
    units: tuple[str, ...]
    what: str


@dataclass(frozen=True, kw_only=True)
class Attack:
    """
    One item in one wave.

    `truth` are the answers of each unit, of which the attacker knows the number and
    those of colleagues who tell; `facts` is all that was shown.  `sides` are the sets of
    answers in which everybody must still be able to be.
    """

    truth: Mapping[str, Counts]
    values: Sequence[Value]
    sides: Sequence[frozenset[Value]]
    scores: Mapping[Value, float]
    facts: Sequence[Fact]
    worlds: dict[frozenset[str], list[np.ndarray]] = field(default_factory=dict)

    def settled(
        self, *, colleagues: Mapping[str, int], together: Mapping[str, Sequence[str]]
    ) -> Iterator[Finding]:
        """
        Find the units in which a class is settled for those who did not tell (D1, D2).

        `colleagues` is how many may tell in each unit, `together` where they may sit.
        """
        for unit in self._answered():
            worst: set[int] = set()
            for place, told in self._tellings(unit, colleagues[unit], together[unit]):
                if any(not self._is_possible(unit, c, place, told) for c in self.sides):
                    worst.add(
                        sum(
                            self._is_possible(unit, frozenset({value}), place, told)
                            for value in self.values
                        )
                    )
            if worst:
                yield Finding(
                    kind="D1" if min(worst) <= 1 else "D2",
                    units=(unit,),
                    what=f"{sum(self.truth[unit].values())} people",
                )

    def counted(self, sets: Iterable[Sequence[str]]) -> Iterator[Finding]:
        """Find the sets of few people whose total, or count in a class, is settled (D3)."""
        weights = [dict.fromkeys(side, 1.0) for side in self.sides]
        weights += [self.scores] if self.scores else []
        for units in sets:
            if any(self._is_determined(units, weight) for weight in weights):
                yield Finding(kind="D3", units=tuple(units), what="a total")

    def _answered(self) -> list[str]:
        return [unit for unit, counts in self.truth.items() if sum(counts.values())]

    def _tellings(
        self, unit: str, c: int, places: Sequence[str]
    ) -> Iterator[tuple[str, tuple[Value, ...]]]:
        """List what colleagues may tell: each set of answers that some of a place gave."""
        if c == 0:
            yield unit, ()
        for place in places if c else ():
            n, counts = sum(self.truth[place].values()), self.truth[place]
            if n < c + (place == unit):
                continue
            given = [value for value in self.values if counts.get(value, 0)]
            for told in combinations_with_replacement(given, c):
                if all(told.count(value) <= counts[value] for value in told):
                    yield place, told

    def _is_possible(
        self, unit: str, answers: frozenset[Value], place: str, told: tuple[Value, ...]
    ) -> bool:
        """Tell whether somebody of the unit who did not tell may have answered like this."""
        component = self._component(unit)
        units = sorted(component)
        if place not in component:
            place, told = unit, ()  # nothing was shown of both, so it says nothing here
        own = units.index(unit) * len(self.values)
        wanted = np.zeros(len(units) * len(self.values))
        for number, value in enumerate(self.values):
            wanted[own + number] = value in answers
        least = np.zeros_like(wanted)
        start = units.index(place) * len(self.values)
        for value in told:
            least[start + self.values.index(value)] += 1
        need = 1 + (sum(value in answers for value in told) if place == unit else 0)
        for world in self._worlds(component):
            if world @ wanted >= need - TOLERANCE and (world >= least - TOLERANCE).all():
                return True
        best = self._solve(component, -wanted, least)
        return best is not None and best @ wanted >= need - TOLERANCE

    def _is_determined(self, units: Sequence[str], weights: Mapping[Value, float]) -> bool:
        whole = frozenset().union(*(self._component(unit) for unit in units))
        parts = {self._component(unit) for unit in units}
        for component in parts:
            inside = sorted(component)
            wanted = np.zeros(len(inside) * len(self.values))
            for unit in set(units) & component:
                start = inside.index(unit) * len(self.values)
                for number, value in enumerate(self.values):
                    wanted[start + number] = weights.get(value, 0.0)
            known = [world @ wanted for world in self._worlds(component)]
            if max(known) - min(known) > TOLERANCE:
                return False
            for sign in (1.0, -1.0):
                world = self._solve(component, sign * wanted, np.zeros_like(wanted))
                if world is not None and abs(world @ wanted - known[0]) > TOLERANCE:
                    return False
        return bool(whole)

    def _component(self, unit: str) -> frozenset[str]:
        """Find the units that some facts join to one, so that only they must be solved for."""
        if not hasattr(self, "_found"):
            object.__setattr__(self, "_found", self._join())
        return self._found[unit]

    def _join(self) -> dict[str, frozenset[str]]:
        joined = {unit: frozenset({unit}) for unit in self.truth}
        for fact in self.facts:
            whole = frozenset().union(*(joined[unit] for unit in fact.units))
            for unit in whole:
                joined[unit] = whole
        return joined

    def _worlds(self, component: frozenset[str]) -> list[np.ndarray]:
        """Worlds known to fit: the truth, and what earlier questions have shown."""
        if component not in self.worlds:
            truth = [
                float(self.truth[unit].get(value, 0))
                for unit in sorted(component)
                for value in self.values
            ]
            self.worlds[component] = [np.array(truth)]
            self._system(component)
        return self.worlds[component]

    def _system(self, component: frozenset[str]) -> tuple[csr_array, np.ndarray, np.ndarray]:
        if not hasattr(self, "_systems"):
            object.__setattr__(self, "_systems", {})
        if component not in self._systems:
            self._systems[component] = self._written(sorted(component))
            rows, low, high = self._systems[component]
            fits = rows @ self.worlds[component][0]
            if (fits < low - 1e-4).any() or (fits > high + 1e-4).any():
                raise AssertionError("what was shown does not fit what was answered")
        return self._systems[component]

    def _written(self, units: Sequence[str]) -> tuple[csr_array, np.ndarray, np.ndarray]:
        size = len(self.values)
        rows, low, high = [], [], []
        for place, unit in enumerate(units):
            row = np.zeros(len(units) * size)
            row[place * size : (place + 1) * size] = 1
            rows.append(row)
            low.append(sum(self.truth[unit].values()))
            high.append(low[-1])
        for fact in self.facts:
            if not fact.units & set(units):
                continue
            row = np.zeros(len(units) * size)
            for unit in fact.units:
                start = units.index(unit) * size
                for number, value in enumerate(self.values):
                    row[start + number] = fact.weights.get(value, 0.0)
            rows.append(row)
            low.append(fact.low)
            high.append(fact.high)
        return csr_array(np.array(rows)), np.array(low), np.array(high)

    def _solve(
        self, component: frozenset[str], cost: np.ndarray, least: np.ndarray
    ) -> np.ndarray | None:
        """Find the cheapest world; it will answer later questions too."""
        self._worlds(component)
        rows, low, high = self._system(component)
        found = milp(
            cost,
            constraints=LinearConstraint(rows, low, high),
            integrality=np.ones(len(cost)),
            bounds=Bounds(least, np.inf),
        )
        if found.x is None:
            if found.status != 2:  # 2: no world fits
                raise AssertionError(found.message)
            return None
        world = np.round(found.x)
        self.worlds[component].append(world)
        return world


def small_sets(
    numbers: Mapping[str, int], *, k: int, families: Iterable[Sequence[str]]
) -> list[tuple[str, ...]]:
    """List units, and pairs of units of one family, in which 1 to k - 1 people answered."""
    found: list[tuple[Any, ...]] = [(unit,) for unit, n in numbers.items() if 0 < n < k]
    for family in families:
        for pair in combinations(family, 2):
            if 0 < sum(numbers[unit] for unit in pair) < k:
                found.append(pair)
    return found
