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


def released_waves(session: Session) -> list[ReleasedWave]:
    """Read every released wave, oldest first."""
    rows = session.execute(
        select(Wave, Release)
        .join(Release, Release.wave_id == Wave.id)
        .order_by(Wave.opens_on, Wave.id)
    )
    return [
        ReleasedWave(
            wave_id=wave.id,
            key=wave.key,
            title=wave.title,
            opened_on=date.fromisoformat(json.loads(release.document)["opened_on"]),
            sha256=release.sha256,
            document=json.loads(release.document),
        )
        for wave, release in rows
    ]


def released_hashes(session: Session) -> list[tuple[str, str]]:
    """List the key and the release hash of every released wave, oldest first."""
    rows = session.execute(
        select(Wave.key, Release.sha256)
        .join(Release, Release.wave_id == Wave.id)
        .order_by(Wave.opens_on, Wave.id)
    )
    return [(key, sha256) for key, sha256 in rows]
