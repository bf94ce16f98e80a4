"""A row in every table that tells something of somebody, all of the same person's making."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from app.config import Settings
from app.key_folder import KeyFolder
from app.models import (
    AccountLink,
    Action,
    ActionMove,
    AnswerDraft,
    Base,
    ChangedPerson,
    CommentTag,
    CountingGroup,
    CustomerResponse,
    Issuance,
    OutboxMail,
    Person,
    Release,
    Report,
    RosterEntry,
    SignIn,
    SignInFailure,
    Team,
    TeamChange,
    ThreadExchange,
    ThreadMessage,
    Wave,
)
from app.services.holdings import Now, Spans
from surveys.promises import Promise
from tests.app.customers import make_link
from tests.factories import make_person, make_team, make_wave

# Who is to be forgotten, and the word that must be nowhere afterwards.
MARK = "Zephyrine"
CLOSED_AT = datetime(2026, 3, 9, 20, 0, tzinfo=UTC)
LEFT_ON = date(2026, 4, 1)
PROMISE = Promise(
    purposes="To learn.",
    readers="HR.",
    contact="Room 12.",
    keep_rosters_days=30,
    keep_results_months=12,
)
DIGEST = "0" * 64
SPANS = Spans(mail_days=90, former_people_days=365, customer_answers_months=24)


def on(day: date, settings: Settings, *, spans: Spans = SPANS) -> Now:
    """Look at things as they are at the end of a day."""
    at = datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)
    return Now(at=at, spans=spans, keys=KeyFolder(Path(settings.key_folder)))


def make_released_wave(session: Session, people: list[Person], *, title: str = "March") -> Wave:
    """Add a released wave with its roster, results and what was written beside its comments."""
    wave = make_wave(
        session,
        title,
        opens_on=date(2026, 3, 2),
        closes_on=CLOSED_AT.date(),
        promise=PROMISE.to_dict(),
        opened_at=CLOSED_AT - timedelta(days=7),
        issuing_ended_at=CLOSED_AT,
        closed_at=CLOSED_AT,
        released_at=CLOSED_AT,
    )
    group = CountingGroup(key="g-1", label="All", n_eligible=len(people))
    wave.groups = [group]
    session.flush()
    team = session.scalars(select(Team)).first()
    session.add_all(
        RosterEntry(wave_id=wave.id, person_id=p.id, team_id=team.id, group_key="g-1")
        for p in people
    )
    session.add_all(
        [
            Release(
                wave_id=wave.id,
                sha256=f"{wave.id:064}",
                released_on=CLOSED_AT.date(),
                document=f'{{"comment": "{MARK} wrote this"}}',
            ),
            Report(
                inputs_sha256=f"{wave.id:064}",
                kind="wave",
                subject=wave.key,
                made_at=CLOSED_AT,
                document={"comment": MARK},
            ),
            CommentTag(wave_id=wave.id, number=1, tag=MARK),
            ThreadMessage(
                wave_id=wave.id, thread=DIGEST, number=1, sender="hr", month="2026-03",
                text=f"Dear {MARK}", written_by_id=people[0].id,
            ),
            AnswerDraft(
                wave_id=wave.id, thread=DIGEST, text=MARK, written_by_id=people[0].id
            ),
        ]
    )  # fmt: skip
    session.flush()
    return wave


def leave_traces(session: Session, wave: Wave, person: Person, keys: KeyFolder) -> None:
    """Leave what a release that was cut short would: rows, counts and files of issuing."""
    session.add(Issuance(wave_id=wave.id, person_id=person.id, blinded_sha256=DIGEST))
    wave.groups[0].n_issued = 1
    keys.make(wave.key, "g-1")
    keys.journal(wave.key, "g-1").note(person.id, DIGEST)


def plant(session: Session, settings: Settings) -> tuple[Person, Wave]:
    """Put a row of somebody who left into every table, and return them and the wave."""
    person = make_person(
        session,
        f"{MARK} Quill",
        team=make_team(session),
        email=f"{MARK.lower()}@example.org",
        ended_on=LEFT_ON,
        password_hash=MARK,
    )
    wave = make_released_wave(session, [person])
    leave_traces(session, wave, person, KeyFolder(Path(settings.key_folder)))
    link = make_link(session)
    team = person.memberships[0].team
    action = Action(
        title="mend it", said="It is slow.", wave_id=wave.id, about_kind="item",
        about_key="tools", team_id=team.id, owner_id=person.id, due_on=LEFT_ON,
        tag="technology", competency="strategy", status="planned",
        created_at=CLOSED_AT, moved_at=CLOSED_AT,
    )  # fmt: skip
    change = TeamChange(kind="split", starts_on=LEFT_ON, planned_at=CLOSED_AT)
    change.people = [ChangedPerson(person_id=person.id)]
    action.moves = [ActionMove(moved_at=CLOSED_AT, person_id=person.id, status="planned")]
    session.add_all(
        [
            action,
            change,
            ThreadExchange(wave_id=wave.id, told_sha256=DIGEST),
            OutboxMail(
                dedup_key=MARK, recipient=f"{MARK}@example.org", subject=MARK, body=MARK,
                created_at=CLOSED_AT, due_at=CLOSED_AT, sent_at=CLOSED_AT,
            ),
            OutboxMail(
                dedup_key=f"{MARK} 2", recipient=f"{MARK}@example.org", subject=MARK, body=MARK,
                created_at=CLOSED_AT, due_at=CLOSED_AT, is_unlisted=True,
            ),
            CustomerResponse(
                submission="s1", link_id=link.id, answered_on=CLOSED_AT.date(),
                answers={"comment": f"{MARK} was kind"}, is_rolled_up=True,
            ),
            SignIn(
                token_digest=DIGEST, person_id=person.id, created_at=CLOSED_AT,
                last_seen_at=CLOSED_AT, browser=MARK,
            ),
            AccountLink(
                token_digest=DIGEST, person_id=person.id, purpose="reset", expires_at=CLOSED_AT
            ),
            SignInFailure(key_digest=MARK, n_failures=1, last_failed_at=CLOSED_AT),
        ]
    )  # fmt: skip
    session.commit()
    return person, wave


def rows_of(session: Session, table: Table) -> list[dict[str, Any]]:
    """Read every row of a table."""
    return [dict(row) for row in session.execute(select(table)).mappings()]


def everything(session: Session) -> str:
    """Write down all tables, to look for a word."""
    session.expire_all()
    return "\n".join(repr(rows_of(session, t)) for t in Base.metadata.sorted_tables)
