"""Agreement with R: reliability, variance components, customers' figures, several units."""

import numpy as np
import pandas as pd
import pytest

from analysis import (
    compare_recommendation,
    consistency,
    contextual_model,
    hunter_schmidt,
    icc,
    level_correlations,
    mean_reliability,
    meta_correlation,
    moments_of,
    net_promoter_score,
    one_factor,
    score_moments,
    shrunken_scores,
    top_box_share,
    total_covariance,
    variance_components,
)
from tests.analysis.conftest import data, oracle

PARTS = {"COHES": 2_520, "LEAD": 27_720, "HRS": 1, "WBEING": 4_000_000}
"""In how many parts a point is counted to make the soldiers' scores whole, WBEING to 1e-7."""


@pytest.fixture(scope="module")
def soldiers() -> pd.DataFrame:
    rows = data("rpkg", "multilevel__bh1996.csv")
    return rows.assign(team=rows["GRP"].map("{:03d}".format))


@pytest.fixture(scope="module")
def counted(soldiers):
    whole = soldiers[["team"]].assign(
        **{name: (soldiers[name] * parts).round() for name, parts in PARTS.items()}
    )
    return moments_of(whole, items=list(PARTS))


@pytest.mark.parametrize("name", PARTS)
def test_components_of_army_groups_are_lme4s(soldiers, counted, name):
    """REML and the likelihood are R's lme4, ICC(2) limits R's F; from rows and from moments."""
    expected = oracle("bh1996")[name]
    reml, anova = expected["lmer_reml"], expected["from_sufficient_statistics"]
    teams = score_moments(soldiers[["team"]].assign(score=soldiers[name]))

    fit = variance_components(teams)

    assert fit.between == pytest.approx(reml["tau2"], rel=1e-5)
    assert fit.within == pytest.approx(reml["sigma2"], rel=1e-5)
    assert fit.icc1 == pytest.approx(reml["icc1"], rel=1e-5)
    assert fit.terms[0].estimate == pytest.approx(reml["fixef"], rel=1e-7)
    assert fit.terms[0].std_error == pytest.approx(reml["se_fixef"], rel=1e-5)
    assert fit.log_likelihood == pytest.approx(reml["logLik_reml"], abs=1e-6)
    assert fit.mean_reliability == pytest.approx(expected["gmeanrel"]["mean_MeanRel"], rel=1e-5)
    assert fit.icc1 == pytest.approx(expected["mult.icc"]["ICC1"], rel=1e-5)
    # R's multilevel::ICC1 takes the mean size where we take n0.
    f, mean_size = icc(teams).statistic, anova["n_mean"]
    assert (f - 1) / (f + mean_size - 1) == pytest.approx(
        expected["multilevel_ICC1"]["value"], rel=1e-8
    )
    low_high = (icc(teams).icc2_ci_low, icc(teams).icc2_ci_high)
    assert low_high == pytest.approx(anova["icc2_ci95"], rel=1e-8)
    exact = icc(counted.scores(name))
    assert exact.icc2 == pytest.approx(anova["icc2"], rel=1e-7)


@pytest.mark.parametrize("name", PARTS)
def test_shrunken_scores_of_army_groups_are_lme4s(soldiers, name):
    """Every group's prediction and weight are R's ranef."""
    expected = oracle("bh1996")[name]["blup"]

    teams = shrunken_scores(score_moments(soldiers[["team"]].assign(score=soldiers[name]))).teams

    assert teams["team"].astype(int).tolist() == expected["group"]
    assert teams["n"].tolist() == expected["n"]
    assert teams["mean"].to_numpy() == pytest.approx(np.array(expected["raw_mean"]), rel=1e-9)
    assert teams["reliability"].to_numpy() == pytest.approx(np.array(expected["lambda"]), abs=1e-5)
    assert teams["shrunken"].to_numpy() == pytest.approx(np.array(expected["blup_mean"]), abs=1e-5)
    first = oracle("bh1996")[name]["gmeanrel"]["MeanRel_first10"]
    assert teams["reliability"][:10].tolist() == pytest.approx(first, abs=1e-5)


def test_contextual_model_of_army_groups_is_lme4s(counted):
    """WBEING ~ HRS + G.HRS + (1|GRP): coefficients, errors, variances and likelihood."""
    expected = oracle("bh1996")["contextual_model"]
    point = PARTS["WBEING"]

    fit = contextual_model(counted, outcome="WBEING", predictors=["HRS"])

    for term, (estimate, error, _) in zip(fit.terms, expected["coef"]["values"], strict=True):
        assert term.estimate / point == pytest.approx(estimate, rel=1e-6)
        assert term.std_error / point == pytest.approx(error, rel=1e-5)
    made = [fit.between / point**2, fit.within / point**2]
    assert made == pytest.approx([row["vcov"] for row in expected["vc"]], rel=1e-5)
    in_points = fit.log_likelihood + (fit.nobs - 3) * np.log(point)
    assert in_points == pytest.approx(expected["logLik"], abs=1e-5)


