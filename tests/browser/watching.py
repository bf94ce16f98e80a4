"""Watching a browser: what it asks for, what it refuses, and how its pages are built."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

# Tells of refusals by the content-security policy even where the console stays silent.
LISTENER = """
window.refusals = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.refusals.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""
AXE_OPTIONS = {"resultTypes": ["violations"]}
Settings = Sequence[tuple[int, Literal["light", "dark"]]]
# Every run looks at a page wide and light, or narrow and dark; the long run in all four ways.
WIDE: Settings = ((1280, "light"),)
NARROW: Settings = ((390, "dark"),)
USUAL: Settings = (*WIDE, *NARROW)
OTHERS: Settings = ((1280, "dark"), (390, "light"))
SETTLED = "() => Promise.all(document.getAnimations().map(a => a.finished.catch(() => 0)))"
RUN_AXE = """
options => axe.run(document, options).then(results => results.violations.map(
  violation => `${violation.id}: ${violation.nodes.map(node => node.target.join(" ")).join(", ")}`
))
"""
WIDER_THAN_THE_WINDOW = """
() => {
  const room = document.scrollingElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= room) return [];
  return [...document.querySelectorAll("body *")]
    .filter(element => element.getBoundingClientRect().right > room + 1)
    .map(element => `${element.tagName}.${element.className} ${element.textContent.slice(0, 40)}`)
    .slice(0, 5).concat(["sideways scroll"]);
}
"""


class Watch:
    """Everything one page asked for and complained about."""

    def __init__(self, page: Page) -> None:
        self.requests: list[Request] = []
        self.responses: list[Response] = []
        self.complaints: list[str] = []
        page.add_init_script(LISTENER)
        page.on("request", self._note_request)
        page.on("response", self._note_response)
        page.on("console", self._note_message)
        page.on("pageerror", self._note_error)

    def forget(self) -> None:
        """Begin anew, for another visit in the same page."""
        for noted in (self.requests, self.responses, self.complaints):
            noted.clear()

    def _note_request(self, request: Request) -> None:
        self.requests.append(request)

    def _note_response(self, response: Response) -> None:
        self.responses.append(response)

    def _note_message(self, message: ConsoleMessage) -> None:
        # A page that answers 404 or 422 is an "error" to the console, and none to us.
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def _note_error(self, error: Error) -> None:
        self.complaints.append(str(error))

    def headers_sent_to(self, address: str) -> list[dict[str, str]]:
        """List the headers of every request to one program, as they went over the wire."""
        return [r.all_headers() for r in self.requests if r.url.startswith(address + "/")]

    def headers_from(self, address: str) -> list[dict[str, str]]:
        """List the headers of every answer of one program."""
        return [r.all_headers() for r in self.responses if r.url.startswith(address + "/")]

    def foreign_hosts(self, *own: str) -> set[str]:
        """Name the hosts, other than our own, that anything was asked of."""
        ours = {urlsplit(address).netloc for address in own}
        asked = {urlsplit(r.url).netloc for r in self.requests if not r.url.startswith("data:")}
        return asked - ours


def assert_well_built(page: Page, watch: Watch, *, settings: Settings = USUAL) -> None:
    """Hold one page against the house rules, in each of these widths and colour schemes."""
    found: list[str] = []
    # Only where it is used: a browser that loads it with every page spends most of its time so.
    page.evaluate(AXE_SCRIPT)
    for width, scheme in settings:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(SETTLED)  # a colour that is half-way from light to dark fits neither
        found += _about(f"{width} {scheme}", page.evaluate(RUN_AXE, AXE_OPTIONS))
        found += _about(f"{width}", page.evaluate(WIDER_THAN_THE_WINDOW))
    page.set_viewport_size({"width": 320, "height": 640})
    found += _about("320", page.evaluate(WIDER_THAN_THE_WINDOW))
    found += _about("headings", _headings(page))
    found += _about("policy", page.evaluate("window.refusals"))
    found += _about("console", watch.complaints)
    assert not found, json.dumps(found, indent=1)


def _about(where: str, findings: list[Any]) -> list[str]:
    return [f"{where}: {finding}" for finding in findings]


def _headings(page: Page) -> list[str]:
    headings = page.locator("h1").all_inner_texts()
    return [] if len(headings) == 1 else [f"not one h1 but {headings}"]
