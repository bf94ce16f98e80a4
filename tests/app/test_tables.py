"""app.formats.tables: CSV and XLSX files as text cells, or one sentence that says what to do."""

from __future__ import annotations

import datetime as dt
import zipfile

import openpyxl
import pytest

from app.formats import workbooks
from app.formats.errors import BadFile
from app.formats.tables import MAX_BYTES, read_heading, read_table


def cells(table, name):
    """Spell a column out, row by row."""
    column = table.columns[name]
    return [column[i] for i in range(len(column))]


@pytest.fixture
def write(tmp_path):
    """Write bytes or text to a file and give its path."""

    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def workbook(tmp_path):
    """Save sheets of rows as a workbook."""

    def save(*sheets, merge=None):
        book = openpyxl.Workbook()
        for place, rows in enumerate(sheets):
            sheet = book.active if place == 0 else book.create_sheet()
            sheet.title = f"Sheet {place + 1}"
            for row in rows:
                sheet.append(row)
        if merge:
            book.active.merge_cells(merge)
        path = tmp_path / "data.xlsx"
        book.save(path)
        return path

    return save


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_every_usual_encoding_and_separator_reads_alike(write, delimiter, encoding):
    """The same table gives the same cells, however a program wrote it."""
    rows = [["team", "score", "remark"], ["Café", "4", "fine"], ["Zürich", "5", ""]]
    text = "".join(delimiter.join(row) + "\r\n" for row in rows)

    table = read_table(write(text.encode(encoding)), columns=["team", "score"])

    assert cells(table, "team") == ["Café", "Zürich"]
    assert cells(table, "score") == ["4", "5"]
    assert ("encoding" in dict(table.notes)) is (encoding == "cp1252")


def test_a_separator_inside_quotation_marks_belongs_to_the_cell(write):
    """Quoted separators, quotation marks and line ends stay in their cell."""
    table = read_table(write('team,score\n"North, ""old""\nwing",4\nSouth,5\n'), columns=["team"])

    assert cells(table, "team") == ['North, "old"\nwing', "South"]


def test_the_separator_is_told_by_the_wanted_columns(write):
    """A heading full of commas does not mislead where the wanted names say otherwise."""
    path = write("team;score, all;note, a, b\nA;3,5;x, y, z\n")

    assert cells(read_table(path, columns=["score, all"]), "score, all") == ["3,5"]


def test_blank_lines_are_passed_over_and_rows_keep_their_numbers(write):
    """A row number is the one that a spreadsheet shows."""
    table = read_table(write("\nteam,score\nA,1\n,\n\nB,2\n"), columns=["team"])

    assert list(table.row_numbers) == [3, 6]


def test_short_rows_are_filled_and_said(write):
    """Missing cells at the end of a row count as empty, with a note."""
    table = read_table(write("team,a,b\nA,1\nB,1,2\n"), columns=["team", "b"])

    assert cells(table, "b") == ["", "2"]
    assert "1 rows are shorter" in dict(table.notes)["short_rows"]


def test_the_line_by_which_spreadsheets_name_the_separator_is_no_heading(write):
    """``sep=;`` in the first line is for programs."""
    assert read_heading(write("sep=;\nteam;score\nA;1\n")) == ("team", "score")


def test_a_workbook_reads_like_its_csv(write, workbook):
    """Numbers, dates and texts of a workbook become the text of the CSV file."""
    day = dt.date(2024, 5, 31)
    path = workbook(
        [["team", "score", "day"], ["01", 4.0, day], [7, 4.5, day], [None, None, None]]
    )
    csv = write("team,score,day\n01,4,2024-05-31\n7,4.5,2024-05-31\n")
    names = ["team", "score", "day"]

    one, other = read_table(path, columns=names), read_table(csv, columns=names)

    assert [cells(one, n) for n in names] == [cells(other, n) for n in names]


