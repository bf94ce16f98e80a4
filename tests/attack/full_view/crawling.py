"""Fetching everything: every page, file and form that leads somewhere, as every role."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from bs4 import BeautifulSoup
from werkzeug.test import Client, TestResponse

HOST = "http://localhost"
# Drawings and styles say nothing about answers; everything else is read.
PASSED_OVER = ("text/css", "text/javascript", "image/svg+xml")
UNREAD = ("svg", "style")
READ_ALOUD = ("aria-label", "title", "value", "alt", "content")


@dataclass(kw_only=True)
class Form:
    """A form that only asks: where it leads, and each choice it leaves."""

    action: str
    usual: dict[str, str] = field(default_factory=dict)
    choices: list[tuple[str, str]] = field(default_factory=list)

    def questions(self) -> Iterator[str]:
        """Fill the form in as it stands, and once with each choice."""
        yield urlencode(self.usual)
        for name, value in self.choices:
            yield urlencode({**self.usual, name: value})


class Skim(HTMLParser):
    """
    One pass over a page: where it leads, and all it says.

    Labels of drawings and data for scripts are words too; the numbers along the axes of
    drawings are left out, as the drawings are drawn anew instead.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._is_inside_form = False
        self._list, self._depth = "", 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what a mark says and where it leads."""
        given = {name: value or "" for name, value in attrs}
        self._depth += tag in UNREAD
        for name, value in given.items():
            if name in READ_ALOUD or name.startswith("data-"):
                self.words.append(value)
        if tag in ("a", "area") and "href" in given:
            self.links.append(given["href"])
        elif tag in ("iframe", "object"):
            self.links.append(given.get("src") or given.get("data", ""))
        elif tag == "link" and given.get("rel") in ("next", "prev", "alternate"):
            self.links.append(given["href"])
        elif tag == "form":
            self._is_inside_form = given.get("method", "get").lower() == "get"
            if self._is_inside_form:
                self.forms.append(Form(action=given.get("action", "")))
        elif self._is_inside_form:
            self._handle_field(tag, given)

    def _handle_field(self, tag: str, given: dict[str, str]) -> None:
        form, name, value = self.forms[-1], given.get("name", ""), given.get("value", "")
        if tag == "select":
            self._list = name
        elif tag == "option":
            form.choices.append((self._list, value))
        elif tag == "input" and given.get("type") in ("radio", "checkbox"):
            form.choices.append((name, value or "on"))
        elif tag in ("input", "textarea") and name:
            form.usual[name] = value

    def handle_endtag(self, tag: str) -> None:
        """Leave a drawing or a form."""
        self._depth -= tag in UNREAD
        self._is_inside_form = self._is_inside_form and tag != "form"

    def handle_data(self, data: str) -> None:
        """Take what stands on the page."""
        if not self._depth:
            self.words.append(data)


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

    @property
    def page(self) -> BeautifulSoup:
        """The content as a page to be searched."""
        return BeautifulSoup(self.text, "html.parser")

    @cached_property
    def skim(self) -> Skim:
        """The content as a page that leads somewhere and says something."""
        return Skim(self.text)


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
    for link in seen.skim.links:
        yield from _own(link, seen.address)
    for form in seen.skim.forms:
        target = (form.action or seen.address).partition("?")[0]
        for question in form.questions():
            yield from _own(f"{target}?{question}", seen.address)


def _own(target: str, address: str) -> Iterator[str]:
    """Make an address of this host absolute, without its fragment; others lead away."""
    whole = urlsplit(urljoin(f"{HOST}{address}", target))
    if f"{whole.scheme}://{whole.netloc}" == HOST and not whole.path.startswith("/static/"):
        yield whole.path + (f"?{whole.query}" if whole.query else "")
