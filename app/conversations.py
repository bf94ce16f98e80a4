"""
Carrying conversations to the collector and back: which step is committed when.

replies 1 once a day, name the replies that are kept here; the collector deletes
          these and gives the others
        2 keep those                                              commit
        3 the same again, until none is new; note the day         commit
told    4 where something was written since, hand over all conversations
          of the wave; note their digest                          commit
        Broken off anywhere, the next tick goes on: a reply stays at the collector
        until it is kept here, and one that comes twice is kept once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.exchange import CollectorClient
from app.models import Wave
from app.services import threads
from app.services.errors import Refusal
from surveys.documents import sha256_of
from surveys.errors import SurveyError

MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """How many waves the collector was told of, and why others wait."""

    n_told: int
    waiting: tuple[str, ...]


def carry_due(session: Session, *, collector: CollectorClient, today: date) -> Carried:
    """Carry what is due of every wave; one that cannot be reached waits for the next tick."""
    n_told, waiting = 0, []
    for wave_id in [wave.id for wave in threads.waves_with_conversations(session)]:
        try:
            fetch_replies(session, wave_id, collector=collector, today=today)
            n_told += tell_threads(session, wave_id, collector=collector)
        except (Refusal, SurveyError) as refusal:
            session.rollback()
            waiting.append(str(refusal))
    return Carried(n_told=n_told, waiting=tuple(waiting))


def fetch_replies(
    session: Session, wave_id: int, *, collector: CollectorClient, today: date
) -> None:
    """Fetch the replies of a wave, once a day."""
    wave = session.get_one(Wave, wave_id)
    exchange = threads.exchange_of(session, wave)
    if wave.release is None or exchange.told_sha256 is None or exchange.asked_on == today:
        return
    key, known = wave.key, frozenset(_threads_in(wave))
    held = threads.unconfirmed(session, wave)
    for _ in range(MOST_ROUNDS):
        session.rollback()  # nobody need wait for us while the collector answers
        replies = collector.fetch_replies(key, held)
        threads.confirm(session, wave, held)
        held = threads.keep_replies(session, wave, replies, threads=known, today=today)
        session.commit()
        if not held:
            break
    threads.exchange_of(session, wave).asked_on = today
    session.commit()


def tell_threads(session: Session, wave_id: int, *, collector: CollectorClient) -> int:
    """
    Hand over the conversations of a wave where they changed; return 1 if so, else 0.

    Once the wave's results are removed that is none; the collector deletes its own, and
    nothing is exchanged any more.
    """
    wave = session.get_one(Wave, wave_id)
    state = threads.state_of(session, wave)
    told = sha256_of(state)
    if threads.exchange_of(session, wave).told_sha256 == told:
        return 0
    session.rollback()
    collector.tell_threads(state)
    exchange = threads.exchange_of(session, wave)
    exchange.told_sha256 = told
    if not state["threads"]:
        session.delete(exchange)
    session.commit()
    return 1


def _threads_in(wave: Wave) -> Iterator[str]:
    """List the threads of the comments that were released."""
    if wave.release is None:
        raise AssertionError("replies are fetched while there are results")
    for cell in json.loads(wave.release.document)["comments"]["cells"]:
        for comments in cell["items"].values():
            yield from (c["thread"] for c in comments if c["thread"] is not None)
