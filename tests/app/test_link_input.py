"""What `headwater link` makes of two files, by figures worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.formats.linkage_input import read_linkage
from app.formats.linkage_options import Item, LinkageOptions, SideOptions, check_side, read_items
from tests.app.link_runs import write_csv

TEAMS = [f"T{i}" for i in range(4)]


def side(path, *items, **options) -> SideOptions:
    """Describe one side; a leading minus reverses an item."""
    chosen = tuple(Item(name.removeprefix("-"), name.startswith("-")) for name in items)
    return SideOptions(path=path, team=options.pop("team", "team"), items=chosen, **options)


def scores_of(frame):
    """Spell scores out: team -> (n, mean, variance)."""
    return {
        row.team: (row.n, round(row.mean, 12), round(row.variance, 12))
        for row in frame.itertuples()
    }


@pytest.fixture
def plain_customers(tmp_path) -> SideOptions:
    rows = [[team, 5 + i] for i, team in enumerate(TEAMS) for _ in range(2)]
    return side(write_csv(tmp_path / "c.csv", ["team", "score"], rows), "score")


def staff(tmp_path: Path, rows, heading=("team", "a", "b"), **options) -> SideOptions:
    path = write_csv(tmp_path / "e.csv", list(heading), rows)
    return side(path, *options.pop("items", ("a", "b")), **options)


BASE = [["T1", 1, 1], ["T2", 2, 2], ["T3", 3, 3]]


def test_a_respondent_scores_the_mean_of_the_items_answered(tmp_path, plain_customers):
    """Reversed items turn on the scale; nobody's blank counts as zero; blanks are counted."""
    rows = [["T0", 1, 5], ["T0", "", 2], ["T0", "NA", "."], ["", 3, 3], *BASE]
    employee = staff(tmp_path, rows, items=("a", "-b"), scale=(1.0, 5.0))

    read = read_linkage(LinkageOptions(employee=employee, customer=plain_customers))

    # (1 + 1) / 2 = 1 and 6 - 2 = 4: mean 2.5, variance 4.5.
    assert scores_of(read.employee.scores)["T0"] == (2, 2.5, 4.5)
    assert read.inputs[0].n_rows == 7
    assert read.inputs[0].n_used == 5
    assert read.inputs[0].left_out == {"no team": 1, "no score": 1}


def test_alpha_is_that_of_the_turned_items(tmp_path, plain_customers):
    """Two items that mirror one another agree completely once one is turned."""
    rows = [[team, 1 + i, 5 - i] for i, team in enumerate(TEAMS)]
    employee = staff(tmp_path, rows, items=("a", "-b"), scale=(1.0, 5.0))

    read = read_linkage(LinkageOptions(employee=employee, customer=plain_customers))

    assert read.employee.alpha == pytest.approx(1.0)
    assert read.customer.alpha is None


def test_alpha_with_a_metric_is_that_of_the_answers_as_they_count(tmp_path, plain_customers):
    """Answers that differ, yet all count as promoters or detractors alike, agree completely."""
    pairs = [(10, 9), (9, 10), (0, 6), (6, 0)]
    rows = [[team, *pair] for i, team in enumerate(TEAMS) for pair in [*pairs, (8 + i % 2,) * 2]]
    path = write_csv(tmp_path / "nps.csv", ["team", "a", "b"], rows)
    customer = side(path, "a", "b", scale=(0.0, 10.0), metric="nps")
    employee = staff(tmp_path, [[t, i, i] for i, t in enumerate(TEAMS)], items=("a",))

    read = read_linkage(LinkageOptions(employee=employee, customer=customer))

    assert read.customer.alpha == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("metric", "answers", "mean"),
    [
        ("nps", [10, 9, 8, 7, 6, 0], (100 + 100 - 100 - 100) / 6),
        ("top2", [10, 9, 8, 7, 6, 0], 2 / 6),
        ("mean", [10, 9, 8, 7, 6, 0], 40 / 6),
    ],
)
def test_customer_metrics_count_each_answer(tmp_path, metric, answers, mean):
    """nps counts +100, 0 and -100; top2 counts the two highest points."""
    rows = [["T0", a] for a in answers] + [[t, a] for t in TEAMS[1:] for a in (int(t[1]), 9)]
    customer = side(
        write_csv(tmp_path / "c.csv", ["team", "score"], rows),
        "score",
        metric=metric,
        scale=(0.0, 10.0),
    )
    employee = staff(tmp_path, [["T0", 0, 0], *BASE])
    if metric != "mean":
        # The others differ in mean only, so let them differ in kind too.
        rows += [["T1", 10]]
        write_csv(tmp_path / "c.csv", ["team", "score"], rows)

    read = read_linkage(LinkageOptions(employee=employee, customer=customer))

    assert scores_of(read.customer.scores)["T0"][1] == pytest.approx(mean)


