"""Closing a wave of ballots: seconds from the order to close to the release and closed list."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from random import Random

from benchmarks import ballot_waves
from collector.config import Settings

GROUP, ANSWERS = 25, 20  # people of a counting group, and how many of them answer


def main(argv: list[str] | None = None) -> None:
    """Close waves of these sizes and print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, nargs="*", default=[10_000])
    given = parser.parse_args(argv)
    print("answers  groups  seconds  MB of release")
    for n in given.answers:
        seconds, size = measure(n)
        print(f"{n:7,}  {n // ANSWERS:6,}  {seconds:7.2f}  {size / 1e6:13.2f}")


def measure(n: int) -> tuple[float, int]:
    """Give the seconds that closing so many ballots takes, and the size of the release."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            collector_store=Path(folder) / "store", collector_keys=Path(folder) / "keys"
        )
        wave = ballot_waves.open_for_closing(settings, n_groups=n // ANSWERS, group_size=GROUP)
        wave.fill(n, sealed=wave.seals(Random(1)))
        start = time.perf_counter()
        release = wave.close()
        return time.perf_counter() - start, len(release)


if __name__ == "__main__":
    main()
