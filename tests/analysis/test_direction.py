"""analysis.tell_direction and the cross-lagged panel beneath."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import BadFrame, NotEnoughTeams, NotIdentified, cross_lagged, tell_direction
from analysis.structures import Structure, fit_structure
from tests.analysis.conftest import data, oracle, scores

PATHS = np.array([[0.4, 0.0], [0.3, 0.3]])
"""Row: what moves, employees first; column: by what it moves."""


def drawn(rng, *, n_teams: int, n_waves: int, paths=PATHS, noise: float = 0.0):
    """Scores with stable parts that go together, moving parts on given paths, and noise."""
    stable = rng.normal(size=(n_teams, 2)) @ np.array([[1.0, 0.5], [0.0, 0.85]])
    moving = np.zeros((n_teams, n_waves + 10, 2))
    for wave in range(1, n_waves + 10):
        moving[:, wave] = moving[:, wave - 1] @ paths.T + rng.normal(size=(n_teams, 2))
    both = stable[:, None] + moving[:, 10:]
    both = both + np.sqrt(noise) * rng.normal(size=both.shape)
    return both[..., 0], both[..., 1]


def framed(values, *, n: float = 20.0, variance: float = np.nan) -> pd.DataFrame:
    """Team scores in a row per team and period."""
    n_teams, n_waves = values.shape
    return scores(
        values.ravel(),
        team=np.repeat([f"t{i:03d}" for i in range(n_teams)], n_waves),
        period=np.tile(np.arange(n_waves), n_teams),
        n=n,
        variance=variance,
    )


def by_recursion(structure, parameters) -> np.ndarray:
    """Covariances of the random-intercept model, wave by wave, as the text of it says."""
    a, rest = parameters[:4].reshape(2, 2), parameters[4:]
    stable, first = (np.array([[v[0], v[1]], [v[1], v[2]]]) for v in (rest[:3], rest[3:6]))
    t = structure.n_waves
    moving = [first]
    for wave in range(1, t):
        new = np.array([[rest[6 + 2 * wave - 1], rest[6]], [rest[6], rest[6 + 2 * wave]]])
        moving.append(a @ moving[-1] @ a.T + new)
    whole = np.zeros((2 * t, 2 * t))
    for i in range(t):
        for j in range(i, t):
            block = np.linalg.matrix_power(a, j - i) @ moving[i] + stable
            whole[2 * j : 2 * j + 2, 2 * i : 2 * i + 2] = block
            whole[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = block.T
    return whole


def test_the_engine_agrees_with_lavaan():
    """A cross-lagged panel of 394 soldiers: paths, errors, chi-square and likelihood are R's."""
    rows = data("rpkg", "multilevel__univbct.csv").drop_duplicates("SUBNUM")
    columns = [f"{name}{wave}" for wave in (1, 2, 3) for name in ("JOBSAT", "READY")]
    rows = rows.dropna(subset=[*columns, "COMMIT1", "COMMIT2", "COMMIT3"])
    expected = oracle("univbct")["clpm"]
    observed = np.cov(rows[columns].to_numpy(float), rowvar=False, bias=True)

    fit = fit_structure(
        observed,
        structure=Structure(n_waves=3, has_stable_parts=False),
        n=len(rows),
        noise=np.zeros(6),
    )

    # Ours run through each wave's matrix of paths; lavaan's list has one outcome at a time.
    order = [0, 1, 4, 5, 2, 3, 6, 7]
    assert len(rows) == expected["n"]
    assert fit.parameters[order] == pytest.approx(
        [row["est"] for row in expected["est"]], rel=1e-4
    )
    assert fit.std_errors[order] == pytest.approx([row["se"] for row in expected["est"]], rel=1e-5)
    assert fit.statistic == pytest.approx(expected["fit"]["chisq"], rel=1e-8)
    assert fit.loglik == pytest.approx(expected["fit"]["logl"], rel=1e-8)


def test_known_covariances_give_back_their_paths():
    """Fitted to the covariances of a model, the engine finds its parameters and a fit of zero."""
    structure = Structure(n_waves=4, has_stable_parts=True)
    truth = np.array(
        [0.4, -0.1, 0.3, 0.2, 1.0, 0.4, 0.9, 1.2, 0.3, 1.1, 0.15, 0.9, 0.8, 1.0, 0.7, 0.6, 0.9]
    )
    implied = by_recursion(structure, truth)

    fit = fit_structure(implied, structure=structure, n=100, noise=np.zeros(8))
    noisy = fit_structure(
        implied + 0.5 * np.eye(8), structure=structure, n=100, noise=np.full(8, 0.5)
    )

    assert structure.covariance(truth) == pytest.approx(implied, rel=1e-12)
    assert structure.n_parameters == len(truth) == 17
    assert fit.parameters == pytest.approx(truth, rel=1e-5, abs=1e-6)
    assert noisy.parameters == pytest.approx(truth, rel=1e-5, abs=1e-6)
    assert fit.statistic == pytest.approx(0, abs=1e-8)


