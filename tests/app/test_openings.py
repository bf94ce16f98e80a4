"""app.services.openings: what is frozen, signed and agreed before a wave takes answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app import handover
from app.guardian.keys import new_guardian
from app.guardian.signing import fill_count_key, signed_document
from app.models import Issuance, OutboxMail, Person, Wave
from app.services import waves
from app.services.errors import Conflict
from surveys.documents import canonical
from surveys.encoding import encode
from surveys.errors import (
    BadDocument,
    CountKeyNeeded,
    DifferentDocument,
    GuardianNeeded,
    WaveClosed,
    WrongState,
)
from surveys.lifecycle import State
from surveys.manifests import read_manifest
from tests.app.pulse import (
    ADDRESS,
    INSTALLATION,
    NOW,
    Flaky,
    client_of,
    close_at_collector,
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


@pytest.fixture(params=[False, True], ids=["collector holds", "guardian holds"])
def guardian(request):
    """A works council that signs manifests; in one case it holds the count key too."""
    return new_guardian("Works council", holds_count_key=request.param)


def guarded(guardian):
    """The installation once it has named that guardian."""
    public = {k: v for k, v in guardian.public().items() if k != "schema"}
    return replace(INSTALLATION, guardian=public)


def signed_by(guardian, wave) -> bytes:
    return signed_document(fill_count_key(wave.manifest, guardian), guardian)


def open_guarded(session, wave, client, guardian, *, keys):
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))
    handover.sign_wave(session, wave.id, signed_by(guardian, wave))
    handover.open_wave(session, wave.id, collector=client, installation=guarded(guardian), now=NOW)


def answer_all_but_one(session, collector, wave, *, keys) -> int:
    """Let all but one of each group take a ballot and answer."""
    one_of_each = {group.key for group in wave.groups}
    n = 0
    for person in people_on(session, wave):
        ballot = take_ballot(session, wave, person, keys=keys)
        if ballot.group in one_of_each:
            one_of_each.discard(ballot.group)
            continue
        assert redeem(collector, wave, ballot) == 200
        n += 1
    return n


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


def test_ballots_lead_from_the_opening_to_the_release(session, opened, collector, client, keys):
    """People take ballots, answer at the collector, and come back as counts of their groups."""
    n = answer_all_but_one(session, collector, opened, keys=keys)

    handover.close_wave(session, opened.id, collector=client, keys=keys, now=NOW)

    document = json.loads(opened.release.document)
    assert opened.state is State.RELEASED
    assert document["n_responses"] == n == 26
    closed = collector.test_client().get(f"/anon/closed/{opened.key}", base_url=ADDRESS).json
    assert {
        (c["label"], json.dumps(c["issued"]), json.dumps(c["accepted"])) for c in closed["cells"]
    } == {
        ("North", '{"at_least": 11}', '{"at_least": 11}'),
        ("South", '{"at_least": 8}', '{"at_least": 8}'),
        ("East + West", '{"at_least": 7}', '{"at_least": 7}'),
    }


def test_after_the_release_nothing_tells_who_took_a_ballot(
    session, opened, collector, client, keys
):
    """Rows, journals and counts per group are gone, and so are the keys."""
    answer_all_but_one(session, collector, opened, keys=keys)
    assert len(session.scalars(select(Issuance)).all()) == 29

    handover.close_wave(session, opened.id, collector=client, keys=keys, now=NOW)

    assert session.scalars(select(Issuance)).all() == []
    assert {group.n_issued for group in opened.groups} == {None}
    assert not keys.holds(opened.key)
    assert [keys.journal(opened.key, g.key).read() for g in opened.groups] == [{}, {}, {}]


def test_issuing_ends_before_the_collector_is_told(session, opened, collector, client, keys):
    """Cut off right after, no ballot is signed any more, and the same counts are told again."""
    answer_all_but_one(session, collector, opened, keys=keys)
    flaky = Flaky(client, "close", after=False)
    with pytest.raises(OSError, match="cut off"):
        handover.close_wave(session, opened.id, collector=flaky, keys=keys, now=NOW)
    session.rollback()

    assert opened.state is State.CLOSING
    assert {group.label: group.n_issued for group in opened.groups} == {
        "North": 12,
        "South": 9,
        "East + West": 8,
    }
    assert not keys.holds(opened.key)
    with pytest.raises(WaveClosed):
        take_ballot(session, opened, people_on(session, opened)[0], keys=keys)
    session.rollback()

    handover.close_wave(session, opened.id, collector=flaky, keys=keys, now=NOW)
    assert opened.state is State.RELEASED


def test_keys_that_outlived_a_crash_go_with_the_next_attempt(
    session, opened, client, keys, monkeypatch
):
    """Issuing has ended in the database before a key is destroyed, and the keys follow."""
    with monkeypatch.context() as patch:
        patch.setattr(type(keys), "destroy", _die)
        with pytest.raises(OSError, match="power cut"):
            handover.end_issuing(session, opened.id, keys=keys, now=NOW)
    assert opened.state is State.CLOSING
    assert keys.holds(opened.key)

    handover.end_issuing(session, opened.id, keys=keys, now=NOW)

    assert not keys.holds(opened.key)


def _die(*arguments) -> None:
    raise OSError("power cut")


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


def test_a_wave_opens_only_when_its_guardian_has_signed(session, wave, client, keys, guardian):
    """Without the signature it is refused and says whose is missing; with it, it opens."""
    installation = guarded(guardian)
    prepare_wave(session, wave, client, keys=keys, installation=installation)
    given = {"collector": client, "installation": installation, "now": NOW}
    with pytest.raises(GuardianNeeded, match="Works council has still to sign"):
        handover.open_wave(session, wave.id, **given)
    session.rollback()

    handover.sign_wave(session, wave.id, signed_by(guardian, wave))
    handover.open_wave(session, wave.id, **given)

    manifest = read_manifest(wave.manifest)
    holder = "guardian" if guardian.holds_count_key else "collector"
    assert (wave.state, manifest["count_key_holder"]) == (State.OPEN, holder)
    assert manifest["count_key"] is not None


def test_only_the_guardian_of_the_manifest_signs_it(session, wave, client, keys, guardian):
    """Somebody else's signature under the right manifest is none."""
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))
    somebody = new_guardian("Works council", holds_count_key=guardian.holds_count_key)
    own = json.loads(signed_by(guardian, wave))
    foreign = canonical({**own, "signature": somebody.sign(own["manifest"])})

    with pytest.raises(GuardianNeeded, match="not the one of Works council"):
        handover.sign_wave(session, wave.id, foreign)


