"""``headwater tick`` and ``headwater worker``: do what is due, once or again and again."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from threading import Event
from types import FrameType

import click
from sqlalchemy.orm import Session, sessionmaker

from app import tick as ticking
from app.cli.running import check_schema, database
from app.config import Settings


@click.command()
def tick() -> None:
    """Do whatever is due, once: close waves, add answers up, make reports, send mail."""
    settings = Settings.from_env()
    with database(settings) as sessions:
        check_schema(sessions)
        outcome = _tick(sessions, settings)
    if outcome.failed:
        n = len(outcome.failed)
        raise click.ClickException(f"{n} {'deed' if n == 1 else 'deeds'} failed; see above.")
    if not outcome.done:
        click.echo("Nothing was due.")


@click.command()
@click.option("--every", default=30, show_default=True, help="Seconds between ticks.")
def worker(every: int) -> None:
    """Do whatever is due, again and again, until interrupted."""
    settings = Settings.from_env()
    stop = _stop_on_signals()
    with database(settings) as sessions:
        check_schema(sessions)
        click.echo(f"Looking every {every} seconds for what is due.")
        while not stop.is_set():
            _tick(sessions, settings)
            stop.wait(every)
    click.echo("Stopped.")


def _tick(sessions: sessionmaker[Session], settings: Settings) -> ticking.Outcome:
    outcome = ticking.run(sessions, settings, now=datetime.now(UTC))
    for sentence in outcome.done:
        click.echo(sentence)
    for sentence in outcome.failed:
        click.echo(f"Failed: {sentence}", err=True)
    return outcome


def _stop_on_signals() -> Event:
    """Let a signal end the waiting; a tick under way is finished first."""
    stop = Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    return stop