def test_a_crosswalk_pools_respondents_each_once(tmp_path):
    """The customer team is the unit; pooled moments are those of the pooled answers."""
    rows = [["A", 4], ["A", 2], ["B", 3], ["B", 3], ["B", 3], ["C", 5], ["D", 1], ["F", 2]]
    employee = staff(tmp_path, rows, heading=("team", "a"), items=("a",))
    customers = [[t, v] for t, v in zip("XXYYZZW", [1, 2, 3, 4, 6, 6, 9], strict=True)]
    customer = side(write_csv(tmp_path / "c.csv", ["team", "score"], customers), "score")
    pairs = [
        ["A", "X"],
        ["B", "X"],
        ["B", "Y"],
        ["C", "Y"],
        ["D", "Z"],
        ["A", "X"],
        ["E", "Z"],
        ["", "X"],
    ]
    crosswalk = write_csv(tmp_path / "pairs.csv", ["employee_team", "customer_team"], pairs)

    read = read_linkage(LinkageOptions(employee=employee, customer=customer, crosswalk=crosswalk))

    scores = scores_of(read.employee.scores)
    assert scores["X"] == (5, 3.0, 0.5)
    assert scores["Y"] == (4, 3.5, 1.0)
    assert scores["Z"][:2] == (1, 1.0)
    assert set(read.employee.all_scores["team"]) == set("ABCDF")
    assert read.dropped == (
        ("F", "employee team not in the crosswalk"),
        ("W", "customer team not in the crosswalk"),
    )
    assert read.employee.pooled_teams == 3
    assert (read.inputs[2].n_rows, read.inputs[2].n_used) == (8, 6)
    assert any(w.code == "crosswalk_unknown_team" and " E." in w.text for w in read.warnings)


def test_minimums_apply_to_the_pooled_unit_and_period(tmp_path):
    """Two small teams that are pooled pass together; a small period falls out alone."""
    rows = [[t, p, v + p] for p in (1, 2) for v, t in enumerate("ABC") for _ in range(3)]
    rows += [["D", 1, 9]] * 2 + [["D", 2, 9]] * 6 + [["G", 1, 3]]
    employee = staff(
        tmp_path, rows, heading=("team", "p", "a"), items=("a",), period="p", minimum=5
    )
    customers = [[t, p, v * p + 1] for p in (1, 2) for v, t in enumerate("XYZG") for _ in range(2)]
    customer = side(
        write_csv(tmp_path / "c.csv", ["team", "p", "score"], customers), "score", period="p"
    )
    pairs = [["A", "X"], ["B", "X"], ["B", "Y"], ["C", "Y"], ["D", "Z"], ["G", "G"]]
    crosswalk = write_csv(tmp_path / "pairs.csv", ["employee_team", "customer_team"], pairs)

    read = read_linkage(LinkageOptions(employee=employee, customer=customer, crosswalk=crosswalk))

    kept = [(row.team, row.period, row.n) for row in read.employee.scores.itertuples()]
    assert kept == [("X", 1, 6), ("X", 2, 6), ("Y", 1, 6), ("Y", 2, 6), ("Z", 2, 6)]
    assert ("G", "fewer than 5 employees in every period") in read.dropped
    assert any(w.code == "employee_periods_too_small" for w in read.warnings)


def test_teams_below_the_minimum_are_dropped_but_count_for_the_iccs(tmp_path, plain_customers):
    """ICCs are over all teams of the side; the link is over those that are large enough."""
    rows = [["T0", 1, 1], ["T0", 2, 2], *BASE, *BASE]
    employee = staff(tmp_path, [*rows, ["T4", 5, 5]], minimum=2)

    read = read_linkage(LinkageOptions(employee=employee, customer=plain_customers))

    assert "T4" not in set(read.employee.scores["team"])
    assert "T4" in set(read.employee.all_scores["team"])
    assert read.dropped == (("T4", "fewer than 2 employees"),)


