"""analysis.panel_fits: changes, leads, reliability of movements, and what noise hides."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from analysis import NotIdentified, TooNoisy, panel_models
from analysis.panel_fits import (
    clustered_slope,
    corrected_slope,
    movement_reliability,
    prepare,
)
from tests.analysis.conftest import data, oracle, scores

BOTH = "team and period"


def moved(rng, *, n_teams: int, n_periods: int = 6, noise: float = 0.0, lag: float = 0.3):
    """Rows of engagement with known noise and customers who follow its true value."""
    true = rng.normal(size=(n_teams, 1)) + rng.normal(size=(n_teams, n_periods))
    other = rng.normal(size=(n_teams, 1)) + rng.normal(size=(n_teams, n_periods))
    other[:, 1:] += lag * true[:, :-1]
    # Unequal teams: the noise of a row differs by half around its mean.
    variance = noise * (1 + 0.5 * np.sin(np.arange(n_teams * n_periods)))
    seen = true + np.sqrt(variance.reshape(true.shape)) * rng.normal(size=true.shape)
    before = slice(None), slice(0, -1)
    return pd.DataFrame(
        {
            "team": np.repeat(np.arange(n_teams), n_periods - 1),
            "period": np.tile(np.arange(n_periods - 1), n_teams),
            "true": true[before].ravel(),
            "x": seen[before].ravel(),
            "x_noise": variance.reshape(true.shape)[before].ravel(),
            "y": other[:, 1:].ravel(),
        }
    )


def framed(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return scores(rows[column].to_numpy(), team=rows["team"], period=rows["period"])


def test_changes_of_firms_agree_with_plm():
    """Differences of ten firms over twenty years: both slopes are those of plm's fd model."""
    rows = data("rpkg", "plm__Grunfeld.csv").rename(columns={"firm": "team", "year": "period"})
    values = ["inv", "value", "capital"]
    changes = rows.groupby("team")[values].diff().assign(team=rows["team"], period=rows["period"])
    expected = oracle("wild_grunfeld")["plm_fd"]["coef"]

    for first, second in (("value", "capital"), ("capital", "value")):
        ready = prepare(
            changes.dropna(), outcome="inv", predictors=[first, second], effects="none"
        )

        assert ready.fit.estimate == pytest.approx(expected[first], rel=1e-8)


def test_changes_of_hospitals_agree_with_plm():
    """One slope with gaps bridged, as plm's fd model bridges them."""
    used = ["Code", "Year.Index", "Engagement.Index", "SHMI.Index", "Responses"]
    rows = data("nhs_ebmgt", "data.NHS.2012_2019.csv").dropna(subset=used)
    rows = rows.drop_duplicates(["Code", "Year.Index"]).sort_values(["Code", "Year.Index"])
    changes = rows.groupby("Code")[["Engagement.Index", "SHMI.Index"]].diff()
    changes = changes.assign(team=rows["Code"], period=rows["Year.Index"]).dropna()

    ready = prepare(changes, outcome="SHMI.Index", predictors=["Engagement.Index"], effects="none")

    expected = oracle("nhs")["plm_fd"]["coef"]["eng"]
    assert ready.fit.estimate == pytest.approx(expected, rel=1e-8)


def test_changes_and_leads_equal_regressions_written_out(rng):
    """Change on change and the check with a later period, from columns made by hand."""
    rows = moved(rng, n_teams=20)
    rows = rows[rng.random(len(rows)) > 0.1]
    result = panel_models(framed(rows, "x"), framed(rows, "y"))

    def beside(shift: int) -> pd.DataFrame:
        near = rows[["team", "period", "x", "y"]].assign(period=rows["period"] + shift)
        return rows.merge(near, on=["team", "period"], suffixes=("", "_near"))

    lagged, led = beside(1), beside(-1)
    led = led[led.groupby("team")["team"].transform("size") > 1]
    periods = pd.get_dummies(lagged["period"], dtype=float)
    change = OLS(
        (lagged["y"] - lagged["y_near"]).to_numpy(),
        np.column_stack([lagged["x"] - lagged["x_near"], periods]),
    ).fit()
    effects = [pd.get_dummies(led[key], dtype=float) for key in ("team", "period")]
    lead = OLS(
        led["y"].to_numpy(),
        np.column_stack([led["x_near"], led["x"], effects[0], effects[1].iloc[:, 1:]]),
    ).fit()

    assert result.first_difference.estimate == pytest.approx(change.params[0], rel=1e-9)
    assert result.first_difference.nobs == len(lagged)
    assert result.lead_placebo.estimate == pytest.approx(lead.params[0], rel=1e-8)
    assert result.lead_placebo.nobs == len(led)


def test_noise_left_in_a_model_is_what_its_projection_leaves(rng):
    """The reliability is one less the noise on the diagonal of the residual maker, by row."""
    rows = moved(rng, n_teams=9, noise=0.4)
    rows = rows[rng.random(len(rows)) > 0.15].assign(z=lambda f: rng.normal(size=len(f)))
    dummies = [pd.get_dummies(rows[key], dtype=float).to_numpy() for key in ("team", "period")]
    for effects, parts in {
        "none": [np.ones((len(rows), 1))],
        "period": dummies[1:],
        BOTH: dummies,
    }.items():
        others = np.column_stack([rows["z"], *parts])
        maker = np.eye(len(rows)) - others @ np.linalg.pinv(others)
        left = maker @ rows["x"].to_numpy()
        expected = 1 - (np.diag(maker) * rows["x_noise"]).sum() / (left**2).sum()

        ready = prepare(rows, outcome="y", predictors=["x", "z"], effects=effects)

        assert movement_reliability(ready) == pytest.approx(expected, rel=1e-8)


