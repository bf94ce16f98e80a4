"""What loading the statistics costs."""

import subprocess
import sys

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

import analysis
from analysis import slope
from analysis.linkage import link
from tests.analysis.conftest import ROOT


def printed_by(program: str) -> str:
    """Run a program in a process that has loaded nothing yet."""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_statsmodels_is_loaded_only_when_asked_for():
    """The door and all but a line through teams do without; asking for that line loads it."""
    program = """
import sys
from analysis import icc, panel_models, shrunken_scores, wild_bootstrap
before = "statsmodels" in sys.modules
from analysis import slope
print(before, "statsmodels" in sys.modules)
"""

    assert printed_by(program) == "False True"


def test_everything_at_the_door_can_be_had():
    """Each public name leads to something, also those that are loaded late, and no other does."""
    assert all(hasattr(analysis, name) for name in analysis.__all__)
    assert analysis.link is link
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        analysis.nothing  # noqa: B018 - asking is the test


def test_the_slope_is_that_of_statsmodels(rng):
    """Estimate, HC3 error and p are those of its OLS, with t."""
    x = rng.normal(size=40)
    y = 0.4 * x + rng.normal(size=40) * (1 + abs(x))

    line = slope(x, y)

    fit = OLS(y, np.column_stack([np.ones(40), x])).fit(cov_type="HC3", use_t=True)
    made = (line.estimate, line.std_error, line.pvalue)
    assert made == pytest.approx((fit.params[1], fit.bse[1], fit.pvalues[1]), rel=1e-10)
