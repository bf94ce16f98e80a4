"""Releases as they were frozen: the only employee figures there are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Release, Wave


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedWave:
    """One released wave with its document, read from the frozen text."""

    wave_id: int
    key: str
    title: str
    opened_on: date
    sha256: str
    document: dict[str, Any]


def released_waves(session: Session, *, until: str | None = None) -> list[ReleasedWave]:
    """Read the released waves, oldest first: all, or those up to the one with the key `until`."""
    keys = [key for key, _ in released_hashes(session)]
    wanted = keys if until is None else keys[: keys.index(until) + 1]
    rows = session.execute(
        select(Wave.id, Wave.key, Wave.title, Release.sha256, Release.document)
        .join(Release, Release.wave_id == Wave.id)
        .where(Wave.key.in_(wanted))
        .order_by(Wave.opens_on, Wave.id)
    )
    return [_released(*row) for row in rows]


def _released(wave_id: int, key: str, title: str, sha256: str, text: str) -> ReleasedWave:
    document = json.loads(text)
    return ReleasedWave(
        wave_id=wave_id,
        key=key,
        title=title,
        opened_on=date.fromisoformat(document["opened_on"]),
        sha256=sha256,
        document=document,
    )


def released_hashes(session: Session) -> list[tuple[str, str]]:
    """List the key and the release hash of every released wave, oldest first."""
    rows = session.execute(
        select(Wave.key, Release.sha256)
        .join(Release, Release.wave_id == Wave.id)
        .order_by(Wave.opens_on, Wave.id)
    )
    return [(key, sha256) for key, sha256 in rows]
