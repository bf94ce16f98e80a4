"""analysis.panel: teams followed over periods."""

import numpy as np
import pandas as pd
import pytest

from analysis import BadFrame, panel_models
from analysis.panel import MODELS
from analysis.panel_fits import without_singletons
from tests.analysis.conftest import scores


@pytest.fixture
def panel(rng) -> pd.DataFrame:
    """Twenty teams, six periods, a fifth of the rows missing, a lag of .4 planted."""
    rows = []
    for team in range(20):
        level, x_before, y_before = rng.normal(size=3)
        for period in range(6):
            x = level + rng.normal()
            y = 0.4 * x_before + 0.2 * period + 0.3 * y_before + rng.normal()
            rows.append((f"t{team:02d}", period, x, y))
            x_before, y_before = x, y
    frame = pd.DataFrame(rows, columns=["team", "period", "x", "y"])
    return frame[rng.random(len(frame)) > 0.2]


def fit(panel: pd.DataFrame):
    common = {"team": panel["team"].to_numpy(), "period": panel["period"].to_numpy()}
    return panel_models(scores(panel["x"], **common), scores(panel["y"], **common))


def numbers(estimate) -> tuple[float, ...]:
    """The figures of an estimate, without the words."""
    names = ("estimate", "std_error", "ci_low", "ci_high", "pvalue", "nobs", "n_teams")
    return tuple(getattr(estimate, name) for name in names)


def figures(result) -> dict[str, tuple]:
    return {name: numbers(getattr(result, name)) for name in [*MODELS, "between"]}


def by_dummies(rows, outcome, predictors, *, team_effects):
    """Fit with one column per effect and cluster by hand, as a textbook does."""
    parts = [rows[predictors].to_numpy(float), pd.get_dummies(rows["period"]).to_numpy(float)]
    if team_effects:
        parts.append(pd.get_dummies(rows["team"]).to_numpy(float)[:, 1:])
    design = np.hstack(parts)
    bread = np.linalg.inv(design.T @ design)
    y = rows[outcome].to_numpy(float)
    beta = bread @ design.T @ y
    moments = pd.DataFrame(design * (y - design @ beta)[:, None]).groupby(rows["team"].to_numpy())
    meat = moments.sum().to_numpy()
    n, g = len(rows), len(meat)
    k = len(predictors) + rows["period"].nunique()
    factor = g / (g - 1) * (n - 1) / (n - k)
    return beta[0], np.sqrt(factor * (bread @ meat.T @ meat @ bread)[0, 0])


@pytest.mark.parametrize(
    ("name", "outcome", "predictors", "team_effects"),
    [
        ("pooled_period", "y", ["x"], False),
        ("within_two_way", "y", ["x"], True),
        ("lag_forward", "y", ["x_before"], True),
        ("lag_reverse", "x", ["y_before"], True),
        ("adl_forward", "y", ["x_before", "y_before"], False),
        ("adl_reverse", "x", ["y_before", "x_before"], False),
    ],
)
def test_models_equal_regressions_on_indicators(panel, name, outcome, predictors, team_effects):
    """Sweeping the effects out gives what a regression with a column for each gives."""
    rows = panel
    if name.startswith(("lag", "adl")):
        before = panel.assign(period=panel["period"] + 1)
        before = before.rename(columns={"x": "x_before", "y": "y_before"})
        rows = panel.merge(before, on=["team", "period"])
    if team_effects:
        rows = rows[rows.groupby("team")["team"].transform("size") > 1]

    result = getattr(fit(panel), name)

    estimate, std_error = by_dummies(rows, outcome, predictors, team_effects=team_effects)
    assert result.estimate == pytest.approx(estimate, rel=1e-9)
    assert result.plain_std_error == pytest.approx(std_error, rel=1e-9)
    assert (result.nobs, result.n_teams) == (len(rows), rows["team"].nunique())


def test_levels_of_teams_and_periods_do_not_count_within(panel):
    """Moving a whole team or a whole period leaves the models with both effects alone."""
    moved = panel.assign(
        y=panel["y"] + 9.0 * (panel["team"] == "t03") - 4.0 * (panel["period"] == 2)
    )

    before, after = fit(panel), fit(moved)

    for name in ("within_two_way", "lag_forward"):
        assert getattr(after, name).estimate == pytest.approx(getattr(before, name).estimate)
        assert getattr(after, name).std_error == pytest.approx(getattr(before, name).std_error)


def test_the_two_sides_change_places_in_the_lags(panel):
    """What is forward for one order of the sides is reverse for the other."""
    swapped = fit(panel.rename(columns={"x": "y", "y": "x"}))

    for forward, reverse in (("lag_forward", "lag_reverse"), ("adl_forward", "adl_reverse")):
        expected = numbers(getattr(fit(panel), forward))
        assert numbers(getattr(swapped, reverse)) == pytest.approx(expected, rel=1e-9)


