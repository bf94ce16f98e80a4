"""analysis.cluster_robust and analysis.wild_bootstrap: slopes with errors by team."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from analysis import (
    BadFrame,
    NotEnoughTeams,
    NotIdentified,
    cluster_robust,
    wild_bootstrap,
)
from analysis.clusters import bias_reduced, least_squares
from analysis.panel_fits import clustered_slope, prepare
from analysis.wild import turned_pvalue
from tests.analysis.conftest import data, oracle

TERMS = {"(Intercept)": 0, "value": 1, "capital": 2}


def made(rng, *, n_teams: int, n_periods: int = 5) -> pd.DataFrame:
    """A panel of teams of unequal length whose cause and error share a part by team."""
    team = np.repeat(np.arange(n_teams), n_periods)
    period = np.tile(np.arange(n_periods), n_teams)
    x = rng.normal(size=n_teams)[team] + rng.normal(size=len(team))
    y = 0.3 * x + rng.normal(size=n_teams)[team] + rng.normal(size=len(team))
    frame = pd.DataFrame({"team": team, "period": period, "x": x, "y": y})
    return frame[rng.random(len(frame)) > 0.15].reset_index(drop=True)


def with_dummies(rows: pd.DataFrame) -> np.ndarray:
    """The predictor, and a column for each team and each period but the first."""
    teams, periods = (pd.get_dummies(rows[key], dtype=float) for key in ("team", "period"))
    return np.column_stack([rows["x"], teams, periods.iloc[:, 1:]])


def by_the_book(y, design, clusters) -> tuple[float, float, float]:
    """CR2 and Satterthwaite's degrees of freedom with n by n matrices, for the first column."""
    n = len(y)
    bread = np.linalg.inv(design.T @ design)
    beta = bread @ design.T @ y
    maker = np.eye(n) - design @ bread @ design.T
    variance, columns = 0.0, []
    for name in np.unique(clusters):
        rows = np.flatnonzero(clusters == name)
        values, vectors = np.linalg.eigh(maker[np.ix_(rows, rows)])
        roots = np.where(values > 1e-9, 1 / np.sqrt(np.maximum(values, 1e-9)), 0.0)
        adjusted = vectors @ np.diag(roots) @ vectors.T @ design[rows] @ bread[:, 0]
        variance += (adjusted @ (y - design @ beta)[rows]) ** 2
        columns.append(maker[:, rows] @ adjusted)
    moments = np.array(columns) @ np.array(columns).T
    return beta[0], np.sqrt(variance), np.trace(moments) ** 2 / (moments**2).sum()


@pytest.fixture
def firms() -> tuple[pd.Series, np.ndarray, pd.Series]:
    rows = data("rpkg", "plm__Grunfeld.csv")
    design = np.column_stack([np.ones(len(rows)), rows["value"], rows["capital"]])
    return rows["inv"], design, rows["firm"]


@pytest.mark.parametrize("name", TERMS)
def test_cr2_agrees_with_clubsandwich(firms, name):
    """Estimate, CR2 error, degrees of freedom and p are R's, as is the plain error."""
    outcome, design, firm = firms
    results, at = oracle("wild_grunfeld"), list(TERMS).index(name)
    expected = {key: value[at] for key, value in results["clubSandwich_CR2"].items()}

    fit = cluster_robust(outcome, design, clusters=firm, term=TERMS[name])

    assert fit.estimate == pytest.approx(expected["beta"], rel=1e-8)
    assert fit.std_error == pytest.approx(expected["SE"], rel=1e-8)
    assert fit.df == pytest.approx(expected["df_Satt"], rel=1e-8)
    assert fit.pvalue == pytest.approx(expected["p_Satt"], rel=1e-8)
    plain = results["clubSandwich_CR1S"]["SE"][at]
    assert fit.plain_std_error == pytest.approx(plain, rel=1e-8)


