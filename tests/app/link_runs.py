"""Small files for `headwater link`, and a way to run it."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main

SHARED = Path(__file__).parent.parent.parent.parent / "shared"


def shared(name: str) -> Path:
    """Find a reference file, or skip the test and say so."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"The reference data are not beside the project: {name} is absent.")
    return path


@dataclass(frozen=True)
class Run:
    """What one run of the command left behind."""

    exit_code: int
    output: str
    errors: str
    document: dict | None
    page: str | None


def write_csv(path: Path, heading: list[str], rows: list[list]) -> Path:
    """Write a table as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heading, *rows])
    return path


def respondents(folder: Path, *, n_teams: int = 12, seed: int = 5) -> tuple[Path, Path]:
    """Invent two files of respondents whose teams go together."""
    rng = random.Random(seed)
    staff, guests = [], []
    for number in range(n_teams):
        team, level = f"Team {number:02d}", rng.gauss(0, 1)
        for _ in range(8):
            mood = level * 0.6 + rng.gauss(0, 0.6)
            items = [min(5, max(1, round(3 + mood + rng.gauss(0, 0.4)))) for _ in range(3)]
            staff.append([team, items[0], items[1], 6 - items[2]])
        for _ in range(15):
            guests.append([team, min(10, max(0, round(7 + level + rng.gauss(0, 1.2))))])
    return (
        write_csv(folder / "staff.csv", ["team", "e1", "e2", "e3"], staff),
        write_csv(folder / "guests.csv", ["team", "rating"], guests),
    )


def run(folder: Path, *arguments: object, page: bool = False) -> Run:
    """Run the command with ``--json`` (and ``--html``) and read what it wrote."""
    target, html = folder / "out.json", folder / "out.html"
    extra = ["--json", target] + (["--html", html] if page else [])
    result = CliRunner().invoke(main, ["link", *map(str, [*arguments, *extra])])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Run(
        exit_code=result.exit_code,
        output=result.stdout,
        errors=result.stderr,
        document=json.loads(target.read_text("utf-8")) if target.exists() else None,
        page=html.read_text("utf-8") if html.exists() else None,
    )
