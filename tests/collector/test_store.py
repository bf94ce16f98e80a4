"""collector.store: answers come in once, and leave only as a release."""

import json
import sqlite3
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from collector import files
from collector.intake import body_length, pad, unpad
from collector.openings import longest_answer
from collector.store import KEPT, Store
from surveys import codes, questionnaires
from surveys.errors import (
    BadDocument,
    BelowFloor,
    DifferentDocument,
    MalformedCode,
    ReleaseFrozen,
    SpentCode,
    UnknownCode,
    UnknownWave,
    WaveCancelled,
    WaveClosed,
    WrongState,
)
from surveys.questions import Comment
from tests.collector.conftest import ANSWERS, make_opening

CLOSED_ON = date(2026, 4, 2)


@pytest.fixture
def wave(store):
    """An open wave with the codes of its two groups."""
    document, drawn = make_opening()
    store.open_wave(document)
    return document["wave"], drawn


def fill(store, wave):
    """Let everybody answer, with a comment from each of the second group."""
    key, (first, second) = wave
    for number, code in enumerate(first):
        store.submit(key, code, ANSWERS | {"tools": 1 + number % 5})
    for number, code in enumerate(second):
        store.submit(key, code, ANSWERS | {"comment": f"Remark {number}"})


def intake(store, wave="2026-03"):
    return store._folder / wave / "answers.sqlite"


def test_an_answer_is_stored_under_its_group_and_nothing_else(store, wave):
    """A row holds the digest of a code, a group, and a body; the code itself is nowhere."""
    key, (first, _) = wave
    store.submit(key, first[3], ANSWERS)

    with sqlite3.connect(intake(store)) as database:
        rows = database.execute("SELECT code, group_index, body FROM answers").fetchall()
    answered = [row for row in rows if unpad(row[2])]

    assert len(rows) == 20
    assert [(code.hex(), group) for code, group, _ in answered] == [
        (codes.digest(key, first[3]), 0)
    ]
    assert json.loads(unpad(answered[0][2])) == ANSWERS
    assert first[3].encode() not in intake(store).read_bytes()


def test_the_same_answer_again_is_a_success(store, wave):
    """Who sends twice, after a lost connection for example, is counted once."""
    key, (first, _) = wave
    store.submit(key, first[0], ANSWERS)
    before = intake(store).read_bytes()

    store.submit(key, first[0].lower(), dict(reversed(ANSWERS.items())))

    assert intake(store).read_bytes() == before


def test_another_answer_under_a_spent_code_is_refused(store, wave):
    """A code takes one response; the first one stays."""
    key, (first, _) = wave
    store.submit(key, first[0], ANSWERS)
    before = intake(store).read_bytes()

    with pytest.raises(SpentCode):
        store.submit(key, first[0], ANSWERS | {"tools": 1})

    assert intake(store).read_bytes() == before


@pytest.mark.parametrize(
    ("code", "refusal"),
    [(codes.new_code(), UnknownCode), ("ABCD", MalformedCode), ("", MalformedCode)],
    ids=["well formed", "too short", "missing"],
)
def test_codes_that_were_never_given_out_are_refused(store, wave, code, refusal):
    """Guessing costs nothing and changes nothing."""
    before = intake(store).read_bytes()

    with pytest.raises(refusal):
        store.submit(wave[0], code, ANSWERS)

    assert intake(store).read_bytes() == before


def test_a_code_of_another_wave_is_unknown(store, wave):
    """The digest covers the wave, so a code opens one wave only."""
    document, _ = make_opening("2026-04")
    store.open_wave(document)

    with pytest.raises(UnknownCode):
        store.submit("2026-04", wave[1][0][0], ANSWERS)


def test_a_wave_nobody_opened_is_unknown(store):
    """Neither a strange name nor one that climbs out of the store finds anything."""
    for name in ("2026-09", "../2026-03", "..", ""):
        with pytest.raises(UnknownWave):
            store.submit(name, codes.new_code(), ANSWERS)


def test_every_row_has_room_for_the_longest_answer():
    """All comments at full length, in characters of four bytes, still fit."""
    pulse = questionnaires.load("monthly_pulse")
    answers = {q.key: 10 if q.key == "recommend_workplace" else 5 for q in pulse.asked}
    answers |= {q.key: "😀" * q.max_length for q in pulse.asked if isinstance(q, Comment)}

    body = pad(answers, length=body_length(longest_answer(pulse)))

    assert json.loads(unpad(body)) == answers


