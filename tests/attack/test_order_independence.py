"""A-6: the bytes of the intake tell which answers came, never in which order."""

import random
import time
from hashlib import sha256
from itertools import permutations

import pytest

from collector import files, intake
from collector.intake import EMPTY, Intake, Range, ranges_of
from surveys.documents import canonical
from surveys.errors import SpentBallot

pytestmark = pytest.mark.attack

BODY = 420
# Rows of one page, rows that overflow into a second page, and into a third.
LENGTHS = (BODY, 3_000, 9_000)
# Counting groups and how many of their people answer: some, nearly all, everybody.
SMALL = ((3, 2), (12, 9), (8, 8))
LARGE = ((100, 60), (160, 152), (80, 80), (9, 0))


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Leave out waiting for the disk, which changes no byte."""
    monkeypatch.setattr(intake, "SYNCHRONOUS", "OFF")


class RowidIntake(Intake):
    """A mutant that keeps answers in the order in which they came."""

    def _write(self, moves):
        self._connection.execute("CREATE TABLE IF NOT EXISTS came (receipt BLOB)")
        self._connection.execute("INSERT INTO came VALUES (?)", moves[0][:1])
        super()._write(moves)


class StampedIntake(Intake):
    """A mutant that notes in the body when the answer came."""

    def put(self, within, receipt, body):
        stamp = time.monotonic_ns().to_bytes(8, "big")
        super().put(within, receipt, body[:-8] + stamp)


class GrowingIntake(Intake):
    """A mutant whose slots are short until they are taken, so that rows move within pages."""

    @classmethod
    def create(cls, path, *, n_slots, body_length):
        super().create(path, n_slots=n_slots, body_length=5)


class PatientIntake(Intake):
    """A mutant with ordinary linear probing: who comes first stays."""

    def _moves(self, within, receipt, body):
        for slot, holder in self._from(within, intake._wanted(receipt, within)):
            if holder == EMPTY:
                return [(receipt, body, slot)]
        raise AssertionError("full")


class DiaryIntake(Intake):
    """A mutant that leaves the journal of the last answer as SQLite leaves it."""

    def put(self, within, receipt, body):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(intake, "_wipe", lambda journal, length: None)
            super().put(within, receipt, body)


class StretchedIntake(Intake):
    """A mutant whose journal stays as long as the answer that moved most others made it."""

    def __init__(self, path):
        super().__init__(path)
        self._journal_length = 0

    def _forget(self):
        journal = intake._journal(self._path)
        intake._wipe(journal, length=journal.stat().st_size)
        files.forget_times(journal, self._path, self._path.parent)


def answers_of(groups, *, length):
    """Draw answers for some people of each group: range, receipt and body."""
    rng = random.Random(len(groups))
    ranges = ranges_of([size for size, _ in groups])
    return [
        (within, rng.randbytes(32), rng.randbytes(length))
        for within, (_, n) in zip(ranges, groups, strict=True)
        for _ in range(n)
    ]


def image(kind, folder, answers, *, n_slots, length):
    """Fill a store in one order and digest every file it leaves, and their times."""
    path = folder / f"{random.getrandbits(64):x}" / "answers.sqlite"
    path.parent.mkdir(parents=True)
    kind.create(path, n_slots=n_slots, body_length=length)
    store = kind(path)
    for within, receipt, body in answers:
        store.put(within, receipt, body)
    store.close()
    found = sorted([path.parent, *path.parent.iterdir()])
    about = [file.stat() for file in found]
    facts = [
        [file.name, was.st_mtime_ns, was.st_size, was.st_blocks]
        for file, was in zip(found[1:], about[1:], strict=True)
    ]
    facts.append(about[0].st_mtime_ns)
    contents = b"".join(file.read_bytes() for file in found[1:])
    return sha256(contents + canonical(facts)).hexdigest()


def images(kind, folder, *, groups, length, orders):
    """Collect the different images that several orders of the same answers leave behind."""
    rng = random.Random(orders)
    answers = answers_of(groups, length=length)
    n_slots = sum(size for size, _ in groups)
    found = set()
    for _ in range(orders):
        rng.shuffle(answers)
        found.add(image(kind, folder, answers, n_slots=n_slots, length=length))
    return found


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(("groups", "orders"), [(SMALL, 6), (LARGE, 3)], ids=["19", "292"])
def test_the_file_is_the_same_whatever_the_order(tmp_path, groups, orders, length):
    """Orders of the same answers leave one image of every file, with nothing masked."""
    assert len(images(Intake, tmp_path, groups=groups, length=length, orders=orders)) == 1


@pytest.mark.parametrize(
    "mutant",
    [
        *(RowidIntake, StampedIntake, DiaryIntake),
        *(
            pytest.param(leak, marks=pytest.mark.long)
            for leak in (GrowingIntake, PatientIntake, StretchedIntake)
        ),
    ],
)
def test_the_attack_finds_a_store_that_keeps_the_order(tmp_path, mutant, monkeypatch):
    """A planted leak shows in the image, so the comparison above proves something."""
    monkeypatch.setattr(intake, "JOURNAL_ROWS", 1)  # or no small wave would stretch a journal

    assert len(images(mutant, tmp_path, groups=LARGE, length=BODY, orders=5)) > 1


def test_a_journal_that_grew_shrinks_again(tmp_path, monkeypatch):
    """Answers that move more rows than the journal has room for leave the same image too."""
    monkeypatch.setattr(intake, "JOURNAL_ROWS", 0)

    assert len(images(Intake, tmp_path, groups=LARGE, length=3_000, orders=3)) == 1


class Slots:
    """The rule of the slots alone, without a file."""

    def __init__(self, size):
        self.within, self.slots = Range(first=0, size=size), [EMPTY] * size

    def put(self, receipt):
        for moved, _, slot in Intake._moves(self, self.within, receipt, b""):
            self.slots[slot] = moved

    def _from(self, within, slot):
        places = [within.slot(slot + step) for step in range(within.size)]
        return [(place, self.slots[place]) for place in places]

    def _body(self, slot):
        return b""


@pytest.mark.parametrize(("n", "size"), [(5, 5), (6, 6), (5, 7)])
def test_every_order_gives_one_layout(n, size):
    """All orders of answers, as many as slots or fewer, with few or many clashes: one outcome."""
    rng = random.Random(n)
    for crowd in range(4):
        receipts = [rng.randint(0, crowd).to_bytes(8, "big") + rng.randbytes(24) for _ in range(n)]
        layouts = set()
        for order in permutations(receipts):
            group = Slots(size)
            for receipt in order:
                group.put(receipt)
            layouts.add(tuple(group.slots))

        assert len(layouts) == 1
        assert sorted(next(iter(layouts)))[size - n :] == sorted(receipts)


def test_resubmissions_and_refusals_leave_no_trace(tmp_path):
    """Neither the same answer again nor another one, nor one too many, moves a byte."""
    path = tmp_path / "answers.sqlite"
    (whole,) = ranges_of([9])
    Intake.create(path, n_slots=9, body_length=BODY)
    store = Intake(path)
    receipts = [sha256(b"%d" % number).digest() for number in range(10)]
    for receipt in receipts[:9]:
        store.put(whole, receipt, b"x" * BODY)
    before = path.read_bytes()

    for receipt in receipts[:9]:
        store.put(whole, receipt, b"x" * BODY)
        with pytest.raises(SpentBallot):
            store.put(whole, receipt, b"y" * BODY)
    with pytest.raises(SpentBallot):
        store.put(whole, receipts[9], b"x" * BODY)

    assert path.read_bytes() == before


class FailingIntake(Intake):
    """Writes, and finds the disk full before it can commit."""

    def _write(self, moves):
        self._connection.executemany(
            "UPDATE slots SET receipt = ?, body = ? WHERE slot = ?", moves
        )
        raise OSError(28, "No space left on device")


def test_an_answer_that_could_not_be_kept_leaves_no_trace(tmp_path):
    """Neither the file nor the journal beside it tells of an answer that was not stored."""
    path = tmp_path / "answers.sqlite"
    (whole,) = ranges_of([9])
    Intake.create(path, n_slots=9, body_length=BODY)
    store = FailingIntake(path)
    before = path.read_bytes()

    with pytest.raises(OSError, match="No space"):
        store.put(whole, b"r" * 32, b"x" * BODY)

    assert path.read_bytes() == before
    assert set(intake._journal(path).read_bytes()) == {0}
