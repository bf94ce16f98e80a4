"""``headwater doctor``: what in this installation would weaken the promise."""

from __future__ import annotations

from pathlib import Path

import click

from app.config import Settings
from app.doctor.examination import examine
from app.doctor.findings import Finding, breaks

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--proxy", "proxies", type=FILE, multiple=True, help="nginx file; may be repeated.")
@click.option(
    "--store", type=FOLDER, default=Path("instance/collector"),
    envvar="HEADWATER_COLLECTOR_STORE", help="The collector's store.",
)  # fmt: skip
@click.option(
    "--collector-keys", type=FOLDER, default=Path("keys/collector"),
    envvar="HEADWATER_COLLECTOR_KEYS", help="The collector's key folder.",
)  # fmt: skip
@click.option(
    "--backups", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of backups, to see how old they are.",
)  # fmt: skip
@click.option("--offline", is_flag=True, help="Do not ask the running collector.")
def doctor(
    proxies: tuple[Path, ...],
    store: Path,
    collector_keys: Path,
    backups: Path | None,
    offline: bool,
) -> None:
    """Say what here would weaken or break the promise made to employees."""
    try:
        settings = Settings.from_env()
    except SystemExit as refusal:
        _show(_unstartable(str(refusal)))
        raise click.exceptions.Exit(1) from refusal
    found = []
    for finding in examine(
        settings, store=store, collector_keys=collector_keys, proxy_files=proxies,
        backups=backups, asks_collector=not offline,
    ):  # fmt: skip
        _show(finding)
        found.append(finding.level)
    n_breaks, n_weakens = found.count("breaks"), found.count("weakens")
    click.echo(
        f"\n{n_breaks} break{'s' * (n_breaks == 1)} the promise,"
        f" {n_weakens} weaken{'s' * (n_weakens == 1)} it,"
        f" {found.count('unseen')} could not be seen, {found.count('ok')} are as they should be."
    )
    if "breaks" in found:
        raise click.exceptions.Exit(1)


def _show(finding: Finding) -> None:
    click.echo(f"{finding.level:<8} {finding.seen}")
    for text in filter(None, (finding.why, finding.remedy)):
        click.echo(f"{'':<8} {text}")


def _unstartable(refusal: str) -> Finding:
    return breaks(
        refusal, why="Headwater does not start like this.", remedy="See docs/configuration.md."
    )
