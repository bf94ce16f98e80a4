"""S-5: thresholds below the floors come in by no door."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.cli import wave as waves_command
from app.config import Settings
from app.manage.promise_forms import PromiseForm
from app.manage.wave_forms import WaveForm
from app.models import Wave
from app.services import survey_versions, waves
from app.services.errors import Conflict, Unusable
from collector.config import Settings as CollectorSettings
from surveys.disclosure import Thresholds
from surveys.documents import canonical
from surveys.errors import BelowFloor, DifferentDocument
from tests.app.released import make_release
from tests.factories import make_staff, make_wave
from tests.promises import PROMISE

pytestmark = [pytest.mark.attack, pytest.mark.database]
NOW = datetime.now(UTC)
FLOORS = {"k": 5, "k_group": 5, "k_comment": 10}


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_the_database_refuses_what_lies_below(session, name, floor):
    """Even a statement typed into the database cannot lower a threshold of a wave."""
    wave = make_wave(session)
    session.commit()

    with pytest.raises(IntegrityError):
        session.execute(
            text(f"UPDATE waves SET {name} = :n WHERE id = :id"), {"n": floor - 1, "id": wave.id}
        )
    session.rollback()


@pytest.mark.parametrize("change", ["k = 7", "profile = 'default', k = 4", "profile = 'lax'"])
def test_the_database_holds_a_strict_wave_to_eight(session, change):
    """A strict wave has k = 8 or more, whoever writes the statement; nor can k = 5 be strict."""
    strict = make_wave(session, profile="strict", k=8)
    default = make_wave(session)
    session.commit()

    for statement in (
        text(f"UPDATE waves SET {change} WHERE id = {strict.id}"),
        text(f"UPDATE waves SET profile = 'strict' WHERE id = {default.id}"),
    ):
        with pytest.raises(IntegrityError):
            session.execute(statement)
        session.rollback()


def test_thresholds_stand_before_the_first_answer(session):
    """
    From preparing on neither form nor service changes them, and a statement is found out.

    What a wave releases must name the thresholds that it was planned with, both ways.
    """
    release = make_release()
    wave = make_wave(
        session,
        key=release["wave"],
        opening_sha256=release["opening_sha256"],
        promise=PROMISE.to_dict(),
        prepared_at=NOW,
    )
    plan = {"title": "March", "survey_version": wave.survey_version, "rights": "ballots"}
    days = {"opens_on": NOW.date(), "closes_on": NOW.date() + timedelta(days=7)}

    for moved in ({}, {"opened_at": NOW}, {"issuing_ended_at": NOW}):
        for column, value in moved.items():
            setattr(wave, column, value)
        with pytest.raises(Conflict):
            waves.edit(wave, **plan, **days, profile="strict")
    for change in ("k = 6", "profile = 'strict', k = 8", "k_comment = 11", "k_group = 9"):
        session.flush()
        with session.begin_nested() as point:
            session.execute(text(f"UPDATE waves SET {change} WHERE id = {wave.id}"))
            session.refresh(wave)
            with pytest.raises(DifferentDocument, match="other thresholds"):
                waves.import_release(session, wave, canonical(release), now=NOW)
            point.rollback()
        session.refresh(wave)
    assert waves.import_release(session, wave, canonical(release), now=NOW)


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_no_document_and_no_code_gets_below(name, floor):
    """Whatever a file or a caller asks for, thresholds below the floors do not come about."""
    with pytest.raises(BelowFloor):
        Thresholds(**{name: floor - 1})
    with pytest.raises(BelowFloor):
        Thresholds.from_dict({**Thresholds().to_dict(), name: floor - 1})
    with pytest.raises(BelowFloor):
        Thresholds(profile="strict", k=7)


def test_no_setting_of_either_program_is_a_threshold():
    """There is nothing to configure: what could lower a threshold does not exist."""
    names = {
        field.name for settings in (Settings, CollectorSettings) for field in fields(settings)
    }

    assert not [n for n in names if n.startswith("k_") or "threshold" in n or "profile" in n]


def test_no_form_command_or_address_takes_a_threshold(app):
    """What people and programs can send names a profile, and no number that it stands for."""
    fields_of_forms = {name for form in (WaveForm, PromiseForm) for name in form()._fields}
    commands = waves_command.wave.commands.values()
    options = {option for command in commands for p in command.params for option in p.opts}
    addresses = {argument for rule in app.url_map.iter_rules() for argument in rule.arguments}

    assert {"profile"} <= fields_of_forms
    assert {"--strict"} <= options
    assert not {"k", "k_group", "k_comment", "--k", "--k-group", "--k-comment"} & (
        fields_of_forms | options | addresses
    )


@pytest.mark.parametrize("given", [{"profile": "none"}, {"profile": "", "k": "2"}])
def test_the_form_knows_two_profiles(session, visitor, given):
    """Another profile is sent back, and a field that the form has not is not read."""
    hr = visitor.sign_in(make_staff(session, "hr"))
    version = survey_versions.copy_bundled(session, "monthly_pulse", now=NOW)
    plan = {
        "title": "March",
        "survey_version": str(version.id),
        "opens_on": NOW.date().isoformat(),
        "closes_on": (NOW.date() + timedelta(days=7)).isoformat(),
        "rights": "ballots",
        **given,
    }

    hr.post("/waves/new", plan, status=200)

    assert session.scalars(select(Wave)).all() == []


def test_the_command_and_the_service_know_two_profiles(session):
    """What the command line hands on is judged again."""
    version = survey_versions.copy_bundled(session, "monthly_pulse", now=NOW)

    with pytest.raises(Unusable, match="default and strict"):
        waves.create(
            session,
            title="March",
            survey_version=version,
            opens_on=NOW.date(),
            closes_on=NOW.date() + timedelta(days=7),
            profile="none",
            now=NOW,
        )
