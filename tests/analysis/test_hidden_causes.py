"""analysis.sensitivity, E-values and the team bootstrap: how much a link can bear."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from analysis import (
    BadFrame,
    NotEnoughTeams,
    NotIdentified,
    e_value,
    e_value_of_slope,
    robustness_value,
    sensitivity,
    team_bootstrap,
)
from tests.analysis.conftest import data, oracle


def made(rng, n: int = 40) -> pd.DataFrame:
    """Teams whose size and region go with both engagement and trust."""
    size, region = rng.normal(size=(2, n))
    engagement = 0.5 * size + 0.3 * region + rng.normal(size=n)
    trust = 0.6 * engagement - 0.4 * size + 0.5 * region + rng.normal(size=n)
    return pd.DataFrame({"x": engagement, "y": trust, "size": size, "region": region})


@pytest.fixture
def schools() -> pd.DataFrame:
    rows = data("nyc_sqr", "nyc_sqr_2015_linkage_complete.csv")
    return rows.assign(lenr=np.log(rows["enr"]))


def test_schools_agree_with_sensemakr(schools):
    """Slope, both robustness values and three benchmarks are those of R's sensemakr."""
    expected = oracle("nyc_2015")["sensemakr"]
    own = expected["stats"][0]

    found = sensitivity(
        schools, outcome="ptrust", predictor="eng", covariates=["eni", "lenr"], times=(1, 2, 3)
    )

    assert (found.estimate, found.std_error, found.statistic, found.df) == pytest.approx(
        (own["estimate"], own["se"], own["t_statistic"], own["dof"]), rel=1e-8
    )
    assert (found.partial_r2, found.robustness_value, found.robustness_value_at) == pytest.approx(
        (own["r2yd.x"], own["rv_q"], own["rv_qa"]), rel=1e-8
    )
    for mark, bound in zip(found.benchmarks[:3], expected["bounds"], strict=True):
        assert (mark.r2_predictor, mark.r2_outcome, mark.estimate, mark.std_error) == (
            pytest.approx(
                [bound[k] for k in ("r2dz.x", "r2yz.dx", "adjusted_estimate", "adjusted_se")],
                rel=1e-8,
            )
        )
        # R keeps the degrees of freedom of the regression without the hidden cause.
        assert (mark.ci_low, mark.ci_high) == pytest.approx(
            (bound["adjusted_lower_CI"], bound["adjusted_upper_CI"]), rel=1e-5
        )


def test_darfur_agrees_with_the_published_robustness_values():
    """t and degrees of freedom alone give .139 and .076, as printed by Cinelli and Hazlett."""
    own = oracle("sensitivity_power_nps")["darfur"]["stats"][0]
    t, df = own["t_statistic"], own["dof"]

    assert robustness_value(t, df=df) == pytest.approx(own["rv_q"], rel=1e-8)
    assert robustness_value(t, df=df, alpha=0.05) == pytest.approx(own["rv_qa"], rel=1e-8)


def test_e_values_agree_with_r():
    """Ratios above and below 1, and slopes: E-values are those of R's EValue."""
    expected, schools = oracle("sensitivity_power_nps")["evalues"], oracle("nyc_2015")
    above, below = e_value(3.9, ci_low=1.8, ci_high=8.7), e_value(0.8, ci_low=0.71, ci_high=0.91)
    assert above.e_value == pytest.approx(expected["RR3.9"]["point"], rel=1e-8)
    assert above.e_value_limit == pytest.approx(expected["RR3.9"]["lower"], rel=1e-8)
    assert below.e_value == pytest.approx(expected["RR0.8"]["point"], rel=1e-8)
    assert below.e_value_limit == pytest.approx(expected["RR0.8"]["upper"], rel=1e-8)
    for name, (estimate, error) in {"MD0.5": (0.5, 0.25), "OLS": (0.3, 0.1)}.items():
        found = e_value_of_slope(estimate, std_error=error, sd_outcome=1.0, gap=1.0)
        assert found.e_value == pytest.approx(expected[name]["point"], rel=1e-8)
        assert found.e_value_limit == pytest.approx(expected[name]["lower"], rel=1e-8)

    rows = schools["ols_adj"]["coef"]["values"][1]
    sizes = schools["evalue_OLS"]
    found = e_value_of_slope(
        rows[0], std_error=rows[1], sd_outcome=sizes["sd_y"], gap=sizes["delta"]
    )
    ratios, values = sizes["value"]["values"]
    assert (found.risk_ratio, found.ci_low, found.ci_high) == pytest.approx(ratios, rel=1e-8)
    assert (found.e_value, found.e_value_limit) == pytest.approx(values[:2], rel=1e-8)


