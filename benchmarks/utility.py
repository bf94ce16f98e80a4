"""What disclosure control costs: how far released figures of teams lie from the exact ones."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from statistics import correlation, fmean
from typing import Any, Literal

from surveys import questionnaires
from surveys.disclosure import Thresholds
from surveys.hierarchy import Hierarchy, Team, counting_groups
from surveys.questions import Question, Recommendation, Scale
from surveys.release import build_release
from surveys.scoring import person_scores

N_TEAMS, TEAMS_PER_DEPARTMENT = 40, 5
RESPONSE, SKIPS = 0.8, 0.03
# On a scale of five: the mean of all, and what differs between teams, people and answers.
MEAN, OF_TEAMS, OF_PEOPLE, OF_ITEMS, OF_ANSWERS = 3.85, 0.40, 0.55, 0.25, 0.65
LINK = 0.5  # correlation of a team's level with what its customers say
ENGAGEMENT = "engagement"
PULSE = questionnaires.load("monthly_pulse")

Profile = Literal["default", "strict"]
Person = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """
    What one profile costs, averaged over organisations.

    Shares are of teams with a cell of their own, of people counted in such a cell, and of
    people counted at all.  Errors are in points of a scale of five: how far the mean of an
    item shown for a team lies from the exact one, and the organisation's mean, with its
    sign.  The correlations are those of engagement with customers over the teams shown.
    """

    teams: float
    people: float
    covered: float
    item_error: float
    construct_error: float
    bias: float
    r_exact: float
    r_released: float


def main(argv: list[str] | None = None) -> None:
    """Simulate organisations and print what each profile costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organisations", type=int, default=25)
    given = parser.parse_args(argv)
    for profile, cost in measure(given.organisations).items():
        print(profile)
        for name, figure, aim in lines(cost):
            print(f"  {name:<44} {figure:>16}  {aim}")


def lines(cost: Cost) -> Iterator[tuple[str, str, str]]:
    """Write a cost as lines of name, figure and aim."""
    yield "teams with figures of their own", f"{cost.teams:.0%}", ""
    yield "people counted in their own team", f"{cost.people:.0%}", ""
    yield "people counted in some cell", f"{cost.covered:.0%}", "100%"
    yield "mean error of a team's item", f"{cost.item_error:.4f}", "0.02 by default"
    yield "mean error of a team's engagement", f"{cost.construct_error:.4f}", ""
    yield "bias of the organisation's items", f"{cost.bias:+.4f}", "0.00"
    figure = f"{cost.r_released:.3f} / {cost.r_exact:.3f}"
    yield "link with customers, released / exact", figure, "within 0.01"


def measure(n: int) -> dict[Profile, Cost]:
    """Release the same organisations by both profiles."""
    profiles: tuple[Profile, ...] = ("default", "strict")
    organisations = [Organisation(Random(f"utility {number}")) for number in range(n)]
    return {
        profile: _mean([o.cost(Thresholds.of(profile)) for o in organisations])
        for profile in profiles
    }


def _mean(costs: Sequence[Cost]) -> Cost:
    names = Cost.__dataclass_fields__
    return Cost(**{name: fmean(getattr(cost, name) for cost in costs) for name in names})


