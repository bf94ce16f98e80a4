"""collector.store: answers come in once, and leave only as a release."""

import json
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from collector import files
from collector.config import BadSettings
from collector.folders import KEPT
from collector.guardians import Guardian
from collector.intake import EMPTY
from collector.openings import pad_of
from collector.store import Store
from surveys import codes, questionnaires, sealing
from surveys.encoding import decode, encode
from surveys.errors import (
    BadDocument,
    BelowFloor,
    DifferentDocument,
    ForgedBallot,
    GuardianNeeded,
    InvalidAnswer,
    MalformedBallot,
    MalformedCode,
    SpentBallot,
    SpentCode,
    UnknownCode,
    UnknownWave,
    WaveCancelled,
    WaveClosed,
    WaveNotOpen,
    WrongState,
)
from surveys.manifests import manifest_sha256, receipt_message
from surveys.questions import Comment
from surveys.signing import is_signed
from tests.collector.conftest import (
    ANSWERS,
    BOTH,
    LETTERS,
    make_guardian,
    make_plan,
    make_store,
    make_wave,
    open_wave,
)


@pytest.fixture
def wave(store):
    """An open wave of eight people with ballots and twelve with letters."""
    return open_wave(store, rights=BOTH)


def folder_of(store, wave="2026-03"):
    return store._folder / wave


def intake(store, wave="2026-03"):
    return folder_of(store, wave) / "answers.sqlite"


def rows(store):
    with sqlite3.connect(intake(store)) as database:
        return database.execute("SELECT slot, receipt, body FROM slots").fetchall()


def test_an_answer_is_a_receipt_and_a_seal_and_nothing_else(store, wave):
    """What lies in the store names no person, no code, no ballot, and cannot be read."""
    first, second = wave.ballot(0, 3), wave.codes["g01"][5]
    accepted = {wave.redeem(store, 0, 3, ANSWERS), store.submit(wave.key, second, ANSWERS)}

    taken = [row for row in rows(store) if row[1] != EMPTY]

    assert len(rows(store)) == 20
    assert {row[1] for row in taken} == {a.receipt for a in accepted}
    assert {len(row[2]) for row in rows(store)} == {wave.manifest["pad"] + sealing.OVERHEAD}
    content = intake(store).read_bytes()
    for secret in (first.prepared, first.prepared[:32], second.encode(), b"belonging"):
        assert secret not in content
    assert bytes.fromhex(codes.digest(wave.key, second)) not in content


def test_groups_stay_within_their_own_slots(store, wave):
    """The place of an answer tells its counting group and nothing finer."""
    for number in range(8):
        wave.redeem(store, 0, number, ANSWERS)

    assert {slot for slot, receipt, _ in rows(store) if receipt != EMPTY} == set(range(8))


def test_an_acknowledgement_holds_against_the_manifest(store, wave):
    """Whoever answered has a signature that anybody can check."""
    ballot = wave.ballot(0, 0)
    accepted = wave.redeem(store, 0, 0, ANSWERS)

    message = receipt_message(
        manifest=manifest_sha256(wave.text),
        receipt=accepted.receipt,
        sealed=wave.seal(ballot, ANSWERS),
    )
    assert is_signed(decode(wave.manifest["receipt_key"]), message, accepted.acknowledgement)


@pytest.mark.parametrize("by", ["ballot", "letter"])
def test_the_same_answer_again_gives_the_same_reply(store, wave, by):
    """Who sends twice, after a lost connection for example, is counted once."""

    def send():
        if by == "ballot":
            return wave.redeem(store, 0, 0, ANSWERS)
        return store.submit(wave.key, wave.codes["g01"][0].lower(), ANSWERS | {"odd": ["x"]})

    first = send()
    before = intake(store).read_bytes()

    assert send() == first
    assert intake(store).read_bytes() == before


@pytest.mark.parametrize("by", ["ballot", "letter"])
def test_another_answer_under_a_spent_right_is_refused(store, wave, by):
    """A right takes one response; the first one stays."""
    other = ANSWERS | {"tools": ["1"]}
    wave.redeem(store, 0, 0, ANSWERS)
    store.submit(wave.key, wave.codes["g01"][0], ANSWERS)
    before = intake(store).read_bytes()

    with pytest.raises(SpentBallot if by == "ballot" else SpentCode):
        if by == "ballot":
            wave.redeem(store, 0, 0, other)
        else:
            store.submit(wave.key, wave.codes["g01"][0], other)

    assert intake(store).read_bytes() == before


def forged(wave, **parts):
    """Write the ballot of one person with some parts replaced."""
    ballot = wave.ballot(0, 0)
    sealed = wave.seal(ballot, ANSWERS)
    given = {"prepared": ballot.prepared, "signature": ballot.signature, "sealed": sealed}
    group = parts.pop("group", "g00")
    return group, {
        name: parts[name](value) if name in parts else value for name, value in given.items()
    }


