"""``headwater wave``: the rounds of a pulse, with the collector over HTTP or by file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import click
from sqlalchemy.orm import Session

from app import exchange, handover, printing
from app.config import Settings
from app.database import make_engine
from app.queries import waves as wave_queries
from app.services import rosters, survey_versions, waves
from app.services.errors import Refusal
from surveys.errors import SurveyError
from surveys.lifecycle import State

FILE = click.Path(dir_okay=False, path_type=Path)
DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def wave() -> None:
    """Plan, open, extend, close and cancel the waves of a pulse."""


@wave.command("list")
def list_waves() -> None:
    """List the waves, the latest first."""
    with _work() as (session, _):
        for line in wave_queries.list_waves(session):
            click.echo(
                f"{line.id:>4}  {line.state:<9}  {line.opens_on} to {line.closes_on}  {line.title}"
            )


@wave.command()
@click.option("--title", required=True, help="What employees read above the questions.")
@click.option("--survey", type=int, required=True, help="Id of the questionnaire's version.")
@click.option("--opens", type=DAY, help="Planned opening day; default today.")
@click.option("--closes", type=DAY, help="Last day for answers; default a week later.")
@click.option("--strict", "profile", flag_value="strict", help="Figures from 8 answers.")
@click.option("--default", "profile", flag_value="default", default=True, hidden=True)
def create(
    title: str, survey: int, opens: datetime | None, closes: datetime | None, profile: str
) -> None:
    """Plan a wave."""
    with _work() as (session, _):
        opens_on = opens.date() if opens else _now().date()
        version = survey_versions.find(session, survey, audiences=frozenset({"employees"}))
        made = waves.create(
            session,
            title=title,
            survey_version=version,
            opens_on=opens_on,
            closes_on=closes.date() if closes else opens_on + timedelta(days=7),
            profile=profile,
            now=_now(),
        )
        session.commit()
        click.echo(f"Wave {made.id} is planned: {made.title}.")


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
def groups(wave_id: int) -> None:
    """Show who is counted with whom, or would be if a draft opened today."""
    with _work() as (session, _):
        found = waves.find(session, wave_id)
        if found.state is State.DRAFT:
            preview = rosters.preview(session, on=_now().date(), k_group=found.k_group)
            if preview.refusal:
                raise click.ClickException(preview.refusal)
            lines = [(g.n_eligible, g.label, g.teams) for g in preview.groups]
        else:
            lines = [(g.n_eligible, g.label, g.teams) for g in wave_queries.groups_of(found)]
        for n, label, teams in lines:
            click.echo(f"{n:>6}  {label}" + (f" ({', '.join(teams)})" if len(teams) > 1 else ""))


@wave.command("open")
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option("--letters", type=FILE, required=True, help="PDF of the code letters; new file.")
@click.option("--out", type=FILE, help="Write the opening here instead of sending it.")
def open_wave(wave_id: int, letters: Path, out: Path | None) -> None:
    """Open a wave and write its code letters, which are kept nowhere else."""
    with _work() as (session, settings), ExitStack() as files:
        pdf = files.enter_context(exchange.private_file(letters))
        opening = files.enter_context(exchange.private_file(out)) if out else None
        drawn = handover.open_wave(
            session,
            wave_id,
            collector=_collector(settings, by_file=out is not None, opening=opening),
            organisation=settings.organisation,
            collector_url=settings.collector_url,
            now=_now(),
            lay_out=lambda drawn: pdf.write(printing.pdf_of(drawn)),
        )
    click.echo(f"Wave {wave_id} is open. Print {drawn.n} letters from {letters}, then delete it.")
    if out is not None:
        click.echo(f"At the collector: headwater-collector load {out.name}")


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.argument("closes", metavar="DAY", type=DAY)
@click.option("--by-file", is_flag=True, help="You tell the collector yourself.")
def extend(wave_id: int, closes: datetime, by_file: bool) -> None:
    """Put off the last day of an open wave."""
    with _work() as (session, settings):
        found = handover.extend_wave(
            session,
            wave_id,
            closes_on=closes.date(),
            collector=_collector(settings, by_file=by_file),
            today=_now().date(),
        )
        click.echo(f"Wave {wave_id} takes answers until {found.closes_on}.")
        if by_file:
            click.echo(
                f"At the collector: headwater-collector extend {found.key} {found.closes_on}"
            )


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option(
    "--result",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Release that the collector wrote; without it the collector is asked.",
)
def close(wave_id: int, result: Path | None) -> None:
    """Close a wave and keep its release; can be run again after any interruption."""
    with _work() as (session, settings):
        if result is not None:
            digest = handover.take_release(session, wave_id, result.read_bytes(), now=_now())
            key = waves.find(session, wave_id).key
            click.echo(f"Wave {wave_id} is released.")
            click.echo(f"At the collector: headwater-collector acknowledge {key} {digest}")
            return
        collector = exchange.for_settings(settings)
        handover.close_wave(session, wave_id, collector=collector, now=_now())
        click.echo(f"Wave {wave_id} is closed and its figures are released.")


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option("--by-file", is_flag=True, help="You tell the collector yourself.")
@click.confirmation_option(prompt="All answers will be destroyed unread. Go on?")
def cancel(wave_id: int, by_file: bool) -> None:
    """Cancel a wave; its answers are destroyed unread."""
    with _work() as (session, settings):
        collector = _collector(settings, by_file=by_file)
        found = handover.cancel_wave(session, wave_id, collector=collector, now=_now())
        click.echo(f"Wave {wave_id} is cancelled.")
        if by_file:
            click.echo(f"At the collector: headwater-collector cancel {found.key}")


@contextmanager
def _work() -> Iterator[tuple[Session, Settings]]:
    """Give a session and the settings; a refusal becomes one sentence and exit code 1."""
    settings = Settings.from_env()
    engine = make_engine(settings.database_url)
    try:
        with Session(engine) as session:
            yield session, settings
    except (Refusal, SurveyError, printing.PrintingFailed) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    finally:
        engine.dispose()


def _collector(
    settings: Settings, *, by_file: bool, opening: BinaryIO | None = None
) -> exchange.CollectorClient:
    return exchange.ByFile(opening=opening) if by_file else exchange.for_settings(settings)


def _now() -> datetime:
    return datetime.now(UTC)
