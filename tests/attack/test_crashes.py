"""A-14: a kill at any step of any deed, and the deed run again, end as if nothing had happened."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.attack

ROOT = Path(__file__).resolve().parents[2]


def play(folder, mutant=""):
    """Run the driver, a process of its own because it forks and kills."""
    return subprocess.run(
        [sys.executable, "-m", "tests.attack.crash_driver", str(folder), mutant],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_every_deed_survives_a_kill_at_every_step(tmp_path):
    """Every deed, from preparing to acknowledging, can be killed anywhere and rerun."""
    played = play(tmp_path)

    assert played.returncode == 0, played.stderr
    kills = json.loads(played.stdout)
    assert min(kills.values()) >= 6, kills


@pytest.mark.parametrize(
    ("mutant", "complaint"),
    [
        pytest.param("hasty", "keys went before the close", marks=pytest.mark.long),
        pytest.param("redraw", "a frozen release changed", marks=pytest.mark.long),
        pytest.param("forget", "answers went before", marks=pytest.mark.long),
    ],
)
def test_the_kills_find_a_store_in_the_wrong_order(tmp_path, mutant, complaint):
    """A deed whose steps stand in the wrong order is caught."""
    played = play(tmp_path, mutant)

    assert played.returncode == 1
    assert complaint in played.stderr
