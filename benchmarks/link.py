"""``headwater link`` in a new process: seconds from the command to the figures."""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
NHS = ROOT.parent / "shared" / "data" / "nhs_ebmgt" / "data.NHS.2012_2019.csv"
OPTIONS = (
    *("--team", "Code", "--period", "Year.Index", "--team-level"),
    *("--engagement", "Engagement.Index", "--satisfaction", "SHMI.Index"),
)
YEARS, TEAMS = range(2012, 2020), 135


def main(argv: list[str] | None = None) -> None:
    """Run the command and print the median time; the first run only warms the file cache."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args(argv)
    seconds, source = measure(given.times)
    print("seconds  on")
    print(f"{seconds:7.2f}  {source}")


def measure(times: int) -> tuple[float, str]:
    """Give the median seconds of a run with a warm file cache, and which file was read."""
    with tempfile.TemporaryDirectory() as folder:
        path, source = NHS, "the NHS file"
        if not NHS.exists():
            path, source = Path(folder) / "made.csv", "a generated file of the NHS file's shape"
            generate(path)
        command = [sys.executable, "-m", "app.cli", "link", str(path), str(path), *OPTIONS]
        taken = []
        for _ in range(times + 1):
            start = time.perf_counter()
            subprocess.run(
                [*command, "--json", f"{folder}/link.json"],
                cwd=ROOT,
                check=True,
                capture_output=True,
            )
            taken.append(time.perf_counter() - start)
            Path(folder, "link.json").unlink()
        return median(taken[1:]), source


def generate(path: Path) -> None:
    """Write a file of as many teams and years, and as many gaps."""
    rng = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["Code", "Year.Index", "SHMI.Index", "Engagement.Index"])
        for team in range(TEAMS):
            level = rng.gauss(3.8, 0.1)
            for year in YEARS:
                engagement = "" if rng.random() < 0.2 else round(level + rng.gauss(0, 0.05), 3)
                rows.writerow([f"R{team:03d}", year, round(rng.gauss(1, 0.1), 4), engagement])


if __name__ == "__main__":
    main()
