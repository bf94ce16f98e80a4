"""collector.preparing: a wave opens as it was prepared, with keys that lie apart."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from collector.config import BadSettings
from collector.guardians import Guardian
from collector.program import MOST_BYTES
from collector.store import Store
from surveys import questionnaires, sealing
from surveys.documents import canonical
from surveys.encoding import decode, encode
from surveys.errors import (
    BadDocument,
    BelowFloor,
    DifferentDocument,
    GuardianNeeded,
    SpentBallot,
    WrongState,
)
from surveys.questions import Comment
from tests.collector.conftest import (
    ANSWERS,
    BOTH,
    make_guardian,
    make_plan,
    make_store,
    make_wave,
    open_wave,
)
from tests.promises import PROMISE


@pytest.fixture
def wave(store):
    """An open wave of eight people with ballots and twelve with letters."""
    return open_wave(store, rights=BOTH)


def folder_of(store, wave="2026-03"):
    return store._folder / wave


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
    with pytest.raises(DifferentDocument):
        promise = {**PROMISE.to_dict(), "keep_results_months": 120}
        store.open_wave(make_wave(make_plan(promise=promise), reply).opening)

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


def comments(n):
    """Ask for so many comments of the greatest length there is."""
    pulse = questionnaires.load("monthly_pulse")
    asked = tuple(Comment(key=f"c{i}", text="Why?", max_length=10_000) for i in range(n))
    return replace(pulse, questions=asked, constructs=())


def test_answers_too_long_for_a_request_are_refused_beforehand(store):
    """The longest answers that can be prepared for can be sent, and no longer ones prepared."""
    with pytest.raises(BadDocument, match="Allow fewer characters"):
        store.prepare(make_plan(questionnaire=comments(5)))
    wave = open_wave(store, questionnaire=comments(4))

    assert len(canonical(wave.request(0, 0, {}))) < MOST_BYTES


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
    (tmp_path / "guardian.json").write_text(json.dumps({"schema": "headwater.guardian/1"} | named))
    store = make_store(tmp_path, guardian=Guardian.read(str(tmp_path / "guardian.json")))
    others = {"name": "Somebody"}, {"key": named["sealing_key"]}, {"holds_count_key": True}
    for guardian in (None, *(named | other for other in others)):
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
