"""collector.store: answers come in once, and leave only as a release."""

import sqlite3
from datetime import date

import pytest

from collector import files
from collector.folders import KEPT
from collector.intake import EMPTY
from collector.openings import pad_of
from surveys import codes, questionnaires, sealing
from surveys.encoding import decode
from surveys.errors import (
    ForgedBallot,
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
    make_plan,
    make_store,
    make_wave,
    open_wave,
)


@pytest.fixture
def wave(store):
    """An open wave of eight people with ballots and twelve with letters."""
    return open_wave(store, rights=BOTH)


def test_a_process_that_takes_answers_holds_no_key_that_opens_them(store, wave):
    """What is not in its memory cannot be read there; the close reads it from the key folder."""
    assert store.known(wave.key).keys.count is None
    assert store._keys.read(wave.key).count is not None


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
