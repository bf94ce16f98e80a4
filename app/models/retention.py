"""Runs of the retention: what was removed and when, in numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class RetentionRun(Base):
    """
    One run of the retention, written in the transactions that removed something.

    `removed` has a table for each kind of thing and, where it belongs to a wave, each wave:
    `kind`, `of`, how many (`n`) and the day since which it was due (`due_on`).  No names.
    """

    __tablename__ = "retention_runs"
    __table_args__ = (
        CheckConstraint("finished_at IS NULL OR finished_at >= began_at", name="ends_after_start"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    began_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    removed: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
