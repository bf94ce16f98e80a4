"""analysis.link: two sides joined team by team, and what happens to poor data."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis import BadFrame, LinkageWarning, Side, icc, link, panel_models, pearson
from tests.analysis.conftest import scores

SIDE_KEYS = {"alpha", "icc1", "icc1_ci", "icc2", "reliability", "mean", "sd_teams"}
ESTIMATE = {"estimate", "std_error", "ci_low", "ci_high", "pvalue"}
SHAPE = {
    "coverage": {
        "n_employee_teams",
        "n_customer_teams",
        "n_teams",
        "n_employees",
        "n_customers",
        "dropped",
    },
    "employee": SIDE_KEYS,
    "customer": SIDE_KEYS,
    "link": {
        "n_teams",
        "pearson",
        "spearman",
        "permutation_pvalue",
        "corrected",
        "weighted",
        "leave_one_out",
        "slope",
        "quartile_gap",
        "minimum_detectable_r",
    },
    "verdict": {"code", "direction", "text"},
}
LINK_SHAPE = {
    "pearson": {"r", "ci_low", "ci_high", "pvalue"},
    "spearman": {"r", "ci_low", "ci_high", "pvalue"},
    "corrected": {"r", "ci_low", "ci_high"},
    "weighted": {"r"},
    "leave_one_out": {"low", "high"},
    "slope": ESTIMATE,
    "quartile_gap": {"estimate", "ci_low", "ci_high"},
}
PANEL_FIGURES = {"df", "plain_std_error", "errors", "reliability", "nobs", "n_teams"}
PANEL_MODELS = {
    "pooled",
    "pooled_period",
    "between",
    "within_two_way",
    "first_difference",
    "lag_forward",
    "lag_reverse",
    "lead_placebo",
    "adl_forward",
    "adl_reverse",
    "within_corrected",
    "lag_corrected",
}


def linked(employee: pd.DataFrame, customer: pd.DataFrame, **options):
    return link(
        Side(scores=employee, name="engagement", alpha=0.8),
        Side(scores=customer, name="satisfaction"),
        seed=1,
        **options,
    )


def codes(result) -> set[str]:
    return {warning.code for warning in result.warnings}


def assert_whole(result) -> None:
    """The document keeps its shape, holds no number that JSON lacks, and can be read out."""
    document = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    for key, names in SHAPE.items():
        assert set(document[key]) == names
    for key, names in LINK_SHAPE.items():
        assert set(document["link"][key]) == names
    if document["panel"] is not None:
        assert set(document["panel"]) == PANEL_MODELS | {
            "n_teams",
            "n_periods",
            "within_reliability",
        }
        for name in PANEL_MODELS:
            assert set(document["panel"][name]) == ESTIMATE | PANEL_FIGURES
    assert all(str(table) for table in result.summaries())
    assert len(result.teams) == result.coverage.n_teams


@pytest.fixture
def pair(rng) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Thirty teams with a strong link and sizes that vary."""
    level = rng.normal(size=30)
    employee = scores(level, n=rng.integers(10, 30, 30), variance=rng.uniform(0.5, 1.5, 30))
    guests = scores(level + 0.5 * rng.normal(size=30), n=rng.integers(30, 90, 30), variance=4.0)
    return employee, guests


def test_a_link_puts_the_single_figures_together(pair):
    """Every block is what its own function gives for the joined teams."""
    employee, customer = pair

    result = linked(employee, customer)

    assert result.link.pearson == pearson(employee["mean"], customer["mean"])
    assert result.employee.icc1 == icc(employee).icc1
    attenuation = np.sqrt(result.employee.reliability * result.customer.reliability)
    assert result.link.corrected.r == pytest.approx(result.link.pearson.r / attenuation)
    assert result.coverage.n_employees == employee["n"].sum()
    assert result.employee.sd_teams == pytest.approx(employee["mean"].std())
    assert result.verdict.code == "clear"
    assert_whole(result)


