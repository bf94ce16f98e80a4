"""The effect of a dated change in some teams."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from analysis import (
    BadFrame,
    NotEnoughTeams,
    NotIdentified,
    dated_change,
    expected_return,
    randomised_trial,
    staggered_trial,
    trial_checks,
)
from tests.analysis.conftest import data, oracle

AVERAGES = {"team_period": "simple", "time": "dynamic", "start": "group_agg", "period": "calendar"}
VARIANTS = {
    "cs_never_dr_varying": {},
    "cs_notyet_dr_varying": {"compared_with": "not_yet"},
    "cs_never_dr_universal": {"base": "last_before"},
    "cs_never_dr_lpop": {"covariates": ["lpop"]},
    "cs_never_reg_lpop": {"covariates": ["lpop"], "adjustment": "regression"},
}


def panel_of(values, *, first=1) -> pd.DataFrame:
    """Lay a table of teams by periods out as scores."""
    n_teams, n_periods = np.shape(values)
    return pd.DataFrame(
        {
            "team": np.repeat([f"t{i:02d}" for i in range(n_teams)], n_periods),
            "period": np.tile(np.arange(first, first + n_periods), n_teams),
            "mean": np.ravel(values),
        }
    )


def simulated(n_teams, *, n_periods=4, starts, effect=0.0, seed=5):
    """Teams with levels, shocks of periods and noise, and an effect since each start."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_teams, 1)) + rng.normal(size=n_periods)
    values = values + 0.4 * rng.normal(size=(n_teams, n_periods))
    periods = np.arange(1, n_periods + 1)
    for team, start in starts.items():
        values[int(team[1:])] += effect * (periods >= start)
    return values


STARTS = {f"t{i:02d}": 3 if i < 12 else 4 for i in range(20)}


@pytest.fixture(scope="module")
def counties():
    """The 500 counties of R's did, as scores and starts."""
    frame = data("rpkg", "did__mpdta.csv")
    first = frame.groupby("countyreal")["first.treat"].first()
    starts = {str(team): int(g) for team, g in first.items() if g > 0}
    scores = frame.rename(columns={"countyreal": "team", "year": "period", "lemp": "mean"})
    return scores, starts


@pytest.mark.parametrize("name", VARIANTS)
def test_staggered_trials_are_those_of_r(counties, name):
    """Cells, averages, event study and the test of steps before agree with R's did."""
    expected = oracle("did_mpdta")[name]
    # R and the library stop iterating the propensity score at different places.
    near = {"abs": 1e-5} if name == "cs_never_dr_lpop" else {"rel": 1e-8, "abs": 1e-12}

    trial = staggered_trial(*counties, **VARIANTS[name])

    cells = trial.cells.sort_values(["start", "period"])
    errors = np.array(expected["se"], dtype=float)
    assert cells["start"].tolist() == expected["group"]
    assert cells["period"].tolist() == expected["t"]
    assert cells["estimate"].tolist() == pytest.approx(expected["att"], **near)
    assert cells["std_error"].tolist() == pytest.approx(errors.tolist(), nan_ok=True, **near)
    assert trial.pretrend.pvalue == pytest.approx(expected["wald_pre_p"][0][0], abs=3e-5)
    for ours, theirs in AVERAGES.items():
        average, figures = trial.averages[ours], expected[theirs]
        assert average.estimate == pytest.approx(figures["overall_att"], **near)
        if ours != "start":
            assert average.std_error == pytest.approx(figures["overall_se"], **near)
        if ours != "team_period":
            frame = getattr(trial, f"by_{ours}")
            known = np.array(figures["se_egt"], dtype=float).tolist()
            assert frame[ours].tolist() == figures["egt"]
            assert frame["estimate"].tolist() == pytest.approx(figures["att_egt"], **near)
            assert frame["std_error"].tolist() == pytest.approx(known, nan_ok=True, **near)


