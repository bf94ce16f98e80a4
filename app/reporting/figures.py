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

REASONS = {
    "too_few_answers": "hidden: too few people answered this here",
    "too_few_in_an_option": "hidden: an answer was chosen by too few or by nearly all",
    "near_unanimous": "a bound: nearly all answers agree, and an exact figure would tell whose",
    "mean_only": "no interval: nearly all, or nearly none, are favourable, only the mean is shown",
    "mixed": "no interval: made of bounds, or people skipped some of its questions",
}
WHY = {"exact": "mean_only", "mixed": "mixed"}

Cell = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """People who answered; near the whole only a lower bound, so that it names nobody."""

    least: int
    is_exact: bool = True

    def __str__(self) -> str:
        """Write the count as pages show it."""
        return f"{self.least:,}" if self.is_exact else f"{self.least:,} or more"


def shown_count(n: int, *, n_eligible: int) -> Count:
    """Count people out of those eligible, as it may be shown."""
    is_exact = n_eligible - n >= 2
    return Count(least=n if is_exact else max(n_eligible - 2, 0), is_exact=is_exact)


def counted_together(counts: Sequence[Count]) -> Count:
    """Add counts up; a total with a bound in it is one, or it could be taken apart."""
    return Count(least=sum(c.least for c in counts), is_exact=all(c.is_exact for c in counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """
    What one cell, or several together, say about one column of the report.

    `estimate` has an interval when `status` is "exact"; a "bound" carries its
    direction instead and `point` is what it adds to totals; "hidden" says why.
    """

    status: str
    n: Count | None = None
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
    return Figure(status="hidden", why=reason)


def construct_figure(
    construct: Construct, *, questionnaire: Questionnaire, cell: Cell, pooled: Mapping[str, Any]
) -> Figure:
    """Read a construct of one cell, in points of its scale."""
    released = cell["constructs"][construct.key]
    if released["status"] == "hidden":
        return hidden(released["reason"])
    scales = asked_scales(questionnaire, construct)
    n, within = released["n"], (pooled.get("constructs") or {}).get(construct.key)
    counted = shown_count(n, n_eligible=cell["n_eligible"])
    if released["status"] == "exact":
        return Figure(
            status="exact",
            n=counted,
            estimate=_construct_estimate(released, scales, cell=cell, within=within),
        )
    spread = within["variance"] if within else _widest(scales[0])
    return Figure(
        status="bound",
        n=counted,
        bound=released["sum_is"],
        value=released["sum"] / n,
        point=_rough(released["point_sum"] / n, variance=spread, n=n),
        why=WHY.get(released["sum_is"], "near_unanimous"),
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
    counted = shown_count(n, n_eligible=cell["n_eligible"])
    if isinstance(question, YesNo):
        return _share_figure(question, released, counted=counted)
    assert isinstance(question, Scale)  # noqa: S101 - columns are made of these two types only
    if released["status"] == "exact":
        counts = turned_counts(question, released["counts"])
        return Figure(status="exact", n=counted, estimate=item_mean(counts))
    ends = question.low + question.high
    mean, point = released["sum"] / n, released["point_sum"] / n
    kind = released["sum_is"]
    if question.reverse:
        mean, point = ends - mean, ends - point
        kind = {"at_least": "at_most", "at_most": "at_least"}.get(kind, kind)
    return Figure(
        status="bound",
        n=counted,
        bound=kind,
        value=mean,
        point=_rough(point, variance=_widest(question), n=n),
        why=WHY.get(kind, "near_unanimous"),
    )


def _share_figure(question: YesNo, released: Mapping[str, Any], *, counted: Count) -> Figure:
    n = released["n"]
    if released["status"] == "exact":
        good = sum(released["counts"][str(value)] for value in favourable_values(question))
        return Figure(status="exact", n=counted, estimate=favourable_share(good, n))
    kind, count = next(iter(released["favourable"].items()))
    return Figure(
        status="bound",
        n=counted,
        bound=kind,
        value=count / n,
        point=_rough(released["point_favourable"] / n, variance=0.25, n=n),
        why="near_unanimous",
    )


def recommendation_figure(question: Recommendation, *, cell: Cell) -> Figure:
    """Read the recommendation score of one cell, from -100 to 100."""
    released = cell["items"][question.key]
    if released["status"] == "hidden":
        return hidden(released["reason"])
    n = released["n"]
    counted = shown_count(n, n_eligible=cell["n_eligible"])
    if released["status"] == "exact":
        promoters = sum(released["counts"][str(value)] for value in PROMOTERS)
        detractors = sum(released["counts"][str(value)] for value in DETRACTORS)
        score = _score(promoters=promoters, detractors=detractors, n=n)
        return Figure(status="exact", n=counted, estimate=score)
    point = _score(
        promoters=released["point_promoters"], detractors=released["point_detractors"], n=n
    )
    best, worst = _score_bounds(released, n)
    kind = "at_least" if point.estimate > 0 else "at_most"
    return Figure(
        status="bound",
        n=counted,
        bound=kind,
        value=worst if kind == "at_least" else best,
        point=point,
        why="near_unanimous",
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
    shown = [figure for figure in figures if figure.addend is not None]
    if not shown:
        return hidden("too_few_answers")
    if len(shown) == 1:
        return shown[0]
    return Figure(
        status="exact",
        n=counted_together([figure.n for figure in shown if figure.n is not None]),
        estimate=roll_up([figure.addend for figure in shown if figure.addend is not None]),
    )


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
