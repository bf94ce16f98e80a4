"""Counts, sums and products of answers in exact arithmetic, whatever the order of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from surveys.questions import Answer, Scale

Person = Mapping[str, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """How many values, their sum, and the sum of their products with themselves or others."""

    n: int
    total: Fraction
    deviations: Fraction

    @property
    def variance(self) -> Fraction | None:
        """The variance with divisor n - 1; none for fewer than two values."""
        return self.deviations / (self.n - 1) if self.n > 1 else None

    @classmethod
    def of(cls, pairs: Mapping[tuple[Fraction, Fraction], int]) -> Self:
        """Count pairs of values: deviations are those of the first times those of the second."""
        n = sum(pairs.values())
        if not n:
            return cls(n=0, total=Fraction(0), deviations=Fraction(0))
        first = sum((x * times for (x, _), times in pairs.items()), Fraction(0))
        second = sum((y * times for (_, y), times in pairs.items()), Fraction(0))
        products = sum((x * y * times for (x, y), times in pairs.items()), Fraction(0))
        return cls(n=n, total=first, deviations=products - first * second / n)


def score_moments(scales: Sequence[Scale], people: Sequence[Person]) -> Moments:
    """
    Take the moments of person scores: each the mean of the items the person answered.

    Reversed items are turned round; people who answered none are left out.
    """
    keys = [scale.key for scale in scales]
    scores: Counter[tuple[Fraction, Fraction]] = Counter()
    for ratings, times in Counter(tuple(p.get(key) for key in keys) for p in people).items():
        turned = [s.turned(r) for s, r in zip(scales, ratings, strict=True) if isinstance(r, int)]
        if turned:
            score = Fraction(sum(turned), len(turned))
            scores[score, score] += times
    return Moments.of(scores)


def product_moments(first: Scale, second: Scale, people: Sequence[Person]) -> Moments:
    """Take the joint moments of two items, turned round, of those who answered both."""
    found = Counter((p.get(first.key), p.get(second.key)) for p in people)
    return Moments.of(
        {
            (Fraction(first.turned(x)), Fraction(second.turned(y))): times
            for (x, y), times in found.items()
            if isinstance(x, int) and isinstance(y, int)
        }
    )


def pool(parts: Sequence[Moments]) -> Fraction | None:
    """Divide the deviations within all parts by what is left after a mean for each."""
    free = sum(part.n - 1 for part in parts if part.n)
    if free < 1:
        return None
    return sum((part.deviations for part in parts), Fraction(0)) / free