def test_the_error_over_dates_is_corrected(counties):
    """R's did takes the first cells' teams there; ours takes those of each date."""
    scores, starts = counties
    theirs = oracle("did_mpdta")["cs_never_dr_varying"]["group_agg"]
    teams = sorted(set(scores["team"].astype(str)))
    wide = scores.pivot(index="team", columns="period", values="mean")
    first = np.array([starts.get(str(team), 0) for team in wide.index])
    dates, size = [2004, 2006, 2007], len(teams)
    shares = np.array([(first == g).mean() for g in dates])
    effects, parts = [], []
    for g in dates:
        rises = wide.loc[:, g:].mean(axis=1).to_numpy() - wide[g - 1].to_numpy()
        mine, never = first == g, first == 0
        effects.append(rises[mine].mean() - rises[never].mean())
        parts.append(
            mine * (rises - rises[mine].mean()) / mine.sum()
            - never * (rises - rises[never].mean()) / never.sum()
        )

    def error(members):
        moved = np.column_stack([first == g for g in members]) - shares
        total = shares.sum()
        shift = moved / total - moved.sum(axis=1, keepdims=True) * shares / total**2
        sums = np.column_stack(parts) @ shares / total + shift @ np.array(effects) / size
        return np.sqrt((sums**2).sum())

    ours = staggered_trial(scores, starts).averages["start"].std_error

    assert error([2004, 2004, 2004]) == pytest.approx(theirs["overall_se"], rel=1e-8)
    assert error(dates) == pytest.approx(ours, rel=1e-8)


def test_checks_and_two_by_two_are_those_of_r(counties):
    """Sun and Abraham, stacked, two-way and the difference of four means agree with R."""
    expected = oracle("did_mpdta")
    scores, starts = counties
    one = {team: start for team, start in starts.items() if start == 2006}
    kept = scores["team"].astype(str).isin(one) | ~scores["team"].astype(str).isin(starts)

    checks = trial_checks(scores, starts)
    change = dated_change(scores[kept & scores["period"].isin([2005, 2006])], one)

    made = [
        (effect.estimate, effect.std_error)
        for effect in (checks.sun_abraham, checks.stacked, checks.two_way)
    ]
    assert made[0] == pytest.approx((expected["sunab"]["att"], expected["sunab"]["att_se"]))
    assert made[1] == pytest.approx((expected["stacked"]["coef"], expected["stacked"]["se"]))
    assert made[2] == pytest.approx((expected["twfe"]["coef"], expected["twfe"]["se"]))
    hand = expected["hand_2x2_g2006_t2006"]["att"]
    assert change.effect.estimate == pytest.approx(hand, rel=1e-8)


def test_cells_are_differences_of_means():
    """Without covariates each cell is the rise of its teams less that of the others, by hand."""
    values = simulated(36, starts=STARTS, effect=1.0)
    frame, never = panel_of(values), values[20:]

    trial = staggered_trial(frame, STARTS)
    not_yet = staggered_trial(frame, STARTS, compared_with="not_yet")

    early, late = values[:12], values[12:20]
    rises = [
        (group[:, at] - group[:, base]).mean() - (never[:, at] - never[:, base]).mean()
        for group, at, base in ((early, 2, 1), (early, 3, 1), (late, 3, 2))
    ]
    since = trial.cells[trial.cells["period"] >= trial.cells["start"]]
    assert since["estimate"].tolist() == pytest.approx(rises, rel=1e-10)
    assert trial.effect.estimate == pytest.approx(np.average(rises, weights=[12, 12, 8]))
    still = np.vstack([late, never])
    first = (early[:, 2] - early[:, 1]).mean() - (still[:, 2] - still[:, 1]).mean()
    assert not_yet.by_time.set_index("time").loc[0, "estimate"] == pytest.approx(
        np.average([first, rises[2]], weights=[12, 8])
    )
    assert trial.pretrend.df == 3
    assert abs(trial.effect.estimate - 1) < 3 * trial.effect.std_error


def test_one_date_is_a_welch_test_of_rises():
    """The effect at one date, with error, p and interval, is statsmodels' Welch test."""
    starts = {f"t{i:02d}": 3 for i in range(0, 12, 2)}
    values = simulated(12, starts=starts, effect=0.7)
    rises = values[:, 2:].mean(axis=1) - values[:, :2].mean(axis=1)

    change = dated_change(panel_of(values), starts)

    test = CompareMeans(DescrStatsW(rises[::2]), DescrStatsW(rises[1::2]))
    _, pvalue, df = test.ttest_ind(usevar="unequal")
    limits = test.tconfint_diff(usevar="unequal")
    made = change.effect
    assert (made.pvalue, change.df) == pytest.approx((pvalue, df))
    assert (made.ci_low, made.ci_high) == pytest.approx(limits)


