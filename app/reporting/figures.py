"""Figures of a wave report: one released cell value each, with its interval or its bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.scores import (
    ScoreEstimate,
    construct_mean,
    construct_mean_conservative,
    favourable_share,
    item_mean,
    recommendation_score,
    roll_up,
)
from surveys.disclosure import asked_scales
from surveys.questionnaires import Construct, Questionnaire
from surveys.questions import Question, Recommendation, Scale, YesNo
from surveys.scoring import DETRACTORS, PROMOTERS, favourable_values

HIDDEN_REASONS = {
    "too_few_answers": "Hidden: too few people answered this here.",
    "too_few_in_an_option": "Hidden: an answer was chosen by too few or by nearly all.",
}
BOUND_REASON = "Shown as a bound: nearly all answers agree, and an exact figure would tell who."

Cell = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """
    What one cell, or several together, say about one column of the report.

    `estimate` has an interval when `status` is "exact"; a "bound" carries its
    direction instead and `point` is what it adds to totals; "hidden" says why.
    """

    status: str
    n: int | None = None
    estimate: ScoreEstimate | None = None
    bound: str | None = None
    value: float | None = None
    point: ScoreEstimate | None = None
    why: str = ""

    @property
    def addend(self) -> ScoreEstimate | None:
        """What the figure contributes to a total, nothing if it is hidden."""
        return self.estimate if self.status == "exact" else self.point


def hidden(reason: str) -> Figure:
    """Make a figure that may not be shown."""
    return Figure(status="hidden", why=HIDDEN_REASONS[reason])


def construct_figure(
    construct: Construct, *, questionnaire: Questionnaire, cell: Cell, pooled: Mapping[str, Any]
) -> Figure:
    """Read a construct of one cell, in points of its scale."""
    released = cell["constructs"][construct.key]
    if released["status"] == "hidden":
        return hidden(released["reason"])
    scales = asked_scales(questionnaire, construct)
    n, within = released["n"], (pooled.get("constructs") or {}).get(construct.key)
    if released["status"] == "exact":
        return Figure(
            status="exact",
            n=n,
            estimate=_construct_estimate(released, scales, cell=cell, within=within),
        )
    spread = within["variance"] if within else _widest(scales[0])
    return Figure(
        status="bound",
        n=n,
        bound=released["sum_is"],
        value=released["sum"] / n,
        point=_rough(released["point_sum"] / n, variance=spread, n=n),
        why=BOUND_REASON,
    )


def _construct_estimate(
    released: Mapping[str, Any],
    scales: Sequence[Scale],
    *,
    cell: Cell,
    within: Mapping[str, Any] | None,
) -> ScoreEstimate:
    n, total = released["n"], released["sum"]
    if len(scales) == 1:
        return item_mean(turned_counts(scales[0], cell["items"][scales[0].key]["counts"]))
    if released["variance"] is not None:
        return construct_mean(n=n, total=total, variance=released["variance"], df=n - 1)
    if within:
        spare = within["n"] - within["n_cells"]
        return construct_mean(n=n, total=total, variance=within["variance"], df=spare)
    items = [turned_counts(scale, cell["items"][scale.key]["counts"]) for scale in scales]
    return construct_mean_conservative(n=n, total=total, items=items)


def item_figure(question: Question, *, cell: Cell) -> Figure:
    """Read a scale item or a yes-or-no item of one cell; reversed items are turned round."""
    released = cell["items"][question.key]
    if released["status"] == "hidden":
        return hidden(released["reason"])
    n = released["n"]
    if isinstance(question, YesNo):
        return _share_figure(question, released, n=n)
    assert isinstance(question, Scale)  # noqa: S101 - columns are made of these two types only
    if released["status"] == "exact":
        counts = turned_counts(question, released["counts"])
        return Figure(status="exact", n=n, estimate=item_mean(counts))
    ends = question.low + question.high
    mean, point = released["sum"] / n, released["point_sum"] / n
    kind = released["sum_is"]
    if question.reverse:
        mean, point = ends - mean, ends - point
        kind = {"at_least": "at_most", "at_most": "at_least"}.get(kind, kind)
    return Figure(
        status="bound",
        n=n,
        bound=kind,
        value=mean,
        point=_rough(point, variance=_widest(question), n=n),
        why=BOUND_REASON,
    )


def _share_figure(question: YesNo, released: Mapping[str, Any], *, n: int) -> Figure:
    if released["status"] == "exact":
        good = sum(released["counts"][str(value)] for value in favourable_values(question))
        return Figure(status="exact", n=n, estimate=favourable_share(good, n))
    kind, count = next(iter(released["favourable"].items()))
    return Figure(
        status="bound",
        n=n,
        bound=kind,
        value=count / n,
        point=_rough(released["point_favourable"] / n, variance=0.25, n=n),
        why=BOUND_REASON,
    )


def recommendation_figure(question: Recommendation, *, cell: Cell) -> Figure:
    """Read the recommendation score of one cell, from -100 to 100."""
    released = cell["items"][question.key]
    if released["status"] == "hidden":
        return hidden(released["reason"])
    n = released["n"]
    if released["status"] == "exact":
        promoters = sum(released["counts"][str(value)] for value in PROMOTERS)
        detractors = sum(released["counts"][str(value)] for value in DETRACTORS)
        return Figure(
            status="exact", n=n, estimate=_score(promoters=promoters, detractors=detractors, n=n)
        )
    point = _score(
        promoters=released["point_promoters"], detractors=released["point_detractors"], n=n
    )
    best, worst = _score_bounds(released, n)
    kind = "at_least" if point.estimate > 0 else "at_most"
    return Figure(
        status="bound",
        n=n,
        bound=kind,
        value=worst if kind == "at_least" else best,
        point=point,
        why=BOUND_REASON,
    )


def _score(*, promoters: float, detractors: float, n: int) -> ScoreEstimate:
    return recommendation_score(
        promoters=promoters, passives=n - promoters - detractors, detractors=detractors
    )


def _score_bounds(released: Mapping[str, Any], n: int) -> tuple[float, float]:
    """Give the highest and the lowest score that the released counts allow."""
    (many, few), (most_bad, least_bad) = (
        _range(released[name], n) for name in ("promoters", "detractors")
    )
    best = 100 * (min(many, n - least_bad) - least_bad) / n
    worst = 100 * (few - min(most_bad, n - few)) / n
    return best, worst


def _range(bound: Mapping[str, int], n: int) -> tuple[int, int]:
    if "exact" in bound:
        return bound["exact"], bound["exact"]
    return (bound["at_most"], 0) if "at_most" in bound else (n, bound["at_least"])


def together(figures: Sequence[Figure]) -> Figure:
    """Add figures of several cells up; bounds enter with their point, hidden ones stay out."""
    parts = [part for figure in figures if (part := figure.addend) is not None]
    if not parts:
        return hidden("too_few_answers")
    total = parts[0] if len(parts) == 1 else roll_up(parts)
    return Figure(status="exact", n=total.n, estimate=total)


def turned_counts(scale: Scale, counts: Mapping[str, int]) -> dict[str, int]:
    """Turn the counts of a reversed item round, so that high is good."""
    return {str(scale.turned(int(value))): count for value, count in counts.items()}


def _rough(mean: float, *, variance: float, n: int) -> ScoreEstimate:
    """Give a point that stands for a bound a spread that is too wide rather than too narrow."""
    estimate = construct_mean(n=n, total=mean * n, variance=variance, df=max(n - 1, 1))
    return ScoreEstimate(
        estimate=estimate.estimate,
        std_error=estimate.std_error,
        ci_low=estimate.ci_low,
        ci_high=estimate.ci_high,
        n=n,
        basis="conservative",
    )


def _widest(scale: Scale) -> float:
    """Bound the variance of answers on a scale: half at one end, half at the other."""
    return (scale.high - scale.low) ** 2 / 4