def test_weights_are_harmonic_in_both_sizes(pair):
    """The weight of a team is 1 / (1 / employees + 1 / customers)."""
    employee, customer = pair
    weights = 1 / (1 / employee["n"] + 1 / customer["n"])
    frame = pd.DataFrame({"x": employee["mean"], "y": customer["mean"]})
    covariance = np.cov(frame.T, aweights=weights)

    result = linked(employee, customer)

    expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert result.link.weighted_r == pytest.approx(expected)


def test_both_sides_in_other_points_leave_the_link_alone(pair):
    """Shift and scale change means and slopes, not correlations or reliabilities."""
    employee, customer = pair
    other = customer.assign(mean=20 * customer["mean"] - 7, variance=400 * customer["variance"])

    before, after = linked(employee, customer), linked(employee, other)

    assert after.link.corrected.r == pytest.approx(before.link.corrected.r)
    assert after.link.permutation_pvalue == before.link.permutation_pvalue
    assert after.customer.icc1_ci == pytest.approx(before.customer.icc1_ci)
    assert after.link.slope.estimate == pytest.approx(20 * before.link.slope.estimate)


def test_order_of_rows_does_not_matter(pair):
    """Shuffled rows give the same document, seed and all."""
    employee, customer = pair

    shuffled = linked(employee.sample(frac=1, random_state=2), customer)

    assert shuffled.to_dict() == linked(employee, customer).to_dict()


def test_teams_of_one_side_are_counted_and_named(pair):
    """Whoever is left out stands in the coverage with a reason."""
    employee, customer = pair
    employee = employee[employee["team"] != "t05"]
    customer = customer[customer["team"] != "t07"].assign(
        mean=lambda f: f["mean"].where(f["team"] != "t09")
    )

    result = linked(employee, customer, dropped=[("tiny", "fewer than 5 employees")])

    assert result.coverage.dropped == (
        ("tiny", "fewer than 5 employees"),
        ("t05", "no employee scores"),
        ("t07", "no customer scores"),
        ("t09", "no customer scores"),
    )
    assert (result.coverage.n_employee_teams, result.coverage.n_teams) == (29, 27)


def test_the_spread_within_comes_from_all_teams_of_a_side(pair):
    """Teams that are not linked still tell how far people differ inside a team."""
    employee, customer = pair
    loud = scores([9.0, 9.5], team=["x1", "x2"], n=50, variance=[30.0, 30.0])
    everyone = pd.concat([employee, loud])
    side = Side(scores=employee, all_scores=everyone, name="engagement")

    result = link(side, Side(scores=customer, name="satisfaction"), seed=1)

    assert result.employee.icc1 == icc(everyone).icc1
    assert result.employee.reliability < linked(employee, customer).employee.reliability
    assert result.coverage.n_employee_teams == 32


