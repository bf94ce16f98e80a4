"""analysis.reliability and items: how well the surveys tell teams apart."""

import numpy as np
import pandas as pd
import pytest

from analysis import (
    NotEnoughTeams,
    NotIdentified,
    cronbach_alpha,
    icc,
    mean_reliability,
    pairwise_covariance,
    pooled_variance,
    reliability_word,
    score_moments,
    within_reliability,
)
from analysis.demeaning import two_way_demeaned
from tests.analysis.conftest import scores


@pytest.fixture
def teams() -> pd.DataFrame:
    return scores([3.0, 3.4, 2.8, 4.0], n=[5, 9, 7, 12], variance=[1.0, 0.5, 0.8, 0.6])


def test_icc_knows_neither_scale_nor_origin(teams):
    """Shifted and stretched scores have the same ICCs."""
    other = teams.assign(mean=10 * teams["mean"] + 3, variance=100 * teams["variance"])

    before, after = icc(teams), icc(other)

    assert after.icc1 == pytest.approx(before.icc1)
    assert after.icc2 == pytest.approx(before.icc2)
    assert after.icc1_ci_low == pytest.approx(before.icc1_ci_low)


def test_icc2_is_what_n0_answers_of_reliability_icc1_give(teams):
    """Spearman and Brown's formula leads from ICC(1) to ICC(2) at the size n0."""
    result = icc(teams)

    stepped_up = result.n0 * result.icc1 / (1 + (result.n0 - 1) * result.icc1)
    assert result.icc2 == pytest.approx(stepped_up)


def test_teams_that_agree_within_and_differ_between_are_told_apart_fully():
    """Without any spread inside teams ICC(1) and ICC(2) are 1."""
    result = icc(scores([1, 2, 3], variance=0.0))

    assert (result.icc1, result.icc2, result.icc1_ci_low, result.pvalue) == (1, 1, 1, 0)


def test_icc_of_a_panel_takes_all_periods_of_a_team_together(rng):
    """Moments by period give the ICC of the respondents by team."""
    rows = pd.DataFrame(
        {"team": rng.choice(list("abcd"), 90), "period": rng.integers(1, 4, 90)}
    ).assign(score=rng.normal(size=90))

    by_period = icc(score_moments(rows))

    assert by_period.icc1 == pytest.approx(icc(score_moments(rows.drop(columns="period"))).icc1)


def test_pooled_variance_weighs_by_degrees_of_freedom():
    """A team of one has no say; unknown variances do not count."""
    frame = scores([1, 2, 3, 4], n=[1, 3, 5, 9], variance=[np.nan, 2.0, 1.0, np.nan])

    assert pooled_variance(frame) == pytest.approx((2 * 2 + 4 * 1) / 6)


def test_reliability_by_hand():
    """1 - mean(s2 / n) / variance of the means: sizes 5 and 20 at s2 = 1 leave 1 - .125 / 2."""
    linked = scores([1.0, 3.0], n=[5, 20])

    assert mean_reliability(linked, within_variance=1.0) == pytest.approx(1 - 0.125 / 2)


def test_reliability_is_never_below_zero():
    """Teams that differ less than chance makes them differ have reliability 0."""
    assert mean_reliability(scores([1.0, 1.1, 0.9], n=2), within_variance=5.0) == 0


def test_reliability_of_a_mean_of_periods_grows_with_periods():
    """Four equal periods divide the noise by four."""
    team = [name for name in "abc" for _ in range(4)]
    mean = np.repeat([1.0, 2.0, 3.0], 4)
    panel = scores(mean, team=team, period=[1, 2, 3, 4] * 3, n=5)

    assert mean_reliability(panel, within_variance=2.0) == pytest.approx(1 - 2 / 5 / 4 / 1)


def test_within_reliability_by_hand():
    """An unbalanced panel: sum of squares after effects over (G - 1)(T - 1), noise s2 / n."""
    team, period = list("aaabbbcc"), [1, 2, 3, 1, 2, 3, 1, 2]
    mean = np.array([3.0, 3.5, 3.1, 2.0, 2.2, 2.9, 4.0, 4.4])
    n = np.array([5, 6, 7, 8, 9, 10, 11, 12.0])
    design = pd.get_dummies(pd.DataFrame({"t": team, "p": list(map(str, period))})).to_numpy(float)
    left = mean - design @ np.linalg.lstsq(design, mean, rcond=None)[0]

    value = within_reliability(scores(mean, team=team, period=period, n=n), within_variance=0.3)

    assert value == pytest.approx(1 - (0.3 / n).mean() / ((left**2).sum() / (2 * 2)))


