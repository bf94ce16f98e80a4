"""``headwater demo``: an invented organisation to look around in."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session, sessionmaker

from app.config import Settings
from app.database import make_engine
from app.demo.run import (
    CannotStart,
    Place,
    Running,
    ballot_poster,
    letter_poster,
    raise_on_signals,
    run,
    start,
    stop,
    wait_for_the_end,
    wait_until_up,
)
from app.demo.seed import seed_demo
from app.exchange import for_settings
from app.installation import Installation
from app.key_folder import KeyFolder
from app.reporting.build import build_report, due_reports

FIRST_REPORTS = 3


@click.command("demo")
@click.option("--port", default=8000, show_default=True, help="Port of the application.")
@click.option("--collector-port", default=8001, show_default=True, help="Port of the collector.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Host of the application.")
@click.option(
    "--collector-host", default="localhost", show_default=True, help="Host of the collector."
)
@click.option(
    "--folder", default="instance", type=click.Path(path_type=Path), help="Where it is kept."
)
@click.option("--reset", is_flag=True, help="Forget the demo there is and start afresh.")
@click.option("--no-serve", is_flag=True, help="Fill the demo and stop.")
def demo(
    port: int,
    collector_port: int,
    host: str,
    collector_host: str,
    folder: Path,
    reset: bool,
    no_serve: bool,
) -> None:
    """Fill a demo organisation once and serve it until interrupted."""
    place = Place(
        folder=folder,
        host=host,
        collector_host=collector_host,
        port=port,
        collector_port=collector_port,
    )
    processes: list[Running] = []
    raise_on_signals()
    try:
        place.check_ports()
        if reset or not place.is_filled:
            place.wipe()
        settings = place.settings()
        run("app.cli", "migrate", env=settings.to_env())
        processes.append(
            start(
                "collector",
                "collector.cli",
                "serve",
                "--port",
                str(collector_port),
                env=place.collector_env(settings),
            )
        )
        wait_until_up(processes[0], place.collector_url)
        if not place.is_filled:
            _fill(place, settings)
        facts = place.move_facts()
        if no_serve:
            return
        processes += _serve(settings, port=port, host=host)
        wait_until_up(processes[1], place.url)
        _tell(facts, place.facts)
        ended = wait_for_the_end(processes)
        raise CannotStart(f"The {ended.name} stopped by itself.")
    except KeyboardInterrupt:
        kept = "What you did is kept" if place.is_filled else "The filling begins anew next time"
        click.echo(f"Stopped. {kept}; `make demo` goes on, `make demo RESET=1` forgets.")
    except CannotStart as error:
        raise click.ClickException(str(error)) from error
    finally:
        stop(processes)


def _fill(place: Place, settings: Settings) -> None:
    click.echo("Filling the demo organisation; this takes less than a minute.")
    began = time.monotonic()
    now = datetime.now(UTC)

    def say(line: str) -> None:
        click.echo(f"  {time.monotonic() - began:3.0f} s  {line}")

    with sessionmaker(make_engine(settings.database_url))() as session:
        facts = seed_demo(
            session,
            collector=for_settings(settings),
            installation=Installation.of(settings),
            keys=KeyFolder(Path(settings.key_folder)),
            post_answer=letter_poster(place.collector_url),
            post_ballot=ballot_poster(place.collector_url),
            today=now.date(),
            progress=say,
        )
        make_first_reports(session, now=now)
    place.write_facts(facts)
    say("reports made; the demo stands")


def make_first_reports(session: Session, *, now: datetime) -> None:
    """Make the reports that visitors open first; the worker makes the others."""
    for key in list(islice(due_reports(session, today=now.date()), FIRST_REPORTS)):
        build_report(session, key, now=now)
        session.commit()


def _serve(settings: Settings, *, port: int, host: str) -> list[Running]:
    env = settings.to_env()
    return [
        start("application", "app.cli", "serve", "--host", host, "--port", str(port), env=env),
        start("worker", "app.cli", "worker", env=env),
    ]


def _tell(facts: dict[str, Any], facts_file: Path) -> None:
    lines = [
        "",
        f"Headwater runs at {facts['app']} (the collector, for employees' answers: "
        f"{facts['collector']}).",
        "",
        "Sign in as:",
        *(
            f"  {user['role']:<14} {user['email']:<34} {user['password']}"
            for user in facts["users"]
        ),
        "",
        *_ways_to_answer(facts),
        "",
        f"{facts_file} lists more codes. Press Ctrl-C to stop.",
    ]
    click.echo("\n".join(lines))


def _ways_to_answer(facts: dict[str, Any]) -> list[str]:
    employee = facts["users"][0]["email"]
    ballot = (
        [
            f"  by ballot: sign in as {employee} and take the ballot on the home page,",
            f"             {facts['ballot']}",
        ]
        if facts["ballot"]
        else [
            "  by ballot: only at the addresses at which the demo was filled, because the open",
            "             wave promises them in its manifest; `make demo RESET=1` fills it here",
        ]
    )
    return [
        "Answer as an employee:",
        *ballot,
        f"  by letter: {facts['collector']} with the code {facts['employee_codes'][0]}",
        f"Answer as a customer: {facts['customer_link']}",
    ]
