"""
A-14: a closing that is killed anywhere and run again ends as if nothing had happened.

Application and collector close a wave together; the driver kills both before each step of
it.  Afterwards the counts are the same, no key is left, no receipt lies beside an answer,
and nothing that is left opens a backup of the sealed answers.
"""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.attack


def play(folder, new_database, which):
    """Run the driver, a process of its own because it forks and kills."""
    if not new_database(folder / "trial" / "app").startswith("sqlite"):
        pytest.skip("The driver copies the database as a file; on PostgreSQL it is none.")
    played = subprocess.run(
        [sys.executable, "-m", "tests.attack.closing_driver", str(folder), which],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert played.returncode == 0, played.stderr[-3000:]
    return json.loads(played.stdout)


@pytest.mark.parametrize("which", ["some", pytest.param("all", marks=pytest.mark.long)])
def test_a_closing_killed_anywhere_ends_as_any_other(tmp_path, new_database, which):
    """At every commit, call and replaced file, and a share of the others: the same end."""
    killed = play(tmp_path, new_database, which)

    assert {"commit", "after commit", "call", "after call", "replace", "file"} <= killed.keys()
    assert killed.pop("tried as key") > 50
    assert sum(killed.values()) >= 14


@pytest.mark.long
def test_the_kills_find_a_closing_in_the_wrong_order(tmp_path, new_database):
    """One that tells too early that all is kept, draws again or forgets a key is caught."""
    complaints = play(tmp_path, new_database, "mutants")

    assert "Its answers were counted" in complaints["acknowledging-early"]
    assert "release changed" in complaints["redrawing"]
    assert "count key in" in complaints["keeping-keys"]
    assert "blinded in g01.issued" in complaints["keeping-issuers"]
