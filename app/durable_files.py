"""Files of secrets: readable by this user alone, written so that a power cut loses nothing."""

from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
UNFINISHED = ".part"
NO_TIME = 0  # what a file says of its last change, where the change must tell no time


def make_folder(path: Path) -> None:
    """Make a folder that only this user may enter, or shut one that others may."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(PRIVATE_FOLDER)
    for folder in missing:
        sync_folder(folder.parent)


def replace(path: Path, content: bytes) -> None:
    """Write a file as a whole: afterwards the new content is on the disk, or still the old."""
    unfinished = path.with_name(path.name + UNFINISHED)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.replace(unfinished, path)
    sync_folder(path.parent)


def supersede(path: Path, content: bytes) -> None:
    """
    Replace a file, overwrite what it held before, and have it tell no time.

    The old content goes once the new one is on the disk; no name leads to it by then.
    """
    with ExitStack() as held:
        former = None
        with suppress(FileNotFoundError):
            former = held.enter_context(path.open("r+b", buffering=0))
        replace(path, content)
        for changed in (path, path.parent):
            os.utime(changed, (NO_TIME, NO_TIME))
        if former is not None:
            _overwrite(former)


def destroy(path: Path) -> None:
    """Overwrite a file with zeros and remove it; a file that is gone already is fine."""
    with suppress(FileNotFoundError):
        with path.open("r+b", buffering=0) as file:
            _overwrite(file)
        path.unlink()
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Have the names in a folder written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def forbid_core_dumps() -> None:
    """Have the system write no copy of this program's memory, nor of those it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def _overwrite(file: FileIO) -> None:
    file.write(bytes(os.fstat(file.fileno()).st_size))
    os.fsync(file.fileno())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every other thread and process out of a folder for a while."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
