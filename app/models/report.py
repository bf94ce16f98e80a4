"""Reports, computed outside the web process and kept under the hash of what went in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Report(Base):
    """
    One finished report: figures, texts and drawn charts as one JSON document.

    `kind` is "wave" (subject: a wave's key), "linkage" or "customers" (subject: "").
    """

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint("kind IN ('wave', 'linkage', 'customers')", name="known_kind"),
        Index("ix_reports_kind_subject", "kind", "subject"),
    )

    inputs_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    subject: Mapped[str] = mapped_column(String(40), default="")
    made_at: Mapped[datetime]
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
