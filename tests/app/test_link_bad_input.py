"""`headwater link` refuses what it cannot use: one sentence, exit code 2, nothing written."""

from __future__ import annotations

import csv
import os

import pytest
from openpyxl import Workbook

from tests.app.link_runs import respondents, run, write_csv

PLAIN = ["--team", "team", "--engagement", "e1", "--satisfaction", "rating"]


def teams(folder, name, rows, heading=("team", "score", "n")):
    return write_csv(folder / name, list(heading), rows)


def test_an_ordinary_run_succeeds(tmp_path):
    """The files that the refusals below start from are good."""
    outcome = run(tmp_path, *respondents(tmp_path), *PLAIN)

    assert outcome.exit_code == 0
    assert outcome.document["coverage"]["n_teams"] == 12


def edited(path, old, new, times=1):
    path.write_text(path.read_text("utf-8").replace(old, new, times), "utf-8")


def emptied(staff, guests):
    guests.write_bytes(b"")


def without_column(staff, guests):
    edited(staff, "e1", "mood")


def two_teams(staff, guests):
    lines = staff.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.startswith(("team", "Team 00", "Team 01"))]
    staff.write_text("".join(kept), "utf-8")


def strangers(staff, guests):
    edited(guests, "Team", "Branch", times=-1)


def eleven(staff, guests):
    edited(guests, "Team 00,", "Team 00,11\nTeam 00,")


def words(staff, guests):
    edited(staff, "Team 00,", "Team 00,agree,1,1\nTeam 00,")


def no_variance(staff, guests):
    lines = guests.read_text("utf-8").splitlines()
    guests.write_text("\n".join([lines[0], *(f"{x.split(',')[0]},7" for x in lines[1:])]), "utf-8")


def binary(staff, guests):
    guests.write_bytes(b"team,rating\nA\x00,1\n" + bytes(range(256)))


def huge(staff, guests):
    os.truncate(guests, 200 * 2**20)


def all_blank(staff, guests):
    lines = guests.read_text("utf-8").splitlines()
    guests.write_text(
        "\n".join([lines[0], *(f"{x.split(',')[0]},NA" for x in lines[1:])]), "utf-8"
    )


def absent(staff, guests):
    guests.unlink()


@pytest.mark.parametrize(
    ("spoil", "options", "says"),
    [
        (emptied, [], "guests.csv is empty; give a file with a heading row"),
        (absent, [], "There is no file"),
        (without_column, [], 'staff.csv has no column "e1"'),
        (two_teams, [], "2 teams have scores in both staff.csv and guests.csv"),
        (strangers, [], "No team (such as"),
        (eleven, ["--customer-scale", "0:10"], 'column "rating": "11" lies outside the scale'),
        (words, [], 'row 2, column "e1": "agree" is not a number'),
        (no_variance, [], 'all 12 linked teams have the same score in "rating"'),
        (binary, [], "guests.csv is not a text file"),
        (huge, [], "the limit is 128 MB"),
        (all_blank, [], "guests.csv has no row that can be used: 180 have no score"),
    ],
)
def test_bad_files_are_refused(tmp_path, spoil, options, says):
    """A file that cannot be used ends the run with what to do about it."""
    staff, guests = respondents(tmp_path)
    spoil(staff, guests)

    outcome = run(tmp_path, staff, guests, *PLAIN, *options, page=True)

    refused(outcome, says)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--satisfaction", "-rating"], 'reversed item "rating" needs its scale'),
        (["--customer-metric", "nps"], "nps needs the scale; add --customer-scale LOW:HIGH"),
        (["--customer-metric", "nps", "--customer-scale", "1:10"], "defined on 0 to 10 only"),
        (["--customer-metric", "top2"], "top2 needs the scale"),
        (["--customer-metric", "top2", "--customer-scale", "0:1"], "three points or more"),
        (["--customer-scale", "10:0"], "is no scale; write the lowest and highest value"),
        (["--customer-scale", "ten"], "is no scale"),
        (["--employee-n", "e2"], "add --team-level"),
        (["--engagement", "e1,e1"], 'names the column "e1" twice'),
        (["--engagement", ","], "names no column"),
        (["--employee-team", "team"], "Name the team column"),
        (["--period", "e2", "--satisfaction", "rating"], 'has no column "e2"'),
        (["--crosswalk", "absent.csv"], "There is no file absent.csv"),
        (["--min-employees", "20"], "12 more have too few answers"),
        (
            ["--team-level", "--customer-scale", "0:10", "--customer-metric", "nps"],
            "needs a row per respondent",
        ),
        (["--team-level", "--satisfaction", "rating,team"], "takes one column"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(tmp_path, options, says):
    """What was asked for is judged before anything is computed."""
    outcome = run(tmp_path, *respondents(tmp_path), *PLAIN, *options, page=True)

    refused(outcome, says)


def refused(outcome, says):
    """Hold a refusal to its promise."""
    assert outcome.exit_code == 2
    assert says in outcome.errors
    messages = [line for line in outcome.errors.splitlines() if not line.startswith("Reading")]
    assert len(messages) == 1
    assert messages[0].startswith("Error: ")
    assert messages[0].endswith((".", "?"))
    assert outcome.output == ""
    assert outcome.document is None
    assert outcome.page is None


TEAM_ROWS = [[f"T{i}", 1 + i * 0.1, 20] for i in range(10)]
OTHER_ROWS = [[f"T{i}", 5 + (i * 7 % 10) * 0.1, 40] for i in range(10)]
LEVEL = ["--team", "team", "--engagement", "score", "--satisfaction", "score", "--team-level"]


def test_a_duplicated_team_whose_rows_differ_is_refused_by_name(tmp_path):
    """The refusal names the team and both rows."""
    one = teams(tmp_path, "a.csv", [*TEAM_ROWS, ["T3", 9.9, 20]])
    other = teams(tmp_path, "b.csv", OTHER_ROWS)

    refused(run(tmp_path, one, other, *LEVEL), 'team "T3" stands in rows 5 and 12 with different')


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("-3", "is no number of people"),
        ("7.5", "is no number of people"),
        ("many", "not a number"),
    ],
)
def test_a_count_that_is_none_is_refused(tmp_path, value, says):
    """An n column holds whole numbers."""
    one = teams(tmp_path, "a.csv", [*TEAM_ROWS, ["T11", 2, value]])
    other = teams(tmp_path, "b.csv", OTHER_ROWS)

    refused(run(tmp_path, one, other, *LEVEL, "--employee-n", "n"), says)