@pytest.mark.parametrize(
    ("parts", "refusal"),
    [
        ({"signature": lambda s: s[:-1] + bytes([s[-1] ^ 1])}, ForgedBallot),
        ({"signature": lambda s: b"\xff" * 256}, ForgedBallot),
        ({"signature": lambda s: bytes(256)}, ForgedBallot),
        ({"signature": lambda s: s[:-1]}, ForgedBallot),
        ({"prepared": lambda p: b"x" + p[1:]}, ForgedBallot),
        ({"prepared": lambda p: p[:52] + bytes(32) + p[84:]}, ForgedBallot),
        ({"prepared": lambda p: p[:-1]}, ForgedBallot),
        ({"group": "g01"}, MalformedBallot),
        ({"group": "g77"}, MalformedBallot),
        ({"sealed": lambda s: s[:-1]}, MalformedBallot),
    ],
    ids=[
        "a bit turned",
        "above the modulus",
        "zeros",
        "too short",
        "another prefix",
        "another manifest",
        "prepared too short",
        "a letter group",
        "no such group",
        "a short seal",
    ],
)
def test_what_is_no_ballot_is_refused_without_a_look_at_the_disk(
    store, wave, parts, refusal, monkeypatch
):
    """Junk costs neither the lock nor a file, and changes nothing."""
    group, given = forged(wave, **parts)
    store.known(wave.key)
    before = intake(store).read_bytes()
    with monkeypatch.context() as patch:
        for name in ("open", "stat"):
            patch.setattr(f"os.{name}", None)
        patch.setattr("builtins.open", None)

        with pytest.raises(refusal):
            store.redeem(wave.key, group, **given)

    assert intake(store).read_bytes() == before


def test_a_ballot_of_another_group_is_a_forgery(store):
    """The signature belongs to one counting group, so nobody moves to another."""
    wave = open_wave(store)
    ballot = wave.ballot(0, 0)

    with pytest.raises(ForgedBallot):
        store.redeem(
            wave.key,
            "g01",
            prepared=ballot.prepared,
            signature=ballot.signature,
            sealed=wave.seal(ballot, ANSWERS),
        )


def test_more_answers_than_people_do_not_fit_in(store):
    """Even if the application issued more ballots than people, no more answers are taken."""
    wave = open_wave(store)
    for number in range(8):
        wave.redeem(store, 0, number, ANSWERS)
    before = intake(store).read_bytes()

    with pytest.raises(SpentBallot):
        wave.redeem(store, 0, 8, ANSWERS)

    assert intake(store).read_bytes() == before
    wave.redeem(store, 0, 7, ANSWERS)


@pytest.mark.parametrize(
    ("code", "refusal"),
    [(codes.new_code(), UnknownCode), ("ABCD", MalformedCode), ("", MalformedCode)],
    ids=["well formed", "too short", "missing"],
)
def test_codes_that_were_never_given_out_are_refused(store, wave, code, refusal):
    """Guessing costs nothing and changes nothing."""
    before = intake(store).read_bytes()

    with pytest.raises(refusal):
        store.submit(wave.key, code, ANSWERS)

    assert intake(store).read_bytes() == before


def test_a_form_that_cannot_be_read_is_refused(store, wave):
    """A letter's answer is judged before it is sealed, so that nothing is lost at the close."""
    with pytest.raises(InvalidAnswer):
        store.submit(wave.key, wave.codes["g01"][0], {"tools": ["6"]})


def test_rights_of_another_wave_are_worth_nothing(store, wave):
    """The digest of a code covers the wave, and a ballot the manifest."""
    other = open_wave(store, "2026-04", rights=BOTH)

    with pytest.raises(UnknownCode):
        store.submit(other.key, wave.codes["g01"][0], ANSWERS)
    ballot = wave.ballot(0, 0)
    with pytest.raises(ForgedBallot):
        store.redeem(
            other.key,
            "g00",
            prepared=ballot.prepared,
            signature=ballot.signature,
            sealed=other.seal(ballot, ANSWERS),
        )


def test_a_wave_nobody_opened_is_unknown(store):
    """Neither a strange name nor one that climbs out of the store finds anything."""
    for name in ("2026-09", "../2026-03", "..", ""):
        with pytest.raises(UnknownWave):
            store.submit(name, codes.new_code(), ANSWERS)


