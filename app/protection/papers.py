"""What a paper of the pack is made of: parts with paragraphs, lists and tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Blank:
    """Something that only the organisation knows, to be filled in by hand."""

    what: str


@dataclass(frozen=True, slots=True)
class Code:
    """Something to be typed or compared letter by letter."""

    text: str


Words = str | Blank | Code


@dataclass(frozen=True, slots=True)
class Lines:
    """Paragraphs."""

    kind = "lines"
    lines: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """A list."""

    kind = "points"
    lines: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names, each with one or more lines."""

    kind = "facts"
    rows: tuple[tuple[str, tuple[Words, ...]], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; the first column names the row."""

    kind = "table"
    headings: tuple[str, ...]
    rows: tuple[tuple[Words, ...], ...]


Block = Lines | Points | Facts | Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A heading and what stands under it."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One paper of the pack, and the name of its file."""

    name: str
    title: str
    lede: str
    parts: tuple[Part, ...]
