"""Organisations with every answer written down, and the waves they released."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from random import Random
from typing import Any

from surveys.disclosure import Thresholds
from surveys.hierarchy import Hierarchy, Team
from surveys.questionnaires import Construct, Questionnaire
from surveys.questions import (
    Answer,
    Comment,
    MultipleChoice,
    Option,
    Question,
    Recommendation,
    Scale,
    SingleChoice,
    YesNo,
)
from surveys.release import build_release
from surveys.threads import field_of
from tests.surveys.waves import make_opening

ENDS = {"low_label": "No", "high_label": "Yes"}
OPTIONS = tuple(Option(key=key, text=key.upper()) for key in "abc")
# One item of each kind, and a construct of two, one of them reversed.
ASKED = Questionnaire(
    key="proof",
    title="Proof",
    language="en",
    audience="employees",
    source="A test",
    licence="Apache-2.0",
    questions=(
        Scale(key="energy", text="I have energy.", **ENDS),
        Scale(key="workload", text="I have too much to do.", reverse=True, **ENDS),
        Scale(key="tools", text="Our tools work.", high=7, **ENDS),
        YesNo(key="heard", text="Were you heard?"),
        Recommendation(key="advise", text="Would you advise it?", **ENDS),
        SingleChoice(key="place", text="Where do you work?", options=OPTIONS),
        MultipleChoice(key="lacks", text="What do you lack?", options=OPTIONS),
        Comment(key="comment", text="What else?"),
    ),
    constructs=(
        Construct(key="engagement", title="Engagement", items=("energy", "workload")),
        Construct(key="tools", title="Tools", items=("tools",)),
    ),
)
SKIPS = 0.06
Person = dict[str, Answer]
People = Mapping[str, Sequence[Person]]


@dataclass(frozen=True, kw_only=True)
class WaveAnswers:
    """
    One wave: how it was opened, and what the people of each unit answered.

    A unit is the smallest set of people whose number the attacker knows: a team.
    """

    opening: Mapping[str, Any]
    answers: People
    teams_of: Mapping[str, frozenset[str]]

    @property
    def title(self) -> str:
        """What pages call the wave."""
        return str(self.opening["title"])

    @property
    def hierarchy(self) -> Hierarchy:
        """The tree as it was when the wave opened."""
        return Hierarchy.from_list(self.opening["hierarchy"])

    @property
    def questionnaire(self) -> Questionnaire:
        """What was asked."""
        return Questionnaire.from_dict(self.opening["questionnaire"])

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds of the wave."""
        return Thresholds.from_dict(self.opening["thresholds"])

    def inside(self, teams: frozenset[str]) -> list[Person]:
        """Collect what the people of some teams answered."""
        return [
            person
            for unit, people in self.answers.items()
            if self.teams_of[unit] <= teams
            for person in people
        ]

    def by_group(self) -> dict[str, list[Person]]:
        """Sort the answers into the counting groups of the opening."""
        return {
            group["group"]: self.inside(frozenset(group["teams"]))
            for group in self.opening["groups"]
        }

    def counted_by_team(self) -> WaveAnswers:
        """Open the same wave with each team as a group of its own."""
        groups = [
            {
                "group": f"t{number}",
                "label": unit,
                "home": unit,
                "teams": [unit],
                "n_eligible": len(people) + 3,
                "needs": self.thresholds.k,
            }
            for number, (unit, people) in enumerate(self.answers.items())
        ]
        return replace(self, opening={**self.opening, "groups": groups})

    def release(self) -> dict[str, Any]:
        """Make the release as the collector does."""
        return build_release(
            self.opening,
            self.by_group(),
            closed_on=date.fromisoformat(self.opening["closes_on"]),
            rng=Random(7),
        )


def draw_company(seed: int, *, n_teams: int) -> tuple[Hierarchy, dict[str, int]]:
    """Draw a tree with departments, and how many people sit in each team."""
    rng = Random(seed)
    n_departments = max(2, n_teams // 4)
    nodes = [Team(key="whole", name="Whole", parent=None)]
    nodes += [
        Team(key=f"dep{d}", name=f"Department {chr(65 + d)}", parent="whole")
        for d in range(n_departments)
    ]
    nodes += [
        Team(key=f"team{t}", name=f"Team {chr(65 + t % 26)}{t}", parent=f"dep{t % n_departments}")
        for t in range(n_teams)
    ]
    sizes = {
        f"team{t}": min(40, max(1, round(rng.lognormvariate(2.1, 0.6)))) for t in range(n_teams)
    }
    sizes["dep0"] = 2  # people who sit in a department itself
    return Hierarchy(teams=tuple(nodes)), sizes


def draw_wave(
    company: tuple[Hierarchy, Mapping[str, int]],
    number: int,
    *,
    seed: int,
    questionnaire: Questionnaire = ASKED,
    thresholds: Thresholds | None = None,
) -> WaveAnswers:
    """Have four in five people answer, most teams leaning one way and some of one mind."""
    hierarchy, eligible = company
    rng = Random(f"{seed} {number}")
    opening = make_opening(hierarchy, eligible, questionnaire=questionnaire, thresholds=thresholds)
    answers = {}
    for team, n in eligible.items():
        lean = rng.gauss(0.12, 0.25)
        answers[team] = [
            {
                q.key: _draw(q, lean, rng)
                for q in questionnaire.asked
                if rng.random() >= (0.85 if isinstance(q, Comment) else SKIPS)
            }
            for _ in range(n)
            if rng.random() < 0.8
        ]
    for people in answers.values():
        for person in people:
            if "comment" in person:
                thread = sha256(f"{number} {person['comment']}".encode()).hexdigest()
                person[field_of("comment")] = thread
    month = date(2026, 1 + number, 2)
    return WaveAnswers(
        opening={
            **opening,
            "wave": f"wave-{number}",
            "title": f"{month:%B}",
            "opens_on": month.isoformat(),
            "closes_on": month.replace(day=14).isoformat(),
        },
        answers=answers,
        teams_of={team: frozenset({team}) for team in eligible},
    )


def _draw(question: Question, lean: float, rng: Random) -> Answer:
    place = min(0.999, max(0.0, 0.5 + rng.gauss(lean, 0.22)))
    match question:
        case Scale():
            point = question.points[int(place * len(question.points))]
            return question.turned(point)
        case Recommendation():
            return int(place * 11)
        case YesNo():
            return int(place > 0.55)
        case SingleChoice():
            return rng.choice(question.options).key
        case MultipleChoice():
            return tuple(o.key for o in question.options if rng.random() < place) or ("a",)
        case _:
            return f"Comment {rng.randrange(10**6)}"
