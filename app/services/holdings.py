"""Holdings: what is kept for a while, until which day, and how a portion of it is removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.key_folder import KeyFolder
from app.models.base import Instant

# SQLite lets nobody else write meanwhile, so a portion is small.
PORTION = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How long is kept what no wave promises, as the settings say; 0 months: for good."""

    mail_days: int
    former_people_days: int
    customer_answers_months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What tasks look at: the moment, the spans of time, and the folder of keys."""

    at: datetime
    spans: Spans
    keys: KeyFolder

    @property
    def on(self) -> date:
        """The day."""
        return self.at.date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Something that goes on a day: what kind of thing, how many, and of which wave."""

    kind: str
    n: int
    due_on: date
    of: str = ""
    wave_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """
    One kind of thing that goes: how it is found, and how a portion of it is removed.

    `words` say what it is, for one and for more; `tables` are those whose deleted rows are
    to be overwritten.
    """

    find: Callable[[Session, Now], Iterator[Holding]]
    remove: Callable[[Session, Holding, Now], int]
    words: tuple[str, str]
    tables: tuple[str, ...]


def dated(
    session: Session,
    kind: str,
    day: InstrumentedAttribute[Any],
    *,
    conditions: tuple[ColumnElement[bool], ...],
    due_on: Callable[[date], date],
    last: date,
) -> Iterator[Holding]:
    """Find rows that go some time after a day of theirs: those up to `last`, and those later."""
    limit = end_of(last) if isinstance(day.type, Instant) else last
    for part in (day <= limit, day > limit):
        n, first = session.execute(
            select(func.count(), func.min(day)).where(part, *conditions)
        ).one()
        if n:
            yield Holding(kind=kind, n=n, due_on=due_on(day_of(first)))


def end_of(day: date) -> datetime:
    """Give the last moment of a day."""
    return datetime.combine(day, time.max, tzinfo=UTC)


def day_of(moment: date) -> date:
    """Give the day of a moment, or the day itself."""
    return moment.date() if isinstance(moment, datetime) else moment


def months_after(day: date, months: int) -> date:
    """
    Give the day so many months later or, if negative, earlier; the last one of a short month.

    >>> months_after(date(2026, 8, 31), 6), months_after(date(2026, 1, 15), -1)
    (datetime.date(2027, 2, 28), datetime.date(2025, 12, 15))
    """
    years, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + years, month + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))