def figure_by_hand(values, chosen, *, base=1):
    mine = np.isin(np.arange(len(values)), chosen)
    rises = values[:, base + 1 :] - values[:, [base]]
    return rises[mine].mean() - rises[~mine].mean()


def test_choosing_other_teams_is_a_plain_loop():
    """p and both limits are those of a loop over all choices of teams."""
    starts = {f"t{i:02d}": 3 for i in (1, 4, 6)}
    values = simulated(9, starts=starts, effect=0.5)
    mine, choices = (1, 4, 6), list(combinations(range(9), 3))

    test = randomised_trial(panel_of(values), starts, rng=np.random.default_rng(1))

    def pvalue(effect):
        less = values.copy()
        less[np.ix_(mine, [2, 3])] -= effect
        real = abs(figure_by_hand(less, mine))
        return np.mean([abs(figure_by_hand(less, c)) >= real - 1e-9 for c in choices])

    assert (test.n_assignments, test.is_exact) == (84, True)
    assert test.pvalue == pytest.approx(pvalue(0.0))
    for limit, outwards in ((test.ci_low, -1), (test.ci_high, 1)):
        assert pvalue(limit - outwards * 1e-6) > 0.05
        assert pvalue(limit + outwards * 1e-6) <= 0.05


def test_staggered_choices_give_the_same_figure():
    """With several dates the figure is that of the staggered trial; drawn ones count it."""
    starts = {f"t{i:02d}": 3 if i < 10 else 4 for i in range(20)}
    frame = panel_of(simulated(34, starts=starts, effect=5.0))
    for compared_with in ("never", "not_yet"):
        trial = staggered_trial(frame, starts, compared_with=compared_with)

        test = randomised_trial(
            frame,
            starts,
            rng=np.random.default_rng(1),
            n_draws=99,
            compared_with=compared_with,
        )

        assert test.estimate == pytest.approx(trial.effect.estimate, rel=1e-10)
        assert (test.pvalue, test.is_exact) == (0.01, False)
        assert test.ci_low < 5 < test.ci_high


def test_teams_that_change_later_serve_where_none_never_does():
    """Where all change in the end, those that change last are compared with until they do."""
    starts = {f"t{i:02d}": 3 if i < 11 else 4 for i in range(22)}
    values = simulated(22, starts=starts, effect=5.0)
    values[:, 0] += np.arange(22) % 3
    frame = panel_of(values).rename(columns={"period": "when"}).eval("period = when * 2 + 1")
    dates = {team: 2 * start + 1 for team, start in starts.items()}

    trial = staggered_trial(frame, dates, compared_with="not_yet")
    test = randomised_trial(
        frame, dates, rng=np.random.default_rng(1), n_draws=19, compared_with="not_yet"
    )

    early, late = values[:11], values[11:]
    hand = (early[:, 2] - early[:, 1]).mean() - (late[:, 2] - late[:, 1]).mean()
    assert (trial.effect.estimate, test.estimate) == pytest.approx((hand, hand))
    for method in (staggered_trial, trial_checks):
        with pytest.raises(NotIdentified, match="changed in the end"):
            method(frame, dates)


def test_names_of_covariates_do_not_matter(counties):
    """A covariate may have any name that scores leave free."""
    scores, starts = counties
    plain = staggered_trial(scores, starts, covariates=["lpop"], adjustment="regression")

    named = staggered_trial(
        scores.rename(columns={"lpop": "first"}),
        starts,
        covariates=["first"],
        adjustment="regression",
    )

    assert named.effect == plain.effect


