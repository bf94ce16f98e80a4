"""analysis.items and onefactor: do the items of a construct hang together."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from statsmodels.multivariate.factor import Factor

from analysis import (
    BadFrame,
    NotEnoughTeams,
    NotIdentified,
    alpha_interval,
    consistency,
    cronbach_alpha,
    one_factor,
)


@pytest.fixture
def answers(rng) -> pd.DataFrame:
    shared = rng.normal(size=(250, 1))
    loadings = np.array([0.9, 0.7, 0.8, 0.5, 0.6])
    noise = rng.normal(size=(250, 5)) * np.array([0.6, 0.9, 0.7, 1.1, 0.8])
    return pd.DataFrame(shared * loadings + noise, columns=list("abcde"))


def test_items_are_judged_as_the_rows_judge_them(answers):
    """Item-rest correlations and alphas without an item are those of the answers."""
    result = consistency(answers.cov(), nobs=len(answers))

    for fit in result.items:
        rest = answers.drop(columns=fit.item)
        assert fit.item_rest == pytest.approx(answers[fit.item].corr(rest.sum(axis=1)))
        assert fit.alpha_without == pytest.approx(cronbach_alpha(rest.cov()))
    assert result.ci_low < result.alpha < result.ci_high


def test_alpha_interval_covers_its_level():
    """Of samples with parallel items, 95% hold the true alpha."""
    rng = np.random.default_rng(5)
    truth, inside, n_samples = 4 / (4 + 1), 0, 500
    for _ in range(n_samples):
        sample = rng.normal(size=(40, 1)) + rng.normal(size=(40, 4))
        low, high = alpha_interval(cronbach_alpha(np.cov(sample.T)), n_items=4, nobs=40)
        inside += low <= truth <= high

    assert inside / n_samples == pytest.approx(0.95, abs=0.025)


def test_omega_is_that_of_statsmodels(answers):
    """On correlations the loadings are those of statsmodels' maximum likelihood."""
    correlation = answers.corr().to_numpy()
    theirs = Factor(corr=correlation, n_factor=1, method="ml", nobs=250).fit()
    loadings = np.abs(theirs.loadings[:, 0])

    ours = one_factor(correlation, nobs=250)

    assert ours.loadings == pytest.approx(loadings, abs=1e-5)
    total = loadings.sum() ** 2
    assert ours.omega == pytest.approx(total / (total + (1 - loadings**2).sum()), abs=1e-5)


def test_nothing_fits_better_than_the_factor_that_was_found(answers):
    """A search over all loadings and uniquenesses, started elsewhere, ends at the same fit."""
    matrix = answers.cov().to_numpy()

    def misfit(values):
        loadings, own = values[:5], np.exp(values[5:])
        implied = np.outer(loadings, loadings) + np.diag(own)
        return np.linalg.slogdet(implied)[1] + np.trace(np.linalg.solve(implied, matrix))

    found = optimize.minimize(misfit, np.r_[np.full(5, 0.3), np.zeros(5)], method="BFGS")
    least = found.fun - np.linalg.slogdet(matrix)[1] - 5

    result = one_factor(matrix, nobs=250)

    assert result.statistic == pytest.approx(249 * least, abs=1e-5)
    assert result.loadings == pytest.approx(found.x[:5], abs=1e-4)
    assert result.df == 5


def test_omega_of_equal_loadings_is_alpha():
    """Where the model of alpha holds, the two agree, in both conventions."""
    matrix = np.full((4, 4), 0.5) + np.diag([0.3, 0.8, 0.5, 0.6])

    result = one_factor(matrix, nobs=100)

    assert result.omega == pytest.approx(cronbach_alpha(matrix), abs=1e-8)
    assert result.omega_observed == pytest.approx(result.omega, abs=1e-8)
    assert result.statistic == pytest.approx(0, abs=1e-6)


