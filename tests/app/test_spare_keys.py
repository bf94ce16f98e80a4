"""Keys of large waves are made beforehand, and none is left of an attempt that came to nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import handover
from app.cli.wave import wave as command
from app.services import openings, spare_keys, waves
from app.services.errors import Conflict
from surveys.lifecycle import State
from tests.app.conftest import Visitor
from tests.app.pulse import (
    ADDRESS,
    INSTALLATION,
    client_of,
    make_collector,
    make_draft,
    make_organisation,
    prepare_wave,
)
from tests.factories import make_staff

pytestmark = pytest.mark.database

TODAY = datetime.now(UTC).date()
WEEK = timedelta(days=7)
GONE = "w-0123456789"


@pytest.fixture
def large(monkeypatch):
    """Three groups are a large wave here, and a tick makes two keys."""
    monkeypatch.setattr(spare_keys, "AT_ONCE", 0)
    monkeypatch.setattr(spare_keys, "PORTION", 2)


@pytest.fixture
def client(tmp_path):
    return client_of(make_collector(tmp_path / "collector"))


@pytest.fixture
def wave(session):
    """A draft of three groups that answer by ballot."""
    make_organisation(session, {"North": 12, "South": 9, "West": 8})
    return make_draft(session, opens_on=TODAY, closes_on=TODAY + WEEK, rights="ballots")


@pytest.fixture
def hr(app, session, visitor, client) -> Visitor:
    app.extensions["collector"] = client
    return visitor.sign_in(make_staff(session, "hr"))


def kept(settings) -> set[str]:
    """Name the folders of keys that hold anything."""
    return {path.parent.name for path in Path(settings.key_folder).glob("*/*")}


@pytest.mark.usefixtures("large")
def test_a_large_wave_opens_once_its_keys_are_made(session, hr, wave, run, keys, settings):
    """The page tells how far it is and offers no button; a press all the same changes nothing."""
    before = wave.key
    page = hr.get(f"/waves/{wave.id}/open")
    assert "The keys are being made: 0 of 3" in page.text
    refused = hr.post(f"/waves/{wave.id}/open", status=409)
    assert "still being made: 0 of 3. Nothing was changed" in refused.text

    first = run(now=datetime.now(UTC))
    assert "Made 2 spare keys." in first.done
    assert "The keys are being made: 2 of 3" in hr.get(f"/waves/{wave.id}/open").text
    session.refresh(wave)
    assert (wave.key, wave.state) == (before, State.DRAFT)
    assert "Made 1 spare key." in run(now=datetime.now(UTC)).done
    assert not [line for line in run(now=datetime.now(UTC)).done if "key" in line]

    hr.follow(f"/waves/{wave.id}/open")

    session.refresh(wave)
    assert wave.state is State.OPEN
    assert keys.count_spares() == 0
    assert kept(settings) == {wave.key}


def test_spare_keys_go_when_no_wave_can_need_them(session, wave, run, keys, settings):
    """Small waves have none beforehand, and a wave that is given up leaves none."""
    keys.make_spare()

    assert run().failed == ()

    assert keys.count_spares() == 0
    assert kept(settings) == set()


@pytest.mark.usefixtures("large")
def test_the_command_makes_the_keys_itself(session, wave, settings, monkeypatch, tmp_path, keys):
    """Nobody waits for a worker at a terminal; keys made before an interruption are used."""
    keys.make_spare()
    for name, value in {
        "SECRET_KEY": settings.secret_key,
        "DATABASE_URL": settings.database_url,
        "KEY_FOLDER": settings.key_folder,
        "COLLECTOR_URL": ADDRESS,
        "ORGANISATION": "Tidewater",
    }.items():
        monkeypatch.setenv(f"HEADWATER_{name}", value)
    session.commit()

    result = CliRunner().invoke(command, ["prepare", str(wave.id), "--out", str(tmp_path / "p")])

    session.refresh(wave)
    assert result.exit_code == 0, result.output
    assert "Making keys" in result.output
    assert wave.state is State.PREPARED
    assert keys.count_spares() == 0
    assert len([path for path in Path(settings.key_folder, wave.key).iterdir()]) == 3


class Overtaken:
    """A collector during whose reply somebody else begins to prepare the same wave."""

    def __init__(self, inner, overtake):
        self.inner, self.overtake, self.cancelled = inner, overtake, []

    def prepare(self, plan):
        reply = self.inner.prepare(plan)
        self.overtake()
        return reply

    def cancel(self, key):
        self.cancelled.append(key)
        self.inner.cancel(key)


def test_an_attempt_that_was_overtaken_leaves_no_keys(app, session, wave, client, keys, settings):
    """Of two who prepare at once one wins; the other's keys and plan are void everywhere."""
    tried = []

    def overtake():
        with app.extensions["sessions"]() as other:
            same = waves.find(other, wave.id)
            tried.append(same.key)
            same_key = openings.begin_preparing(other, same, collector=client, keys=keys)
            other.commit()
            tried.append(same_key)
            keys.make(tried[0], "g99")  # as if still at it

    collector = Overtaken(client, overtake)
    with pytest.raises(Conflict, match="Somebody else"):
        prepare_wave(session, wave, collector, keys=keys)

    session.refresh(wave)
    assert wave.key == tried[1]
    assert collector.cancelled == [tried[0]]
    assert kept(settings) == set()
    prepare_wave(session, wave, client, keys=keys)
    handover.open_wave(
        session,
        wave.id,
        collector=client,
        installation=INSTALLATION,
        now=datetime.now(UTC),
    )
    assert kept(settings) == {wave.key}


def test_tidying_destroys_keys_of_no_wave(session, wave, run, client, keys, settings):
    """A day later, and only where nothing was signed: this could be the wrong database."""
    prepare_wave(session, wave, client, keys=keys)
    for lost in (GONE, "w-new", "w-signed"):
        keys.make(lost, "g01")
    keys.journal("w-signed", "g01").note(7, "ab" * 32)
    now = datetime.now(UTC)
    for name in (GONE, wave.key):
        day_ago = (now - timedelta(hours=25)).timestamp()
        os.utime(Path(settings.key_folder, name), (day_ago, day_ago))

    assert run(now=now).failed == ()

    assert kept(settings) == {wave.key, "w-new", "w-signed"}