def by_period(periods):
    return [
        [f"T{i}", i * 0.1 + (i * 3 % 7) * 0.3 + k, p]
        for k, p in enumerate(periods)
        for i in range(9)
    ]


@pytest.mark.parametrize(
    ("employees", "customers", "says"),
    [
        (["2024"], ["2024"], 'Only one period (2024) of "when"'),
        (["2024-01", "2024-02"], ["2024-02", "2024-03"], "Only one period (2024-02)"),
        (
            ["2024-01", "2024-02"],
            ["2024-Q1", "2024-Q2"],
            "are months in a.csv but quarters in b.csv",
        ),
        (["2024-01", "2024"], ["2024-01"], "is one of whole numbers among months"),
        (["2024-13"], ["2024-01"], '"2024-13" is not a period'),
        (["2023-02-29"], ["2024-01-01"], '"2023-02-29" is not a period'),
        (["2021"], ["2022"], "No team and period is in both"),
        ([""], ["2022"], 'the column "when" is empty; leave --period out'),
    ],
)
def test_periods_that_cannot_be_used_are_refused(tmp_path, employees, customers, says):
    """Periods are of one kind, and there are two of them at least."""
    heading = ("team", "score", "when")
    one = teams(tmp_path, "a.csv", by_period(employees), heading)
    other = teams(tmp_path, "b.csv", by_period(customers), heading)

    refused(run(tmp_path, one, other, *LEVEL, "--period", "when"), says)


def test_a_fraction_is_no_answer_for_nps(tmp_path):
    """Promoters and detractors are whole points."""
    staff, guests = respondents(tmp_path)
    edited(guests, "Team 00,", "Team 00,8.5\nTeam 00,")
    options = ["--customer-metric", "nps", "--customer-scale", "0:10"]

    refused(run(tmp_path, staff, guests, *PLAIN, *options), '"8.5" is not a whole number')


def test_a_comma_that_may_mean_two_things_is_refused(tmp_path):
    """1,234 is a number only where its comma has one meaning."""
    one = teams(tmp_path, "a.csv", [*TEAM_ROWS, ["T11", 2, "1,234"]])
    other = teams(tmp_path, "b.csv", OTHER_ROWS)

    refused(run(tmp_path, one, other, *LEVEL, "--employee-n", "n"), "write it without the comma")


def test_a_crosswalk_that_pairs_nothing_is_refused(tmp_path):
    """Its names must be those of the files."""
    pairs = write_csv(tmp_path / "pairs.csv", ["employee_team", "customer_team"], [["x", "y"]])

    outcome = run(tmp_path, *respondents(tmp_path), *PLAIN, "--crosswalk", pairs)

    refused(outcome, "pairs no team of one file with a team of the other")


@pytest.mark.parametrize("target", ["staff.csv", "missing/out.html", "."])
def test_an_output_without_a_place_is_refused_before_the_work(tmp_path, target):
    """Inputs are never overwritten, and folders must exist."""
    staff, guests = respondents(tmp_path)
    before = staff.read_bytes()

    outcome = run(tmp_path, staff, guests, *PLAIN, "--html", tmp_path / target)

    refused(outcome, "--html")
    assert staff.read_bytes() == before


def test_a_column_is_never_linked_with_itself(tmp_path):
    """One column of one file on both sides would go together perfectly and say nothing."""
    staff, _ = respondents(tmp_path)

    outcome = run(
        tmp_path, staff, staff, "--team", "team", "--engagement", "e1", "--satisfaction", "e1"
    )

    refused(outcome, 'The column "e1" of one file stands on both sides')


def test_a_formula_that_was_never_computed_is_refused(tmp_path):
    """It would read as an answer that nobody gave."""
    staff, guests = respondents(tmp_path)
    book = Workbook()
    for number, row in enumerate(csv.reader(staff.read_text("utf-8").splitlines())):
        book.active.append([*row[:1], *map(int, row[1:])] if number else row)
    book.active["B3"] = "=1+1"
    book.save(tmp_path / "staff.xlsx")

    outcome = run(tmp_path, tmp_path / "staff.xlsx", guests, *PLAIN)

    refused(outcome, "has a formula without a value (B3); open it in a spreadsheet program")
