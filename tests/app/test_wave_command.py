"""``headwater wave``: the same deeds from a terminal, over HTTP or by file."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app import exchange
from app.cli.wave import wave as command
from app.guardian.keys import new_guardian
from app.guardian.signing import fill_count_key, signed_document
from app.models import OutboxMail, Person, Wave
from app.services import survey_versions
from collector.cli import commands as collector_commands
from surveys.documents import canonical
from surveys.encoding import encode
from surveys.errors import SurveyError
from surveys.lifecycle import State
from tests.app.pulse import (
    client_of,
    make_collector,
    make_draft,
    make_organisation,
    people_on,
    redeem,
    take_ballot,
)

pytestmark = pytest.mark.database

TODAY = datetime.now(UTC).date()


@pytest.fixture
def run(monkeypatch, session, settings):
    """Run the command on the test's database; returns exit code and output."""
    monkeypatch.setenv("HEADWATER_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("HEADWATER_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("HEADWATER_ORGANISATION", "Tidewater")
    monkeypatch.setenv("HEADWATER_KEY_FOLDER", settings.key_folder)
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
def files(tmp_path, monkeypatch) -> Path:
    """The folder in which somebody sits at the terminal; the collector's lies beside it."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HEADWATER_COLLECTOR_STORE", str(tmp_path / "collector"))
    monkeypatch.setenv("HEADWATER_COLLECTOR_KEYS", str(tmp_path / "collector keys"))
    return folder


@pytest.fixture
def typed(run, files):
    """Type what a command has printed, whichever of the two programs it is for."""

    def typed(line: str) -> tuple[int, str]:
        program, *arguments = shlex.split(line)
        if program == "headwater":
            return run(*arguments[1:])
        result = CliRunner().invoke(collector_commands, arguments)
        if isinstance(result.exception, SurveyError):
            return 1, str(result.exception)
        return result.exit_code, result.output

    return typed


def next_lines(text: str) -> list[str]:
    """Find the lines to type in what a command has printed."""
    return re.findall("headwater(?:-collector)? (?!wave notice).*", text)


def type_on(typed, text: str) -> list[str]:
    """Type every line that a command printed, and those that they print; return them."""
    passed = []
    while lines := next_lines(text):
        for line in lines:
            code, text = typed(line)
            assert code == 0, (line, text)
            passed.append(" ".join(shlex.split(line)[:3]))
    return passed


@pytest.fixture
def wave(session):
    make_organisation(session, {"North": 12, "East": 3, "West": 5})
    return make_draft(session, opens_on=TODAY, closes_on=TODAY)


@pytest.fixture
def by_ballot(session, wave):
    """The same people, who all have accounts, in a wave by ballot."""
    wave.rights = "ballots"
    return wave


def test_a_wave_is_planned_and_listed(session, run):
    """The plan names a questionnaire by its id."""
    version = survey_versions.copy_bundled(session, "monthly_pulse", now=datetime.now(UTC))

    code, text = run("create", "--title", "May pulse", "--survey", version.id)

    wave = session.scalars(select(Wave)).one()
    assert (code, text.splitlines()[0]) == (0, f"Wave {wave.id} is planned: May pulse.")
    assert f"headwater wave promise {wave.id}" in text
    assert (wave.profile, wave.state) == ("default", State.DRAFT)
    assert "draft" in run("list")[1]


def test_groups_are_shown_before_and_after_the_opening(run, wave, files):
    """The same lines, first as they would be, then as they are."""
    before = run("groups", wave.id)[1]
    run("prepare", wave.id, "--out", "plan.json")

    assert before == ("     8  letter  East + West (East, West)\n    12  letter  North\n")
    assert run("groups", wave.id)[1] == before


def test_a_wave_by_file_from_the_plan_to_the_release(session, run, typed, wave, files, keys):
    """Whoever types each line that the last command printed gets there, letters and ballots."""
    wave.rights = "ballots"
    for person in session.scalars(select(Person).where(Person.name.startswith("North"))):
        person.email = None
    code, text = run("prepare", wave.id, "--out", "plan.json")
    assert (code, wave.state, wave.manifest) == (0, State.PREPARED, None)
    passed = type_on(typed, text)
    assert (files / "letters.pdf").read_bytes().startswith(b"%PDF")
    assert (files / "letters.pdf").stat().st_mode & 0o077 == 0
    assert collector_answers(session, wave, files, keys) == 7

    passed += type_on(typed, run("close", wave.id, "--by-file")[1])

    assert wave.state is State.RELEASED
    assert json.loads(wave.release.document)["n_responses"] == 7
    assert [line.partition(" w-")[0] for line in passed] == [
        "headwater-collector prepare plan.json",
        "headwater wave manifest",
        "headwater wave open",
        "headwater-collector load opening.json",
        "headwater wave invite",
        "headwater-collector close",
        "headwater wave close",
        "headwater-collector acknowledge",
    ]


def collector_answers(session, wave, files, keys) -> int:
    """Let people answer by ballot at the collector whose store lies beside the files."""
    collector = make_collector(files.parent / "collector")
    n = 0
    for person in people_on(session, wave):
        if person.email and n < 7:
            ballot = take_ballot(session, wave, person, keys=keys, today=TODAY)
            assert redeem(collector, wave, ballot) == 200
            n += 1
    return n


@pytest.mark.parametrize("holds", [False, True], ids=["collector holds", "guardian holds"])
def test_by_file_with_a_guardian(
    session, run, typed, by_ballot, files, keys, monkeypatch, tmp_path, holds
):
    """The manifest goes to the guardian and comes back; the count key goes to the collector."""
    guardian = new_guardian("Works council", holds_count_key=holds)
    (tmp_path / "guardian.json").write_bytes(canonical(guardian.public()))
    monkeypatch.setenv("HEADWATER_GUARDIAN_FILE", str(tmp_path / "guardian.json"))
    run("prepare", by_ballot.id, "--out", "plan.json")
    typed("headwater-collector prepare plan.json --out keys.json")
    code, text = run("manifest", by_ballot.id, "--keys", "keys.json", "--out", "manifest.json")
    assert "Works council: headwater guardian sign manifest.json" in text
    refused = run("open", by_ballot.id, "--out", "opening.json")
    assert (refused[0], (files / "opening.json").exists()) == (1, False)
    assert "Works council has still to sign" in refused[1]
    manifest = fill_count_key((files / "manifest.json").read_text(), guardian)
    (files / "signed.json").write_bytes(signed_document(manifest, guardian))

    code, text = run("open", by_ballot.id, "--signed", "signed.json", "--out", "opening.json")

    assert (code, by_ballot.state) == (0, State.OPEN)
    assert typed("headwater-collector load opening.json")[0] == 0
    # Nobody is sent to a collector that does not know the wave yet.
    assert session.scalars(select(OutboxMail)).all() == []
    assert run("invite", by_ballot.id)[1].startswith("Wrote 20 mails")
    assert run("invite", by_ballot.id)[0] == 1
    assert len(session.scalars(select(OutboxMail)).all()) == 20
    assert collector_answers(session, by_ballot, files, keys) == 7
    _, text = run("close", by_ballot.id, "--by-file")
    (*of_guardian, at_collector, here) = next_lines(text)
    assert ("--count-key count-key" in at_collector) == holds
    assert [line.split(" --")[0] for line in of_guardian] == (
        ["headwater guardian open signed.json"] if holds else []
    )
    (files / "count-key").write_text(encode(guardian.count_key(by_ballot.key)))
    assert typed(at_collector)[0] == 0
    assert typed(here)[0] == 0
    assert by_ballot.state is State.RELEASED


def test_over_http_one_command_prepares_and_opens(session, run, by_ballot, tmp_path, monkeypatch):
    """Where nobody signs, opening is one line, and with ballots there is nothing to print."""
    client = client_of(make_collector(tmp_path / "collector"))
    monkeypatch.setattr(exchange, "for_settings", lambda settings: client)

    code, text = run("open", by_ballot.id)

    assert (code, by_ballot.state) == (0, State.OPEN)
    assert text == (
        f"Wave {by_ballot.id} is open.\n"
        f"For the board: headwater wave notice {by_ballot.id} --out notice.pdf\n"
    )


def test_the_notice_is_a_pdf_with_the_fingerprint(run, by_ballot, tmp_path, files, monkeypatch):
    """It is written from the opening on; before there is nothing to compare."""
    client = client_of(make_collector(tmp_path / "collector"))
    monkeypatch.setattr(exchange, "for_settings", lambda settings: client)
    assert run("notice", by_ballot.id, "--out", "notice.pdf")[0] == 1
    assert not (files / "notice.pdf").exists()
    run("open", by_ballot.id)

    code, _ = run("notice", by_ballot.id, "--out", "notice.pdf")

    assert code == 0
    assert (files / "notice.pdf").read_bytes().startswith(b"%PDF")


def test_preparing_again_by_file_names_the_attempt_that_is_void(run, wave, files):
    """The application cannot tell the collector itself."""
    assert "earlier plan" not in run("prepare", wave.id, "--out", "plan.json")[1]
    key = wave.key

    _, text = run("prepare", wave.id, "--out", "another.json")

    assert f"If the collector has the earlier plan, cancel {key} there." in text


def test_a_prepared_wave_can_be_taken_back(run, wave, files):
    """Its plan can be changed again, and the line for the collector is printed."""
    run("prepare", wave.id, "--out", "plan.json")
    key = wave.key

    code, text = run("replan", wave.id, "--by-file")

    assert (code, wave.state) == (0, State.DRAFT)
    assert f"headwater-collector cancel {key}" in text


def test_a_different_release_is_refused_in_one_sentence(run, typed, wave, files):
    """Exit code 1, and the wave keeps what it has."""
    run("prepare", wave.id, "--out", "plan.json")
    typed("headwater-collector prepare plan.json --out keys.json")
    run("manifest", wave.id, "--keys", "keys.json", "--out", "manifest.json")
    run("open", wave.id, "--letters", "l.pdf", "--out", "opening.json")
    typed("headwater-collector load opening.json")
    run("close", wave.id, "--by-file")
    typed(f"headwater-collector close {wave.key} --issued issued.json --out release.json")
    run("close", wave.id, "--result", "release.json")
    release = files / "release.json"
    document = json.loads(release.read_bytes())
    release.write_bytes(canonical({**document, "closed_on": "2020-01-01"}))

    code, text = run("close", wave.id, "--result", release)

    assert code == 1
    assert text == "Error: This wave has another release already; it stays as it is.\n"


def test_letters_are_never_written_over(run, wave, tmp_path):
    """A file that is there already stops the opening before it begins."""
    letters = tmp_path / "letters.pdf"
    letters.write_text("mine")

    code, text = run("open", wave.id, "--letters", letters)

    assert (code, wave.state, letters.read_text()) == (1, State.DRAFT, "mine")
    assert "is there already" in text


def test_letters_need_a_file(run, wave, tmp_path, monkeypatch):
    """Without one they would be lost, so the wave does not open."""
    client = client_of(make_collector(tmp_path / "collector"))
    monkeypatch.setattr(exchange, "for_settings", lambda settings: client)

    code, text = run("open", wave.id)

    assert (code, wave.state) == (1, State.PREPARED)
    assert "20 letters to print: say where, with --letters" in text


def test_a_collector_that_is_down_leaves_a_draft_and_no_file(run, wave, tmp_path):
    """One sentence, exit code 1, and no letters lie about."""
    letters = tmp_path / "letters.pdf"

    code, text = run("open", wave.id, "--letters", letters)

    assert (code, wave.state, letters.exists()) == (1, State.DRAFT, False)
    assert "could not be reached at http://127.0.0.1:9; nothing was changed" in text


def test_letters_that_cannot_be_typeset_leave_the_wave_closed(
    run, wave, tmp_path, files, monkeypatch
):
    """Without letters a wave could not be answered, so it does not open."""
    client = client_of(make_collector(tmp_path / "collector"))
    monkeypatch.setattr(exchange, "for_settings", lambda settings: client)
    monkeypatch.setattr("app.printing.sys.executable", "/bin/false")

    code, _ = run("open", wave.id, "--letters", "letters.pdf")

    assert (code, wave.state) == (1, State.PREPARED)
    assert list(files.iterdir()) == []


def test_cancelling_asks_first(run, wave):
    """Without a yes nothing happens."""
    assert run("cancel", wave.id)[0] == 1
    assert wave.state is State.DRAFT

    assert run("cancel", wave.id, "--yes")[0] == 0
    assert wave.state is State.CANCELLED
