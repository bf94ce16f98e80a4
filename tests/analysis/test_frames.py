"""analysis.frames: the contract of team scores."""

import numpy as np
import pandas as pd
import pytest

from analysis import BadFrame, check_scores, has_periods, over_periods, score_moments, team_means
from tests.analysis.conftest import scores


def test_moments_of_respondents_are_those_of_the_groups():
    """Counts, means and variances by team and period are the plain ones; blanks do not count."""
    rows = pd.DataFrame(
        {
            "team": ["b", "a", "a", "a", "a"],
            "period": [1, 2, 1, 1, 1],
            "score": [5.0, 4.0, 1.0, 3.0, np.nan],
        }
    )

    moments = score_moments(rows)

    assert moments["team"].tolist() == ["a", "a", "b"]
    assert moments["period"].tolist() == [1, 2, 1]
    assert moments["n"].tolist() == [2, 1, 1]
    assert moments["mean"].tolist() == [2, 4, 5]
    assert moments["variance"].iloc[0] == 2
    assert moments["variance"].iloc[1:].isna().all()


def test_pooling_periods_equals_pooling_respondents(rng):
    """Moments merged over periods are those of all respondents of the team together."""
    rows = pd.DataFrame(
        {
            "team": rng.choice(list("abc"), 60),
            "period": rng.integers(1, 5, 60),
            "score": rng.normal(100, 1, 60),
        }
    )

    merged = over_periods(score_moments(rows))

    direct = score_moments(rows.drop(columns="period"))
    pd.testing.assert_frame_equal(merged, direct)


def test_a_team_mean_over_periods_is_the_plain_mean_of_its_periods():
    """Each period weighs the same; the error is the root of sum(s2 / n) / T**2."""
    frame = check_scores(scores([2, 4], team=["a", "a"], period=[1, 2], n=[4, 1]))

    row = team_means(frame, within_variance=2.0).iloc[0]

    assert row["mean"] == 3
    assert row["n"] == 5
    assert row["std_error"] == pytest.approx(np.sqrt(2 * (1 / 4 + 1) / 4))


def test_an_empty_frame_has_no_periods():
    """No rows are a legal frame."""
    empty = check_scores(scores([]))

    assert not has_periods(empty)
    assert len(over_periods(empty)) == 0
    assert len(team_means(empty)) == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: f.drop(columns="mean"),
        lambda f: f.assign(team=[None, "b"]),
        lambda f: f.assign(team="a"),
        lambda f: f.assign(n=0),
        lambda f: f.assign(variance=-1.0),
        lambda f: f.assign(mean=[1.0, np.inf]),
        lambda f: f.assign(mean=["1", "x"]),
        lambda f: f.assign(period=[1, None]),
        lambda f: f.assign(period=[1.5, 2]),
    ],
    ids=[
        "column missing",
        "team missing",
        "team twice",
        "nobody",
        "variance below zero",
        "endless",
        "no number",
        "period missing in one row",
        "half a period",
    ],
)
def test_a_frame_without_meaning_is_refused(spoil):
    """Malformed frames are named for what they are."""
    with pytest.raises(BadFrame):
        check_scores(spoil(scores([1, 2])))