def test_names_and_order_of_rows_do_not_matter(panel, rng):
    """Shuffled rows and other team names give the same figures."""
    names = {name: f"z{i}" for i, name in enumerate(rng.permutation(panel["team"].unique()))}
    other = panel.assign(team=panel["team"].map(names)).sample(frac=1, random_state=1)

    before, after = figures(fit(panel)), figures(fit(other))

    for name in before:
        assert after[name] == pytest.approx(before[name], rel=1e-8), name


def test_a_gap_gives_no_lag(panel):
    """With every second period missing there is no preceding period, so no lag."""
    result = fit(panel[panel["period"] % 2 == 0])

    assert result.within_two_way is not None
    assert result.lag_forward is None
    neighbours = {name for name, model in MODELS.items() if model.rows != "all"}
    assert {name for name, _ in result.reasons} == neighbours | {"lag_corrected"}


def test_singletons_are_dropped_again_and_again():
    """A team left with one row because a period went is dropped in its turn."""
    team = ["a", "a", "b", "b", "c", "c", "d", "e", "e"]
    period = [1, 2, 1, 2, 1, 2, 1, 2, 9]
    x = [1.0, 2.0, 2.0, 5.0, 3.0, 3.0, 8.0, 1.0, 7.0]
    y = [2.0, 3.0, 1.0, 6.0, 2.0, 5.0, 9.0, 4.0, 0.0]

    rows = pd.DataFrame({"team": team, "period": period, "x": x, "y": y})

    left = without_singletons(rows)

    assert left["team"].tolist() == ["a", "a", "b", "b", "c", "c"]


def test_rows_of_one_side_alone_do_not_count(panel):
    """A team and period needs both sides, also as the earlier one of a lag."""
    common = {"team": panel["team"].to_numpy(), "period": panel["period"].to_numpy()}
    both = panel_models(scores(panel["x"], **common), scores(panel["y"], **common))
    alone = scores([1.0, 2.0], team=["t00", "new"], period=[7, 3])

    employee = pd.concat([scores(panel["x"], **common), alone])
    result = panel_models(employee, scores(panel["y"], **common))

    assert figures(result) == figures(both)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p[p["period"] == 3],
        lambda p: p[p["team"] == "t01"],
        lambda p: p.head(0),
        lambda p: p.assign(x=1.0),
        lambda p: p.assign(y=0.1),
        lambda p: p.assign(x=p["y"]),
        lambda p: p.assign(x=p["period"].astype(float)),
        lambda p: p.head(2),
    ],
    ids=[
        "one period",
        "one team",
        "no rows",
        "predictor never moves",
        "outcome never moves",
        "sides equal",
        "all move alike",
        "two rows",
    ],
)
def test_poor_panels_give_missing_figures_with_reasons(panel, change):
    """Whatever cannot be fitted is None with a reason, and nothing is raised or warned."""
    poor = change(panel)
    period = poor["period"].to_numpy() if len(poor) else pd.array([], dtype="Int64")
    common = {"team": poor["team"].to_numpy(), "period": period}
    frame = scores(poor["x"], **common)
    if poor.empty:
        with pytest.raises(BadFrame):
            panel_models(frame, frame)
        return

    result = panel_models(frame, scores(poor["y"], **common))

    missing = {name for name in [*MODELS, "between"] if getattr(result, name) is None}
    assert missing <= {name for name, _ in result.reasons}
    for name in set(MODELS) - missing:
        assert np.isfinite(numbers(getattr(result, name))).all(), name


def test_an_outcome_that_never_moves_has_no_slope(panel):
    """Rounding must not be dressed up as an estimate with a p-value."""
    result = fit(panel.assign(y=0.1))

    forward = ("pooled", "pooled_period", "between", "within_two_way", "lag_forward")
    assert [getattr(result, name) for name in forward] == [None] * 5


def test_a_panel_needs_periods():
    """Scores without periods are a cross-section."""
    with pytest.raises(BadFrame):
        panel_models(scores([1, 2]), scores([1, 2]))


def test_a_team_seen_once_does_not_count_in_the_reliability_of_movements(panel):
    """It cannot move; counted, it would spread the others' movements over more teams."""
    alone = panel.iloc[:1].assign(team="seen once")

    with_it, without = fit(pd.concat([panel, alone])), fit(panel)

    assert with_it.n_teams == without.n_teams + 1
    assert with_it.within_reliability_employee == pytest.approx(
        without.within_reliability_employee, abs=1e-12
    )
