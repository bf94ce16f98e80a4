"""surveys.scoring: person scores, favourable answers, promoters and detractors."""

import pytest

from surveys.questionnaires import load
from surveys.questions import Comment, Recommendation, Scale, YesNo
from surveys.scoring import (
    favourable_share,
    favourable_values,
    mean_rating,
    net_promoter_score,
    person_scores,
    recommendation_class,
)

ENDS = {"low_label": "Low", "high_label": "High"}
PULSE = load("monthly_pulse")


def test_a_score_is_the_mean_of_the_items_answered():
    """Engagement of two answers is their mean; of one, that one."""
    assert person_scores(PULSE, {"energy": 4, "belonging": 5})["engagement"] == 4.5
    assert person_scores(PULSE, {"energy": 4})["engagement"] == 4.0


def test_reversed_items_are_turned_round():
    """Full agreement with too much work is the lowest score of a manageable workload."""
    assert person_scores(PULSE, {"workload": 5}) == {"workload": 1.0}


def test_constructs_without_answers_have_no_score():
    """Somebody who skipped all items of a construct has no score on it."""
    assert person_scores(PULSE, {}) == {}
    assert person_scores(PULSE, {"recommend_workplace": 9, "comment": "Hello"}) == {}


@pytest.mark.parametrize(
    ("question", "values"),
    [
        (Scale(key="q", text="Q", **ENDS), {4, 5}),
        (Scale(key="q", text="Q", reverse=True, **ENDS), {1, 2}),
        (Scale(key="q", text="Q", high=7, reverse=True, **ENDS), {1, 2, 3}),
        (Scale(key="q", text="Q", favourable_from=5, **ENDS), {5}),
        (YesNo(key="q", text="Q"), {1}),
        (YesNo(key="q", text="Q", favourable="no"), {0}),
        (Recommendation(key="q", text="Q", **ENDS), {9, 10}),
        (Comment(key="q", text="Q"), set()),
    ],
)
def test_favourable_values(question, values):
    """What counts as favourable, type by type."""
    assert favourable_values(question) == values


def test_shares_and_means_from_counts():
    """Counts per answer are enough for the share and the mean, reversal included."""
    item = Scale(key="q", text="Q", reverse=True, **ENDS)
    counts = {1: 3, 2: 1, 5: 4}

    assert favourable_share(item, counts) == 0.5
    assert mean_rating(item, counts) == pytest.approx((3 * 5 + 1 * 4 + 4 * 1) / 8)


def test_recommendation_classes_have_their_edges():
    """Six is a detractor, seven and eight are passive, nine is a promoter."""
    classes = [recommendation_class(value) for value in range(11)]

    assert classes == ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2


def test_net_promoter_score_is_promoters_minus_detractors():
    """Passives count in the total only."""
    assert net_promoter_score({10: 3, 9: 1, 7: 4, 0: 2}) == pytest.approx(20.0)
    assert net_promoter_score({3: 5}) == -100.0


def test_no_answers_have_no_score():
    """A share of nobody is refused rather than made up."""
    with pytest.raises(ValueError, match="no answers"):
        net_promoter_score({9: 0})
