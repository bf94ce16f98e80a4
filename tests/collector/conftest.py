"""Waves and stores for the tests of the collector."""

from typing import Any

import pytest

from collector import files, intake
from collector.store import Store
from surveys import codes, questionnaires

ANSWERS = {"tools": 4, "support": 2, "energy": 5, "belonging": 3, "recommend_workplace": 9}


def make_opening(
    wave: str = "2026-03", *, people: tuple[int, ...] = (8, 12), questionnaire: Any = None
) -> tuple[dict[str, Any], list[list[str]]]:
    """Make an opening of one team per group, and the codes of each group."""
    drawn = [list(codes.new_codes(n)) for n in people]
    teams = [f"t{number}" for number in range(len(people))]
    document = {
        "schema": "headwater.opening/1",
        "wave": wave,
        "title": "Pulse of March",
        "organisation": "Our organisation",
        "opens_on": "2026-03-01",
        "closes_on": "2026-03-31",
        "questionnaire": (questionnaire or questionnaires.load("monthly_pulse")).to_dict(),
        "thresholds": {"profile": "default", "k": 5, "k_group": 8, "k_comment": 10},
        "hierarchy": [
            {"team": "all", "name": "All", "parent": None},
            *({"team": team, "name": f"Team {team}", "parent": "all"} for team in teams),
        ],
        "groups": [
            {
                "group": f"g{number:02d}",
                "label": f"Team {team}",
                "home": team,
                "teams": [team],
                "n_eligible": len(own),
                "codes": sorted(codes.digest(wave, code) for code in own),
            }
            for number, (team, own) in enumerate(zip(teams, drawn, strict=True), 1)
        ],
    }
    return document, drawn


@pytest.fixture(autouse=True)
def hasty(monkeypatch) -> None:
    """Leave out waiting for the disk; tests/attack/test_durability.py looks at that."""
    monkeypatch.setattr(intake, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(files.os, "fsync", lambda descriptor: None)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")