def test_receipts_of_letters_cannot_be_computed_from_the_codes(store, wave, tmp_path):
    """The same code in a wave prepared anew has another receipt: its key was drawn."""
    other = make_store(tmp_path / "other")
    again = make_wave(wave.plan, other.prepare(wave.plan))
    for group, theirs in zip(again.opening["groups"], wave.opening["groups"], strict=True):
        group.update({"codes": theirs["codes"]} if "codes" in theirs else {})
    other.open_wave(again.opening)
    code = wave.codes["g01"][0]

    mine, yours = (s.submit(wave.key, code, ANSWERS).receipt for s in (store, other))

    assert mine != yours


def test_every_seal_has_room_for_the_longest_answer(store):
    """All comments at full length fit, whatever a comment may hold, in one length for all."""
    pulse = questionnaires.load("monthly_pulse")
    wave = open_wave(store, rights=LETTERS)
    for code, character in zip(wave.codes["g01"], '"\\\n\t\u2028😀ä ', strict=False):
        comments = {
            q.key: ["x" + character * (q.max_length - 2) + "x"]
            for q in pulse.asked
            if isinstance(q, Comment)
        }
        store.submit(wave.key, code, {q.key: ["5"] for q in pulse.asked} | comments)

    assert len({len(body) for _, _, body in rows(store)}) == 1
    assert wave.manifest["pad"] == pad_of(pulse)


def test_no_file_tells_when_the_last_answer_came(store, wave):
    """Modification times of the store are a constant."""
    wave.redeem(store, 0, 0, ANSWERS)

    times = {path.stat().st_mtime for path in (intake(store), folder_of(store))}
    times.add(intake(store).with_name("answers.sqlite-journal").stat().st_mtime)

    assert times == {files.EPOCH[1]}


def test_preparing_again_gives_the_same_reply(store):
    """A plan is prepared once; another plan for the same wave is refused."""
    plan = make_plan()
    reply = store.prepare(plan)

    assert make_store(store._folder.parent).prepare(plan) == reply
    with pytest.raises(DifferentDocument):
        store.prepare(make_plan(title="Something else"))
    assert store.state("2026-03").name == "prepared"


def test_the_same_opening_again_changes_nothing(store, wave):
    """Opening is idempotent; another opening under the same name is refused."""
    other = make_wave(wave.plan, store.prepare(wave.plan))
    with pytest.raises(DifferentDocument):
        store.open_wave(other.opening)
    wave.redeem(store, 0, 0, ANSWERS)

    assert store.open_wave(wave.opening) is False
    with pytest.raises(SpentBallot):
        wave.redeem(store, 0, 0, ANSWERS | {"tools": ["1"]})


def test_a_wave_opens_only_as_it_was_prepared(store):
    """Neither an unprepared wave nor other keys or another client than prepared here open."""
    plan = make_plan()
    reply = store.prepare(plan)
    unknown = make_wave(make_plan("2026-04"), reply | {"wave": "2026-04"})
    with pytest.raises(WrongState):
        store.open_wave(unknown.opening)
    foreign = encode(sealing.public_key_of(sealing.new_private_key()))
    for change in (
        {"client_sha256": "0" * 64},
        {"pad": reply["pad"] + 1},
        {"receipt_key": foreign},
        {"count_key": foreign},
        {"collector": "http://elsewhere.example"},
    ):
        with pytest.raises(DifferentDocument):
            store.open_wave(make_wave(plan, reply | change).opening)
    with pytest.raises(DifferentDocument):
        store.open_wave(make_wave(make_plan(title="Other"), reply).opening)

    assert store.state("2026-03").name == "prepared"


@pytest.mark.parametrize(
    ("spoil", "refusal"),
    [
        (lambda d: d.update(schema="headwater.release/1"), BadDocument),
        (lambda d: d.pop("groups"), BadDocument),
        (lambda d: d.update(wave="../etc"), BadDocument),
        (lambda d: d.update(closes_on="31.3.2026"), BadDocument),
        (lambda d: d["groups"][0].update(n_eligible=7), BadDocument),
        (lambda d: d["groups"][0].update(modulus="AAAA"), BadDocument),
        (lambda d: d["groups"][0].update(home="elsewhere"), BadDocument),
        (lambda d: d["groups"].append(d["groups"][0]), BadDocument),
        (lambda d: d["thresholds"].update(k=4), BelowFloor),
    ],
    ids=[
        "a release",
        "no groups",
        "a path for a name",
        "a date of another style",
        "a group too small",
        "no modulus",
        "a team that is not listed",
        "a group twice",
        "k below the floor",
    ],
)
def test_bad_plans_prepare_nothing(store, spoil, refusal):
    """A plan that contradicts itself or the promises leaves no trace."""
    plan = make_plan()
    spoil(plan)

    with pytest.raises(refusal):
        store.prepare(plan)

    assert list(store._folder.iterdir()) == []


