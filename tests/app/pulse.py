"""A small organisation, its pulse and a collector in the same process, for tests of waves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import requests
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import Client

from app import exchange, handover
from app.models import Wave
from app.services import survey_versions, waves
from app.services.letters import Letters
from collector.config import Settings as CollectorSettings
from collector.program import create_collector
from tests.factories import make_person, make_team

TOKEN = "an installation token for tests"
ADDRESS = "http://collector.example:8001"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
CLOSES_ON = date(2026, 3, 9)


def make_collector(folder: Path) -> Flask:
    """Start a collector on a folder of its own."""
    return create_collector(
        CollectorSettings(
            collector_store=folder,
            collector_token=TOKEN,
            collector_url=ADDRESS,
            public_url="http://127.0.0.1:8000",
        )
    )


def client_of(collector: Flask) -> exchange.Collector:
    """Speak with that collector as the application does."""
    return exchange.over_wsgi(collector, token=TOKEN, address=ADDRESS)


def make_organisation(session: Session, sizes: Mapping[str, int]) -> None:
    """Add one organisation with these teams right below it."""
    top = make_team(session, "Tidewater", key="top")
    for name, size in sizes.items():
        team = make_team(session, name, key=name.lower(), parent=top)
        for number in range(size):
            make_person(session, f"{name} {number}", team=team)


def make_draft(session: Session, **columns) -> Wave:
    """Plan a wave of the bundled pulse."""
    version = survey_versions.copy_bundled(session, "monthly_pulse", now=NOW)
    columns = {"title": "March pulse", "opens_on": TODAY, "closes_on": CLOSES_ON, **columns}
    wave = waves.create(session, survey_version=version, now=NOW, **columns)
    session.commit()
    return wave


def open_wave(session: Session, wave: Wave, client: exchange.CollectorClient) -> Letters:
    """Open a wave as the button does."""
    return handover.open_wave(
        session,
        wave.id,
        collector=client,
        organisation="Tidewater",
        collector_url=ADDRESS,
        now=NOW,
    )


def answer(collector: Flask, wave: Wave, code: str, **answers: str) -> int:
    """Send one filled-in form at the collector; return the status."""
    given = {"energy": "4", "belonging": "5", "tools": "2", **answers}
    browser = Client(collector, use_cookies=False)
    return browser.post(f"/w/{wave.key}", data={"code": code, **given}).status_code


class Flaky:
    """A collector that fails once at one call: before it has done it, or after."""

    def __init__(self, inner: exchange.CollectorClient, call: str, *, after: bool) -> None:
        self.inner, self.call, self.after, self.calls = inner, call, after, []

    def __getattr__(self, name: str):
        def deed(*arguments):
            self.calls.append(name)
            breaks = name == self.call
            if breaks:
                self.call = ""
            if breaks and not self.after:
                raise requests.ConnectionError("cut off before")
            result = getattr(self.inner, name)(*arguments)
            if breaks:
                raise requests.ConnectionError("cut off after")
            return result

        return deed
