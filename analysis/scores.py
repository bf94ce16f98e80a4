"""Scores of cells with intervals that rest on nothing but a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Basis: TypeAlias = Literal["histogram", "pooled", "conservative"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreEstimate:
    """
    A score of one cell or of several together.

    Attributes
    ----------
    estimate : float
        A mean in points of the scale; a recommendation score from -100 to 100; or a
        share from 0 to 1.
    std_error : float
        Standard error of `estimate`, in its units.
    ci_low, ci_high : float
        Limits of the 95% interval.
    n : int
        Answers behind it.
    basis : {"histogram", "pooled", "conservative"}
        What the interval rests on: the counts of the answers; the pooled variance within
        cells; or an upper bound of the spread, so that the interval is too wide rather
        than too narrow.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    n: int
    basis: Basis


def item_mean(counts: Mapping[str, int]) -> ScoreEstimate:
    """Mean of a scale item from its counts per answer."""
    raise NotImplementedError


def recommendation_score(*, promoters: int, passives: int, detractors: int) -> ScoreEstimate:
    """Promoters minus detractors, from -100 to 100."""
    raise NotImplementedError


def favourable_share(favourable: int, n: int) -> ScoreEstimate:
    """Share of favourable answers, from 0 to 1."""
    raise NotImplementedError


def construct_mean(
    *, n: int, total: float, variance: float, df: int | None = None
) -> ScoreEstimate:
    """Mean of a construct from the pooled variance within cells."""
    raise NotImplementedError


def construct_mean_conservative(
    *, n: int, total: float, items: Sequence[Mapping[str, int]]
) -> ScoreEstimate:
    """Mean of a construct with an interval that is too wide rather than too narrow."""
    raise NotImplementedError


def roll_up(parts: Sequence[ScoreEstimate]) -> ScoreEstimate:
    """Put cells together, each with the weight of its answers."""
    raise NotImplementedError
