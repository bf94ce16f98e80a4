"""``headwater migrate``, ``serve``, ``tick`` and ``worker``: running the installation."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import FrameType

import click
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from granian import Granian
from granian.constants import Interfaces
from sqlalchemy import make_url
from sqlalchemy.orm import Session, sessionmaker

from app import tick as ticking
from app.cli.running import database
from app.config import Settings

ROOT = Path(__file__).parents[2]


@click.command()
def migrate() -> None:
    """Make the database, or bring it to the newest schema."""
    settings = Settings.from_env()
    url = make_url(settings.database_url)
    if url.drivername.startswith("sqlite") and url.database:
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with database(settings):
        command.upgrade(_alembic(settings), "head")
    click.echo("The database has the newest schema.")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Number of processes.")
@click.option("--threads", default=8, show_default=True, help="Threads in each process.")
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Run the web application; it keeps no log of requests."""
    settings = Settings.from_env()
    with database(settings) as sessions:
        _check_schema(sessions, settings)
    click.echo(f"Headwater listens on http://{host}:{port}.")
    Granian(
        "app.web:create_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=workers,
        blocking_threads=threads,
        websockets=False,
        log_enabled=False,
        log_access=False,
        respawn_failed_workers=True,
    ).serve()


@click.command()
def tick() -> None:
    """Do whatever is due, once: close waves, add answers up, make reports, send mail."""
    settings = Settings.from_env()
    with database(settings) as sessions:
        _check_schema(sessions, settings)
        outcome = _tick(sessions, settings)
    if outcome.failed:
        raise click.ClickException(f"{len(outcome.failed)} of the deeds failed; see above.")
    if not outcome.done:
        click.echo("Nothing was due.")


@click.command()
@click.option("--every", default=30, show_default=True, help="Seconds between ticks.")
def worker(every: int) -> None:
    """Do whatever is due, again and again, until interrupted."""
    settings = Settings.from_env()
    stop = _stop_on_signals()
    with database(settings) as sessions:
        _check_schema(sessions, settings)
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


def _check_schema(sessions: sessionmaker[Session], settings: Settings) -> None:
    with sessions() as session:
        current = MigrationContext.configure(session.connection()).get_current_revision()
    if current != ScriptDirectory.from_config(_alembic(settings)).get_current_head():
        raise click.ClickException("The database is not up to date: run `headwater migrate`.")


def _alembic(settings: Settings) -> Config:
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["url"] = settings.database_url
    return config
