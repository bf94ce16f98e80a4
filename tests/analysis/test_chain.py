"""The service-profit chain, link by link."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from analysis import BadFrame, NotEnoughTeams, NotIdentified, path_model, service_profit_chain
from analysis.chain_nodes import LINKS, PUBLISHED, SHORTCUTS, ancestors, next_steps, ways
from tests.analysis.conftest import data, oracle, reference

COLUMNS = {"engagement": "energy", "customer_satisfaction": "likes", "loyalty": "returns"}


def teams_of(n=60, *, seed=4) -> pd.DataFrame:
    """Teams with three stations that go together, and their size."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n)
    energy = 3 + 0.5 * rng.normal(size=n) - 0.2 * size
    likes = 60 + 8 * energy + 3 * size + 5 * rng.normal(size=n)
    returns = 0.01 * likes + 0.1 * rng.normal(size=n)
    return pd.DataFrame({"energy": energy, "likes": likes, "returns": returns, "size": size})


def drawn(seed=1):
    return np.random.default_rng(seed)


def schools():
    """486 schools, with the equations that R was given."""
    frame, held = data("nyc_sqr", "nyc_sqr_2015_linkage_complete.csv"), ["eni", "lenr"]
    equations = {
        "eng": ["lead", *held],
        "resp": ["eng", "lead", *held],
        "ptrust": ["resp", "eng", "lead", *held],
        "att": ["ptrust", "eng", "resp", "lead", *held],
    }
    return frame, equations


def test_the_chain_of_schools_is_that_of_r():
    """Coefficients, explained shares and products are lavaan's, limits within their error."""
    frame, equations = schools()
    expected = oracle("nyc_2015")["chain_path"]
    paths = [
        ("lead", "eng", "resp"),
        ("lead", "eng", "resp", "ptrust"),
        ("lead", "eng", "resp", "ptrust", "att"),
        ("lead", "eng", "ptrust"),
    ]

    model = path_model(frame, equations, rng=drawn(), paths=paths, n_resamples=2_000)

    steps = [row for row in expected["estimates"] if row["op"] == "~"]
    made = [model.coefficient(row["rhs"], row["lhs"]).standardised for row in steps]
    assert made == pytest.approx([row["est"] for row in steps], rel=1e-7, abs=1e-9)
    assert model.r_squared == pytest.approx(expected["r2"], rel=1e-8)
    by_r = expected["bootstrap"]
    for found, row in zip(model.indirect, by_r["rows"], strict=True):
        assert found.standardised == pytest.approx(row["est"], rel=1e-7)
        limits = (found.standardised_ci_low, found.standardised_ci_high)
        theirs = (row["ci.lower"], row["ci.upper"])
        assert limits == pytest.approx(theirs, abs=by_r["tolerance"])


def test_the_product_in_points_is_that_of_r():
    """What passes from leadership to parents' trust is the ACME of R's mediation, in points."""
    frame, equations = schools()
    expected = oracle("nyc_2015")["mediate"]
    two = {"eng": equations["eng"], "ptrust": ["eng", "lead", "eni", "lenr"]}

    found = path_model(frame, two, rng=drawn(), paths=[("lead", "eng", "ptrust")]).indirect[0]

    assert found.estimate == pytest.approx(expected["ACME"], rel=1e-8)
    assert (found.ci_low, found.ci_high) == pytest.approx(expected["ACME_ci"], abs=0.004)


