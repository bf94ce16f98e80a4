"""analysis.correlation, robustness and regression: two columns of team scores."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from analysis import (
    BadFrame,
    Correlation,
    NotEnoughTeams,
    NotIdentified,
    TooNoisy,
    corrected,
    leave_one_out,
    minimum_detectable_r,
    pearson,
    permutation_pvalue,
    quartile_gap,
    slope,
    spearman,
    weighted_r,
)

COLUMNS = arrays(float, (2, 12), elements=st.integers(-50, 50).map(float))
SCALES = st.floats(0.01, 100)
SHIFTS = st.floats(-1000, 1000)
QUICK = settings(deadline=None, max_examples=40)


def spread_out(columns):
    """Keep pairs in which both columns vary, though not together in full."""
    x, y = columns
    assume(len(np.unique(x)) > 3 and len(np.unique(y)) > 3)
    assume(abs(np.corrcoef(x, y)[0, 1]) < 0.999)
    return x, y


@QUICK
@given(COLUMNS, SCALES, SHIFTS)
def test_a_correlation_knows_neither_scale_nor_origin(columns, scale, shift):
    """Other points and another zero of one side leave r, its interval and p where they are."""
    x, y = spread_out(columns)

    before, after = pearson(x, y), pearson(scale * x + shift, y)

    assert after.r == pytest.approx(before.r, abs=1e-9)
    assert after.ci_low == pytest.approx(before.ci_low, abs=1e-8)
    assert after.pvalue == pytest.approx(before.pvalue, abs=1e-8)


@QUICK
@given(COLUMNS)
def test_a_correlation_is_symmetric_and_turns_with_a_sign(columns):
    """Both sides are equals; a reversed side reverses r and its limits."""
    x, y = spread_out(columns)

    there, back, turned = pearson(x, y), pearson(y, x), pearson(-x, y)

    assert back.r == pytest.approx(there.r, abs=1e-12)
    assert (turned.r, turned.ci_low) == pytest.approx((-there.r, -there.ci_high), abs=1e-9)


@QUICK
@given(COLUMNS, st.randoms(use_true_random=False))
def test_the_order_of_teams_does_not_matter(columns, random):
    """Every figure is the same whatever the order of the teams."""
    x, y = spread_out(columns)
    order = list(range(len(x)))
    random.shuffle(order)

    assert pearson(x[order], y[order]).r == pytest.approx(pearson(x, y).r, abs=1e-12)
    assert spearman(x[order], y[order]).r == pytest.approx(spearman(x, y).r, abs=1e-12)


@QUICK
@given(COLUMNS)
def test_ranks_see_only_the_order_of_scores(columns):
    """A curve that keeps the order leaves Spearman's r where it is."""
    x, y = spread_out(columns)

    assert spearman(np.exp(x / 10), y**3).r == pytest.approx(spearman(x, y).r, abs=1e-12)


@QUICK
@given(COLUMNS)
def test_r_agrees_with_scipy(columns):
    """A second implementation gives the same r, interval and p."""
    x, y = spread_out(columns)

    ours, theirs = pearson(x, y), stats.pearsonr(x, y)

    assert ours.r == pytest.approx(theirs.statistic, abs=1e-12)
    assert ours.pvalue == pytest.approx(theirs.pvalue, rel=1e-7, abs=1e-12)
    limits = theirs.confidence_interval()
    assert (ours.ci_low, ours.ci_high) == pytest.approx((limits.low, limits.high), abs=1e-9)


@QUICK
@given(COLUMNS)
def test_equal_weights_give_the_plain_correlation(columns):
    """A weight that is the same for all teams does nothing."""
    x, y = spread_out(columns)

    assert weighted_r(x, y, weights=np.full(12, 7.0)) == pytest.approx(pearson(x, y).r, abs=1e-9)


def test_a_team_of_weight_two_counts_as_two_teams(rng):
    """Whole weights are repetitions."""
    x, y = rng.normal(size=(2, 8))
    weights = np.array([1, 2, 3, 1, 1, 2, 1, 4])

    repeated = pearson(np.repeat(x, weights), np.repeat(y, weights)).r

    assert weighted_r(x, y, weights=weights) == pytest.approx(repeated, abs=1e-12)


def test_spearman_limits_are_bonett_and_wrights():
    """With r = .5 and 20 teams R gives .0451 to .7832; here by the same formula."""
    x = np.arange(20.0)
    y = np.random.default_rng(3).permutation(x)

    result = spearman(x, y)

    half = 1.959963984540054 * np.sqrt((1 + result.r**2 / 2) / 17)
    assert result.ci_low == pytest.approx(np.tanh(np.arctanh(result.r) - half), rel=1e-12)
    assert result.ci_high == pytest.approx(np.tanh(np.arctanh(result.r) + half), rel=1e-12)


def test_all_orders_are_tried_up_to_eight_teams(rng):
    """The p-value is the share of all 720 orders that reach the observed size."""
    x, y = rng.normal(size=(2, 6))
    observed = abs(np.corrcoef(x, y)[0, 1])
    sizes = [abs(np.corrcoef(x, y[list(order)])[0, 1]) for order in permutations(range(6))]

    p = permutation_pvalue(x, y, rng=rng)

    assert p == pytest.approx(np.mean(np.array(sizes) >= observed - 1e-9))


def test_tied_orders_count_as_reached():
    """Orders that give the same r up to rounding are no weaker than the observed one."""
    x = np.array([0.1, 0.2, 0.3, 0.3])

    assert permutation_pvalue(x, x, rng=np.random.default_rng(0)) * 24 == pytest.approx(2)


