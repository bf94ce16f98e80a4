"""Waves that give out ballots, straight into the tables, for tests of issuing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace

from sqlalchemy.orm import Session

from app.key_folder import KeyFolder
from app.models import CountingGroup, RosterEntry, Wave
from surveys.ballots import Draft
from surveys.documents import canonical
from tests.factories import make_person, make_team, make_wave

TODAY = datetime.now(UTC).date()
CLIENT = "c" * 64
MANIFEST = canonical({"client_sha256": CLIENT}).decode()


def make_round(
    session: Session, keys: KeyFolder, *, voters: int = 3, readers: int = 1, **columns
) -> SimpleNamespace:
    """
    Add an open wave with a ballot group g01 and a letter group g02.

    Returned are the wave, the people of both groups, and one who is in neither.
    """
    columns = {
        "opened_at": datetime.now(UTC),
        "closes_on": TODAY + timedelta(days=7),
        "manifest": MANIFEST,
        "manifest_sha256": sha256(MANIFEST.encode()).hexdigest(),
        **columns,
    }
    wave = make_wave(session, "March pulse", **columns)
    team = make_team(session)
    people = [make_person(session, team=team) for _ in range(voters + readers)]
    for key, label, right in (("g01", "Night shift", "ballot"), ("g02", "Kitchen", "letter")):
        session.add(
            CountingGroup(
                wave_id=wave.id, key=key, label=label, n_eligible=voters + readers, right=right
            )
        )
    session.flush()
    for number, person in enumerate(people):
        group = "g01" if number < voters else "g02"
        session.add(
            RosterEntry(wave_id=wave.id, person_id=person.id, team_id=team.id, group_key=group)
        )
    outsider = make_person(session, team=team)
    modulus = keys.make(wave.key, "g01")
    session.commit()
    return SimpleNamespace(
        wave=wave,
        key=wave.key,
        modulus=modulus,
        voters=people[:voters],
        readers=people[voters:],
        outsider=outsider,
    )


def draft_of(found: SimpleNamespace, seed: bytes) -> Draft:
    """Begin a ballot of the wave's ballot group as a browser does."""
    return Draft.begin(
        seed.ljust(32, b"."),
        wave=found.key,
        group="g01",
        modulus=found.modulus,
        manifest_sha256=bytes.fromhex(found.wave.manifest_sha256),
    )


def reload(session: Session, wave: Wave) -> Wave:
    """Read a wave as it is in the database now."""
    session.rollback()
    session.expire_all()
    return session.get_one(Wave, wave.id)


def yesterday() -> date:
    """Give the day before today."""
    return TODAY - timedelta(days=1)
