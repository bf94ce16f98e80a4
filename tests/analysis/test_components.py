"""analysis.components, contextual and shrinkage: variance between teams, from sums alone."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

from analysis import (
    BadFrame,
    NotEnoughTeams,
    NotIdentified,
    TooNoisy,
    contextual_model,
    icc,
    moments_of,
    score_moments,
    shrunken_scores,
    top_quarter_chances,
    variance_components,
)
from tests.analysis.conftest import scores

SIZES = [3, 9, 5, 14, 7, 2, 11, 6, 8, 4, 10, 12]


@pytest.fixture
def people(rng) -> pd.DataFrame:
    team = np.repeat(np.arange(12), SIZES)
    size = np.linspace(-1, 1, 12)
    own = rng.integers(1, 6, len(team))
    level = 0.8 * size + rng.normal(0, 0.6, 12)
    y = np.round(20 * (level[team] + 0.3 * own + rng.normal(0, 1, len(team)))).astype(int)
    return pd.DataFrame(
        {"team": [f"t{t:02d}" for t in team], "score": y, "own": own, "size": size[team]}
    )


@pytest.fixture
def sizes(people) -> pd.DataFrame:
    return people.groupby("team", as_index=False)["size"].first()


def restricted(people: pd.DataFrame, X: np.ndarray, between: float, within: float) -> float:
    """The restricted log-likelihood from all rows and their whole covariance."""
    same = people["team"].to_numpy()[:, None] == people["team"].to_numpy()[None, :]
    V = between * same + within * np.eye(len(people))
    y, inverse = people["score"].to_numpy(float), np.linalg.inv(V)
    XVX = X.T @ inverse @ X
    left = y - X @ np.linalg.solve(XVX, X.T @ inverse @ y)
    free = len(y) - X.shape[1]
    logs = np.linalg.slogdet(V)[1] + np.linalg.slogdet(XVX)[1]
    return -(free * np.log(2 * np.pi) + logs + left @ inverse @ left) / 2


def test_sums_give_what_all_rows_give(people):
    """Value and place of the maximum are those of the likelihood of the rows."""
    result = variance_components(score_moments(people))

    ones = np.ones((len(people), 1))
    top = restricted(people, ones, result.between, result.within)
    assert result.log_likelihood == pytest.approx(top, rel=1e-10)
    for factor in (0.999, 1.001):
        assert restricted(people, ones, result.between * factor, result.within) < top
        assert restricted(people, ones, result.between, result.within * factor) < top


def test_limits_of_icc1_lie_where_the_likelihood_has_fallen(people):
    """At both limits the best likelihood with that ICC is 1.92 below the best of all."""
    result = variance_components(score_moments(people))
    ones = np.ones((len(people), 1))

    def profile(share: float) -> float:
        totals = np.exp(np.linspace(-0.7, 0.7, 281)) * (result.between + result.within)
        return max(restricted(people, ones, t * share, t * (1 - share)) for t in totals[::20])

    drop = stats.chi2.ppf(0.95, 1) / 2
    for limit in (result.icc1_ci_low, result.icc1_ci_high):
        fallen = result.log_likelihood - profile(limit)
        assert fallen == pytest.approx(drop, abs=0.06)
    assert result.icc1_ci_low < result.icc1 < result.icc1_ci_high


def test_covariates_of_teams_agree_with_statsmodels(people, sizes):
    """Variances, coefficients and errors are those of MixedLM on the rows."""
    X = np.column_stack([np.ones(len(people)), people["size"]])
    theirs = MixedLM(people["score"].to_numpy(float), X, groups=people["team"]).fit(reml=True)

    ours = variance_components(score_moments(people), covariates=sizes)

    assert ours.within == pytest.approx(theirs.scale, rel=2e-3)
    assert ours.between == pytest.approx(float(np.asarray(theirs.cov_re)[0, 0]), rel=2e-3)
    assert [t.estimate for t in ours.terms] == pytest.approx(theirs.fe_params.tolist(), rel=2e-3)
    assert [t.std_error for t in ours.terms] == pytest.approx(theirs.bse_fe.tolist(), rel=5e-3)
    top = restricted(people, X, ours.between, ours.within)
    assert ours.log_likelihood == pytest.approx(top, rel=1e-10)
    null = variance_components(score_moments(people))
    assert ours.between_explained == pytest.approx(1 - ours.between / null.between)


def test_own_scores_and_team_means_are_the_model_of_the_rows(people):
    """The contextual model from products is the one from rows, to the last coefficient."""
    means = people.groupby("team")["own"].transform("mean")
    X = np.column_stack([np.ones(len(people)), people["own"], means])

    result = contextual_model(
        moments_of(people, items=["own", "score"]), outcome="score", predictors=["own"]
    )

    top = restricted(people, X, result.between, result.within)
    assert result.log_likelihood == pytest.approx(top, rel=1e-10)
    away = people["own"] - means
    within = (away * people["score"]).sum() / (away**2).sum()
    assert result.terms[1].estimate == pytest.approx(within)
    assert (result.terms[1].df, result.terms[2].df) == (len(people) - 13, 10)


def test_balanced_teams_have_the_anova_figures():
    """With teams of one size REML is the analysis of variance, ICC(1) included."""
    teams = scores([3.1, 3.4, 2.8, 3.9, 4.2, 3.3], n=15, variance=[0.5, 0.8, 0.6, 0.7, 0.9, 0.4])

    result = variance_components(teams)

    assert result.within == pytest.approx(teams["variance"].mean(), rel=1e-6)
    assert result.icc1 == pytest.approx(icc(teams).icc1, rel=1e-6)
    assert result.mean_reliability == pytest.approx(icc(teams).icc2, rel=1e-6)


def test_shrunken_scores_solve_hendersons_equations(people, sizes):
    """Predictions and errors are those of the mixed model equations of all rows."""
    result = shrunken_scores(score_moments(people), covariates=sizes)

    X = np.column_stack([np.ones(len(people)), people["size"]])
    Z = pd.get_dummies(people["team"]).to_numpy(float)
    c = result.components
    W = np.hstack([X, Z])
    system = W.T @ W / c.within
    system[2:, 2:] += np.eye(12) / c.between
    inverse = np.linalg.inv(system)
    solved = inverse @ (W.T @ people["score"].to_numpy(float)) / c.within
    pick = np.hstack([np.column_stack([np.ones(12), sizes["size"]]), np.eye(12)])
    assert result.teams["shrunken"].to_numpy() == pytest.approx(pick @ solved)
    errors = np.sqrt(np.diag(pick @ inverse @ pick.T))
    assert result.teams["std_error"].to_numpy() == pytest.approx(errors)


@pytest.mark.simulation
def test_intervals_hold_the_truth_as_often_as_they_say():
    """Sixty teams of 4 to 40 people: true scores and true ICC lie inside in 95 of 100 cases."""
    rng = np.random.default_rng(60)
    scores_held, icc_held, n_samples = 0.0, 0.0, 40
    for _ in range(n_samples):
        n = rng.integers(4, 41, 60)
        true = rng.normal(3.5, np.sqrt(0.1), 60)
        mean = rng.normal(true, np.sqrt(0.9 / n))
        drawn = scores(mean, n=n, variance=0.9 * rng.chisquare(n - 1) / (n - 1))
        result = shrunken_scores(drawn)
        inside = (result.teams["ci_low"] <= true) & (true <= result.teams["ci_high"])
        scores_held += inside.mean() / n_samples
        limits = result.components.icc1_ci_low, result.components.icc1_ci_high
        icc_held += (limits[0] <= 0.1 <= limits[1]) / n_samples

    assert scores_held == pytest.approx(0.95, abs=0.02)
    assert icc_held == pytest.approx(0.95, abs=0.06)


def test_small_teams_are_drawn_in_most(people):
    """Weights grow with the number of answers; the scores lie between mean and expected."""
    teams = shrunken_scores(score_moments(people)).teams

    assert teams.sort_values("n")["reliability"].is_monotonic_increasing
    between = (teams["shrunken"] - teams["mean"]) * (teams["shrunken"] - teams["expected"])
    assert (between <= 1e-12).all()


def test_shift_scale_and_names_pass_through(people):
    """Ten times the points, moved and renamed: shares stay, scores follow."""
    other = people.assign(score=10 * people["score"] + 7, team=people["team"].str[::-1])

    before, after = (shrunken_scores(score_moments(p)) for p in (people, other))

    assert after.components.icc1 == pytest.approx(before.components.icc1, rel=1e-6)
    renamed = before.teams.assign(team=before.teams["team"].str[::-1]).sort_values("team")
    assert after.teams["shrunken"].to_numpy() == pytest.approx(
        10 * renamed["shrunken"].to_numpy() + 7, rel=1e-6
    )


def test_scores_far_from_zero_lose_nothing(people):
    """A million points more change the constant by a million and nothing else."""
    far = people.assign(score=people["score"] + 1_000_000)

    near_fit, far_fit = (variance_components(score_moments(p)) for p in (people, far))
    near_own, far_own = (
        contextual_model(
            moments_of(p, items=["own", "score"]), outcome="score", predictors=["own"]
        )
        for p in (people, far)
    )

    for near, moved in ((near_fit, far_fit), (near_own, far_own)):
        assert moved.between == pytest.approx(near.between, rel=1e-6)
        assert moved.log_likelihood == pytest.approx(near.log_likelihood, abs=1e-6)
        assert moved.terms[0].estimate == pytest.approx(near.terms[0].estimate + 1_000_000)
        assert [t.estimate for t in moved.terms[1:]] == pytest.approx(
            [t.estimate for t in near.terms[1:]], rel=1e-6
        )


def test_a_team_of_unknown_spread_tells_by_its_mean(people):
    """Its likelihood is that of its mean alone, as by leaving all its answers' spread out."""
    known = score_moments(people)
    hidden = known.assign(variance=known["variance"].where(known["team"] != "t03"))

    result = variance_components(hidden)

    # The same mean with the same error, given as one answer with that much noise, would
    # need another model; so the likelihood is built by hand.
    n, m, v = (hidden[c].to_numpy(float) for c in ("n", "mean", "variance"))
    free = np.where(np.isnan(v), 0, n - 1)
    spread = np.nansum(free * np.nan_to_num(v))

    def fit(between: float, within: float) -> float:
        noise = between + within / n
        mean = (m / noise).sum() / (1 / noise).sum()
        value = np.log(noise).sum() + np.log((1 / noise).sum()) + ((m - mean) ** 2 / noise).sum()
        return -(value + free.sum() * np.log(within) + spread / within) / 2

    top = fit(result.between, result.within)
    for factor in (0.999, 1.001):
        assert fit(result.between * factor, result.within) < top
        assert fit(result.between, result.within * factor) < top