@pytest.mark.parametrize(
    ("texts", "ordinals"),
    [
        (["2023", "2024"], [2023, 2024]),
        (["2023-12", "2024-01"], [2023 * 12 + 11, 2024 * 12]),
        (["2023-Q4", "2024-Q1"], [2023 * 4 + 3, 2024 * 4]),
        (["2023-12-31", "2024-01-01"], [738885, 738886]),
        (["3.0", "4"], [3, 4]),
    ],
)
def test_periods_become_neighbouring_numbers(tmp_path, texts, ordinals):
    """Neighbouring calendar units differ by one, also over the turn of the year."""
    rows = [[t, text, i + k] for k, text in enumerate(texts) for i, t in enumerate(TEAMS)]
    other = [[t, text, i * 3 % 4] for text in texts for i, t in enumerate(TEAMS)]
    employee = staff(tmp_path, rows, heading=("team", "p", "a"), items=("a",), period="p")
    customer = side(
        write_csv(tmp_path / "c.csv", ["team", "p", "score"], other), "score", period="p"
    )

    read = read_linkage(LinkageOptions(employee=employee, customer=customer))

    assert sorted(set(read.employee.scores["period"])) == ordinals


LEVEL = {"is_team_level": True}


def team_level(tmp_path, rows, **options):
    """Read rows of teams against customers of teams."""
    other = [[team, 5 + i * 2] for i, team in enumerate(TEAMS)]
    customer = side(write_csv(tmp_path / "c.csv", ["team", "score"], other), "score", **LEVEL)
    employee = staff(tmp_path, rows, heading=("team", "a", "n"), items=("a",), **LEVEL, **options)
    return read_linkage(LinkageOptions(employee=employee, customer=customer))


TEAM_ROWS = [["T0", 1, 6], ["T1", 2, 6], ["T2", 3, 6], ["T3", 5, 6]]


def test_rows_of_a_team_that_agree_count_once(tmp_path):
    """A repeated row is no second team, and is said."""
    read = team_level(tmp_path, [*TEAM_ROWS, ["T1", "2.0", 6]])

    assert len(read.employee.scores) == 4
    assert read.inputs[0].n_used == 4
    assert any("they agree and count once" in w.text for w in read.warnings)


def test_the_first_row_of_a_team_may_be_taken(tmp_path):
    """With ``--on-duplicate first`` the first complete row stands."""
    rows = [["T1", "NA", 6], *TEAM_ROWS, ["T1", 9, 6]]

    read = team_level(tmp_path, rows, on_duplicate="first")

    assert scores_of(read.employee.scores)["T1"][1] == 2
    assert any("the first row of each was taken" in w.text for w in read.warnings)


def test_a_row_without_its_count_is_left_out(tmp_path):
    """Where an n column is given, it decides who counts; the minimum then applies."""
    rows = [*TEAM_ROWS, ["T4", 4, ""], ["T5", 4, 0], ["T6", 4, 3]]

    read = team_level(tmp_path, rows, n="n", minimum=5)

    assert read.inputs[0].left_out == {"no n": 2}
    assert read.dropped == (("T6", "fewer than 5 employees"),)


def test_minimums_without_counts_are_ignored_and_said(tmp_path):
    """Team rows without n pass, whatever the minimum."""
    read = team_level(tmp_path, TEAM_ROWS, minimum=5)

    assert len(read.employee.scores) == 4
    assert {w.code for w in read.warnings} == {
        "employee_minimum_ignored",
        "customer_minimum_ignored",
    }


def test_decimal_commas_and_missing_marks_are_read(tmp_path):
    """A semicolon file may write 3,5; NA, N/A, null, a dot and a dash are no values."""
    path = tmp_path / "e.csv"
    lines = ["team;a", "T0;3,5", "T1;4", "T2;−1,25", "T3;NA", "T3;N/A", "T3;null", "T3;.", "T3;-"]
    path.write_text("\n".join([*lines, "T3; 2,0 "]), "utf-8")
    other = write_csv(tmp_path / "c.csv", ["team", "score"], [[t, i] for i, t in enumerate(TEAMS)])

    read = read_linkage(LinkageOptions(employee=side(path, "a"), customer=side(other, "score")))

    means = {row.team: row.mean for row in read.employee.scores.itertuples()}
    assert means == {"T0": 3.5, "T1": 4.0, "T2": -1.25, "T3": 2.0}
    assert read.inputs[0].left_out == {"no score": 5}


