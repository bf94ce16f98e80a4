"""The customers' report as one document: what customers said, by touchpoint, channel and team."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from analysis.scores import ScoreEstimate, favourable_share, item_mean, recommendation_score
from analysis.summary import count, fixed, interval, percent
from app.models import STAGES
from app.queries.roll_ups import CountRow
from app.reporting.waves import spelled
from surveys.questionnaires import Questionnaire
from surveys.questions import Question, Recommendation, Scale, YesNo
from surveys.scoring import DETRACTORS, PROMOTERS, favourable_values

SCHEMA = "headwater.report.customers/1"
MIN_ANSWERS = 10
CHANNEL_NAMES = {"qr": "QR code", "email": "E-mail"}


def customer_report(
    rows: Iterable[CountRow], *, questionnaires: Sequence[Questionnaire], until: date
) -> dict[str, Any]:
    """
    Build the customers' report up to and including the day `until`.

    Groups with fewer than `MIN_ANSWERS` answers to an item show no figure for it.
    """
    kept = list(rows)
    questions = _questions(questionnaires)
    asked = [q for key, q in questions.items() if any(row.item == key for row in kept)]
    return {
        "schema": SCHEMA,
        "until": spelled(until),
        "columns": [_column(question) for question in asked],
        "total": _figures(kept, asked),
        "tables": [
            {
                "key": name,
                "title": title,
                "rows": _table(kept, name, asked),
            }
            for name, title in (
                ("stage", "By stage of the journey"),
                ("touchpoint", "By touchpoint"),
                ("channel", "By channel"),
                ("team", "By team"),
            )
        ],
    }


def _questions(questionnaires: Sequence[Questionnaire]) -> dict[str, Question]:
    """Collect the items that become figures, under the newest wording of each."""
    found: dict[str, Question] = {}
    for questionnaire in questionnaires:
        for question in questionnaire.asked:
            if isinstance(question, Recommendation | Scale | YesNo):
                found[question.key] = question
    return found


def _column(question: Question) -> dict[str, str]:
    if isinstance(question, Recommendation):
        note = "recommendation score, −100 to 100"
    elif isinstance(question, Scale):
        note = f"mean, {question.low} to {question.high}"
        note += ", turned round: a high figure is good" if question.reverse else ""
    else:
        note = "share of favourable answers"
    return {"key": question.key, "title": question.text, "note": note}


def _table(rows: Sequence[CountRow], name: str, asked: Sequence[Question]) -> list[dict[str, Any]]:
    groups: dict[str, list[CountRow]] = {}
    for row in rows:
        groups.setdefault(getattr(row, name) or "No team", []).append(row)
    order = sorted(groups)
    if name == "stage":
        order = [stage for stage in STAGES if stage in groups]
    return [
        {"label": _label(name, group), "figures": _figures(groups[group], asked)}
        for group in order
    ]


def _label(name: str, group: str) -> str:
    if name not in ("stage", "channel"):
        return group
    return CHANNEL_NAMES.get(group, group.capitalize())


def _figures(rows: Sequence[CountRow], asked: Sequence[Question]) -> dict[str, dict[str, Any]]:
    figures = {}
    for question in asked:
        counts: Counter[str] = Counter()
        for row in rows:
            if row.item == question.key:
                counts.update(row.counts)
        figures[question.key] = _figure(question, counts)
    return figures


def _figure(question: Question, counts: Mapping[str, int]) -> dict[str, Any]:
    n = sum(counts.values())
    if n < MIN_ANSWERS:
        return {"status": "hidden", "n": n, "n_text": count(n), "text": "–", "interval": ""}
    found = _estimate(question, counts, n)
    digits = 0 if isinstance(question, Recommendation) else 2
    if isinstance(question, YesNo):
        text, limits = (
            percent(found.estimate),
            f"{percent(found.ci_low)} to {percent(found.ci_high)}",
        )
    else:
        text, limits = (
            fixed(found.estimate, digits),
            interval(found.ci_low, found.ci_high, digits),
        )
    return {
        "status": "exact",
        "n": n,
        "n_text": count(n),
        "value": found.estimate,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "text": text,
        "interval": limits,
    }


def _estimate(question: Question, counts: Mapping[str, int], n: int) -> ScoreEstimate:
    if isinstance(question, Recommendation):
        promoters = sum(counts.get(str(value), 0) for value in PROMOTERS)
        detractors = sum(counts.get(str(value), 0) for value in DETRACTORS)
        return recommendation_score(
            promoters=promoters, passives=n - promoters - detractors, detractors=detractors
        )
    if isinstance(question, Scale):
        return item_mean({str(question.turned(int(v))): c for v, c in counts.items()})
    good = sum(counts.get(str(value), 0) for value in favourable_values(question))
    return favourable_share(good, n)
