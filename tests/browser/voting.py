"""Somebody who answers with a ballot, in a browser of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.rounds import Round, Rounds
from tests.browser.watching import Watch

IN = "Thank you. Your answers are in."
PATIENCE = 15_000


@dataclass(kw_only=True)
class Voter:
    """Somebody with a browser of their own."""

    rounds: Rounds
    page: Page
    watch: Watch

    def open(self, wave: Round, *, fragment: str = "") -> Voter:
        """Open the page of a wave, as from a link in a mail."""
        self.page.goto("about:blank")
        self.page.goto(wave.page + fragment)
        return self

    def press(self, name: str) -> Voter:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()
        return self

    def take(self, wave: Round) -> Voter:
        """Take a ballot."""
        self.open(wave).press("Take my ballot").sees("Your ballot is here")
        return self

    def answer(self, **answers: str) -> Voter:
        """Tick answers."""
        for item, value in answers.items():
            self.page.locator(f"#q-{item}-{value}").check()
        return self

    def write(self, comment: str) -> Voter:
        """Write a comment."""
        self.page.locator("textarea").fill(comment)
        return self

    def sees(self, heading: str) -> Voter:
        """Wait for a heading."""
        place = self.page.get_by_role("heading", name=heading, exact=True)
        expect(place).to_be_visible(timeout=PATIENCE)
        return self

    def kept(self) -> dict[str, Any]:
        """Read what the browser keeps of the collector's pages."""
        kept = self.page.evaluate("() => ({...localStorage})")
        assert len(kept) <= 1, kept
        return next((json.loads(text) for text in kept.values()), {})

    def sent(self) -> list[dict[str, str]]:
        """List what was posted to the collector."""
        posted = [r for r in self.watch.requests if r.url.endswith("/anon/submit")]
        return [json.loads(request.post_data) for request in posted]

    def asked_for(self) -> list[dict[str, str]]:
        """List what was posted to the application to be signed."""
        posted = [r for r in self.watch.requests if r.url.endswith("/ballot/issue")]
        return [json.loads(request.post_data) for request in posted]
