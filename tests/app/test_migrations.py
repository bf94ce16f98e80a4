"""The migrations: there and back again, and nothing forgotten."""

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect

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