def test_the_likelihood_is_that_of_the_rows_and_nothing_near_is_higher(rng):
    """Summed over teams by another route, it is the same, and lower wherever one steps."""
    x, y = drawn(rng, n_teams=80, n_waves=4)
    rows = np.stack([x, y], axis=2).reshape(80, 8)
    structure = Structure(n_waves=4, has_stable_parts=True)
    observed = np.cov(rows, rowvar=False, bias=True)
    fit = fit_structure(observed, structure=structure, n=80, noise=np.zeros(8))

    def likelihood(parameters):
        normal = stats.multivariate_normal(rows.mean(axis=0), by_recursion(structure, parameters))
        return normal.logpdf(rows).sum()

    found = cross_lagged(x, y)

    assert fit.loglik == pytest.approx(likelihood(fit.parameters), rel=1e-10)
    assert found.loglik == pytest.approx(fit.loglik, rel=1e-8)
    assert (found.own_first.estimate, found.forward.estimate) == pytest.approx(
        fit.parameters[[0, 2]], rel=1e-5
    )
    steps = 0.02 * np.vstack([np.eye(17), -np.eye(17)])
    assert all(likelihood(fit.parameters + step) < fit.loglik for step in steps)


def test_sides_change_places_and_units_scale(rng):
    """With the sides exchanged forward is reverse; other units and orders of teams only scale."""
    x, y = drawn(rng, n_teams=70, n_waves=5)
    order = rng.permutation(70)

    found, swapped = cross_lagged(x, y), cross_lagged(y, x)
    scaled = cross_lagged(10 * x[order] + 3, 0.5 * y[order])

    assert swapped.reverse.estimate == pytest.approx(found.forward.estimate, rel=1e-4)
    assert swapped.forward.ci_low == pytest.approx(found.reverse.ci_low, rel=1e-4)
    assert scaled.forward.estimate == pytest.approx(found.forward.estimate / 20, rel=1e-4)
    assert scaled.reverse.pvalue == pytest.approx(found.reverse.pvalue, rel=1e-3)
    assert scaled.statistic == pytest.approx(found.statistic, rel=1e-6)


@pytest.mark.simulation
def test_a_planted_direction_is_found_through_the_noise():
    """Noise halves the forward path; taken out, it is right, and the reverse stays at zero."""
    rng = np.random.default_rng(20261122)
    with_noise, without, reverse = [], [], []
    for _ in range(8):
        x, y = drawn(rng, n_teams=150, n_waves=6, noise=1.0)
        with_noise.append(cross_lagged(x, y).forward.estimate)
        found = cross_lagged(x, y, noise=(np.ones(6), np.ones(6)))
        without.append(found.forward)
        reverse.append(found.reverse.is_clear)

    assert np.mean(with_noise) == pytest.approx(0.15, abs=0.05)
    assert np.mean([path.estimate for path in without]) == pytest.approx(0.3, abs=0.07)
    assert np.mean([path.ci_low <= 0.3 <= path.ci_high for path in without]) >= 0.75
    assert np.mean(reverse) <= 0.25


@pytest.mark.simulation
@pytest.mark.long
@pytest.mark.parametrize(("n_teams", "n_waves"), [(60, 4), (100, 6), (200, 5)])
def test_paths_hold_their_truth_over_many_samples(n_teams, n_waves):
    """Intervals hold the forward path, and a path that is not there shows in few samples."""
    rng = np.random.default_rng(20261122)
    held, false = [], []
    for _ in range(250):
        try:
            found = cross_lagged(*drawn(rng, n_teams=n_teams, n_waves=n_waves))
        except NotIdentified:
            continue
        held.append(found.forward.ci_low <= 0.3 <= found.forward.ci_high)
        false.append(found.reverse.is_clear)

    assert len(held) >= 200
    assert np.mean(held) >= 0.89
    assert np.mean(false) <= 0.09


