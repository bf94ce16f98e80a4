"""collector.closing: from sealed answers to a release and a closed list, and nothing else."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from collector import closing, files
from collector.folders import FOR_GOOD
from collector.store import Store
from surveys import sealing
from surveys.closed import check_closed_list
from surveys.encoding import decode, encode
from surveys.errors import (
    BadDocument,
    DifferentDocument,
    ReleaseFrozen,
    WaveClosed,
    WrongState,
)
from surveys.manifests import manifest_sha256
from tests.collector.conftest import (
    ANSWERS,
    BOTH,
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


def test_closing_gives_a_release_of_everything_answered(store, wave):
    """Ballots and letters are counted alike, each in the cell of its team."""
    release = json.loads(close(store, wave))

    assert [(cell["teams"], cell["n"]) for cell in release["cells"]] == [(["t0"], 6), (["t1"], 10)]
    assert release["cells"][0]["items"]["energy"]["n"] == 6
    (comments,) = release["comments"]["cells"]
    assert sorted(comment["text"] for comment in comments["items"]["comment"]) == sorted(
        f"Remark {number}" for number in range(10)
    )


def test_a_release_is_dated_by_the_wave_not_by_a_late_close(store, wave):
    """A close that runs late does not move the wave into the next month."""
    assert json.loads(close(store, wave))["closed_on"] == "2026-03-31"


def test_closing_again_gives_the_same_bytes(store, wave):
    """The order of comments is drawn once and frozen with the rest."""
    first = close(store, wave)

    assert store.close(wave.key, on=date(2026, 5, 1), issued={}) == first
    assert close(make_store(store._folder.parent), wave) == first


def test_a_closed_wave_takes_no_answers(store, wave):
    """Unused rights are void at close, also in a process that knew the wave as open."""
    other = make_store(store._folder.parent)
    wave.redeem(other, 0, 6, ANSWERS)
    close(store, wave)

    for door in (store, other):
        with pytest.raises(WaveClosed):
            wave.redeem(door, 0, 7, ANSWERS)
        with pytest.raises(WaveClosed):
            door.submit(wave.key, wave.codes["g01"][11], ANSWERS)
        assert door.open_waves() == []
        assert not door._running
        assert not door._intakes


def test_a_health_check_forgets_keys_of_waves_that_others_closed(store, wave):
    """A process that nobody asks again drops the wave's keys all the same."""
    other = make_store(store._folder.parent)
    other.known(wave.key)
    close(store, wave)

    other.blur_times()

    assert not other._running


def test_nobody_waits_for_a_close_under_way(store, wave):
    """While answers are counted, health checks, lists and late answers get their answer."""
    wave.redeem(store, 0, 7, ANSWERS)
    folder = store._at(wave.key)

    def late() -> None:
        with pytest.raises(WaveClosed):
            wave.redeem(store, 0, 6, ANSWERS)

    with ThreadPoolExecutor() as threads, folder.held():
        closing.refuse_answers(folder, store._load(folder), on=CLOSED_ON, issued=wave.issued)
        for deed in (late, store.blur_times, store.open_waves):
            threads.submit(deed).result(timeout=5)
        assert not store._running

    store.blur_times()
    assert not store._intakes


def test_a_late_answer_changes_no_byte_of_a_release(store, wave):
    """S-4: what comes after the close is refused, and closing again gives the same file."""
    released = close(store, wave)
    file = store._folder / wave.key / "release.json"
    before = file.read_bytes()

    for late in (
        lambda: wave.redeem(store, 0, 7, ANSWERS),
        lambda: store.submit(wave.key, wave.codes["g01"][11], ANSWERS),
    ):
        with pytest.raises(WaveClosed):
            late()

    assert close(store, wave) == released == before
    assert file.read_bytes() == before


def test_after_the_close_nothing_leads_from_receipt_to_answer(store, wave, tmp_path):
    """Keys, seals, codes, opening and client are gone; every file left is accounted for."""
    sealed = wave.seal(wave.ballot(0, 0), ANSWERS | {"tools": ["1"]})
    close(store, wave)

    left = {path.name for path in (store._folder / wave.key).iterdir()}
    assert left == FOR_GOOD | {"release.json"}
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["CACHEDIR.TAG"]
    release, state, closed = (
        (store._folder / wave.key / name).read_text()
        for name in ("release.json", "state.json", "closed.json")
    )
    assert encode(sealed) not in release + state + closed
    assert "receipt" not in release + state
    for group in ("g00", "g01"):
        assert group not in release + state + closed


def test_no_old_backup_of_the_store_can_be_opened(store, wave, tmp_path):
    """A copy of the store made while the wave ran holds no key, so it is noise afterwards."""
    content = b"".join(p.read_bytes() for p in store._folder.rglob("*") if p.is_file())
    key = json.loads((tmp_path / "keys" / f"{wave.key}.json").read_bytes())["count"]
    close(store, wave)

    assert decode(key) not in content
    assert key.encode() not in content


def test_the_keys_are_destroyed_before_anything_else(store, wave, monkeypatch):
    """Of all that goes, the keys go first, and each file is overwritten before it is removed."""
    gone, seen = [], {}
    destroy, fsync = files.destroy, files.os.fsync

    def look(descriptor):
        name = files.os.readlink(f"/proc/self/fd/{descriptor}")
        seen[Path(name).name] = set(Path(name).read_bytes()) if Path(name).is_file() else None
        fsync(descriptor)

    def note(path):
        gone.append(path.name)
        with monkeypatch.context() as patch:
            patch.setattr(files.os, "fsync", look)
            destroy(path)

    monkeypatch.setattr(files, "destroy", note)
    close(store, wave)

    assert gone[0] == f"{wave.key}.json"
    for name in (gone[0], "answers.sqlite", "opening.json", "client.json", "issued.json"):
        assert seen[name] == {0}, name