@pytest.mark.parametrize(
    ("name", "null", "expected"),
    [
        ("value", 0.0, "pooled_WCR_value"),
        ("capital", 0.0, "pooled_WCR_capital"),
        ("value", 0.1, "pooled_WCR_value_H0_0.1"),
    ],
)
def test_the_wild_bootstrap_agrees_with_an_enumeration_in_r(firms, name, null, expected):
    """t and p of all 1,024 changes of sign are R's."""
    outcome, design, firm = firms
    figures = oracle("wild_grunfeld")[expected]

    test = wild_bootstrap(outcome, design, clusters=firm, term=TERMS[name], null=null)

    assert test.statistic == pytest.approx(figures["t"], rel=1e-8)
    assert test.pvalue == figures["p_two_sided_abs"]
    assert test.n_draws == figures["n_draws"]


def test_effects_within_firms_agree_with_an_enumeration_in_r(firms):
    """With firm effects taken out or as columns, t and p are R's; so with six firms only."""
    outcome, design, firm = firms
    results = oracle("wild_grunfeld")
    dummies = np.column_stack([design[:, 1:], pd.get_dummies(firm, dtype=float)])
    centred = np.column_stack([outcome, design[:, 1:]])
    centred = centred - pd.DataFrame(centred).groupby(firm).transform("mean").to_numpy()

    for term, name in enumerate(("fe_WCR_value", "fe_WCR_capital")):
        full = wild_bootstrap(outcome, dummies, clusters=firm, term=term)
        swept = wild_bootstrap(centred[:, 0], centred[:, 1:], clusters=firm, term=term)
        for test in (full, swept):
            assert test.statistic == pytest.approx(results[name]["t"], rel=1e-8)
            assert test.pvalue == results[name]["p_two_sided_abs"]

    few = firm <= 6
    six = wild_bootstrap(outcome[few], design[few], clusters=firm[few], term=1)
    assert six.pvalue == results["six_clusters_WCR_value"]["p_two_sided_abs"] == 2 / 64
    assert six.statistic == pytest.approx(results["six_clusters_WCR_value"]["t"], rel=1e-8)


def test_limits_hold_those_of_fwildclusterboot(firms):
    """R leaves ties out, we count them: our interval is wider, by the step of a sign or two."""
    outcome, design, firm = firms
    for name in ("value", "capital"):
        low, high = oracle("wild_grunfeld")[f"fwildclusterboot_{name}"]["ci"]

        test = wild_bootstrap(outcome, design, clusters=firm, term=TERMS[name])

        assert test.ci_low <= low + 1e-6 * (high - low)
        assert test.ci_high >= high - 1e-6 * (high - low)
        assert test.ci_high - test.ci_low == pytest.approx(high - low, rel=0.02)


@pytest.mark.parametrize("effects", ["team", "team and period"])
def test_firm_and_year_effects_agree_with_fixest(effects):
    """Two predictors with effects: estimates and plain errors are those of R's fixest."""
    rows = data("rpkg", "plm__Grunfeld.csv").rename(columns={"firm": "team", "year": "period"})
    name = "fixest_fe" if effects == "team" else "fixest_twfe"
    expected = oracle("wild_grunfeld")[name]

    for first, second in (("value", "capital"), ("capital", "value")):
        ready = prepare(rows, outcome="inv", predictors=[first, second], effects=effects)
        fit = clustered_slope(ready)

        assert fit.estimate == pytest.approx(expected["coef"][first], rel=1e-8)
        assert fit.plain_std_error == pytest.approx(expected["se"][first], rel=1e-8)
        assert fit.errors == "wild bootstrap"


@pytest.mark.parametrize("n_teams", [3, 15])
def test_cr2_equals_the_textbook(rng, n_teams):
    """Swept effects give the error and degrees of freedom of a column for each effect."""
    rows = made(rng, n_teams=n_teams)
    clusters, y = rows["team"].to_numpy(), rows["y"].to_numpy()
    estimate, std_error, df = by_the_book(y, with_dummies(rows), clusters)

    full = cluster_robust(y, with_dummies(rows), clusters=clusters, term=0)

    assert (full.estimate, full.std_error, full.df) == pytest.approx(
        (estimate, std_error, df), rel=1e-7
    )
    if n_teams == 15:
        ready = prepare(rows, outcome="y", predictors=["x"], effects="team and period")
        swept = clustered_slope(ready)
        assert (swept.estimate, swept.std_error, swept.df) == pytest.approx(
            (estimate, std_error, df), rel=1e-7
        )
        assert swept.errors == "CR2"