def test_enough_teams_and_waves_tell_a_direction(rng):
    """Seventy teams over five periods: the planted lead is named, gaps and all."""
    x, y = drawn(rng, n_teams=75, n_waves=6, paths=np.array([[0.3, 0.0], [0.5, 0.3]]))
    employee, customer = framed(x), framed(y)
    employee = employee[~((employee["period"] == 0) & (employee["team"] > "t020"))]

    found = tell_direction(employee, customer, customer_name="satisfaction")

    assert (found.lead, found.method) == ("employees first", "cross-lagged panel")
    assert (found.n_teams, found.n_waves) == (75, 5)
    assert found.text == (
        "Earlier engagement goes with later satisfaction; the reverse does not show."
    )
    assert not found.panel.allows_for_noise
    known = tell_direction(employee, customer, employee_variance=0.2, customer_variance=0.2)
    assert known.panel.allows_for_noise
    assert known.forward.estimate > found.forward.estimate


@pytest.mark.parametrize(("n_teams", "n_waves"), [(40, 6), (90, 3)])
def test_too_little_data_say_that_they_cannot_tell(rng, n_teams, n_waves):
    """Below sixty teams or four periods two lags stand side by side, and no answer is given."""
    x, y = drawn(rng, n_teams=n_teams, n_waves=n_waves, paths=np.array([[0.3, 0.0], [0.9, 0.3]]))

    found = tell_direction(framed(x), framed(y))

    assert (found.lead, found.method) == ("cannot tell", "two lags")
    assert "cannot tell the direction" in found.text
    assert found.forward.is_clear
    assert found.reverse is not None
    assert "60" in found.reason


def test_what_cannot_be_fitted_is_refused(rng):
    """Too few teams, holes, a score that never changes, a side without stable parts."""
    x, y = drawn(rng, n_teams=70, n_waves=4)
    with pytest.raises(NotEnoughTeams):
        cross_lagged(x[:59], y[:59])
    with pytest.raises(BadFrame):
        cross_lagged(x, y[:, :3])
    with pytest.raises(BadFrame):
        cross_lagged(x, y, noise=([0.1] * 3, [0.1] * 4))
    with pytest.raises(NotIdentified):
        cross_lagged(x, np.ones_like(y))
    with pytest.raises(NotIdentified):
        cross_lagged(x, x)
    with pytest.raises(BadFrame):
        tell_direction(scores([1.0, 2.0]), scores([1.0, 2.0]))


PRINTED = {
    "direction": """
Which side moves first
------------------------------------------------------------------------------
                                               Path    95% interval      p
From employees to customers, one period later  0.237   0.0888 to 0.386   0.002
From customers to employees, one period later  −0.152  −0.330 to 0.0269  0.096
------------------------------------------------------------------------------
Earlier engagement goes with later customer scores; the reverse does not show.
Random-intercept cross-lagged panel: what stays the same in a team is taken out.
80 teams, 5 periods.
""",
    "lags": """
Which side moves first
------------------------------------------------------------------------------
                                               Path    95% interval      p
From employees to customers, one period later  0.193   0.00567 to 0.380  0.045
From customers to employees, one period later  0.0295  −0.160 to 0.219   0.742
------------------------------------------------------------------------------
These data cannot tell the direction: which of engagement and customer scores moves first.
Each side on the earlier values of both, with period effects.
20 teams have scores in 4 periods in a row; 60 are needed to tell a direction.
20 teams, 5 periods.
""",
    "panel": """
From one wave to the next, within teams
--------------------------------------------------------
                         Path    95% interval      p
Employees to customers   0.237   0.0888 to 0.386   0.002
Customers to employees   −0.152  −0.330 to 0.0269  0.096
Employees to themselves  0.242   0.0578 to 0.426   0.010
Customers to themselves  0.264   0.0829 to 0.445   0.004
--------------------------------------------------------
80 teams, 5 waves; what stays the same in a team is taken out.
Survey noise is not taken out: it shrinks every path.
Fit: chi-square 49.0 on 36 degrees of freedom, p = 0.073.
""",
}


def test_all_are_printed_word_for_word():
    """A change of any word or digit that people read is a change of this file."""
    x, y = drawn(np.random.default_rng(5), n_teams=80, n_waves=5)
    found = tell_direction(framed(x), framed(y))
    tables = {
        "direction": found,
        "lags": tell_direction(framed(x[:20]), framed(y[:20])),
        "panel": found.panel,
    }

    for name, result in tables.items():
        assert f"\n{result.summary()}\n" == PRINTED[name], name
