"""analysis.covariances: item covariances, and levels of people and teams."""

import numpy as np
import pandas as pd
import pytest

from analysis import (
    NotEnoughTeams,
    NotIdentified,
    level_correlations,
    moments_of,
    pairwise_covariance,
    pearson,
    smallest_pair,
    total_covariance,
    within_covariance,
)

ITEMS = ["x", "y", "z"]


@pytest.fixture
def rows(rng) -> pd.DataFrame:
    team = rng.integers(0, 12, 300)
    level = rng.integers(0, 4, 12)
    answers = np.clip(level[team][:, None] + rng.integers(0, 4, (300, 3)), 0, 6)
    answers[:, 1] = (answers[:, 0] + answers[:, 1]) // 2
    return pd.DataFrame(answers, columns=ITEMS).assign(team=[f"t{t:02d}" for t in team])


def test_total_covariance_is_that_of_the_rows(rows, rng):
    """With skipped items each pair comes from who answered both, as from the rows."""
    holes = rows.assign(**rows[ITEMS].astype(float).mask(rng.random((300, 3)) < 0.2))
    moments = moments_of(holes, items=ITEMS)

    made = total_covariance(moments)

    assert made.to_numpy() == pytest.approx(pairwise_covariance(holes[ITEMS]).to_numpy())
    pairs = holes[ITEMS].notna().astype(int)
    assert smallest_pair(moments, items=ITEMS) == (pairs.T @ pairs).to_numpy().min()


def test_within_covariance_is_that_of_deviations(rows):
    """Means of teams are taken out, and their number from the divisor."""
    away = rows[ITEMS] - rows.groupby("team")[ITEMS].transform("mean")

    made = within_covariance(moments_of(rows, items=ITEMS), items=["z", "x"])

    expected = (away.T @ away / (len(rows) - rows["team"].nunique())).loc[["z", "x"], ["z", "x"]]
    assert made.to_numpy() == pytest.approx(expected.to_numpy())


def test_levels_are_those_of_rows_deviations_and_means(rows):
    """The three observed correlations are what the rows give, level by level."""
    away = rows[ITEMS] - rows.groupby("team")[ITEMS].transform("mean")
    means = rows.groupby("team")[ITEMS].transform("mean")

    levels = level_correlations(moments_of(rows, items=ITEMS), "x", "y")

    assert levels.total == pytest.approx(pearson(rows["x"], rows["y"]).r)
    assert levels.within == pytest.approx(pearson(away["x"], away["y"]).r)
    assert levels.between == pytest.approx(pearson(means["x"], means["y"]).r)
    assert levels.between_ci[0] < levels.between < levels.between_ci[1]


def test_shared_noise_is_taken_out():
    """Teams that do not go together at all, answers that do: the latent correlation is near 0."""
    rng = np.random.default_rng(8)
    truth = rng.normal(0, 1, (400, 2))
    team = np.repeat(np.arange(400), 6)
    mood = rng.normal(0, 2, len(team))
    answers = np.round(10 * (truth[team] + mood[:, None] + rng.normal(0, 1, (len(team), 2))))
    rows = pd.DataFrame(answers, columns=["x", "y"]).assign(team=team.astype(str))

    levels = level_correlations(moments_of(rows, items=["x", "y"]), "x", "y")

    assert levels.between > 0.3
    assert abs(levels.latent) < 0.15
    assert levels.latent_ci[0] < np.corrcoef(truth.T)[0, 1] < levels.latent_ci[1]


def test_levels_know_neither_scale_nor_order(rows):
    """Turned, stretched, shifted and renamed, nothing changes but the sign."""
    before = level_correlations(moments_of(rows, items=ITEMS), "x", "z")
    other = rows.assign(x=50 - 7 * rows["x"], team=rows["team"].str[::-1])[::-1]

    after = level_correlations(moments_of(other, items=ITEMS), "z", "x")

    assert after.latent == pytest.approx(-before.latent)
    assert after.between_ci == pytest.approx((-before.between_ci[1], -before.between_ci[0]))
    assert after.total == pytest.approx(-before.total)


def test_levels_need_teams_and_movement(rows):
    """Three teams are too few, and a constant has no correlation."""
    with pytest.raises(NotEnoughTeams):
        few = moments_of(rows, items=ITEMS).of_teams(["t00", "t01", "t02"])
        level_correlations(few, "x", "y")
    with pytest.raises(NotIdentified):
        level_correlations(moments_of(rows.assign(x=3), items=ITEMS), "x", "y")
    lone = rows.assign(x=np.where(rows["team"] == "t00", rows["x"], 3))
    with pytest.raises(NotIdentified, match="single team"):
        level_correlations(moments_of(lone, items=ITEMS), "x", "y")
    with pytest.raises(NotIdentified):
        level_correlations(moments_of(rows.drop_duplicates("team"), items=ITEMS), "x", "y")


def test_teams_that_do_not_differ_have_no_latent_correlation(rng):
    """Where means differ less than chance, the table says so instead of a figure."""
    rows = pd.DataFrame({"team": np.repeat(list("abcdef"), 4), "x": [1, 2, 3, 4] * 6})
    rows["y"] = rng.integers(1, 6, 24)
    rows.loc[[0, 5], "x"] = [2, 1]

    levels = level_correlations(moments_of(rows, items=["x", "y"]), "x", "y")

    assert (levels.latent, levels.latent_ci) == (None, None)
    assert "not estimable" in str(levels.summary())
