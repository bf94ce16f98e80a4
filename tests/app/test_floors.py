"""S-5: thresholds below the floors come in by no door."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.config import Settings
from app.models import Wave
from app.services import survey_versions, waves
from app.services.errors import Unusable
from collector.config import Settings as CollectorSettings
from surveys.disclosure import Thresholds
from surveys.errors import BelowFloor
from tests.factories import make_staff, make_wave

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
