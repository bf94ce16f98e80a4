"""What HR sees of waves: dates, states and groups; no counts of answers before the release."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import CountingGroup, Release, SurveyVersion, Wave
from surveys.lifecycle import State


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveLine:
    """One wave in the list."""

    id: int
    title: str
    state: State
    opens_on: date
    closes_on: date
    n_eligible: int
    n_groups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """One counting group with the names of its teams, and how its people answer."""

    label: str
    n_eligible: int
    teams: tuple[str, ...]
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFacts:
    """When a wave was released, and in how many cells it is shown."""

    n_cells: int
    released_on: date


def list_waves(session: Session) -> list[WaveLine]:
    """List all waves, the latest first."""
    rows = session.execute(
        select(
            Wave,
            func.coalesce(func.sum(CountingGroup.n_eligible), 0),
            func.count(CountingGroup.key),
        )
        .outerjoin(CountingGroup, CountingGroup.wave_id == Wave.id)
        .group_by(Wave.id)
        .order_by(Wave.opens_on.desc(), Wave.id.desc())
    )
    return [
        WaveLine(
            id=wave.id,
            title=wave.title,
            state=wave.state,
            opens_on=wave.opens_on,
            closes_on=wave.closes_on,
            n_eligible=n_eligible,
            n_groups=n_groups,
        )
        for wave, n_eligible, n_groups in rows
    ]


def groups_of(wave: Wave) -> list[GroupLine]:
    """List the groups of a prepared wave, with the names the teams had then."""
    if wave.opening is None:
        return []
    names = {row["team"]: row["name"] for row in wave.opening["hierarchy"]}
    return [
        GroupLine(
            label=group["label"],
            n_eligible=group["n_eligible"],
            teams=tuple(sorted(names[key] for key in group["teams"])),
            right=group["right"],
        )
        for group in wave.opening["groups"]
    ]


def release_facts(session: Session, wave_id: int) -> ReleaseFacts | None:
    """
    Read the facts of a released wave, or nothing before its release.

    How many answered is left to the report, which gives it as a bound near the ends; an
    exact total beside it would take the bound away.
    """
    release = session.get(Release, wave_id)
    if release is None:
        return None
    document = json.loads(release.document)
    return ReleaseFacts(
        n_cells=len(document["cells"]),
        released_on=release.released_on,
    )


def choosable_versions(session: Session, *, besides: int | None = None) -> list[SurveyVersion]:
    """List the questionnaires a wave may ask; a retired one only where it is chosen already."""
    versions = session.scalars(
        select(SurveyVersion)
        .where(
            SurveyVersion.audience == "employees",
            SurveyVersion.is_retired.is_(False) | (SurveyVersion.id == besides),
        )
        .order_by(SurveyVersion.title, SurveyVersion.key, SurveyVersion.version.desc())
    )
    return list(versions)
