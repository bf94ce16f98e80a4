"""
A-5: every byte that both programs leave, and the truth about half of the people, link nobody.

People take their ballots and answer through the real programs.  Then the attacker gets all
files and databases of both, knows who signed in when, and tries three things: facts about a
person beside an answer, and the other way round; orders that agree, of any column and of the
bytes themselves; and a model that learns from half of the people.  Each planted leak must be
found, before the closing and after it, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import flask
import numpy as np
import pytest

from app.services import issuances
from collector import files, program
from collector.store import Store
from surveys.ballots import receipt_of
from surveys.encoding import decode
from surveys.lifecycle import State
from surveys.manifests import begin_ballot
from surveys.threads import ballot_code, field_of, thread_of
from tests.attack import visits
from tests.attack.evidence import Left, left_at, traits_of_answers
from tests.attack.leaky import LEAKS
from tests.attack.line import Employee, Line, line, now, send
from tests.attack.linking import area_of_model, orders_that_agree
from tests.attack.needles import Needles, hashed

pytestmark = [pytest.mark.attack, pytest.mark.database, pytest.mark.usefixtures("hasty")]

SIZES, MANY = (24, 28, 20), (80, 100, 60)


# What the attacker looks for.


def facts_of(people: Sequence[Employee]) -> Needles:
    """List what a person is known by, which must not lie where answers do."""
    needles = Needles()
    for owner, person in enumerate(people):
        for label in ("name", "email", "network", "browser", "cookie"):
            needles.add(label, owner, getattr(person, label))
        needles.add("blinded", owner, person.draft.blinded)
    return needles


def answers_of(people: Sequence[Employee]) -> Needles:
    """List what an answer is known by, which must not lie where people do."""
    needles = Needles()
    for owner, person in enumerate(people):
        needles.add("receipt", owner, person.receipt)
        needles.add("prefix", owner, person.ballot.prepared[:32])
        needles.add("nonce", owner, person.ballot.prepared[-32:])
        needles.add("signature", owner, person.ballot.signature)
        needles.add("sealed", owner, decode(person.body["sealed"])[:48])
        needles.add("code", owner, code_of(person))
    return needles


def comments_of(people: Sequence[Employee]) -> Needles:
    """List the words by which the attacker knows an answer again after it was counted."""
    needles = Needles()
    for owner, person in enumerate(people):
        needles.add("comment", owner, comment_of(person))
        needles.add("thread", owner, thread_of(code_of(person)))
    return needles


def comment_of(person: Employee) -> str:
    return f"Remark {person.seed.hex()[:24]}"


def code_of(person: Employee) -> str:
    return ballot_code(person.seed, wave="2026-11", item="comment")


def misplaced(needles: Needles, left: Left) -> set[str]:
    """Name everything that was found where it must not be."""
    found = {
        f"{hit.label}, in {name}"
        for name, content in left.files.items()
        for hit in needles.found_in(content)
    }
    cells = [
        (table, b"\0".join(str(value).encode() for value in row))
        for table in left.tables
        for row in table.rows
    ]
    found |= {f"{h.label}, in {table.name}" for table, row in cells for h in needles.found_in(row)}
    return found


def guessed_seeds(people: Sequence[Employee], manifest: str) -> set[str]:
    """Try what a careless client might have made its secret of."""
    found = set()
    for person in people[:20]:
        facts = {"name": person.name, "email": person.email, "number": str(person.person_id)}
        for label, fact in facts.items():
            draft = begin_ballot(hashed(fact), manifest, group=person.group)
            if draft.blinded == person.draft.blinded:
                found.add(f"seed made of the {label}")
    return found


def linked(people: Sequence[Employee], traits: dict[str, list[float]]) -> list[str]:
    """Try to link answers by orders and by a model; every finding is one sentence."""
    groups = [person.group for person in people]
    known = {
        "the sign-ins": list(range(len(people))),
        "the numbers of people": [person.person_id for person in people],
        "the blinded values": [float(person.draft.blinded[0]) for person in people],
    }
    found = orders_that_agree(known, traits, groups)
    area, sd = area_of_model(known, traits, groups, rng=np.random.default_rng(5))
    if abs(area - 0.5) > 3.5 * sd:
        found.append(f"model (area {area:.2f})")
    return found


# The wave that they play on.


def events(n: int) -> list[tuple[float, str, int]]:
    """Draw who takes a ballot and who answers, when, in the order of time."""
    rng = np.random.default_rng(11)
    taken = visits.sign_ins(n, rng)
    sent = visits.sent_at_once(taken, rng)
    moments = [(at, "take", i) for i, at in enumerate(taken)]
    return sorted(moments + [(at, "answer", i) for i, at in enumerate(sent)])


def play(played: Line, people: Sequence[Employee], others: Sequence[flask.Flask] = ()) -> list:
    """Let everybody take a ballot and answer; give them in the order of their sign-ins."""
    order = []
    for _, deed, number in events(len(people)):
        person = people[number]
        if deed == "take":
            assert played.take(person).status_code == 200
            order.append(person)
            continue
        beside = {field_of("comment"): [thread_of(code_of(person))]}
        fields = {"tools": [str(1 + number % 5)], "comment": [comment_of(person)], **beside}
        careless = {"X-Blinded": sha256(person.draft.blinded).hexdigest()}
        statuses = [played.answer(person, fields).status_code]
        statuses += [
            send(other, person.body, employee=person, headers=careless).status_code
            for other in others
        ]
        assert set(statuses) == {200}
    return order


def copies(played: Line, monkeypatch) -> dict[str, flask.Flask]:
    """Build a collector for each planted leak, over a copy of the store as it opened."""
    built = {}
    for name, leak in LEAKS.items():
        folder = played.folder / "leaks" / name
        shutil.copytree(played.folder / "collector", folder)
        settings = replace(
            played.collector_settings,
            collector_store=folder / "store",
            collector_keys=folder / "keys",
        )
        with monkeypatch.context() as patch:
            patch.setattr(program, "Store", leak.store)
            built[name] = program.create_collector(settings)
    return built


def while_open(people: Sequence[Employee], collector: Path) -> set[str]:
    """Play all attacks on what a collector keeps while a wave is open."""
    left = left_at(collector)
    traits = traits_of_answers(left, answers_of(people), len(people))
    assert len(traits) >= 8, "the answers themselves must be found, or the search proves nothing"
    return misplaced(facts_of(people), left) | set(linked(people, traits))


def after_closing(people: Sequence[Employee], collector: Left, app: Left) -> set[str]:
    """Play all attacks on what both keep of a wave that was released."""
    found = misplaced(facts_of(people), collector)
    found |= {f for f in misplaced(answers_of(people), collector) if not f.endswith("closed.json")}
    found |= misplaced(answers_of(people), app) | misplaced(comments_of(people), collector)
    traits = traits_of_answers(app, comments_of(people), len(people))
    assert traits, "the comments themselves must be found, or the search proves nothing"
    return found | set(linked(people, traits))


class ArrivalOrder(random.Random):
    """A mutant of chance: it deals comments as they came."""

    def __init__(self, people: Sequence[Employee]) -> None:
        super().__init__(1)
        self.came = {comment_of(person): number for number, person in enumerate(people)}

    def shuffle(self, x):
        if x and "thread" in x[0]:
            x.sort(key=lambda comment: self.came[comment["text"]])


def close_copy(played: Line, folder: Path, *, rng: random.Random) -> bytes:
    """Close a copy of the collector's store, and give its release."""
    issued = {g["group"]: g["n_eligible"] for g in json.loads(played.manifest)["groups"]}
    store = Store(folder / "store", keys=folder / "keys")
    return store.close(played.wave, on=now().date(), issued=issued, rng=rng)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the attacks found: at the programs as they are, and at each planted leak."""

    clean: set[str]
    planted: dict[str, set[str]]


def attack(folder: Path, url: str, monkeypatch, sizes: Sequence[int]) -> Outcome:
    """Play a whole wave, and all attacks on it."""
    with line(folder / "line", url) as played:
        people = played.open(sizes)
        random.Random(3).shuffle(people)
        leaking = copies(played, monkeypatch)
        people = play(played, people, list(leaking.values()))
        places = {name: played.folder / "leaks" / name for name in LEAKS}
        planted = {name: while_open(people, place) for name, place in places.items()}

        collector, app = played.folder / "collector", played.folder / "app"
        clean = while_open(people, collector) | guessed_seeds(people, played.manifest)
        clean |= misplaced(answers_of(people), left_at(app, url=url))
        shutil.copytree(collector, folder / "before")
        assert played.close() is State.RELEASED
        clean |= after_closing(people, left_at(collector), left_at(app, url=url))

    (folder / "kept").mkdir()
    release = close_copy(played, folder / "before", rng=ArrivalOrder(people))
    (folder / "kept" / "releases").write_bytes(release)
    planted[COMMENTS] = after_closing(people, Left(files={}, tables=()), left_at(folder / "kept"))
    return Outcome(clean=clean, planted=planted)


COMMENTS = "comments as they came"
IN_ORDER = ("a time", "a number", "hidden row numbers", "a write-ahead log", "slots as they came")
EXPECTED = {name: leak.finding for name, leak in LEAKS.items()}
EXPECTED[COMMENTS] = "comment in releases: like"


def named(findings: set[str]) -> set[str]:
    """Leave out the figures of findings."""
    return {finding.partition(" (")[0] for finding in findings}


@pytest.mark.parametrize("sizes", [SIZES, pytest.param(MANY, marks=pytest.mark.long)], ids=sum)
def test_nothing_that_is_left_links_a_person_with_an_answer(
    tmp_path, new_database, monkeypatch, sizes
):
    """Before and after the closing nothing is found, and each planted leak is."""

    def attempt(name: str) -> Outcome:
        folder = tmp_path / name
        return attack(folder, new_database(folder / "line" / "app"), monkeypatch, sizes)

    outcome = attempt("first")
    for name in (*IN_ORDER, COMMENTS):
        assert "model" in named(outcome.planted[name]), (name, outcome.planted)
    for name, finding in EXPECTED.items():
        assert any(finding in found for found in outcome.planted[name]), (name, outcome.planted)
    if outcome.clean:  # What chance made does not come twice; what a program keeps does.
        assert not named(outcome.clean) & named(attempt("second").clean), outcome.clean


def test_leaks_between_the_programs_are_found(tmp_path, new_database, monkeypatch):
    """An issuance that holds the receipt, a seed made of an address, an intake that stays."""
    really = issuances._claim

    def claim(session, wave_id, person_id, digest):
        really(session, wave_id, person_id, flask.request.headers["X-Receipt"])
        return digest

    monkeypatch.setattr(issuances, "_claim", claim)
    monkeypatch.setattr(files, "destroy", lambda path: None)
    with line(tmp_path / "line", url := new_database(tmp_path / "line" / "app")) as played:
        people = played.open([10])
        for person in people:
            person.seed = hashed(person.email)
            draft = begin_ballot(person.seed, played.manifest, group=person.group)
            receipt = receipt_of(draft.prepared).hex()
            assert played.take(person, headers={"X-Receipt": receipt}).status_code == 200
            assert played.answer(person, {"comment": [comment_of(person)]}).status_code == 200
        app, collector = played.folder / "app", played.folder / "collector"

        in_the_app = misplaced(answers_of(people), left_at(app, url=url))
        assert {f.partition(",")[0] for f in in_the_app} == {"receipt"}, in_the_app
        assert guessed_seeds(people, played.manifest) == {"seed made of the email"}
        played.close()
        found = after_closing(people, left_at(collector), left_at(app, url=url))
        assert "sealed, as it is, in answers.sqlite" in found


def test_who_took_a_ballot_is_forgotten_with_the_release(tmp_path, new_database):
    """After the release no file of either program holds a blinded value or its hash."""
    with line(tmp_path / "line", url := new_database(tmp_path / "line" / "app")) as played:
        people = played.open([10])
        for person in people:
            assert played.take(person).status_code == 200
            assert played.answer(person, {"tools": ["4"]}).status_code == 200
        blinded = Needles()
        for owner, person in enumerate(people):
            blinded.add("blinded", owner, person.draft.blinded)
        before = misplaced(blinded, left_at(played.folder / "app", url=url))
        played.close()
        after = misplaced(blinded, left_at(played.folder, url=url))

    assert {"blinded, as a hash in hexadecimal, in g01.issued"} < before
    # A database server keeps a log of its own for a while; docs/privacy.md says so.
    assert after <= {"blinded, as a hash in hexadecimal, in pg_wal"}


@pytest.mark.long
@pytest.mark.simulation
def test_the_model_finds_by_chance_what_chance_allows():
    """Where nothing is to be learned, the area varies as the standard deviation says."""
    rng, groups = np.random.default_rng(2), ["a"] * 24 + ["b"] * 28 + ["c"] * 20
    n, away = len(groups), []
    for _ in range(150):
        slots = rng.permutation(n)
        traits = {f"trait {number}": rng.random(n).tolist() for number in range(4)}
        traits |= {"slot": slots.tolist(), "page": (slots // 9).tolist()}
        known = {"moment": list(range(n)), "number": rng.permutation(n).tolist()}
        area, sd = area_of_model(known, traits, groups, rng=rng)
        away.append((area - 0.5) / sd)

    assert abs(np.mean(away)) < 0.3
    assert 0.8 < np.std(away) < 1.2
