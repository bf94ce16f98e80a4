"""Agreement with R on real data, to the tolerances of the figures' own arithmetic."""

import numpy as np
import pandas as pd
import pytest

from analysis import (
    Side,
    cronbach_alpha,
    icc,
    link,
    minimum_detectable_r,
    pairwise_covariance,
    panel_models,
    pearson,
    power_of_r,
    score_moments,
    slope,
    spearman,
)
from analysis.slopes import t_pvalue
from tests.analysis.conftest import data, oracle, scores

NHS = {
    "pooled_period": ("pooled", "eng"),
    "within_two_way": ("twfe", "eng"),
    "lag_forward": ("lag_twfe", "eng_l1"),
    "lag_reverse": ("rev_lag_twfe", "shmi_l1"),
    "adl_forward": ("adl", "eng_l1"),
    "adl_reverse": ("rev_adl", "shmi_l1"),
}


@pytest.fixture(scope="module")
def schools() -> pd.DataFrame:
    return data("nyc_sqr", "nyc_sqr_2015_linkage_complete.csv")


@pytest.fixture(scope="module")
def hospitals() -> dict[str, pd.DataFrame]:
    rows = data("nhs_ebmgt", "data.NHS.2012_2019.csv")
    used = ["Code", "Year.Index", "Engagement.Index", "SHMI.Index", "Responses"]
    rows = rows.dropna(subset=used).drop_duplicates(["Code", "Year.Index"])
    return {
        name: scores(
            rows[column].to_numpy(),
            team=rows["Code"].to_numpy(),
            period=rows["Year.Index"].to_numpy(),
            n=rows["Responses"].to_numpy(),
            variance=np.nan,
        )
        for name, column in (("employee", "Engagement.Index"), ("customer", "SHMI.Index"))
    }


@pytest.mark.parametrize("outcome", ["ptrust", "outp", "pprin", "strust", "ssafe", "ssup", "att"])
def test_school_correlations_agree_with_r(schools, outcome):
    """r, its interval and p, and Spearman with its p are those of R's cor.test."""
    expected = oracle("nyc_2015")["engagement_vs_customer"][outcome]

    observed = pearson(schools["eng"], schools[outcome])
    ranks = spearman(schools["eng"], schools[outcome])

    assert observed.r == pytest.approx(expected["r"], rel=1e-10)
    assert [observed.ci_low, observed.ci_high] == pytest.approx(expected["ci95"], rel=1e-10)
    assert observed.pvalue == pytest.approx(expected["p"], rel=1e-8)
    assert ranks.r == pytest.approx(expected["spearman"], rel=1e-10)
    assert ranks.pvalue == pytest.approx(expected["spearman_p"], rel=1e-8)


def test_the_linked_schools_carry_the_same_correlation(schools):
    """The whole linkage gives the figure of the bare columns, and calls it clear."""
    employee = scores(schools["eng"], team=schools["dbn"], n=np.nan, variance=np.nan)
    customer = employee.assign(mean=schools["ptrust"])

    result = link(
        Side(scores=employee, name="engagement"), Side(scores=customer, name="trust"), seed=1
    )

    expected = oracle("nyc_2015")["engagement_vs_customer"]["ptrust"]
    assert result.link.n_teams == 486
    assert result.link.pearson.r == pytest.approx(expected["r"], rel=1e-10)
    assert (result.verdict.code, result.verdict.direction) == ("clear", "positive")


@pytest.mark.parametrize("name", NHS)
def test_hospital_panel_agrees_with_fixest(hospitals, name):
    """Estimate, plain clustered error, the p that goes with it and rows are fixest's."""
    model, term = NHS[name]
    expected = oracle("nhs")["models"][model]

    fit = getattr(panel_models(hospitals["employee"], hospitals["customer"]), name)

    assert fit.estimate == pytest.approx(expected["coef"][term], rel=1e-8)
    assert fit.plain_std_error == pytest.approx(expected["se_cluster"][term], rel=1e-8)
    plain = t_pvalue(fit.estimate, fit.plain_std_error, df=fit.n_teams - 1)
    assert plain == pytest.approx(expected["p"][term], rel=1e-8)
    assert fit.errors == "CR2"
    assert fit.std_error == pytest.approx(fit.plain_std_error, rel=0.03)
    assert fit.nobs == expected["nobs"]


