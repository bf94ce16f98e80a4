"""Counts, sums and products of answers in exact arithmetic, whatever the order of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from operator import mul

from surveys.questions import Answer, Scale

Person = Mapping[str, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One item's ratings, person by person: turned round, 0 where skipped; and who gave one."""

    ratings: Sequence[int]
    is_given: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """
    Values counted in whole parts, `parts` to a point of the scale.

    `spread` is n times the sum of the products less the product of the sums:
    a whole number too, so that nothing is rounded before the last step.
    """

    n: int
    total: int
    spread: int
    parts: int = 1

    @property
    def sum(self) -> Fraction:
        """The sum of the values, in points."""
        return Fraction(self.total, self.parts)

    @property
    def variance(self) -> Fraction | None:
        """The variance with divisor n - 1; none for fewer than two values."""
        return pool([self]) if self.n > 1 else None


def column(scale: Scale, people: Sequence[Person]) -> Column:
    """Take one item's ratings."""
    turned: dict[Answer | None, int] = {point: scale.turned(point) for point in scale.points}
    answers = [person.get(scale.key) for person in people]
    return Column(
        ratings=[turned.get(answer, 0) for answer in answers],
        is_given=[answer is not None for answer in answers],
    )


def product_moments(first: Column, second: Column) -> Moments:
    """Take the joint moments of two items, of those who answered both."""
    n = _products(first.is_given, second.is_given)
    total = _products(first.ratings, second.is_given)
    other = _products(first.is_given, second.ratings)
    return Moments(
        n=n, total=total, spread=n * _products(first.ratings, second.ratings) - total * other
    )


def score_moments(columns: Sequence[Column]) -> Moments:
    """
    Take the moments of person scores: each the mean of the items the person answered.

    People who answered none are left out.
    """
    parts = lcm(*range(1, len(columns) + 1))
    answered = [sum(given) for given in zip(*(c.is_given for c in columns), strict=True)]
    summed = [sum(ratings) for ratings in zip(*(c.ratings for c in columns), strict=True)]
    scores = [total * parts // n for total, n in zip(summed, answered, strict=True) if n]
    n, total = len(scores), sum(scores)
    return Moments(
        n=n, total=total, spread=n * _products(scores, scores) - total * total, parts=parts
    )


def pool(groups: Sequence[Moments]) -> Fraction | None:
    """Divide the deviations within all groups by what is left after a mean for each."""
    free = sum(group.n - 1 for group in groups if group.n)
    if free < 1:
        return None
    spreads: defaultdict[int, int] = defaultdict(int)
    for group in groups:
        spreads[group.n * group.parts**2] += group.spread
    deviations = (Fraction(spread, size) for size, spread in spreads.items() if size)
    return sum(deviations, Fraction(0)) / free


def _products(first: Sequence[int], second: Sequence[int]) -> int:
    return sum(map(mul, first, second))