@pytest.mark.parametrize("name", ["closes_on", "pad", "receipt_key", "title", "groups"])
def test_nothing_but_the_count_key_may_differ_from_what_was_drawn_up(
    session, wave, client, keys, guardian, name
):
    """A guardian, or somebody on the way, cannot change what was agreed with the collector."""
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))
    own = json.loads(fill_count_key(wave.manifest, guardian))
    changed = {
        "closes_on": "2026-03-30",
        "pad": own["pad"] + 1,
        "receipt_key": guardian.public()["key"],
        "title": "Another pulse",
        "groups": [{**own["groups"][0], "label": "Elsewhere"}, *own["groups"][1:]],
    }[name]
    text = canonical({**own, name: changed}).decode()

    with pytest.raises(DifferentDocument, match="another manifest than this wave's"):
        handover.sign_wave(session, wave.id, signed_document(text, guardian))


def test_a_count_key_is_not_accepted_from_a_guardian_who_holds_none(session, wave, client, keys):
    """Where the collector holds the count key, the manifest is final before it is signed."""
    guardian = new_guardian("Works council", holds_count_key=False)
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))
    own = json.loads(wave.manifest)
    text = canonical({**own, "count_key": guardian.public()["key"]}).decode()

    with pytest.raises(DifferentDocument):
        handover.sign_wave(session, wave.id, signed_document(text, guardian))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"manifest": 1, "signature": "x"}',
        b'{"manifest": "{}", "signature": "x"}',
    ],
)
def test_a_file_that_is_no_signed_manifest_is_refused(session, wave, client, keys, content):
    """One sentence, and the wave waits on."""
    guardian = new_guardian("Works council", holds_count_key=False)
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))

    with pytest.raises(BadDocument):
        handover.sign_wave(session, wave.id, content)

    assert wave.manifest_signature is None


def test_a_signed_opening_that_breaks_off_is_sent_again(session, wave, client, keys, guardian):
    """Without letters the second opening is the first one, and nobody need sign again."""
    prepare_wave(session, wave, client, keys=keys, installation=guarded(guardian))
    handover.sign_wave(session, wave.id, signed_by(guardian, wave))
    flaky = Flaky(client, "open", after=True)
    given = {"collector": flaky, "installation": guarded(guardian), "now": NOW}
    with pytest.raises(OSError, match="cut off"):
        handover.open_wave(session, wave.id, **given)
    session.rollback()
    assert wave.state is State.PREPARED

    handover.open_wave(session, wave.id, **given)

    assert wave.state is State.OPEN


def test_a_closing_waits_for_the_guardians_count_key(session, wave, client, collector, keys):
    """The tick says for whom; once the key is handed over, the same wave is released."""
    guardian = new_guardian("Works council", holds_count_key=True)
    open_guarded(session, wave, client, guardian, keys=keys)
    n = answer_all_but_one(session, collector, wave, keys=keys)
    with pytest.raises(CountKeyNeeded, match="waits for the count key of Works council"):
        handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)
    session.rollback()
    due = {"collector": client, "keys": keys, "now": NOW, "today": NOW.date()}
    assert handover.close_due(session, **due).waiting == (
        "“March pulse” waits for the count key of Works council.",
    )

    key = encode(guardian.count_key(wave.key))
    collector.test_client().post(
        f"/anon/open/{wave.key}", json={"count_key": key}, base_url=ADDRESS
    )

    assert handover.close_due(session, **due).closed == (wave.id,)
    assert json.loads(wave.release.document)["n_responses"] == n


def test_a_wave_whose_count_key_is_lost_can_be_cancelled(session, wave, client, collector, keys):
    """It would wait for ever; its answers are destroyed unread instead."""
    guardian = new_guardian("Works council", holds_count_key=True)
    open_guarded(session, wave, client, guardian, keys=keys)
    answer_all_but_one(session, collector, wave, keys=keys)
    with pytest.raises(CountKeyNeeded):
        handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)

    handover.cancel_wave(session, wave.id, collector=client, keys=keys, now=NOW)

    assert wave.state is State.CANCELLED


def test_cancelling_destroys_keys_and_forgets_who_took_a_ballot(session, opened, client, keys):
    """A cancelled wave signs nothing and tells nothing."""
    take_ballot(session, opened, people_on(session, opened)[0], keys=keys)

    handover.cancel_wave(session, opened.id, collector=client, keys=keys, now=NOW)

    assert not keys.holds(opened.key)
    assert session.scalars(select(Issuance)).all() == []


def test_a_release_is_not_taken_before_issuing_has_ended(session, opened, client, keys):
    """A release that came while ballots could still be taken would leave them out."""
    content = close_at_collector(session, opened, client, keys=keys)
    opened.issuing_ended_at = None
    session.commit()

    with pytest.raises(WrongState, match="close it first"):
        handover.take_release(session, opened.id, content, keys=keys, now=NOW)


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