@pytest.fixture
def waves(rng) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fifteen teams over five periods."""
    team, period = np.repeat([f"t{i:02d}" for i in range(15)], 5), np.tile(range(5), 15)
    level = np.repeat(rng.normal(size=15), 5)
    employee = scores(level + 0.4 * rng.normal(size=75), team=team, period=period)
    customer = scores(level + 0.6 * rng.normal(size=75), team=team, period=period, n=50)
    return employee, customer


def test_with_periods_the_teams_are_their_means_over_shared_periods(waves):
    """The cross-section is the plain mean over the periods that both sides have."""
    employee, customer = waves
    customer = customer[customer["period"] > 0]
    shared = employee[employee["period"] > 0].groupby("team")["mean"].mean()

    result = linked(employee, customer)

    assert result.link.pearson == pearson(shared, customer.groupby("team")["mean"].mean())
    assert result.coverage.n_employees == 15 * 4 * 20
    assert result.teams["n_periods"].tolist() == [4] * 15
    assert result.panel == panel_models(employee, customer)
    assert_whole(result)


def test_a_team_without_a_shared_period_is_left_out(waves):
    """Scores of different periods are not compared."""
    employee, customer = waves
    employee = employee[(employee["team"] != "t03") | (employee["period"] < 2)]
    customer = customer[(customer["team"] != "t03") | (customer["period"] >= 2)]

    result = linked(employee, customer)

    assert result.coverage.dropped == (("t03", "no period with scores of both sides"),)


def flat(frame):
    return frame.assign(mean=0.1)


@pytest.mark.parametrize(
    ("spoil", "verdict"),
    [
        (lambda e, c: (e.head(2), c), "too_few_teams"),
        (lambda e, c: (e.head(1), c), "too_few_teams"),
        (lambda e, c: (e.head(0), c), "too_few_teams"),
        (lambda e, c: (e.head(0), c.head(0)), "too_few_teams"),
        (lambda e, c: (e.head(3), c), "too_few_teams"),
        (lambda e, c: (flat(e), c), "cannot_tell"),
        (lambda e, c: (e, flat(c)), "cannot_tell"),
        (lambda e, c: (e.assign(variance=0.0), c.assign(variance=0.0)), "clear"),
        (lambda e, c: (e.assign(n=np.nan, variance=np.nan), c), "clear"),
        (lambda e, c: (e.assign(n=1, variance=np.nan), c), "clear"),
        (lambda e, c: (e, e), "clear"),
        (lambda e, c: (e, e.assign(mean=-e["mean"])), "clear"),
        (lambda e, c: (e.assign(mean=np.nan), c), "too_few_teams"),
        (lambda e, c: (e.assign(team=e["team"] + "x"), c), "too_few_teams"),
        (lambda e, c: (e.assign(mean=[9.0, *[0.1] * 29]), c), None),
        (lambda e, c: (e.assign(variance=1e6), c), None),
    ],
    ids=[
        "two teams",
        "one team",
        "no employees",
        "nobody at all",
        "three teams",
        "employees all equal",
        "customers all equal",
        "nobody differs within a team",
        "moments unknown",
        "teams of one",
        "perfect link",
        "perfect negative link",
        "scores missing",
        "no team on both sides",
        "one team differs",
        "noise drowns all",
    ],
)
def test_poison(pair, spoil, verdict):
    """Poor data give missing figures with reasons; nothing is raised, nothing warned."""
    result = linked(*spoil(*pair))

    assert_whole(result)
    if verdict is not None:
        assert result.verdict.code == verdict
    figures = (result.link.pearson, result.link.slope, result.link.corrected)
    if None in figures:
        assert "not_estimable" in codes(result)


def test_every_missing_figure_has_its_reason(pair):
    """With unknown moments the figures that need them are null and named in a warning."""
    employee, customer = pair
    bare = {"n": np.nan, "variance": np.nan}

    result = linked(employee.assign(**bare), customer.assign(**bare))

    document = result.to_dict()
    for side in ("employee", "customer"):
        for key in ("icc1", "icc1_ci", "icc2", "reliability"):
            assert document[side][key] is None
    assert document["link"]["corrected"] == {"r": None, "ci_low": None, "ci_high": None}
    assert document["link"]["weighted"] == {"r": None}
    text = " ".join(w.text for w in result.warnings if w.code == "not_estimable")
    for words in ("ICC(1) and ICC(2)", "the corrected correlation", "weighted correlation"):
        assert words in text


def test_one_period_is_no_panel(waves):
    """With a single period the panel is null and a reason is given."""
    employee, customer = (side[side["period"] == 2] for side in waves)

    result = linked(employee, customer)

    assert result.panel is None
    assert result.link.n_teams == 15
    assert "not_estimable" in codes(result)
    assert_whole(result)


def test_only_malformed_frames_are_refused(pair, waves):
    """A missing column, or periods on one side only, are mistakes of the caller."""
    employee, customer = pair

    with pytest.raises(BadFrame):
        linked(employee.drop(columns="n"), customer)
    with pytest.raises(BadFrame):
        linked(employee, waves[1])


def test_earlier_warnings_are_kept(pair):
    """What was noticed while reading stands in the report too."""
    noticed = LinkageWarning(code="duplicate_rows", text="Two rows agreed and count once.")

    result = linked(*pair, warnings=[noticed])

    assert result.warnings[-1] == noticed


def test_the_seed_alone_decides_the_permutation(pair, rng):
    """The same seed gives the same document."""
    employee, customer = pair[0], scores(rng.normal(size=30))

    assert linked(employee, customer).to_dict() == linked(employee, customer).to_dict()
