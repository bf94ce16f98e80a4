"""Waves: planned, extended, closed, released, cancelled; `openings` is how they open."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from app.exchange import CollectorClient
from app.key_folder import KeyFolder
from app.models import CountingGroup, Issuance, Release, SurveyVersion, Wave
from app.services import deletions, issuances, wave_mails
from app.services.errors import Conflict, NotFound, Unusable
from surveys import lifecycle
from surveys.documents import canonical, sha256_of
from surveys.errors import DifferentDocument
from surveys.exchange import check_cells, read_release
from surveys.lifecycle import Move, State
from surveys.thresholds import PROFILES, Thresholds

RIGHTS = ("ballots", "letters")
# The columns that say where a wave stands; whoever moves it changes one of them.
MOVED_BY = ("key", "prepared_at", "opened_at", "issuing_ended_at", "closed_at", "cancelled_at")
# A key that begins like this was never told to the collector.
DRAFT_KEY = "draft-"
MOVED = "Somebody else has just moved this wave. Load the page again."


def find(session: Session, wave_id: int) -> Wave:
    """Find a wave."""
    wave = session.get(Wave, wave_id)
    if wave is None:
        raise NotFound("There is no such wave.")
    return wave


def create(
    session: Session,
    *,
    title: str,
    survey_version: SurveyVersion,
    opens_on: date,
    closes_on: date,
    now: datetime,
    profile: str = "default",
    rights: str = "ballots",
) -> Wave:
    """Plan a wave; nobody is told of it yet."""
    wave = Wave(key=new_draft_key(), created_at=now)
    plan = {"profile": profile, "rights": rights}
    _plan(wave, title, survey_version, days=(opens_on, closes_on), **plan)
    session.add(wave)
    session.flush()
    return wave


def edit(
    wave: Wave,
    *,
    title: str,
    survey_version: SurveyVersion,
    opens_on: date,
    closes_on: date,
    profile: str,
    rights: str,
) -> None:
    """Change the plan of a wave that is neither prepared nor open."""
    require_draft(wave)
    plan = {"profile": profile, "rights": rights}
    _plan(wave, title, survey_version, days=(opens_on, closes_on), **plan)


def require_draft(wave: Wave) -> None:
    """Refuse a wave whose plan can no longer be changed."""
    if wave.state is State.PREPARED:
        raise Conflict("This wave is prepared. Go back to the plan first, then change it.")
    if wave.state is not State.DRAFT:
        raise Conflict("This wave is no draft any more; only its closing day can be put off.")


def new_draft_key() -> str:
    """Draw a key for a wave that nobody was told of."""
    return DRAFT_KEY + secrets.token_hex(8)


def is_untold(key: str) -> bool:
    """Tell whether the collector cannot have heard of a wave with this key."""
    return key.startswith(DRAFT_KEY)


def extend(
    session: Session, wave: Wave, *, closes_on: date, collector: CollectorClient, today: date
) -> None:
    """Put off the closing day of an open wave."""
    lifecycle.moved(wave.state, Move.EXTEND)
    lifecycle.check_extension(closes_on=wave.closes_on, until=closes_on, today=today)
    claim(session, wave, closes_on=closes_on)
    collector.extend(wave.key, closes_on)


def cancel(
    session: Session, wave: Wave, *, collector: CollectorClient, keys: KeyFolder, now: datetime
) -> None:
    """Cancel a wave that is not counted yet; the collector destroys its answers unread."""
    lifecycle.moved(wave.state, Move.CANCEL)
    claim(session, wave, cancelled_at=now)
    wave_mails.withdraw(session, wave)
    if not is_untold(wave.key):
        collector.cancel(wave.key)
        _forget_issued(session, wave, keys=keys)


def end_issuing(session: Session, wave: Wave, *, keys: KeyFolder, now: datetime) -> None:
    """
    Sign no ballot any more and freeze how many rights each group got.

    Destroy the wave's keys after the commit: until then the wave could still be open.
    """
    lifecycle.moved(wave.state, Move.CLOSE)
    claim(session, wave, issuing_ended_at=now)
    issuances.end(session, wave, keys=keys, now=now)
    wave_mails.withdraw(session, wave)


def issued_of(wave: Wave) -> dict[str, int]:
    """Give how many rights each group of a wave got, as the collector is told at the closing."""
    if wave.state is not State.CLOSING:
        lifecycle.moved(wave.state, Move.COUNT)
    return {group.key: group.n_issued or 0 for group in wave.groups}


def import_release(session: Session, wave: Wave, content: bytes, *, now: datetime) -> bool:
    """
    Keep the release of a wave, once; return False if this very one is kept already.

    The wave is closed from then on.  Anything but the release of this wave's own
    opening is refused, and so is a second, different one.
    """
    document = read_release(content)
    if wave.opening_sha256 is None:
        raise Conflict("This wave was never opened, so it has no release.")
    if document["wave"] != wave.key:
        raise DifferentDocument("This is the release of another wave.")
    if document["opening_sha256"] != wave.opening_sha256:
        raise DifferentDocument("This release was made from another opening than this wave's.")
    if document["thresholds"] != thresholds_of(wave).to_dict():
        raise DifferentDocument("This release was made with other thresholds than this wave's.")
    if wave.opening is not None:
        check_cells(document, wave.opening)
    digest = sha256_of(document)
    if wave.release is None:
        lifecycle.moved(wave.state, Move.COUNT)
        claim(session, wave, closed_at=now)
        text = canonical(document).decode()
        wave.release = Release(sha256=digest, released_on=now.date(), document=text)
        session.flush()
        return True
    if wave.release.sha256 != digest:
        raise DifferentDocument("This wave has another release already; it stays as it is.")
    return False


def confirm_release(session: Session, wave: Wave, *, keys: KeyFolder, now: datetime) -> None:
    """
    Note that the collector has deleted the answers; the wave is released.

    Who took a ballot, and how many of each group did, is forgotten with them: the counts
    per group are the guardian's alone.
    """
    if wave.released_at is None:
        lifecycle.moved(wave.state, Move.RELEASE)
        wave.released_at = now
        _forget_issued(session, wave, keys=keys)
        session.flush()


def _forget_issued(session: Session, wave: Wave, *, keys: KeyFolder) -> None:
    """Forget who took a ballot and how many of each group did."""
    for group in wave.groups:
        group.n_issued = None
    issuances.forget(session, wave, keys=keys)
    deletions.note(session, Issuance.__tablename__, CountingGroup.__tablename__)


def due_to_close(session: Session, *, today: date) -> list[int]:
    """List the waves whose last day has passed, or whose closing broke off half-way."""
    return list(
        session.scalars(
            select(Wave.id)
            .where(
                Wave.opened_at.is_not(None),
                Wave.cancelled_at.is_(None),
                Wave.released_at.is_(None),
                (Wave.closes_on < today) | (Wave.issuing_ended_at.is_not(None)),
            )
            .order_by(Wave.closes_on, Wave.id)
        )
    )


def _plan(
    wave: Wave,
    title: str,
    version: SurveyVersion,
    *,
    days: tuple[date, date],
    profile: str,
    rights: str,
) -> None:
    opens_on, closes_on = days
    lifecycle.check_days(opens_on=opens_on, closes_on=closes_on)
    if not title.strip():
        raise Unusable("Give the wave a title.")
    if version.audience != "employees":
        raise Unusable("Choose a questionnaire for employees.")
    if profile not in PROFILES:
        raise Unusable(f"Choose one of the profiles {' and '.join(PROFILES)}.")
    if rights not in RIGHTS:
        raise Unusable("Let people answer by ballots, or everybody by letters.")
    thresholds = Thresholds.of("strict" if profile == "strict" else "default")
    wave.title, wave.survey_version = title.strip(), version
    wave.opens_on, wave.closes_on, wave.rights = opens_on, closes_on, rights
    wave.profile, wave.k = thresholds.profile, thresholds.k
    wave.k_group, wave.k_comment = thresholds.k_group, thresholds.k_comment


def claim(session: Session, wave: Wave, **changes: Any) -> None:  # noqa: ANN401 column values
    """
    Change a wave only if nobody else has moved it since it was read.

    The row stays locked until the caller commits, so of two people who press a
    button at the same moment one wins, and the other is told so.
    """
    session.flush()
    unmoved = [getattr(Wave, name).is_not_distinct_from(getattr(wave, name)) for name in MOVED_BY]
    result = session.execute(
        update(Wave)
        .where(Wave.id == wave.id, *unmoved)
        .values(**changes)
        .execution_options(synchronize_session=False)
    )
    session.refresh(wave)
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        raise Conflict(MOVED)


def thresholds_of(wave: Wave) -> Thresholds:
    """Read the thresholds that a wave was planned with."""
    return Thresholds(
        profile="strict" if wave.profile == "strict" else "default",
        k=wave.k,
        k_group=wave.k_group,
        k_comment=wave.k_comment,
    )