def test_hospital_means_agree_with_plm(hospitals):
    """The line between teams is plm's between model."""
    expected = oracle("nhs")["plm_between"]

    fit = panel_models(hospitals["employee"], hospitals["customer"]).between

    assert fit.estimate == pytest.approx(expected["coef"]["eng"], rel=1e-8)
    assert fit.std_error == pytest.approx(expected["se"]["eng"], rel=1e-8)


@pytest.mark.parametrize("column", ["COHES", "LEAD", "HRS", "WBEING"])
def test_icc_of_army_groups_agrees_with_r(column):
    """ICC(1) with n0, its interval, ICC(2) and F are R's, from moments only."""
    rows = data("rpkg", "multilevel__bh1996.csv")
    expected = oracle("bh1996")[column]["from_sufficient_statistics"]

    result = icc(score_moments(pd.DataFrame({"team": rows["GRP"], "score": rows[column]})))

    assert result.icc1 == pytest.approx(expected["icc1_n0"], rel=1e-8)
    assert [result.icc1_ci_low, result.icc1_ci_high] == pytest.approx(
        expected["icc1_ci95_n0"], rel=1e-8
    )
    assert result.icc2 == pytest.approx(expected["icc2"], rel=1e-8)
    assert result.statistic == pytest.approx(expected["F"], rel=1e-8)
    assert result.pvalue == pytest.approx(expected["p"], rel=1e-6)
    assert (result.df_between, result.df_within) == (expected["df1"], expected["df2"])


@pytest.mark.parametrize("construct", list("ACENO"))
def test_alpha_agrees_with_r(construct):
    """Alpha from the covariances of complete answers is R's."""
    expected = oracle("bfi")[construct]
    rows = data("rpkg", "psychTools__bfi.csv")
    columns = [name.lstrip("-") for name in expected["items"]]
    answers = rows[columns].dropna()
    for item in expected["items"]:
        if item.startswith("-"):
            answers[item[1:]] = 7 - answers[item[1:]]

    covariance = pairwise_covariance(answers)

    assert covariance.to_numpy() == pytest.approx(
        np.array(expected["item_cov"]["values"]), rel=1e-9
    )
    assert cronbach_alpha(covariance) == pytest.approx(expected["alpha"], rel=1e-9)


def test_hc3_error_of_schools_is_its_formula_by_hand(schools):
    """With one predictor the error is sqrt(sum((dx e / (1 - h))**2)) / sum(dx**2)."""
    x, y = schools["eng"].to_numpy(float), schools["ptrust"].to_numpy(float)
    dx = x - x.mean()
    beta = (dx @ y) / (dx @ dx)
    residual = y - y.mean() - beta * dx
    leverage = 1 / len(x) + dx**2 / (dx @ dx)
    by_hand = np.sqrt(((dx * residual / (1 - leverage)) ** 2).sum()) / (dx @ dx)

    line = slope(x, y)

    assert line.estimate == pytest.approx(beta, rel=1e-10)
    assert line.std_error == pytest.approx(by_hand, rel=1e-10)


# R 4.2.2: uniroot on the integrated density of Hotelling (1953); see power_of_r.
DETECTABLE = {
    6: 0.894348833073113,
    8: 0.821190055432758,
    10: 0.761152280192561,
    20: 0.579316979313418,
    50: 0.383735051535858,
    100: 0.275679889695043,
    500: 0.124884775917257,
}


@pytest.mark.parametrize("n", DETECTABLE)
def test_detectable_correlation_is_exact(n):
    """The smallest detectable r is the exact one, not Fisher's approximation."""
    assert minimum_detectable_r(n) == pytest.approx(DETECTABLE[n], abs=1e-8)


def test_power_is_exact():
    """R: pw(10, .5), pw(20, .3), pw(30, .5) and the level of the test itself."""
    assert power_of_r(0.5, n_teams=10) == pytest.approx(0.327001307468414, abs=1e-9)
    assert power_of_r(0.3, n_teams=20) == pytest.approx(0.253936402044804, abs=1e-9)
    assert power_of_r(0.5, n_teams=30) == pytest.approx(0.82768998469891, abs=1e-9)
    assert power_of_r(0.0, n_teams=10) == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("n", [4, 5, 1_000, 20_000])
def test_detectable_correlation_exists_far_outside_the_table(n):
    """The answer has the power that was asked for, however few or many teams."""
    assert power_of_r(minimum_detectable_r(n), n_teams=n) == pytest.approx(0.80, abs=1e-7)
