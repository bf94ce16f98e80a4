"""The migrations: there and back again, and nothing forgotten."""

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect

from app.migrating import migrate_database
from tests.conftest import alembic_config

pytestmark = pytest.mark.database


def tables_of(url: str) -> set[str]:
    """Name the tables of a database, Alembic's own left out."""
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names()) - {"alembic_version"}
    engine.dispose()
    return names


def test_models_and_migrations_agree(empty_database):
    """After all migrations nothing is left to migrate."""
    config = alembic_config(empty_database)
    command.upgrade(config, "head")

    command.check(config)


def test_every_migration_can_be_taken_back_and_done_again(empty_database):
    """Down to nothing and up again leaves the same tables."""
    config = alembic_config(empty_database)
    command.upgrade(config, "head")
    before = tables_of(empty_database)

    command.downgrade(config, "base")
    between = tables_of(empty_database)
    command.upgrade(config, "head")

    assert len(before) > 10
    assert between == set()
    assert tables_of(empty_database) == before


def test_a_new_database_file_is_for_its_owner_alone(tmp_path):
    """It holds who took a ballot, and mail; other users of the machine are shut out."""
    path = tmp_path / "instance" / "headwater.db"
    migrate_database(f"sqlite:///{path}")
    path.chmod(0o640)
    migrate_database(f"sqlite:///{path}")

    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o640  # what somebody chose later stays

    path.unlink()
    migrate_database(f"sqlite:///{path}")
    assert path.stat().st_mode & 0o777 == 0o600
