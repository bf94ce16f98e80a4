"""
Conversations between HR and the authors of comments, whom nobody knows.

HR answers a comment here; the collector shows the answer to whoever holds the comment's
code, and takes their replies.  A month is the finest time that is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import groupby, takewhile
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import AnswerDraft, ThreadExchange, ThreadMessage, Wave
from app.services.errors import Conflict, Unusable
from surveys.documents import sha256_of
from surveys.texts import without_hidden_marks
from surveys.threads import THREADS_SCHEMA

LONGEST = 4_000
MEANWHILE = (
    "Something was written here meanwhile. Read it above, then send your answer again if it "
    "still fits."
)

Reply = Mapping[str, str]


def messages_of(session: Session, wave: Wave, thread: str) -> Sequence[ThreadMessage]:
    """List the messages of one conversation, the first first."""
    return session.scalars(
        select(ThreadMessage)
        .where(ThreadMessage.wave_id == wave.id, ThreadMessage.thread == thread)
        .order_by(ThreadMessage.number)
    ).all()


def answer(
    session: Session,
    wave: Wave,
    thread: str,
    *,
    text: str,
    n_seen: int,
    person_id: int | None,
    today: date,
) -> None:
    """
    Write an answer to the author of a comment.

    `n_seen` is how many messages its writer saw; if there are more by now, they are to be
    read first.  The same answer sent twice is one.
    """
    plain, so_far = _text(text), messages_of(session, wave, thread)
    last = so_far[-1] if so_far else None
    if last is not None and last.sender == "hr" and last.text == plain:
        return
    if len(so_far) != n_seen:
        raise Conflict(MEANWHILE)
    if session.get(ThreadExchange, wave.id) is None:
        session.add(ThreadExchange(wave_id=wave.id))
    session.add(
        ThreadMessage(
            wave_id=wave.id,
            thread=thread,
            number=len(so_far) + 1,
            sender="hr",
            month=_month(today),
            text=plain,
            written_by_id=person_id,
        )
    )
    drop_draft(session, wave, thread)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(MEANWHILE) from error  # somebody else was as quick


def keep_draft(
    session: Session, wave: Wave, thread: str, *, text: str, person_id: int
) -> AnswerDraft:
    """Keep what was begun of an answer; it takes the place of an earlier draft."""
    draft = session.get(AnswerDraft, (wave.id, thread)) or AnswerDraft(
        wave_id=wave.id, thread=thread
    )
    draft.text, draft.written_by_id = _text(text), person_id
    session.add(draft)
    session.flush()
    return draft


def drop_draft(session: Session, wave: Wave, thread: str) -> None:
    """Forget what was begun of an answer."""
    session.execute(
        delete(AnswerDraft).where(AnswerDraft.wave_id == wave.id, AnswerDraft.thread == thread)
    )


def draft_of(session: Session, wave: Wave, thread: str) -> AnswerDraft | None:
    """Find what was begun of an answer."""
    return session.get(AnswerDraft, (wave.id, thread))


def state_of(session: Session, wave: Wave) -> dict[str, Any]:
    """Write down the conversations that HR began, whole and in one order, for the collector."""
    messages = session.scalars(
        select(ThreadMessage)
        .where(ThreadMessage.wave_id == wave.id)
        .order_by(ThreadMessage.thread, ThreadMessage.number)
    )
    by_thread = groupby(messages, key=lambda message: message.thread)
    told = {
        thread: [{"from": m.sender, "month": m.month, "text": m.text} for m in found]
        for thread, found in by_thread
    }
    return {
        "schema": THREADS_SCHEMA,
        "wave": wave.key,
        "threads": [
            {"thread": thread, "messages": messages}
            for thread, messages in told.items()
            if messages[0]["from"] == "hr"
        ],
    }


def waits(session: Session, wave: Wave) -> bool:
    """Tell whether something was written that the collector has not been told yet."""
    exchange = session.get(ThreadExchange, wave.id)
    return exchange is not None and exchange.told_sha256 != sha256_of(state_of(session, wave))


def waves_with_conversations(session: Session) -> list[Wave]:
    """List the waves in which HR has answered a comment, and whose release the collector left."""
    return list(
        session.scalars(
            select(Wave)
            .join(ThreadExchange, ThreadExchange.wave_id == Wave.id)
            .where(Wave.released_at.is_not(None))
            .order_by(Wave.id)
        )
    )


def exchange_of(session: Session, wave: Wave) -> ThreadExchange:
    """Find how far the collector and this program agree on a wave's conversations."""
    return session.get_one(ThreadExchange, wave.id)


def unconfirmed(session: Session, wave: Wave) -> list[str]:
    """List the replies that are kept here without the collector's knowing yet."""
    return list(
        session.scalars(
            select(ThreadMessage.reply)
            .where(ThreadMessage.wave_id == wave.id, ThreadMessage.reply.is_not(None))
            .order_by(ThreadMessage.reply)
        )
    )


def confirm(session: Session, wave: Wave, replies: Collection[str]) -> None:
    """Forget the collector's names of replies that it has deleted."""
    session.execute(
        update(ThreadMessage)
        .where(ThreadMessage.wave_id == wave.id, ThreadMessage.reply.in_(replies))
        .values(reply=None)
    )


def keep_replies(
    session: Session,
    wave: Wave,
    replies: Sequence[Reply],
    *,
    threads: Collection[str],
    today: date,
) -> list[str]:
    """
    Keep what authors replied, and return the collector's names of what is held by now.

    What the author has said before, since HR's last message, is held already.  Replies to
    threads of no released comment are left where they are.
    """
    held = []
    for reply in replies:
        thread, text = reply["thread"], without_hidden_marks(reply["text"]).strip()
        if thread not in threads:
            continue
        held.append(reply["reply"])
        so_far = messages_of(session, wave, thread)
        if text and text not in _said_since(so_far):
            session.add(
                ThreadMessage(
                    wave_id=wave.id,
                    thread=thread,
                    number=len(so_far) + 1,
                    sender="author",
                    month=_month(today),
                    text=text,
                    reply=reply["reply"],
                )
            )
            session.flush()
    return held


def _said_since(messages: Sequence[ThreadMessage]) -> set[str]:
    """Collect what the author has said since HR's last message."""
    since = takewhile(lambda message: message.sender == "author", reversed(messages))
    return {message.text for message in since}


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _text(text: str) -> str:
    """Read what was typed, or refuse it."""
    plain = without_hidden_marks(text).strip()
    if not plain:
        raise Unusable("Write your answer first.")
    if len(plain) > LONGEST:
        raise Unusable(f"Shorten the answer to {LONGEST:,} characters; it has {len(plain):,}.")
    return plain
