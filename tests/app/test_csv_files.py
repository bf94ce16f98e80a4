"""app.formats.csv_files: a table handed out runs nothing in any spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from app.formats.csv_files import csv_text, harmless

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|'/C calc'!A0"]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_looks_like_a_formula_gets_an_apostrophe(text):
    """Spreadsheets then show it as text."""
    assert str(harmless(text)).startswith("'")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("before", ["", "North;", "North\t", "North\n", "a;b\r\n"])
def test_no_cell_begins_like_a_formula_whatever_separates_cells(before, formula, separator):
    """Spreadsheets split at a separator of their own, and keep no quotes in mid-line."""
    text = csv_text([["Wave", "Team"], ["May", before + formula], [before + formula, 3]])

    lines = text.removeprefix("\ufeff").replace('"', "").replace("\r", "\n").split("\n")
    cells = [cell for row in csv.reader(lines, delimiter=separator) for cell in row]

    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_numbers_and_plain_words_stay_as_they_are():
    """A minus sign before a number is no formula, nor is one inside a name."""
    text = csv_text([[-1.5, None, "Sales - North; South", "a=b", 0]])

    assert next(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        "-1.5",
        "",
        "Sales - North; South",
        "a=b",
        "0",
    ]
