"""
What the conversations about comments leave, and what the threads tell of their authors.

The attacker has every file of the collector, the release, the closed list and every ballot
and code letter as they were handed in, with the truth about whose each was; only the seeds
and the letter key are gone, as they are after the close.
"""

from __future__ import annotations

import hmac
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from collector import conversations, files
from collector.conversations import Conversations
from collector.folders import State, WaveFolder
from surveys import codes, questionnaires, release, threads
from surveys.ballots import receipt_of
from surveys.documents import canonical
from surveys.encoding import encode
from surveys.questions import Comment
from surveys.threads import DOMAIN, field_of, thread_of
from tests.collector.conftest import BOTH, haste, make_store, open_wave

pytestmark = pytest.mark.attack

WAVE = "2026-03"
CODES = [codes.code_of(bytes([number]) * 10) for number in range(4)]


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Leave out waiting for the disk, which changes no byte."""
    haste(monkeypatch)


# Files.


class Reopened(Conversations):
    """Conversations whose former file somebody holds open, as a disk keeps its blocks."""

    remains = b""

    def reply(self, thread, text):
        path = self._root / WAVE / conversations.REPLIES
        former = path.open("rb") if path.exists() else None
        super().reply(thread, text)
        if former is not None:
            with former:
                self.remains += former.read()


def in_order_of_arrival(patch: pytest.MonkeyPatch) -> None:
    """Keep replies in a list that grows at its end."""
    count = iter(range(1_000))
    patch.setattr(conversations, "name_reply", lambda thread, text: f"{next(count):04d}")


def named_by_chance(patch: pytest.MonkeyPatch) -> None:
    """Draw a name for each reply, so that the same again is another."""
    draw = random.Random(1)
    patch.setattr(conversations, "name_reply", lambda thread, text: f"{draw.getrandbits(256):x}")


def with_its_time(patch: pytest.MonkeyPatch) -> None:
    """Note beside each reply when it came."""
    put = conversations._put_replies

    def put_dated(folder, replies):
        dated = {
            name: {"at": str(time.monotonic_ns()), **reply} for name, reply in replies.items()
        }
        put(folder, dated)

    patch.setattr(conversations, "_put_replies", put_dated)


def without_forgetting(patch: pytest.MonkeyPatch) -> None:
    """Leave the times that the file system notes."""
    patch.setattr(files, "forget_times", lambda *paths: None)


def without_erasing(patch: pytest.MonkeyPatch) -> None:
    """Leave what a file held before where it was."""
    patch.setattr(files, "_erase", lambda file: None)


def images(folder: Path, *, orders: int) -> set[str]:
    """Collect the images that replies leave: of every file, its size, blocks and times."""
    draw, found = random.Random(7), set()
    written = [
        (code, f"{word} {n}") for n, word in enumerate(("Yes", "No", "Why")) for code in CODES
    ]
    written += [(CODES[0], f"{'x' * n} and more") for n in (1, 500, 1_900)]
    for order in range(orders):
        root = folder / f"{order}"
        about = begin(root)
        for code, text in draw.sample(written, len(written)):
            about.reply(thread_of(code), text)
        fetched = [
            r["reply"] for r in about.exchange(WAVE, []) if r["thread"] == thread_of(CODES[3])
        ]
        about.exchange(WAVE, fetched)
        found.add(image(root / WAVE) + encode(about.remains.strip(b"\0")))
    return found


def begin(root: Path) -> Reopened:
    """Make a wave that is over, in which HR has answered four comments."""
    root.mkdir(parents=True)
    wave = WaveFolder(root, WAVE)
    wave.path.mkdir()
    wave.set(State(name="acknowledged", plan_sha256="", client_sha256=""))
    about = Reopened(root)
    message = {"from": "hr", "month": "2026-04", "text": "Thank you."}
    found = [{"thread": thread_of(code), "messages": [message]} for code in CODES]
    about.take(WAVE, {"schema": threads.THREADS_SCHEMA, "wave": WAVE, "threads": found})
    return about


def image(folder: Path) -> str:
    # Lock and state date from the wave itself, and no reply touches them.
    made_before = {"lock", "state.json"}
    found = sorted(path for path in folder.iterdir() if path.name not in made_before)
    facts = [
        [path.name, (was := path.stat()).st_mtime_ns, was.st_size, was.st_blocks] for path in found
    ]
    facts.append([folder.stat().st_mtime_ns])
    return sha256(b"".join(map(Path.read_bytes, found)) + canonical(facts)).hexdigest()


@pytest.mark.parametrize("orders", [6, pytest.param(120, marks=pytest.mark.long)])
def test_the_files_of_conversations_are_the_same_whatever_the_order(tmp_path, orders):
    """Replies that wait leave one image, in whatever order they came, and nothing of before."""
    assert len(images(tmp_path, orders=orders)) == 1


@pytest.mark.parametrize(
    "plant",
    [
        in_order_of_arrival,
        named_by_chance,
        with_its_time,
        without_forgetting,
        without_erasing,
    ],
)
def test_the_attack_finds_files_that_keep_an_order(tmp_path, monkeypatch, plant):
    """Each planted leak shows in the image, so the comparison above proves something."""
    plant(monkeypatch)

    assert len(images(tmp_path, orders=3)) > 1


# Authors.


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Somebody who wrote two comments, and everything that was ever seen of their answer."""

    texts: tuple[str, str]
    seen: tuple[bytes, ...]


