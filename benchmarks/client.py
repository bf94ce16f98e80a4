"""The ballot in the browser: how much code it is, and how long its whole way takes in Chromium."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from benchmarks import organisation
from benchmarks.organisation import Employee, Organisation
from collector.store import Store

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SERVED = "files.json"  # the list of a client's files
WARM = 1  # ways before the clock starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes of the client, as files and not as sent."""

    core: int
    scripts: int
    bundle: int


def main(argv: list[str] | None = None) -> None:
    """Print the sizes, and the milliseconds from the page to the receipt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    given = parser.parse_args(argv)
    sizes, taken = measure(given.times)
    print(f"ballot.js {sizes.core:,} bytes, all scripts {sizes.scripts:,}, page {sizes.bundle:,}")
    print("no Chromium here" if taken is None else f"page to receipt: {taken:.0f} ms")


def measure(times: int) -> tuple[Sizes, float | None]:
    """Weigh the client of a wave, and give the median milliseconds; None without Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        own = organisation.found(Path(folder), people=max(times + WARM, 2 * organisation.TEAM))
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        if path is None:
            return weigh(own), None
        # Chromium's own sandbox cannot be had by root.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=sandbox)
            taken = milliseconds(browser, own, times=times)
            browser.close()
        return weigh(own), taken


def milliseconds(browser: Browser, own: Organisation, *, times: int) -> float:
    """Let so many people answer, one after the other; give the median of their times."""
    with own.serving():
        ways = [_way(browser, own, employee) for employee in own.employees[: times + WARM]]
    return 1000 * median(ways[WARM:])


def weigh(own: Organisation) -> Sizes:
    """Count the bytes of what a browser fetches."""
    store = Store.of(own.collector_settings)
    listed = store.client_file(own.client_sha256, SERVED)
    assert listed is not None
    sizes = {
        name: len(content)
        for name in (*json.loads(listed), SERVED)
        if (content := store.client_file(own.client_sha256, name)) is not None
    }
    return Sizes(
        core=sizes["ballot.js"],
        scripts=sum(size for name, size in sizes.items() if name.endswith(".js")),
        bundle=sum(sizes.values()),
    )


def _way(browser: Browser, own: Organisation, employee: Employee) -> float:
    """Go from the page to the acknowledged receipt in a new browser; give the seconds."""
    context = browser.new_context(locale="en-GB")
    cookie = {"name": "headwater", "value": employee.cookie, "url": own.settings.public_url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    try:
        return _timed(context, own.page)
    finally:
        context.close()


def _timed(context: BrowserContext, address: str) -> float:
    page = context.new_page()
    start = time.perf_counter()
    page.goto(address)
    page.get_by_role("button", name="Take my ballot", exact=True).click()
    page.get_by_role("heading", name="Your ballot is here", exact=True).wait_for()
    for item in ("tools", "support", "energy"):
        page.locator(f"#q-{item}-4").check()
    page.get_by_role("button", name="Send my answers", exact=True).click()
    page.get_by_role("heading", name="Thank you. Your answers are in.", exact=True).wait_for()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
