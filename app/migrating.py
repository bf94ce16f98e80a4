"""Bringing the database to the newest schema, and telling whether it has it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import make_url
from sqlalchemy.orm import Session

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def migrate_database(url: str) -> None:
    """Make the database, or bring it to the newest schema."""
    parts = make_url(url)
    if parts.drivername.startswith("sqlite") and parts.database not in {None, "", ":memory:"}:
        database = Path(str(parts.database))
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # a new one is for this user alone
            os.close(os.open(database, os.O_CREAT | os.O_EXCL, 0o600))
    config = Config(toml_file=PROJECT)
    config.attributes["url"] = url
    command.upgrade(config, "head")


def is_migrated(session: Session) -> bool:
    """Tell whether the database has the newest schema."""
    current = MigrationContext.configure(session.connection()).get_current_revision()
    newest = ScriptDirectory.from_config(Config(toml_file=PROJECT)).get_current_head()
    return current == newest
