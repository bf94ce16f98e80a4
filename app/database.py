"""One session per request or command, and how the engine is set up."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g
from sqlalchemy import Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry


def make_engine(url: str) -> Engine:
    """
    Make the engine for a database URL.

    SQLite runs with a write-ahead log and full synchronisation (an acknowledged
    answer survives a power cut), with foreign keys on, waits for other writers, and
    overwrites what it deletes.
    """
    # Parameters are people's names and answers: errors must not carry them into a log.
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "handle_error", _drop_details)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def overwrite_deleted(session: Session, *tables: str) -> None:
    """
    Leave nothing of some tables' deleted rows in the files of the database; commit before.

    SQLite keeps them in its write-ahead log until that is cut off, PostgreSQL in a
    table's file until that is written anew.  Server logs and backups are not reached.
    """
    engine = session.get_bind().engine
    statements = {
        "sqlite": ["PRAGMA wal_checkpoint(TRUNCATE)"],
        "postgresql": [f'VACUUM FULL "{table}"' for table in tables],
    }[engine.dialect.name]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _drop_details(context: ExceptionContext) -> None:
    """Keep the first line of a database error; PostgreSQL writes values into the next ones."""
    original = context.original_exception
    first_line = str(original).partition("\n")[0]
    original.args = (first_line,)
    if context.sqlalchemy_exception is not None:
        kept = str(context.sqlalchemy_exception.args[0]).partition("\n")[0]
        context.sqlalchemy_exception.args = (kept,)


def _prepare_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    cursor: Any = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "busy_timeout = 10000",
        "secure_delete = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def init_app(app: Flask) -> None:
    """Give the application its session factory."""
    app.extensions["sessions"] = sessionmaker(make_engine(app.config["SETTINGS"].database_url))
    app.teardown_appcontext(_close_session)


def get_session() -> Session:
    """Return this request's session, opened on first use; whoever called commits."""
    if "session" not in g:
        g.session = current_app.extensions["sessions"]()
    session: Session = g.session
    return session


def _close_session(error: BaseException | None) -> None:
    if (session := g.pop("session", None)) is not None:
        session.close()
