"""Data with known truth: what the figures claim must come out over and over."""

import numpy as np
import pytest

from analysis import (
    Side,
    TooNoisy,
    corrected,
    link,
    mean_reliability,
    panel_models,
    pearson,
)
from tests.analysis.conftest import scores

pytestmark = pytest.mark.simulation
RUNS = 400


def sizes(rng, mean: float, floor: int, shape) -> np.ndarray:
    """Team sizes that vary by 60% of their mean."""
    share = 1 / (0.36 * mean)
    return np.maximum(floor, rng.negative_binomial(mean * share / (1 - share), share, shape))


def observe(rng, truth, icc: float, n) -> tuple[np.ndarray, np.ndarray]:
    """Draw team means and within-team variances around the true scores (variance 1)."""
    within = (1 - icc) / icc
    mean = truth + rng.normal(size=truth.shape) * np.sqrt(within / n)
    return mean, within * rng.chisquare(n - 1) / (n - 1)


def draw(rng, n_teams: int, rho: float, *, iccs, mean_sizes):
    """One cross-section: two frames of team scores with a true correlation."""
    true_x = rng.normal(size=n_teams)
    true_y = rho * true_x + np.sqrt(1 - rho**2) * rng.normal(size=n_teams)
    frames = []
    for truth, icc, size, floor in zip((true_x, true_y), iccs, mean_sizes, (3, 5), strict=True):
        n = sizes(rng, size, floor, n_teams)
        mean, variance = observe(rng, truth, icc, n)
        frames.append(scores(mean, n=n, variance=variance))
    return frames


@pytest.mark.parametrize("n_teams", [20, 60])
def test_the_test_of_no_link_keeps_its_level(n_teams):
    """Without any link, p is below .05 in about 5% of pulses as noisy as they are."""
    rng = np.random.default_rng(20261122)

    below = [
        pearson(x["mean"], y["mean"]).pvalue < 0.05
        for x, y in (
            draw(rng, n_teams, 0.0, iccs=(0.10, 0.05), mean_sizes=(8, 40)) for _ in range(RUNS)
        )
    ]

    assert 0.03 <= np.mean(below) <= 0.08


def test_noise_shrinks_the_observed_link_as_the_formula_says():
    """A true .33 is seen as .33 times the root of both mean reliabilities."""
    rng = np.random.default_rng(20261122)
    observed, expected = [], []
    for _ in range(RUNS):
        x, y = draw(rng, 60, 0.33, iccs=(0.10, 0.05), mean_sizes=(8, 40))
        observed.append(pearson(x["mean"], y["mean"]).r)
        expected.append(0.33 / np.sqrt((1 + (9 / x["n"]).mean()) * (1 + (19 / y["n"]).mean())))

    assert np.mean(observed) == pytest.approx(np.mean(expected), abs=0.02)
    assert np.mean(observed) < 0.2


@pytest.mark.long
@pytest.mark.parametrize("n_teams", [20, 60])
def test_the_corrected_interval_holds_the_truth(n_teams):
    """
    The interval that allows for noise covers a true .33 in about 95% of samples.

    With 250 samples and these bounds, an interval that covers 90% fails with a probability of
    92%, one that covers 99% with 96%; the binomial distribution says so.
    """
    rng = np.random.default_rng(20261122)
    runs, held, withheld = 250, [], 0
    for _ in range(runs):
        x, y = draw(rng, n_teams, 0.33, iccs=(0.20, 0.10), mean_sizes=(12, 100))
        reliabilities = [
            mean_reliability(
                side,
                within_variance=float(
                    ((side["n"] - 1) * side["variance"]).sum() / (side["n"] - 1).sum()
                ),
            )
            for side in (x, y)
        ]
        try:
            result = corrected(
                pearson(x["mean"], y["mean"]),
                reliability_x=reliabilities[0],
                reliability_y=reliabilities[1],
            )
        except TooNoisy:
            withheld += 1
            continue
        held.append(result.ci_low <= 0.33 <= result.ci_high)

    assert withheld < 0.05 * runs
    assert 0.925 <= np.mean(held) <= 0.976


def test_a_planted_marker_reaches_the_report():
    """A true link of .8 among 200 well-measured teams is found, clear, within its interval."""
    rng = np.random.default_rng(7)
    x, y = draw(rng, 200, 0.8, iccs=(0.3, 0.3), mean_sizes=(30, 80))

    result = link(Side(scores=x, name="engagement"), Side(scores=y, name="satisfaction"), seed=1)

    assert result.link.corrected.ci_low <= 0.8 <= result.link.corrected.ci_high
    assert (result.verdict.code, result.verdict.direction) == ("clear", "positive")
    assert result.employee.icc1_ci[0] <= 0.3 <= result.employee.icc1_ci[1]


def planted_lag(rng, *, effect: float, n_teams: int = 80, n_periods: int = 8):
    """A panel where the customer score follows the engagement of one period before."""
    x = rng.normal(size=(n_teams, 1)) + rng.normal(size=(n_teams, n_periods))
    y = rng.normal(size=(n_teams, 1)) + rng.normal(size=(n_teams, n_periods))
    y[:, 1:] += effect * x[:, :-1] + rng.normal(size=n_periods - 1)
    team = np.repeat([f"t{i:03d}" for i in range(n_teams)], n_periods)
    period = np.tile(np.arange(n_periods), n_teams)
    return (scores(side.ravel(), team=team, period=period) for side in (x, y))


@pytest.mark.long
def test_a_planted_lag_is_recovered_and_its_reverse_is_not_found():
    """Over 25 panels the forward lag covers its truth and the reverse lag stays at zero."""
    rng = np.random.default_rng(11)
    forward, reverse = [], []
    for _ in range(25):
        panel = panel_models(*planted_lag(rng, effect=0.3))
        forward.append(panel.lag_forward)
        reverse.append(panel.adl_reverse)

    assert np.mean([fit.estimate for fit in forward]) == pytest.approx(0.3, abs=0.03)
    assert np.mean([fit.ci_low <= 0.3 <= fit.ci_high for fit in forward]) >= 0.85
    assert np.mean([fit.pvalue < 0.05 for fit in reverse]) <= 0.2
