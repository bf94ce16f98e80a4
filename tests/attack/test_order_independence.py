"""A-6: the bytes of the intake tell which answers came, never in which order."""

import random
import time
from hashlib import sha256

import pytest

from collector import files, intake
from collector.intake import Intake, pad
from surveys.documents import canonical
from surveys.errors import SpentCode

pytestmark = pytest.mark.attack

BODY = 420
# Rows of one page, rows that overflow into a second page, and into a third.
LENGTHS = (BODY, 3_000, 9_000)


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Leave out waiting for the disk, which changes no byte."""
    monkeypatch.setattr(intake, "SYNCHRONOUS", "OFF")


class RowidIntake(Intake):
    """A mutant that moves an answered row to the end of the file's own order."""

    def _write(self, code, body):
        (group,) = self._connection.execute(
            "SELECT group_index FROM answers WHERE code = ?", (code,)
        ).fetchone()
        self._connection.execute("CREATE TABLE IF NOT EXISTS came (g INTEGER, body BLOB)")
        self._connection.execute("INSERT INTO came VALUES (?, ?)", (group, body))
        self._connection.execute("COMMIT")


class StampedIntake(Intake):
    """A mutant that notes in the padding when the answer came."""

    def put(self, code, body):
        stamp = time.monotonic_ns().to_bytes(8, "big")
        super().put(code, body[:-8] + stamp)


class GrowingIntake(Intake):
    """A mutant that stores bodies at their own length, so that rows move within their page."""

    @classmethod
    def create(cls, path, *, codes, body_length):
        super().create(path, codes=codes, body_length=5)

    def put(self, code, body):
        super().put(code, body.rstrip(b"\0"))


def image(kind, folder, answers, order, *, length):
    """Fill a store in one order and digest every file it leaves, and their times."""
    path = folder / f"{random.getrandbits(64):x}" / "answers.sqlite"
    path.parent.mkdir(parents=True)
    kind.create(path, codes={code: i % 3 for i, code in enumerate(answers)}, body_length=length)
    store = kind(path)
    for code in order:
        store.put(code, answers[code])
    store.close()
    folder = sorted([path.parent, *path.parent.iterdir()])
    times = [[file.name, file.stat().st_mtime_ns] for file in folder[1:]]
    times.append(folder[0].stat().st_mtime_ns)
    contents = b"".join(file.read_bytes() for file in folder[1:])
    return sha256(contents + canonical(times)).hexdigest()


class DiaryIntake(Intake):
    """A mutant that leaves the journal of the last answer as SQLite leaves it."""

    def put(self, code, body):
        wiped = files.forget_times
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(intake, "_forget", lambda path: wiped(path, path.parent))
            super().put(code, body)
        wiped(intake._journal(self._path))


def images(kind, folder, *, rows, length, orders):
    """Collect the different images that several orders of the same answers leave behind."""
    rng = random.Random(rows)
    codes = [sha256(b"%d" % number).digest() for number in range(rows)]
    room = length - 40
    answers = {
        code: pad(
            {"tools": rng.randint(1, 5), "comment": "x" * rng.choice((0, 30, room))},
            length=length,
        )
        for code in codes
    }
    answered = codes[: rows * 4 // 5]
    # Every code is in the store, some are answered: all but a fifth, and always the same ones.
    found = set()
    for _ in range(orders):
        rng.shuffle(answered)
        found.add(image(kind, folder, answers, answered, length=length))
    return found


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("rows", [15, 300])
def test_the_file_is_the_same_whatever_the_order(tmp_path, rows, length):
    """Five orders of the same answers leave one file image, with nothing masked."""
    orders = 5 if rows == 15 else 3

    assert len(images(Intake, tmp_path, rows=rows, length=length, orders=orders)) == 1


@pytest.mark.parametrize("mutant", [RowidIntake, StampedIntake, GrowingIntake, DiaryIntake])
def test_the_attack_finds_a_store_that_keeps_the_order(tmp_path, mutant):
    """A planted leak shows in the image, so the comparison above proves something."""
    assert len(images(mutant, tmp_path, rows=15, length=BODY, orders=5)) > 1


def test_resubmissions_and_refusals_leave_no_trace(tmp_path):
    """Neither the same answer again nor a different one moves a byte of the file."""
    codes = [sha256(b"%d" % number).digest() for number in range(15)]
    path = tmp_path / "answers.sqlite"
    Intake.create(path, codes=dict.fromkeys(codes, 0), body_length=BODY)
    store = Intake(path)
    for code in codes[:9]:
        store.put(code, pad({"tools": 4}, length=BODY))
    before = path.read_bytes()

    for code in codes[:9]:
        store.put(code, pad({"tools": 4}, length=BODY))
        with pytest.raises(SpentCode):
            store.put(code, pad({"tools": 5}, length=BODY))

    assert path.read_bytes() == before
