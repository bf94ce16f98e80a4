"""Variance components of 73,421 answers: milliseconds from moments to figures."""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np
import pandas as pd

from analysis import moments_of, shrunken_scores, variance_components

N_ANSWERS, N_TEAMS = 73_421, 1_128


def main(argv: list[str] | None = None) -> None:
    """Print what each step takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args(argv)
    counted, fitted, shrunk = measure(given.times)
    print(f"rows to moments     {1000 * counted:7.1f} ms")
    print(f"variance components {1000 * fitted:7.1f} ms")
    print(f"shrunken scores     {1000 * shrunk:7.1f} ms")


def measure(times: int) -> tuple[float, float, float]:
    """Give the median seconds of counting, of REML and of shrunken scores."""
    rows = generate()
    seconds: list[list[float]] = [[], [], []]
    for _ in range(times):
        start = time.perf_counter()
        teams = moments_of(rows, items=["y"]).scores("y")
        counted = time.perf_counter()
        variance_components(teams)
        fitted = time.perf_counter()
        shrunken_scores(teams)
        shrunk = time.perf_counter()
        steps = (counted - start, fitted - counted, shrunk - fitted)
        for column, taken in zip(seconds, steps, strict=True):
            column.append(taken)
    counting, fitting, shrinking = map(median, seconds)
    return counting, fitting, shrinking


def generate() -> pd.DataFrame:
    """Draw answers from 1 to 5 in teams of very unequal size, as ratings of lecturers are."""
    rng = np.random.default_rng(73_421)
    share = rng.pareto(1.2, N_TEAMS) + 0.05
    team = rng.choice(N_TEAMS, N_ANSWERS, p=share / share.sum())
    level = rng.normal(3.2, 0.52, N_TEAMS)
    answers = np.clip(np.round(level[team] + rng.normal(0, 1.22, N_ANSWERS)), 1, 5)
    return pd.DataFrame({"team": [f"t{t:04d}" for t in team], "y": answers})


if __name__ == "__main__":
    main()
