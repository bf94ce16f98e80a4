"""What waves leave: rosters, traces of issuing, and results; each wave promises how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from app.models import Base, CountingGroup, Issuance, Release, Report, RosterEntry, Wave
from app.models.keeping import KEPT
from app.services import issuances
from app.services.holdings import PORTION, Holding, Now, Task, day_of, months_after
from surveys.promises import Promise

# A row with the columns below; the plan and the manifest, which are long, are left out.
Row = Any
WAVE = (
    Wave.id, Wave.key, Wave.title, Wave.promise, Wave.opened_at, Wave.issuing_ended_at,
    Wave.closed_at, Wave.released_at, Wave.cancelled_at, Wave.closes_on,
)  # fmt: skip
# A wave without a promise was never prepared, or stems from a file; these are its spans.
UNWRITTEN = Promise(purposes="-", readers="-", contact="-")


def promise_of(wave: Row) -> Promise:
    """Read what a wave promises."""
    return Promise.from_dict(wave.promise) if wave.promise else UNWRITTEN


def closed_on(wave: Row) -> date:
    """Find the day on which a wave was closed."""
    return day_of(wave.issuing_ended_at or wave.closed_at or wave.closes_on)


def find_rosters(session: Session, now: Now) -> Iterator[Holding]:
    """Find the lists of who was eligible, save those that are in use."""
    counts = (
        select(RosterEntry.wave_id, func.count().label("n"))
        .group_by(RosterEntry.wave_id)
        .subquery()
    )
    rows = session.execute(select(*WAVE, counts.c.n).join(counts, counts.c.wave_id == Wave.id))
    for wave in rows:
        if (over_on := _over_on(wave)) is not None:
            yield Holding(
                kind="rosters",
                of=wave.title,
                n=wave.n,
                due_on=over_on + timedelta(days=promise_of(wave).keep_rosters_days),
                wave_id=wave.id,
            )


def remove_roster(session: Session, holding: Holding, now: Now) -> int:
    """Remove a portion of the list of who was eligible in a wave."""
    of_wave = RosterEntry.wave_id == holding.wave_id
    some = session.scalars(select(RosterEntry.person_id).where(of_wave).limit(PORTION)).all()
    if some:
        session.execute(delete(RosterEntry).where(of_wave, RosterEntry.person_id.in_(some)))
    return len(some)


def find_issuances(session: Session, now: Now) -> Iterator[Holding]:
    """Find traces of who took a ballot of a wave that is over; releasing leaves none."""
    rows: dict[int, int] = dict(
        session.execute(select(Issuance.wave_id, func.count()).group_by(Issuance.wave_id)).all()
    )
    counts: dict[int, int] = dict(
        session.execute(
            select(CountingGroup.wave_id, func.count(CountingGroup.n_issued)).group_by(
                CountingGroup.wave_id
            )
        ).all()
    )
    files = now.keys.count_files()
    for wave in session.execute(
        select(*WAVE).where(or_(Wave.released_at.is_not(None), Wave.cancelled_at.is_not(None)))
    ):
        if n := rows.get(wave.id, 0) + counts.get(wave.id, 0) + files.get(wave.key, 0):
            ended_on = day_of(wave.cancelled_at or wave.released_at)
            yield Holding(kind="issuances", of=wave.title, n=n, due_on=ended_on, wave_id=wave.id)


def remove_issuances(session: Session, holding: Holding, now: Now) -> int:
    """Forget at once who took a ballot of a wave, how many did, and its keys."""
    n = sum(h.n for h in find_issuances(session, now) if h.wave_id == holding.wave_id)
    wave = session.get_one(Wave, holding.wave_id)
    for group in wave.groups:
        group.n_issued = None
    issuances.forget(session, wave, keys=now.keys)
    session.flush()
    return n


def find_results(session: Session, now: Now) -> Iterator[Holding]:
    """Find the releases, each with its comments."""
    for wave in session.execute(
        select(*WAVE, Release.released_on).join(Release, Release.wave_id == Wave.id)
    ):
        yield Holding(
            kind="results",
            of=wave.title,
            n=1,
            due_on=months_after(
                min(closed_on(wave), wave.released_on), promise_of(wave).keep_results_months
            ),
            wave_id=wave.id,
        )


def remove_results(session: Session, holding: Holding, now: Now) -> int:
    """
    Remove a release and all that was written beside its comments.

    Reports show earlier waves too, so all are made again without this one.
    """
    wave = session.get_one(Wave, holding.wave_id)
    if wave.release is None:
        return 0
    session.execute(delete(Report).where(Report.kind.in_(("wave", "linkage"))))
    for table in BESIDE_RESULTS:
        session.execute(delete(table).where(table.c.wave_id == wave.id))
    session.expire(wave, ["release"])
    return 1


# Releases, and every other table that is declared to go with a wave's results.
BESIDE_RESULTS = tuple(
    table
    for table in Base.metadata.sorted_tables
    if table.name in KEPT and KEPT[table.name].rule == "results" and "wave_id" in table.columns
)


TASKS = {
    "rosters": Task(
        find=find_rosters,
        remove=remove_roster,
        words=(
            "who was eligible in “{of}”: one person",
            "who was eligible in “{of}”: {n} people",
        ),
        tables=("roster_entries",),
    ),
    "issuances": Task(
        find=find_issuances,
        remove=remove_issuances,
        words=(
            "who took a ballot of “{of}”: one leftover",
            "who took a ballot of “{of}”: {n} leftovers",
        ),
        tables=("issuances", "counting_groups"),
    ),
    "results": Task(
        find=find_results,
        remove=remove_results,
        words=("results and comments of “{of}”", "results and comments of “{of}”"),
        tables=("reports", *(table.name for table in BESIDE_RESULTS)),
    ),
}


def _over_on(wave: Row) -> date | None:
    """Find the day on which a wave was over; None while its roster is in use."""
    if wave.cancelled_at is not None:
        return day_of(wave.cancelled_at)
    if wave.opened_at is None:
        return day_of(wave.closes_on)  # after its last day it cannot open as it is
    return None if wave.released_at is None else closed_on(wave)
