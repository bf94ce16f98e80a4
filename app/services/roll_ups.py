"""Summing customers' answers, a portion at a time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Dialect, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import CustomerLink, CustomerResponse, CustomerRollUp, SurveyVersion, Team
from app.services.claims import run_once
from surveys.questionnaires import Questionnaire
from surveys.questions import SingleChoice

# SQLite lets nobody else write meanwhile, customers included, so a portion is small.
PORTION = 500


class Place(NamedTuple):
    """What the sums of an item are kept apart by."""

    team_id: int | None
    day: date
    touchpoint_id: int
    channel: str
    item: str


@dataclass(slots=True)
class Sums:
    """The sums over the answers to one item in one place."""

    n: int = 0
    total: int = 0
    total_squares: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, answer: object, *, is_choice: bool) -> None:
        """Add one answer: ratings in numbers and counts, choices in counts, texts in n only."""
        self.n += 1
        if isinstance(answer, int):
            self.total += answer
            self.total_squares += answer * answer
            self._count(str(answer))
        elif isinstance(answer, list):
            for option in answer:
                self._count(option)
        elif is_choice:
            self._count(str(answer))

    def _count(self, answer: str) -> None:
        self.counts[answer] = self.counts.get(answer, 0) + 1


def roll_up(session: Session, *, limit: int = PORTION) -> int:
    """
    Add up to `limit` waiting answers to the sums and return how many they were.

    Claiming the rows and adding them are one transaction: a killed worker leaves both
    undone, and of two workers each takes rows of its own.
    """
    claimed = _claim(session, limit)
    if not claimed:
        return 0
    links = _links(session, {link_id for link_id, *_ in claimed})
    keys = _team_keys(session, {team_id for _, team_id, *_ in claimed})
    _store(session, _add_up(claimed, links), keys)
    return len(claimed)


# An answer that waits: link_id, team_id, answered_on, answers.
_Waiting = tuple[int, int | None, date, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """Where the answers of one address belong."""

    touchpoint_id: int
    channel: str
    choices: frozenset[str]


def _claim(session: Session, limit: int) -> Sequence[_Waiting]:
    # PostgreSQL passes over what another worker holds; SQLite admits one writer anyway.
    waiting = (
        select(CustomerResponse.id)
        .where(CustomerResponse.is_rolled_up.is_(False))
        .order_by(CustomerResponse.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = session.connection().execute(
        update(CustomerResponse)
        .where(
            CustomerResponse.id.in_(run_once(session, waiting)),
            CustomerResponse.is_rolled_up.is_(False),
        )
        .values(is_rolled_up=True)
        .returning(
            CustomerResponse.link_id,
            CustomerResponse.team_id,
            CustomerResponse.answered_on,
            CustomerResponse.answers,
        )
    )
    return claimed.all()


def _links(session: Session, link_ids: set[int]) -> dict[int, _Link]:
    rows = session.execute(
        select(CustomerLink, SurveyVersion)
        .join(CustomerLink.survey_version)
        .where(CustomerLink.id.in_(link_ids))
    ).all()
    choices = {version.id: _choices(version) for version in {version for _, version in rows}}
    return {
        link.id: _Link(
            touchpoint_id=link.touchpoint_id,
            channel=link.channel,
            choices=choices[version.id],
        )
        for link, version in rows
    }


def _choices(version: SurveyVersion) -> frozenset[str]:
    questions = Questionnaire.from_dict(version.definition).questions
    return frozenset(q.key for q in questions if isinstance(q, SingleChoice))


def _team_keys(session: Session, team_ids: set[int | None]) -> dict[int | None, str]:
    rows = session.execute(select(Team.id, Team.key).where(Team.id.in_(team_ids)))
    return {None: "", **dict(rows.all())}


def _add_up(claimed: Sequence[_Waiting], links: Mapping[int, _Link]) -> dict[Place, Sums]:
    sums: defaultdict[Place, Sums] = defaultdict(Sums)
    for link_id, team_id, day, answers in claimed:
        link = links[link_id]
        for item, answer in answers.items():
            place = Place(team_id, day, link.touchpoint_id, link.channel, item)
            sums[place].add(answer, is_choice=item in link.choices)
    return sums


def _store(session: Session, sums: Mapping[Place, Sums], keys: Mapping[int | None, str]) -> None:
    """Add sums to those on file, always in one order so that two workers cannot deadlock."""
    rows = [
        {
            "team_id": place.team_id,
            "team_key": keys[place.team_id],
            "day": place.day.isoformat(),
            "touchpoint_id": place.touchpoint_id,
            "channel": place.channel,
            "item": place.item,
            "n": here.n,
            "total": here.total,
            "total_squares": here.total_squares,
            "counts": json.dumps(here.counts),
        }
        for place, here in sums.items()
    ]
    rows.sort(key=itemgetter(*_KEY))
    connection = session.connection()
    # Past SQLAlchemy's own handling of parameters, which took longer than all the rest.
    connection.exec_driver_sql(_UPSERT[connection.dialect.name], rows)


_KEY = ("team_key", "day", "touchpoint_id", "channel", "item")

# The counts on file and the new ones, added answer by answer.
_MERGED = {
    "sqlite": """(
        SELECT json_group_object(key, n) FROM (
            SELECT key, sum(value) AS n FROM (
                SELECT key, value FROM json_each(customer_roll_ups.counts)
                UNION ALL SELECT key, value FROM json_each(excluded.counts)
            ) GROUP BY key
        )
    )""",
    "postgresql": """(
        SELECT coalesce(json_object_agg(key, n), '{}') FROM (
            SELECT key, sum(value::integer) AS n FROM (
                SELECT key, value FROM json_each_text(customer_roll_ups.counts)
                UNION ALL SELECT key, value FROM json_each_text(excluded.counts)
            ) AS both_sides GROUP BY key
        ) AS merged
    )""",
}


def _upsert(insert: sqlite.Insert | postgresql.Insert, merged: str, dialect: Dialect) -> str:
    adding: dict[str, Any] = {
        name: getattr(CustomerRollUp, name) + insert.excluded[name]
        for name in ("n", "total", "total_squares")
    }
    statement = insert.inline().on_conflict_do_update(
        index_elements=_KEY, set_=adding | {"counts": text(merged)}
    )
    columns = [name for name in CustomerRollUp.__table__.columns.keys() if name != "id"]
    return str(statement.compile(dialect=dialect, column_keys=columns))


_POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # not annotated there
_UPSERT = {
    "sqlite": _upsert(
        sqlite.insert(CustomerRollUp), _MERGED["sqlite"], sqlite.dialect(paramstyle="named")
    ),
    "postgresql": _upsert(
        postgresql.insert(CustomerRollUp),
        _MERGED["postgresql"],
        _POSTGRESQL,
    ),
}
