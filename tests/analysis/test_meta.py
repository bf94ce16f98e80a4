"""analysis.meta and hunter_schmidt: several units together."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from analysis import (
    BadFrame,
    NotEnoughTeams,
    hunter_schmidt,
    meta_correlation,
    random_effects,
)

EFFECTS = np.array([0.10, 0.30, 0.35, 0.65, 0.45, 0.15, -0.05, 0.28])
VARIANCES = np.array([0.03, 0.02, 0.05, 0.01, 0.05, 0.02, 0.04, 0.03])


def restricted(between: float) -> float:
    """The restricted log-likelihood, written as that of all contrasts of the effects."""
    n = len(EFFECTS)
    contrasts = np.linalg.svd(np.ones((1, n)))[2][1:]
    spread = contrasts @ np.diag(VARIANCES + between) @ contrasts.T
    return stats.multivariate_normal(np.zeros(n - 1), spread).logpdf(contrasts @ EFFECTS)


def test_variance_between_units_is_the_restricted_one():
    """No other variance makes the contrasts of the effects likelier."""
    found = random_effects(EFFECTS, variances=VARIANCES).between

    values = found * np.linspace(0.9, 1.1, 201)
    assert values[np.argmax([restricted(v) for v in values])] == pytest.approx(found, rel=1e-3)
    assert restricted(found) > max(map(restricted, (0.0, found / 2, found * 2)))


def test_mean_and_its_error_are_those_of_statsmodels():
    """With the same variance between, the weights, Q and Knapp and Hartung's error agree."""
    result = random_effects(EFFECTS, variances=VARIANCES)

    theirs = combine_effects(EFFECTS, VARIANCES + result.between, use_t=True)
    plain = combine_effects(EFFECTS, VARIANCES)
    assert result.estimate == pytest.approx(theirs.mean_effect_fe)
    assert result.std_error == pytest.approx(max(theirs.sd_eff_w_fe_hksj, theirs.sd_eff_w_fe))
    assert result.std_error_plain == pytest.approx(theirs.sd_eff_w_fe)
    assert result.heterogeneity == pytest.approx(plain.q)
    t = stats.t.ppf(0.975, 7)
    assert result.ci_high - result.estimate == pytest.approx(t * result.std_error)
    reach = t * np.hypot(np.sqrt(result.between), result.std_error)
    assert result.prediction_low == pytest.approx(result.estimate - reach)


def test_units_that_agree_have_no_variance_between():
    """Effects closer than chance allows: the variance is 0 and the further unit is the mean's."""
    result = random_effects([0.30, 0.31, 0.29, 0.30], variances=[0.02] * 4)

    assert (result.between, result.i2) == (0.0, 0.0)
    assert (result.prediction_low, result.prediction_high) == (result.ci_low, result.ci_high)
    # Their agreement is luck: the interval is no shorter than with all of this known.
    assert result.std_error == result.std_error_plain == pytest.approx(np.sqrt(0.02 / 4))


def test_effects_know_neither_scale_nor_order():
    """Stretched, shifted and shuffled effects give the same mean, stretched and shifted."""
    order = np.random.default_rng(1).permutation(8)

    before = random_effects(EFFECTS, variances=VARIANCES)
    after = random_effects(10 * EFFECTS[order] + 3, variances=100 * VARIANCES[order])

    assert after.estimate == pytest.approx(10 * before.estimate + 3)
    assert after.between == pytest.approx(100 * before.between, rel=1e-6)
    assert after.i2 == pytest.approx(before.i2, rel=1e-6)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Ten well measured units around .3: mean and next unit are held in 95 of 100 samples."""
    rng = np.random.default_rng(1)
    mean_held, next_held, n_samples = 0, 0, 250
    teams = np.array([62, 120, 80, 95, 150, 75, 140, 88, 105, 72])
    for _ in range(n_samples):
        true = rng.normal(np.arctanh(0.3), 0.25, 11)
        seen = np.tanh(rng.normal(true[:10], 1 / np.sqrt(teams - 3)))
        result = meta_correlation(seen, n_teams=teams)
        mean_held += result.ci_low <= 0.3 <= result.ci_high
        next_held += result.prediction_low <= np.tanh(true[10]) <= result.prediction_high

    assert mean_held / n_samples == pytest.approx(0.95, abs=0.035)
    assert next_held / n_samples == pytest.approx(0.95, abs=0.05)


def test_noise_is_taken_out_unit_by_unit():
    """Units with one true correlation and different noise: the mean is it, without a spread."""
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0.4, 0.9, 60), rng.uniform(0.4, 0.9, 60)
    teams = rng.integers(60, 400, 60)
    seen = np.tanh(rng.normal(np.arctanh(0.5 * np.sqrt(x * y)), 1 / np.sqrt(teams - 3)))

    result = hunter_schmidt(seen, n_teams=teams, reliability_x=x, reliability_y=y)

    assert result.ci_low < 0.5 < result.ci_high
    assert result.rho == pytest.approx(0.5, abs=0.03)
    assert result.sd_rho < 0.06
    assert result.mean_r < 0.4


def test_without_noise_both_means_are_one():
    """Reliabilities of 1 leave the correlations as they are; alike reliabilities scale them."""
    seen, teams = [0.1, 0.3, 0.25], [50, 80, 40]

    bare = hunter_schmidt(seen, n_teams=teams)
    noisy = hunter_schmidt(seen, n_teams=teams, reliability_x=0.64, reliability_y=0.25)

    assert bare.rho == pytest.approx(bare.mean_r)
    assert noisy.rho == pytest.approx(bare.rho / 0.4)
    assert noisy.corrected_variance == pytest.approx(bare.corrected_variance / 0.16)


@pytest.mark.parametrize(
    ("call", "refusal"),
    [
        (lambda: random_effects([0.1, 0.2], variances=[1, 1]), NotEnoughTeams),
        (lambda: random_effects([0.1, 0.2, 0.3], variances=[1, 0, 1]), BadFrame),
        (lambda: meta_correlation([0.1, 0.2, 1.0], n_teams=[9, 9, 9]), BadFrame),
        (lambda: meta_correlation([0.1, 0.2, 0.3], n_teams=[9, 3, 9]), NotEnoughTeams),
        (lambda: hunter_schmidt([0.1], n_teams=[9]), NotEnoughTeams),
        (lambda: hunter_schmidt([0.1, 1.2], n_teams=[9, 9]), BadFrame),
        (lambda: hunter_schmidt([0.1, 0.2], n_teams=[9, 9], reliability_x=0), BadFrame),
        (lambda: hunter_schmidt([0.1, 0.2], n_teams=[9, 9], reliability_y=[1, 1.2]), BadFrame),
    ],
)
def test_impossible_units_are_refused(call, refusal):
    """Too few units or teams, correlations and reliabilities that cannot be."""
    with pytest.raises(refusal):
        call()