def test_teams_without_a_covariate_are_left_out_and_counted(people, sizes):
    """A missing size leaves its team out of the fit, and the table says so."""
    result = variance_components(score_moments(people), covariates=sizes.iloc[1:])

    assert (result.n_teams, result.n_left_out) == (11, 1)
    assert "Teams left out for want of a predictor: 1." in str(result.summary())


def test_no_difference_between_teams_gives_no_order():
    """Equal teams: variance 0 with an interval from 0, and no scores to put in order."""
    alike = scores([3.0, 3.01, 2.99, 3.0, 3.02], n=20, variance=1.0)

    result = variance_components(alike)

    assert (result.between, result.icc1_ci_low) == (0.0, 0.0)
    assert result.icc1_ci_high > 0
    with pytest.raises(TooNoisy):
        shrunken_scores(alike)


def test_weakly_different_teams_are_shown_but_not_ranked(rng):
    """Where the interval of ICC(1) reaches 0, the table warns and chances are refused."""
    weak = shrunken_scores(scores([3.0, 3.5, 2.7, 3.1, 3.4], n=10, variance=0.6))

    assert not weak.may_rank
    assert "do not read this as a ranking" in str(weak.summary())
    with pytest.raises(TooNoisy):
        top_quarter_chances(weak, rng=rng)


