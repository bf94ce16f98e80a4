"""The promise of a wave: written by HR while it is a draft, part of the manifest after that."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy.exc import IntegrityError

from app.cli import main
from app.models import Wave
from app.protection.archive import pack_of
from app.protection.facts import facts_of
from app.services import openings, promises, waves
from app.services.errors import Conflict
from surveys.manifests import read_manifest
from tests.app.pulse import client_of, make_collector, make_draft, make_organisation, prepare_wave
from tests.factories import make_staff, make_wave
from tests.promises import PROMISE

pytestmark = pytest.mark.database

TODAY = datetime.now(UTC).date()
TYPED = {
    "purposes": "To find out what helps.\r\n\r\n To change it. ",
    "readers": "HR reads all figures.",
    "contact": "Works council, room 12",
    "keep_rosters_days": "60",
    "keep_results_months": "24",
}


@pytest.fixture
def hr(app, session, visitor, tmp_path):
    app.extensions["collector"] = client_of(make_collector(tmp_path / "collector"))
    make_organisation(session, {"North": 12, "South": 9})
    return visitor.sign_in(make_staff(session, "hr"))


def test_hr_writes_the_promise_before_anything_else_goes_on(session, hr):
    """The wave leads there, cannot open without it, and shows it as everybody will read it."""
    wave = make_draft(session, opens_on=TODAY, closes_on=TODAY + timedelta(days=7))
    wave.promise = None
    session.commit()
    assert "write the promise" in hr.get(f"/waves/{wave.id}").main.text
    assert "The promise is still missing" in hr.get(f"/waves/{wave.id}/open").main.text
    assert hr.post(f"/waves/{wave.id}/open", {}, status=409).main.text.count("no promise yet")
    session.refresh(wave)
    assert waves.is_untold(wave.key)

    form = hr.get(f"/waves/{wave.id}/promise")
    assert "what helps or hinders" in form.select_one("#purposes").text
    wrong = hr.post(f"/waves/{wave.id}/promise", {**TYPED, "contact": " "}, status=200)
    assert wrong.select_one("#contact-error").text.startswith("Say whom people can ask")
    page = hr.follow(f"/waves/{wave.id}/promise", TYPED)

    session.refresh(wave)
    assert wave.promise["purposes"] == "To find out what helps.\nTo change it."
    assert "60 days after the closing" in page.main.text
    assert "Open the wave" in hr.get(f"/waves/{wave.id}/open").main.text


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("keep_rosters_days", "0", "from 1 to 400"),
        ("keep_rosters_days", "", "from 1 to 400"),
        ("keep_results_months", "121", "from 1 to 120"),
        ("readers", "\u202eHR", "letters, digits"),
        ("purposes", "x" * 601, "at most 600"),
    ],
)
def test_wrong_input_comes_back_with_a_sentence(session, hr, name, typed, sentence):
    """Everything typed stays, and the field says what would do."""
    wave = make_wave(session, promise=None)
    session.commit()

    page = hr.post(f"/waves/{wave.id}/promise", {**TYPED, name: typed}, status=200)

    assert sentence in page.select_one(f"#{name}-error").text
    assert page.select_one("#contact").text.strip() == "Works council, room 12"
    assert session.get(Wave, wave.id).promise is None


def test_the_next_promise_begins_with_the_last(session, hr):
    """HR reads it once more instead of typing it again."""
    make_wave(session)
    fresh = make_wave(session, promise=None)
    session.commit()

    page = hr.get(f"/waves/{fresh.id}/promise")

    assert "This is what was promised last" in page.main.text
    assert page.select_one("#readers").text.strip() == PROMISE.readers


def test_a_promise_is_fixed_from_preparing_on(session, hr, tmp_path, keys):
    """It stands in the manifest word for word; page, service and a bare write change nothing."""
    wave = make_draft(session)
    client = client_of(make_collector(tmp_path / "another collector"))
    prepare_wave(session, wave, client, keys=keys)

    assert read_manifest(wave.manifest)["promise"] == PROMISE.to_dict()
    hr.get(f"/waves/{wave.id}/promise", 409)
    hr.post(f"/waves/{wave.id}/promise", TYPED, status=409)
    with pytest.raises(Conflict, match="Go back to the plan first"):
        promises.write_promise(wave, PROMISE)

    signed = json.loads(wave.manifest)
    signed["promise"]["keep_results_months"] = 120
    assert not openings._is_own_manifest(signed, json.loads(wave.manifest))


def test_no_manifest_without_a_promise(session):
    """The database holds it too."""
    with pytest.raises(IntegrityError):
        make_wave(session, promise=None, manifest="{}", manifest_sha256="0")


def test_the_command_writes_and_shows_the_promise(session, settings, tmp_path):
    """Only what is given changes; an open wave refuses; limits are told in one sentence."""
    draft, told = make_wave(session, promise=None), make_wave(session, opened_at=datetime.now(UTC))
    session.commit()

    def run(*arguments: str) -> str:
        result = CliRunner(env=settings.to_env({})).invoke(main, ["wave", "promise", *arguments])
        return result.output

    written = run(str(draft.id), "--contact", "Anna, room 3", "--keep-rosters-days", "1")

    session.refresh(draft)
    assert draft.promise == {
        **PROMISE.to_dict(), "contact": "Anna, room 3", "keep_rosters_days": 1,
    }  # fmt: skip
    assert "1 day after the closing" in written
    assert run(str(draft.id)) == written
    out = tmp_path / "pack.zip"
    packed = CliRunner(env=settings.to_env({})).invoke(
        main, ["wave", "pack", str(draft.id), "--out", str(out)]
    )
    assert packed.exit_code == 0
    assert out.read_bytes() == pack_of(facts_of(draft, settings=settings))
    assert "for 1 to 400 days" in run(str(draft.id), "--keep-rosters-days", "9999")
    assert "no draft any more" in run(str(told.id), "--contact", "Somebody")
