"""Actions: what a team was told, what is done about it, and how that moved."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.person import Person
from app.models.team import Team
from app.models.wave import Wave

ABOUT = ("item", "construct", "comments")
STATUSES = ("planned", "under_way", "done", "dropped", "declined")
TAGS = ("people", "technology", "process")
COMPETENCIES = (
    "customer_centric_culture",
    "adoption_and_accountability",
    "strategy",
    "measurement",
    "design_and_innovation",
    "voice_of_the_customer",
)
DECISIONS = {
    "planned": "will_do",
    "under_way": "will_do",
    "done": "done",
    "dropped": "will_not",
    "declined": "will_not",
}
KNOWN_STATUS = "status IN ('planned', 'under_way', 'done', 'dropped', 'declined')"
SAYS_WHY = "status NOT IN ('dropped', 'declined') OR length(trim(because)) > 0"


class Action(Base):
    """
    An answer to a released result: what was said, what is decided, who does it and by when.

    `about_kind` and `about_key` name the result in the wave: an item or a construct by its
    key, or what comments were about, in words.  `follow_ups` are keys of items that will
    show whether it helped.  People of the team and those above read it; with `is_for_all`
    everybody does.
    """

    __tablename__ = "actions"
    __table_args__ = (
        CheckConstraint("length(trim(title)) > 0", name="title_not_blank"),
        CheckConstraint("length(trim(said)) > 0", name="said_not_blank"),
        CheckConstraint("about_kind IN ('item', 'construct', 'comments')", name="known_about"),
        CheckConstraint("length(trim(about_key)) > 0", name="about_not_blank"),
        CheckConstraint(KNOWN_STATUS, name="known_status"),
        CheckConstraint(SAYS_WHY, name="says_why_not"),
        CheckConstraint(
            "status NOT IN ('planned', 'under_way') OR due_on IS NOT NULL", name="due_if_promised"
        ),
        CheckConstraint("tag IN ('people', 'technology', 'process')", name="known_tag"),
        CheckConstraint(
            "competency IN ('customer_centric_culture', 'adoption_and_accountability',"
            " 'strategy', 'measurement', 'design_and_innovation', 'voice_of_the_customer')",
            name="known_competency",
        ),
        Index("ix_actions_team_id_status", "team_id", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    said: Mapped[str] = mapped_column(Text)
    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id"), index=True)
    about_kind: Mapped[str] = mapped_column(String(10))
    about_key: Mapped[str] = mapped_column(String(120))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    is_for_all: Mapped[bool] = mapped_column(default=False)
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id", ondelete="SET NULL"), index=True
    )
    due_on: Mapped[date | None]
    tag: Mapped[str] = mapped_column(String(12))
    competency: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(12))
    because: Mapped[str] = mapped_column(Text, default="")
    follow_ups: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime]
    moved_at: Mapped[datetime]

    wave: Mapped[Wave] = relationship()
    team: Mapped[Team] = relationship()
    owner: Mapped[Person | None] = relationship()
    moves: Mapped[list[ActionMove]] = relationship(
        back_populates="action", order_by="ActionMove.id", cascade="all, delete-orphan"
    )

    @property
    def heading(self) -> str:
        """The title as it stands alone; after "We will:" it is read as it was typed."""
        return self.title[:1].upper() + self.title[1:]

    @property
    def decision(self) -> str:
        """What is decided, read from the status: will_do, done or will_not."""
        return DECISIONS[self.status]


class ActionMove(Base):
    """One change of an action's status: when, by whom, and why where that is owed."""

    __tablename__ = "action_moves"
    __table_args__ = (
        CheckConstraint(KNOWN_STATUS, name="known_status"),
        CheckConstraint(SAYS_WHY, name="says_why_not"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    action_id: Mapped[int] = mapped_column(
        ForeignKey("actions.id", ondelete="CASCADE"), index=True
    )
    moved_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("people.id", ondelete="SET NULL"), index=True
    )
    status: Mapped[str] = mapped_column(String(12))
    because: Mapped[str] = mapped_column(Text, default="")

    action: Mapped[Action] = relationship(back_populates="moves")
    person: Mapped[Person | None] = relationship()