def test_the_bootstrap_of_schools_agrees_with_r(schools):
    """Percentile limits lie within R's tolerance of those of boot with 20,000 draws."""
    expected = oracle("nyc_2015")["boot_eng_ptrust"]

    found = team_bootstrap(
        schools["eng"], schools["ptrust"], rng=np.random.default_rng(1), n_resamples=20_000
    )

    limits = (found.ci_low, found.ci_high)
    assert limits == pytest.approx(expected["percentile"], abs=expected["tolerance"])


def test_a_hidden_cause_of_that_strength_does_what_is_claimed(rng):
    """A made-up cause with both shares equal to the robustness value brings the slope to zero."""
    teams = made(rng)
    found = sensitivity(teams, outcome="y", predictor="x", covariates=["size"])
    share = found.robustness_value
    held = np.column_stack([np.ones(len(teams)), teams["size"]])
    fit = OLS(teams["y"].to_numpy(), np.column_stack([held, teams["x"]])).fit()
    x = OLS(teams["x"].to_numpy(), held).fit().resid
    y = fit.resid
    other = rng.normal(size=len(teams))
    basis, _ = np.linalg.qr(np.column_stack([held, x, y]))
    other -= basis @ (basis.T @ other)

    # Correlated with the predictor, and with what is left of the outcome beside it, by the
    # root of the share.
    x, y, other = (v / np.sqrt((v**2).sum()) for v in (x, y, other))
    beside = np.sqrt(share) * y + np.sqrt(1 - share) * other
    cause = np.sqrt(share) * x + np.sqrt(1 - share) * beside
    again = OLS(teams["y"].to_numpy(), np.column_stack([held, teams["x"], cause])).fit()

    assert again.params[2] == pytest.approx(0, abs=1e-8)
    assert found.estimate == pytest.approx(fit.params[2], rel=1e-9)
    assert found.std_error == pytest.approx(fit.bse[2], rel=1e-9)


def test_units_order_and_covariates_of_another_scale_change_nothing(rng):
    """Robustness and benchmarks have no units; slopes scale."""
    teams = made(rng)
    other = teams.sample(frac=1, random_state=1).assign(
        x=lambda t: 7 * t["x"] + 3, y=lambda t: 0.5 * t["y"] - 1, size=lambda t: -9 * t["size"] + 4
    )
    options = {"outcome": "y", "predictor": "x", "covariates": ["size", "region"]}

    before, after = sensitivity(teams, **options), sensitivity(other, **options)

    assert after.robustness_value == pytest.approx(before.robustness_value, rel=1e-9)
    assert after.robustness_value_at == pytest.approx(before.robustness_value_at, rel=1e-9)
    for old, new in zip(before.benchmarks, after.benchmarks, strict=True):
        assert new.r2_outcome == pytest.approx(old.r2_outcome, rel=1e-8)
        assert new.estimate == pytest.approx(old.estimate * 0.5 / 7, rel=1e-8)


def test_large_slopes_take_the_other_form():
    """Where a cause that leaves the outcome alone is the stronger threat, its share is given."""
    limit = 3.182446305284263 / np.sqrt(3)

    assert robustness_value(40, df=4, alpha=0.05) == pytest.approx(
        (400 - limit**2) / 401, rel=1e-9
    )
    assert robustness_value(1.0, df=30, alpha=0.05) == 0.0
    assert robustness_value(-3.0, df=30) == robustness_value(3.0, df=30)


