"""Waves: planned, opened, extended, closed, released, cancelled."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from app.exchange import CollectorClient
from app.models import CountingGroup, Release, RosterEntry, SurveyVersion, Wave
from app.services import letters, rosters, survey_versions, wave_mails
from app.services.errors import Conflict, NotFound, Unusable
from app.services.letters import GroupLetters, Letters
from app.services.rosters import Roster
from surveys import codes, lifecycle
from surveys.disclosure import PROFILES, Thresholds
from surveys.documents import canonical, sha256_of
from surveys.errors import DifferentDocument
from surveys.exchange import OPENING_SCHEMA, check_opening, read_release
from surveys.lifecycle import Move, State

# A key that begins like this was never told to the collector.
DRAFT_KEY = "draft-"


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
) -> Wave:
    """Plan a wave; nobody is told of it yet."""
    wave = Wave(key=DRAFT_KEY + secrets.token_hex(8), created_at=now)
    _plan(wave, title, survey_version, days=(opens_on, closes_on), profile=profile)
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
) -> None:
    """Change the plan of a wave that is not open yet."""
    if wave.state is not State.DRAFT:
        raise Conflict("This wave is no draft any more; only its closing day can be put off.")
    _plan(wave, title, survey_version, days=(opens_on, closes_on), profile=profile)


def begin_opening(session: Session, wave: Wave, *, collector: CollectorClient) -> None:
    """
    Give a draft the key under which it is about to be opened; commit before opening it.

    A key is used for one attempt.  If an earlier attempt broke off after the
    collector had heard of it, its codes are lost with the letters nobody saw, so
    that attempt is voided there first.
    """
    lifecycle.moved(wave.state, Move.OPEN)
    earlier = wave.key
    _claim(session, wave, key="w-" + secrets.token_hex(5))
    if not earlier.startswith(DRAFT_KEY):
        collector.cancel(earlier)


def open_wave(
    session: Session,
    wave: Wave,
    *,
    collector: CollectorClient,
    organisation: str,
    collector_url: str,
    now: datetime,
) -> Letters:
    """
    Open a wave and return the letters, which exist nowhere else.

    Freezes who is eligible, in which team and group; hands the digests of the codes
    to the collector and forgets them; puts an invitation for everybody with an
    address into the outbox.  The collector is asked last: whatever goes wrong
    before leaves nothing behind, and what goes wrong after is voided by
    `begin_opening`.
    """
    lifecycle.moved(wave.state, Move.OPEN)
    today = now.date()
    if wave.closes_on < today:
        raise Conflict("The closing day has passed. Choose a later one first.")
    roster = rosters.draw_up(session, on=today, k_group=wave.k_group)
    drawn = letters.draw(roster.groups)
    _claim(session, wave, opened_at=now, opens_on=today)
    survey_versions.freeze(wave.survey_version, now=now)
    document = _opening(wave, roster, drawn, organisation=organisation)
    check_opening(document)
    _keep_opening(session, wave, document, roster=roster)
    wave_mails.invite(
        session, wave, roster, organisation=organisation, collector_url=collector_url, now=now
    )
    session.flush()
    collector.open(document)
    return letters.of_wave(wave, drawn, organisation=organisation, collector_url=collector_url)


def extend(
    session: Session, wave: Wave, *, closes_on: date, collector: CollectorClient, today: date
) -> None:
    """Put off the closing day of an open wave."""
    lifecycle.moved(wave.state, Move.EXTEND)
    lifecycle.check_extension(closes_on=wave.closes_on, until=closes_on, today=today)
    _claim(session, wave, closes_on=closes_on)
    collector.extend(wave.key, closes_on)


def cancel(session: Session, wave: Wave, *, collector: CollectorClient, now: datetime) -> None:
    """Cancel a draft or an open wave; the collector destroys its answers unread."""
    lifecycle.moved(wave.state, Move.CANCEL)
    _claim(session, wave, cancelled_at=now)
    wave_mails.withdraw(session, wave)
    if not wave.key.startswith(DRAFT_KEY):
        collector.cancel(wave.key)


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
    if document["thresholds"] != _thresholds(wave).to_dict():
        raise DifferentDocument("This release was made with other thresholds than this wave's.")
    digest = sha256_of(document)
    if wave.release is None:
        lifecycle.moved(wave.state, Move.CLOSE)
        _claim(session, wave, closed_at=now)
        wave_mails.withdraw(session, wave)
        text = canonical(document).decode()
        wave.release = Release(sha256=digest, released_on=now.date(), document=text)
        session.flush()
        return True
    if wave.release.sha256 != digest:
        raise DifferentDocument("This wave has another release already; it stays as it is.")
    return False


def confirm_release(session: Session, wave: Wave, *, now: datetime) -> None:
    """Note that the collector has deleted the answers; the wave is released."""
    if wave.released_at is None:
        lifecycle.moved(wave.state, Move.RELEASE)
        wave.released_at = now
        session.flush()


def due_to_close(session: Session, *, today: date) -> list[int]:
    """List the waves whose last day has passed, or whose closing broke off half-way."""
    return list(
        session.scalars(
            select(Wave.id)
            .where(
                Wave.opened_at.is_not(None),
                Wave.cancelled_at.is_(None),
                Wave.released_at.is_(None),
                (Wave.closes_on < today) | (Wave.closed_at.is_not(None)),
            )
            .order_by(Wave.closes_on, Wave.id)
        )
    )


def _plan(
    wave: Wave, title: str, version: SurveyVersion, *, days: tuple[date, date], profile: str
) -> None:
    opens_on, closes_on = days
    lifecycle.check_days(opens_on=opens_on, closes_on=closes_on)
    if not title.strip():
        raise Unusable("Give the wave a title.")
    if version.audience != "employees":
        raise Unusable("Choose a questionnaire for employees.")
    if profile not in PROFILES:
        raise Unusable(f"Choose one of the profiles {' and '.join(PROFILES)}.")
    thresholds = Thresholds.of("strict" if profile == "strict" else "default")
    wave.title, wave.survey_version = title.strip(), version
    wave.opens_on, wave.closes_on = opens_on, closes_on
    wave.profile, wave.k = thresholds.profile, thresholds.k
    wave.k_group, wave.k_comment = thresholds.k_group, thresholds.k_comment


def _claim(session: Session, wave: Wave, **changes: Any) -> None:  # noqa: ANN401 column values
    """
    Change a wave only if nobody else has moved it since it was read.

    The row stays locked until the caller commits, so of two people who press a
    button at the same moment one wins, and the other is told so.
    """
    session.flush()
    read = (wave.key, wave.opened_at, wave.closed_at, wave.cancelled_at)
    key, opened_at, closed_at, cancelled_at = read
    result = session.execute(
        update(Wave)
        .where(
            Wave.id == wave.id,
            Wave.key == key,
            Wave.opened_at.is_not_distinct_from(opened_at),
            Wave.closed_at.is_not_distinct_from(closed_at),
            Wave.cancelled_at.is_not_distinct_from(cancelled_at),
        )
        .values(**changes)
        .execution_options(synchronize_session=False)
    )
    session.refresh(wave)
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        raise Conflict("Somebody else has just moved this wave. Load the page again.")


def _thresholds(wave: Wave) -> Thresholds:
    return Thresholds(
        profile="strict" if wave.profile == "strict" else "default",
        k=wave.k,
        k_group=wave.k_group,
        k_comment=wave.k_comment,
    )


def _opening(
    wave: Wave, roster: Roster, drawn: Sequence[GroupLetters], *, organisation: str
) -> dict[str, Any]:
    """Write the opening as the collector gets it."""
    digests = {
        group.group: sorted(codes.digest(wave.key, code) for code in group.codes)
        for group in drawn
    }
    return {
        "schema": OPENING_SCHEMA,
        "wave": wave.key,
        "title": wave.title,
        "organisation": organisation,
        "opens_on": wave.opens_on.isoformat(),
        "closes_on": wave.closes_on.isoformat(),
        "questionnaire": survey_versions.questionnaire_of(wave.survey_version).to_dict(),
        "thresholds": _thresholds(wave).to_dict(),
        "hierarchy": roster.hierarchy.to_list(),
        "groups": [
            {
                "group": group.group,
                "label": group.label,
                "home": group.home,
                "teams": sorted(group.teams),
                "n_eligible": group.n_eligible,
                "codes": digests[group.group],
            }
            for group in roster.groups
        ],
    }


def _keep_opening(
    session: Session, wave: Wave, document: dict[str, Any], *, roster: Roster
) -> None:
    """Freeze roster and groups, and the opening without its codes."""
    groups = [
        {name: value for name, value in group.items() if name != "codes"}
        for group in document["groups"]
    ]
    wave.opening = {**document, "groups": groups}
    wave.opening_sha256 = sha256_of(document)
    wave.groups = [
        CountingGroup(key=group.group, label=group.label, n_eligible=group.n_eligible)
        for group in roster.groups
    ]
    session.flush()
    group_of = roster.group_of
    session.add_all(
        RosterEntry(
            wave_id=wave.id,
            person_id=person.person_id,
            team_id=person.team_id,
            group_key=group_of[person.team_key].group,
        )
        for person in roster.people
    )