def test_a_comment_of_quotes_and_line_ends_fits_too():
    """No character a comment may hold takes more room than the widest, escaped or not."""
    pulse = questionnaires.load("monthly_pulse")
    (comment,) = (q for q in pulse.asked if isinstance(q, Comment))
    for character in '"\\\n\t\u2028\x7f😀':
        text = "x" + character * (comment.max_length - 2) + "x"
        answer = comment.parse([text])

        assert len(pad({"comment": answer}, length=body_length(longest_answer(pulse))))


def test_no_file_tells_when_the_last_answer_came(store, wave):
    """Modification times of the store are a constant."""
    store.submit(wave[0], wave[1][0][0], ANSWERS)

    times = {intake(store).stat().st_mtime, intake(store).parent.stat().st_mtime}

    assert times == {files.EPOCH[1]}


def test_the_same_opening_again_changes_nothing(store, wave):
    """Opening is idempotent; another opening under the same name is refused."""
    document, drawn = make_opening()
    with pytest.raises(DifferentDocument):
        store.open_wave(document)
    ours = json.loads((intake(store).parent / "opening.json").read_bytes())
    store.submit(wave[0], wave[1][0][0], ANSWERS)

    assert store.open_wave(ours) is False
    with pytest.raises(SpentCode):
        store.submit(wave[0], wave[1][0][0], ANSWERS | {"tools": 1})


@pytest.mark.parametrize(
    ("spoil", "refusal"),
    [
        (lambda d: d.update(schema="headwater.release/1"), BadDocument),
        (lambda d: d.pop("groups"), BadDocument),
        (lambda d: d.update(wave="../etc"), BadDocument),
        (lambda d: d.update(closes_on="31.3.2026"), BadDocument),
        (lambda d: d["groups"][0].update(n_eligible=9), BadDocument),
        (lambda d: d["groups"][0]["codes"].__setitem__(0, "00"), BadDocument),
        (lambda d: d["groups"][0].update(codes=d["groups"][1]["codes"][:8]), BadDocument),
        (lambda d: d["groups"][0].update(home="elsewhere"), BadDocument),
        (lambda d: d["groups"].append(d["groups"][0]), BadDocument),
        (lambda d: d["thresholds"].update(k=4), BelowFloor),
        (lambda d: d["thresholds"].update(k_group=9), BadDocument),
        (lambda d: d["thresholds"].update(odd=1), BadDocument),
    ],
    ids=[
        "a release",
        "no groups",
        "a path for a name",
        "a date of another style",
        "a code missing",
        "no digest",
        "one code twice",
        "a team that is not listed",
        "a group twice",
        "k below the floor",
        "a group too small",
        "an unknown threshold",
    ],
)
def test_bad_openings_are_refused(store, spoil, refusal):
    """An opening that contradicts itself or the promises opens nothing."""
    document, _ = make_opening()
    spoil(document)

    with pytest.raises(refusal):
        store.open_wave(document)

    assert store.open_waves() == []


def test_closing_gives_a_release_of_everything_answered(store, wave):
    """All twenty answers are counted, each in the cell of its team."""
    fill(store, wave)

    release = json.loads(store.close(wave[0], on=CLOSED_ON))

    assert release["schema"] == "headwater.release/1"
    assert [(cell["teams"], cell["n"]) for cell in release["cells"]] == [(["t0"], 8), (["t1"], 12)]
    assert sorted(release["comments"]["cells"][0]["items"]["comment"]) == sorted(
        f"Remark {number}" for number in range(12)
    )


def test_a_release_is_dated_by_the_wave_not_by_a_late_close(store, wave):
    """A close that runs late does not move the wave into the next month."""
    fill(store, wave)

    release = json.loads(store.close(wave[0], on=CLOSED_ON))

    assert release["closed_on"] == "2026-03-31"


def test_closing_again_gives_the_same_bytes(store, wave):
    """The order of comments is drawn once and frozen with the rest."""
    fill(store, wave)
    first = store.close(wave[0], on=CLOSED_ON)

    assert store.close(wave[0], on=date(2026, 5, 1)) == first
    assert Store(store._folder).close(wave[0], on=CLOSED_ON) == first