def test_the_first_filled_sheet_is_read_and_the_others_are_named(workbook):
    """Empty sheets are passed over; filled ones that are not read are said."""
    path = workbook([], [["team"], ["A"]], [["team"], ["B"]])

    table = read_table(path, columns=["team"])

    assert cells(table, "team") == ["A"]
    assert '"Sheet 3"' in dict(table.notes)["other_sheets"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty; give a file with a heading row"),
        (b"\n\n,\n", "is empty; give a file with a heading row"),
        (b"team,score\n", "no rows of data below"),
        (b"team,other\nA,1\n", 'has no column "score"'),
        (b"team,Score\nA,1\n", 'did you mean "Score"?'),
        (b"A,1\nB,2\n", 'its first row names "A", "1"'),
        (b"team,score,score\nA,1,2\n", '2 columns "score"; rename all but one'),
        (b"team,score\nA,1,9\n", "row 2 has 3 cells but the heading has 2"),
        (b'team,score\n"A,1\nB,2\n', "row 2 has a quotation mark that is never closed"),
        (b'team,score\n"A"x,1\n', "row 2 has text behind a closing quotation mark"),
        (b"team,score\nA\x00\x01,1\n", "is not a text file"),
        ("team,score\nA,1\n".encode("utf-16") + b"\x00", "mixes encodings or is damaged"),
        (b"team,score\n\x81\x8d,1\n", "mixes encodings or is damaged"),
        (b"\xd0\xcf\x11\xe0 and so on", "an old Excel file"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04 broken", "damaged"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"$FL2@(#)", "an SPSS file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(write, content, says):
    """The refusal names the file, what is the matter, and what to do."""
    with pytest.raises(BadFile) as refusal:
        read_table(write(content), columns=["team", "score"])

    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert "data.csv" in str(refusal.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    """A path must lead to a plain file."""
    with pytest.raises(BadFile, match="There is no file"):
        read_table(tmp_path / "absent.csv", columns=["team"])
    with pytest.raises(BadFile, match="not a plain file"):
        read_table(tmp_path, columns=["team"])


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path):
    """200 MB are refused at once, with the limit and a way out."""
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)

    with pytest.raises(BadFile, match="has 200 MB and the limit is 128 MB; keep only the columns"):
        read_table(path, columns=["team"])
    assert MAX_BYTES == 128 * 2**20


def test_merged_cells_are_refused_by_place(workbook):
    """A merged cell holds its value in one row only, so it would lose data silently."""
    path = workbook([["team", "score"], ["A", 1], [None, 2]], merge="A2:A3")

    with pytest.raises(BadFile, match=r"merged cells \(A2:A3\); unmerge them"):
        read_table(path, columns=["team"])


def test_a_workbook_without_cells_is_empty(workbook):
    """A new workbook holds nothing to read."""
    with pytest.raises(BadFile, match="is empty"):
        read_table(workbook([]), columns=["team"])


def test_an_archive_that_unfolds_without_end_is_refused(workbook, monkeypatch):
    """The unpacked size is judged before anything is unpacked."""
    path = workbook([["team"], ["A"]])
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1000)

    with pytest.raises(BadFile, match="unfolds to"):
        read_table(path, columns=["team"])


def test_a_workbook_with_entities_is_refused(workbook, tmp_path):
    """XML that defines its own entities is not unfolded."""
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(workbook([["team"], ["A"]])) as good, zipfile.ZipFile(bomb, "w") as bad:
        for name in good.namelist():
            part = good.read(name)
            if name.startswith("xl/worksheets/"):
                head = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
                part = head + part.replace(b"<?xml version='1.0' encoding='UTF-8'?>", b"")
            bad.writestr(name, part)

    with pytest.raises(BadFile, match="damaged or not a plain workbook"):
        read_table(bomb, columns=["team"])


def test_progress_is_told_on_long_files(write):
    """A long file tells how far it is read."""
    shares = []
    path = write("team,score\n" + "A,1\n" * 45_000)

    read_table(path, columns=["team"], progress=shares.append)

    assert len(shares) == 2
    assert 0 < shares[0] < shares[1] <= 1
