"""Trends over changed trees: lines join the same people's teams, and leave no remainder."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.scores import ScoreEstimate
from app.charts.trend import TrendBreak, TrendPoint, trend
from app.reporting import trends
from app.reporting.columns import Column
from app.reporting.figures import Count, Figure
from app.reporting.trends import trend_charts, trend_lines, wave_list
from app.reporting.waves import WaveFigures, read_figures
from surveys.hierarchy import Hierarchy, Part, Team, partition
from surveys.lineage import Descent, as_of
from tests.app.released import ELIGIBLE, MAIL, NODES, NORTH, PHONE, make_release

K = 5
COLUMN = Column(key="c", kind="construct", title="C", text="c", low=1, high=5, digits=2, read=None)
ENGAGEMENT = "construct-engagement"


@dataclass
class Company:
    """A tree whose leaves hold numbered desks, so that the same desks are known again."""

    rng: Random
    parents: dict[str, str | None]
    desks: dict[str, frozenset[int]]
    descents: list[Descent] = field(default_factory=list)
    n_made: int = 0

    @classmethod
    def drawn(cls, rng: Random) -> Company:
        parents: dict[str, str | None] = {"all": None, "d0": "all", "d1": "all"}
        leaves = {f"t{n}": f"d{n % 2}" for n in range(rng.randint(2, 6))}
        desks = {team: frozenset(range(9 * n, 9 * n + 9)) for n, team in enumerate(leaves)}
        return cls(rng=rng, parents=parents | leaves, desks=desks)

    def _new(self, parent: str | None, desks: frozenset[int]) -> str:
        self.n_made += 1
        name = f"n{self.n_made}"
        self.parents[name], self.desks[name] = parent, desks
        return name

    def change(self) -> None:
        """Split, merge, move, open or close a team, as it comes."""
        deed = self.rng.choice(["split", "merge", "move", "open", "close", "nothing"])
        team = self.rng.choice(sorted(self.desks))
        beside = [t for t in self.desks if t != team and self.parents[t] == self.parents[team]]
        if deed == "split":
            own = sorted(self.desks.pop(team))
            parent = self.parents.pop(team)
            cut = len(own) // 2
            parts = [self._new(parent, frozenset(d)) for d in (own[:cut], own[cut:])]
            self.descents.append(Descent(before=frozenset({team}), after=frozenset(parts)))
        elif deed == "merge" and beside:
            both = [team, self.rng.choice(sorted(beside))]
            parent = self.parents[team]
            made = self._new(parent, self.desks[both[0]] | self.desks[both[1]])
            for old in both:
                del self.desks[old], self.parents[old]
            self.descents.append(Descent(before=frozenset(both), after=frozenset({made})))
        elif deed == "move":
            self.parents[team] = self.rng.choice(["d0", "d1"])
        elif deed == "open":
            first = 1_000 * (self.n_made + 1)
            self._new("d0", frozenset(range(first, first + 8)))
        elif deed == "close" and len(self.desks) > 1:
            del self.desks[team], self.parents[team]

    def wave(self, title: str) -> WaveFigures:
        """Let some desks of each team answer; a cell's figure tells by its n which cell it is."""
        parts = [
            Part(key=t, home=t, teams=frozenset({t}), n=self.rng.choice([0, 3, 5, 6, 9, 20]))
            for t in self.desks
        ]
        tree = Hierarchy(
            teams=tuple(Team(key=k, name=k, parent=p) for k, p in self.parents.items())
        )
        cells = [
            {"cell": f"c{number}", "teams": sorted(part.teams), "n": part.n}
            for number, part in enumerate(partition(tree, parts, k=K))
        ]
        return WaveFigures(
            release={"cells": cells, "wave": title},
            tree=tree,
            columns=[COLUMN],
            figures={
                cell["cell"]: {COLUMN.key: _figure(4 << place)} for place, cell in enumerate(cells)
            },
        )


def _figure(n: int) -> Figure:
    estimate = ScoreEstimate(
        estimate=3.0, std_error=0.1, ci_low=2.8, ci_high=3.2, n=n, basis="histogram"
    )
    return Figure(status="exact", n=Count(least=n), estimate=estimate)


def cells_behind(point: dict, wave: WaveFigures) -> list[dict]:
    """Read from a point's number of answers which cells it is the sum of."""
    mask = int(point["n"].replace(",", ""))
    found = [c for place, c in enumerate(wave.release["cells"]) if mask & 4 << place]
    assert sum(4 << wave.release["cells"].index(cell) for cell in found) == mask
    return found


