"""What HR does with released comments: tags, and conversations with authors whom nobody knows."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.person import Person


class CommentTag(Base):
    """
    A word that HR gave to a comment; who gave it is not kept.

    `number` is the comment's place in the release of its wave, which never changes.
    """

    __tablename__ = "comment_tags"
    __table_args__ = (
        CheckConstraint("number >= 1", name="numbered_from_one"),
        CheckConstraint("length(trim(tag)) > 0", name="tag_not_blank"),
        Index("ix_comment_tags_tag", "tag"),
    )

    wave_id: Mapped[int] = mapped_column(
        ForeignKey("waves.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), primary_key=True)


class ThreadMessage(Base):
    """
    One message between HR and the author of a comment.

    Deliberately absent: any time finer than the month, and whoever the author is.  The
    table has no order of rows, so what came in one after the other cannot be read off it.
    `written_by` is kept for HR's own messages and never leaves this program.  `reply` is
    the collector's name of a message, until the collector knows that it is kept here.
    """

    __tablename__ = "thread_messages"
    __table_args__ = (
        CheckConstraint("sender IN ('hr', 'author')", name="known_sender"),
        CheckConstraint("sender = 'hr' OR written_by_id IS NULL", name="authors_are_nobody"),
        CheckConstraint("sender = 'author' OR reply IS NULL", name="only_authors_reply"),
        CheckConstraint("length(thread) = 64", name="thread_length"),
        CheckConstraint("length(month) = 7", name="month_and_no_day"),
        CheckConstraint("length(trim(text)) > 0", name="text_not_blank"),
        UniqueConstraint("wave_id", "reply"),
        {"sqlite_with_rowid": False},
    )

    wave_id: Mapped[int] = mapped_column(
        ForeignKey("waves.id", ondelete="CASCADE"), primary_key=True
    )
    thread: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column(String(6))
    month: Mapped[str] = mapped_column(String(7))
    text: Mapped[str] = mapped_column(Text)
    written_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id", ondelete="SET NULL"), index=True
    )
    reply: Mapped[str | None] = mapped_column(String(100))

    written_by: Mapped[Person | None] = relationship()


class AnswerDraft(Base):
    """An answer to a comment that HR has begun; everybody of HR may go on with it."""

    __tablename__ = "answer_drafts"

    wave_id: Mapped[int] = mapped_column(
        ForeignKey("waves.id", ondelete="CASCADE"), primary_key=True
    )
    thread: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    written_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id", ondelete="SET NULL"), index=True
    )

    written_by: Mapped[Person | None] = relationship()


class ThreadExchange(Base):
    """
    How far the collector and this program agree on the conversations of a wave.

    `told_sha256` is the digest of what the collector was told last, and `asked_on` the
    day on which it was last asked for replies.
    """

    __tablename__ = "thread_exchanges"
    __table_args__ = (
        CheckConstraint("told_sha256 IS NULL OR length(told_sha256) = 64", name="hash_length"),
    )

    wave_id: Mapped[int] = mapped_column(
        ForeignKey("waves.id", ondelete="CASCADE"), primary_key=True
    )
    told_sha256: Mapped[str | None] = mapped_column(String(64))
    asked_on: Mapped[date | None]
