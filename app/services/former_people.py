"""People who left: after a while nobody can tell any more who they were."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.models import Base, Person
from app.models.keeping import KEPT
from app.models.person import FORMER
from app.services.holdings import PORTION, Holding, Now, Task, dated

# What is a person's own goes with them; all other tables speak of them.
OWN = tuple(
    table
    for table in Base.metadata.sorted_tables
    if table.name in KEPT
    and KEPT[table.name].rule in {"people", "sign_ins"}
    and "person_id" in table.columns
)
# Every column of the other tables that names a person.
MENTIONING = tuple(
    column
    for table in Base.metadata.sorted_tables
    if table not in OWN
    for column in table.columns
    if any(key.column is Person.__table__.c.id for key in column.foreign_keys)
)


def find(session: Session, now: Now) -> Iterator[Holding]:
    """Find the people who have left and still have a name."""
    span = timedelta(days=now.spans.former_people_days)
    return dated(
        session,
        "people",
        Person.ended_on,
        conditions=(Person.erased_on.is_(None),),
        due_on=lambda day: day + span,
        last=now.on - span,
    )


def remove(session: Session, holding: Holding, now: Now) -> int:
    """
    Forget a portion of the people who left.

    Where an action or the roster of a wave still speaks of somebody, a row is left, of a
    former colleague without name, address or days, until nothing does.
    """
    last = now.on - timedelta(days=now.spans.former_people_days)
    gone = session.scalars(
        select(Person.id)
        .where(Person.erased_on.is_(None), Person.ended_on <= last)
        .order_by(Person.id)
        .limit(PORTION)
    ).all()
    for table in OWN:
        session.execute(delete(table).where(table.c.person_id.in_(gone)))
    session.execute(
        update(Person)
        .where(Person.id.in_(gone))
        .values(
            name=FORMER,
            email=None,
            locale="en",
            password_hash=None,
            is_disabled=True,
            started_on=now.on,
            ended_on=now.on,
            erased_on=now.on,
        )
        .execution_options(synchronize_session=False)
    )
    remove_unmentioned(session)
    session.expire_all()
    return len(gone)


def remove_unmentioned(session: Session) -> None:
    """Remove the rows of former colleagues of whom nothing speaks any more."""
    erased = session.scalars(select(Person.id).where(Person.erased_on.is_not(None))).all()
    for start in range(0, len(erased), PORTION):
        some = erased[start : start + PORTION]
        named = {
            person
            for column in MENTIONING
            for person in session.scalars(select(column).where(column.in_(some)).distinct())
        }
        session.execute(
            delete(Person)
            .where(Person.id.in_(set(some) - named))
            .execution_options(synchronize_session=False)
        )


TASKS = {
    "people": Task(
        find=find,
        remove=remove,
        words=(
            "name, address and teams of one person who left",
            "names, addresses and teams of {n} people who left",
        ),
        tables=("people", *(table.name for table in OWN)),
    )
}
