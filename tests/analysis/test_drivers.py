"""analysis.key_drivers and the weights beneath: dividing what drivers explain together."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS

from analysis import (
    BadFrame,
    NotEnoughTeams,
    NotIdentified,
    johnson_weights,
    key_drivers,
    lmg_weights,
)
from analysis.drivers import r2_interval
from tests.analysis.conftest import data, oracle

DRIVERS = ["lead", "tools", "load"]


def made(rng, n: int = 60) -> pd.DataFrame:
    """Three drivers that go together, of which leadership does most and load nothing."""
    mood = rng.normal(size=n)
    teams = pd.DataFrame({name: mood + rng.normal(size=n) for name in DRIVERS})
    return teams.assign(engagement=0.8 * teams["lead"] + 0.4 * teams["tools"] + rng.normal(size=n))


def test_drivers_of_schools_agree_with_r():
    """LMG is relaimpo's and Johnson's weights are rwa's, for seven drivers of 486 schools."""
    schools = data("nyc_sqr", "nyc_sqr_2015_linkage_complete.csv")
    expected = oracle("nyc_2015")["key_drivers"]
    names = expected["predictors"]

    found = key_drivers(
        schools,
        outcome="eng",
        drivers=names,
        rng=np.random.default_rng(1),
        same_source=names,
        n_resamples=100,
    )

    assert found.r2 == pytest.approx(expected["r2"], rel=1e-8)
    for driver in found.drivers:
        assert driver.lmg == pytest.approx(expected["lmg"][driver.name], rel=1e-8)
        assert driver.johnson == pytest.approx(expected["johnson_raw"][driver.name], rel=1e-6)
        assert driver.lmg_ci_low < driver.lmg < driver.lmg_ci_high
    assert found.drivers[0].name == "tptrust"


def test_drivers_of_parents_trust_agree_with_r():
    """Shares of four drivers of another respondent's score are relaimpo's."""
    schools = data("nyc_sqr", "nyc_sqr_2015_linkage_complete.csv")
    expected = oracle("nyc_2015")["key_drivers_customer"]
    names = list(expected["lmg_share"])

    together = schools[["ptrust", *names]].corr().to_numpy()
    shares = lmg_weights(together)

    assert shares.sum() == pytest.approx(expected["r2"], rel=1e-8)
    assert shares / shares.sum() == pytest.approx(list(expected["lmg_share"].values()), rel=1e-8)


def test_lmg_is_the_mean_over_all_orders_of_regressions(rng):
    """Fitting every order of three drivers one by one gives the same importance."""
    teams = made(rng)
    y = teams["engagement"].to_numpy()

    def r2(names):
        return OLS(y, np.column_stack([np.ones(len(y)), teams[list(names)]])).fit().rsquared

    gains = {name: [] for name in DRIVERS}
    for order in permutations(DRIVERS):
        for i, name in enumerate(order):
            gains[name].append(r2(order[: i + 1]) - r2(order[:i]))

    found = key_drivers(
        teams, outcome="engagement", drivers=DRIVERS, rng=np.random.default_rng(1), n_resamples=50
    )

    for driver in found.drivers:
        assert driver.lmg == pytest.approx(np.mean(gains[driver.name]), rel=1e-9)
    assert found.r2 == pytest.approx(r2(DRIVERS), rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6))