def test_chances_add_up_and_follow_the_scores(people, rng):
    """Chances add up to a quarter of the teams and are those of two normals where two lead."""
    strong = shrunken_scores(scores([2.0, 2.5, 3.0, 3.6, 4.2, 3.1, 2.7, 3.3], n=30))

    chances = top_quarter_chances(strong, rng=rng)["chance"]

    assert chances.sum() == pytest.approx(2)
    assert chances.idxmax() == 4
    two = shrunken_scores(scores([1.0, 1.2, 3.0, 3.1], n=30))
    lead = two.teams.iloc[3]["shrunken"] - two.teams.iloc[2]["shrunken"]
    error = np.hypot(*two.teams["std_error"].iloc[2:])
    drawn = top_quarter_chances(two, rng=rng, n_draws=20_000)["chance"]
    assert drawn.iloc[3] == pytest.approx(stats.norm.cdf(lead / error), abs=0.015)


def test_impossible_questions_are_refused(people, sizes):
    """Too few teams, no spread within, copies of a predictor, and broken tables."""
    teams = score_moments(people)
    with pytest.raises(NotEnoughTeams):
        variance_components(teams[:1])
    with pytest.raises(NotIdentified):
        variance_components(scores([1, 2, 3], variance=0.0))
    with pytest.raises(NotIdentified):
        variance_components(scores([1, 2, 3], variance=np.nan))
    with pytest.raises(NotIdentified):
        variance_components(teams, covariates=sizes.assign(again=2 * sizes["size"]))
    with pytest.raises(BadFrame):
        variance_components(teams, covariates=pd.concat([sizes, sizes]))
    with pytest.raises(BadFrame):
        variance_components(teams, covariates=sizes.assign(word="x"))
    holes = people.assign(own=people["own"].where(people.index != 5))
    with pytest.raises(BadFrame, match="only some"):
        contextual_model(
            moments_of(holes, items=["own", "score"]), outcome="score", predictors=["own"]
        )
    by_period = people.assign(period=people.index % 2)
    with pytest.raises(BadFrame, match="over_periods"):
        contextual_model(
            moments_of(by_period, items=["own", "score"]), outcome="score", predictors=["own"]
        )
