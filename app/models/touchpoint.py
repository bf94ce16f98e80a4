"""Where customers meet the organisation, how they answer, and what they said."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.questionnaire import SurveyVersion
from app.models.team import Team

STAGES = ("attraction", "discovery", "purchase", "use", "service", "renewal")
CHANNELS = ("link", "email", "qr", "kiosk", "widget", "import")


class Touchpoint(Base):
    """A place or moment where a customer meets the organisation."""

    __tablename__ = "touchpoints"
    __table_args__ = (
        CheckConstraint(
            "stage IN ('attraction', 'discovery', 'purchase', 'use', 'service', 'renewal')",
            name="known_stage",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    stage: Mapped[str] = mapped_column(String(20))
    is_retired: Mapped[bool] = mapped_column(default=False)

    links: Mapped[list[CustomerLink]] = relationship(back_populates="touchpoint")


class CustomerLink(Base):
    """An address customers answer at: one touchpoint, one channel and usually one team."""

    __tablename__ = "customer_links"
    __table_args__ = (
        CheckConstraint(
            "channel IN ('link', 'email', 'qr', 'kiosk', 'widget', 'import')",
            name="known_channel",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    touchpoint_id: Mapped[int] = mapped_column(ForeignKey("touchpoints.id"), index=True)
    channel: Mapped[str] = mapped_column(String(12))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"), index=True)
    survey_version_id: Mapped[int] = mapped_column(ForeignKey("survey_versions.id"))
    created_on: Mapped[date]
    is_retired: Mapped[bool] = mapped_column(default=False)

    touchpoint: Mapped[Touchpoint] = relationship(back_populates="links")
    team: Mapped[Team | None] = relationship()
    survey_version: Mapped[SurveyVersion] = relationship()


class CustomerResponse(Base):
    """
    One customer's answers, with the team they are attributed to at that moment.

    `submission` is a random value from the page, so that a form sent twice is one answer.
    """

    __tablename__ = "customer_responses"
    __table_args__ = (
        Index(
            "ix_customer_responses_waiting",
            "id",
            sqlite_where=text("NOT is_rolled_up"),
            postgresql_where=text("NOT is_rolled_up"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    submission: Mapped[str] = mapped_column(String(32), unique=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("customer_links.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    answered_on: Mapped[date]
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    is_rolled_up: Mapped[bool] = mapped_column(default=False)

    link: Mapped[CustomerLink] = relationship()


class CustomerRollUp(Base):
    """
    Sums over customer answers per team, day, touchpoint, channel and item.

    `n`, `total` and `total_squares` are over answers as numbers (yes 1, no 0; null for
    choices); `counts` maps each answer to how often it was given.  Everything adds.
    """

    __tablename__ = "customer_roll_ups"
    __table_args__ = (
        UniqueConstraint("team_key", "day", "touchpoint_id", "channel", "item"),
        Index("ix_customer_roll_ups_day", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    # A team's key, or "" for answers that belong to no team: NULLs would escape the UNIQUE.
    team_key: Mapped[str] = mapped_column(String(40))
    day: Mapped[date]
    touchpoint_id: Mapped[int] = mapped_column(ForeignKey("touchpoints.id"))
    channel: Mapped[str] = mapped_column(String(12))
    item: Mapped[str] = mapped_column(String(60))
    n: Mapped[int]
    total: Mapped[int]
    total_squares: Mapped[int]
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