def test_a_correction_divides_and_refuses(rng):
    """The slope is divided, its limits are Fieller's; unknown or overwhelming noise is refused."""
    rows = moved(rng, n_teams=30, noise=0.8)
    ready = prepare(rows, outcome="y", predictors=["x"], effects=BOTH)
    fit = clustered_slope(ready)

    mended = corrected_slope(fit)

    share = fit.reliability
    assert 0.3 < share < 0.8
    doubt = 1.96 * (1 - share) * np.sqrt(2 / (fit.nobs - fit.n_teams))
    assert mended.estimate == pytest.approx(fit.estimate / share)
    # At each limit the observed slope is as far from what it should be as its doubt allows.
    for limit, half in (
        (mended.ci_low, fit.estimate - fit.ci_low),
        (mended.ci_high, fit.ci_high - fit.estimate),
    ):
        gap = abs(fit.estimate - share * limit)
        assert gap == pytest.approx(np.hypot(half, doubt * limit), rel=1e-3)
    assert mended.pvalue == fit.pvalue
    unknown = prepare(rows.drop(columns="x_noise"), outcome="y", predictors=["x"], effects=BOTH)
    with pytest.raises(NotIdentified):
        corrected_slope(clustered_slope(unknown))
    loud = prepare(rows.assign(x_noise=5.0), outcome="y", predictors=["x"], effects=BOTH)
    with pytest.raises(TooNoisy):
        corrected_slope(clustered_slope(loud))


def test_adding_up_each_model_in_units_of_others(rng):
    """Ten times the predictor's scale is a tenth of every slope, and the same reliability."""
    rows = moved(rng, n_teams=15, noise=0.3)
    common = {"team": rows["team"], "period": rows["period"], "n": 10.0}
    plain = panel_models(
        scores(rows["x"], variance=3.0, **common), scores(rows["y"], variance=3.0, **common)
    )
    scaled = panel_models(
        scores(10 * rows["x"] + 4, variance=300.0, **common),
        scores(rows["y"], variance=3.0, **common),
    )

    for name in ("first_difference", "lag_forward", "lead_placebo", "within_corrected"):
        before, after = getattr(plain, name), getattr(scaled, name)
        assert 10 * after.estimate == pytest.approx(before.estimate, rel=1e-7)
        assert after.reliability == pytest.approx(before.reliability, rel=1e-7)
        assert after.pvalue == pytest.approx(before.pvalue, rel=1e-6)


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("n_teams", "noise", "runs"),
    [
        (60, 0.6, 150),
        pytest.param(20, 0.6, 1_000, marks=pytest.mark.long),
        pytest.param(150, 5.0, 1_000, marks=pytest.mark.long),
    ],
)
def test_corrected_slopes_hold_the_truth_that_noise_shrinks(n_teams, noise, runs):
    """The observed slope shrinks by its reliability; corrected, size and interval are right."""
    rng = np.random.default_rng(20261122)
    true, observed, mended, held, shares, withheld = [], [], [], [], [], 0
    for _ in range(runs):
        rows = moved(rng, n_teams=n_teams, noise=noise)
        true.append(prepare(rows, outcome="y", predictors=["true"], effects=BOTH).fit.estimate)
        fit = clustered_slope(prepare(rows, outcome="y", predictors=["x"], effects=BOTH))
        observed.append(fit.estimate)
        shares.append(fit.reliability)
        mended.append(fit.estimate / fit.reliability)
        try:
            interval = corrected_slope(fit)
        except TooNoisy:
            withheld += 1
            continue
        held.append(interval.ci_low <= 0.3 <= interval.ci_high)

    assert np.mean(true) == pytest.approx(0.3, abs=0.03)
    assert np.mean(observed) == pytest.approx(0.3 * np.mean(shares), abs=0.03)
    assert np.median(mended) == pytest.approx(np.mean(true), abs=0.03 if noise < 1 else 0.06)
    assert 0.9 <= np.mean(held) <= 0.985
    assert withheld <= (0.15 if noise < 1 else 0.3) * runs


@pytest.mark.simulation
def test_customers_who_move_employees_make_the_forward_lag_negative():
    """With the reverse effect alone, lags within teams mislead; so they tell no direction."""
    rng = np.random.default_rng(20261122)
    forward = []
    for _ in range(40):
        x, y = rng.normal(size=(2, 60, 1)) + rng.normal(size=(2, 60, 6))
        for wave in range(1, 6):
            x[:, wave] += 0.3 * y[:, wave - 1]
        rows = pd.DataFrame(
            {
                "team": np.repeat(np.arange(60), 5),
                "period": np.tile(np.arange(5), 60),
                "x": x[:, :-1].ravel(),
                "y": y[:, 1:].ravel(),
            }
        )
        ready = prepare(rows, outcome="y", predictors=["x"], effects=BOTH)
        forward.append(ready.fit.estimate)

    assert np.mean(forward) < -0.03
