"""``headwater wave``: the same deeds from a terminal, over HTTP or by file."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app.cli.wave import wave as command
from app.models import Wave
from app.services import survey_versions
from collector.store import Store
from surveys.documents import canonical
from surveys.lifecycle import State
from tests.app.pulse import make_draft, make_organisation

pytestmark = pytest.mark.database

TODAY = datetime.now(UTC).date()


@pytest.fixture
def run(monkeypatch, session, settings):
    """Run the command on the test's database; returns exit code and output."""
    monkeypatch.setenv("HEADWATER_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("HEADWATER_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("HEADWATER_ORGANISATION", "Tidewater")
    # Nobody listens there, and no test should wait for it.
    monkeypatch.setenv("HEADWATER_COLLECTOR_EXCHANGE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HEADWATER_COLLECTOR_TOKEN", "an installation token for tests")

    def run(*arguments: object) -> tuple[int, str]:
        session.commit()
        result = CliRunner().invoke(command, [str(argument) for argument in arguments])
        session.expire_all()
        return result.exit_code, result.output

    return run


@pytest.fixture
def wave(session):
    make_organisation(session, {"North": 12, "East": 3, "West": 5})
    return make_draft(session, opens_on=TODAY, closes_on=TODAY)


def test_a_wave_is_planned_and_listed(session, run):
    """The plan names a questionnaire by its id."""
    version = survey_versions.copy_bundled(session, "monthly_pulse", now=datetime.now(UTC))

    code, text = run("create", "--title", "May pulse", "--survey", version.id)

    wave = session.scalars(select(Wave)).one()
    assert (code, text) == (0, f"Wave {wave.id} is planned: May pulse.\n")
    assert (wave.profile, wave.state) == ("default", State.DRAFT)
    assert "draft" in run("list")[1]


def test_groups_are_shown_before_and_after_the_opening(run, wave, tmp_path):
    """The same lines, first as they would be, then as they are."""
    before = run("groups", wave.id)[1]
    run("open", wave.id, "--letters", tmp_path / "l.pdf", "--out", tmp_path / "o.json")

    assert before == "     8  East + West (East, West)\n    12  North\n"
    assert run("groups", wave.id)[1] == before


def test_a_wave_by_file_from_opening_to_release(run, wave, tmp_path):
    """Opening and release travel as files; the release may be handed in twice."""
    opening, letters = tmp_path / "opening.json", tmp_path / "letters.pdf"
    code, _ = run("open", wave.id, "--out", opening, "--letters", letters)
    assert (code, wave.state) == (0, State.OPEN)
    assert letters.read_bytes().startswith(b"%PDF")
    assert letters.stat().st_mode & 0o077 == 0
    store = Store(tmp_path / "collector")
    store.open_wave(json.loads(opening.read_bytes()))
    release = tmp_path / "release.json"
    release.write_bytes(store.close(wave.key, on=TODAY))

    code, text = run("close", wave.id, "--result", release)

    assert (code, wave.state) == (0, State.RELEASED)
    key, digest = re.search(
        "headwater-collector acknowledge (w-[0-9a-f]+) (.{64})\n", text
    ).groups()
    store.acknowledge(key, digest)
    assert run("close", wave.id, "--result", release)[0] == 0


def test_a_different_release_is_refused_in_one_sentence(run, wave, tmp_path):
    """Exit code 1, and the wave keeps what it has."""
    opening, release = tmp_path / "opening.json", tmp_path / "release.json"
    run("open", wave.id, "--out", opening, "--letters", tmp_path / "l.pdf")
    store = Store(tmp_path / "collector")
    store.open_wave(json.loads(opening.read_bytes()))
    document = json.loads(store.close(wave.key, on=TODAY))
    release.write_bytes(canonical(document))
    run("close", wave.id, "--result", release)
    release.write_bytes(canonical({**document, "closed_on": "2020-01-01"}))

    code, text = run("close", wave.id, "--result", release)

    assert code == 1
    assert text == "Error: This wave has another release already; it stays as it is.\n"


def test_letters_are_never_written_over(run, wave, tmp_path):
    """A file that is there already stops the opening before it begins."""
    letters = tmp_path / "letters.pdf"
    letters.write_text("mine")

    code, text = run("open", wave.id, "--letters", letters, "--out", tmp_path / "o.json")

    assert (code, wave.state, letters.read_text()) == (1, State.DRAFT, "mine")
    assert "is there already" in text


def test_a_collector_that_is_down_leaves_a_draft_and_no_file(run, wave, tmp_path):
    """One sentence, exit code 1, and no letters lie about."""
    letters = tmp_path / "letters.pdf"

    code, text = run("open", wave.id, "--letters", letters)

    assert (code, wave.state, letters.exists()) == (1, State.DRAFT, False)
    assert "could not be reached at http://127.0.0.1:9; nothing was changed" in text


def test_letters_that_cannot_be_typeset_leave_a_draft(run, wave, tmp_path, monkeypatch):
    """Without letters a wave could not be answered, so it does not open."""
    monkeypatch.setattr("app.printing.sys.executable", "/bin/false")

    code, _ = run(
        "open", wave.id, "--letters", tmp_path / "letters.pdf", "--out", tmp_path / "o.json"
    )

    assert (code, wave.state) == (1, State.DRAFT)
    assert list(tmp_path.glob("*.pdf")) + list(tmp_path.glob("o.json")) == []


def test_cancelling_asks_first(run, wave):
    """Without a yes nothing happens."""
    assert run("cancel", wave.id)[0] == 1
    assert wave.state is State.DRAFT

    assert run("cancel", wave.id, "--yes")[0] == 0
    assert wave.state is State.CANCELLED
