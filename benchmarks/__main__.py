"""Everything that must be fast, measured and set beside its aim: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks import (
    client,
    closing,
    collector_load,
    components,
    customer_load,
    link,
    linkage,
    memory,
    pages,
    releases,
    roll_up,
    signing,
    utility,
)


class Row(NamedTuple):
    """One line of the table."""

    name: str
    figure: str
    aim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is done for each figure."""

    link_times: int
    link_teams: int
    releases: tuple[int, ...]
    roll_up: int
    page_times: int
    load_seconds: float
    organisations: int
    signing_seconds: float
    issued: int
    stored: int
    closing: int
    browser_times: int
    clients: tuple[int, ...] = (1, 16)


USUAL = Sizes(
    link_times=3,
    link_teams=2_000,
    releases=(10_000, 100_000),
    roll_up=100_000,
    page_times=60,
    load_seconds=6,
    organisations=25,
    signing_seconds=3,
    issued=300,
    stored=10_000,
    closing=10_000,
    browser_times=10,
)
QUICK = Sizes(
    link_times=1,
    link_teams=50,
    releases=(1_000,),
    roll_up=1_000,
    page_times=20,
    load_seconds=0.5,
    organisations=2,
    signing_seconds=0.3,
    issued=40,
    stored=500,
    closing=500,
    browser_times=2,
)
RELEASE_AIMS = {10_000: "2 s", 100_000: "15 s, 500 MB"}


def main(argv: list[str] | None = None) -> None:
    """Measure everything and print one table; nothing passes or fails by the clock."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--url", help="SQLAlchemy URL of a filled demo; default: fill one now")
    given = parser.parse_args(argv)
    print(f"{'what':<58} {'figure':>24}  aim")
    for row in rows(QUICK if given.quick else USUAL, demo_url=given.url):
        print(f"{row.name:<58} {row.figure:>24}  {row.aim}", flush=True)


def rows(sizes: Sizes, *, demo_url: str | None) -> Iterator[Row]:
    """Measure one thing after the other."""
    seconds, source = link.measure(sizes.link_times)
    yield Row(f"headwater link on {source}", f"{seconds:.2f} s", "3 s")
    seconds, peak = linkage.measured_apart(sizes.link_teams)
    teams = f"{sizes.link_teams:,} teams"
    yield Row(f"linkage of {teams}, 24 periods", f"{seconds:.2f} s, {peak:.0f} MB", "5 s, 500 MB")
    yield Row(f"{teams} drawn 2,000 times", f"{linkage.draws(sizes.link_teams):.2f} s", "1 s")
    counted, fitted, _ = components.measure(sizes.link_times)
    yield Row("73,421 answers to moments of 1,128 teams", f"{1000 * counted:.0f} ms", "")
    yield Row("variance components (REML) from these", f"{1000 * fitted:.0f} ms", "50 ms")
    for n in sizes.releases:
        seconds, _, peak = releases.measured_apart(n)
        figure = f"{seconds:.2f} s, {peak:.0f} MB"
        yield Row(f"release of a wave, {n:,} answers", figure, RELEASE_AIMS.get(n, ""))
    for profile, cost in utility.measure(sizes.organisations).items():
        for name, figure, aim in utility.lines(cost):
            yield Row(f"{profile}: {name}", figure, aim)
    longest, seconds, _ = roll_up.measure(sizes.roll_up)
    yield Row(f"roll-up of {sizes.roll_up:,} customer answers", f"{seconds:.2f} s", "")
    yield Row("roll-up, longest portion", f"{1000 * longest:.0f} ms", "")
    with tempfile.TemporaryDirectory() as folder:
        yield from _of_the_demo(sizes, url=demo_url or pages.fill_demo(Path(folder)))
    for run in customer_load.measure(list(sizes.clients), seconds=sizes.load_seconds):
        yield from _of_a_load("customer link", run, aims=("600/s", "2 ms", "100 ms"))
    yield from _of_ballots(sizes)


def _of_ballots(sizes: Sizes) -> Iterator[Row]:
    signed, verified = signing.measure(sizes.signing_seconds)
    yield Row("ballots signed, one core", f"{signed:.0f}/s", "60/s on two")
    issued = signing.issued(sizes.issued)
    yield Row("ballots issued by the application, one core", f"{issued:.0f}/s", "60/s on two")
    yield Row("ballots verified, one core", f"{verified:.0f}/s", "")
    weight, taken = client.measure(sizes.browser_times)
    yield Row("ballot.js", f"{weight.core:,} bytes", "under 8,192 bytes")
    yield Row("all scripts of a wave's page", f"{weight.scripts:,} bytes", "")
    yield Row("a wave's page with all its files", f"{weight.bundle:,} bytes", "")
    figure = "no Chromium here" if taken is None else f"{taken:.0f} ms"
    yield Row("in Chromium, from page to receipt", figure, "")
    for run in collector_load.measure(
        list(sizes.clients), seconds=sizes.load_seconds, stored=sizes.stored
    ):
        door = f"collector with {sizes.stored:,} answers"
        yield from _of_a_load(door, run, aims=("300/s", "", ""))
    seconds, _ = closing.measure(sizes.closing)
    aim = "10 s" if sizes.closing == USUAL.closing else ""
    yield Row(f"close of {sizes.closing:,} ballots", f"{seconds:.2f} s", aim)


def _of_the_demo(sizes: Sizes, *, url: str) -> Iterator[Row]:
    for page in pages.measured_apart(url, times=sizes.page_times):
        figure = f"{page['median']:.1f} / {page['p95']:.1f} ms"
        yield Row(f"page of {page['page']}, median / 95th percentile", figure, "150 ms")
    rss, pss = memory.measure(url)
    yield Row("memory of one web worker, RSS / PSS", f"{rss:.0f} / {pss:.0f} MB", "100 MB")


def _of_a_load(door: str, run: customer_load.Load, *, aims: tuple[str, str, str]) -> Iterator[Row]:
    clients = f"{run.clients} client{'' if run.clients == 1 else 's'}"
    per_second, cpu, tail = aims if run.clients > 1 else ("", *aims[1:])
    yield Row(f"{door}, {clients}: submits", f"{run.submits_per_second:.0f}/s", per_second)
    yield Row(
        f"{door}, {clients}: server CPU per submit", f"{1000 * run.cpu_per_submit:.2f} ms", cpu
    )
    yield Row(f"{door}, {clients}: 99th percentile", f"{1000 * run.post_p99:.1f} ms", tail)
    if run.lost:
        sys.exit(f"The {door} lost {run.lost} acknowledged answers.")


if __name__ == "__main__":
    main()
