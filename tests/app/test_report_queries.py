"""app.queries.roll_ups: sums of customers' answers as the reports read them."""

from __future__ import annotations

from datetime import date

import pytest

from app.queries.roll_ups import CountRow, TeamMonth, count_rows, team_months
from app.reporting.customers import customer_report
from app.services.roll_ups import roll_up
from surveys import questionnaires
from tests.app.customers import make_answer, make_link, make_touchpoint
from tests.factories import make_team

pytestmark = pytest.mark.database
CUSTOMERS = questionnaires.load("customer_experience")
APRIL = date(2026, 4, 1)


def roll_up_all(session):
    session.commit()
    while roll_up(session):
        session.commit()


def test_months_are_summed_per_team_up_to_a_day(session):
    """Calendar months; answers of no team and of the last day on stay out."""
    links = {key: make_link(session, team=make_team(session, key=key)) for key in "ab"}
    make_answer(session, links["a"], {"satisfaction": 5}, on=date(2026, 3, 31))
    make_answer(session, links["a"], {"satisfaction": 2}, on=date(2026, 3, 1))
    make_answer(session, links["b"], {"satisfaction": 4}, on=APRIL)
    make_answer(session, links["b"], {"satisfaction": 1}, on=date(2026, 4, 2))
    make_answer(session, links["b"], {"recommend": 4}, on=APRIL)
    make_answer(session, make_link(session), {"satisfaction": 1}, on=APRIL)
    roll_up_all(session)

    found = team_months(session, item="satisfaction", before=date(2026, 4, 2))

    assert found == [
        TeamMonth(team="a", year=2026, month=3, n=2, total=7, total_squares=29),
        TeamMonth(team="b", year=2026, month=4, n=1, total=4, total_squares=16),
    ]


def test_counts_are_added_up_over_the_days(session):
    """One row per touchpoint, channel, team and item, with a count per answer."""
    team = make_team(session, "North", key="north")
    counter = make_touchpoint(session, "Counter", "purchase")
    at_counter = make_link(session, touchpoint=counter, team=team, channel="qr")
    elsewhere = make_link(session, touchpoint=make_touchpoint(session, "Hotline"))
    for value, day in ((10, 1), (9, 2), (9, 3)):
        make_answer(session, at_counter, {"recommend": value}, on=date(2026, 3, day))
    make_answer(session, elsewhere, {"recommend": 7}, on=date(2026, 3, 1))
    roll_up_all(session)

    assert count_rows(session, before=APRIL) == [
        CountRow(
            touchpoint="Counter", stage="purchase", channel="qr", team="North",
            item="recommend", n=3, counts={"9": 2, "10": 1},
        ),
        CountRow(
            touchpoint="Hotline", stage="service", channel="link", team="",
            item="recommend", n=1, counts={"7": 1},
        ),
    ]  # fmt: skip


def row(item, counts, **place):
    where = {"touchpoint": "Counter", "stage": "use", "channel": "qr", "team": "North", **place}
    return CountRow(item=item, n=sum(counts.values()), counts=counts, **where)


def report(*rows):
    return customer_report(rows, questionnaires=[CUSTOMERS], until=date(2026, 3, 31))


def figures(document, table, label):
    rows = next(t["rows"] for t in document["tables"] if t["key"] == table)
    return next(r["figures"] for r in rows if r["label"] == label)


def test_customers_figures_are_those_of_their_counts():
    """Score, mean, turned effort and favourable share, computed by hand."""
    document = report(
        row("recommend", {"10": 6, "8": 2, "3": 2}),
        row("satisfaction", {"5": 5, "3": 5}),
        row("effort", {"1": 8, "7": 2}),
        row("repeated", {"0": 9, "1": 1}),
    )

    assert {key: figure["value"] for key, figure in document["total"].items()} == {
        "recommend": pytest.approx(40),
        "satisfaction": pytest.approx(4),
        "effort": pytest.approx((8 * 7 + 2 * 1) / 10),
        "repeated": pytest.approx(0.9),
    }
    assert document["total"]["repeated"]["text"] == "90%"
    assert document["until"] == "31 March 2026"


def test_groups_add_up_and_small_ones_show_no_figure():
    """Ten answers make a figure, nine none; channels and stages have readable names."""
    document = report(
        row("satisfaction", {"4": 6, "2": 4}),
        row("satisfaction", {"4": 9}, team="", channel="email", stage="service"),
    )

    assert figures(document, "channel", "QR code")["satisfaction"]["text"] == "3.20"
    assert figures(document, "channel", "E-mail")["satisfaction"]["text"] == "–"
    assert figures(document, "team", "No team")["satisfaction"]["n"] == 9
    assert "value" not in figures(document, "team", "No team")["satisfaction"]
    assert [r["label"] for r in document["tables"][0]["rows"]] == ["Use", "Service"]
    assert document["total"]["satisfaction"]["n"] == 19
