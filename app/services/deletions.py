"""Deletions that must leave no trace are noted with them: a crash puts nothing off for good."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import DeletedRows


def note(session: Session, *tables: str) -> None:
    """Note that deleted rows must leave no trace, in the very transaction that deletes them."""
    insert = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name].insert
    token = secrets.token_hex(8)
    for table in sorted(tables):
        session.execute(
            insert(DeletedRows)
            .values(table_name=table, token=token)
            .on_conflict_do_update(index_elements=["table_name"], set_={"token": token})
        )


def noted(session: Session) -> dict[str, str]:
    """List the tables that are to be overwritten, each with the token of its last deletion."""
    found = session.execute(select(DeletedRows.table_name, DeletedRows.token))
    return {table: token for table, token in found}


def settle(session: Session, overwritten: Mapping[str, str]) -> None:
    """Note what was overwritten; a table of which more was deleted meanwhile waits again."""
    for table, token in overwritten.items():
        session.execute(
            delete(DeletedRows)
            .where(DeletedRows.table_name == table, DeletedRows.token == token)
            .execution_options(synchronize_session=False)
        )
