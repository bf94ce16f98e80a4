"""What a person's own landing page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.models import CountingGroup, Release, RosterEntry, Wave


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWave:
    """
    A wave that is open, with whom the person's answer would be counted, and by which right.

    It is early before the first day: ballots are given out, and answers not yet taken.
    """

    key: str
    title: str
    opens_on: date
    closes_on: date
    is_early: bool
    group_label: str | None
    n_eligible: int | None
    right: str | None

    @property
    def is_on_roster(self) -> bool:
        """Whether the person was eligible when the wave opened."""
        return self.group_label is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestRelease:
    """The newest wave whose results are released."""

    title: str
    released_on: date


def open_waves(session: Session, person_id: int, *, on: date) -> list[OpenWave]:
    """List the waves that are open, the first to close first."""
    rows = session.execute(
        select(
            Wave.key,
            Wave.title,
            Wave.opens_on,
            Wave.closes_on,
            (Wave.opens_on > on).label("is_early"),
            CountingGroup.label.label("group_label"),
            CountingGroup.n_eligible,
            CountingGroup.right,
        )
        .outerjoin(
            RosterEntry,
            and_(RosterEntry.wave_id == Wave.id, RosterEntry.person_id == person_id),
        )
        .outerjoin(
            CountingGroup,
            and_(
                CountingGroup.wave_id == RosterEntry.wave_id,
                CountingGroup.key == RosterEntry.group_key,
            ),
        )
        .where(
            Wave.opened_at.is_not(None),
            Wave.issuing_ended_at.is_(None),
            Wave.closed_at.is_(None),
            Wave.cancelled_at.is_(None),
            Wave.closes_on >= on,
        )
        .order_by(Wave.closes_on, Wave.id)
    )
    return [OpenWave(**row) for row in rows.mappings()]


def latest_release(session: Session) -> LatestRelease | None:
    """Find the newest released wave in which enough people answered for any figure."""
    row = session.execute(
        select(Wave.title, Release.released_on)
        .join(Release, Release.wave_id == Wave.id)
        .where(Release.has_figures)
        .order_by(Release.released_on.desc(), Wave.id.desc())
        .limit(1)
    ).first()
    return LatestRelease(title=row.title, released_on=row.released_on) if row else None
