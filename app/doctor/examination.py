"""Everything the doctor looks at, in the order in which it is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from app import blind_signing
from app.config import Settings
from app.doctor import addresses, keeping, live, places, proxies
from app.doctor.findings import Finding, fine, unseen, weakens


def examine(
    settings: Settings, *, store: Path, collector_keys: Path, proxy_files: Sequence[Path],
    backups: Path | None = None, asks_collector: bool = True,
) -> Iterator[Finding]:  # fmt: skip
    """Look at settings, folders, what is kept too long, proxy and collector."""
    yield from addresses.look(settings)
    yield from places.look(settings, store=store, collector_keys=collector_keys)
    yield from keeping.look(settings, backups=backups)
    yield _signing(blind_signing.backend())
    yield from proxies.look(list(proxy_files), collector_url=settings.collector_url)
    if not proxy_files:
        yield unseen(
            "No proxy configuration was given.",
            remedy="Give the collector's nginx file with --proxy FILE.",
        )
    if asks_collector:
        yield from live.look(settings.collector_url)


def _signing(backend: str) -> Finding:
    if backend != "Python":
        return fine(f"Ballots are signed by {backend}, in constant time.")
    return weakens(
        "Ballots are signed by Python itself, because no OpenSSL 1.1.1 or newer was found.",
        why="How long it takes depends a little on the key, which is a help in forging ballots.",
        remedy="Install the system's OpenSSL library (libcrypto).",
    )