def test_what_cannot_be_computed_is_refused(rng):
    """Missing columns, too few teams, columns that move as one, ratios that are none."""
    teams = made(rng)
    with pytest.raises(BadFrame):
        sensitivity(teams, outcome="y", predictor="z")
    with pytest.raises(BadFrame):
        sensitivity(teams, outcome="y", predictor="y")
    with pytest.raises(NotEnoughTeams):
        sensitivity(teams.head(3), outcome="y", predictor="x")
    with pytest.raises(NotIdentified):
        sensitivity(teams.assign(size=teams["x"]), outcome="y", predictor="x", covariates=["size"])
    with pytest.raises(NotIdentified):
        sensitivity(teams, outcome="y", predictor="x", covariates=["size"], times=[50])
    with pytest.raises(BadFrame):
        e_value(-1.0, ci_low=-2.0, ci_high=1.0)
    with pytest.raises(NotEnoughTeams):
        team_bootstrap([1, 2, 3], [1, 3, 2], rng=rng)


def test_drawn_correlations_are_those_of_the_drawn_teams(rng):
    """The limits are the percentiles of correlations computed draw by draw, noise and all."""
    x, noise = rng.normal(size=30), rng.uniform(0.2, 0.5, size=30)
    y = x + rng.normal(size=30)

    found = team_bootstrap(
        x, y, rng=np.random.default_rng(3), errors=(noise, noise), n_resamples=99
    )

    draws = np.random.default_rng(3).integers(30, size=(99, 30))
    r = [np.corrcoef(x[d], y[d])[0, 1] for d in draws]
    shares = [
        [max(0.05, 1 - (noise[d] ** 2).mean() / v[d].var(ddof=1)) for v in (x, y)] for d in draws
    ]
    corrected = np.clip(np.array(r) / np.sqrt(np.prod(shares, axis=1)), -1, 1)
    assert (found.ci_low, found.ci_high) == pytest.approx(np.quantile(r, [0.025, 0.975]))
    assert (found.corrected_ci_low, found.corrected_ci_high) == pytest.approx(
        np.quantile(corrected, [0.025, 0.975])
    )


PRINTED = {
    "sensitivity": """
How strong a hidden cause would have to be
------------------------------------------------------------------------------
                                                 Slope  95% interval   p
As observed                                      0.944  0.488 to 1.40  < 0.001
With a hidden cause as strong as size            0.927  0.493 to 1.36
With a hidden cause 2.0 times as strong as size  0.909  0.513 to 1.30
------------------------------------------------------------------------------
A hidden cause that explains 60% of what is left of engagement and of trust would explain the whole slope away; one of 37% would let the interval reach zero.
For comparison: a cause as strong as size explains at most 0.2% of what is left of engagement and 14.6% of trust.
24 teams.
""",  # noqa: E501 - printed lines stay as long as they are printed
    "e_value": """
How strong a hidden cause would have to be, as risk ratios
------------------------------------------------------------
                                      Estimate  95% interval
Risk ratio                            3.90      1.80 to 8.70
E-value                               7.26
E-value of the limit next to no link  3.00
------------------------------------------------------------
A hidden cause must go with both sides by risk ratios of this size or more to explain the link, or its limit, away.
""",  # noqa: E501 - printed lines stay as long as they are printed
    "bootstrap": """
The correlation, teams drawn again and again
----------------------------------------------------
                              Estimate  95% interval
Correlation r                 0.65      0.40 to 0.82
r, allowing for survey noise  0.75      0.49 to 0.94
----------------------------------------------------
24 teams drawn 2,000 times; with few teams these intervals are somewhat too short.
""",
}


def test_all_are_printed_word_for_word():
    """A change of any word or digit that people read is a change of this file."""
    wave = np.arange(24.0)
    teams = pd.DataFrame({"engagement": np.sin(wave), "size": np.cos(2 * wave)})
    teams["trust"] = teams["engagement"] + 0.3 * teams["size"] + np.sin(5 * wave)
    errors = np.full(24, 0.3)

    tables = {
        "sensitivity": sensitivity(
            teams, outcome="trust", predictor="engagement", covariates=["size"], times=(1, 2)
        ),
        "e_value": e_value(3.9, ci_low=1.8, ci_high=8.7),
        "bootstrap": team_bootstrap(
            teams["engagement"],
            teams["trust"],
            rng=np.random.default_rng(1),
            errors=(errors, errors),
        ),
    }

    for name, result in tables.items():
        assert f"\n{result.summary()}\n" == PRINTED[name], name
