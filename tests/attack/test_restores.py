"""
D-4 and clocks: a backup that is brought back gives nobody a second ballot or a second answer.

In the middle of a wave the application's database, or the collector's store, is replaced by
an older copy.  The journal beside the signing keys knows who has a ballot; whoever sends
their answers again is kept once, and the acknowledgement is the same as before.  An
application that trusts its database alone must be caught.
"""

from __future__ import annotations

import json
import secrets
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import app.ballot.views
from app.issuance_journal import IssuanceJournal
from app.models import Wave
from collector import anon, program
from surveys.lifecycle import State
from tests.attack.line import Employee, Line, line

pytestmark = [pytest.mark.attack, pytest.mark.usefixtures("hasty")]

FIELDS, OTHERS = {"tools": ["4"]}, {"tools": ["1"]}


@pytest.fixture
def played(tmp_path, new_database):
    """Both programs; the database is a file of its own, so that it can be exchanged."""
    url = new_database(tmp_path / "line")
    if not url.startswith("sqlite"):
        pytest.skip("A backup of PostgreSQL is brought back by its own tools.")
    with line(tmp_path / "line", url) as played:
        yield played


def back_up(played: Line) -> Path:
    """Copy the application's database as it is now."""
    return Path(shutil.copytree(played.folder, played.folder.with_name("backup")))


def restore_database(played: Line, backup: Path) -> None:
    """Bring an older database back, as an operator does: stop, replace, start."""
    played.app.extensions["sessions"].kw["bind"].dispose()
    for end in ("-wal", "-shm", ""):
        (played.folder / f"headwater.db{end}").unlink(missing_ok=True)
        if (kept := backup / f"headwater.db{end}").exists():
            shutil.copy(kept, played.folder)


def restore_store(played: Line, backup: Path) -> None:
    """Bring an older store of the collector back; its keys are in no backup and stay."""
    store = played.folder / "collector" / "store"
    shutil.rmtree(store)
    shutil.copytree(backup / "collector" / "store", store)
    played.collector = program.create_collector(played.collector_settings)


def second_ballots(played: Line) -> tuple[list[int], list[int], Line]:
    """Bring back a database that knows of no ballot; give what other and same seeds get."""
    people = played.open([10])
    assert played.take(people[9]).status_code == 200
    backup = back_up(played)
    for person in people[:5]:
        assert played.take(person).status_code == 200
    restore_database(played, backup)
    other = [played.take(p, seed=secrets.token_bytes(32)).status_code for p in people[:5]]
    return other, [played.take(person).status_code for person in people], played


def test_an_older_database_gives_nobody_a_second_ballot(played):
    """The journal refuses a second ballot and gives the first again; the counts are right."""
    other, same, _ = second_ballots(played)

    assert other == [409] * 5
    assert same == [200] * 10


def test_the_restore_finds_an_application_without_a_journal(played, monkeypatch):
    """With the database alone, whoever took a ballot before takes another."""
    monkeypatch.setattr(IssuanceJournal, "note", lambda journal, person, digest: digest)
    monkeypatch.setattr(IssuanceJournal, "read", lambda journal: {})

    other, _, _ = second_ballots(played)

    assert other == [200] * 5


def test_ballots_that_a_restore_forgot_are_counted_all_the_same(played):
    """What the collector is told at the closing counts those of whom only the journal knows."""
    people = played.open([10])
    backup = back_up(played)
    for person in people[:7]:
        assert played.take(person).status_code == 200
    for person in people[:5]:
        assert played.answer(person, FIELDS).status_code == 200
    restore_database(played, backup)

    assert played.close() is State.RELEASED

    closed = json.loads(
        (played.folder / "collector" / "store" / played.wave / "closed.json").read_bytes()
    )
    assert [cell["issued"] for cell in closed["cells"]] == [{"exact": 7}]


def test_a_database_from_before_the_closing_signs_nothing(played):
    """Once the keys are destroyed, a database that still says "open" can sign no ballot."""
    people = played.open([10])
    answered(played, people[:6])
    backup = back_up(played)
    assert played.close() is State.RELEASED
    restore_database(played, backup)

    statuses = [played.take(person).status_code for person in (people[0], people[9])]

    assert statuses == [503, 503]
    assert not [path for path in played.keys_at.rglob("*.key")]


def answered(played: Line, people: list[Employee]) -> list[bytes]:
    """Take ballots, answer, and give what each got back."""
    replies = []
    for person in people:
        assert played.take(person).status_code == 200
        response = played.answer(person, FIELDS)
        assert response.status_code == 200
        replies.append(response.data)
    return replies


def test_an_older_store_takes_the_same_again_and_nothing_twice(played):
    """Who sends the same again is kept once; who sends other answers is kept once too."""
    people = played.open([12])
    early = answered(played, people[:4])
    backup = back_up(played)
    late = answered(played, people[4:10])
    restore_store(played, backup)

    changed = played.send(played.form(people[4].ballot, OTHERS))
    again = [played.answer(person, FIELDS) for person in people[:10]]

    assert changed.status_code == 200
    assert [response.status_code for response in again] == [200] * 4 + [409] + [200] * 5
    assert [r.data for r in again if r.status_code == 200] == early + late[1:]
    assert played.send(played.form(people[0].ballot, OTHERS)).status_code == 409
    assert played.close() is State.RELEASED
    release = release_of(played)
    assert release["n_responses"] == 10


def release_of(played: Line) -> dict:
    with played.session() as session:
        wave = session.get(Wave, played.wave_id)
        return json.loads(wave.release.document)


def clock(days: int) -> type[datetime]:
    """Make a clock that stands wrong by so many days."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=days)

    return Wrong


def test_a_clock_that_jumps_costs_nobody_their_ballot_or_answer(played, monkeypatch):
    """Years back or ahead nothing is acknowledged that was not kept; then all goes on."""
    people = played.open([8])
    one, two = people[:2]
    assert played.take(one).status_code == 200
    with monkeypatch.context() as patch:
        patch.setattr(anon, "datetime", clock(-4_000))
        patch.setattr(app.ballot.views, "datetime", clock(4_000))
        assert played.answer(one, FIELDS).status_code == 409
        assert played.take(two).status_code == 410
    first = played.answer(one, FIELDS)
    with monkeypatch.context() as patch:
        patch.setattr(anon, "datetime", clock(4_000))
        ahead = played.answer(one, FIELDS)

    assert (first.status_code, ahead.data) == (200, first.data)
    assert played.take(two).status_code == 200
