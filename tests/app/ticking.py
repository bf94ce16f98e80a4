"""A mail server on this machine, and ticks that use it."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy.orm import Session

from app import tick
from app.config import Settings

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class Postbox:
    """A mail server's memory; addresses at refused.example are turned away."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        self.url = ""

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if address.endswith("@refused.example"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.received.append((envelope.rcpt_tos[0], envelope.content.decode()))
        return "250 OK"


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    """A mail server on this machine."""
    memory = Postbox()
    controller = Controller(memory, hostname="127.0.0.1", port=free_port())
    controller.start()
    memory.url = f"smtp://127.0.0.1:{controller.port}"
    yield memory
    controller.stop()


@pytest.fixture
def run(
    app: Flask, session: Session, settings: Settings, monkeypatch
) -> Callable[..., tick.Outcome]:
    """Let a tick pass; reports have tests of their own and take seconds to load."""
    monkeypatch.delitem(tick.DEEDS, "making reports")

    def run(smtp_url: str = "", now: datetime = NOW, **options: int) -> tick.Outcome:
        session.commit()
        changed = replace(settings, smtp_url=smtp_url, **options)
        return tick.run(app.extensions["sessions"], changed, now=now)

    return run