@pytest.mark.parametrize("other", ["HRS", "LEAD"])
def test_levels_of_army_scores_are_wabas(counted, other):
    """People, within and between are R's multilevel::waba; so is the ecological fallacy."""
    results = oracle("bh1996")
    found = results[f"waba_{other}_WBEING"]
    expected = (found.get("n") or found["value"])[0]

    levels = level_correlations(counted, other, "WBEING")

    assert levels.total == pytest.approx(expected["RawCorr"], abs=1e-8)
    assert levels.within == pytest.approx(expected["CorrW"], abs=1e-8)
    assert levels.between == pytest.approx(expected["CorrB"], abs=1e-8)
    if other == "HRS":
        latent = results["disattenuation_HRS_WBEING"]["r_latent_manova"]
        assert levels.latent == pytest.approx(latent, abs=1e-8)


def personality(construct: str) -> tuple[pd.DataFrame, list[str]]:
    names = oracle("bfi")[construct]["items"]
    columns = [name.lstrip("-") for name in names]
    answers = data("rpkg", "psychTools__bfi.csv")[columns].dropna()
    for name in names:
        if name.startswith("-"):
            answers[name[1:]] = 7 - answers[name[1:]]
    return answers.assign(team="all"), columns


@pytest.mark.parametrize("construct", list("ACENO"))
def test_alpha_and_omega_of_personality_items_agree_with_r(construct):
    """From moments: alpha, Feldt's interval, both omegas, lavaan's loadings and chi-squared."""
    expected = oracle("bfi")[construct]
    answers, columns = personality(construct)
    n, model = expected["n_listwise"], expected["omega_cfa_ml_unstandardised"]
    covariance = total_covariance(moments_of(answers, items=columns))

    alpha = consistency(covariance, nobs=n)
    fit = one_factor(covariance, nobs=n)

    assert covariance.to_numpy() == pytest.approx(np.array(expected["item_cov"]["values"]))
    assert alpha.alpha == pytest.approx(expected["alpha"], rel=1e-8)
    assert (alpha.ci_low, alpha.ci_high) == pytest.approx(expected["feldt_ci95"], rel=1e-8)
    assert fit.omega == pytest.approx(model["omega"], abs=1e-5)
    assert fit.omega_observed == pytest.approx(expected["omega_semTools_compRelSEM"], abs=1e-5)
    assert fit.loadings == pytest.approx(model["lambda"], abs=1e-5)
    assert fit.uniquenesses == pytest.approx(model["theta"], abs=1e-5)
    assert (fit.statistic, fit.df) == pytest.approx((model["fit"]["chisq"], 5), abs=1e-6)
    sd = np.sqrt(np.diag(covariance))
    on_correlation = one_factor(covariance / np.outer(sd, sd), nobs=n)
    standardised = consistency(covariance / np.outer(sd, sd), nobs=n)
    assert standardised.alpha == pytest.approx(expected["psych_alpha_std"], rel=1e-8)
    theirs = expected["omega_from_correlation_ml_fa"]
    assert on_correlation.omega == pytest.approx(theirs["omega"], abs=1e-5)
    assert on_correlation.loadings == pytest.approx(theirs["loadings"], abs=1e-4)


@pytest.mark.parametrize("construct", ["IMAG", "CUEX", "PERQ", "PERV", "CUSA", "CUSL"])
def test_alpha_and_omega_of_customers_agree_with_r(construct):
    """The customer half of the chain: alpha, and omega where there are three items."""
    expected = oracle("mobi_ecsi")["alpha"][construct]
    rows = data("rpkg", "seminr__mobi.csv")
    columns = [f"{construct}{place}" for place in range(1, expected["k"] + 1)]
    covariance = total_covariance(moments_of(rows.assign(team="all"), items=columns))

    assert consistency(covariance, nobs=250).alpha == pytest.approx(expected["alpha"], rel=1e-8)
    sd = np.sqrt(np.diag(covariance))
    standardised = consistency(covariance / np.outer(sd, sd), nobs=250)
    assert standardised.alpha == pytest.approx(expected["std_alpha"], rel=1e-8)
    if expected["omega"] is None:
        return
    fit = one_factor(covariance, nobs=250)
    if construct == "CUSL":
        # lavaan lets an item have a variance of its own below zero; here that is an edge.
        a, b, c = (covariance.iloc[i, k] for i, k in ((0, 1), (0, 2), (1, 2)))
        loadings = np.sqrt([a * b / c, a * c / b, b * c / a])
        own = np.diag(covariance) - loadings**2
        total = loadings.sum() ** 2
        assert total / (total + own.sum()) == pytest.approx(expected["omega"], abs=1e-5)
        assert own.min() < 0
        assert fit.at_edge
    else:
        assert fit.omega == pytest.approx(expected["omega"], abs=1e-5)


