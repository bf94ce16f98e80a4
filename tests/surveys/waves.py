"""Openings and answers for tests of what a wave releases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from random import Random
from typing import Any

from surveys import codes, questionnaires
from surveys.disclosure import Thresholds
from surveys.documents import canonical
from surveys.exchange import check_release
from surveys.hierarchy import Hierarchy, Team, counting_groups
from surveys.questions import Comment, Question, Recommendation, Scale
from surveys.release import build_release

DAY = date(2026, 3, 13)

PULSE = questionnaires.load("monthly_pulse")

# A company with two departments; in Sales people also sit in the department itself.
COMPANY = Hierarchy(
    teams=(
        Team(key="all", name="Company", parent=None),
        Team(key="sales", name="Sales", parent="all"),
        Team(key="north", name="North", parent="sales"),
        Team(key="south", name="South", parent="sales"),
        Team(key="west", name="West", parent="sales"),
        Team(key="care", name="Care", parent="all"),
        Team(key="phone", name="Phone", parent="care"),
        Team(key="mail", name="Mail", parent="care"),
    )
)
ELIGIBLE = {"sales": 3, "north": 12, "south": 4, "west": 3, "phone": 20, "mail": 9}


def make_opening(
    hierarchy: Hierarchy = COMPANY,
    eligible: Mapping[str, int] = ELIGIBLE,
    *,
    questionnaire: questionnaires.Questionnaire = PULSE,
    thresholds: Thresholds | None = None,
) -> dict[str, Any]:
    """Open a wave as the application does, with codes that nobody holds."""
    thresholds = thresholds or Thresholds()
    groups = counting_groups(hierarchy, eligible, k_group=thresholds.k_group)
    return {
        "schema": "headwater.opening/1",
        "wave": "pulse-1",
        "title": "Pulse",
        "organisation": "Company",
        "opens_on": "2026-03-02",
        "closes_on": "2026-03-13",
        "questionnaire": questionnaire.to_dict(),
        "thresholds": thresholds.to_dict(),
        "hierarchy": hierarchy.to_list(),
        "groups": [
            {
                "group": group.group,
                "label": group.label,
                "home": group.home,
                "teams": sorted(group.teams),
                "n_eligible": group.n_eligible,
                "codes": sorted(
                    codes.digest("pulse-1", code) for code in codes.new_codes(group.n_eligible)
                ),
            }
            for group in groups
        ],
    }


def draw_answers(
    opening: Mapping[str, Any],
    counts: Mapping[str, int],
    *,
    seed: int = 0,
    questionnaire: questionnaires.Questionnaire = PULSE,
) -> dict[str, list[dict[str, Any]]]:
    """Draw so many answers for each group, some items skipped."""
    rng = Random(seed)
    people = {}
    for group in opening["groups"]:
        people[group["group"]] = [
            {q.key: _draw(q, rng, person) for q in questionnaire.asked if rng.random() < 0.9}
            for person in range(counts[group["group"]])
        ]
    return people


def everybody(opening: Mapping[str, Any]) -> dict[str, int]:
    """Count everybody eligible as having answered."""
    return {group["group"]: group["n_eligible"] for group in opening["groups"]}


def cells_of(release: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Find the cells of a release by their labels."""
    return {cell["label"]: cell for cell in release["cells"]}


def same_answers(n: int, **answers: Any) -> Sequence[dict[str, Any]]:
    """Let `n` people answer alike."""
    return [dict(answers) for _ in range(n)]


def _draw(question: Question, rng: Random, person: int) -> Any:
    if isinstance(question, Scale | Recommendation):
        return rng.choice(list(question.points))
    if isinstance(question, Comment):
        return f"Comment {rng.random():.6f} of {person}"
    raise AssertionError(question)


def release(opening: dict[str, Any], answers: dict[str, Any], *, seed: int = 1) -> dict[str, Any]:
    """Release, and hold the release against the check that the application makes."""
    made = build_release(opening, answers, closed_on=DAY, rng=Random(seed))
    check_release(json.loads(canonical(made)))
    return made
