"""The panel behind the linkage: units are sets of teams, and no answer counts twice."""

from datetime import date
from xml.etree import ElementTree

import numpy as np
import pytest

from analysis import link
from app.charts.drawing import SERIES_1
from app.queries.roll_ups import TeamMonth
from app.reporting.chain import chain
from app.reporting.linkage import linkage_document
from app.reporting.panel import ENGAGEMENT, linkage_panel, month_ordinal
from surveys.hierarchy import Team as Node
from tests.app.released import MAIL, NODES, NORTH, PHONE, make_release, renamed

MARCH, APRIL, MAY = (month_ordinal(date(2026, month, 1)) for month in (3, 4, 5))
GROWN = {"north": 14, "south": 9, "west": 9, "phone": 12, "mail": 16}
ALONE = {"north": NORTH, "south": MAIL, "west": MAIL, "phone": PHONE, "mail": MAIL}


def march(**changes):
    return make_release(**changes)


def april(**changes):
    return make_release(wave="pulse-2", title="April", opens_on="2026-04-01", **changes)


def may(**changes):
    return make_release(wave="pulse-3", title="May", opens_on="2026-05-04", **changes)


def customers(team, month, *scores):
    return TeamMonth(
        team=team,
        year=2026,
        month=month,
        n=len(scores),
        total=sum(scores),
        total_squares=sum(score**2 for score in scores),
    )


def panel(releases, *rows):
    return linkage_panel(releases, rows, outcome="customer satisfaction")


def units(side):
    return set(zip(side.scores["team"], side.scores["period"], strict=True))


def value(side, team, period):
    rows = side.scores
    (row,) = rows[(rows["team"] == team) & (rows["period"] == period)].to_dict("records")
    return row


def test_engagement_is_the_released_sum_by_its_answers():
    """An exact cell gives its mean; a bounded one the point one quarter into its range."""
    found = panel([march()])

    north, phone = (value(found.employee, team, MARCH) for team in ("North", "=1+1"))

    assert (north["n"], north["mean"]) == (10, pytest.approx(3.15))
    assert north["variance"] == pytest.approx(np.var([sum(p) / 2 for p in NORTH], ddof=1))
    assert (phone["n"], phone["mean"]) == (12, pytest.approx(55.5 / 12))


def test_customers_of_a_merged_cell_are_pooled():
    """Both teams' answers make one mean and one variance, as if asked together."""
    south, west = (5, 4, 4, 3, 2, 5), (1, 2, 2, 3, 3)

    found = panel([march()], customers("south", 3, *south), customers("west", 3, *west))

    row = value(found.customer, "South + West", MARCH)
    together = np.array(south + west)
    assert (row["n"], row["mean"]) == (11, pytest.approx(together.mean()))
    assert row["variance"] == pytest.approx(together.var(ddof=1))
    assert units(found.customer) == {("South + West", MARCH)}


def test_few_customers_are_no_score():
    """Nine answers in a month are left out, ten count."""
    found = panel([march()], customers("north", 3, *[4] * 9), customers("mail", 3, *[4] * 10))

    assert units(found.customer) == {("Mail", MARCH)}


def test_no_team_is_in_two_units():
    """South was merged once and alone twice: alone it stays, and the merged cell is named."""
    releases = [march(), april(eligible=GROWN, answers=ALONE), may(eligible=GROWN, answers=ALONE)]

    found = panel(releases, customers("south", 3, *[4] * 12), customers("west", 4, *[3] * 12))

    assert {team for team, _ in units(found.employee)} == {
        "North",
        "South",
        "West",
        "=1+1",
        "Mail",
    }
    assert ("South", MARCH) not in units(found.employee)
    assert units(found.customer) == {("South", MARCH), ("West", APRIL)}
    ((name, reason),) = found.dropped
    assert name.startswith("South + West, as counted in 1 of the waves")
    assert reason == "its teams were counted in another set in more waves"


def test_a_lag_joins_neighbouring_months_of_equal_sets_only():
    """A month without the unit leaves a gap of two, so nothing follows anything there."""
    few = {**ALONE, "south": MAIL[:3]}
    merged_once = april(eligible={**GROWN, "south": 4}, answers=few)
    releases = [
        march(eligible=GROWN, answers=ALONE),
        merged_once,
        may(eligible=GROWN, answers=ALONE),
    ]

    found = panel(releases)

    assert {period for team, period in units(found.employee) if team == "South"} == {MARCH, MAY}
    assert {p for team, p in units(found.employee) if team == "North"} == {MARCH, APRIL, MAY}
    assert (APRIL - MARCH, MAY - APRIL) == (1, 1)
    assert month_ordinal(date(2027, 1, 1)) - month_ordinal(date(2026, 12, 1)) == 1


def test_a_renamed_team_stays_one_unit_under_its_newest_name():
    """The set of keys is the unit, whatever it was called."""
    found = panel([march(), april(nodes=renamed(NODES, north="Far North"))])

    assert {("Far North", MARCH), ("Far North", APRIL)} <= units(found.employee)
    assert "North" not in {team for team, _ in units(found.employee)}


def test_of_two_waves_in_a_month_the_later_stands_for_it():
    """One month has one value."""
    later = make_release(
        wave="pulse-1b", title="Late March", opens_on="2026-03-09",
        answers={"north": MAIL, "west": MAIL, "phone": PHONE, "mail": MAIL},
    )  # fmt: skip

    found = panel([march(), later])

    assert value(found.employee, "North", MARCH)["n"] == len(MAIL)


