"""Versions of questionnaires: copied, edited while nothing uses them, frozen from then on."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import CustomerLink, SurveyVersion, Wave
from app.services.errors import Conflict, NotFound
from surveys import questionnaires
from surveys.questionnaires import Questionnaire

# Whose questionnaires a role looks after.
AUDIENCES_OF = {
    "hr": frozenset({"employees"}),
    "cx_manager": frozenset({"customers"}),
    "administrator": frozenset({"employees", "customers"}),
}

Definition = dict[str, Any]


def audiences_of(roles: frozenset[str]) -> frozenset[str]:
    """Tell whose questionnaires somebody with these roles may see and edit."""
    return frozenset().union(*(AUDIENCES_OF.get(role, frozenset()) for role in roles))


def find(session: Session, version_id: int, *, audiences: frozenset[str]) -> SurveyVersion:
    """Find a version among those of these audiences."""
    version = session.get(SurveyVersion, version_id)
    if version is None or version.audience not in audiences:
        raise NotFound("There is no such questionnaire.")
    return version


def questionnaire_of(version: SurveyVersion) -> Questionnaire:
    """Read what a version asks."""
    return Questionnaire.from_dict(version.definition)


def copy_bundled(session: Session, key: str, *, now: datetime) -> SurveyVersion:
    """Copy a questionnaire that comes with Headwater, under a key and a title still free."""
    document = questionnaires.load(key).to_dict()
    taken = set(session.scalars(select(SurveyVersion.key).distinct()))
    free, number = key, 2
    while free in taken:
        free, number = f"{key}_{number}", number + 1
    title = _free_title(session, document["title"])
    return _add(session, {**document, "key": free, "title": title}, version=1, now=now)


def new_version(session: Session, version: SurveyVersion, *, now: datetime) -> SurveyVersion:
    """Begin the next version of a frozen one, word for word the same at first."""
    if version.frozen_at is None:
        raise Conflict("This version can still be edited; a new one is not needed.")
    waiting = session.scalar(
        select(SurveyVersion.version).where(
            SurveyVersion.key == version.key, SurveyVersion.frozen_at.is_(None)
        )
    )
    if waiting is not None:
        raise Conflict(f"Version {waiting} is being edited already; go on with that one.")
    latest = session.scalar(
        select(func.max(SurveyVersion.version)).where(SurveyVersion.key == version.key)
    )
    return _add(session, deepcopy(version.definition), version=(latest or 0) + 1, now=now)


def item_of(version: SurveyVersion, key: str) -> Definition:
    """Find one item of a version."""
    for item in version.definition["items"]:
        if item["key"] == key:
            return dict(item)
    raise NotFound("There is no such item in this questionnaire.")


def construct_of(version: SurveyVersion, key: str) -> Definition:
    """Find one construct of a version."""
    for construct in version.definition["constructs"]:
        if construct["key"] == key:
            return dict(construct)
    raise NotFound("There is no such construct in this questionnaire.")


def freeze(version: SurveyVersion, *, now: datetime) -> None:
    """Forbid every later change, because something asks these questions from now on."""
    if version.frozen_at is None:
        version.frozen_at = now


def discard(session: Session, version: SurveyVersion) -> None:
    """Delete a version that was never used."""
    _check_editable(version)
    users = (
        session.scalar(select(Wave.id).where(Wave.survey_version_id == version.id).limit(1)),
        session.scalar(
            select(CustomerLink.id).where(CustomerLink.survey_version_id == version.id).limit(1)
        ),
    )
    if any(user is not None for user in users):
        raise Conflict("A wave or a link uses this version. Give that another one first.")
    session.delete(version)
    session.flush()


def retire(version: SurveyVersion) -> None:
    """Offer a version no more where questionnaires are chosen."""
    version.is_retired = True


def restore(version: SurveyVersion) -> None:
    """Offer a version again."""
    version.is_retired = False


def describe(version: SurveyVersion, details: Mapping[str, str]) -> None:
    """Change title, language, introduction, source or licence."""
    allowed = {"title", "language", "intro", "source", "licence"}
    changes = {name: value for name, value in details.items() if name in allowed}
    _revise(version, {**version.definition, **changes})


def add_item(version: SurveyVersion, item: Definition) -> None:
    """Ask one more item, after all others."""
    _revise(version, {**version.definition, "items": [*version.definition["items"], item]})


def change_item(version: SurveyVersion, key: str, item: Definition) -> None:
    """Word an item anew; its key and its type stay, because figures are kept under them."""
    old = item_of(version, key)
    fixed = {"key": key, "type": old["type"]}
    if old.get("retired"):
        fixed["retired"] = True
    _replace(version, key, {**item, **fixed})


def retire_item(version: SurveyVersion, key: str) -> None:
    """Ask an item no more; its wording is kept."""
    _replace(version, key, {**item_of(version, key), "retired": True})


def restore_item(version: SurveyVersion, key: str) -> None:
    """Ask a retired item again."""
    item = {name: v for name, v in item_of(version, key).items() if name != "retired"}
    _replace(version, key, item)


def remove_item(session: Session, version: SurveyVersion, key: str) -> None:
    """Delete an item that no frozen version asks, and take it out of its constructs."""
    item_of(version, key)
    if key in keys_asked_before(session, version):
        raise Conflict("This item was asked before. Retire it: its answers need its wording.")
    definition = deepcopy(version.definition)
    definition["items"] = [item for item in definition["items"] if item["key"] != key]
    for construct in definition["constructs"]:
        construct["items"] = [item for item in construct["items"] if item != key]
    definition["constructs"] = [c for c in definition["constructs"] if c["items"]]
    _revise(version, definition)


def move_item(version: SurveyVersion, key: str, *, by: int) -> None:
    """Move an item up (-1) or down (+1); at the ends it stays."""
    items = list(version.definition["items"])
    at = items.index(item_of(version, key))
    to = min(max(at + by, 0), len(items) - 1)
    items.insert(to, items.pop(at))
    _revise(version, {**version.definition, "items": items})


def add_construct(version: SurveyVersion, construct: Definition) -> None:
    """Average some items into one more score."""
    constructs = [*version.definition["constructs"], construct]
    _revise(version, {**version.definition, "constructs": constructs})


def change_construct(version: SurveyVersion, key: str, construct: Definition) -> None:
    """Change the title or the items of a construct; its key stays."""
    construct_of(version, key)
    changed = [
        {**construct, "key": key} if c["key"] == key else c
        for c in version.definition["constructs"]
    ]
    _revise(version, {**version.definition, "constructs": changed})


def remove_construct(version: SurveyVersion, key: str) -> None:
    """Average these items no more; the items stay."""
    kept = [c for c in version.definition["constructs"] if c["key"] != key]
    _revise(version, {**version.definition, "constructs": kept})


def keys_asked_before(session: Session, version: SurveyVersion) -> frozenset[str]:
    """Collect the keys of the items that frozen versions of this questionnaire hold."""
    definitions = session.scalars(
        select(SurveyVersion.definition).where(
            SurveyVersion.key == version.key, SurveyVersion.frozen_at.is_not(None)
        )
    )
    return frozenset(item["key"] for d in definitions for item in d["items"])


def _add(session: Session, document: Definition, *, version: int, now: datetime) -> SurveyVersion:
    asked = Questionnaire.from_dict({**document, "version": version})
    row = SurveyVersion(
        key=asked.key,
        version=version,
        title=asked.title,
        audience=asked.audience,
        definition=asked.to_dict(),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _free_title(session: Session, title: str) -> str:
    """Tell copies apart by their title: the first keeps it, the next is "(copy)", "(copy 2)"."""
    taken = set(session.scalars(select(SurveyVersion.title).distinct()))
    free, number = title, 1
    while free in taken:
        free = f"{title} (copy)" if number == 1 else f"{title} (copy {number})"
        number += 1
    return free


def _revise(version: SurveyVersion, definition: Definition) -> None:
    """Keep a changed definition, if it still makes a questionnaire."""
    _check_editable(version)
    asked = Questionnaire.from_dict(definition)
    version.definition = asked.to_dict()
    version.title = asked.title


def _check_editable(version: SurveyVersion) -> None:
    if version.frozen_at is not None:
        raise Conflict("This version is in use and can no longer change. Begin a new version.")


def _replace(version: SurveyVersion, key: str, item: Definition) -> None:
    items = [item if i["key"] == key else i for i in version.definition["items"]]
    _revise(version, {**version.definition, "items": items})
