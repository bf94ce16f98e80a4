"""Issuances: who has taken a ballot, and nothing about what became of it."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Issuance(Base):
    """
    One person's ballot of one wave: the hash of the blinded value that was signed.

    Deliberately absent: a time, a number that counts up, and the signature, which
    is made again from the same value when it is asked for again.
    """

    __tablename__ = "issuances"
    __table_args__ = (
        CheckConstraint("length(blinded_sha256) = 64", name="hash_length"),
        {"sqlite_with_rowid": False},
    )

    wave_id: Mapped[int] = mapped_column(
        ForeignKey("waves.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    blinded_sha256: Mapped[str] = mapped_column(String(64))