def test_the_stations_of_schools_give_the_same_products():
    """As stations of the chain, the schools give the products along the ways R was asked for."""
    frame, _ = schools()
    stations = {
        "internal_service_quality": "lead",
        "engagement": "eng",
        "service_value": "resp",
        "customer_satisfaction": "ptrust",
        "loyalty": "att",
    }
    expected = oracle("nyc_2015")["chain_path"]["bootstrap"]["rows"]

    chain = service_profit_chain(
        frame,
        stations,
        rng=drawn(),
        covariates=["eni", "lenr"],
        sources={"service_value": "employees", "loyalty": "records"},
        n_resamples=200,
    )

    first = [found for found in chain.indirect if found.path[0] == "internal_service_quality"]
    assert [found.standardised for found in first] == pytest.approx(
        [row["est"] for row in expected[:3]], rel=1e-7
    )
    same = [(link.start, link.end) for link in chain.links if link.is_same_source]
    assert same == [
        ("internal_service_quality", "engagement"),
        ("engagement", "service_value"),
    ]


def test_the_customers_half_is_that_of_r():
    """Image, expectations, quality, value, satisfaction and loyalty: lavaan's coefficients."""
    answers, expected = data("rpkg", "seminr__mobi.csv"), oracle("mobi_ecsi")["ecsi_path"]
    scales = ("IMAG", "CUEX", "PERQ", "PERV", "CUSA", "CUSL")
    means = {name: answers.filter(regex=rf"^{name}\d").mean(axis=1) for name in scales}
    equations = {}
    for row in expected["paths"]:
        equations.setdefault(row["lhs"], []).append(row["rhs"])

    model = path_model(pd.DataFrame(means), equations, rng=drawn())

    made = [found.standardised for found in model.coefficients]
    assert made == pytest.approx([row["est"] for row in expected["paths"]], rel=1e-7)
    # R sets the rest beside the spread that the model implies, which is that of the data only
    # where the equations hold all links.
    left = {name: 1 - share for name, share in model.r_squared.items()}
    steps = pd.DataFrame(0.0, index=scales, columns=scales)
    for found in model.coefficients:
        steps.loc[found.end, found.start] = found.standardised
    passed = np.linalg.inv(np.eye(6) - steps.to_numpy())
    implied = passed @ np.diag([left.get(name, 1.0) for name in scales]) @ passed.T
    by_r = {name: 1 - left[name] / implied[i, i] for i, name in enumerate(scales) if i > 0}
    assert by_r == pytest.approx(expected["r2"], rel=1e-8)


def test_each_link_is_a_regression_by_statsmodels():
    """Slope, HC3 error, limits and p of each link are those of statsmodels on the raw columns."""
    teams = teams_of()
    chain = service_profit_chain(teams, COLUMNS, rng=drawn(), covariates=["size"], n_resamples=50)

    for start, end, held in (
        ("engagement", "customer_satisfaction", ["energy", "size"]),
        ("customer_satisfaction", "loyalty", ["likes", "energy", "size"]),
    ):
        design = np.column_stack([np.ones(60), teams[held]])
        fit = OLS(teams[COLUMNS[end]].to_numpy(), design).fit(cov_type="HC3", use_t=True)
        own = chain.link(start, end).coefficient
        made = (own.estimate, own.std_error, own.pvalue, own.ci_low, own.ci_high)
        limits = tuple(fit.conf_int()[1])
        assert made == pytest.approx((fit.params[1], fit.bse[1], fit.pvalues[1], *limits))


def test_limits_of_a_product_are_a_plain_loop_over_draws():
    """Fitting every draw of teams by itself, gaps left out, gives the same limits."""
    teams = teams_of(40)
    teams.loc[[3, 17], "returns"] = np.nan
    names = {"likes": ["energy"], "returns": ["likes", "energy"]}

    model = path_model(
        teams, names, rng=drawn(), paths=[("energy", "likes", "returns")], n_resamples=60
    )

    values, products = teams[["energy", "likes", "returns"]].to_numpy(), []
    for draw in drawn().integers(40, size=(60, 40)):
        energy, likes, returns = values[draw].T
        ones, known = np.ones(40), ~np.isnan(returns)
        first = np.linalg.lstsq(np.column_stack([ones, energy]), likes)[0][1]
        design = np.column_stack([ones, likes, energy])[known]
        products.append(first * np.linalg.lstsq(design, returns[known])[0][1])
    found = model.indirect[0]
    limits = np.quantile(products, [0.025, 0.975])
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(limits))
    assert (found.n_teams, model.n_teams) == (38, 40)
    steps = model.coefficient("energy", "likes"), model.coefficient("likes", "returns")
    assert found.estimate == pytest.approx(steps[0].estimate * steps[1].estimate)