def test_random_orders_never_give_zero(rng):
    """A perfect link among many teams has the smallest p there is: 1 in 10,000."""
    x = np.arange(40.0)

    assert permutation_pvalue(x, x, rng=rng) == 1 / 10_000


def test_random_orders_depend_on_the_seed_alone():
    """The same generator gives the same p-value."""
    x, y = np.random.default_rng(5).normal(size=(2, 30))

    first, again = (permutation_pvalue(x, y, rng=np.random.default_rng(9)) for _ in range(2))

    assert first == again
    assert first == pytest.approx(pearson(x, y).pvalue, abs=0.03)


@QUICK
@given(COLUMNS)
def test_leaving_one_out_equals_refitting(columns):
    """The short formula gives what refitting without each team gives."""
    x, y = spread_out(columns)
    refits = [pearson(np.delete(x, i), np.delete(y, i)).r for i in range(12)]

    result = leave_one_out(x, y)

    assert result.low == pytest.approx(min(refits), abs=1e-9)
    assert result.high == pytest.approx(max(refits), abs=1e-9)
    assert refits[result.low_index] == pytest.approx(result.low, abs=1e-9)
    assert result.is_complete


def test_a_team_that_alone_varies_leaves_the_range_incomplete():
    """Without the only team that differs there is no r, so the sign is not kept."""
    result = leave_one_out([1, 1, 1, 1, 5], [1, 2, 3, 4, 9])

    assert not result.is_complete
    assert not result.keeps_sign


def test_correction_divides_r_and_limits_alike():
    """Reliabilities of .5 and .5 double everything, even beyond 1."""
    observed = Correlation(r=0.4, ci_low=-0.1, ci_high=0.7, pvalue=0.1, nobs=30, method="pearson")

    result = corrected(observed, reliability_x=0.5, reliability_y=0.5)

    assert (result.r, result.ci_low, result.ci_high) == pytest.approx((0.8, -0.2, 1.4))


def test_no_correction_for_scores_that_are_mostly_noise():
    """Below .30 on either side the corrected correlation is withheld."""
    observed = pearson([1, 2, 3, 4], [1, 3, 2, 4])

    with pytest.raises(TooNoisy):
        corrected(observed, reliability_x=0.29, reliability_y=0.9)
    assert corrected(observed, reliability_x=0.30, reliability_y=0.9).r > observed.r


@QUICK
@given(COLUMNS, SCALES)
def test_a_slope_carries_the_units_of_both_columns(columns, scale):
    """Finer predictor points give smaller slopes; the quartile gap does not change."""
    x, y = spread_out(columns)
    assume(np.ptp(np.sort(x)[1:]) > 0 and np.ptp(np.sort(x)[:-1]) > 0)

    line, finer = slope(x, y), slope(scale * x, y)

    assert finer.estimate * scale == pytest.approx(line.estimate, rel=1e-6, abs=1e-9)
    assert finer.pvalue == pytest.approx(line.pvalue, abs=1e-6)
    assert quartile_gap(finer, scale * x).estimate == pytest.approx(
        quartile_gap(line, x).estimate, rel=1e-6, abs=1e-9
    )


def test_quartiles_are_of_type_seven():
    """R: quantile(c(1, 2, 4, 8), c(.25, .75)) is 1.75 and 5."""
    x = [1.0, 2.0, 4.0, 8.0]

    gap = quartile_gap(slope(x, [1, 3, 2, 9]), x)

    assert (gap.q1, gap.q3) == (1.75, 5.0)


def test_a_perfect_link_has_no_width():
    """Scores on a line give r = 1 with limits 1 and 1 and p = 0, without a warning."""
    x = np.arange(9.0)

    result = pearson(x, 2 * x + 1)

    assert (result.r, result.ci_low, result.ci_high, result.pvalue) == (1.0, 1.0, 1.0, 0.0)
    assert slope(x, 2 * x + 1).estimate == pytest.approx(2)


def test_three_teams_say_nothing_about_the_size():
    """With three teams the interval is everything from -1 to 1."""
    result = pearson([1, 2, 3], [1, 3, 2])

    assert (result.ci_low, result.ci_high) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("figure", "error"),
    [
        (lambda: pearson([1, 2], [1, 2]), NotEnoughTeams),
        (lambda: pearson([1, 2, 3], [1, 2]), BadFrame),
        (lambda: pearson([1, 2, np.nan], [1, 2, 3]), BadFrame),
        (lambda: pearson([1, 1, 1], [1, 2, 3]), NotIdentified),
        (lambda: spearman([1, 2, 3], [0.1, 0.1, 0.1]), NotIdentified),
        (lambda: weighted_r([1, 2, 3], [1, 2, 4], weights=[1, 1, 0]), BadFrame),
        (lambda: slope([1, 1, 1], [1, 2, 3]), NotIdentified),
        (lambda: slope([1, 2, 3], [0.1, 0.1, 0.1]), NotIdentified),
        (lambda: slope([1, 1, 1, 2], [1, 2, 3, 4]), NotIdentified),
        (lambda: leave_one_out([1, 2, 3], [1, 2, 4]), NotEnoughTeams),
        (lambda: minimum_detectable_r(3), NotEnoughTeams),
        (lambda: minimum_detectable_r(30, power=0.01), NotIdentified),
    ],
    ids=[
        "two teams",
        "unequal length",
        "missing score",
        "no spread",
        "no spread in ranks",
        "weight of zero",
        "flat predictor",
        "flat outcome",
        "one team decides",
        "three teams to leave one out",
        "three teams to detect",
        "power below the level",
    ],
)
def test_declines(figure, error):
    """Columns that cannot carry the figure are refused, each with its own error."""
    with pytest.raises(error):
        figure()
