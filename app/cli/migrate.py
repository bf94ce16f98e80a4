"""``headwater migrate``: make the database, or bring it to the newest schema."""

from __future__ import annotations

import click

from app.cli.running import database
from app.config import Settings
from app.migrating import migrate_database


@click.command()
def migrate() -> None:
    """Make the database, or bring it to the newest schema."""
    settings = Settings.from_env()
    with database(settings):
        migrate_database(settings.database_url)
    click.echo("The database has the newest schema.")