ITEMS = ("first", "second")
ASKED = replace(
    questionnaires.load("monthly_pulse"),
    questions=tuple(Comment(key=key, text="Why?", max_length=40) for key in ITEMS),
    constructs=(),
)


def play(folder: Path, ballot_code: Callable[..., str]) -> tuple[list[Author], dict[str, Any]]:
    """Let eight people comment by ballot and twelve by letter; give the truth and the release."""
    store = make_store(folder)
    wave = open_wave(store, questionnaire=ASKED, rights=BOTH)
    authors = []
    for number in range(8):
        seed = sha256(f"{wave.key} 0 {number}".encode()).digest()  # as `Wave.ballot` draws it
        ballot = wave.ballot(0, number)
        receipt, texts = receipt_of(ballot.prepared), words()
        beside = {
            field_of(item): [thread_of(ballot_code(seed, receipt=receipt, item=item))]
            for item in ITEMS
        }
        sealed = beside | {item: [text] for item, text in zip(ITEMS, texts, strict=True)}
        wave.redeem(store, 0, number, sealed)
        seen = (receipt, ballot.prepared, ballot.signature, wave.seal(ballot, sealed))
        authors.append(Author(texts=texts, seen=seen))
    for code in wave.codes["g01"]:
        texts = words()
        accepted = store.submit(
            wave.key, code, {i: [t] for i, t in zip(ITEMS, texts, strict=True)}
        )
        digest = bytes.fromhex(codes.digest(wave.key, code))
        authors.append(Author(texts=texts, seen=(accepted.receipt, code.encode(), digest)))
    raw = store.close(WAVE, on=date(2026, 4, 1), issued=wave.issued, rng=random.Random(3))
    return authors, json.loads(raw)


def words() -> tuple[str, str]:
    return (f"{WORDS.getrandbits(80):020x}", f"{WORDS.getrandbits(80):020x}")


WORDS = random.Random(11)


def derived(known: bytes, item: str) -> Iterator[str]:
    """Make every thread that could follow from something that was seen."""
    about = (b"", item.encode(), f"|{WAVE}|{item}".encode(), WAVE.encode() + item.encode())
    for form in {known, known.hex().encode(), encode(known).encode(), known[:32], known[:10]}:
        for more in about:
            drawn = (
                form,
                sha256(form + more).digest(),
                sha256(DOMAIN + form + more).digest(),
                hmac.digest(form, DOMAIN + more, "sha256"),
                HKDF(hashes.SHA256(), 10, None, DOMAIN + more).derive(form),
            )
            for some in drawn:
                yield some.hex()
                yield sha256(some).hexdigest()
                yield thread_of(codes.code_of(some[:10]))
        yield thread_of(form.decode("latin-1"))