def test_acknowledging_leaves_what_anybody_may_check(store, wave):
    """The release is gone; manifest and closed list stay for good."""
    release = close(store, wave)
    before = store.closed_list(wave.key)

    store.acknowledge(wave.key, sha256(release).hexdigest())
    store.acknowledge(wave.key, sha256(release).hexdigest())

    assert {path.name for path in (store._folder / wave.key).iterdir()} == FOR_GOOD
    assert store.closed_list(wave.key) == before
    assert store.envelope(wave.key)["manifest"] == wave.text
    for deed in (
        lambda: wave.redeem(store, 0, 0, ANSWERS),
        lambda: close(store, wave),
        lambda: store.client_file(wave.manifest["client_sha256"], "index.html"),
    ):
        with pytest.raises(WaveClosed):
            deed()


def test_only_the_right_hash_deletes_anything(store, wave):
    """An acknowledgement of something else, or one before the close, is refused."""
    with pytest.raises(WrongState):
        store.acknowledge(wave.key, "0" * 64)
    first = close(store, wave)

    with pytest.raises(DifferentDocument):
        store.acknowledge(wave.key, "0" * 64)

    assert close(store, wave) == first


def test_a_closed_wave_cannot_be_cancelled(store, wave):
    """What was read cannot be destroyed unread."""
    close(store, wave)

    with pytest.raises(ReleaseFrozen):
        store.cancel(wave.key)


def test_too_few_answers_are_never_opened(store, monkeypatch):
    """With fewer answers than a cell needs nothing is decrypted, and the wave still closes."""
    wave = open_wave(store, rights=BOTH)
    for number in range(4):
        wave.redeem(store, 0, number, ANSWERS)
    monkeypatch.setattr(closing, "unseal", None)

    release = json.loads(close(store, wave))

    assert (release["cells"], release["n_responses"]) == ([], 0)
    assert listed(store, wave)["cells"] == []
    assert len(listed(store, wave)["receipts"]) == 20


def test_who_seals_nonsense_has_left_everything_out(store, wave):
    """A seal that cannot be opened, and one around no form, count as answers without content."""
    ballots = [wave.ballot(0, number) for number in (6, 7)]
    junk = [
        b"\4" + bytes(len(wave.seal(ballots[0], ANSWERS)) - 1),
        sealing.seal(
            decode(wave.manifest["count_key"]),
            b"\xff" * wave.manifest["pad"],
            bound_to=b"another receipt",
        ),
    ]
    for ballot, sealed in zip(ballots, junk, strict=True):
        store.redeem(
            wave.key,
            ballot.group,
            prepared=ballot.prepared,
            signature=ballot.signature,
            sealed=sealed,
        )

    cell = json.loads(close(store, wave))["cells"][0]

    assert (cell["n"], cell["items"]["energy"]["n"]) == (8, 6)


def test_answers_that_do_not_fit_are_dropped_one_by_one(store):
    """A browser may seal anything: each item is judged by itself, and the rest counts."""
    wave = open_wave(store)
    for number in range(8):
        wave.redeem(store, 0, number, ANSWERS | {"tools": ["99"], "odd": ["x"], "energy": []})

    items = json.loads(close(store, wave))["cells"][0]["items"]

    assert items["belonging"]["n"] == 8
    assert "odd" not in items
    assert {items[key]["status"] for key in ("tools", "energy")} == {"hidden"}


def test_the_closed_list_has_every_receipt_and_as_many_lines_as_people(store, wave):
    """Everybody finds their own line; its length says nothing about the others."""
    accepted = [wave.redeem(store, 0, number, ANSWERS | {"tools": [str(1 + number % 5)]}).receipt
                for number in range(6)]  # fmt: skip
    release = close(store, wave)

    document = listed(store, wave)

    assert {encode(receipt) for receipt in accepted} <= set(document["receipts"])
    assert len(document["receipts"]) == 20
    assert document["release_sha256"] == sha256(release).hexdigest()
    assert [(c["accepted"], c["issued"]) for c in document["cells"]] == [
        ({"exact": 6}, {"at_least": 7}),
        ({"exact": 10}, {"exact": 12}),
    ]
    assert store.closed_list(wave.key) == store.closed_list(wave.key)


@pytest.mark.parametrize(
    "issued",
    [
        {},
        {"g00": 8},
        {"g00": 9, "g01": 12},
        {"g00": -1, "g01": 12},
        {"g00": True, "g01": 12},
        {"g00": "8", "g01": 12},
        {"g00": 8, "g01": 11},
        {"g00": 8, "g01": 12, "g02": 1},
    ],
)
def test_impossible_counts_of_issued_rights_close_nothing(store, wave, issued):
    """The closed list rests on these counts, so they must fit the manifest."""
    with pytest.raises(BadDocument):
        store.close(wave.key, on=CLOSED_ON, issued=issued)

    assert store.state(wave.key).name == "open"


def test_tidying_finishes_a_close_that_broke_off(store, wave, monkeypatch):
    """A crash after the release was noted leaves keys behind only until the next start."""
    with monkeypatch.context() as patch:
        patch.setattr(closing, "destroy", lambda folder, keys: None)
        close(store, wave)
    keys = store._keys._path(wave.key)
    assert keys.exists()

    Store(store._folder, keys=keys.parent).tidy()

    assert not keys.exists()
    assert {p.name for p in (store._folder / wave.key).iterdir()} == FOR_GOOD | {"release.json"}