def test_published_figures_enter_no_product(monkeypatch):
    """Other figures from elsewhere change what is cited and nothing that is measured."""
    teams = teams_of()
    before = service_profit_chain(teams, COLUMNS, rng=drawn(), n_resamples=50)
    absurd = tuple(replace(figure, value=99.0) for figure in PUBLISHED)
    monkeypatch.setattr("analysis.chain_nodes.PUBLISHED", absurd)

    after = service_profit_chain(teams, COLUMNS, rng=drawn(), n_resamples=50)

    assert after.indirect == before.indirect
    assert [link.coefficient for link in after.links] == [
        link.coefficient for link in before.links
    ]
    assert after.link("engagement", "profit").published[0].value == 99.0
    # No path leads over a link that is only cited.
    measured = {(x.start, x.end) for x in before.links if x.grade == "measured"}
    steps = [step for x in before.indirect for step in zip(x.path, x.path[1:], strict=False)]
    assert steps
    assert set(steps) <= measured
    with pytest.raises(BadFrame, match="from loyalty to profit is not measured here"):
        service_profit_chain(
            teams, COLUMNS, rng=drawn(), paths=[("customer_satisfaction", "loyalty", "profit")]
        )


def test_each_link_has_its_grade_and_reason():
    """Measured, cited and not measured links are told apart, with the reason for the latter."""
    teams = teams_of()
    teams["money"] = np.where(np.arange(60) < 11, teams["returns"], np.nan)

    chain = service_profit_chain(
        teams, {**COLUMNS, "profit": "money"}, rng=drawn(), n_resamples=50
    )

    told = {
        (link.start, link.end): (link.grade, link.reason)
        for link in chain.links
        if link.grade != "measured"
    }
    few = "11 teams have all figures; 15 are needed for 3 predictors."
    assert told["engagement", "profit"] == ("cited", few)
    assert told["loyalty", "profit"] == ("not_measured", few)
    assert told["loyalty", "revenue"] == ("not_measured", "No figures of revenue by team.")
    assert told["retention", "service_value"][1] == (
        "No figures of retention or service value by team."
    )
    assert [link.grade for link in chain.links if link.start == "customer_satisfaction"] == [
        "measured",
        "cited",
    ]
    assert chain.stations == ("engagement", "customer_satisfaction", "loyalty", "profit")


def test_cited_figures_are_those_that_were_read():
    """Each cited figure stands in the list of published ones, read there or in a citing work."""
    rows = json.loads(reference("oracles", "published.json").read_text())["rows"]
    by_author = {row["cite"].split(" (")[0].split(",")[0] + row["id"]: row for row in rows}

    assert len(PUBLISHED) == 13
    for figure in PUBLISHED:
        author, year = figure.cite.split(",")[0].split(" (")[0], figure.cite.split("(")[1][:4]
        known = [row for key, row in by_author.items() if key.startswith(author) and year in key]
        values = [v for row in known for v in (row["value"] or {}).values()]
        grades = " ".join(row["verified"] for row in known)
        assert figure.value in values, figure
        assert {"P": "primary", "S": "secondary"}[figure.grade] in grades, figure
        assert (figure.start, figure.end) in (*LINKS, *SHORTCUTS)


