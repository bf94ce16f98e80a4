"""
What may be shown: the only place that decides it.

R1 every cell holds k answers or more (`surveys.hierarchy.partition`, from counts
   alone);
R2 an item is released exactly only where, after any c colleagues told what they
   answered, both classes of answers remain among the others; otherwise as bounds
   that leave everybody both possibilities;
R3 a bounded figure enters sums at the point one quarter into its range, so that
   every total is made from released figures, never from answers;
R4 thresholds are fixed when a wave opens and have floors;
R6b figures that join items (variances of constructs, covariances) rest only on
   cells in which all these items are exact.  Exchanging two people of such a cell
   changes nothing that is released, and both classes remain among them, so such
   figures settle nobody's class either.  The mean of a construct is made from the
   items' released means: a sum of person scores less these would be the answers of
   those few who skipped one of the items.

Answers come in as one mapping per person, item key to answer; skipped items are
absent.  The order of people changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from surveys.moments import Column, Moments, Person, column, pool, product_moments, score_moments
from surveys.questionnaires import Construct, Questionnaire
from surveys.questions import (
    Answer,
    Comment,
    MultipleChoice,
    Question,
    Recommendation,
    Scale,
    SingleChoice,
    YesNo,
)
from surveys.scoring import DETRACTORS, PROMOTERS, favourable_values
from surveys.thresholds import PROFILES as PROFILES
from surveys.thresholds import Thresholds as Thresholds

VARIANCE_FROM = 10
POOLED_RESPONSES, POOLED_CELLS = 100, 10
QUARTER = 0.25

TOO_FEW = {"status": "hidden", "reason": "too_few_answers"}
TOO_FEW_IN_AN_OPTION = {"status": "hidden", "reason": "too_few_in_an_option"}

Released = dict[str, Any]


def release_items(
    questionnaire: Questionnaire, people: Sequence[Person], thresholds: Thresholds
) -> dict[str, Released]:
    """Release every item but the comments for one cell."""
    return {
        question.key: release_item(
            question,
            [p[question.key] for p in people if question.key in p],
            thresholds,
            n_cell=len(people),
        )
        for question in questionnaire.asked
        if not isinstance(question, Comment)
    }


def release_item(
    question: Question,
    answers: Collection[Answer],
    thresholds: Thresholds,
    *,
    n_cell: int | None = None,
) -> Released:
    """
    Release the answers to one item in one cell, exactly, as bounds, or not at all (R2).

    How many colleagues may tell goes by the people of the whole cell, `n_cell`, and
    not by how many answered the item: whoever skipped it may be taken for having told.
    """
    n = len(answers)
    if n < thresholds.k:
        return dict(TOO_FEW)
    c = thresholds.tolerated(n if n_cell is None else n_cell)
    return RULES[type(question)](question, Counter(answers), n, c)


def _is_interior(count: int, n: int, c: int) -> bool:
    """Tell whether both those counted and those not remain when any `c` people are set apart."""
    return c + 1 < count < n - c - 1


def _bounded(count: int, n: int, c: int) -> dict[str, int]:
    """Give a count exactly, or its bound near either end."""
    if _is_interior(count, n, c):
        return {"exact": count}
    return {"at_most": c + 1} if count <= c + 1 else {"at_least": n - c - 1}


def _point(bound: Mapping[str, int], n: int) -> float:
    """Place a count one quarter into its range (R3)."""
    if "exact" in bound:
        return float(bound["exact"])
    if "at_most" in bound:
        return bound["at_most"] * (1 - QUARTER)
    return bound["at_least"] + (n - bound["at_least"]) * QUARTER


def _release_rating(question: Scale | YesNo, counts: Counter[int], n: int, c: int) -> Released:
    good = favourable_values(question)
    favourable = sum(counts[value] for value in good)
    total = sum(value * count for value, count in counts.items())
    low, high = (0, 1) if isinstance(question, YesNo) else (question.low, question.high)
    if _is_interior(favourable, n, c):
        return {
            "status": "exact",
            "n": n,
            "counts": {str(value): counts[value] for value in range(low, high + 1)},
            "sum": total,
        }
    shares = _bounded(favourable, n, c)
    return {
        "status": "clamped",
        "n": n,
        "favourable": shares,
        "point_favourable": _point(shares, n),
        **_clamped_sum(total, n=n, c=c, low=low, high=high, good=good),
    }


def _clamped_sum(
    total: int, *, n: int, c: int, low: int, high: int, good: frozenset[int]
) -> Released:
    """
    Bound a sum so that it fits c answers at one end and one more of the other class.

    The lowest sum that may be known is the one where c people gave the highest
    answer, one more the lowest answer of the upper class and all others the
    lowest of all; the highest mirrors it.
    """
    start_of_upper = min(good) if high in good else max(good) + 1
    reach = c * (high - low)
    least = n * low + reach + (start_of_upper - low)
    most = n * high - reach - (high - start_of_upper + 1)
    if total <= least:
        point = least - (least - n * low) * QUARTER
        return {"sum": least, "sum_is": "at_most", "point_sum": point}
    if total >= most:
        point = most + (n * high - most) * QUARTER
        return {"sum": most, "sum_is": "at_least", "point_sum": point}
    return {"sum": total, "sum_is": "exact", "point_sum": float(total)}


def _release_recommendation(
    question: Recommendation, counts: Counter[int], n: int, c: int
) -> Released:
    promoters = _bounded(sum(counts[value] for value in PROMOTERS), n, c)
    detractors = _bounded(sum(counts[value] for value in DETRACTORS), n, c)
    if "exact" in promoters and "exact" in detractors:
        return {
            "status": "exact",
            "n": n,
            "counts": {str(value): counts[value] for value in question.points},
            "sum": sum(value * count for value, count in counts.items()),
        }
    return {
        "status": "clamped",
        "n": n,
        "promoters": promoters,
        "detractors": detractors,
        "point_promoters": _point(promoters, n),
        "point_detractors": _point(detractors, n),
    }


def _release_single_choice(
    question: SingleChoice, counts: Counter[str], n: int, c: int
) -> Released:
    if not all(_is_interior(counts[option.key], n, c) for option in question.options):
        return dict(TOO_FEW_IN_AN_OPTION)
    return {
        "status": "exact",
        "n": n,
        "counts": {option.key: counts[option.key] for option in question.options},
    }


def _release_multiple_choice(
    question: MultipleChoice, counts: Counter[tuple[str, ...]], n: int, c: int
) -> Released:
    ticks: Counter[str] = Counter()
    for chosen, count in counts.items():
        for key in chosen:
            ticks[key] += count
    return {
        "status": "options",
        "n": n,
        "options": {o.key: _bounded(ticks[o.key], n, c) for o in question.options},
    }


# A new type of question is one rule above and one line here.
RULES: dict[type[Question], Callable[[Any, Any, int, int], Released]] = {
    Scale: _release_rating,
    YesNo: _release_rating,
    Recommendation: _release_recommendation,
    SingleChoice: _release_single_choice,
    MultipleChoice: _release_multiple_choice,
}


def release_constructs(
    questionnaire: Questionnaire, people: Sequence[Person], items: Mapping[str, Released]
) -> dict[str, Released]:
    """Release every construct of one cell, given the items released for it."""
    return {
        construct.key: release_construct(scales, people, items)
        for construct in questionnaire.constructs
        if (scales := asked_scales(questionnaire, construct))
    }


def asked_scales(questionnaire: Questionnaire, construct: Construct) -> tuple[Scale, ...]:
    """List the items of a construct that are still asked."""
    return tuple(s for s in questionnaire.scales_of(construct) if not s.retired)


def release_construct(
    scales: Sequence[Scale], people: Sequence[Person], items: Mapping[str, Released]
) -> Released:
    """
    Release a construct as the mean of its items' means, in exact items with its variance.

    Where nobody skipped an item, that is the mean of the person scores.  Where somebody
    did, the answers are not looked at: the sum of person scores would, beside the items'
    own sums, tell what those who skipped one item answered to the others.  So would
    an exact sum beside a clamped item tell that item's sum.
    """
    released = [items[scale.key] for scale in scales]
    if any(item["status"] == "hidden" for item in released):
        return dict(TOO_FEW)
    if not _are_exact(scales, items):
        return _construct_of_items(scales, released, n_people=len(people))
    n = max(item["n"] for item in released)
    means = [_exact_mean(scale, item) for scale, item in zip(scales, released, strict=True)]
    return {
        "status": "exact",
        "n": n,
        "sum": float(n * sum(means) / len(means)),
        "variance": _own_variance([column(scale, people) for scale in scales]),
    }


def _exact_mean(scale: Scale, item: Released) -> Fraction:
    mean = Fraction(item["sum"], item["n"])
    return scale.low + scale.high - mean if scale.reverse else mean


def _own_variance(columns: Sequence[Column]) -> float | None:
    """Take the variance of person scores, if enough people answered every item or none."""
    answered = zip(*(c.is_given for c in columns), strict=True)
    is_whole = all(len(set(given)) == 1 for given in answered)
    moments = score_moments(columns)
    if not is_whole or moments.n < VARIANCE_FROM or moments.variance is None:
        return None
    return float(moments.variance)


def _are_exact(scales: Sequence[Scale], items: Mapping[str, Released]) -> bool:
    return all(items[scale.key]["status"] == "exact" for scale in scales)


def _construct_of_items(
    scales: Sequence[Scale], released: Sequence[Released], *, n_people: int
) -> Released:
    """
    Add up a construct from released items alone.

    The mean is that of the item means.  Where everybody answered every item it
    is the mean of the person scores, and its bounds hold; where some skipped one,
    or the items' bounds point both ways, it is neither bound and said to be mixed.
    """
    n = max(item["n"] for item in released)
    turned = [_turned(scale, item) for scale, item in zip(scales, released, strict=True)]
    kinds = {kind for _, _, kind in turned} - {"exact"}
    is_strict = len(scales) == 1 or all(item["n"] == n_people for item in released)
    kind = "mixed" if len(kinds) > 1 or not is_strict else next(iter(kinds), "exact")
    return {
        "status": "clamped",
        "n": n,
        "sum": n * sum(mean for mean, _, _ in turned) / len(turned),
        "sum_is": kind,
        "point_sum": n * sum(point for _, point, _ in turned) / len(turned),
        "variance": None,
    }


MIRRORED = {"at_least": "at_most", "at_most": "at_least", "exact": "exact"}


def _turned(scale: Scale, item: Released) -> tuple[float, float, str]:
    """Mean, point mean and kind of a released item, turned round if it is reversed."""
    n, kind = item["n"], item.get("sum_is", "exact")
    mean, point = item["sum"] / n, item.get("point_sum", item["sum"]) / n
    if not scale.reverse:
        return mean, point, kind
    ends = scale.low + scale.high
    return ends - mean, ends - point, MIRRORED[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellAnswers:
    """The people of one cell and the items released for it."""

    people: Sequence[Person]
    items: Mapping[str, Released]


def pool_moments(questionnaire: Questionnaire, cells: Sequence[CellAnswers]) -> Released | None:
    """
    Pool variances and covariances within cells (R6b), or nothing if too little is exact.

    Each figure uses only the cells in which all its items are exact: with one
    cell more, taking the others away again would show what R2 hid there.
    """
    scales = [question for question in questionnaire.asked if isinstance(question, Scale)]
    columns = [
        {s.key: column(s, cell.people) for s in scales if _are_exact([s], cell.items)}
        for cell in cells
    ]
    size = range(len(scales))
    covariance: list[list[float | None]] = [[None for _ in size] for _ in size]
    pair_n, pair_cells = [[0 for _ in size] for _ in size], [[0 for _ in size] for _ in size]
    for i in size:
        for j in range(i, len(scales)):
            pairs = _exact_columns(columns, [scales[i], scales[j]])
            figure = _pooled([product_moments(first, second) for first, second in pairs])
            for a, b in ((i, j), (j, i)):
                if figure is not None:
                    covariance[a][b] = figure["variance"]
                    pair_n[a][b], pair_cells[a][b] = figure["n"], figure["n_cells"]
    constructs = {
        construct.key: _pooled([score_moments(c) for c in _exact_columns(columns, own)])
        for construct in questionnaire.constructs
        if (own := asked_scales(questionnaire, construct))
    }
    if not any(map(any, pair_cells)) and not any(constructs.values()):
        return None
    return {
        "n_cells": len(cells),
        "n": sum(len(cell.people) for cell in cells),
        "items": [scale.key for scale in scales],
        "covariance": covariance,
        "pair_n": pair_n,
        "pair_cells": pair_cells,
        "constructs": constructs,
    }


def _exact_columns(
    columns: Sequence[Mapping[str, Column]], scales: Sequence[Scale]
) -> list[list[Column]]:
    """Take the columns of some items from the cells in which all of them are exact."""
    keys = [scale.key for scale in scales]
    return [[own[key] for key in keys] for own in columns if all(key in own for key in keys)]


def _pooled(parts: Sequence[Moments]) -> Released | None:
    used = [part for part in parts if part.n > 1]
    n, variance = sum(part.n for part in used), pool(used)
    if variance is None or n < POOLED_RESPONSES or len(used) < POOLED_CELLS:
        return None
    return {"variance": float(variance), "n": n, "n_cells": len(used)}
