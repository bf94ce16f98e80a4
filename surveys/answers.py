"""Reading a filled-in questionnaire: answers, refusals, and what was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from surveys.errors import InvalidAnswer
from surveys.questionnaires import Questionnaire
from surveys.questions import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """
    One filled-in form.

    `answers` holds what was answered, skipped items left out; `errors` one
    sentence per item that cannot be read; `raw` what was typed, so that a page
    that comes back loses nothing.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    raw: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_answers(questionnaire: Questionnaire, form: Mapping[str, Sequence[str]]) -> Reading:
    """Let each item that is asked judge its own field; other fields are ignored."""
    reading = Reading()
    for question in questionnaire.asked:
        raw = tuple(form.get(question.key, ()))
        if raw:
            reading.raw[question.key] = raw
        try:
            answer = question.parse(raw)
        except InvalidAnswer as error:
            reading.errors[question.key] = str(error)
            continue
        if answer is not None:
            reading.answers[question.key] = answer
    return reading


def preselect(questionnaire: Questionnaire, query: Mapping[str, Sequence[str]]) -> Reading:
    """Fill a form from a link: what fits is preselected, the rest dropped without a word."""
    reading = read_answers(questionnaire, query)
    raw = {key: texts for key, texts in reading.raw.items() if key in reading.answers}
    return Reading(raw=raw)
