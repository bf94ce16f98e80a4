"""analysis.scores: scores of cells with intervals."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import (
    BadFrame,
    NotEnoughTeams,
    NotIdentified,
    ScoreEstimate,
    construct_mean,
    construct_mean_conservative,
    favourable_share,
    item_mean,
    recommendation_score,
    roll_up,
)

# R 4.2.2: adjusted Wald with 3/4 promoter and 3/4 detractor and 3 added to n.
RECOMMENDATION = [
    ((60, 25, 15), 45, 29.3431112017341, 58.0355295749649),
    ((8, 1, 1), 70, 14.7317163479047, 92.960591344403),
    ((0, 3, 2), -40, -67.4344650278564, 17.4344650278564),
    ((412, 301, 187), 25, 19.8524722981307, 29.9814147450587),
]
# R 4.2.2: Wilson's formula.
WILSON = [
    ((8, 10), 0.490162471536642, 0.943317848545625),
    ((45, 60), 0.627679299229522, 0.842234774699433),
    ((0, 12), 0, 0.242494006655241),
    ((10, 10), 0.722467200137111, 1),
]
PEOPLE = st.lists(
    st.tuples(*[st.one_of(st.none(), st.integers(1, 5))] * 3), min_size=2, max_size=25
)


@pytest.mark.parametrize(("counts", "score", "low", "high"), RECOMMENDATION)
def test_recommendation_interval_agrees_with_r(counts, score, low, high):
    """The score is the plain difference; the limits are R's adjusted ones."""
    promoters, passives, detractors = counts

    result = recommendation_score(promoters=promoters, passives=passives, detractors=detractors)

    assert result.estimate == pytest.approx(score)
    assert (result.ci_low, result.ci_high) == pytest.approx((low, high), rel=1e-10)
    assert result.basis == "histogram"


def test_recommendation_limits_stay_on_the_scale():
    """Five promoters of five: the upper limit stops at 100, the lower is far away."""
    result = recommendation_score(promoters=5, passives=0, detractors=0)

    assert result.ci_high == 100
    assert result.ci_low == pytest.approx(17.491453034169)


@pytest.mark.parametrize(("counts", "low", "high"), WILSON)
def test_share_interval_agrees_with_r(counts, low, high):
    """Wilson's limits, with edges that stay inside [0, 1]."""
    result = favourable_share(*counts)

    assert (result.ci_low, result.ci_high) == pytest.approx((low, high), abs=1e-12)


def test_item_interval_is_students():
    """The counts give what the answers one by one give."""
    answers = [2, 3, 3, 4, 4, 4, 5]
    counts = {str(point): answers.count(point) for point in range(1, 6)}

    result = item_mean(counts)

    low, high = stats.t.interval(0.95, 6, np.mean(answers), stats.sem(answers))
    assert result.estimate == pytest.approx(np.mean(answers))
    assert (result.ci_low, result.ci_high) == pytest.approx((low, high))


@settings(deadline=None, max_examples=150)
@given(PEOPLE)
def test_the_conservative_error_is_never_too_small(people):
    """Whatever people answer or skip, the bound is at least the true standard error."""
    answered = [[a for a in person if a is not None] for person in people]
    person_scores = [np.mean(answers) for answers in answered if answers]
    kept = [person for person, answers in zip(people, answered, strict=True) if answers]
    items = [
        {str(point): sum(person[i] == point for person in kept) for point in range(1, 6)}
        for i in range(3)
    ]
    assume(len(person_scores) >= 2 and all(sum(item.values()) for item in items))

    result = construct_mean_conservative(
        n=len(person_scores), total=float(np.sum(person_scores)), items=items
    )

    assert result.std_error >= stats.sem(person_scores) - 1e-12
    assert result.basis == "conservative"


def test_the_conservative_error_is_exact_for_items_that_agree():
    """Where everybody gives the same answer to both items, nothing is lost."""
    counts = {"1": 2, "2": 0, "3": 3, "4": 4, "5": 1}
    single = item_mean(counts)

    result = construct_mean_conservative(n=10, total=32.0, items=[counts, counts])

    assert result.estimate == pytest.approx(single.estimate)
    assert result.std_error == pytest.approx(single.std_error)


def test_a_pooled_interval_uses_the_pooled_freedom():
    """The limits come from t on the degrees of freedom of the pooled variance."""
    result = construct_mean(n=9, total=36.0, variance=0.81, df=120)

    half = stats.t.ppf(0.975, 120) * 0.3
    assert (result.ci_low, result.ci_high) == pytest.approx((4 - half, 4 + half))
    assert result.basis == "pooled"


def test_rolled_up_cells_equal_their_answers_together():
    """The mean over cells is that of all answers; the basis is the most careful one."""
    one = item_mean({"1": 1, "2": 0, "3": 4, "4": 5, "5": 0})
    two = construct_mean_conservative(
        n=30, total=120.0, items=[{"1": 0, "2": 0, "3": 10, "4": 10, "5": 10}]
    )

    both = roll_up([one, two])

    assert both.estimate == pytest.approx((1 + 12 + 20 + 120) / 40)
    assert both.std_error == pytest.approx(
        np.hypot(one.std_error * 10 / 40, two.std_error * 30 / 40)
    )
    assert (both.n, both.basis) == (40, "conservative")


def test_rolling_up_one_cell_keeps_it():
    """A subtree of one cell has the figures of that cell."""
    one = item_mean({"1": 1, "2": 2, "3": 4, "4": 5, "5": 3})

    alone = roll_up([one])

    assert isinstance(alone, ScoreEstimate)
    assert alone.ci_low == pytest.approx(one.ci_low)


@pytest.mark.parametrize(
    ("figure", "error"),
    [
        (lambda: item_mean({"1": 1, "2": 0}), NotEnoughTeams),
        (lambda: item_mean({"1": 0, "4": 9}), NotIdentified),
        (lambda: item_mean({"yes": 4}), BadFrame),
        (lambda: item_mean({"1": -1, "2": 4}), BadFrame),
        (lambda: recommendation_score(promoters=0, passives=0, detractors=0), NotEnoughTeams),
        (lambda: recommendation_score(promoters=-1, passives=3, detractors=0), BadFrame),
        (lambda: favourable_share(0, 0), NotEnoughTeams),
        (lambda: favourable_share(5, 4), BadFrame),
        (lambda: construct_mean(n=0, total=0, variance=1, df=9), NotEnoughTeams),
        (lambda: construct_mean(n=5, total=9, variance=-1, df=9), BadFrame),
        (lambda: construct_mean_conservative(n=9, total=9, items=[]), NotEnoughTeams),
        (lambda: construct_mean_conservative(n=2, total=9, items=[{"1": 3}]), BadFrame),
        (lambda: roll_up([]), NotEnoughTeams),
    ],
)
def test_declines(figure, error):
    """Counts that cannot carry an interval are refused, each with its own error."""
    with pytest.raises(error):
        figure()


def test_a_point_that_stands_for_a_bound_may_be_no_whole_number():
    """A count one quarter into its range enters a recommendation score as it is."""
    result = recommendation_score(promoters=9.5, passives=0.75, detractors=0.75)

    assert result.estimate == pytest.approx(100 * 8.75 / 11)
    assert result.n == 11
    assert result.ci_low < result.estimate < result.ci_high