def test_clusters_that_weigh_little_take_the_series(rng):
    """With 60 clusters of pairs the root comes from a series, and equals the textbook's."""
    clusters = np.repeat(np.arange(60), 2)
    design = np.column_stack([rng.normal(size=120), np.ones(120)])
    y = design @ [0.5, 1.0] + rng.normal(size=120)

    fit = cluster_robust(y, design, clusters=clusters, term=0)

    assert (fit.estimate, fit.std_error, fit.df) == pytest.approx(
        by_the_book(y, design, clusters), rel=1e-10
    )


def test_the_wild_bootstrap_equals_refitting_each_change_of_sign(rng):
    """All 64 regressions of six teams, fitted one by one, give the same p and the same limits."""
    rows = made(rng, n_teams=6)
    design = np.column_stack([rows["x"], np.ones(len(rows)), rows["period"]])
    teams, y = rows["team"].to_numpy(), rows["y"].to_numpy()

    def t_of(values, null=0.0):
        fit = OLS(values, design).fit(
            cov_type="cluster", cov_kwds={"groups": teams, "use_correction": False}
        )
        return (fit.params[0] - null) / fit.bse[0]

    def p_of(null):
        held = OLS(y - null * design[:, 0], design[:, 1:]).fit()
        base, left = y - held.resid, held.resid
        least = abs(t_of(y, null)) * (1 - 1e-9)
        drawn = [t_of(base + left * np.array(s)[teams], null) for s in product([1, -1], repeat=6)]
        return float(np.mean(np.abs(drawn) >= least))

    test = wild_bootstrap(y, design, clusters=teams, term=0)

    assert test.statistic == pytest.approx(t_of(y), rel=1e-9)
    assert test.pvalue == p_of(0.0)
    step = 1e-6 * (test.ci_high - test.ci_low)
    assert p_of(test.ci_low + step) > 0.05 >= p_of(test.ci_low - step)
    assert p_of(test.ci_high - step) > 0.05 >= p_of(test.ci_high + step)


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    shift=st.floats(-50, 50),
    scale=st.floats(0.1, 20),
)
def test_shift_scale_order_and_names_change_nothing_that_matters(seed, shift, scale):
    """p stays; slope and limits scale with the outcome; order and names of teams do not count."""
    rng = np.random.default_rng(seed)
    rows = made(rng, n_teams=8)
    design = np.column_stack([rows["x"], np.ones(len(rows))])
    y, teams, order = rows["y"].to_numpy(), rows["team"].to_numpy(), rng.permutation(len(rows))
    names = np.array([f"z{i}" for i in rng.permutation(8)])

    for method in (cluster_robust, wild_bootstrap):
        before = method(y, design, clusters=teams, term=0)
        after = method(
            scale * y[order] + shift, design[order], clusters=names[teams[order]], term=0
        )

        assert after.pvalue == pytest.approx(before.pvalue, rel=1e-6)
        assert [after.estimate, after.ci_low, after.ci_high] == pytest.approx(
            [scale * before.estimate, scale * before.ci_low, scale * before.ci_high],
            rel=1e-6,
            abs=1e-6 * scale,
        )


