"""``headwater serve``: run the web application."""

from __future__ import annotations

import click
from granian import Granian
from granian.constants import Interfaces

from app.cli.running import check_schema, database
from app.config import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Number of processes.")
@click.option("--threads", default=8, show_default=True, help="Threads in each process.")
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Run the web application; it keeps no log of requests."""
    with database(Settings.from_env()) as sessions:
        check_schema(sessions)
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
