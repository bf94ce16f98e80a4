"""What attacks on both programs share: databases that lie where the attacker looks, and haste."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from collector import files, intake


@pytest.fixture
def hasty(monkeypatch) -> None:
    """Leave out waiting for the disk, which changes no byte."""
    monkeypatch.setattr(intake, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(files.os, "fsync", lambda descriptor: None)


@pytest.fixture
def new_database(databases, migrated_database) -> Iterator[Callable[[Path], str]]:
    """Make databases with all tables; on SQLite, a file in a folder of the test's choice."""
    made = []

    def make(folder: Path) -> str:
        made.append(url := databases.copy(migrated_database))
        if not url.startswith("sqlite"):
            return url
        folder.mkdir(parents=True, exist_ok=True)
        path = shutil.move(make_url(url).database, folder / "headwater.db")
        return f"sqlite:///{path}"

    yield make
    for url in made:
        databases.drop(url)
