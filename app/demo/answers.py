"""What the demo's employees and customers answer, drawn from the plan."""

from __future__ import annotations

import random
from collections.abc import Mapping

from app.demo.plan import TeamPlan
from surveys.questionnaires import Questionnaire
from surveys.questions import Comment, Recommendation, Scale

RESPONSE_SHARE = 0.82
SKIP_SHARE = 0.03
COMMENT_SHARE = 0.12

EMPLOYEE_COMMENTS = (
    "The new ticket screen takes longer than the old one.",
    "Support from the other teams has got better since the weekly hand-over.",
    "We need one place where promises to customers are written down.",
    "More time between calls would help us to finish what we started.",
    "Good that we may decide about small refunds ourselves.",
    "Shift plans come too late to plan a weekend.",
    "The training on difficult conversations was worth it.",
    "Please fix the printer list, it still shows the old building.",
    "I would like to hear what became of last month's answers.",
    "The van's navigation is out of date.",
)
CUSTOMER_COMMENTS = (
    "Friendly, and it was solved on the first call.",
    "I was passed on twice before somebody could help.",
    "The engineer came on time and explained what was wrong.",
    "The bill is hard to read.",
    "Signing up took longer than I expected.",
    "Quick answer in the chat.",
    "Could not find the form on the website.",
    "Very patient staff in the shop.",
)
# How far an item lies from the person's own level, in scale points.
ITEM_SHIFTS: Mapping[str, float] = {
    "tools": -0.25,
    "support": -0.10,
    "discretion": 0.05,
    "recognition": -0.20,
    "manager": 0.25,
    "workload": -0.35,
    "change_follows": -0.45,
}
TOUCHPOINT_SHIFTS: Mapping[str, float] = {
    "Bill": -0.25,
    "Question or complaint": -0.15,
    "Repair visit": 0.15,
    "Advice before signing up": 0.20,
}


def employee_answers(
    rng: random.Random, questionnaire: Questionnaire, *, team: TeamPlan, month: int, person: float
) -> dict[str, str]:
    """Draw one employee's form, as the strings a browser would send."""
    level = team.engagement + team.engagement_by_month[month] + person
    form: dict[str, str] = {}
    for question in questionnaire.asked:
        if isinstance(question, Comment):
            if rng.random() < COMMENT_SHARE:
                form[question.key] = rng.choice(EMPLOYEE_COMMENTS)
        elif rng.random() < SKIP_SHARE:
            continue
        elif isinstance(question, Recommendation):
            form[question.key] = str(_clip(7.2 + 2.0 * level + rng.gauss(0, 1.2), 0, 10))
        elif isinstance(question, Scale):
            shift = ITEM_SHIFTS.get(question.key, 0.0)
            value = _clip(3.6 + level + shift + rng.gauss(0, 0.6), question.low, question.high)
            form[question.key] = str(
                question.low + question.high - value if question.reverse else value
            )
    return form


def customer_answers(
    rng: random.Random, *, team: TeamPlan, month: int, touchpoint: str
) -> dict[str, str]:
    """Draw one customer's form for the bundled questionnaire."""
    level = (
        team.satisfaction
        + team.satisfaction_by_month[month]
        + TOUCHPOINT_SHIFTS.get(touchpoint, 0.0)
        + rng.gauss(0, 0.85)
    )
    form = {
        "satisfaction": str(_clip(3.6 + level, 1, 5)),
        "recommend": str(_clip(7.0 + 1.9 * level + rng.gauss(0, 1.0), 0, 10)),
        "effort": str(_clip(3.2 - 1.1 * level + rng.gauss(0, 0.8), 1, 7)),
        "repeated": "yes" if rng.random() < 0.28 - 0.12 * level else "no",
    }
    for key in list(form):
        if rng.random() < SKIP_SHARE:
            del form[key]
    if not form or rng.random() < COMMENT_SHARE:
        form["comment"] = rng.choice(CUSTOMER_COMMENTS)
    return form


def _clip(value: float, low: int, high: int) -> int:
    return max(low, min(high, round(value)))
