"""What the papers of the pack are filled in with: one wave and its installation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from app.config import Settings
from app.installation import Installation
from app.models import Wave
from app.services import promises, waves
from app.services.errors import NotFound
from app.services.survey_versions import questionnaire_of
from surveys.lifecycle import State
from surveys.promise_texts import Section
from surveys.promises import Promise
from surveys.questions import Comment
from surveys.thresholds import Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A counting group: its label, how many people, and how they answer."""

    label: str
    n: int
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    All that is known of a wave and where it runs.

    Of a draft there are no groups, no manifest and no fingerprint yet.  Nothing here
    depends on the day on which it is asked, so the same wave gives the same pack.
    """

    key: str
    title: str
    organisation: str
    application: str
    collector: str
    promise: Promise
    promised: tuple[Section, ...]
    thresholds: Thresholds
    opens_on: date
    closes_on: date
    by_letter_only: bool
    questionnaire: str
    questions: tuple[str, ...]
    n_comments: int
    groups: tuple[Group, ...]
    guardian: str
    guardian_holds_key: bool
    fingerprint: tuple[str, ...]
    manifest: str
    signature: str
    database: str
    has_mail_server: bool
    keep_mail_days: int
    keep_former_people_days: int

    @property
    def n_eligible(self) -> int:
        """How many people are asked; 0 while that is not frozen."""
        return sum(group.n for group in self.groups)

    @property
    def has_ballots(self) -> bool:
        """Whether anybody answers by ballot."""
        return not self.by_letter_only and (
            not self.groups or any(group.right == "ballot" for group in self.groups)
        )

    @property
    def has_letters(self) -> bool:
        """Whether anybody answers by letter; a draft by ballot may still come to that."""
        return not self.groups or any(group.right == "letter" for group in self.groups)

    @property
    def address(self) -> str:
        """The address of the wave at the collector."""
        return f"{self.collector}/w/{self.key}"


def facts_of(wave: Wave, *, settings: Settings) -> Facts:
    """Gather what is known of a wave; a wave without a promise, or given up, has no pack."""
    if wave.state is State.CANCELLED:
        raise NotFound("This wave was cancelled, so there is nothing to hand out.")
    plan, installation = wave.opening or {}, Installation.of(settings)
    guardian: dict[str, Any] | None = plan.get("guardian") if plan else installation.guardian
    questionnaire = questionnaire_of(wave.survey_version)
    return Facts(
        key=wave.key,
        title=wave.title,
        organisation=plan.get("organisation", installation.organisation),
        application=plan.get("application", installation.application).rstrip("/"),
        collector=_collector_of(wave) or installation.collector,
        promise=promises.promise_of(wave),
        promised=promises.promised(wave),
        thresholds=waves.thresholds_of(wave),
        opens_on=wave.opens_on,
        closes_on=wave.closes_on,
        by_letter_only=wave.rights == "letters",
        questionnaire=f"{wave.survey_version.title}, version {wave.survey_version.version}",
        questions=tuple(question.text for question in questionnaire.asked),
        n_comments=sum(isinstance(question, Comment) for question in questionnaire.asked),
        groups=tuple(
            Group(label=group.label, n=group.n_eligible, right=group.right)
            for group in wave.groups
        ),
        guardian=guardian["name"] if guardian else "",
        guardian_holds_key=bool(guardian and guardian["holds_count_key"]),
        fingerprint=wave.fingerprint,
        manifest=wave.manifest or "",
        signature=wave.manifest_signature or "",
        database="PostgreSQL" if _is_server(settings.database_url) else "SQLite, one file",
        has_mail_server=bool(settings.smtp_url),
        keep_mail_days=settings.keep_mail_days,
        keep_former_people_days=settings.keep_former_people_days,
    )


def _collector_of(wave: Wave) -> str:
    """Read where answers go from the manifest, which holds whatever the settings say later."""
    manifest = json.loads(wave.manifest) if wave.manifest else {}
    return str(manifest.get("collector", "")).rstrip("/")


def _is_server(database_url: str) -> bool:
    return urlsplit(database_url).scheme.startswith("postgresql")
