"""The command `headwater-collector`: run the program, or exchange documents by file."""

from __future__ import annotations

import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from granian import Granian
from granian.constants import Interfaces

from collector.config import BadSettings, Settings
from collector.files import forbid_core_dumps, write_durably
from collector.remains import remains_in
from collector.store import Store
from surveys.documents import canonical
from surveys.encoding import decode
from surveys.errors import BadDocument, CountKeyNeeded, SurveyError, WrongState
from surveys.openings import parsed

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Take employees' answers, and hand over a release when a wave closes."""


@commands.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Number of processes.")
@click.option("--threads", default=8, show_default=True, help="Threads in each process.")
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Run the collector; it keeps no log of requests."""
    store().tidy()  # and stops here, with one sentence, if the settings are wrong
    click.echo(f"The collector listens on http://{host}:{port} and keeps no log.")
    Granian(
        "collector.program:from_environment",
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


@commands.command()
@click.argument("plan", type=FILE)
@click.option("--out", type=OUT, required=True, help="Where the reply goes.")
def prepare(plan: Path, out: Path) -> None:
    """Make the keys and pages of the wave that the file PLAN describes."""
    reply = store().prepare(parsed(plan.read_bytes()))
    write_durably(out, canonical(reply))
    click.echo(f"Wave {reply['wave']} is prepared; take {out} to the application.")


@commands.command()
@click.argument("opening", type=FILE)
def load(opening: Path) -> None:
    """Open the wave that the file OPENING describes."""
    document = parsed(opening.read_bytes())
    if store().open_wave(document):
        click.echo(f"Wave {document['wave']} is open.")
    else:
        click.echo(f"Wave {document['wave']} was opened before, with the same opening.")


@commands.command()
@click.argument("wave")
@click.argument("closes_on", type=click.DateTime(["%Y-%m-%d"]))
def extend(wave: str, closes_on: datetime) -> None:
    """Tell respondents of WAVE that its last day is CLOSES_ON."""
    store().extend(wave, closes_on.date())
    click.echo(f"Wave {wave} takes answers until {closes_on:%Y-%m-%d}.")


@commands.command()
@click.argument("wave")
@click.option(
    "--issued", type=FILE, required=True, help="How many rights the application has issued."
)
@click.option("--count-key", type=FILE, help="The count key, where the guardian holds it.")
@click.option("--out", type=OUT, required=True, help="Where the release goes.")
def close(wave: str, issued: Path, count_key: Path | None, out: Path) -> None:
    """Refuse further answers to WAVE and write its release to a file."""
    counts = parsed(issued.read_bytes()).get("issued")
    if not isinstance(counts, dict):
        raise BadDocument(f"{issued} does not say under issued how many rights each group has.")
    today = datetime.now(UTC).date()
    opened = store()
    try:
        release = opened.close(wave, on=today, issued=counts)
    except CountKeyNeeded:
        if count_key is None:
            raise
        opened.take_count_key(wave, decode(count_key.read_text(encoding="utf-8").strip()))
        release = opened.close(wave, on=today, issued=counts)
    write_durably(out, release)
    click.echo(f"Wave {wave} is closed; its release is in {out}.")


@commands.command()
@click.argument("wave")
@click.option("--out", type=OUT, required=True, help="Where the list goes.")
def closed(wave: str, out: Path) -> None:
    """Write down what anybody may check of WAVE, which is closed."""
    write_durably(out, store().closed_list(wave))
    click.echo(f"The closed list of wave {wave} is in {out}.")


@commands.command()
@click.argument("wave")
@click.argument("sha256")
def acknowledge(wave: str, sha256: str) -> None:
    """Delete the release of WAVE, which has arrived with this SHA256."""
    store().acknowledge(wave, sha256)
    click.echo(f"The release of wave {wave} is deleted here.")


@commands.command()
@click.argument("wave")
def cancel(wave: str) -> None:
    """Destroy the answers of WAVE unread."""
    store().cancel(wave)
    click.echo(f"Wave {wave} is cancelled; its answers were destroyed unread.")


@commands.command()
def remains() -> None:
    """Say what is left here of each wave; fails if anything is that should be gone."""
    settings = Settings.from_env()
    found = list(remains_in(settings.collector_store, settings.collector_keys))
    for wave in found:
        click.echo(f"{wave.wave}: {wave.stays}.")
        for name in wave.left:
            click.echo(f"  should be gone: {name}")
    if any(wave.left for wave in found):
        raise WrongState("Start the collector once: it finishes what was interrupted.")
    if not found:
        click.echo("There has been no wave here.")


def store() -> Store:
    """Open the store that the environment names."""
    return Store.of(Settings.from_env())


def main() -> None:
    """Run a command; refusals are one sentence and exit status 1."""
    forbid_core_dumps()
    try:
        commands()
    except (SurveyError, BadSettings, OSError, sqlite3.Error) as refusal:
        click.echo(f"Error: {refusal}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
