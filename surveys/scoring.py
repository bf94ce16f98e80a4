"""Scores: construct means of a person, favourable answers, promoters and detractors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from surveys.questionnaires import Questionnaire
from surveys.questions import Answer, Question, Recommendation, Scale, YesNo

PROMOTERS = frozenset({9, 10})
DETRACTORS = frozenset(range(7))

RecommendationClass = Literal["promoter", "passive", "detractor"]


def person_scores(questionnaire: Questionnaire, answers: Mapping[str, Answer]) -> dict[str, float]:
    """
    Score one person: per construct the mean of the items answered.

    Reversed items are turned round first.  A construct of which nothing was
    answered is left out.
    """
    scores = {}
    for construct in questionnaire.constructs:
        ratings = [
            scale.turned(answer)
            for scale in questionnaire.scales_of(construct)
            if isinstance(answer := answers.get(scale.key), int)
        ]
        if ratings:
            scores[construct.key] = sum(ratings) / len(ratings)
    return scores


def favourable_values(question: Question) -> frozenset[int]:
    """
    List the answers that speak well of what was asked.

    For a scale those at or above its threshold, turned round if the item is
    reversed; for yes and no the good one; for a recommendation the promoters.
    Other types have none.
    """
    if isinstance(question, Scale):
        return frozenset(
            point for point in question.points if question.turned(point) >= question.threshold
        )
    if isinstance(question, YesNo):
        return frozenset({1 if question.favourable == "yes" else 0})
    if isinstance(question, Recommendation):
        return PROMOTERS
    return frozenset()


def favourable_share(question: Question, counts: Mapping[int, int]) -> float:
    """Compute the share of favourable answers, in [0, 1], from a count per answer."""
    good = favourable_values(question)
    return sum(n for value, n in counts.items() if value in good) / _total(counts)


def recommendation_class(value: int) -> RecommendationClass:
    """Sort an answer from 0 to 10: promoter from 9, detractor up to 6, passive between."""
    if value in PROMOTERS:
        return "promoter"
    return "detractor" if value in DETRACTORS else "passive"


def net_promoter_score(counts: Mapping[int, int]) -> float:
    """
    Compute promoters minus detractors, in points from -100 to 100.

    The same arithmetic serves customers (NPS) and employees (eNPS).
    """
    promoters = sum(n for value, n in counts.items() if value in PROMOTERS)
    detractors = sum(n for value, n in counts.items() if value in DETRACTORS)
    return 100 * (promoters - detractors) / _total(counts)


def mean_rating(question: Scale, counts: Mapping[int, int]) -> float:
    """Compute the mean rating from a count per answer, a reversed item turned round."""
    return sum(question.turned(value) * n for value, n in counts.items()) / _total(counts)


def _total(counts: Mapping[int, int]) -> int:
    total = sum(counts.values())
    if total < 1:
        raise ValueError("There are no answers to score.")
    return total
