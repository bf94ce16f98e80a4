"""collector.closing: answers that wait for the key that their guardian holds."""

import json
from datetime import date

import pytest

from collector.folders import KEPT
from surveys import sealing
from surveys.closed import check_closed_list
from surveys.encoding import decode, encode
from surveys.errors import (
    BadDocument,
    CountKeyNeeded,
    WaveClosed,
    WrongState,
)
from surveys.manifests import manifest_sha256
from tests.collector.conftest import (
    ANSWERS,
    BOTH,
    COUNT_KEY,
    SEALING_KEY,
    make_guardian,
    make_store,
    open_wave,
)

CLOSED_ON = date(2026, 4, 2)


@pytest.fixture
def wave(store):
    """A wave in which six of eight answered by ballot and ten of twelve by letter."""
    opened = open_wave(store, rights=BOTH)
    fill(store, opened)
    return opened


def fill(store, wave):
    """Let six people answer by ballot, and ten by letter with a comment each."""
    for number in range(6):
        wave.redeem(store, 0, number, ANSWERS | {"tools": [str(1 + number % 5)]})
    for number, code in enumerate(wave.codes["g01"][:10]):
        store.submit(wave.key, code, ANSWERS | {"comment": [f"Remark {number}"]})


def close(store, wave, **options):
    return store.close(wave.key, on=CLOSED_ON, issued=wave.issued, **options)


def listed(store, wave):
    """Give the closed list, after checking it as anybody can."""
    document = json.loads(store.closed_list(wave.key))
    check_closed_list(document, manifest=wave.manifest, manifest_digest=manifest_sha256(wave.text))
    return document


@pytest.fixture
def guarded(store):
    """A wave whose count key the guardian holds."""
    opened = open_wave(store, rights=BOTH, guardian=make_guardian(holds_count_key=True))
    fill(store, opened)
    return opened


def test_the_answers_wait_for_the_guardians_key(store, guarded, tmp_path):
    """Closing refuses answers and waits; with the key it goes on where it stopped."""
    assert json.loads((tmp_path / "keys" / "2026-03.json").read_bytes())["count"] is None
    for _ in range(2):
        with pytest.raises(CountKeyNeeded):
            close(store, guarded)
    with pytest.raises(CountKeyNeeded):
        store.closed_list(guarded.key)
    with pytest.raises(WaveClosed):
        guarded.redeem(store, 0, 7, ANSWERS)

    make_store(store._folder.parent).take_count_key(guarded.key, COUNT_KEY)

    assert json.loads(close(store, guarded))["n_responses"] == 16
    store.take_count_key(guarded.key, COUNT_KEY)
    for path in tmp_path.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert COUNT_KEY not in content
        assert encode(COUNT_KEY).encode() not in content


def test_only_the_key_of_the_manifest_opens(store, guarded):
    """Another key, and one that comes too early, change nothing."""
    with pytest.raises(WrongState):
        store.take_count_key(guarded.key, COUNT_KEY)
    with pytest.raises(CountKeyNeeded):
        close(store, guarded)
    for wrong in (sealing.new_private_key(), bytes(32), b"short"):
        with pytest.raises(BadDocument):
            store.take_count_key(guarded.key, wrong)

    assert store.state(guarded.key).name == "closing"


def test_a_wave_whose_guardian_lost_the_key_can_be_cancelled(store, guarded):
    """Nobody has read these answers, so they may be destroyed unread."""
    with pytest.raises(CountKeyNeeded):
        close(store, guarded)

    store.cancel(guarded.key)

    assert {path.name for path in (store._folder / guarded.key).iterdir()} <= KEPT


def test_a_wave_whose_keys_were_lost_can_be_cancelled(store, wave):
    """Nobody can ever read these answers, whether the loss came before the close or amid it."""
    store._keys.destroy(wave.key)
    with pytest.raises(FileNotFoundError):
        close(store, wave)
    assert store.state(wave.key).name == "closing"

    store.cancel(wave.key)

    assert {path.name for path in (store._folder / wave.key).iterdir()} <= KEPT


def test_the_guardian_alone_learns_the_counts_of_groups(store, guarded):
    """They are sealed to the guardian's key, and bound to the manifest."""
    with pytest.raises(CountKeyNeeded):
        close(store, guarded)
    store.take_count_key(guarded.key, COUNT_KEY)

    counts = sealing.unseal(
        SEALING_KEY,
        decode(listed(store, guarded)["guardian_counts"]),
        bound_to=manifest_sha256(guarded.text),
    )

    assert [(g["group"], g["accepted"]) for g in json.loads(counts)["groups"]] == [
        ("g00", 6),
        ("g01", 10),
    ]


def test_a_key_is_not_asked_for_where_nothing_will_be_opened(store):
    """With too few answers the wave closes without the guardian."""
    wave = open_wave(store, guardian=make_guardian(holds_count_key=True))

    assert json.loads(close(store, wave))["cells"] == []


def test_groups_with_a_newcomer_are_counted_as_the_opening_says(store):
    """R9: six answers that need eight are counted with others, or not opened at all."""
    few = open_wave(store, "2026-04", needs=8, guardian=make_guardian(holds_count_key=True))
    for number in range(6):
        few.redeem(store, 0, number, ANSWERS)
    more = open_wave(store, "2026-05", rights=BOTH, needs=8)
    fill(store, more)

    alone, together = (json.loads(close(store, wave)) for wave in (few, more))

    assert (alone["n_responses"], alone["cells"]) == (0, [])
    assert [(cell["teams"], cell["n"]) for cell in together["cells"]] == [(["t0", "t1"], 16)]
