"""Fetching everything: every page, file and form that leads somewhere, as every role."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from bs4 import BeautifulSoup
from werkzeug.test import Client, TestResponse

HOST = "http://localhost"
LINKS = "a[href], area[href], link[rel=next], link[rel=prev], iframe[src], form:not([method=post])"
# Drawings and styles say nothing about answers; everything else is read.
PASSED_OVER = ("text/css", "text/javascript", "image/svg+xml")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One thing that a role was shown."""

    role: str
    address: str
    mimetype: str
    content: bytes

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode("utf-8-sig")

    @cached_property
    def page(self) -> BeautifulSoup:
        """The content as a page."""
        return BeautifulSoup(self.text, "html.parser")


def crawl(client: Client, *, role: str, start: str = "/", within: str = "/") -> Iterator[Seen]:
    """Fetch all within a path that can be reached by links and by forms that only ask."""
    waiting, known = deque([start]), {start}
    while waiting:
        address = waiting.popleft()
        response = client.get(address, base_url=HOST)
        found = list(_leads(response, address))
        if response.status_code == 200 and response.mimetype not in PASSED_OVER:
            seen = Seen(
                role=role,
                address=address,
                mimetype=response.mimetype,
                content=response.get_data(),
            )
            yield seen
            if seen.mimetype == "text/html":
                found += _links(seen)
        elif response.status_code >= 500:
            raise AssertionError(f"{address} broke for {role}: {response.text[:500]}")
        for lead in found:
            if lead not in known and lead.startswith(within):
                known.add(lead)
                waiting.append(lead)


def _leads(response: TestResponse, address: str) -> Iterator[str]:
    if 300 <= response.status_code < 400:
        yield from _own(response.headers["Location"], address)


def _links(seen: Seen) -> Iterator[str]:
    for element in seen.page.select(LINKS):
        if element.name == "form":
            for query in _questions(element):
                target = (element.get("action") or seen.address).partition("?")[0]
                yield from _own(f"{target}?{query}", seen.address)
        else:
            yield from _own(element.get("href") or element["src"], seen.address)


def _questions(form: Any) -> Iterator[str]:
    """Fill in a form as it stands, and once with each choice of each list."""
    usual = {
        field["name"]: field.get("value", "")
        for field in form.select("input[name]")
        if field.get("type") not in ("submit", "checkbox", "radio") or field.has_attr("checked")
    }
    yield urlencode(usual)
    for choice in form.select("select[name] option[value]"):
        yield urlencode({**usual, choice.find_parent("select")["name"]: choice["value"]})
    for button in form.select("input[type=radio][name], input[type=checkbox][name]"):
        yield urlencode({**usual, button["name"]: button.get("value", "on")})


def _own(target: str, address: str) -> Iterator[str]:
    """Make an address of this host absolute, without its fragment; others lead away."""
    whole = urlsplit(urljoin(f"{HOST}{address}", target))
    if f"{whole.scheme}://{whole.netloc}" == HOST and not whole.path.startswith("/static/"):
        yield whole.path + (f"?{whole.query}" if whole.query else "")
