"""Folders and files: keys away from data, and nothing that others may read."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url

from app.config import Settings
from app.doctor.addresses import is_loopback
from app.doctor.findings import Finding, breaks, fine, unseen, weakens

TAG_FILE = "CACHEDIR.TAG"
TAG = (
    b"Signature: 8a477f597d28d172789f06886806bc55"  # of the Cache Directory Tagging Specification
)
COPIES = (".bak", ".backup", ".old", ".orig", ".copy", ".dump", ".sql", ".gz", ".zip", ".tar", "~")


def look(settings: Settings, *, store: Path, collector_keys: Path) -> Iterator[Finding]:
    """Look at the database, the collector's store and both folders of keys."""
    database = sqlite_file(settings)
    data = [store] if database is None else [database.parent, store]
    yield from _database(settings, database)
    if store.is_dir():
        yield _rights(store, "The collector's store", holds="answers")
        yield from _copies(store.parent, "the collector's store")
    else:
        yield unseen(
            f"The collector's store, {store}, is not on this machine.",
            remedy="Run the doctor there too, or name its folder with --store.",
        )
    for name, folder in (
        ("application's", Path(settings.key_folder)),
        ("collector's", collector_keys),
    ):
        yield from _keys(f"The {name} key folder", folder, data=data)


def _keys(name: str, folder: Path, *, data: list[Path]) -> Iterator[Finding]:
    for place in data:
        if _is_within(folder, place) or _is_within(place, folder):
            yield breaks(
                f"{name}, {folder}, and the data in {place} lie in one another.",
                why="A backup of the data takes the keys along, and outlives their destruction.",
                remedy="Move the keys to a folder of their own, which no backup visits.",
            )
    if not folder.is_dir():
        yield unseen(f"{name}, {folder}, is not here (yet).", remedy="Look again in a wave.")
        return
    yield _rights(folder, name, holds="keys")
    loose = [path for path in sorted(folder.rglob("*")) if _others_may(path)]
    if loose and not _others_may(folder):
        yield weakens(
            f"In {folder}, {loose[0].relative_to(folder)} would be readable by others.",
            why="Only the folder's own rights keep them out.",
            remedy=f"chmod -R go= {folder}",
        )
    tag = folder / TAG_FILE
    if tag.is_file() and tag.read_bytes().startswith(TAG):
        yield fine(f"{name} tells backup programs to leave it out.")
    else:
        yield weakens(
            f"{name}, {folder}, has no {TAG_FILE}.",
            why="A backup that holds keys outlives their destruction.",
            remedy=f"Leave the folder out of every backup, and put a {TAG_FILE} into it.",
        )


def _database(settings: Settings, database: Path | None) -> Iterator[Finding]:
    if database is None:
        yield from _server(settings.database_url)
    elif not database.is_file():
        yield unseen(f"The database, {database}, is not here.", remedy="Run `headwater migrate`.")
    else:
        yield _rights(database, "The database", holds="who took a ballot, and mail")
        yield from _copies(database.parent, "the database")


def _server(url: str) -> Iterator[Finding]:
    parsed = make_url(url)
    host = parsed.host or ""
    is_here = not host or host.startswith("/") or is_loopback(f"tcp://{host}")
    is_private = parsed.query.get("sslmode") in {"require", "verify-ca", "verify-full"}
    if is_here or is_private:
        yield fine("The connection to the database cannot be overheard.")
    else:
        yield weakens(
            f"The connection to the database at {host} need not be encrypted.",
            why="Whoever overhears it learns who took a ballot, and when.",
            remedy="Add ?sslmode=verify-full to HEADWATER_DATABASE_URL.",
        )
    yield unseen(
        "The files and backups of a PostgreSQL server cannot be seen from here.",
        remedy="See that only its own user reads them, and how long backups are kept.",
    )


def _rights(path: Path, name: str, *, holds: str) -> Finding:
    if not _others_may(path):
        return fine(f"{name}, {path}, is readable by its owner alone.")
    finding = breaks if holds == "keys" else weakens
    return finding(
        f"{name}, {path}, is open to other users of this machine ({_mode(path)}).",
        why=f"It holds {holds}.",
        remedy=f"chmod go= {path}",
    )


def _copies(folder: Path, of: str) -> Iterator[Finding]:
    found = sorted(p.name for p in folder.iterdir() if p.name.endswith(COPIES))
    if found:
        yield weakens(
            f"Beside {of} lie what look like copies: {', '.join(found[:5])}.",
            why="Two states of the same data tell what came between them, and nobody deletes"
            " copies when a wave ends.",
            remedy="Remove them, and keep backups elsewhere for days, not months.",
        )


def sqlite_file(settings: Settings) -> Path | None:
    """Give the file of the database, if it is one."""
    url = make_url(settings.database_url)
    return Path(url.database) if url.drivername.startswith("sqlite") and url.database else None


def _is_within(inner: Path, outer: Path) -> bool:
    return inner.resolve().is_relative_to(outer.resolve())


def _others_may(path: Path) -> bool:
    return bool(path.lstat().st_mode & 0o077) and not path.is_symlink()


def _mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)
