"""The product's rules of release, and four weaker ones planted in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pytest import MonkeyPatch

from analysis import NotIdentified
from analysis.scores import ScoreEstimate, item_mean
from app.reporting import figures, waves
from surveys import disclosure, release
from surveys.hierarchy import Hierarchy, Part
from tests.attack.full_view.companies import WaveAnswers
from tests.attack.full_view.explaining import Tables, tables_of


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A way to make releases and reports; `planted` puts it in the product's place."""

    name: str
    is_merged: bool = True
    is_clamped: bool = True
    has_raw_totals: bool = False

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Make releases and reports by this policy, for as long as it lasts."""
        with MonkeyPatch.context() as patch:
            if not self.is_merged:
                patch.setattr(release, "partition", _threshold_alone)
            if not self.is_clamped:
                patch.setattr(disclosure, "_is_interior", lambda count, n, c: True)
                patch.setattr(figures, "item_mean", _item_mean_of_any)
            if self.has_raw_totals:
                patch.setattr(waves.WaveFigures, "inside", _inside(waves.WaveFigures.inside))
                patch.setattr(waves.WaveFigures, "together", _of(waves.WaveFigures.together))
            yield

    def release(self, wave: WaveAnswers) -> dict[str, Any]:
        """Release a wave; to be called while the policy is planted."""
        if not self.is_merged:
            wave = wave.counted_by_team()
        made = wave.release()
        if self.has_raw_totals:
            made["totals"] = _raw_totals(wave)
        return made

    def tables(self, releases: Sequence[Mapping[str, Any]]) -> Tables:
        """Read the releases as tables of cells, also where they show what no product may."""
        with MonkeyPatch.context() as patch:
            if not self.is_clamped:
                patch.setattr(figures, "item_mean", _item_mean_of_any)
            return tables_of(releases)


PRODUCT = Policy(name="the product")
WEAKER = (
    Policy(name="a threshold alone", is_merged=False, is_clamped=False, has_raw_totals=True),
    Policy(name="R1 alone", is_clamped=False),
    Policy(name="R2 alone", is_merged=False, has_raw_totals=True),
    Policy(name="R1 and R2, totals from answers", has_raw_totals=True),
)


def _threshold_alone(hierarchy: Hierarchy, parts: Sequence[Part], *, k: int) -> tuple[Part, ...]:
    return tuple(
        Part(key=p.key, home=p.home, teams=p.teams, n=p.n, members=(p.key,))
        for p in parts
        if p.n >= k
    )


def _item_mean_of_any(counts: Mapping[str, int]) -> ScoreEstimate:
    """Average an item, also where everybody gave the same answer."""
    try:
        return item_mean(counts)
    except NotIdentified:
        n = sum(counts.values())
        mean = sum(float(point) * count for point, count in counts.items()) / n
        return ScoreEstimate(
            estimate=mean, std_error=0.0, ci_low=mean, ci_high=mean, n=n, basis="histogram"
        )


def _raw_totals(wave: WaveAnswers) -> dict[str, Any]:
    """Count every department's answers once more, as if it were a cell."""
    totals = {}
    tree, asked, thresholds = wave.hierarchy, wave.questionnaire, wave.thresholds
    for team in tree.walk:
        people = wave.inside(tree.subtree(team))
        if not tree.children(team) or len(people) < thresholds.k:
            continue
        items = disclosure.release_items(asked, people, thresholds)
        totals[team] = {
            "cell": f"all of {team}",
            "label": tree.name(team),
            "home": team,
            "teams": sorted(tree.subtree(team)),
            "n": len(people),
            "n_eligible": len(people) + 5,
            "items": items,
            "constructs": disclosure.release_constructs(asked, people, items),
        }
    return totals


def _inside(original: Callable[..., Any]) -> Callable[..., Any]:
    def inside(self: waves.WaveFigures, team: str) -> tuple[list[Any], int]:
        total = self.release["totals"].get(team)
        return ([total], 0) if total else original(self, team)

    return inside


def _of(original: Callable[..., Any]) -> Callable[..., Any]:
    def together(self: waves.WaveFigures, cells: Sequence[Any], column: Any) -> Any:
        if len(cells) == 1 and cells[0]["cell"].startswith("all of "):
            return column.read(cell=cells[0])
        return original(self, cells, column)

    return together
