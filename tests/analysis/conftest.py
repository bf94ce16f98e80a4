"""What the tests of the statistics share."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent.parent
SHARED = ROOT.parent / "shared"


def reference(*parts: str) -> Path:
    """Find a file of the reference data, or skip and say what is missing."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"REFERENCE DATA ABSENT: {'/'.join(parts)} is not beside the project.")
    return path


def oracle(name: str) -> dict:
    """Read the figures that R gave."""
    return json.loads(reference("oracles", f"{name}.json").read_text())["results"]


def data(*parts: str) -> pd.DataFrame:
    """Read a file of the reference data."""
    return pd.read_csv(reference("data", *parts))


def scores(mean, *, n=20.0, variance=1.0, team=None, period=None) -> pd.DataFrame:
    """Build team scores; teams are named t00, t01, ... where not told."""
    names = [f"t{i:02d}" for i in range(len(mean))] if team is None else team
    frame = pd.DataFrame({"team": names, "mean": np.asarray(mean, dtype=float)})
    return frame.assign(period=period, n=n, variance=variance)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261122)