def test_figures_of_customers_agree_with_r():
    """NPS on 1 to 10 and the top two boxes of the mobile customers, from their counts."""
    expected = oracle("mobi_ecsi")["csat"]
    rows = data("rpkg", "seminr__mobi.csv").assign(team="all")
    moments = moments_of(rows, items=["CUSA1", "CUSL3"])

    assert net_promoter_score(moments.counts_of("CUSL3")).estimate == pytest.approx(
        expected["nps_CUSL3"]
    )
    top = top_box_share(moments.counts_of("CUSA1"), top_from=9)
    assert top.estimate == pytest.approx(expected["top2_CUSA1"])


def test_recommendation_scores_and_shares_agree_with_r():
    """All cases of NPS with adjusted limits, their difference, and Wilson's limits."""
    results = oracle("sensitivity_power_nps")
    for case in results["nps"]["cases"]:
        counts = {"0": case["d"], "8": case["passive"], "10": case["p"]}
        score = net_promoter_score(counts)
        _, low, high = case["adjusted_wald_plus3"]
        assert score.estimate == pytest.approx(case["nps"])
        assert (score.ci_low, score.ci_high) == pytest.approx((low, min(high, 100)), rel=1e-8)

    gap, expected = (
        compare_recommendation((60, 25, 15), (50, 30, 20)),
        results["nps"]["difference"],
    )
    made = (gap.estimate, gap.std_error, gap.statistic, gap.pvalue)
    assert made == pytest.approx([expected[k] for k in ("diff", "se", "z", "p")], rel=1e-8)
    wilson = results["topbox_wilson"]
    for k, n, limits in zip(wilson["k"], wilson["n"], wilson["ci"], strict=True):
        share = top_box_share({"1": n - k, "5": k}, top_from=4)
        assert (share.ci_low, share.ci_high) == pytest.approx(limits, abs=1e-12)


def test_73421_ratings_have_the_components_of_lme4():
    """InstEval: lecturers by REML, both ICCs by analysis of variance, departments' top boxes."""
    expected = oracle("sensitivity_power_nps")["InstEval"]
    rows = data("rpkg", "lme4__InstEval.csv").astype({"d": str})
    by_lecturer = moments_of(rows.assign(team=rows["d"]), items=["y"]).scores("y")
    dept = rows.assign(team=rows["dept"].map("{:02d}".format))
    by_dept = moments_of(dept, items=["y"])

    fit, reml = variance_components(by_lecturer), expected["lmer_d"]

    assert fit.between == pytest.approx(reml["tau2"], rel=1e-5)
    assert fit.within == pytest.approx(reml["sigma2"], rel=1e-5)
    assert fit.terms[0].estimate == pytest.approx(reml["mu"], rel=1e-7)
    assert fit.terms[0].std_error == pytest.approx(reml["se_mu"], rel=1e-5)
    assert fit.log_likelihood == pytest.approx(reml["logLik_reml"], abs=1e-5)
    for teams, key in ((by_lecturer, "icc_lecturer"), (by_dept.scores("y"), "icc_dept")):
        made, theirs = icc(teams), expected[key]
        assert made.icc1 == pytest.approx(theirs["icc1_n0"], rel=1e-8)
        assert made.icc2 == pytest.approx(theirs["icc2"], rel=1e-8)
        assert [made.icc1_ci_low, made.icc1_ci_high] == pytest.approx(theirs["icc1_ci95_n0"])
        assert [made.icc2_ci_low, made.icc2_ci_high] == pytest.approx(theirs["icc2_ci95"])
    top = expected["top2_by_dept"]
    _, number = by_dept.histogram("y")
    assert number[:, 3:].sum(axis=1) / number.sum(axis=1) == pytest.approx(np.array(top["top2"]))
    assert by_dept.scores("y")["mean"].to_numpy() == pytest.approx(np.array(top["mean"]))


@pytest.fixture(scope="module")
def studies() -> pd.DataFrame:
    return data("rpkg", "psychmeta__gonzalezmule_complete.csv")


