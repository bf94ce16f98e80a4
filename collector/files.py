"""Files that survive a crash, and files of which nothing survives."""

from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# The time of the last write to a store is the time of an answer, so files carry this one.
EPOCH = (946_684_800, 946_684_800)  # 2000-01-01

_BLOCK = 1 << 20


def write_durably(path: Path, content: bytes) -> None:
    """Put a whole file in place at once: after a crash there is the old one or the new one."""
    fresh = path.with_name(path.name + ".new")
    with open(fresh, "wb", opener=_private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def destroy(path: Path) -> None:
    """
    Overwrite a file with zeros, then remove it; a missing file is fine.

    Whoever still holds the file open sees zeros too.  File systems that copy
    on write, and worn flash, may keep old blocks: the guide says what to do.
    """
    try:
        file = open(path, "r+b")
    except FileNotFoundError:
        return
    with file:
        _erase(file)
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


@contextmanager
def erased_after(path: Path) -> Iterator[None]:
    """Overwrite what a path holds now, once another file was put in its place."""
    try:
        former = open(path, "r+b")
    except FileNotFoundError:
        yield
        return
    with former:
        yield
        if os.fstat(former.fileno()).st_nlink == 0:
            _erase(former)


def _erase(file: BinaryIO) -> None:
    left = file.seek(0, os.SEEK_END)
    file.seek(0)
    while left > 0:
        left -= file.write(bytes(min(left, _BLOCK)))
    file.flush()
    os.fsync(file.fileno())
    file.truncate(0)


def forget_times(*paths: Path) -> None:
    """Set the modification and access times of files to a constant."""
    for path in paths:
        os.utime(path, EPOCH)


def forbid_core_dumps() -> None:
    """Have the system write no copy of this program's memory, nor of those it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


@contextmanager
def locked(path: Path, *, waits: bool = True) -> Iterator[bool]:
    """
    Hold a file's lock against other threads and processes, waiting in the kernel.

    Who will not wait is told whether the lock is held.
    """
    # A descriptor of its own per holder, so that threads of one process exclude each other too.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _is_taken(descriptor, waits=waits)
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int, *, waits: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
