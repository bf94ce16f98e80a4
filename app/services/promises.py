"""What an organisation promises about a wave: begun, written while it is a draft, said."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Wave
from app.services import waves
from app.services.errors import Conflict, NotFound
from surveys.promise_texts import Section, sections
from surveys.promises import Promise

# What a first promise begins with; whom to ask, nobody but the organisation knows.
USUAL = {
    "purposes": (
        "To find out what helps or hinders people in their work, so that teams can agree on what"
        " to change.\n"
        "Not to judge anybody: nothing that concerns a single person depends on the results."
    ),
    "readers": (
        "Everybody: the figures of the whole organisation and of their own group.\n"
        "Managers: the figures of the groups in which their teams are.\n"
        "HR: all figures, and the comments.\n"
        "Executives: the page that compares teams with what customers say."
    ),
    "contact": "",
    "keep_rosters_days": 100,
    "keep_results_months": 36,
}


def write_promise(wave: Wave, promise: Promise) -> None:
    """Keep what the organisation promises about a wave that is neither prepared nor open."""
    waves.require_draft(wave)
    wave.promise = promise.to_dict()


def promise_of(wave: Wave) -> Promise:
    """Read the promise of a wave, or refuse a wave that has none yet."""
    if wave.promise is None:
        raise Conflict("This wave has no promise yet: write it first.")
    return Promise.from_dict(wave.promise)


def find_promised(session: Session, wave_key: str) -> Wave:
    """Find a wave that has a manifest and was not given up, by the key in its addresses."""
    wave = session.scalar(
        select(Wave).where(
            Wave.key == wave_key, Wave.manifest.is_not(None), Wave.cancelled_at.is_(None)
        )
    )
    if wave is None:
        raise NotFound("There is no such survey, or its promise is not fixed yet.")
    return wave


def begun(session: Session, wave: Wave) -> dict[str, Any]:
    """Give what the promise of a wave begins with: its own, the last one, or the usual one."""
    return wave.promise or last_promise(session) or dict(USUAL)


def last_promise(session: Session) -> dict[str, Any] | None:
    """Find the promise of the newest wave that has one."""
    return session.scalar(
        select(Wave.promise)
        .where(Wave.promise.is_not(None))
        .order_by(Wave.created_at.desc(), Wave.id.desc())
        .limit(1)
    )


def promised(wave: Wave) -> tuple[Section, ...]:
    """Say what is promised about a wave; nothing while that is not written."""
    if wave.promise is None:
        return ()
    return sections(
        promise_of(wave),
        waves.thresholds_of(wave),
        opens_on=wave.opens_on,
        closes_on=wave.closes_on,
    )
