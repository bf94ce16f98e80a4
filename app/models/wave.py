"""Waves: rounds of an employee pulse, and who was eligible in each."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    String,
    Text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base
from app.models.questionnaire import SurveyVersion
from surveys.lifecycle import Facts, State
from surveys.manifests import manifest_sha256, words

NO_CELLS = '{"cells":[],'


class Wave(Base):
    """
    One round of a pulse; its state is read from what has happened to it.

    `key` is random and is all the collector knows of the wave's identity.  `opening`
    is the document sent to the collector without the code digests: neither codes nor
    their digests are ever stored here.

    `manifest` is the canonical JSON text whose hash every ballot carries, and
    `manifest_signature` the guardian's signature of it in base64url, where the
    organisation has a guardian.  Ballots are issued from `opened_at` until
    `issuing_ended_at`.  `invited_at` is when everybody was told that the wave is open; by
    file, that is once the collector has the opening.  `reminded_on` is the day on which
    people without a ballot were written to, to whom is kept nowhere; `last_day_told_on`
    the last day that everybody was told of.

    `promise` holds the fields of `surveys.promises.Promise`, once HR has written them; from
    preparing on it stands in the manifest and stays as it is.
    """

    __tablename__ = "waves"
    __table_args__ = (
        CheckConstraint("k >= 5", name="k_floor"),
        CheckConstraint("profile <> 'strict' OR k >= 8", name="k_floor_strict"),
        CheckConstraint("k_group >= k", name="k_group_floor"),
        CheckConstraint("k_comment >= 10", name="k_comment_floor"),
        CheckConstraint("profile IN ('default', 'strict')", name="known_profile"),
        CheckConstraint("closes_on >= opens_on", name="closes_after_opening"),
        CheckConstraint(
            "closed_at IS NULL OR opened_at IS NOT NULL", name="closed_only_if_opened"
        ),
        CheckConstraint(
            "released_at IS NULL OR closed_at IS NOT NULL", name="released_only_if_closed"
        ),
        CheckConstraint(
            "cancelled_at IS NULL OR released_at IS NULL", name="cancelled_or_released"
        ),
        CheckConstraint("rights IN ('ballots', 'letters')", name="known_rights"),
        CheckConstraint(
            "(manifest IS NULL) = (manifest_sha256 IS NULL)", name="manifest_with_its_hash"
        ),
        CheckConstraint(
            "manifest_signature IS NULL OR manifest IS NOT NULL", name="only_manifests_are_signed"
        ),
        CheckConstraint("manifest IS NULL OR promise IS NOT NULL", name="manifest_with_a_promise"),
        CheckConstraint(
            "issuing_ended_at IS NULL OR opened_at IS NOT NULL", name="issued_only_if_opened"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    survey_version_id: Mapped[int] = mapped_column(ForeignKey("survey_versions.id"))
    opens_on: Mapped[date]
    closes_on: Mapped[date]
    profile: Mapped[str] = mapped_column(String(12), default="default")
    k: Mapped[int] = mapped_column(default=5)
    k_group: Mapped[int] = mapped_column(default=8)
    k_comment: Mapped[int] = mapped_column(default=10)
    rights: Mapped[str] = mapped_column(String(8), default="ballots")
    promise: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime]
    prepared_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    invited_at: Mapped[datetime | None]
    issuing_ended_at: Mapped[datetime | None]
    reminded_on: Mapped[date | None]
    last_day_told_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    opening: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    opening_sha256: Mapped[str | None] = mapped_column(String(64))
    manifest: Mapped[str | None] = mapped_column(Text)
    manifest_sha256: Mapped[str | None] = mapped_column(String(64))
    manifest_signature: Mapped[str | None] = mapped_column(String(86))

    survey_version: Mapped[SurveyVersion] = relationship()
    groups: Mapped[list[CountingGroup]] = relationship(
        order_by="CountingGroup.key", cascade="all, delete-orphan"
    )
    release: Mapped[Release | None] = relationship(back_populates="wave")

    @property
    def client_sha256(self) -> str | None:
        """The hash in the address of this wave's page at the collector, once it is prepared."""
        return None if self.manifest is None else json.loads(self.manifest)["client_sha256"]

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """Eight words by which people compare the manifest; none until it is complete."""
        if self.manifest is None or json.loads(self.manifest)["count_key"] is None:
            return ()
        return words(manifest_sha256(self.manifest))

    @property
    def state(self) -> State:
        """Where the wave stands; released means that the collector has deleted its rows too."""
        facts = Facts(
            is_prepared=self.prepared_at is not None,
            is_opened=self.opened_at is not None,
            is_ended=self.issuing_ended_at is not None,
            is_closed=self.closed_at is not None,
            is_released=self.released_at is not None,
            is_cancelled=self.cancelled_at is not None,
        )
        return facts.state


class CountingGroup(Base):
    """
    The people of one or more teams who are counted together in one wave.

    All of them answer by the same right: a ballot, or a letter.  `n_issued` is how
    many rights were given out, known once issuing has ended.
    """

    __tablename__ = "counting_groups"
    __table_args__ = (
        # RIGHT is a word of SQL, hence the quotation marks.
        CheckConstraint("\"right\" IN ('ballot', 'letter')", name="known_right"),
        CheckConstraint("n_issued BETWEEN 0 AND n_eligible", name="no_more_issued_than_eligible"),
    )

    wave_id: Mapped[int] = mapped_column(
        ForeignKey("waves.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(12), primary_key=True)
    label: Mapped[str] = mapped_column(String(400))
    n_eligible: Mapped[int]
    right: Mapped[str] = mapped_column(String(6), default="ballot")
    n_issued: Mapped[int | None]


class RosterEntry(Base):
    """Who was eligible in a wave and where they are counted, frozen at opening."""

    __tablename__ = "roster_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["wave_id", "group_key"],
            ["counting_groups.wave_id", "counting_groups.key"],
            ondelete="CASCADE",
        ),
    )

    wave_id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    group_key: Mapped[str] = mapped_column(String(12))

    group: Mapped[CountingGroup] = relationship(
        primaryjoin=(
            "and_(RosterEntry.wave_id == CountingGroup.wave_id,"
            " RosterEntry.group_key == CountingGroup.key)"
        ),
        viewonly=True,
    )


class Release(Base):
    """
    What may be shown of one wave: the collector's document, frozen word for word.

    `document` is the canonical JSON text whose hash is `sha256`; nothing in it is
    ever recomputed or changed.
    """

    __tablename__ = "releases"
    __table_args__ = (CheckConstraint("length(sha256) = 64", name="hash_length"),)

    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    released_on: Mapped[date]
    document: Mapped[str] = mapped_column(Text)

    wave: Mapped[Wave] = relationship(back_populates="release")

    @hybrid_property
    def has_figures(self) -> bool:
        """Whether enough people answered for any figure; canonical JSON begins with the cells."""
        return not self.document.startswith(NO_CELLS)

    @has_figures.inplace.expression
    @classmethod
    def _has_figures(cls) -> ColumnElement[bool]:
        return ~cls.document.startswith(NO_CELLS, autoescape=True)