@settings(max_examples=8, deadline=None)
@given(
    shift=st.floats(-50, 50),
    scale=st.floats(0.1, 20),
    order=st.integers(0, 99),
    turn=st.booleans(),
)
def test_shift_scale_order_and_names_change_nothing_else(shift, scale, order, turn):
    """Shifts of teams and periods fall out, scales carry over, order and names do not matter."""
    starts = {f"t{i:02d}": 3 for i in (0, 3, 5, 6)}
    values = simulated(10, starts=starts, effect=0.8)
    plain = randomised_trial(panel_of(values), starts, rng=np.random.default_rng(1))
    welch = dated_change(panel_of(values), starts).effect
    sign = -1 if turn else 1
    moved = sign * scale * values + shift * np.arange(4)
    frame = panel_of(moved).sample(frac=1, random_state=order)
    frame["team"] = "x" + frame["team"]
    names = {f"x{team}": start for team, start in starts.items()}

    again = randomised_trial(frame, names, rng=np.random.default_rng(2))
    other = dated_change(frame, names).effect

    ends = sorted([sign * scale * plain.ci_low, sign * scale * plain.ci_high])
    near = {"rel": 1e-6, "abs": 1e-7}
    assert again.estimate == pytest.approx(sign * scale * plain.estimate, **near)
    assert [again.ci_low, again.ci_high] == pytest.approx(ends, **near)
    assert again.pvalue == pytest.approx(plain.pvalue)
    assert other.std_error == pytest.approx(scale * welch.std_error, **near)
    assert other.pvalue == pytest.approx(welch.pvalue, **near)


def test_the_worst_teams_are_refused():
    """Teams chosen for the lowest scores, or nobody to compare with, give no figure."""
    values = simulated(24, starts={})
    worst = np.argsort(values[:, 1])[:6]
    chosen = {f"t{i:02d}": 3 for i in worst}
    everybody = {f"t{i:02d}": 3 for i in range(24)}
    frame = panel_of(values)
    for trial in (dated_change, staggered_trial):
        with pytest.raises(NotIdentified, match=r"lowest just before.*regression to the mean"):
            trial(frame, chosen)
        with pytest.raises(NotIdentified, match=r"Every team.*before against after shows nothing"):
            trial(frame, everybody)


def test_low_teams_rise_by_themselves():
    """Without any change the lowest teams rise about as far as is expected of them."""
    rng = np.random.default_rng(3)
    true = rng.normal(size=4000)
    before, after = true + rng.normal(size=4000), 2 + true + rng.normal(size=4000)

    found = expected_return(before, after, chosen=before < np.quantile(before, 0.2))

    assert found.correlation == pytest.approx(0.5, abs=0.05)
    assert found.observed == pytest.approx(found.expected, rel=0.1)
    assert found.expected > 0.8


def test_what_cannot_be_told_is_refused():
    """Too few teams, wrong dates and broken tables are named in words."""
    frame = panel_of(simulated(8, starts={}))
    some = {"t00": 3, "t01": 3}
    with pytest.raises(NotEnoughTeams, match="the randomisation test serves"):
        staggered_trial(frame, some)
    with pytest.raises(NotEnoughTeams, match="could not fall to 5%"):
        randomised_trial(panel_of(simulated(6, starts={})), some, rng=np.random.default_rng(1))
    with pytest.raises(NotIdentified, match="No team changed"):
        dated_change(frame, {"t00": 1, "t01": 9})
    with pytest.raises(BadFrame, match="different dates"):
        dated_change(frame, {"t00": 3, "t05": 4})
    with pytest.raises(BadFrame, match="stands twice"):
        dated_change(pd.concat([frame, frame]), some)
    with pytest.raises(BadFrame, match="lack the column mean"):
        dated_change(frame.drop(columns="mean"), some)
    with pytest.raises(NotIdentified, match="single period"):
        dated_change(frame[frame["period"] == 1], some)
    with pytest.raises(NotEnoughTeams, match="8"):
        expected_return([1, 2, 3], [1, 2, 3], chosen=[True, False, False])
    with pytest.raises(BadFrame, match="not all"):
        expected_return(range(9), range(9), chosen=[True] * 9)


def test_teams_that_are_left_out_are_named():
    """Gaps, unknown teams and changes before the first score leave a team out, with the reason."""
    frame = panel_of(simulated(9, starts={}, seed=8))
    frame = frame.drop(index=5)

    change = dated_change(frame, {"t00": 3, "t04": 3, "t08": 0, "x": 3})

    assert change.dropped == (
        ("x", "no scores"),
        ("t01", "not scored in every period"),
        ("t08", "changed before its first score"),
    )
    assert (change.n_started, change.n_never) == (2, 5)