def findings(authors: Sequence[Author], document: dict[str, Any]) -> set[str]:
    """Play every way of telling whose a thread is, or that two comments have one author."""
    cells = document["comments"]["cells"]
    listed = {c["text"]: c["thread"] for m in cells for i in ITEMS for c in m["items"][i]}
    assert set(listed) == {text for author in authors for text in author.texts}
    found = set()
    for author in authors:
        own = [listed[text] for text in author.texts]
        for item, thread in zip(ITEMS, own, strict=True):
            if any(thread in set(derived(known, item)) for known in author.seen):
                found.add("a thread follows from what was seen of its author's answer")
        first, second = own
        if (
            None in own
            or first == second
            or second in set(derived(bytes.fromhex(first), "second"))
        ):
            found.add("two threads tell that they have one author")
    places = {text: n for m in cells for i in ITEMS for n, text in enumerate(texts_of(m, i))}
    paired = sum(places[one] == places[other] for one, other in (a.texts for a in authors))
    if paired > len(authors) / 2:
        found.add("two comments of one author stand in the same place")
    return found


def texts_of(cell: dict[str, Any], item: str) -> list[str]:
    return [comment["text"] for comment in cell["items"][item]]


def as_it_is(seed: bytes, *, receipt: bytes, item: str) -> str:
    """Make a ballot's code as the browser does."""
    return threads.ballot_code(seed, wave=WAVE, item=item)


def test_no_thread_leads_to_its_author_or_to_their_other_comment(tmp_path):
    """Neither receipt, ballot, letter, seal nor the other thread gives a thread; no order does."""
    assert findings(*play(tmp_path, as_it_is)) == set()


def from_the_receipt(patch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Derive the code from the receipt, which is published."""
    return lambda seed, *, receipt, item: codes.code_of(
        sha256(DOMAIN + receipt + item.encode()).digest()[:10]
    )


def from_the_letter(patch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Derive the code from the digest of the letter, without a key that dies."""
    patch.setattr(
        threads,
        "letter_code",
        lambda key, *, digest, item: codes.code_of(sha256(digest + item.encode()).digest()[:10]),
    )
    return as_it_is


def one_for_all(patch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Give all comments of one ballot one code, and a release that minds no second claim."""
    patch.setattr(release, "_used_twice", lambda people, keys: set())
    return lambda seed, *, receipt, item: threads.ballot_code(seed, wave=WAVE, item="")


def one_from_another(patch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Derive the code of the second comment from the thread of the first."""

    def derive(seed, *, receipt, item):
        first = threads.ballot_code(seed, wave=WAVE, item="first")
        if item == "first":
            return first
        return codes.code_of(sha256(bytes.fromhex(thread_of(first))).digest()[:10])

    return derive


def side_by_side(patch: pytest.MonkeyPatch) -> Callable[..., str]:
    """List the comments on each item in one and the same order of people."""

    def list_all(people, key, *, unclaimed, rng):
        return [{"text": p[key], "thread": p.get(field_of(key))} for p in people]

    patch.setattr(release, "_shuffled", list_all)
    return as_it_is


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (from_the_receipt, "follows from what was seen"),
        (from_the_letter, "follows from what was seen"),
        (one_for_all, "two threads tell"),
        (one_from_another, "two threads tell"),
        (side_by_side, "in the same place"),
    ],
)
def test_the_attack_finds_threads_that_tell(tmp_path, monkeypatch, plant, finding):
    """Each planted leak is found by name, so the attack above proves something."""
    ballot_code = plant(monkeypatch)

    assert any(finding in found for found in findings(*play(tmp_path, ballot_code)))
