"""
A-9: who knows exactly when everybody signed in can do nothing with what the stores keep.

The attacker knows each person's sign-in to the second and solves an assignment problem
against what is found beside the answers in the collector's files.  Nothing is to be found,
so at most one person in n may be matched, as by guessing.  Stores that keep an order, a
day or a time are found out by the same attack.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from collector import intake
from collector.intake import Intake, Range
from tests.attack import visits
from tests.attack.visits import Times

pytestmark = pytest.mark.attack

N, FEW_WAVES, WAVES, MANY_WAVES = 8, 20, 60, 600
BODY = 64


@pytest.fixture(autouse=True)
def hasty(monkeypatch) -> None:
    """Leave out waiting for the disk, which changes no byte."""
    monkeypatch.setattr(intake, "SYNCHRONOUS", "OFF")


class DiaryIntake(Intake):
    """A mutant that remembers, in a table of its own, something about each sending."""

    def write_down(self, receipt: bytes, remark: float) -> None:
        self._connection.execute("CREATE TABLE IF NOT EXISTS diary (receipt BLOB, remark REAL)")
        self._connection.execute("INSERT INTO diary VALUES (?, ?)", (receipt, remark))


REMARKS: dict[str, Callable[[int, float], float]] = {
    "order": lambda number, minute: number,
    "day": lambda number, minute: minute // visits.DAY,
    "time": lambda number, minute: minute,
}


def found_beside(path: Path, receipts: list[bytes]) -> Iterator[tuple[str, Times]]:
    """Read off the files every number that could stand for the time of each answer."""
    for file in sorted(path.parent.iterdir()):
        content = file.read_bytes()
        places = [content.rfind(receipt) for receipt in receipts]
        yield f"place in {file.name}", np.array(places, float)
        yield f"page of {file.name}", np.array(places, float) // 4096
    connection = sqlite3.connect(path)
    for (table,) in connection.execute("SELECT name FROM sqlite_master").fetchall():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        for column in ["rowid", *columns]:
            rows = dict(connection.execute(f"SELECT receipt, {column} FROM {table}").fetchall())
            values = [rows.get(receipt) for receipt in receipts]
            yield f"{table}.{column}", np.array([_number(value) for value in values], float)
    connection.close()


def _number(value: object) -> float:
    return float.fromhex(value[:6].hex()) if isinstance(value, bytes) else float(value or 0)


ATTACKERS = {
    "order": visits.by_order,
    "reverse": lambda at, found, rng: visits.by_order(at, -found, rng),
    "day": lambda at, found, rng: visits.by_period(visits.DAY)(at, found * visits.DAY, rng),
    "time": visits.by_time,
}


def play(folder: Path, kind: type[Intake], waves: int, remark: str = "") -> dict[str, float]:
    """Run waves of n people; give each attacker's share of people matched, by evidence."""
    rng, right = np.random.default_rng(waves), {}
    for number in range(waves):
        signed_in = visits.sign_ins(N, rng)
        sent = visits.sent_at_once(signed_in, rng)
        path = folder / f"{number}" / "answers.sqlite"
        path.parent.mkdir()
        kind.create(path, n_slots=N, body_length=BODY)
        store = kind(path)
        receipts = [hashlib.sha256(rng.bytes(32)).digest() for _ in range(N)]
        for turn, person in enumerate(np.argsort(sent)):
            store.put(Range(first=0, size=N), receipts[person], rng.bytes(BODY))
            if remark:
                store.write_down(receipts[person], REMARKS[remark](turn, sent[person]))
        store.close()
        # The answers are dealt anew, so that their number in the list tells nothing.
        dealt = rng.permutation(N)
        for evidence, values in found_beside(path, [receipts[i] for i in dealt]):
            for name, attacker in ATTACKERS.items():
                guess = attacker(signed_in, values, rng)
                right.setdefault(f"{name} from {evidence}", []).append(
                    np.mean(dealt[guess] == np.arange(N))
                )
    return {name: float(np.mean(shares)) for name, shares in right.items()}


@pytest.mark.parametrize("waves", [WAVES, pytest.param(MANY_WAVES, marks=pytest.mark.long)])
def test_what_the_store_keeps_matches_nobody_with_a_sign_in(tmp_path, waves):
    """No place, page or column, taken for order, day or time, does better than guessing."""
    shares = play(tmp_path, Intake, waves)

    assert len(shares) >= 4 * 8
    better = {name: s for name, s in shares.items() if s > visits.limit(N, waves)}
    assert not better


@pytest.mark.parametrize(("remark", "least"), [("order", 0.75), ("day", 0.25), ("time", 0.75)])
def test_the_attack_finds_a_store_that_keeps(tmp_path, remark, least):
    """An order or a time gives nearly everybody away, a day every third."""
    shares = play(tmp_path, DiaryIntake, FEW_WAVES, remark)

    assert shares[f"{remark} from diary.remark"] > least > visits.limit(N, FEW_WAVES)


# privacy.md, section 3.7, to which the pages refer: the share of people matched for groups of
# 8, 15, 30 and 50, by what is known of the sending.
SIZES = (8, 15, 30, 50)
TABLE = {
    "exact time": (visits.by_time, visits.sent_at_once, (0.93, 0.88, 0.79, 0.70)),
    "only the order": (visits.by_order, visits.sent_at_once, (0.93, 0.88, 0.78, 0.70)),
    "hour": (visits.by_period(60), visits.sent_at_once, (0.64, 0.51, 0.39, 0.32)),
    "day": (visits.by_period(visits.DAY), visits.sent_at_once, (0.39, 0.25, 0.16, 0.10)),
    "nothing": (visits.by_nothing, visits.sent_at_once, (0.12, 0.06, 0.04, 0.02)),
    "exact time, sent later": (visits.by_delay, visits.sent_later, (0.26, 0.15, 0.08, 0.04)),
    "exact time, taken on day 1": (
        visits.by_delay,
        visits.sent_from_elsewhere,
        (0.13, 0.07, 0.03, 0.02),
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("known", TABLE)
def test_the_table_of_the_privacy_page_holds(known):
    """What order, hour, day and waiting are worth to an attacker is as the table says."""
    attacker, send, expected = TABLE[known]
    rng = np.random.default_rng(7)

    for n, share in zip(SIZES, expected, strict=True):
        right = []
        for _ in range(400):
            signed_in = visits.sign_ins(n, rng)
            guess = attacker(signed_in, send(signed_in, rng), rng)
            right.append(np.mean(guess == np.arange(n)))

        assert abs(np.mean(right) - share) < 0.035, (n, np.mean(right))