def test_ways_pass_no_measured_station_over():
    """A shortcut is no step where a measured station lies between; all ways are listed once."""
    links = [("a", "b"), ("b", "c"), ("a", "c")]
    chain = [("engagement", "retention"), ("retention", "customer_satisfaction")]
    beside = [("engagement", "productivity"), ("productivity", "customer_satisfaction")]

    assert next_steps(links) == (("a", "b"), ("b", "c"))
    assert ways([*chain, *beside]) == (
        ("engagement", "retention", "customer_satisfaction"),
        ("engagement", "productivity", "customer_satisfaction"),
    )
    assert ancestors("service_value") == {
        "internal_service_quality",
        "engagement",
        "retention",
        "productivity",
    }


@settings(max_examples=6, deadline=None)
@given(
    shift=st.floats(-1000, 1000),
    scale=st.floats(0.01, 100),
    order=st.permutations(["energy", "likes", "returns"]),
)
def test_units_order_and_names_change_no_standardised_figure(shift, scale, order):
    """Units move slopes in points alone; order of rows and names of columns move nothing."""
    teams = teams_of(30)
    plain = service_profit_chain(teams, COLUMNS, rng=drawn(), n_resamples=20)
    moved = teams[order].sample(frac=1, random_state=3)
    moved["likes"] = shift + scale * moved["likes"]
    named = moved.add_prefix("x ")
    columns = {station: f"x {column}" for station, column in COLUMNS.items()}

    again = service_profit_chain(named, columns, rng=drawn(), n_resamples=20)

    near = {"rel": 1e-6, "abs": 1e-9}
    for one, other in zip(plain.links, again.links, strict=True):
        assert one.grade == other.grade
        if one.coefficient is not None:
            first, second = one.coefficient, other.coefficient
            assert second.standardised == pytest.approx(first.standardised, **near)
            assert second.pvalue == pytest.approx(first.pvalue, **near)
    pair = [c.link("engagement", "customer_satisfaction").coefficient for c in (plain, again)]
    assert pair[1].estimate == pytest.approx(scale * pair[0].estimate, **near)
    assert again.indirect[0].estimate == pytest.approx(plain.indirect[0].estimate, **near)


def test_what_cannot_be_told_is_refused():
    """Unknown stations, missing columns, twins and too few teams are named in words."""
    teams = teams_of(30)
    with pytest.raises(BadFrame, match="mood is no station"):
        service_profit_chain(teams, {"mood": "energy"}, rng=drawn())
    with pytest.raises(BadFrame, match="stands for two stations"):
        service_profit_chain(teams, {"engagement": "energy", "loyalty": "energy"}, rng=drawn())
    with pytest.raises(BadFrame, match="No station"):
        service_profit_chain(teams, {}, rng=drawn())
    with pytest.raises(BadFrame, match="lack the column nothing"):
        service_profit_chain(teams, {"engagement": "nothing"}, rng=drawn())
    with pytest.raises(NotEnoughTeams, match="11 teams have all figures; 12 are needed"):
        path_model(teams[:11], {"likes": ["energy"]}, rng=drawn())
    with pytest.raises(NotIdentified, match="move as one"):
        path_model(
            teams.assign(twin=2 * teams["energy"]), {"likes": ["energy", "twin"]}, rng=drawn()
        )
    with pytest.raises(NotIdentified, match="same in every team"):
        path_model(teams.assign(flat=1.0), {"likes": ["flat"]}, rng=drawn())
    with pytest.raises(NotIdentified, match="single team decides"):
        lone = teams.assign(lone=(np.arange(30) == 4).astype(float))
        path_model(lone, {"likes": ["lone"]}, rng=drawn())
    with pytest.raises(BadFrame, match="no step|No equation has the step"):
        path_model(teams, {"likes": ["energy"]}, rng=drawn(), paths=[("energy", "likes", "size")])


def test_a_chain_of_one_station_measures_nothing():
    """With engagement alone every link is cited or not measured, and nothing is multiplied."""
    chain = service_profit_chain(teams_of(), {"engagement": "energy"}, rng=drawn())

    assert {link.grade for link in chain.links} == {"cited", "not_measured"}
    assert (chain.indirect, chain.r_squared) == ((), {})