@pytest.mark.attack
@settings(max_examples=250, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_joined_points_count_the_same_desks_and_points_whole_cells(rng):
    """Whatever is split, merged, moved, opened and closed between the waves of a line."""
    company = Company.drawn(rng)
    history, seats = [], []
    for number in range(4):
        history.append(company.wave(f"w{number}"))
        seats.append(dict(company.desks))
        for _ in range(rng.randint(0, 2)):
            company.change()

    lines = trend_lines(history, company.descents)

    for line in lines.values():
        before = None
        for point in line[COLUMN.key]:
            place = point["wave"]
            cells = cells_behind(point, history[place])
            assert cells
            assert all(cell["n"] >= K for cell in cells), "a remainder would be a cell or more"
            desks = {d for cell in cells for team in cell["teams"] for d in seats[place][team]}
            if before is not None:
                is_same = before == (place - 1, desks)
                assert (point["break"] == "") == is_same
            before = place, desks


def names_alone(before, place, teams, column):
    """Join whatever has the same name in two waves."""
    return "" if before is None or place == before[0] + 1 else "gap"


def no_memory(teams, descents, *, listed):
    """Forget which teams came of which."""
    return teams


def any_part(teams, descents, *, listed):
    """Take a part of a split team for the whole."""
    for descent in reversed(descents):
        if teams & descent.after and not any(team in listed for team in descent.after):
            teams = teams - descent.after | descent.before
    return teams


@pytest.mark.attack
@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("_break", names_alone),
        pytest.param("as_of", no_memory, marks=pytest.mark.long),
        pytest.param("as_of", any_part, marks=pytest.mark.long),
    ],
)
def test_weaker_rules_are_found(monkeypatch, name, rule):
    """Lines by names, without a memory of changes, or with half a team's past, are noticed."""
    monkeypatch.setattr(trends, name, rule)

    with pytest.raises(AssertionError):
        test_joined_points_count_the_same_desks_and_points_whole_cells()


def test_a_descent_that_forgets_a_part_is_told_from_a_whole_one():
    """The property above is sharp: half of a split team is not the team it was."""
    split = [Descent(before=frozenset({"old"}), after=frozenset({"a", "b"}))]

    assert as_of(frozenset({"a", "b", "c"}), split, listed={"old", "c"}) == {"old", "c"}
    assert as_of(frozenset({"a"}), split, listed={"old"}) == {"a"}
    assert as_of(frozenset({"a", "b"}), split, listed={"a", "b"}) == {"a", "b"}


def reorganised():
    """March as ever; in April Phone and Mail are one team, Voice, and Sales is as before."""
    nodes = [node for node in NODES if node.key not in ("phone", "mail")]
    nodes.append(Team(key="voice", name="Voice", parent="care"))
    eligible = {key: ELIGIBLE[key] for key in ("north", "south", "west")} | {"voice": 28}
    answers = {"north": NORTH, "west": MAIL, "voice": [*PHONE, *MAIL]}
    april = make_release(
        wave="pulse-2", title="April", opens_on="2026-04-01", nodes=nodes, eligible=eligible,
        answers=answers,
    )  # fmt: skip
    merger = Descent(before=frozenset({"phone", "mail"}), after=frozenset({"voice"}))
    return [read_figures(make_release()), read_figures(april)], [merger]


def test_a_merged_team_goes_on_from_those_it_was_made_of():
    """Known as a merger, it has a past, and what is above it goes on; unknown, neither."""
    history, descents = reorganised()
    voice = next(c["cell"] for c in history[-1].release["cells"] if c["teams"] == ["voice"])

    known, unknown = trend_lines(history, descents), trend_lines(history)

    assert [(p["wave"], p["break"]) for p in known[voice][ENGAGEMENT]] == [(0, ""), (1, "")]
    assert [p["break"] for p in known["all"][ENGAGEMENT]] == ["", ""]
    assert [p["wave"] for p in unknown[voice][ENGAGEMENT]] == [1]
    assert [p["break"] for p in unknown["all"][ENGAGEMENT]] == ["", "teams"]


def test_a_break_is_drawn_as_a_gap_with_a_mark():
    """Two stretches without a line between them, and a dashed mark that says why."""
    history, _ = reorganised()
    lines = trend_lines(history)
    columns = [c.to_dict() for c in history[-1].columns]

    drawn = trend_charts(lines, nodes=["all"], columns=columns, waves=wave_list(history))
    whole = trend(_points(stretch=0), description="C")
    broken = trend(
        _points(stretch=1), [TrendBreak(on="2026-03-17", words="Other teams.")], description="C"
    )

    why = "Between March and April: Other teams are counted from here on."
    assert why in drawn["all"][ENGAGEMENT]
    assert (whole.count("stroke-dasharray"), broken.count("stroke-dasharray")) == (0, 1)
    assert _n_segments(broken) < _n_segments(whole)


def _points(*, stretch: int) -> list[TrendPoint]:
    return [
        TrendPoint(on=day, title=day, words=day, value=3, ci_low=2, ci_high=4, stretch=n * stretch)
        for n, day in enumerate(("2026-03-02", "2026-04-01"))
    ]


def _n_segments(svg: str) -> int:
    """Count the straight pieces that lines and bands are drawn of."""
    return svg.count("L")
