"""The mails of a wave: each tells its reader how to answer, and with whom they are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.installation import Installation
from app.models import CountingGroup, Person, RosterEntry, Wave
from app.said import said_text, said_to_everybody
from app.services import outbox, survey_versions
from app.services.letters import answer_address

INVITATION, REMINDER, LAST_DAY = "invitation", "reminder", "last-day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody on the roster who has an address, and the group they are counted in."""

    person_id: int
    email: str
    group: CountingGroup


def readers(session: Session, wave: Wave, *, today: date) -> list[Reader]:
    """List everybody on a wave's roster who can be written to and has not left since."""
    rows = session.execute(
        select(Person.id, Person.email, RosterEntry.group_key)
        .join(RosterEntry, RosterEntry.person_id == Person.id)
        .where(
            RosterEntry.wave_id == wave.id,
            Person.email.is_not(None),
            (Person.ended_on.is_(None)) | (Person.ended_on > today),
        )
        .order_by(Person.id)
    )
    groups = {group.key: group for group in wave.groups}
    return [
        Reader(person_id=person, email=email, group=groups[group])
        for person, email, group in rows
        if email
    ]


def invite(session: Session, wave: Wave, *, installation: Installation, now: datetime) -> int:
    """Write to everybody eligible who has an address; return how many that are."""
    reached = readers(session, wave, today=now.date())
    subject = f"{wave.title}: please answer by {_day(wave.closes_on, year=False)}"
    news = said_text(said_to_everybody(session), application=installation.application)
    outbox.enqueue_many(
        session,
        _letters(wave, reached, INVITATION, subject=subject, installation=installation, news=news),
        now=now,
    )
    return len(reached)


def remind_of_last_day(
    session: Session, wave: Wave, *, installation: Installation, now: datetime
) -> None:
    """Write to everybody eligible who has an address, whatever they have done."""
    reached = readers(session, wave, today=now.date())
    subject = f"{wave.title}: today is the last day"
    outbox.enqueue_many(
        session,
        _letters(wave, reached, LAST_DAY, subject=subject, installation=installation),
        now=now,
    )


def remind(
    session: Session,
    wave: Wave,
    person_ids: Iterable[int],
    *,
    installation: Installation,
    now: datetime,
) -> None:
    """Write to these people in mails that nobody else can see or count."""
    wanted = set(person_ids)
    reached = [r for r in readers(session, wave, today=now.date()) if r.person_id in wanted]
    subject = f"{wave.title}: your ballot is waiting"
    outbox.enqueue_unlisted(
        session,
        _letters(wave, reached, REMINDER, subject=subject, installation=installation),
        now=now,
    )


def withdraw(session: Session, wave: Wave) -> None:
    """Take back the mails that have not left: nobody is written to about a wave that is over."""
    outbox.withdraw(session, prefix=_occasion(wave))


def ballot_address(wave: Wave, *, application: str) -> str:
    """Give the address at which people take their ballots."""
    return f"{application}/ballot/{wave.key}"


def promise_address(wave: Wave, *, application: str) -> str:
    """Give the address at which anybody can read what is promised about a wave."""
    return f"{application}/promise/{wave.key}"


def whom_to_tell(wave: Wave) -> str:
    """Name whom to tell when the fingerprints of two people differ."""
    guardian = (wave.opening or {}).get("guardian")
    return (
        f"the guardian ({guardian['name']})"
        if guardian
        else "the works council or somebody you trust"
    )


def _occasion(wave: Wave) -> str:
    """Say how the keys of all of a wave's mails begin."""
    return f"wave:{wave.key}:"


def _letters(
    wave: Wave,
    reached: Iterable[Reader],
    kind: str,
    *,
    subject: str,
    installation: Installation,
    news: str = "",
) -> list[outbox.Letter]:
    bodies = {
        group.key: _body(wave, group, kind, installation=installation, news=news)
        for group in wave.groups
    }
    return [
        outbox.Letter(
            dedup_key=f"{_occasion(wave)}{kind}:{wave.closes_on}:{reader.person_id}",
            recipient=reader.email,
            subject=subject,
            body=bodies[reader.group.key],
        )
        for reader in reached
    ]


def _body(
    wave: Wave, group: CountingGroup, kind: str, *, installation: Installation, news: str
) -> str:
    how = _by_ballot if group.right == "ballot" else _by_letter
    opening = {INVITATION: _invitation, REMINDER: _reminder, LAST_DAY: _last_day}[kind]
    beginning = "\n\n".join(
        filter(None, (opening(wave, organisation=installation.organisation), news))
    )
    return f"""\
Hello,

{beginning}

{how(wave, installation=installation)}

With whom you are counted
Your answers are counted in the group "{group.label}": {group.n_eligible} people.

Who reads what
Nobody sees single answers; results are counts of {wave.k} answers or more. Comments are read \
word for word, without score or date, in lists for {wave.k_comment} answers or more.
Nobody, HR included, can see whether you have answered.

What is promised
What the survey is for, how long what is kept, whom to ask:
{promise_address(wave, application=installation.application)}
"""


def _invitation(wave: Wave, *, organisation: str) -> str:
    n_asked = len(survey_versions.questionnaire_of(wave.survey_version).asked)
    return (
        f'"{wave.title}" at {organisation} takes answers from {_day(wave.opens_on)} until '
        f"{_day(wave.closes_on)}. It has {n_asked} questions and takes less than two minutes; "
        "you can leave out any of them."
    )


def _reminder(wave: Wave, *, organisation: str) -> str:
    return (
        f'You have not taken your ballot for "{wave.title}" at {organisation} yet; it is open '
        f"until {_day(wave.closes_on)}.\n\n"
        'If you would rather not answer, take the ballot and put it aside, or choose "I prefer '
        'not to answer" on that page: then nobody is reminded any more, and nobody can tell the '
        "one from the other. A program wrote this mail and keeps no list of whom it went to."
    )


def _last_day(wave: Wave, *, organisation: str) -> str:
    return (
        f'Today is the last day of "{wave.title}" at {organisation}. Everybody gets this mail, '
        "because nobody can see who has answered. If you have, thank you: there is nothing to do."
    )


def _by_ballot(wave: Wave, *, installation: Installation) -> str:
    return f"""\
How to answer
Sign in and take your ballot:
{ballot_address(wave, application=installation.application)}
The ballot is signed without being seen. It shows that somebody of your group answers, and not \
who. You answer at {installation.collector}, a separate program that knows nobody.

How to part your answer from your sign-in
The ballot keeps, so you need not use it at once: take it now and answer another day, carry it \
to a device of your own, or let the page send your answer some time later.

How to check
The fingerprint of this wave is the same for everybody:
{" ".join(wave.fingerprint)}
The page with the questions shows these eight words, and so does the notice on the board. If \
yours differ, do not answer, and tell {whom_to_tell(wave)}."""


def _by_letter(wave: Wave, *, installation: Installation) -> str:
    return f"""\
How to answer
Draw a code letter from the box of your group. It holds a code and this address:
{answer_address(wave.key, collector_url=installation.collector)}
This mail holds no code, on purpose: all letters look alike and nobody notes who draws which, \
so nobody can tell which answers are yours."""


def _day(day: date, *, year: bool = True) -> str:
    return f"{day:%-d %B %Y}" if year else f"{day:%-d %B}"