class Organisation:
    """An organisation with everything that its people and customers said."""

    def __init__(self, rng: Random) -> None:
        departments = [f"d{n}" for n in range(N_TEAMS // TEAMS_PER_DEPARTMENT)]
        self.sizes = {
            f"t{n}": min(40, max(5, round(rng.lognormvariate(2.2, 0.55)))) for n in range(N_TEAMS)
        }
        self.hierarchy = Hierarchy(
            teams=(
                Team(key="all", name="All", parent=None),
                *(Team(key=d, name=d, parent="all") for d in departments),
                *(
                    Team(key=team, name=team, parent=departments[n // TEAMS_PER_DEPARTMENT])
                    for n, team in enumerate(self.sizes)
                ),
            )
        )
        levels = {team: rng.gauss(0, 1) for team in self.sizes}
        self.customers = {
            team: LINK * level + rng.gauss(0, (1 - LINK**2) ** 0.5)
            for team, level in levels.items()
        }
        self.people = {
            team: _team(rng, n, MEAN + OF_TEAMS * levels[team]) for team, n in self.sizes.items()
        }

    def cost(self, thresholds: Thresholds) -> Cost:
        """Release by a profile and compare with what was answered."""
        release = self._release(thresholds)
        own = [cell for cell in release["cells"] if len(cell["teams"]) == 1]
        n_people = sum(map(len, self.people.values()))
        pairs = [
            (self.customers[team], _released(cell), self._engagement(team))
            for cell in own
            for team in cell["teams"]
            if cell["constructs"][ENGAGEMENT]["status"] != "hidden"
        ]
        customers, shown, exact = zip(*pairs, strict=True)
        return Cost(
            teams=len(own) / N_TEAMS,
            people=sum(cell["n"] for cell in own) / n_people,
            covered=sum(cell["n"] for cell in release["cells"]) / n_people,
            item_error=fmean(self._item_errors(own)),
            construct_error=fmean(
                abs(one - other) for one, other in zip(shown, exact, strict=True)
            ),
            bias=self._bias(release["cells"]),
            r_exact=correlation(customers, exact),
            r_released=correlation(customers, shown),
        )

    def _release(self, thresholds: Thresholds) -> dict[str, Any]:
        groups = counting_groups(self.hierarchy, self.sizes, k_group=thresholds.k_group)
        opening = {
            **{name: "utility" for name in ("wave", "title", "organisation")},
            "opens_on": "2026-03-02",
            "questionnaire": PULSE.to_dict(),
            "thresholds": thresholds.to_dict(),
            "hierarchy": self.hierarchy.to_list(),
            "groups": [
                {
                    "group": group.group,
                    "home": group.home,
                    "teams": sorted(group.teams),
                    "n_eligible": group.n_eligible,
                    "needs": thresholds.k,
                }
                for group in groups
            ],
        }
        answers = {g.group: [p for t in g.teams for p in self.people[t]] for g in groups}
        return build_release(opening, answers, closed_on=date(2026, 3, 13), rng=Random(1))

    def _item_errors(self, cells: Sequence[Mapping[str, Any]]) -> Iterator[float]:
        """Compare each item mean that is shown for a team with the exact one."""
        for cell in cells:
            for key, item in cell["items"].items():
                if "sum" in item and isinstance(PULSE.question(key), Scale):
                    exact = self._answers(cell["teams"], key)
                    yield abs(item["sum"] / item["n"] - fmean(exact))

    def _bias(self, cells: Sequence[Mapping[str, Any]]) -> float:
        """Compare the organisation's item means, added up from cells, with the exact ones."""
        biases = []
        for scale in (q for q in PULSE.asked if isinstance(q, Scale)):
            items = [c["items"][scale.key] for c in cells]
            shown = [item for item in items if "n" in item]
            total = sum(item.get("point_sum", item["sum"]) for item in shown)
            exact = self._answers(list(self.people), scale.key)
            biases.append(total / sum(item["n"] for item in shown) - fmean(exact))
        return fmean(biases)

    def _answers(self, teams: Sequence[str], key: str) -> list[int]:
        return [person[key] for t in teams for person in self.people[t] if key in person]

    def _engagement(self, team: str) -> float:
        scores = [person_scores(PULSE, person) for person in self.people[team]]
        return fmean(score[ENGAGEMENT] for score in scores if ENGAGEMENT in score)


def _released(cell: Mapping[str, Any]) -> float:
    construct = cell["constructs"][ENGAGEMENT]
    return construct.get("point_sum", construct["sum"]) / construct["n"]


def _team(rng: Random, size: int, level: float) -> list[Person]:
    shifts = {question.key: rng.gauss(0, OF_ITEMS) for question in PULSE.asked}
    return [
        _person(rng, level + rng.gauss(0, OF_PEOPLE), shifts)
        for _ in range(size)
        if rng.random() < RESPONSE
    ]


def _person(rng: Random, level: float, shifts: Mapping[str, float]) -> Person:
    return {
        question.key: _answer(question, level + shifts[question.key] + rng.gauss(0, OF_ANSWERS))
        for question in PULSE.asked
        if isinstance(question, Scale | Recommendation) and rng.random() >= SKIPS
    }


def _answer(question: Question, felt: float) -> int:
    point = min(5, max(1, round(felt)))
    if isinstance(question, Scale):
        return question.turned(point)
    return min(10, max(0, round(2.5 * (felt - 1))))


if __name__ == "__main__":
    main()
