"""Release of a wave: time and memory from the answers of each group to what is shown."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from surveys import questionnaires
from surveys.documents import canonical
from surveys.questions import Comment, Question
from surveys.release import build_release

WAVE = "bench"
GROUP = 20  # people who answered, of 25 in each team
TEAMS_PER_DEPARTMENT = 20
COMMENT_SHARE = 0.12
ROOT = Path(__file__).parent.parent


def main(argv: list[str] | None = None) -> None:
    """Release waves of these sizes and print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, nargs="*", default=[10_000, 100_000])
    given = parser.parse_args(argv)
    print("answers  teams  seconds  MB of release  MB of memory")
    for n in given.answers:
        seconds, size, peak = measured_apart(n)
        print(f"{n:7,}  {n // GROUP:5,}  {seconds:7.2f}  {size / 1e6:13.2f}  {peak:12.0f}")


def measure(n: int) -> tuple[float, int]:
    """Give the seconds that a release of so many answers takes, and its size in bytes."""
    opening = make_opening(n // GROUP)
    answers = draw_answers(opening, rng=random.Random(1))
    start = time.perf_counter()
    release = build_release(
        opening, answers, closed_on=date(2026, 3, 13), rng=random.SystemRandom()
    )
    content = canonical(release)
    return time.perf_counter() - start, len(content)


def measured_apart(n: int) -> tuple[float, int, float]:
    """Release in a process of its own: seconds, bytes, and its peak of memory in megabytes."""
    program = "from benchmarks import releases; import sys; releases.tell(int(sys.argv[1]))"
    told = subprocess.run(
        [sys.executable, "-c", program, str(n)],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    seconds, size, peak = json.loads(told.stdout)
    return seconds, size, peak


def tell(n: int) -> None:
    """Print what a release of so many answers took, for whoever started this process."""
    seconds, size = measure(n)
    print(json.dumps([seconds, size, _peak()]))


def _peak() -> float:
    """Read the most memory that this process ever held, in megabytes."""
    # Not by getrusage: what a process held that became this one counts there as well.
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def make_opening(n_teams: int) -> dict[str, Any]:
    """Open a wave of an organisation with three levels; its codes play no part in a release."""
    n_departments = -(-n_teams // TEAMS_PER_DEPARTMENT)
    hierarchy: list[dict[str, Any]] = [{"team": "all", "name": "All", "parent": None}]
    hierarchy += [
        {"team": f"d{number}", "name": f"Department {number}", "parent": "all"}
        for number in range(n_departments)
    ]
    hierarchy += [
        {
            "team": f"t{number}",
            "name": f"Team {number}",
            "parent": f"d{number // TEAMS_PER_DEPARTMENT}",
        }
        for number in range(n_teams)
    ]
    return {
        "schema": "headwater.opening/1",
        "wave": WAVE,
        "title": "Benchmark",
        "organisation": "Benchmark",
        "opens_on": "2026-03-02",
        "closes_on": "2026-03-13",
        "questionnaire": questionnaires.load("monthly_pulse").to_dict(),
        "thresholds": {"profile": "default", "k": 5, "k_group": 8, "k_comment": 10},
        "hierarchy": hierarchy,
        "groups": [
            {
                "group": f"g{number:05d}",
                "label": f"Team {number}",
                "home": f"t{number}",
                "teams": [f"t{number}"],
                "n_eligible": GROUP + 5,
                "needs": 5,
                "codes": [],
            }
            for number in range(n_teams)
        ],
    }


def draw_answers(opening: dict[str, Any], *, rng: random.Random) -> dict[str, list[dict]]:
    """Draw the answers of every group, one item in thirty left out."""
    asked = questionnaires.load("monthly_pulse").asked
    return {
        group["group"]: [
            {q.key: _draw(q, rng) for q in asked if _is_answered(q, rng)} for _ in range(GROUP)
        ]
        for group in opening["groups"]
    }


def _is_answered(question: Question, rng: random.Random) -> bool:
    share = COMMENT_SHARE if isinstance(question, Comment) else 0.97
    return rng.random() < share


def _draw(question: Question, rng: random.Random) -> Any:
    if isinstance(question, Comment):
        return "More time between calls would help us to finish what we started."
    return rng.choice(list(question.points))


if __name__ == "__main__":
    main()