def test_two_way_effects_come_out_exactly_where_the_panel_falls_apart(rng):
    """Two blocks of teams that share no period are no harder than one."""
    teams = np.array([0, 0, 1, 1, 1, 2, 2, 3, 3])
    periods = np.array([0, 1, 0, 1, 2, 3, 4, 3, 4])
    values = rng.normal(1e4, 1, 9)
    design = np.hstack([np.eye(4)[teams], np.eye(5)[periods]])
    residual = values - design @ np.linalg.pinv(design) @ values

    left = two_way_demeaned(values, teams=teams, periods=periods)

    assert left == pytest.approx(residual, abs=1e-8)
    assert design.T @ left == pytest.approx(np.zeros(9), abs=1e-10)


def test_alpha_exists_for_two_items_and_more():
    """One item, a pair that nobody answered and items that cancel out have no alpha."""
    assert cronbach_alpha([[1.0]]) is None
    assert cronbach_alpha([[1.0, np.nan], [np.nan, 1.0]]) is None
    assert cronbach_alpha([[1.0, -1.0], [-1.0, 1.0]]) is None
    assert cronbach_alpha(np.ones((3, 3))) == pytest.approx(1.0)


def test_covariances_use_everyone_who_answered_the_pair():
    """A rotated bank: each pair rests on its own people; a pair without any is missing."""
    items = pd.DataFrame(
        {"a": [1, 2, 3, None], "b": [2, 4, None, None], "c": [None, None, 1, 5.0]}
    )

    covariance = pairwise_covariance(items)

    assert covariance.loc["a", "b"] == pytest.approx(1.0)
    assert covariance.loc["c", "c"] == pytest.approx(8.0)
    assert np.isnan(covariance.loc["b", "c"])


def test_words_change_at_their_bounds():
    """.70, .50 and .30 belong to the better word."""
    words = [reliability_word(value) for value in (0.70, 0.69, 0.50, 0.30, 0.29)]

    assert words == ["good", "usable", "usable", "weak", "too weak"]


def unknown_by_period():
    """Teams over two periods, nobody counted."""
    first = scores([1.0, 2.0, 3.0], n=np.nan, variance=np.nan)
    return pd.concat([first.assign(period=1), first.assign(period=2)])


@pytest.mark.parametrize(
    ("figure", "error"),
    [
        (lambda: icc(scores([1.0])), NotEnoughTeams),
        (lambda: icc(scores([1.0, 2.0], n=1, variance=np.nan)), NotEnoughTeams),
        (lambda: icc(scores([1.0, 2.0], n=np.nan)), NotIdentified),
        (lambda: icc(scores([1.0, 2.0], variance=np.nan)), NotIdentified),
        (lambda: icc(unknown_by_period()), NotIdentified),
        (lambda: icc(scores([0.1, 0.1, 0.1])), NotIdentified),
        (lambda: icc(scores([])), NotEnoughTeams),
        (lambda: mean_reliability(scores([1.0]), within_variance=1), NotEnoughTeams),
        (lambda: mean_reliability(scores([0.1, 0.1]), within_variance=1), NotIdentified),
        (lambda: mean_reliability(scores([1, 2], n=np.nan), within_variance=1), NotIdentified),
        (
            lambda: within_reliability(
                scores([1, 2], team=["a", "b"], period=[1, 1]), within_variance=1
            ),
            NotEnoughTeams,
        ),
        (
            lambda: within_reliability(
                scores([1, 2, 2, 3], team=list("aabb"), period=[1, 2, 1, 2]), within_variance=1
            ),
            NotIdentified,
        ),
    ],
    ids=[
        "one team",
        "teams of one",
        "sizes unknown",
        "variances unknown",
        "sizes unknown by period",
        "identical teams",
        "no team",
        "reliability of one team",
        "reliability of identical teams",
        "reliability without sizes",
        "one period",
        "all move alike",
    ],
)
def test_declines(figure, error):
    """Data that cannot tell teams apart are refused, each with its own error."""
    with pytest.raises(error):
        figure()