def test_coverage_names_and_counts_what_fell_out():
    """Customers of a team in no cell, answers without counterpart, and pooled teams are said."""
    found = panel(
        [march()],
        customers("north", 3, *[4] * 12),
        customers("north", 4, *[4] * 30),
        customers("closed-shop", 3, *[4] * 12),
    )

    assert ("closed-shop", "has customers, but no cell that counts it") in found.dropped
    said = " ".join(found.remarks)
    assert "one stands for 2 teams that are counted together" in said
    assert "30 customer answers came in months in which their team has no released" in said
    assert "25 or more employee answers belong to months" in said


def test_a_hidden_construct_is_no_value():
    """A cell in which too few answered the engagement items is missing, not zero."""
    release = march()
    release["cells"][1]["constructs"][ENGAGEMENT] = {
        "status": "hidden",
        "reason": "too_few_answers",
    }

    assert ("North", MARCH) not in units(panel([release]).employee)


def test_alpha_comes_from_the_pooled_covariance():
    """Two items with variance one and covariance one half: alpha is two thirds."""
    release = march()
    release["pooled"] = {
        "items": ["energy", "belonging"],
        "covariance": [[1.0, 0.5], [0.5, 1.0]],
        "constructs": {},
    }

    assert panel([march(), release]).employee.alpha == pytest.approx(2 / 3)
    assert panel([march()]).employee.alpha is None


def test_two_units_of_one_name_are_told_apart():
    """Two teams may be called alike in different departments."""
    nodes = [
        Node(key="all", name="Company", parent=None),
        Node(key="one", name="Shop", parent="all"),
        Node(key="two", name="Shop ", parent="all"),
    ]
    release = make_release(
        nodes=nodes, eligible={"one": 14, "two": 14}, answers={"one": NORTH, "two": NORTH}
    )
    for cell in release["cells"]:
        cell["label"] = "Shop"

    assert len({team for team, _ in units(panel([release]).employee)}) == 2


BOUNDED = [
    customers("north", 3, 3, 4, 5, 4, 3, 4, 2, 4, 5, 4),
    customers("north", 4, 3, 4, 5, 4, 3, 4, 2, 4, 5, 4),
    customers("phone", 3, 5, 5, 4, 5, 4, 5, 5, 3, 5, 5),
    customers("phone", 4, 5, 5, 4, 5, 4, 5, 5, 3, 5, 5),
    customers("mail", 3, 2, 4, 2, 4, 3, 3, 3, 4, 2, 4),
]


def shown(releases, rows, **changes):
    found = linkage_panel(releases, rows, outcome="customer satisfaction", **changes)
    result = link(found.employee, found.customer, seed=1, dropped=found.dropped)
    document = linkage_document(result, bounds=found.bounds, response=found.response)
    return found, result, document


def test_a_bound_is_counted_among_the_months_that_are_linked():
    """Nearly all of the phone team agreed in March and April; May has no customers."""
    found = panel([march(), april(), may()], *BOUNDED)

    assert found.bounds == {"=1+1": (2, 2)}
    assert (
        "2 of 5 team-months were released only as bounds;"
        " each enters as a point inside its bound." in found.remarks
    )
    assert not panel([march()], *BOUNDED[:1]).bounds


def test_a_bound_is_never_drawn_as_a_value():
    """A hollow point without a bar, said in words, and no interval in the table."""
    calm = april(answers={**ALONE, "phone": NORTH}, eligible=GROWN)
    _, _, document = shown([march(), calm], BOUNDED)

    chart = document["link"]["chart"]
    rows = {row[0]: row for row in chart["table"]["rows"]}
    phone = rows["=1+1 (a bound in 1 of 2 months)"]
    svg = ElementTree.fromstring(chart["svg"])
    marks = {
        mark.get("aria-label").split(":")[0]: mark
        for mark in svg.iter("path")
        if mark.get("aria-label") and mark.get("role") == "graphics-symbol"
    }
    assert phone[2] == "bound, no interval"
    assert " to " in rows["North"][2]
    assert " to " in phone[4]
    assert '<g fill="none"' in chart["svg"]  # what a mark without a fill of its own inherits
    assert (marks["=1+1"].get("fill"), marks["=1+1"].get("stroke")) == (None, SERIES_1)
    assert (marks["North"].get("fill"), marks["North"].get("stroke")) == (SERIES_1, None)
    assert "(a bound in 1 of 2 months, so no interval)" in marks["=1+1"].get("aria-label")
    assert "Hollow points" in chart["note"]


def test_the_response_rate_is_that_of_the_linked_waves():
    """Everybody at phone answered, so the rate is a bound; May has no customers."""
    _, _, document = shown([march(), may(eligible=GROWN, answers=ALONE)], BOUNDED)

    sure = march()
    for cell in sure["cells"]:
        cell["n_eligible"] += 10

    # 10 of 14, 9 of 13, at least 10 of 12, 6 of 16.
    assert "the response rate of these waves is 63% or more." in document["coverage"]["text"]
    assert panel([sure], *BOUNDED).response == "39%"
    assert panel([march()]).response == ""


def test_units_name_the_ends_of_the_scale_where_they_are_known():
    """A point is one step on a scale that the reader can picture."""
    _, result, _ = shown([march()], BOUNDED)
    assert result.employee.unit == "points on the scale from 1 to 5"
    assert result.customer.unit == "points"

    _, _, document = shown([march()], BOUNDED, outcome_points=(1, 7))
    assert "Customer satisfaction (1 to 7)" in document["link"]["chart"]["svg"]
    assert "Engagement (1 to 5)" in document["link"]["chart"]["svg"]


def test_the_chain_draws_only_what_was_looked_at():
    """Two ends and one link between them."""
    _, result, _ = shown([march()], BOUNDED)

    drawn = chain(result)

    assert [len(drawn["nodes"]), len(drawn["links"])] == [2, 1]
    assert drawn["links"][0]["word"] == "too few teams"
