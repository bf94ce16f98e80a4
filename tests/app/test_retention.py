"""Retention: nothing that tells of somebody outlives what was promised."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, delete, select
from sqlalchemy.engine import make_url

from app import retaining
from app.models import (
    Action,
    AnswerDraft,
    Base,
    CustomerResponse,
    Person,
    RetentionRun,
    RosterEntry,
    ThreadMessage,
)
from app.models.keeping import KEPT, RULES, undeclared
from app.models.person import FORMER
from app.services import retention, threads, wave_retention
from app.services.holdings import Holding, months_after
from tests.app.kept_rows import (
    CLOSED_AT,
    LEFT_ON,
    MARK,
    SPANS,
    everything,
    make_released_wave,
    on,
    plant,
    rows_of,
)
from tests.factories import make_people, make_person, make_team

FOR_GOOD = {"actions", "nobody"}
LONG_AFTER = date(2030, 1, 1)


def test_every_table_and_column_says_how_long_it_is_kept():
    """One list names every column there is, by rules that all have a task of the retention."""
    assert list(undeclared(Base.metadata)) == []
    assert {kept.rule for kept in KEPT.values()} == set(RULES)
    assert set(retention.TASKS) == set(RULES) - FOR_GOOD
    assert not [name for name, kept in KEPT.items() if kept.rule == "nobody" and kept.personal]
    for rule, task in retention.TASKS.items():
        declared = {name for name, kept in KEPT.items() if kept.rule == rule}
        assert declared & set(Base.metadata.tables) <= set(task.tables), rule


def test_a_table_that_nobody_thought_of_is_found():
    """A new table, a new column, and a plain column that leads to a person are all named."""
    planted = MetaData()
    Table("people", planted, Column("id", Integer, primary_key=True), Column("shoe", String))
    Table("gossip", planted, Column("about", ForeignKey("people.id")))
    Table("teams", planted, Column("id", Integer), Column("key", ForeignKey("people.id")))

    found = list(undeclared(planted))

    assert found == ["people.shoe", "gossip", "teams.key leads to a person"]


@pytest.mark.database
def test_nothing_that_tells_of_somebody_is_left_in_the_end(session, settings):
    """
    Of a person who left a row in every table, no table, file or note knows anything.

    Of an action that they owned, a former colleague is the owner; the collector has still to
    be told that there are no conversations any more.
    """
    _, wave = plant(session, settings)
    personal = [t for t in Base.metadata.sorted_tables if KEPT[t.name].personal]
    assert [table.name for table in personal if not rows_of(session, table)] == []

    removed = retaining.run(session, on(LONG_AFTER, settings))

    assert MARK.lower() not in everything(session).lower()
    for table in personal:
        if KEPT[table.name].rule != "actions" and table.name != "people":
            names = KEPT[table.name].personal.split()
            assert {row[c] for row in rows_of(session, table) for c in names} <= {None}, table.name
    assert list(Path(settings.key_folder).glob("*/*")) == []
    assert session.scalars(select(Action)).one().owner.name == FORMER
    assert threads.state_of(session, wave)["threads"] == []
    assert wave in threads.waves_with_conversations(session)
    assert threads.waits(session, wave)
    assert [entry.words for entry in removed] == [
        "who was eligible in “March”: one person",
        "who took a ballot of “March”: 4 leftovers",
        "results and comments of “March”",
        "name, address and teams of one person who left",
        "recipient and subject of one mail",
        "one answer of a customer",
        "one sign-in, link or counter that no longer works",
    ]


@pytest.mark.database
def test_everything_goes_on_its_day_and_not_before(session, settings):
    """Rosters and results go by the promise of their wave, the rest by the settings."""
    plant(session, settings)
    closed = CLOSED_AT.date()
    days = {
        "rosters": closed + timedelta(days=30),
        "mail": closed + timedelta(days=90),
        "results": date(2027, 3, 9),
        "people": LEFT_ON + timedelta(days=365),
        "customers": date(2028, 3, 9),
    }
    retaining.run(session, on(closed, settings))  # what no longer works, and leftovers

    for kind, day in days.items():
        assert retention.due(session, on(day - timedelta(days=1), settings)) == []
        (due,) = retention.due(session, on(day, settings))
        assert (due.kind, due.n, due.due_on) == (kind, 1, day)
        retaining.run(session, on(day, settings))


@pytest.mark.database
def test_customers_answers_stay_unless_a_setting_says_otherwise(session, settings):
    """Without a span for them they are kept, and answers that are in no sum yet always."""
    plant(session, settings)
    for_good = replace(SPANS, customer_answers_months=0)

    retaining.run(session, on(LONG_AFTER, settings, spans=for_good))
    response = session.scalars(select(CustomerResponse)).one()
    response.is_rolled_up = False
    session.commit()
    retaining.run(session, on(LONG_AFTER, settings))

    assert session.scalars(select(CustomerResponse)).one() is response


@pytest.mark.database
def test_a_run_that_broke_off_is_gone_on_with(session, settings, monkeypatch):
    """A portion is committed with its note: a kill loses nothing and counts nothing twice."""
    team = make_team(session)
    wave = make_released_wave(session, make_people(session, 7, team=team))
    session.commit()
    monkeypatch.setattr(wave_retention, "PORTION", 3)
    day = on(CLOSED_AT.date() + timedelta(days=30), settings)

    def pull_the_plug(holding: Holding, n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retaining.run(session, day, tell=pull_the_plug)
    session.rollback()
    session.expire_all()
    left = len(session.scalars(select(RosterEntry)).all())
    broken = session.scalars(select(RetentionRun)).one()
    noted, finished = [entry["n"] for entry in broken.removed], broken.finished_at
    portions: list[int] = []
    retaining.run(session, day, tell=lambda holding, n: portions.append(n))

    assert (left, noted, finished, portions) == (4, [3], None, [3, 1])
    run = session.scalars(select(RetentionRun)).one()
    assert run.removed == [{"kind": "rosters", "of": wave.title, "due_on": "2026-04-08", "n": 7}]
    assert run.finished_at is not None


@pytest.mark.database
def test_who_works_here_stays_and_a_former_colleague_goes_with_the_last_mention(session, settings):
    """Somebody on a roster that is still kept loses the name now and the row with the roster."""
    team = make_team(session)
    ada, bo = (make_person(session, name, team=team) for name in ("Ada", "Bo"))
    ada.ended_on = date(2025, 3, 1)
    make_released_wave(session, [ada, bo])
    session.execute(delete(ThreadMessage))
    session.execute(delete(AnswerDraft))
    session.commit()
    before_rosters = CLOSED_AT.date() + timedelta(days=20)

    retaining.run(session, on(before_rosters, settings))
    (row,) = session.scalars(select(Person).where(Person.id == ada.id))
    told = (row.name, row.email, row.started_on, row.ended_on, row.memberships, row.grants)
    retaining.run(session, on(before_rosters + timedelta(days=10), settings))

    assert told == (FORMER, None, before_rosters, before_rosters, [], [])
    assert [person.name for person in session.scalars(select(Person))] == ["Bo"]
    assert bo.memberships


def test_a_month_later_is_the_last_day_of_a_shorter_month():
    """Months are counted on the calendar."""
    assert months_after(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_after(date(2026, 12, 31), 12) == date(2027, 12, 31)
    assert months_after(date(2026, 3, 31), -1) == date(2026, 2, 28)


@pytest.mark.database
def test_the_pages_of_the_database_hold_no_more_of_it(session, settings):
    """What was deleted is overwritten: the name is in no byte of the database's files."""
    if make_url(settings.database_url).get_backend_name() != "sqlite":
        pytest.skip(
            "Files are read here for SQLite only; tests/attack/test_linkage.py reads others."
        )
    plant(session, settings)
    file = Path(str(make_url(settings.database_url).database))
    files = [file, file.with_name(f"{file.name}-wal")]
    assert any(MARK.encode() in path.read_bytes() for path in files)

    retaining.run(session, on(LONG_AFTER, settings))

    assert not [path for path in files if MARK.encode() in path.read_bytes()]


@pytest.mark.database
def test_the_tick_removes_what_is_due_once_a_day(run, session, settings, monkeypatch):
    """The first tick of a day looks; with 0 days it never does."""
    team = make_team(session)
    make_released_wave(session, make_people(session, 2, team=team))
    looks = []
    monkeypatch.setattr(retaining, "run", lambda *words: looks.append(words) or real(*words))
    day = datetime(2026, 4, 8, 8, 0, tzinfo=UTC)

    run(now=day, retention_every_days=0)
    first = run(now=day)
    run(now=day + timedelta(hours=15))
    assert len(looks) == 1
    run(now=day + timedelta(hours=16))

    assert "Removed what was past its time: who was eligible in “March”: 2 people." in first.done
    assert first.failed == ()
    assert len(looks) == 2
    assert len(session.scalars(select(RetentionRun)).all()) == 2  # the empty one is the last


real = retaining.run
