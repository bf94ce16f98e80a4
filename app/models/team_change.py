"""Changes of the tree of teams: planned for a day, carried out once, remembered as its history."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.person import Person
from app.models.team import Team

CHANGES = ("split", "merge", "move", "rename", "close")


class TeamChange(Base):
    """
    One change of the tree, from `starts_on` on.

    It is planned until `done_on`, or until it was `refused` with a sentence, because the
    tree had become another by then.  `name` is the new name; a split has two, the second for
    those of `people` who go to the second team.  `parent` is the new place.
    """

    __tablename__ = "team_changes"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('split', 'merge', 'move', 'rename', 'close')", name="known_kind"
        ),
        CheckConstraint("done_on IS NULL OR done_on >= starts_on", name="done_after_start"),
        CheckConstraint("done_on IS NULL OR refused = ''", name="done_or_refused"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    starts_on: Mapped[date]
    name: Mapped[str] = mapped_column(String(120), default="")
    second_name: Mapped[str] = mapped_column(String(120), default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    planned_at: Mapped[datetime]
    done_on: Mapped[date | None]
    refused: Mapped[str] = mapped_column(String(400), default="")

    parent: Mapped[Team | None] = relationship(foreign_keys=[parent_id])
    teams: Mapped[list[ChangedTeam]] = relationship(
        order_by="ChangedTeam.team_id", cascade="all, delete-orphan"
    )
    people: Mapped[list[ChangedPerson]] = relationship(cascade="all, delete-orphan")

    @property
    def before(self) -> list[Team]:
        """The teams that change."""
        return [changed.team for changed in self.teams if changed.side == "before"]

    @property
    def after(self) -> list[Team]:
        """The teams that a split or a merger made."""
        return [changed.team for changed in self.teams if changed.side == "after"]

    @property
    def names(self) -> list[str]:
        """What the teams that change were called when it was entered."""
        return [changed.name for changed in self.teams if changed.side == "before"]

    @property
    def is_planned(self) -> bool:
        """Whether it is still to be carried out."""
        return self.done_on is None and not self.refused


class ChangedTeam(Base):
    """A team that a change is about, or that it made, under the name it had then."""

    __tablename__ = "changed_teams"
    __table_args__ = (CheckConstraint("side IN ('before', 'after')", name="known_side"),)

    change_id: Mapped[int] = mapped_column(
        ForeignKey("team_changes.id", ondelete="CASCADE"), primary_key=True
    )
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), primary_key=True)
    side: Mapped[str] = mapped_column(String(6))
    name: Mapped[str] = mapped_column(String(120))

    team: Mapped[Team] = relationship()


class ChangedPerson(Base):
    """Somebody who goes to the second team of a planned split; forgotten once it is done."""

    __tablename__ = "changed_people"

    change_id: Mapped[int] = mapped_column(
        ForeignKey("team_changes.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )

    person: Mapped[Person] = relationship()
