"""People: who works here, in which team, with which rights, and how they sign in."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.team import Team

ROLES = ("employee", "manager", "hr", "executive", "cx_manager", "administrator")
# The name of everybody who left so long ago that their own is gone.
FORMER = "A former colleague"


class Person(Base):
    """
    Somebody on the roster, with or without a password of their own.

    `email` is stored in lower case; people without an address get a code letter only.
    Once `erased_on` is set, the row says only that somebody was here.
    """

    __tablename__ = "people"
    __table_args__ = (
        CheckConstraint("length(trim(name)) > 0", name="name_not_blank"),
        CheckConstraint(
            f"erased_on IS NULL OR (name = '{FORMER}' AND email IS NULL"
            " AND password_hash IS NULL AND ended_on IS NOT NULL)",
            name="erased_is_nobody",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    locale: Mapped[str] = mapped_column(String(12), default="en")
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    password_hash: Mapped[str | None] = mapped_column(String(200))
    is_disabled: Mapped[bool] = mapped_column(default=False)
    erased_on: Mapped[date | None]

    memberships: Mapped[list[Membership]] = relationship(
        back_populates="person", order_by="Membership.from_on", cascade="all, delete-orphan"
    )
    grants: Mapped[list[RoleGrant]] = relationship(
        back_populates="person", cascade="all, delete-orphan"
    )


class Membership(Base):
    """A person's time in one team, from `from_on` up to but not including `until_on`."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("until_on IS NULL OR until_on > from_on", name="ends_after_start"),
        Index(
            "uq_memberships_current",
            "person_id",
            unique=True,
            sqlite_where=text("until_on IS NULL"),
            postgresql_where=text("until_on IS NULL"),
        ),
        UniqueConstraint("person_id", "from_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    from_on: Mapped[date]
    until_on: Mapped[date | None]

    person: Mapped[Person] = relationship(back_populates="memberships")
    team: Mapped[Team] = relationship()


class RoleGrant(Base):
    """A role a person holds; a manager's names the team whose subtree it covers."""

    __tablename__ = "role_grants"
    __table_args__ = (
        CheckConstraint(
            "role IN ('employee', 'manager', 'hr', 'executive', 'cx_manager', 'administrator')",
            name="known_role",
        ),
        CheckConstraint(
            "(role = 'manager') = (team_id IS NOT NULL)", name="only_managers_have_a_team"
        ),
        UniqueConstraint("person_id", "role", "team_id"),
        Index(
            "uq_role_grants_person_role",
            "person_id",
            "role",
            unique=True,
            sqlite_where=text("team_id IS NULL"),
            postgresql_where=text("team_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))

    person: Mapped[Person] = relationship(back_populates="grants")
    team: Mapped[Team | None] = relationship()


class SignIn(Base):
    """One signed-in browser; the cookie holds a random token, the table only its hash."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    browser: Mapped[str] = mapped_column(String(80), default="")

    person: Mapped[Person] = relationship()


class AccountLink(Base):
    """An invitation or a reset: works once, for 30 minutes, known only by its hash."""

    __tablename__ = "account_links"
    __table_args__ = (CheckConstraint("purpose IN ('invitation', 'reset')", name="known_purpose"),)

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(12))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship()


class SignInFailure(Base):
    """How often signing in failed lately, per account or network, under a keyed hash."""

    __tablename__ = "sign_in_failures"

    key_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    n_failures: Mapped[int] = mapped_column(default=0)
    last_failed_at: Mapped[datetime]
