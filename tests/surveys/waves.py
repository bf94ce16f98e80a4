"""Openings and answers for tests of what a wave releases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import date
from random import Random
from typing import Any

from surveys import codes, openings, questionnaires, sealing
from surveys.disclosure import Thresholds
from surveys.documents import canonical, sha256_of
from surveys.encoding import encode
from surveys.exchange import check_release
from surveys.hierarchy import Hierarchy, Team, counting_groups
from surveys.manifests import make_manifest
from surveys.questions import Comment, Question, Recommendation, Scale
from surveys.release import build_release
from tests.ballots import modulus_text
from tests.promises import PROMISE

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


RECEIPT_PRIVATE = sealing.derive_private_key(b"tests", b"receipt key")
COUNT_PRIVATE = sealing.derive_private_key(b"tests", b"count key")
GUARDIAN_PRIVATE = sealing.derive_private_key(b"tests", b"guardian")
GUARDIAN_SEALING_PRIVATE = sealing.derive_private_key(b"tests", b"guardian sealing")


def make_plan(
    hierarchy: Hierarchy = COMPANY,
    eligible: Mapping[str, int] = ELIGIBLE,
    *,
    questionnaire: questionnaires.Questionnaire = PULSE,
    thresholds: Thresholds | None = None,
    rights: Sequence[str] = (),
    guardian: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Plan a wave as the application does; groups without a right named answer by letter."""
    thresholds = thresholds or Thresholds()
    groups = counting_groups(hierarchy, eligible, k_group=thresholds.k_group)
    named = [*rights, *["letter"] * (len(groups) - len(rights))]
    return {
        "schema": "headwater.plan/1",
        "wave": "pulse-1",
        "title": "Pulse",
        "organisation": "Company",
        "opens_on": "2026-03-02",
        "closes_on": "2026-03-13",
        "application": "https://app.example.org",
        "questionnaire": questionnaire.to_dict(),
        "thresholds": thresholds.to_dict(),
        "hierarchy": hierarchy.to_list(),
        "promise": PROMISE.to_dict(),
        "guardian": guardian,
        "previous_manifest_sha256": None,
        "groups": [
            {
                "group": group.group,
                "label": group.label,
                "home": group.home,
                "teams": sorted(group.teams),
                "n_eligible": group.n_eligible,
                "needs": thresholds.k,
                "right": right,
                **({"modulus": modulus_text(number)} if right == "ballot" else {}),
            }
            for number, (group, right) in enumerate(zip(groups, named, strict=True))
        ],
    }


def make_guardian(*, holds_count_key: bool = False) -> dict[str, Any]:
    """Name a guardian as the application does."""
    return {
        "name": "Works council",
        "key": encode(sealing.public_key_of(GUARDIAN_PRIVATE)),
        "sealing_key": encode(sealing.public_key_of(GUARDIAN_SEALING_PRIVATE)),
        "holds_count_key": holds_count_key,
    }


def make_preparation(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Reply to a plan as the collector does."""
    holds = plan["guardian"] is not None and plan["guardian"]["holds_count_key"]
    return {
        "schema": "headwater.preparation/1",
        "wave": plan["wave"],
        "plan_sha256": sha256_of(plan),
        "collector": "https://pulse.example.org",
        "client_sha256": "ab" * 32,
        "pad": 2_000,
        "count_key": None if holds else encode(sealing.public_key_of(COUNT_PRIVATE)),
        "receipt_key": encode(sealing.public_key_of(RECEIPT_PRIVATE)),
    }


def open_plan(plan: Mapping[str, Any], *, signature: str | None = None) -> dict[str, Any]:
    """Open a planned wave, with codes that nobody holds."""
    digests = {
        group["group"]: [
            codes.digest(plan["wave"], code) for code in codes.new_codes(group["n_eligible"])
        ]
        for group in plan["groups"]
        if group["right"] == "letter"
    }
    manifest = make_manifest(plan, make_preparation(plan))
    return openings.make_opening(plan, manifest=manifest, signature=signature, codes=digests)


def make_opening(
    hierarchy: Hierarchy = COMPANY,
    eligible: Mapping[str, int] = ELIGIBLE,
    *,
    questionnaire: questionnaires.Questionnaire = PULSE,
    thresholds: Thresholds | None = None,
) -> dict[str, Any]:
    """Open a wave in which everybody answers by letter."""
    plan = make_plan(hierarchy, eligible, questionnaire=questionnaire, thresholds=thresholds)
    return open_plan(plan)


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


def changed(document: Mapping[str, Any], path: Sequence[Any], value: Any) -> dict[str, Any]:
    """Copy a document with one field replaced, or removed where the value is `...`."""
    copy: Any = deepcopy(document)
    *way, last = path
    place = copy
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copy
