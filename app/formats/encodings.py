"""What kind of file it is and how its bytes stand for letters."""

from __future__ import annotations

import codecs
import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from app.formats.errors import BadFile

CHUNK = 2**20

# First bytes of files that people take for tables.
_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls) or locked with a password"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"7z\xbc\xaf", "packed with 7-Zip"),
    (b"$FL2", "an SPSS file"),
    (b"$FL3", "an SPSS file"),
    (b"<stata", "a Stata file"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "a database"),
    (b"\x89PNG", "a picture"),
    (b"{\\rtf", "a text document (RTF)"),
)
_MARKUP = (b"<!doctype html", b"<html", b"<?xml")


def kind_of(path: Path) -> str:
    """Say ``workbook``, ``text``, or in words what else the file is."""
    with path.open("rb") as file:
        head = file.read(512)
    for magic, kind in _KINDS:
        if head.startswith(magic):
            return kind
    if head.startswith(b"PK"):
        return _kind_of_archive(path)
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(_MARKUP):
        return "a web page or XML document, not a table"
    return "text"


def _kind_of_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return "damaged (a broken archive or workbook)"
    if "xl/workbook.xml" in names:
        return "workbook"
    if "xl/workbook.bin" in names:
        return "a binary Excel file (.xlsb)"
    if "content.xml" in names:
        return "an OpenDocument file"
    return "an archive (ZIP)"


def encoding_of(path: Path) -> tuple[str, str]:
    """Read a text file once and give its encoding and the SHA-256 of its bytes."""
    digest, valid = hashlib.sha256(), True
    utf8 = codecs.getincrementaldecoder("utf-8")()
    has_nul = False
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            has_nul = has_nul or b"\0" in chunk
            if valid:
                try:
                    utf8.decode(chunk, final=len(chunk) < CHUNK)
                except UnicodeDecodeError:
                    valid = False
    return _decide(path, head=head, valid=valid, has_nul=has_nul), digest.hexdigest()


def _decide(path: Path, *, head: bytes, valid: bool, has_nul: bool) -> str:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if has_nul:
        if len(head) >= 4 and head[1] == head[3] == 0 and head[0] and head[2]:
            return "utf-16-le"
        if len(head) >= 4 and head[0] == head[2] == 0 and head[1] and head[3]:
            return "utf-16-be"
        raise BadFile(f"{path.name} is not a text file; save it as CSV (UTF-8) or XLSX.")
    return "utf-8-sig" if valid else "cp1252"


def notes_on(path: Path, encoding: str) -> Iterator[tuple[str, str]]:
    """Say which reading was chosen where another would have been possible."""
    if encoding == "cp1252":
        yield (
            "encoding",
            f"{path.name} is not UTF-8 and was read as Windows-1252 (Western European);"
            " if names look wrong, save it as CSV UTF-8.",
        )
