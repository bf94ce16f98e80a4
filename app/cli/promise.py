"""``headwater wave promise`` and ``pack``: what is promised about a wave, and its papers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.work import work
from app.exchange import private_file
from app.protection.archive import pack_of
from app.protection.facts import facts_of
from app.services import promises, waves
from app.services.errors import Conflict
from surveys.promises import Promise, spelt


@click.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option("--purposes", help="What the survey is for.")
@click.option("--readers", help="Who reads what.")
@click.option("--contact", help="Whom people can ask, and how to reach them.")
@click.option("--keep-rosters-days", type=int, help="Days for which the roster is kept.")
@click.option("--keep-results-months", type=int, help="Months for which the results are kept.")
def promise(wave_id: int, **given: Any) -> None:  # noqa: ANN401 each option has its own type
    """
    Write the promise of a draft, or show that of any wave where no option is given.

    What is left out stays as it is, or as it was promised last. A text may have several lines.
    """
    typed = {
        name: spelt(value) if isinstance(value, str) else value
        for name, value in given.items()
        if value is not None
    }
    with work() as (session, _):
        found = waves.find(session, wave_id)
        if typed:
            written = Promise.from_dict({**promises.begun(session, found), **typed})
            promises.write_promise(found, written)
            session.commit()
        elif found.promise is None:
            raise Conflict(
                f'Wave {wave_id} has no promise yet. Write it with --contact "WHOM TO ASK"; '
                "--help lists the rest."
            )
        for section in promises.promised(found):
            click.echo(section.heading)
            for line in section.lines:
                click.echo(f"  {line}")


@click.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Where the ZIP goes; new file.",
)
def pack(wave_id: int, out: Path) -> None:
    """Write the data-protection pack of a wave: papers, promise, manifest and its signature."""
    with work() as (session, settings), private_file(out) as file:
        file.write(pack_of(facts_of(waves.find(session, wave_id), settings=settings)))
    click.echo(f"The pack of wave {wave_id} is in {out}. Complete what is marked “To fill in”.")