def test_a_closed_wave_takes_no_answers(store, wave):
    """Unused codes are void at close, also in a process that knew the wave as open."""
    key, (first, _) = wave
    other = Store(store._folder)
    other.submit(key, first[0], ANSWERS)
    store.close(key, on=CLOSED_ON)

    for door in (store, other):
        with pytest.raises(WaveClosed):
            door.submit(key, first[1], ANSWERS)
        assert door.open_waves() == []


def test_acknowledging_leaves_only_a_hash_and_a_state(store, wave):
    """Rows, opening and release are gone; what is left names no answer and no code."""
    fill(store, wave)
    release = store.close(wave[0], on=CLOSED_ON)

    store.acknowledge(wave[0], sha256(release).hexdigest())
    store.acknowledge(wave[0], sha256(release).hexdigest())

    left = {path.name for path in intake(store).parent.iterdir()}
    state = json.loads((intake(store).parent / "state.json").read_bytes())
    assert left == KEPT
    assert state["release_sha256"] == sha256(release).hexdigest()
    for deed in (
        lambda: store.submit(wave[0], wave[1][0][0], ANSWERS),
        lambda: store.close(wave[0], on=CLOSED_ON),
    ):
        with pytest.raises(WaveClosed):
            deed()


def test_deleted_rows_are_overwritten_first(store, wave, monkeypatch):
    """Whoever kept the file open sees zeros, not answers."""
    fill(store, wave)
    release = store.close(wave[0], on=CLOSED_ON)
    seen = {}
    fsync = files.os.fsync

    def look(descriptor):
        name = files.os.readlink(f"/proc/self/fd/{descriptor}")
        if name.endswith((".sqlite", "release.json")):
            seen[name] = set(Path(name).read_bytes())
        fsync(descriptor)

    monkeypatch.setattr(files.os, "fsync", look)
    store.acknowledge(wave[0], sha256(release).hexdigest())

    assert len(seen) == 2
    assert set(map(frozenset, seen.values())) == {frozenset({0})}


def test_only_the_right_hash_deletes_anything(store, wave):
    """An acknowledgement of something else, or one before the close, is refused."""
    fill(store, wave)
    with pytest.raises(WrongState):
        store.acknowledge(wave[0], "0" * 64)
    first = store.close(wave[0], on=CLOSED_ON)

    with pytest.raises(DifferentDocument):
        store.acknowledge(wave[0], "0" * 64)

    assert store.close(wave[0], on=CLOSED_ON) == first


def test_a_cancelled_wave_is_destroyed_unread(store, wave, monkeypatch):
    """Nothing is left of the answers, and nothing ever asked for them."""
    fill(store, wave)
    monkeypatch.setattr("collector.intake.Intake.answered", None)

    store.cancel(wave[0])
    store.cancel(wave[0])

    assert {path.name for path in intake(store).parent.iterdir()} == KEPT
    for deed in (
        lambda: store.submit(wave[0], wave[1][0][0], ANSWERS),
        lambda: store.close(wave[0], on=CLOSED_ON),
        lambda: store.acknowledge(wave[0], "0" * 64),
    ):
        with pytest.raises(WaveCancelled):
            deed()


def test_a_closed_wave_cannot_be_cancelled(store, wave):
    """What was read cannot be destroyed unread."""
    fill(store, wave)
    store.close(wave[0], on=CLOSED_ON)

    with pytest.raises(ReleaseFrozen):
        store.cancel(wave[0])


def test_the_last_day_can_be_moved(store, wave):
    """An extension changes what respondents are told and the date of the release."""
    store.extend(wave[0], date(2026, 4, 15))

    assert store.state(wave[0]).closes_on == "2026-04-15"
    with pytest.raises(WrongState):
        store.extend(wave[0], date(2026, 2, 1))
    store.close(wave[0], on=date(2026, 4, 20))
    with pytest.raises(WaveClosed):
        store.extend(wave[0], date(2026, 5, 1))


def test_too_few_answers_release_nothing_and_still_close(store, wave):
    """A wave with three answers closes with no cell at all."""
    for code in wave[1][0][:3]:
        store.submit(wave[0], code, ANSWERS)

    release = json.loads(store.close(wave[0], on=CLOSED_ON))

    assert release["cells"] == []
