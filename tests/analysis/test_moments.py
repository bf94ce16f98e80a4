"""analysis.moments and counting: sums that add exactly and lose nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    BadFrame,
    Moments,
    NotEnoughTeams,
    combine,
    moments_from_counts,
    moments_of,
    score_moments,
)

ITEMS = ["q1", "q2", "q3"]
PAIRS = {"pride": ["q1", "q2"], "all": ITEMS}
ANSWER = st.one_of(st.none(), st.integers(1, 5))
PERSON = st.tuples(st.sampled_from("abc"), st.integers(1, 2), ANSWER, ANSWER, ANSWER)


def table(people) -> pd.DataFrame:
    return pd.DataFrame(people, columns=["team", "period", *ITEMS])


def drawn(rng, n=120) -> pd.DataFrame:
    rows = pd.DataFrame(rng.integers(1, 6, (n, 3)).astype(float), columns=ITEMS)
    rows = rows.mask(rng.random((n, 3)) < 0.15)
    return rows.assign(team=rng.choice(list("abcd"), n), period=rng.integers(1, 4, n))


def count_up(rows: pd.DataFrame) -> Moments:
    return moments_of(rows, items=ITEMS, constructs=PAIRS)


@settings(deadline=None, max_examples=12)
@given(st.lists(PERSON, min_size=2, max_size=12), st.data())
def test_shards_add_up_to_the_whole_in_any_order(people, data):
    """Whatever the shards, the order of people and the order of shards: the same numbers."""
    shard = [data.draw(st.integers(0, 2)) for _ in people]
    shuffled = data.draw(st.permutations(list(zip(people, shard, strict=True))))
    parts = [[p for p, s in shuffled if s == which] for which in (2, 0, 1)]

    added = combine([count_up(table(part)) for part in parts if part])

    assert added.equals(count_up(table(people)))


def test_two_days_may_simply_be_added(rng):
    """The plus sign does what combining does, and the order of the two does not matter."""
    rows = drawn(rng)
    one, two = count_up(rows[:50]), count_up(rows[50:])

    assert (one + two).equals(count_up(rows))
    assert (two + one).equals(one + two)


def test_team_scores_from_moments_are_those_of_the_rows(rng):
    """Numbers, means and variances of a construct are what person scores one by one give."""
    rows = drawn(rng)
    person = rows.assign(score=rows[ITEMS].mean(axis=1))

    made = count_up(rows).scores("all")

    expected = score_moments(person[["team", "period", "score"]])
    assert made[["team", "period"]].equals(expected[["team", "period"]])
    for column in ("n", "mean", "variance"):
        assert made[column].to_numpy() == pytest.approx(expected[column].to_numpy(), nan_ok=True)


def test_products_are_those_of_people_who_answered_both(rng):
    """Counts, sums and products of a pair leave out who skipped either."""
    rows = drawn(rng)
    both = rows[rows["team"] == "b"].dropna(subset=["q1", "q3"])

    team = count_up(rows).over_periods().of_teams(["b"])

    assert team.both[0, 0, 2] == len(both)
    assert team.sums[0, 0, 2] == both["q1"].sum()
    assert team.sums[0, 2, 0] == both["q3"].sum()
    assert team.products[0, 0, 2] == (both["q1"] * both["q3"]).sum()


def test_histograms_count_every_answer(rng):
    """The counts of an item are those of its answers; kept teams keep theirs."""
    rows = drawn(rng)
    moments = count_up(rows)

    values, number = moments.of_teams(["a", "c"]).histogram("q2")

    kept = rows[rows["team"].isin(["a", "c"])]
    expected = kept.groupby(["team", "period"])["q2"].value_counts().unstack(fill_value=0)
    assert values.tolist() == expected.columns.tolist()
    assert (number == expected.to_numpy()).all()
    assert moments.counts_of("q2") == {
        f"{v:g}": n for v, n in rows["q2"].value_counts().sort_index().items()
    }


def test_periods_put_together_are_the_rows_without_periods(rng):
    """Moments by period, added over periods, are those of a table that names none."""
    rows = drawn(rng)

    assert count_up(rows).over_periods().equals(count_up(rows.drop(columns="period")))


def test_renamed_teams_have_the_same_figures(rng):
    """A team's name plays no part in what is counted of it."""
    rows = drawn(rng)
    renamed = rows.assign(team=rows["team"].map({"a": "z", "b": "y", "c": "x", "d": "w"}))

    before, after = count_up(rows).over_periods(), count_up(renamed).over_periods()

    assert (after.products[::-1] == before.products).all()
    assert (after.people[::-1] == before.people).all()


def test_histograms_alone_give_scores_but_no_pairs(rng):
    """A customer roll-up of counts gives exact team scores and no products of two items."""
    rows = drawn(rng)
    long = rows.melt(["team", "period"], ITEMS, "item", "value").dropna()
    rolled = long.groupby(["team", "period", "item", "value"]).size().rename("n").reset_index()

    moments = moments_from_counts(rolled)

    whole = moments_of(rows, items=ITEMS)
    assert moments.scores("q2").equals(whole.scores("q2"))
    assert moments.counts.equals(whole.counts)
    assert not moments.both[:, 0, 1].any()


def test_large_numbers_lose_nothing():
    """Far from zero, where squares as floats would lose the spread, it is exact."""
    rows = pd.DataFrame({"team": "a", "q1": [9_999_997, 9_999_998, 9_999_999]})

    assert moments_of(rows, items=["q1"]).scores("q1")["variance"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (pd.DataFrame({"team": ["a"], "q1": [2.5]}), "not whole"),
        (pd.DataFrame({"team": ["a"], "q1": ["x"]}), "no number"),
        (pd.DataFrame({"team": [None], "q1": [1]}), "no team"),
        (pd.DataFrame({"team": ["a"], "q2": [1]}), "lack the column q1"),
        (pd.DataFrame({"team": ["a", "a"], "q1": [2_000_000_000, 1]}), "too many or too large"),
    ],
)
def test_what_cannot_be_counted_exactly_is_refused(rows, problem):
    """Halves, words, people without a team and sums that would run over."""
    with pytest.raises(BadFrame, match=problem):
        moments_of(rows, items=["q1"])


def test_moments_of_different_items_are_not_added():
    """Two surveys are two surveys; no moments at all are none."""
    rows = pd.DataFrame({"team": ["a"], "q1": [1], "q2": [2]})

    with pytest.raises(BadFrame, match="different items"):
        moments_of(rows, items=["q1"]) + moments_of(rows, items=["q2"])
    with pytest.raises(NotEnoughTeams):
        combine([])
    with pytest.raises(NotEnoughTeams):
        moments_of(rows[:0], items=["q1"])
    with pytest.raises(BadFrame, match="named twice"):
        moments_of(rows, items=["q1", "q1"])
    with pytest.raises(BadFrame, match="no moments of 'q9'"):
        moments_of(rows, items=["q1"]).scores("q9")


def test_rows_far_more_than_cells_are_summed_whole():
    """Seventy thousand rows leave the same integers as adding them up by hand."""
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"team": rng.integers(0, 40, 70_000).astype(str)})
    rows["q1"] = rng.integers(0, 11, len(rows))

    moments = moments_of(rows, items=["q1"])

    by_hand = (rows["q1"] ** 2).groupby(rows["team"]).sum()
    assert moments.products[:, 0, 0].tolist() == by_hand.tolist()
    assert moments.people.sum() == 70_000
