"""What a wave report shows of each cell: constructs, recommendation scores and items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.reporting.figures import (
    Figure,
    construct_figure,
    item_figure,
    recommendation_figure,
)
from surveys.disclosure import asked_scales
from surveys.questionnaires import Questionnaire
from surveys.questions import Recommendation, Scale, YesNo

# Where the five shades of a heat map part, as shares of the scale.
CUTS = (0.35, 0.5, 0.65, 0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the heat map: a construct, a recommendation score or an item."""

    key: str
    kind: str
    title: str
    text: str
    low: float
    high: float
    digits: int
    read: Callable[..., Figure]

    @property
    def cuts(self) -> tuple[float, ...]:
        """The values at which one shade gives way to the next."""
        return tuple(self.low + cut * (self.high - self.low) for cut in CUTS)

    def step(self, value: float) -> int:
        """Sort a value into one of five shades, 1 the lowest."""
        return 1 + sum(value >= cut for cut in self.cuts)

    @property
    def asked(self) -> tuple[str, float, float]:
        """What was asked, on which scale; figures of different ones are not joined."""
        return self.text, self.low, self.high

    def to_dict(self) -> dict[str, Any]:
        """Write the column as a report document lists it."""
        return {
            "key": self.key,
            "kind": self.kind,
            "title": self.title,
            "text": self.text,
            "low": self.low,
            "high": self.high,
            "digits": self.digits,
            "cuts": list(self.cuts),
        }


def columns_of(release: Mapping[str, Any]) -> list[Column]:
    """List the columns of one wave: constructs first, then scores and items."""
    questionnaire = Questionnaire.from_dict(release["questionnaire"])
    return [
        *_constructs(questionnaire, release["pooled"] or {}),
        *_scores(questionnaire),
        *_items(questionnaire),
    ]


def _constructs(questionnaire: Questionnaire, pooled: Mapping[str, Any]) -> Iterator[Column]:
    for construct in questionnaire.constructs:
        scales = asked_scales(questionnaire, construct)
        if scales:
            yield Column(
                key=f"construct-{construct.key}",
                kind="construct",
                title=construct.title,
                text=" · ".join(scale.text for scale in scales),
                low=scales[0].low,
                high=scales[0].high,
                digits=2,
                read=partial(
                    construct_figure, construct, questionnaire=questionnaire, pooled=pooled
                ),
            )


def _scores(questionnaire: Questionnaire) -> Iterator[Column]:
    for question in questionnaire.asked:
        if isinstance(question, Recommendation):
            yield Column(
                key=f"score-{question.key}",
                kind="score",
                title="eNPS",
                text=question.text,
                low=-100,
                high=100,
                digits=0,
                read=partial(recommendation_figure, question),
            )


def _items(questionnaire: Questionnaire) -> Iterator[Column]:
    for question in questionnaire.asked:
        if isinstance(question, Scale | YesNo):
            low, high = (question.low, question.high) if isinstance(question, Scale) else (0, 1)
            turned = " (turned round: a high figure is good)" if _is_turned(question) else ""
            yield Column(
                key=f"item-{question.key}",
                kind="item",
                title=question.text + turned,
                text=question.text,
                low=low,
                high=high,
                digits=2,
                read=partial(item_figure, question),
            )


def _is_turned(question: Scale | YesNo) -> bool:
    return isinstance(question, Scale) and question.reverse
