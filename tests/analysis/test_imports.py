"""What loading the statistics costs."""

import importlib
import sys

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

import analysis
from analysis import slope
from analysis.linkage import link


@pytest.fixture
def fresh(monkeypatch):
    """Let the statistics be loaded anew, on a machine that has no statsmodels."""
    for name in [*sys.modules]:
        if name.partition(".")[0] in {"analysis", "statsmodels"}:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    door = importlib.import_module("analysis")
    yield door
    for name in [*sys.modules]:
        if name.partition(".")[0] == "analysis":
            del sys.modules[name]  # what stood there before comes back


def test_the_statistics_load_without_statsmodels(fresh):
    """The door opens where statsmodels is not; only what needs it asks for it."""
    assert fresh is not analysis
    assert fresh.reliability_word(0.8) == "good"
    with pytest.raises(ImportError):
        fresh.slope  # noqa: B018 - asking is the test


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