def test_omega_interval_is_the_curvature_of_the_likelihood():
    """The error behind the interval is the delta method's, by differences and not by formula."""
    values = np.r_[0.9, 0.7, 0.6, 0.8, 0.5, 0.8, 0.7, 0.4]

    def implied(v):
        return np.outer(v[:4], v[:4]) + np.diag(v[4:])

    matrix, step = implied(values), 1e-4 * np.eye(8)

    def misfit(v):
        return np.linalg.slogdet(implied(v))[1] + np.trace(np.linalg.solve(implied(v), matrix))

    def omega(v):
        return v[:4].sum() ** 2 / (v[:4].sum() ** 2 + v[4:].sum())

    signs = [(a, b) for a in (1, -1) for b in (1, -1)]
    curve = [
        [sum(a * b * misfit(values + a * h + b * k) for a, b in signs) / 4e-8 for k in step]
        for h in step
    ]
    slope = np.array([(omega(values + h) - omega(values - h)) / 2e-4 for h in step])
    error = np.sqrt(slope @ np.linalg.inv(199 / 2 * np.array(curve)) @ slope)

    fit = one_factor(matrix, nobs=200)

    assert fit.omega == pytest.approx(omega(values), abs=1e-7)
    assert fit.omega_ci_high - fit.omega == pytest.approx(1.959964 * error, rel=1e-4)


def test_scale_and_order_of_items_change_nothing(answers):
    """In other units and another order, omega's loadings follow and the fit stays."""
    stretch = np.array([1, 2, 5, 0.1, 10])
    turned = (answers * stretch).iloc[:, ::-1]

    before = one_factor(answers.cov(), nobs=250)
    after = one_factor(turned.cov(), nobs=250)

    assert after.loadings == pytest.approx((np.array(before.loadings) * stretch)[::-1], rel=1e-5)
    assert after.statistic == pytest.approx(before.statistic, rel=1e-7)


def test_doubtful_factors_say_so(answers):
    """An item turned the wrong way and one without variance of its own are pointed out."""
    wrong = one_factor(answers.assign(a=-answers["a"]).cov(), nobs=250)
    edge = one_factor([[1, 0.9, 0.9], [0.9, 1, 0.7], [0.9, 0.7, 1]], nobs=50)

    assert "runs against the others" in str(wrong.summary())
    assert edge.at_edge
    assert "do not rely on this" in str(edge.summary())


@pytest.mark.parametrize(
    ("matrix", "refusal"),
    [
        ([[1.0, 0.5], [0.5, 1.0]], NotEnoughTeams),
        ([[1.0, 0.5, np.nan], [0.5, 1, 0.5], [np.nan, 0.5, 1]], NotIdentified),
        ([[1.0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 1]], NotIdentified),
        ([[1.0, 1, 1], [1, 1, 1], [1, 1, 1]], NotIdentified),
        ([[1.0, 0.5, 0.1], [0.2, 1, 0.5], [0.5, 0.5, 1]], BadFrame),
        ([[1.0, 0.5, 0.1], [0.2, 1, 0.5]], BadFrame),
    ],
)
def test_omega_refuses_what_is_no_covariance_of_three_items(matrix, refusal):
    """Two items, gaps, constants, copies and lopsided tables."""
    with pytest.raises(refusal):
        one_factor(matrix, nobs=50)


def test_consistency_refuses_what_has_none():
    """One item, missing pairs, a constant item and names that do not fit."""
    with pytest.raises(NotEnoughTeams):
        consistency([[1.0]], nobs=50)
    with pytest.raises(NotIdentified):
        consistency([[1.0, np.nan], [np.nan, 1.0]], nobs=50)
    with pytest.raises(NotIdentified):
        consistency([[1.0, 0.0], [0.0, 0.0]], nobs=50)
    with pytest.raises(BadFrame):
        consistency([[1.0, 0.5], [0.5, 1.0]], nobs=50, items=["a"])
    with pytest.raises(NotEnoughTeams):
        alpha_interval(0.8, n_items=1, nobs=50)
