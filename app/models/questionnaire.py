"""Questionnaires of this organisation, in versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class SurveyVersion(Base):
    """
    One version of a questionnaire: editable until something uses it, frozen from then on.

    `definition` is `surveys.questionnaires.Questionnaire.to_dict()`.
    """

    __tablename__ = "survey_versions"
    __table_args__ = (
        CheckConstraint("audience IN ('employees', 'customers')", name="known_audience"),
        CheckConstraint("version >= 1", name="version_from_one"),
        UniqueConstraint("key", "version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    audience: Mapped[str] = mapped_column(String(12))
    definition: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
    is_retired: Mapped[bool] = mapped_column(default=False)
