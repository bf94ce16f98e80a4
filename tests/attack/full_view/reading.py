"""Reading what was shown: every number with the wave, the part and the measure it stands at."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zipfile import ZipFile

from bs4 import BeautifulSoup
from openpyxl import load_workbook

from tests.attack.full_view.crawling import Seen, Skim

NUMBER = re.compile(r"(?<![\w.])[+−-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?")
RANGE = re.compile(rf"({NUMBER.pattern}) to ({NUMBER.pattern})")
TOOK_PART = re.compile(
    r"(\d+%(?: or more)?) (?:of the people asked )?answered(?: \((.+?) people)?"
)
ANSWERS = re.compile(r"(?:\bn (\d[\d,]*(?: or more)?)|(\d[\d,]*(?: or more)?) answers)")
EXACTLY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """
    One figure: where it stood, and all that was printed of it.

    `value`, `low` and `high` lie within `digits` of what was computed.  `kind` is
    "figure", "gap" for the distance of a cell from all others, or "answered" for how many
    people of a part took part.
    """

    wave: str
    part: str
    measure: str
    text: str
    value: float | None
    low: float | None
    high: float | None
    n: str
    digits: float
    address: str
    kind: str = "figure"


def number(text: str) -> float:
    """Read a number as pages print it."""
    return float(text.replace(",", "").replace("−", "-").replace("+", ""))


def numbers_in(text: str) -> Iterator[str]:
    """List the numbers in a text, as they are printed."""
    yield from NUMBER.findall(text)


def figures_of(everything: Iterable[Seen]) -> Iterator[Shown]:
    """Read every figure of a released wave that stands anywhere in what was shown."""
    for seen in everything:
        if seen.mimetype == "text/csv":
            yield from _of_rows(list(csv.reader(io.StringIO(seen.text))), seen.address)
        elif seen.mimetype.endswith("sheet"):
            for sheet in load_workbook(io.BytesIO(seen.content), read_only=True):
                rows = [["" if v is None else str(v) for v in row] for row in sheet.values]
                yield from _of_rows(rows, seen.address)
        elif seen.mimetype == "text/html" and seen.address.startswith("/reports/"):
            yield from _of_page(seen.page, seen.address)


def words_of(seen: Seen) -> str:
    """Write out all a page or a file says."""
    if seen.mimetype == "text/html":
        return "\n".join(seen.skim.words)
    if seen.mimetype == "text/csv":
        return "\n".join(" | ".join(row) for row in csv.reader(io.StringIO(seen.text)))
    if seen.mimetype.endswith("sheet"):
        with ZipFile(io.BytesIO(seen.content)) as parts:
            return "\n".join(parts.read(name).decode() for name in parts.namelist())
    if seen.mimetype == "application/zip":
        with ZipFile(io.BytesIO(seen.content)) as parts:
            texts = {name: parts.read(name).decode() for name in parts.namelist()}
        return "\n".join(
            "\n".join(Skim(text).words) if name.endswith(".html") else text
            for name, text in texts.items()
        )
    return seen.text


def _of_rows(rows: Sequence[Sequence[str]], address: str) -> Iterator[Shown]:
    head = list(rows[0]) if rows else []
    if "counted together" not in head:
        return
    for row in rows[1:]:
        cells = dict(zip(head, row, strict=False))
        given = dict(
            wave=cells["wave"],
            part=cells["counted together"],
            measure=cells["measure"],
            digits=EXACTLY,
            address=address,
        )
        yield Shown(
            **given,
            text=cells["shown as"],
            value=_known(cells["figure"]),
            low=_known(cells["lower limit"]),
            high=_known(cells["upper limit"]),
            n=cells["answers"],
        )
        if cells.get("less all others"):
            yield Shown(
                **given,
                text="",
                value=_known(cells["less all others"]),
                low=_known(cells["lower limit of it"]),
                high=_known(cells["upper limit of it"]),
                n="",
                kind="gap",
            )


def _known(text: str) -> float | None:
    return number(text) if text else None


def _of_page(page: BeautifulSoup, address: str) -> Iterator[Shown]:
    title = _plain(page.h1) if page.h1 else ""
    for table in page.select("table.side-by-side"):
        yield from _of_side_by_side(table, wave=title.partition(": ")[2], address=address)
    if page.select_one("table.heat-map"):
        wave, _, part = title.partition(": ")
        for table in page.select("table.heat-map"):
            yield from _of_heat_map(table, wave=wave, address=address)
        yield from _of_gaps(page, wave=wave, address=address)
        yield from _of_trends(page, part=part, address=address)
    elif title.startswith("What we answered: "):
        wave = title.removeprefix("What we answered: ")
        part = re.search(r"figures of (.+) as a whole", _plain(page.select_one(".lede")))[1]
    else:
        return
    lede = page.select_one(".lede")
    told = TOOK_PART.search(_plain(lede)) if lede else None
    if told:
        yield _took_part(told[1], told[2] or "", wave=wave, part=part, address=address)
    for entry in page.select(".chief-figures > div, .results > .result"):
        measure = _plain(entry.dt.find(string=True))
        figure = _plain(entry.select_one(".chief-figure, .figure"))
        rest = _plain(entry.select_one(".chief-interval, .small:not(dt *)"))
        yield _shown(figure, rest, wave=wave, part=part, measure=measure, address=address)


def _of_heat_map(table: Any, *, wave: str, address: str) -> Iterator[Shown]:
    titles = [_plain(th) for th in table.select("thead th")][2:]
    for row in table.select("tbody tr"):
        part = _plain(row.th.find(string=lambda s: s.strip()))
        answered = row.select_one("td.heat-answered")
        if answered is not None and "%" in answered.text:
            small = answered.select_one(".heat-small")
            n = _plain(small).removeprefix("n ") if small else ""
            share = _plain(answered.find(string=True))
            yield _took_part(share, n, wave=wave, part=part, address=address)
        for measure, cell in zip(titles, row.select("td.heat"), strict=True):
            figure = _plain(cell.select_one(".heat-figure").find(string=True))
            rest = " ".join(_plain(e) for e in cell.select(".heat-detail, .heat-small"))
            yield _shown(figure, rest, wave=wave, part=part, measure=measure, address=address)


def _of_side_by_side(table: Any, *, wave: str, address: str) -> Iterator[Shown]:
    heads = table.select("thead th")[1:]
    for row in table.select("tbody tr"):
        measure = _plain(row.select_one(".side-measure"))
        for head, cell in zip(heads, row.select("td"), strict=True):
            figure, rest = cell.select_one(".side-figure"), cell.select_one(".side-text")
            if figure is not None:
                named = head.select_one(".side-wave")
                yield _shown(
                    _plain(figure),
                    _plain(rest),
                    wave=_plain(named) if named else wave,
                    part=_plain(head.select_one(".side-part")),
                    measure=measure,
                    address=address,
                )


def _of_gaps(page: BeautifulSoup, *, wave: str, address: str) -> Iterator[Shown]:
    caption = page.find(id="gaps-table")
    if caption is None:
        return
    table = caption if caption.name == "table" else caption.find_parent("table")
    titles = [_plain(th) for th in table.select("thead th")][1:]
    for row in table.select("tbody tr"):
        part, *cells = (_plain(cell) for cell in row.select("th, td"))
        for measure, text in zip(titles, cells, strict=True):
            if text != "–":
                figure = text.lstrip("▲▼ ").partition(" (")[0]
                given = dict(wave=wave, part=part, measure=measure, address=address)
                yield _shown(figure, text, kind="gap", **given)


def _of_trends(page: BeautifulSoup, *, part: str, address: str) -> Iterator[Shown]:
    for table in page.select("table.trend-table"):
        titles = [_plain(th) for th in table.select("thead th")][1:]
        for row in table.select("tbody tr:not(.trend-break)"):
            for measure, cell in zip(titles, row.select("td"), strict=True):
                figure = _plain(cell.find(string=True))
                if figure == "–":
                    continue
                rest = _plain(cell.span)
                given = dict(wave=_plain(row.th), part=part, measure=measure, address=address)
                yield _shown(figure, rest, **given)
    for chart in page.select("figure.chart"):
        measure = _plain(chart.figcaption.find(string=True))
        for mark in chart.select("[aria-label*=': ']"):
            found = re.match(r"(.+?): (\S+), 95% interval (.+)", mark["aria-label"])
            if found:
                given = dict(wave=found[1], part=part, measure=measure, address=address)
                yield _shown(found[2], found[3], **given)


def _took_part(share: str, n: str, **given: str) -> Shown:
    return Shown(
        measure="", text=share, value=None, low=None, high=None, n=n, digits=0,
        kind="answered", **given,
    )  # fmt: skip


def _shown(figure: str, rest: str, *, kind: str = "figure", **given: str) -> Shown:
    values = [number(text) for text in numbers_in(figure)]
    limits, answers = RANGE.search(rest.partition("scale")[0]), ANSWERS.search(rest)
    digits = figure.partition(".")[2]
    return Shown(
        text=figure,
        value=values[0] if values else None,
        low=number(limits[1]) if limits else None,
        high=number(limits[2]) if limits else None,
        n=(answers[1] or answers[2]) if answers else "",
        digits=0.5 * 10.0 ** -len(re.match(r"\d*", digits)[0]) + EXACTLY,
        kind=kind,
        **given,
    )


def _plain(element: Any) -> str:
    text = element if isinstance(element, str) else element.get_text(" ")
    return " ".join(text.split())
