"""The mail that tells people of a wave: it holds no code, and tells each group of itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.models import Wave
from app.services import outbox, survey_versions
from app.services.letters import answer_address
from app.services.rosters import Roster
from surveys.hierarchy import CountingGroup


def invite(
    session: Session,
    wave: Wave,
    roster: Roster,
    *,
    organisation: str,
    collector_url: str,
    now: datetime,
) -> int:
    """Write to everybody eligible who has an address; return how many that are."""
    address = answer_address(wave.key, collector_url=collector_url)
    bodies = {
        group.group: _body(wave, group, organisation=organisation, address=address)
        for group in roster.groups
    }
    group_of = roster.group_of
    reached = [person for person in roster.people if person.email]
    subject = f"{wave.title}: please answer by {wave.closes_on:%-d %B}"
    letters = [
        outbox.Letter(
            dedup_key=f"{_occasion(wave)}{person.person_id}",
            recipient=person.email or "",
            subject=subject,
            body=bodies[group_of[person.team_key].group],
        )
        for person in reached
    ]
    outbox.enqueue_many(session, letters, now=now)
    return len(reached)


def withdraw(session: Session, wave: Wave) -> None:
    """Take back the invitations that have not left: nobody is invited to a wave that is over."""
    outbox.withdraw(session, prefix=_occasion(wave))


def _occasion(wave: Wave) -> str:
    """Say how the keys of a wave's invitations begin."""
    return f"wave:{wave.key}:"


def _body(wave: Wave, group: CountingGroup, *, organisation: str, address: str) -> str:
    n_asked = len(survey_versions.questionnaire_of(wave.survey_version).asked)
    return f"""\
Hello,

"{wave.title}" at {organisation} is open until {wave.closes_on:%-d %B %Y}. It has {n_asked} \
questions and takes less than two minutes; you can leave out any of them.

How to answer
Draw a code letter from the box of your group. It holds a code and this address:
{address}
This mail holds no code, on purpose: all letters look alike and nobody notes who draws which, \
so nobody can tell which answers are yours.

With whom you are counted
Your answers are counted in the group "{group.label}": {group.n_eligible} people.

Who reads what
Nobody sees single answers; results are counts of {wave.k} answers or more. Comments are read \
word for word, without score or date, in lists for {wave.k_comment} answers or more.
Nobody, HR included, can see whether you have answered.
"""