def test_weights_divide_r2_whatever_the_order_of_drivers(seed, p):
    """Both sum to R-squared, are never below zero, and follow their driver wherever it stands."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(40, p + 1)) + rng.normal(size=(40, 1))
    together = np.corrcoef(scores, rowvar=False)
    r2 = together[0, 1:] @ np.linalg.solve(together[1:, 1:], together[1:, 0])
    order = rng.permutation(p) + 1
    moved = together[np.ix_([0, *order], [0, *order])]

    for method in (lmg_weights, johnson_weights):
        shares = method(together)
        assert shares.sum() == pytest.approx(r2, rel=1e-9)
        assert (shares >= 0).all()
        assert method(moved) == pytest.approx(shares[order - 1], rel=1e-7, abs=1e-12)


def test_names_units_and_order_of_teams_do_not_matter(rng):
    """Other units, signs and places give the same importance; draws move the intervals only."""
    teams = made(rng)
    other = teams.sample(frac=1, random_state=2).assign(lead=lambda t: 3 - 5 * t["lead"])

    before, after = (
        key_drivers(
            frame,
            outcome="engagement",
            drivers=names,
            rng=np.random.default_rng(1),
            n_resamples=50,
        )
        for frame, names in ((teams, DRIVERS), (other, DRIVERS[::-1]))
    )

    assert [d.name for d in before.drivers] == [d.name for d in after.drivers]
    assert [d.lmg for d in before.drivers] == pytest.approx([d.lmg for d in after.drivers])
    assert [d.johnson for d in before.drivers] == pytest.approx([d.johnson for d in after.drivers])


def test_the_interval_of_r2_is_where_the_noncentral_f_says():
    """At each limit the observed F is the 97.5th or the 2.5th percentile."""
    low, high = r2_interval(0.4, n_teams=40, n_predictors=4)
    statistic = 0.4 / 4 / (0.6 / 35)

    for share, level in ((low, 0.975), (high, 0.025)):
        noncentral = 40 * share / (1 - share)
        assert stats.ncf.cdf(statistic, 4, 35, noncentral) == pytest.approx(level, abs=1e-6)
    assert r2_interval(0.05, n_teams=40, n_predictors=4)[0] == 0.0
    assert r2_interval(1.0, n_teams=40, n_predictors=4) == (1.0, 1.0)


def test_what_cannot_be_divided_is_refused(rng):
    """Too few teams, nothing explained, drivers that are one, names that are none."""
    teams = made(rng)
    options = {"outcome": "engagement", "rng": rng, "n_resamples": 20}

    with pytest.raises(NotEnoughTeams):
        key_drivers(teams.head(14), drivers=DRIVERS, **options)
    with pytest.raises(NotIdentified):
        key_drivers(teams.assign(engagement=rng.normal(size=60)), drivers=DRIVERS, **options)
    with pytest.raises(NotIdentified):
        key_drivers(teams.assign(load=2 * teams["lead"]), drivers=DRIVERS, **options)
    with pytest.raises(NotIdentified):
        key_drivers(teams.assign(load=1.0), drivers=DRIVERS, **options)
    with pytest.raises(BadFrame):
        key_drivers(teams, drivers=["lead", "sun"], **options)
    with pytest.raises(BadFrame):
        key_drivers(teams, drivers=DRIVERS, same_source=["sun"], **options)
    with pytest.raises(BadFrame):
        key_drivers(teams, drivers=["lead"], **options)
    with pytest.raises(BadFrame):
        lmg_weights(np.eye(14))
    with pytest.raises(BadFrame):
        johnson_weights([[1.0, 0.2], [0.3, 1.0]])


@pytest.mark.simulation
def test_the_true_driver_comes_first_and_its_interval_holds_the_truth():
    """In most samples the driver that does most is named first, and its share lies inside."""
    rng = np.random.default_rng(20261122)
    truth = lmg_weights(made(rng, n=200_000)[["engagement", *DRIVERS]].corr().to_numpy())[0]

    first, held = [], []
    for _ in range(40):
        found = key_drivers(
            made(rng), outcome="engagement", drivers=DRIVERS, rng=rng, n_resamples=100
        )
        lead = next(driver for driver in found.drivers if driver.name == "lead")
        first.append(found.drivers[0].name == "lead")
        held.append(lead.lmg_ci_low <= truth <= lead.lmg_ci_high)

    assert np.mean(first) >= 0.9
    assert np.mean(held) >= 0.85


PRINTED = """
What goes with engagement
------------------------------------------------------------------------------
            Importance  95% interval  Johnson  Keeps its rank  Asked of
leadership  0.67        0.53 to 0.78  0.67     100% of draws   the same people
tools       0.17        0.06 to 0.33  0.17     100% of draws   others
------------------------------------------------------------------------------
30 teams. Together they explain 84% of the differences between teams (69% to 89%).
Importance: share of these differences (LMG). It says what goes together, not what would happen if a driver were changed.
Drivers asked of the same people as the outcome share their moods and habits of answering: their importance is too high.
Teams drawn 1,000 times.
"""  # noqa: E501 - printed lines stay as long as they are printed


def test_drivers_are_printed_word_for_word():
    """A change of any word or digit that people read is a change of this file."""
    wave = np.arange(30.0)
    teams = pd.DataFrame({"leadership": np.sin(wave), "tools": np.cos(3 * wave)})
    teams["engagement"] = teams["leadership"] + 0.5 * teams["tools"] + np.sin(7 * wave) / 2

    found = key_drivers(
        teams,
        outcome="engagement",
        drivers=["tools", "leadership"],
        same_source=["leadership"],
        rng=np.random.default_rng(1),
    )

    assert f"\n{found.summary()}\n" == PRINTED