def test_names_are_compared_in_one_spelling_and_near_misses_are_said(tmp_path):
    """Composed and decomposed letters are one; another case is another team, but is pointed at."""
    one = [["Cafe\u0301  Nord", 1], ["B", 2], ["C", 3], ["ward 1", 4], ["NA", 3]]
    other = [["Café Nord", 5], ["B", 7], ["C", 6], ["Ward 01", 4]]
    employee = side(write_csv(tmp_path / "e.csv", ["team", "a"], one), "a")
    customer = side(write_csv(tmp_path / "c.csv", ["team", "a"], other), "a")

    read = read_linkage(LinkageOptions(employee=employee, customer=customer))

    codes = {w.code: w.text for w in read.warnings}
    assert set(read.employee.scores["team"]) & {"Café Nord"}
    assert "name the team NA" in codes["team_name_missing"]
    assert "similar_team_names" not in codes  # "ward1" and "ward01" differ inside
    assert read.inputs[0].left_out == {"no team": 1}


def test_names_that_differ_in_case_only_are_pointed_at(tmp_path):
    """They stay apart, and the report says so."""
    one = [["A", 1], ["B", 2], ["C", 3], ["Ward 7", 4]]
    other = [["A", 5], ["B", 7], ["C", 6], ["ward-7", 4]]
    employee = side(write_csv(tmp_path / "e.csv", ["team", "a"], one), "a")
    customer = side(write_csv(tmp_path / "c.csv", ["team", "a"], other), "a")

    read = read_linkage(LinkageOptions(employee=employee, customer=customer))

    assert [w.code for w in read.warnings] == ["similar_team_names"]
    assert '"Ward 7" and "ward-7"' in read.warnings[0].text


def test_a_column_name_may_hold_a_comma(tmp_path):
    """A heading with commas is one column, alone or in quotation marks."""
    path = write_csv(tmp_path / "e.csv", ["team", "Overall, how happy?", "x"], [["A", 1, 2]])

    alone = read_items("Overall, how happy?", path=path, option="--engagement")
    two = read_items('"Overall, how happy?",-x', path=path, option="--engagement")

    assert alone == (Item("Overall, how happy?"),)
    assert two == (Item("Overall, how happy?"), Item("x", True))
    assert check_side(side(path, "x"), who="employee").columns == ("team", "x")


def test_whole_numbers_that_look_like_months_are_pointed_at(tmp_path):
    """202312 and 202401 are not neighbours, and the report says how to mend it."""
    texts = ["202312", "202401"]
    rows = [[t, text, i + k] for k, text in enumerate(texts) for i, t in enumerate(TEAMS)]
    other = [[t, text, i * 3 % 4] for text in texts for i, t in enumerate(TEAMS)]
    employee = staff(tmp_path, rows, heading=("team", "p", "a"), items=("a",), period="p")
    customer = side(
        write_csv(tmp_path / "c.csv", ["team", "p", "score"], other), "score", period="p"
    )

    read = read_linkage(LinkageOptions(employee=employee, customer=customer))

    assert {w.code for w in read.warnings} == {"periods_look_like_months"}


@pytest.mark.parametrize(
    ("heading", "text", "items"),
    [
        (["-e1", "e2"], "-e1", [("-e1", False)]),
        (["-e1", "e1"], "-e1", [("e1", True)]),
        (["-e1", "e2"], "--e1,-e2", [("-e1", True), ("e2", True)]),
        (["a, b", "e2"], '-"a, b",e2', [("a, b", True), ("e2", False)]),
        (["a, b", "e2"], '"-a, b",e2', [("a, b", True), ("e2", False)]),
    ],
)
def test_a_column_name_may_begin_with_a_minus(tmp_path, heading, text, items):
    """The heading decides whether a minus belongs to the name; quotation marks hold commas."""
    path = write_csv(tmp_path / "e.csv", ["team", *heading], [["T1", 1, 1]])

    read = read_items(text, path=path, option="--engagement")

    assert [(item.column, item.is_reversed) for item in read] == items


def test_the_same_respondents_on_both_sides_are_pointed_at(tmp_path):
    """One file of respondents for both sides is no link between employees and customers."""
    rows = [[team, 1 + i, 5 - i % 3] for i, team in enumerate(TEAMS)]
    path = write_csv(tmp_path / "one.csv", ["team", "a", "b"], rows)
    options = LinkageOptions(employee=side(path, "a"), customer=side(path, "b"))

    assert [w.code for w in read_linkage(options).warnings] == ["common_source"]

    levels = [side(path, name, is_team_level=True) for name in ("a", "b")]
    options = LinkageOptions(employee=levels[0], customer=levels[1])

    assert "common_source" not in {w.code for w in read_linkage(options).warnings}
