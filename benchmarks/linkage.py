"""The link of many teams over many periods: a whole report, and teams drawn again and again."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import Side, link, team_bootstrap

ROOT = Path(__file__).parent.parent
N_TEAMS, N_PERIODS = 2_000, 24


def main(argv: list[str] | None = None) -> None:
    """Print what a report and the draws take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teams", type=int, default=N_TEAMS)
    given = parser.parse_args(argv)
    seconds, peak = measured_apart(given.teams)
    print(f"report of {given.teams:,} teams x {N_PERIODS} periods {seconds:6.2f} s {peak:4.0f} MB")
    print(f"{N_TEAMS:,} draws of {given.teams:,} teams {draws(given.teams):6.2f} s")


def report(n_teams: int) -> float:
    """Give the seconds of a whole linkage of so many teams over 24 periods."""
    employee, customer = (
        Side(scores=generate(n_teams, seed), name=name)
        for seed, name in ((1, "engagement"), (2, "satisfaction"))
    )
    start = time.perf_counter()
    link(employee, customer, seed=1)
    return time.perf_counter() - start


def draws(n_teams: int) -> float:
    """Give the seconds that 2,000 draws of so many teams take, survey noise and all."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, n_teams))
    errors = rng.uniform(0.2, 0.5, size=n_teams)
    start = time.perf_counter()
    team_bootstrap(x, x + y, rng=rng, errors=(errors, errors))
    return time.perf_counter() - start


def measured_apart(n_teams: int) -> tuple[float, float]:
    """Make a report in a process of its own: seconds, and its peak of memory in megabytes."""
    program = "from benchmarks import linkage; import sys; linkage.tell(int(sys.argv[1]))"
    told = subprocess.run(
        [sys.executable, "-c", program, str(n_teams)],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    seconds, peak = json.loads(told.stdout)
    return seconds, peak


def tell(n_teams: int) -> None:
    """Print what a report of so many teams took, for whoever started this process."""
    seconds = report(n_teams)
    # Not by getrusage: what a process held that became this one counts there as well.
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM:"))
    print(json.dumps([seconds, int(peak.split()[1]) / 1024]))


def generate(n_teams: int, seed: int) -> pd.DataFrame:
    """Draw scores by team and period, with an answer in ten missing."""
    rng = np.random.default_rng(seed)
    teams = np.repeat([f"t{i:05d}" for i in range(n_teams)], N_PERIODS)
    n = len(teams)
    level = np.repeat(np.random.default_rng(9).normal(size=n_teams), N_PERIODS)
    frame = pd.DataFrame({"team": teams, "period": np.tile(np.arange(N_PERIODS), n_teams)})
    frame["n"] = rng.integers(5, 40, size=n).astype(float)
    frame["mean"] = level + rng.normal(size=n)
    frame["variance"] = rng.uniform(0.8, 1.2, size=n)
    return frame[rng.random(n) > 0.1].reset_index(drop=True)


if __name__ == "__main__":
    main()
