"""The demo running in real processes, for a real Chromium to visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.live import Live, running
from tests.browser.rounds import Round, Rounds
from tests.browser.rounds import running as in_this_process
from tests.browser.voting import Voter
from tests.browser.watching import Watch
from tests.collector.conftest import make_guardian


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def live(chromium, demo, tmp_path_factory) -> Iterator[Live]:
    """The running demo that all tests share: add to it, but close and take away nothing."""
    with running(demo, tmp_path_factory.mktemp("live")) as live:
        yield live


@pytest.fixture
def own_live(chromium, demo, tmp_path) -> Iterator[Live]:
    """A running demo of the test's own."""
    with running(demo, tmp_path / "live") as live:
        yield live


@pytest.fixture
def new_page(chromium) -> Iterator[Callable[..., tuple[Page, Watch]]]:
    """Open pages in browsers of their own, each with a watch over it."""
    contexts = []

    def open_page(**options: Any) -> tuple[Page, Watch]:
        context = new_context(chromium, **options)
        contexts.append(context)
        return watched(context)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def signed_in(chromium, live) -> Iterator[Callable[[str | None], tuple[Page, Watch]]]:
    """
    Give the page of a browser that is signed in under a role, or with None in one that is not.

    Each role has one page, which goes from test to test: a new one costs a process.
    """
    pages: dict[str | None, tuple[Page, Watch]] = {}

    def page_of(role: str | None) -> tuple[Page, Watch]:
        if role not in pages:
            pages[role] = watched(new_context(chromium))
            if role is not None:
                sign_in(pages[role][0], live, role)
        page, watch = pages[role]
        page.goto("about:blank")
        page.set_viewport_size({"width": 1280, "height": 720})
        page.emulate_media(media="screen", color_scheme="light", reduced_motion="reduce")
        watch.forget()
        return page, watch

    yield page_of
    for page, _ in pages.values():
        page.context.close()


@pytest.fixture(scope="session")
def rounds(chromium, tmp_path_factory) -> Iterator[Rounds]:
    """Both programs in this process, with waves that take ballots."""
    with in_this_process(tmp_path_factory.mktemp("rounds")) as running_rounds:
        yield running_rounds


@pytest.fixture(scope="session")
def wave(rounds) -> Round:
    """An open wave whose guardian holds the count key, so that tests can look into seals."""
    return rounds.open(guardian=make_guardian(holds_count_key=True))


@pytest.fixture
def new_voter(chromium, rounds) -> Iterator[Callable[..., Voter]]:
    """Open browsers: of somebody who holds a ballot, or is signed in, or is only passing by."""
    contexts = []

    def make(*, holding: Round | None = None, is_signed_in: bool = False) -> Voter:
        storage = rounds.storage_with_ballot(holding)
        contexts.append(chromium.new_context(locale="en-GB", storage_state=storage))
        if is_signed_in:
            rounds.sign_in(contexts[-1])
        contexts[-1].set_default_timeout(15_000)
        page, watch = watched(contexts[-1])
        return Voter(rounds=rounds, page=page, watch=watch)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def voter(new_voter) -> Voter:
    """Somebody who is signed in at the application."""
    return new_voter(is_signed_in=True)


@pytest.fixture
def holder(new_voter, wave) -> Voter:
    """Somebody whose browser holds a ballot, on the page of the wave."""
    return new_voter(holding=wave).open(wave)


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Make a browser of its own, as a private window is."""
    context = browser.new_context(locale="en-GB", reduced_motion="reduce", **options)
    context.set_default_timeout(15_000)
    return context


def watched(context: BrowserContext) -> tuple[Page, Watch]:
    """Open a page and watch it."""
    page = context.new_page()
    return page, Watch(page)


def sign_in(page: Page, live: Live, role: str) -> None:
    """Sign in by the form."""
    email, password = live.users[role]
    page.goto(f"{live.app}/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{live.app}/")
