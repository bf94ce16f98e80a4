"""``headwater retention``: what has been kept as long as it may be, and removing it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from app import retaining
from app.cli.progress import Progress
from app.cli.running import check_schema, database
from app.config import Settings
from app.services import retention
from app.services.holdings import Holding, Now

DAY = click.DateTime(formats=["%Y-%m-%d"])
ON = click.option("--on", type=DAY, metavar="DAY", help="As on another day, such as 2027-03-01.")


@click.group("retention")
def retention_group() -> None:
    """Keep to what was promised: remove what is past its time."""


@retention_group.command()
@ON
def show(on: datetime | None) -> None:
    """Say what is past its time, and what goes next."""
    settings = Settings.from_env()
    with database(settings) as sessions:
        check_schema(sessions)
        with sessions() as session:
            now = _now(settings, on)
            holdings = retention.holdings(session, now)
            last = retention.last_run(session)
    due = [holding for holding in holdings if holding.due_on <= now.on]
    _list(due)
    later = [holding for holding in holdings if holding.due_on > now.on]
    if later:
        click.echo("Later:")
        for holding in later:
            click.echo(f"  from {holding.due_on}  {_words(holding)}")
    if last is not None:
        click.echo(f"The retention last ran on {last.finished_at:%Y-%m-%d}.")
    else:
        click.echo("The retention has never run.")


@retention_group.command()
@ON
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def run(on: datetime | None, is_sure: bool) -> None:
    """Say what is past its time, ask, and remove it for good."""
    settings = Settings.from_env()
    with database(settings) as sessions:
        check_schema(sessions)
        with sessions() as session:
            now = _now(settings, on)
            due = retention.due(session, now)
            session.rollback()  # nobody waits for us while somebody thinks
            _list(due)
            if due and not is_sure:
                click.confirm("Remove this for good?", abort=True)
            progress, totals = Progress(), {holding: 0 for holding in due}

            def tell(holding: Holding, n: int) -> None:
                totals[holding] = totals.get(holding, 0) + n
                progress(_words(holding), min(totals[holding] / max(holding.n, 1), 1.0))

            try:
                removed = retaining.run(session, now, tell=tell)
            except KeyboardInterrupt as stop:
                raise click.ClickException(
                    "Stopped. What was removed is gone; run the command again to go on."
                ) from stop
            finally:
                progress.clear()
    for entry in removed:
        click.echo(f"Removed: {entry.words}.")
    if not removed:
        click.echo("Nothing was removed.")


def _now(settings: Settings, on: datetime | None) -> Now:
    day = None if on is None else on.date()
    return retaining.now_of(settings, at=retaining.moment_on(day))


def _words(holding: Holding) -> str:
    return retention.words_of(holding.kind, holding.of, holding.n)


def _list(due: Sequence[Holding]) -> None:
    if not due:
        click.echo("Nothing is past its time.")
        return
    click.echo("Past its time:")
    for holding in due:
        click.echo(f"  since {holding.due_on}  {_words(holding)}")
