"""analysis.metrics and comparisons: customers' figures and their differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from analysis import (
    BadFrame,
    NotEnoughTeams,
    NotIdentified,
    compare_means,
    compare_recommendation,
    compare_shares,
    effort_score,
    item_mean,
    net_promoter_score,
    recommendation_score,
    top_box_share,
)

ANSWERS = {str(point): n for point, n in enumerate([3, 0, 1, 2, 4, 6, 9, 14, 22, 18, 21])}
SHARE = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_promoters_and_detractors_are_counted_from_the_answers():
    """9 and 10 promote, 0 to 6 detract; other ends can be named."""
    result = net_promoter_score(ANSWERS)

    assert result == recommendation_score(promoters=39, passives=36, detractors=25)
    stricter = net_promoter_score(ANSWERS, promoters_from=10, detractors_to=4)
    assert stricter == recommendation_score(promoters=21, passives=69, detractors=10)
    with pytest.raises(BadFrame):
        net_promoter_score(ANSWERS, promoters_from=6)


def test_effort_is_a_mean_and_a_share():
    """Both come from the same counts, each with the interval of its kind."""
    counts = {str(point): n for point, n in zip(range(1, 8), [1, 2, 3, 5, 9, 12, 8], strict=True)}

    effort = effort_score(counts, easy_from=5)

    assert effort.mean == item_mean(counts)
    assert effort.easy == top_box_share(counts, top_from=5)
    assert effort.easy.estimate == 29 / 40


def test_difference_of_means_is_welchs():
    """Estimate, interval and p are scipy's on the answers one by one."""
    first, second = [2, 3, 3, 4, 4, 4, 5], [1, 1, 3, 5, 5, 2, 2, 3, 3]
    counts = [{str(p): group.count(p) for p in range(1, 6)} for group in (first, second)]

    gap = compare_means(*counts)

    theirs = stats.ttest_ind(first, second, equal_var=False)
    limits = theirs.confidence_interval()
    assert (gap.statistic, gap.pvalue) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert (gap.ci_low, gap.ci_high, gap.df) == pytest.approx((limits.low, limits.high, theirs.df))


@settings(deadline=None, max_examples=40)
@given(SHARE, SHARE)
def test_difference_of_shares_is_newcombes(first, second):
    """Limits are statsmodels' and stay between -1 and 1, whatever the shares."""
    gap = compare_shares(first, second)

    theirs = confint_proportions_2indep(*first, *second, method="newcomb")
    assert (gap.ci_low, gap.ci_high) == pytest.approx(theirs, abs=1e-9)
    assert -1 <= gap.ci_low <= gap.estimate <= gap.ci_high <= 1


def test_test_of_shares_is_the_pooled_one():
    """z and p are statsmodels'."""
    gap = compare_shares((56, 70), (48, 80))

    z, p = proportions_ztest([56, 48], [70, 80])
    assert (gap.statistic, gap.pvalue) == pytest.approx((z, p))


def test_difference_of_recommendation_agrees_with_r():
    """R 4.2.2: z of (60, 25, 15) against (50, 30, 20), by hand from the plain variances."""
    gap = compare_recommendation((60, 25, 15), (50, 30, 20))

    assert gap.estimate == pytest.approx(15)
    assert gap.std_error == pytest.approx(10.758717395675)
    assert gap.statistic == pytest.approx(1.39421823702052)
    assert gap.pvalue == pytest.approx(0.163251712433037)


def test_differences_turn_round_with_their_groups():
    """The second less the first is the first less the second, turned."""
    pairs = [
        (compare_shares, (3, 10), (40, 50)),
        (compare_recommendation, (5, 1, 0), (2, 2, 7)),
        (compare_means, {"1": 4, "5": 6}, {"2": 3, "4": 4}),
    ]
    for compare, one, other in pairs:
        gap, turned = compare(one, other), compare(other, one)

        assert turned.estimate == pytest.approx(-gap.estimate)
        assert (turned.ci_low, turned.ci_high) == pytest.approx((-gap.ci_high, -gap.ci_low))
        assert turned.pvalue == pytest.approx(gap.pvalue)


def test_interval_of_recommendation_covers_its_level():
    """Of pairs of small groups with known scores, about 95% of intervals hold the difference."""
    rng = np.random.default_rng(4)
    one, other = np.array([0.55, 0.25, 0.20]), np.array([0.35, 0.35, 0.30])
    truth = 100 * ((0.55 - 0.20) - (0.35 - 0.30))
    pairs = zip(rng.multinomial(25, one, 1000), rng.multinomial(40, other, 1000), strict=True)
    gaps = [compare_recommendation(tuple(a), tuple(b)) for a, b in pairs]

    held = np.mean([gap.ci_low <= truth <= gap.ci_high for gap in gaps])

    assert held == pytest.approx(0.95, abs=0.025)


def test_groups_of_one_kind_keep_their_doubt():
    """All promoters beside all detractors: the interval has a width and p is not 0."""
    gap = compare_recommendation((3, 0, 0), (0, 0, 2))

    assert gap.estimate == 200
    assert gap.ci_low < 200
    assert 0 < gap.pvalue < 0.05


def test_groups_without_answers_are_refused():
    """No answers, a single answer, and answers that are all equal."""
    with pytest.raises(NotEnoughTeams):
        compare_shares((0, 0), (1, 2))
    with pytest.raises(NotEnoughTeams):
        compare_recommendation((0, 0, 0), (1, 2, 3))
    with pytest.raises(NotEnoughTeams):
        compare_means({"3": 1}, {"3": 4})
    with pytest.raises(NotIdentified):
        compare_means({"3": 2}, {"4": 4})
