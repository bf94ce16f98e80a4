"""analysis.agreement: do people of a team agree, beside several kinds of chance."""

import numpy as np
import pandas as pd
import pytest

from analysis import BadFrame, NotEnoughTeams, agreement, moments_of, rwg_of

ITEMS = ["x", "y", "z"]
# James, Demaree and Wolf's shapes of chance on five points: the variances in print.
PRINTED = {
    "uniform": 2.0,
    "slight skew": 1.34,
    "moderate skew": 0.90,
    "heavy skew": 0.44,
    "triangular": 1.333,
    "normal": 1.04,
}


@pytest.fixture
def rows(rng) -> pd.DataFrame:
    team = np.repeat(list("abcdef"), [6, 9, 4, 12, 7, 1])
    answers = np.clip(rng.integers(2, 5, len(team))[:, None] + rng.integers(-1, 2, (39, 3)), 1, 5)
    frame = pd.DataFrame(answers.astype(float), columns=ITEMS).assign(team=team)
    frame.loc[[1, 8], "y"] = np.nan
    return frame


def judge(rows: pd.DataFrame, **how):
    return agreement(moments_of(rows, items=ITEMS), items=ITEMS, points=5, **how)


def test_the_variances_of_chance_are_those_in_print(rows):
    """Each null has the variance that the literature prints, to its digits."""
    made = {null.null: null.variance for null in judge(rows).nulls}

    assert made == pytest.approx(PRINTED, abs=5e-3)


def test_agreement_from_counts_is_that_of_rows(rows):
    """rwg(j) and the mean distance are those of the answers one by one; skips drop nobody."""
    result = judge(rows)

    groups = rows[rows["team"] != "f"].groupby("team")[ITEMS]
    share = groups.var().mean(axis=1) / 1.34
    expected = (3 * (1 - share) / (3 * (1 - share) + share)).where(share <= 1, 0.0)
    away = (rows[ITEMS] - rows.groupby("team")[ITEMS].transform("mean")).abs()
    distance = away.groupby(rows["team"]).mean().mean(axis=1).drop("f")
    assert result.teams["rwg slight skew"].to_numpy() == pytest.approx(expected.to_numpy())
    assert result.teams["ad_m"].to_numpy() == pytest.approx(distance.to_numpy())
    assert result.teams["n"].tolist() == [5, 8, 4, 12, 7]
    assert (result.n_teams, result.n_left_out) == (5, 1)
    assert result.ad_m_share == (distance <= 5 / 6).mean()


def test_one_item_gives_rwg(rows):
    """For a single item the formula is one less the share of the variance."""
    result = agreement(moments_of(rows, items=ITEMS), items=["x"], points=5)

    share = rows[rows["team"] != "f"].groupby("team")["x"].var() / 2
    assert result.teams["rwg uniform"].to_numpy() == pytest.approx((1 - share).clip(0).to_numpy())


def test_agreement_stays_between_none_and_full():
    """Full agreement is 1; two camps at the ends are 0, not a figure below 0 or above 1."""
    assert rwg_of(np.array([0.0, 4.0, 2.0]), null_variance=2.0, n_items=5).tolist() == [1, 0, 0]


def test_a_stricter_chance_leaves_less_agreement(rows):
    """The smaller the variance of chance, the lower the median."""
    nulls = sorted(judge(rows).nulls, key=lambda null: null.variance)

    assert [n.median for n in nulls] == sorted(n.median for n in nulls)


def test_shifted_and_renamed_answers_agree_as_before(rows):
    """Only the distance between answers counts, and no team's name."""
    moved = rows.assign(**rows[ITEMS] + 3, team=rows["team"].map(lambda name: "z" + name))

    before, after = judge(rows), judge(moved)

    columns = before.teams.columns.drop(["team", "period"])
    assert after.teams[columns].to_numpy(float) == pytest.approx(
        before.teams[columns].to_numpy(float)
    )


def test_other_scales_have_a_uniform_and_a_triangular_chance(rows):
    """Seven points: (49 - 1) / 12, and the triangle worked out for them."""
    result = agreement(moments_of(rows, items=ITEMS), items=ITEMS, points=7)

    assert [null.variance for null in result.nulls] == pytest.approx([4.0, 2.5])
    assert result.ad_m_limit == pytest.approx(7 / 6)


def test_what_cannot_be_judged_is_refused(rows):
    """Wrong shares, answers off the scale, constructs, and teams of one."""
    moments = moments_of(rows, items=ITEMS, constructs={"all": ITEMS})
    with pytest.raises(BadFrame, match="do not fit"):
        judge(rows, nulls={"mine": [0.5, 0.5]})
    with pytest.raises(BadFrame, match="answers alike"):
        judge(rows, nulls={"mine": [0, 0, 1, 0, 0]})
    with pytest.raises(BadFrame, match="farther apart"):
        agreement(moments, items=ITEMS, points=3)
    with pytest.raises(BadFrame, match="is a construct"):
        agreement(moments, items=["all"], points=5)
    with pytest.raises(NotEnoughTeams):
        agreement(moments.of_teams(["f"]), items=ITEMS, points=5)