def test_what_cannot_be_told_is_refused(rng):
    """Too few clusters, columns that move as one, one team that decides: words, not figures."""
    x, ones = rng.normal(size=12), np.ones(12)
    y, teams = x + rng.normal(size=12), np.repeat(np.arange(6), 2)
    design = np.column_stack([x, ones])

    with pytest.raises(NotEnoughTeams):
        wild_bootstrap(y, design, clusters=np.minimum(teams, 4), term=0)
    with pytest.raises(BadFrame):
        wild_bootstrap(np.tile(y, 3), np.tile(design, (3, 1)), clusters=range(36), term=0)
    with pytest.raises(NotIdentified):
        cluster_robust(y, np.column_stack([x, 2 * x]), clusters=teams, term=0)
    with pytest.raises(NotIdentified):
        two_move = np.where(teams < 2, np.tile([1.0, -1.0], 6), 0.0)
        wild_bootstrap(y, two_move.reshape(-1, 1), clusters=teams, term=0)
    with pytest.raises(NotIdentified):
        cluster_robust(y, np.column_stack([teams == 0, ones]), clusters=teams, term=0)
    with pytest.raises(BadFrame):
        cluster_robust(y[:-1], design, clusters=teams, term=0)
    with pytest.raises(BadFrame):
        cluster_robust(np.where(x > 5, x, np.nan), design, clusters=teams, term=0)


def test_a_slope_without_error_keeps_the_smallest_p():
    """Where nothing is left over, the interval is the estimate and p the smallest there is."""
    x, teams = np.arange(12.0), np.repeat(np.arange(6), 2)

    test = wild_bootstrap(3 * x, np.column_stack([x, np.ones(12)]), clusters=teams, term=0)

    assert (test.ci_low, test.ci_high) == pytest.approx((3.0, 3.0), abs=1e-9)
    assert test.pvalue == 2 / 64


def shared_cause(rng, n_teams: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ten rows a team; cause and error have a part by team, and the cause does nothing."""
    team = np.repeat(np.arange(n_teams), 10)
    x = np.sqrt(0.5) * (rng.normal(size=n_teams)[team] + rng.normal(size=len(team)))
    y = np.sqrt(0.2) * rng.normal(size=n_teams)[team] + np.sqrt(0.8) * rng.normal(size=len(team))
    return y, np.column_stack([x, np.ones(len(team))]), team


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("n_teams", "runs"),
    [(10, 400)] + [pytest.param(g, 2_000, marks=pytest.mark.long) for g in (6, 12, 13, 20, 40)],
)
def test_few_teams_do_not_raise_false_alarms(n_teams, runs):
    """Without any effect p is below .05 in about 5% of samples, where the usual error has 8%."""
    rng = np.random.default_rng(20261122)
    low, high = (0.03, 0.08) if runs == 400 else (0.035 if n_teams > 6 else 0.02, 0.065)
    below = []
    for _ in range(runs):
        y, design, team = shared_cause(rng, n_teams)
        fit = least_squares(y, design, clusters=team, term=0)
        p = turned_pvalue(fit) if n_teams < 13 else bias_reduced(fit, n_parameters=2).pvalue
        below.append(p <= 0.05)

    assert low <= np.mean(below) <= high


PRINTED = {
    "CR2": """
A slope, with an error that allows for teams
--------------------------------------------
           Slope  95% interval    p
Per point  0.500  0.208 to 0.792  0.011
--------------------------------------------
6 teams, 12 rows; 3.3 degrees of freedom (CR2, Satterthwaite).
""",
    "wild": """
A slope tested with few teams
---------------------------------------
           Slope  95% interval    p
Per point  0.500  −1.04 to 0.673  0.062
---------------------------------------
6 teams, 12 rows; all 64 changes of sign tried, so p is never below 0.031.
""",
}


def test_both_are_printed_word_for_word():
    """A change of any word or digit that people read is a change of this file."""
    x = [1.0, 2, 2, 4, 3, 4, 1, 5, 2, 6, 3, 7]
    y = [3.0, 1, 2, 3, 4, 2, 1, 2, 4, 6, 2, 5]
    design, teams = np.column_stack([x, np.ones(12)]), list("aabbccddeeff")

    for name, method in (("CR2", cluster_robust), ("wild", wild_bootstrap)):
        table = method(y, design, clusters=teams, term=0).summary()
        assert f"\n{table}\n" == PRINTED[name]
