"""app.services.openings: what is frozen and agreed before a wave takes answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app import handover
from app.models import OutboxMail, Person, Wave
from app.services import waves
from app.services.errors import Conflict
from surveys.documents import canonical
from surveys.errors import (
    DifferentDocument,
)
from surveys.lifecycle import State
from surveys.manifests import read_manifest
from tests.app.pulse import (
    ADDRESS,
    INSTALLATION,
    NOW,
    client_of,
    make_collector,
    make_draft,
    make_organisation,
    open_wave,
    people_on,
    prepare_wave,
    redeem,
    take_ballot,
)

SIZES = {"North": 12, "South": 9, "East": 3, "West": 5}

pytestmark = pytest.mark.database


@pytest.fixture
def collector(tmp_path):
    return make_collector(tmp_path / "collector")


@pytest.fixture
def client(collector):
    return client_of(collector)


@pytest.fixture
def wave(session):
    """A wave in which everybody has an account and answers by ballot."""
    make_organisation(session, SIZES)
    return make_draft(session, rights="ballots")


@pytest.fixture
def opened(session, wave, client, keys) -> Wave:
    open_wave(session, wave, client, keys=keys)
    return wave


def test_the_manifest_is_the_same_promise_in_one_document(session, opened, keys):
    """Every group with a key of its own, everybody counted once, and both addresses."""
    manifest = read_manifest(opened.manifest)

    assert {(g["label"], g["n_eligible"], g["right"]) for g in manifest["groups"]} == {
        ("North", 12, "ballot"),
        ("South", 9, "ballot"),
        ("East + West", 8, "ballot"),
    }
    assert len({g["modulus"] for g in manifest["groups"]}) == 3
    assert manifest["n_eligible"] == 29
    assert (manifest["wave"], manifest["title"]) == (opened.key, "March pulse")
    assert (manifest["application"], manifest["collector"]) == (
        INSTALLATION.application,
        ADDRESS,
    )
    assert len(opened.fingerprint) == 8


def test_people_without_an_account_answer_by_letter(session, client, keys):
    """A group has one kind of right; letters are drawn for those groups alone."""
    make_organisation(session, {"Office": 9, "Crew": 8})
    for person in session.scalars(select(Person).where(Person.name.startswith("Crew"))):
        person.email = None
    wave = make_draft(session, rights="ballots")

    letters = open_wave(session, wave, client, keys=keys)

    rights = {group.label: group.right for group in wave.groups}
    assert rights == {"Office": "ballot", "Crew": "letter"}
    assert [(group.label, len(group.codes)) for group in letters.groups] == [("Crew", 8)]
    issued = json.loads(
        canonical(_issued_at_close(session, wave, client, keys=keys)),
    )
    assert sorted(issued.values()) == [0, 8]


def _issued_at_close(session, wave, client, *, keys) -> dict[str, int]:
    handover.end_issuing(session, wave.id, keys=keys, now=NOW)
    return waves.issued_of(wave)


@pytest.mark.parametrize(
    ("application", "collector_address"),
    [
        ("http://hr.example.org", "https://pulse.example.org"),
        ("https://hr.example.org", "http://pulse.example.org"),
        ("http://192.0.2.7:8000", "http://localhost:8001"),
    ],
)
def test_ballots_need_https_at_both_addresses(
    session, wave, client, keys, application, collector_address
):
    """The refusal names both ways out, and nothing is prepared."""
    plain = replace(INSTALLATION, application=application, collector=collector_address)

    with pytest.raises(Conflict, match=r"over https, or choose letters for everybody"):
        prepare_wave(session, wave, client, keys=keys, installation=plain)

    session.rollback()
    assert wave.state is State.DRAFT


@pytest.mark.parametrize(
    "address",
    ["https://hr.example.org", "http://127.8.0.1", "http://[::1]:8000", "http://a.localhost"],
)
def test_this_very_machine_is_as_good_as_https(address):
    """Browsers give loopback addresses the cryptography too."""
    assert replace(INSTALLATION, application=address).is_safe_for_ballots


def test_letters_need_no_https(session, client, keys):
    """They work on plain http and without JavaScript."""
    make_organisation(session, SIZES)
    wave = make_draft(session, rights="letters")
    plain = replace(INSTALLATION, application="http://hr.example.org")

    letters = open_wave(session, wave, client, keys=keys, installation=plain)

    assert letters.n == 29


def test_ballots_can_be_taken_before_the_first_day(session, wave, client, collector, keys):
    """Taken at the opening and refused by the collector until the day for answers has come."""
    today = datetime.now(UTC).date()
    wave.opens_on, wave.closes_on = today + timedelta(days=3), today + timedelta(days=10)
    session.commit()
    open_wave(session, wave, client, keys=keys)

    ballot = take_ballot(session, wave, people_on(session, wave)[0], keys=keys)

    assert wave.state is State.OPEN
    assert read_manifest(wave.manifest)["opens_on"] == (today + timedelta(days=3)).isoformat()
    assert redeem(collector, wave, ballot) == 409


def test_manifests_form_a_chain(session, client, keys, wave):
    """Each names the digest of the newest that was opened before it; drafts do not count."""
    open_wave(session, wave, client, keys=keys)
    second, third = (make_draft(session, rights="ballots") for _ in range(2))
    prepare_wave(session, second, client, keys=keys)

    open_wave(session, third, client, keys=keys)

    assert read_manifest(wave.manifest)["previous_manifest_sha256"] is None
    assert read_manifest(third.manifest)["previous_manifest_sha256"] == wave.manifest_sha256


def test_a_collector_that_says_another_address_is_refused(session, wave, tmp_path, keys):
    """People would be sent to one address and read the other on the manifest."""
    other = client_of(make_collector(tmp_path / "o", collector_url="https://other.example.org"))

    with pytest.raises(DifferentDocument, match="the same HEADWATER_COLLECTOR_URL"):
        prepare_wave(session, wave, other, keys=keys)

    session.rollback()
    assert wave.state is State.DRAFT


def test_preparing_again_voids_what_was_prepared(session, wave, client, keys):
    """Another wave key, other keys of the groups, and the first ones are gone."""
    prepare_wave(session, wave, client, keys=keys)
    first, manifest = wave.key, wave.manifest

    prepare_wave(session, wave, client, keys=keys)

    assert wave.key != first
    assert not keys.holds(first)
    moduli = [
        {g["modulus"] for g in read_manifest(m)["groups"]} for m in (manifest, wave.manifest)
    ]
    assert not moduli[0] & moduli[1]


def test_a_prepared_wave_goes_back_to_its_plan(session, wave, client, collector, keys):
    """Nothing of the preparation is left here, in the key folder or at the collector."""
    prepare_wave(session, wave, client, keys=keys)
    prepared = wave.key

    handover.replan_wave(session, wave.id, collector=client, keys=keys)

    assert (wave.state, wave.opening, wave.manifest, wave.groups) == (State.DRAFT, None, None, [])
    assert not keys.holds(prepared)
    assert collector.test_client().get(f"/w/{prepared}").status_code == 410


def test_a_prepared_plan_is_not_changed_behind_its_manifest(session, wave, client, keys):
    """The way to another plan leads back over the draft."""
    prepare_wave(session, wave, client, keys=keys)

    with pytest.raises(Conflict, match="Go back to the plan first"):
        waves.require_draft(wave)


def test_who_left_since_the_preparation_is_not_written_to(session, wave, client, keys):
    """They stay on the roster and in the numbers, but no mail follows them."""
    prepare_wave(session, wave, client, keys=keys)
    gone = people_on(session, wave)[0]
    gone.ended_on = NOW.date()
    session.commit()

    handover.open_wave(session, wave.id, collector=client, installation=INSTALLATION, now=NOW)

    written = set(session.scalars(select(OutboxMail.recipient)))
    assert len(written) == 28
    assert gone.email not in written


def test_the_mail_says_how_to_take_a_ballot_and_what_to_compare(session, opened):
    """Address, eight words, group, and three ways to part the answer from the sign-in."""
    east = session.scalar(select(Person.email).where(Person.name == "East 0"))
    mail = session.scalars(select(OutboxMail).where(OutboxMail.recipient == east)).one()

    for words in (
        f"{INSTALLATION.application}/ballot/{opened.key}",
        " ".join(opened.fingerprint),
        '"East + West": 8 people',
        "another day, carry it to a device of your own, or let the page send",
        "counts of 5 answers or more",
    ):
        assert words in " ".join(mail.body.split())


def test_the_keys_lie_outside_the_database(session, opened, settings, keys):
    """A copy of the database can sign nothing."""
    path = Path(settings.key_folder)

    found = sorted(p.suffix for p in (path / opened.key).iterdir() if p.suffix == ".key")

    assert found == [".key"] * 3
    assert path.stat().st_mode & 0o077 == 0