def test_a_manifest_without_its_guardian_opens_nothing(store):
    """Where a guardian is named, the wave waits for a signature that fits."""
    plan = make_plan(guardian=make_guardian())
    wave = make_wave(plan, store.prepare(plan))
    for signature in (None, "A" * 86):
        with pytest.raises((GuardianNeeded, BadDocument)):
            store.open_wave(wave.opening | {"signature": signature})

    assert store.open_wave(wave.opening) is True


def test_a_collector_with_a_guardian_of_its_own_takes_no_other(tmp_path):
    """The application cannot leave the guardian out, nor name somebody else."""
    named = make_guardian()
    (tmp_path / "guardian.json").write_text(json.dumps(named))
    store = make_store(tmp_path, guardian=Guardian.read(str(tmp_path / "guardian.json")))
    for guardian in (None, named | {"name": "Somebody"}, named | {"key": named["sealing_key"]}):
        with pytest.raises(GuardianNeeded):
            store.prepare(make_plan(guardian=guardian))

    assert open_wave(store, guardian=named).key == "2026-03"


@pytest.mark.parametrize("keys", ["store", "store/keys"])
def test_keys_inside_the_store_are_refused(tmp_path, keys):
    """A backup of the answers must not hold the keys that open them."""
    with pytest.raises(BadSettings, match="outside"):
        Store(tmp_path / "store", keys=tmp_path / keys)


def test_keys_are_for_their_owner_alone(store, wave, tmp_path):
    """A folder of its own, marked as one that backups leave out, with files of mode 600."""
    keys = tmp_path / "keys"

    assert keys.stat().st_mode & 0o777 == 0o700
    assert (keys / "2026-03.json").stat().st_mode & 0o777 == 0o600
    assert (keys / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d1")
    for path in store._folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for key in json.loads((keys / "2026-03.json").read_bytes()).values():
            assert key.encode() not in content
            assert decode(key) not in content


def test_an_open_key_folder_is_refused(tmp_path):
    """Keys that others can read are no secrets."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys").chmod(0o755)

    with pytest.raises(BadSettings, match="chmod 700"):
        make_store(tmp_path)


def test_a_cancelled_wave_is_destroyed_unread(store, wave, monkeypatch, tmp_path):
    """Nothing is left of the answers and keys, and nothing ever asked for the answers."""
    wave.redeem(store, 0, 0, ANSWERS)
    monkeypatch.setattr("collector.intake.Intake.answered", None)

    store.cancel(wave.key)
    store.cancel(wave.key)

    assert {path.name for path in folder_of(store).iterdir()} <= KEPT
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["CACHEDIR.TAG"]
    for deed in (
        lambda: wave.redeem(store, 0, 1, ANSWERS),
        lambda: store.close(wave.key, on=date(2026, 4, 2), issued=wave.issued),
        lambda: store.acknowledge(wave.key, "0" * 64),
        lambda: store.prepare(wave.plan),
        lambda: store.envelope(wave.key),
        lambda: store.closed_list(wave.key),
    ):
        with pytest.raises(WaveCancelled):
            deed()


def test_a_prepared_wave_can_be_cancelled_and_does_nothing_else(store):
    """Before the opening there is nothing to answer and nothing to close."""
    plan = make_plan()
    reply = store.prepare(plan)
    for deed in (
        lambda: store.known("2026-03"),
        lambda: store.close("2026-03", on=date(2026, 4, 2), issued={}),
        lambda: store.envelope("2026-03"),
    ):
        with pytest.raises(WaveNotOpen):
            deed()
    assert store.client_file(reply["client_sha256"], "index.html")

    store.cancel("2026-03")

    assert {path.name for path in folder_of(store).iterdir()} <= KEPT


def test_the_last_day_can_be_moved(store, wave):
    """An extension changes what respondents are told and the date of the release."""
    store.extend(wave.key, date(2026, 4, 15))

    assert store.envelope(wave.key)["closes_on"] == "2026-04-15"
    with pytest.raises(WrongState):
        store.extend(wave.key, date(2026, 2, 1))
    store.close(wave.key, on=date(2026, 4, 20), issued=wave.issued)
    with pytest.raises(WaveClosed):
        store.extend(wave.key, date(2026, 5, 1))


def test_a_preparation_that_broke_off_is_made_anew(store, monkeypatch):
    """Keys whose wave never got a state are destroyed, and the wave can be prepared."""
    with monkeypatch.context() as patch:
        patch.setattr("collector.preparing.State", None)
        with pytest.raises(TypeError):
            store.prepare(make_plan())

    store.tidy()

    left = {path.name for path in folder_of(store).iterdir()}
    assert left == {"lock"}
    assert not Path(store._keys._path("2026-03")).exists()
    assert open_wave(store).key == "2026-03"
