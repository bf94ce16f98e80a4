"""A page that can import the client's modules, also altered ones, without any server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route

from tests.conftest import ROOT

CLIENT = ROOT / "static" / "ballot"
# Chromium has no crypto.subtle but over TLS and on this host.
ORIGIN = "http://localhost:9"
Changes = Mapping[str, tuple[str, str]]


@contextmanager
def open_modules(browser: Browser, changes: Changes | None = None) -> Iterator[Page]:
    """Open an empty page beside the modules; `changes` are {file: (old, new)}."""
    context = browser.new_context()
    page = context.new_page()

    def serve(route: Route) -> None:
        name = PurePosixPath(urlsplit(route.request.url).path).name
        if name.endswith(".js"):
            route.fulfill(body=altered(name, changes or {}), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>Modules</title>", content_type="text/html")

    page.route(f"{ORIGIN}/**", serve)
    page.goto(f"{ORIGIN}/c/client/index.html")
    yield page
    context.close()


def altered(name: str, changes: Changes) -> str:
    """Read a module of the client, changed as a mutant is; a change that finds nothing fails."""
    source = (CLIENT / name).read_text(encoding="utf-8")
    if name in changes:
        old, new = changes[name]
        assert source.count(old) == 1, f"{name} has not exactly one {old!r}"
        source = source.replace(old, new)
    return source