def test_correlations_of_units_agree_with_metafor(studies):
    """REML on Fisher's z, Knapp and Hartung, Q and I2; metafor stops 1e-5 from the maximum."""
    expected = oracle("meta")["rma_ZCOR_REML"]

    result = meta_correlation(studies["rxyi"], n_teams=studies["n"])

    z = result.on_z
    assert z.between == pytest.approx(expected["tau2"], abs=1e-5)
    assert z.estimate == pytest.approx(expected["mu_z"], abs=1e-5)
    assert z.std_error_plain == pytest.approx(expected["se"], abs=1e-5)
    assert z.std_error == pytest.approx(expected["knha_se"], abs=1e-5)
    assert (z.ci_low, z.ci_high) == pytest.approx(expected["knha_ci"], abs=1e-5)
    assert z.heterogeneity == pytest.approx(expected["Q"], rel=1e-8)
    assert z.heterogeneity_pvalue == pytest.approx(expected["Qp"], rel=1e-6)
    assert 100 * z.i2 == pytest.approx(expected["I2"], abs=0.01)
    assert result.r == pytest.approx(expected["mu_r"], abs=1e-5)
    reach = 1.959963984540054 * np.sqrt(z.between + z.std_error_plain**2)
    assert z.estimate + reach == pytest.approx(expected["pi_z"][1], abs=1e-5)


def test_correlations_of_molloy_agree_with_metafor():
    """The 16 studies of metafor's own documentation."""
    expected = oracle("meta")["molloy2014"]
    rows = data("rpkg", "metadat__dat.molloy2014.csv")

    result = meta_correlation(rows["ri"], n_teams=rows["ni"])

    z = result.on_z
    assert (z.estimate, z.std_error_plain) == pytest.approx(
        (expected["mu_z"], expected["se"]), abs=1e-5
    )
    assert z.between == pytest.approx(expected["tau2"], abs=1e-5)
    assert z.heterogeneity == pytest.approx(expected["Q"], rel=1e-8)
    assert result.r == pytest.approx(expected["r"], abs=1e-5)


def test_corrected_correlations_of_units_agree_with_r(studies):
    """Hunter and Schmidt by hand in R, and psychmeta once its own divisor and bias are put in."""
    results = oracle("meta")
    by_hand, theirs = results["hand"], results["individual_correction"]["true_score"][0]
    n, sides = studies["n"], {"reliability_x": studies["rxxi"], "reliability_y": studies["ryyi"]}

    result = hunter_schmidt(studies["rxyi"], n_teams=n, **sides)

    made = {
        "k": result.n_units,
        "N": result.n_teams,
        "rbar": result.mean_r,
        "var_r_uncorrected": result.observed_variance,
        "var_e_HS_Nbar": result.sampling_variance,
        "var_res": result.observed_variance - result.sampling_variance,
        "pct_var_artefact_bb": 100 * result.chance_share,
        "rho_bar": result.rho,
        "var_rc": result.corrected_variance,
        "var_e_rc": result.corrected_sampling_variance,
        "sd_rho": result.sd_rho,
    }
    assert made == pytest.approx({key: by_hand[key] for key in made}, rel=1e-8)
    limits = (result.credibility_low, result.credibility_high)
    assert limits == pytest.approx(by_hand["cv80"], rel=1e-8)
    # psychmeta first takes the bias of small samples off each r, and divides by k - 1.
    unbiased = hunter_schmidt(studies["rxyi"] * (2 * n - 1) / (2 * n - 2), n_teams=n, **sides)
    assert unbiased.mean_r == pytest.approx(theirs["mean_r"], rel=1e-8)
    assert unbiased.rho == pytest.approx(theirs["mean_rho"], rel=1e-8)
    assert unbiased.corrected_variance * 43 / 42 == pytest.approx(theirs["var_r_c"], rel=1e-8)
    assert unbiased.corrected_sampling_variance == pytest.approx(theirs["var_e_c"], rel=1e-8)
    assert (unbiased.ci_low, unbiased.ci_high) == pytest.approx(
        (theirs["CI_LL_95"], theirs["CI_UL_95"]), rel=1e-8
    )


def test_reliability_of_linked_means_is_close_to_the_mean_weight(soldiers):
    """Two roads to one figure: the variance of team means, and the weights of REML."""
    teams = score_moments(soldiers[["team"]].assign(score=soldiers["LEAD"]))
    fit = variance_components(teams)

    by_means = mean_reliability(teams, within_variance=fit.within)

    assert by_means == pytest.approx(fit.mean_reliability, abs=0.02)
