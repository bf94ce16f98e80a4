"""Every number on every page accounted for, whatever shape the page has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from pytest import MonkeyPatch
from sqlalchemy.orm import Session

from app.config import Settings
from app.queries import releases
from app.reporting import build
from app.reporting.trends import trend_charts, trend_lines
from app.reporting.waves import read_figures
from app.services.holdings import months_after
from app.services.wave_retention import UNWRITTEN
from surveys.questionnaires import Questionnaire
from tests.attack.full_view.companies import WaveAnswers
from tests.attack.full_view.crawling import Seen
from tests.attack.full_view.explaining import Tables, numbers_of, unexplained_numbers
from tests.attack.full_view.reading import numbers_in, words_of
from tests.promises import PROMISE

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "templates"
# The words of promises and of the papers about them, which hold articles and spans of time.
WRITTEN = (ROOT / "surveys" / "promise_texts.py", *(ROOT / "app" / "protection").glob("*.py"))
# What stands between marks, and what a template fills in.
MARKS = re.compile(r"<[^>]*>|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
# Pages about customers, whose answers are no employees'.
OF_ONE_WAVE = ("/reports/waves", "/reports/results")
OF_CUSTOMERS = ("/reports/customers", "/touchpoints", "/r/")
# Times of day, addresses, and names of licences, are no figures.
NO_FIGURES = re.compile(r"\b\d\d:\d\d\b|https?://[^\s)]+|Apache-2\.0|CC[ -]BY[ -][\w.-]*")
ANSWERS = re.compile(r"(?<![\w.,])(\d[\d,]*) (?:\w+ )?(?:answers?|people|responses?)\b")


def printed_numbers() -> set[str]:
    """List the numbers that stand in templates and papers themselves, as in "95% interval"."""
    return {
        number
        for path in (*TEMPLATES.rglob("*.html"), *WRITTEN)
        for number in numbers_in(MARKS.sub(" ", path.read_text(encoding="utf-8")))
    }


def public_numbers(
    tables: Tables, waves: Sequence[WaveAnswers], *, asked: Sequence[Questionnaire]
) -> set[str]:
    """List the numbers that follow from the tables of cells, the plans and the questions."""
    made = [table.report for table in tables.by_title.values()]
    plans = [
        {
            **{name: wave.opening[name] for name in ("title", "opens_on", "closes_on")},
            "groups": [
                {name: group[name] for name in ("label", "n_eligible")}
                for group in wave.opening["groups"]
            ],
            "n_groups": len(wave.opening["groups"]),
            "n_eligible": sum(group["n_eligible"] for group in wave.opening["groups"]),
        }
        for wave in waves
    ]
    written = [list(_comments(table.release)) for table in tables.by_title.values()]
    words = [[q.to_dict(), len(q.questions), len(q.asked), len(q.constructs)] for q in asked]
    days = [int(part) for w in waves for part in w.opening["closes_on"].split("-")]
    counts = [len(texts) for texts in written]
    known = [made, plans, words, days, len(waves), written, counts, PROMISE.to_dict()]
    return {*numbers_of(known), *printed_numbers()}


def keeping_numbers(waves: Sequence[WaveAnswers], settings: Settings) -> set[str]:
    """List the numbers that follow from how long things are kept, by promise and settings."""
    months = UNWRITTEN.keep_results_months
    closings = [date.fromisoformat(wave.opening["closes_on"]) for wave in waves]
    until = [months_after(day, months) for day in closings]
    spans = [settings.keep_mail_days, settings.keep_former_people_days]
    return {*numbers_of([spans, [[day.year, day.month, day.day] for day in until]])}


def _comments(release: Mapping[str, Any]) -> Iterator[str]:
    """List what people wrote, without the threads."""
    for cell in release["comments"]["cells"]:
        for listed in cell["items"].values():
            yield from (comment["text"] for comment in listed)


def strange_numbers(everything: Iterable[Seen], known: set[str]) -> Iterator[tuple[str, str]]:
    """List the numbers, each with its address, that nothing accounts for."""
    for seen in everything:
        if not seen.address.startswith(OF_CUSTOMERS):
            for number in unexplained_numbers(NO_FIGURES.sub(" ", words_of(seen)), known):
                yield number, seen.address


def told_totals(everything: Iterable[Seen], tables: Tables) -> Iterator[tuple[str, str]]:
    """
    List the places that tell exactly how many answered where one cell shows only a bound.

    Less all cells that show their number, such a total is the number of that cell: nobody
    could say any more that they had not taken part.  Pages of one wave are left out: there
    each number of answers is compared with its own part's.
    """
    totals = [_totals(table.release) for table in tables.by_title.values()]
    whole = {
        key: (sum(n for n, _ in found), any(hides for _, hides in found))
        for key in totals[0]
        for found in [[total[key] for total in totals if key in total]]
    }
    forbidden = {f"{n:,}" for total in (*totals, whole) for n, hides in total.values() if hides}
    for seen in everything:
        if not seen.address.startswith((*OF_CUSTOMERS, *OF_ONE_WAVE)):
            for number in ANSWERS.findall(words_of(seen)):
                if number in forbidden:
                    yield number, seen.address


def _totals(release: Mapping[str, Any]) -> dict[str, tuple[int, bool]]:
    """Count answers in all, and those to each construct, and tell whether a cell hides its own."""
    counts: dict[str, list[tuple[int, int]]] = {}
    for cell in release["cells"]:
        counts.setdefault("", []).append((cell["n"], cell["n_eligible"]))
        for key, construct in cell["constructs"].items():
            if "n" in construct:
                counts.setdefault(key, []).append((construct["n"], cell["n_eligible"]))
    return {
        key: (sum(n for n, _ in pairs), any(eligible - n < 2 for n, eligible in pairs))
        for key, pairs in counts.items()
    }


def linkage_made_anew(session: Session, tables: Tables, *, today: Any) -> Mapping[str, Any]:
    """Make the linkage report from nothing but the promised fields of the releases."""
    kept = [
        releases.ReleasedWave(
            wave_id=number,
            key=table.release["wave"],
            title=table.release["title"],
            opened_on=today,
            sha256="",
            document=dict(table.release),
        )
        for number, table in enumerate(tables.by_title.values())
    ]
    with MonkeyPatch.context() as patch:
        patch.setattr(releases, "released_waves", lambda session, until=None: kept)
        return build.MAKERS["linkage"](session, "", today)


def drawings_made_anew(tables: Tables) -> Mapping[str, Mapping[str, str]]:
    """Draw the trends of the newest wave from nothing but the promised fields."""
    history = [read_figures(table.release) for table in tables.by_title.values()]
    report = list(tables.by_title.values())[-1].report
    return trend_charts(
        trend_lines(history),
        nodes=list(report["nodes"]),
        columns=report["columns"],
        waves=[
            {"wave": w.release["wave"], "title": w.release["title"], "on": w.release["opened_on"]}
            for w in history
        ],
    )


def unreached(app: Flask, everything: Iterable[Seen]) -> set[str]:
    """Name the pages and files of the application that the crawl did not come to."""
    addresses = app.url_map.bind("localhost")
    reached = {
        addresses.match(seen.address.partition("?")[0])[0]
        for seen in everything
        if seen.address.startswith("/")
    }
    return {
        rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())
    } - reached
