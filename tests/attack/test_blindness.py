"""
A-3: what the signer saw says nothing about any ballot, even if the signer cheats.

On toy moduli everything can be counted.  A signer picks, for each blinded value, whatever
root it likes, and keeps what it saw.  For every value that it could have seen and every
ballot that verifies, exactly one blinding factor must lead from one to the other; then all
issuances are equally likely for every ballot.  The moduli are honest and malicious ones,
for the proof needs no honest key, only a client that checks the signature it gets.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from itertools import product

import pytest
from scipy.stats import chi2

from surveys import ballots
from surveys.ballots import Draft, blind, unblind
from surveys.errors import MalformedBallot

pytestmark = pytest.mark.attack

SIGNERS = 2
DRAFTED = 7 * 11  # the modulus under which real seeds are tried
TOYS = {
    "honest": (11 * 17, 3),
    "small": (5 * 11, 3),
    "e divides p-1 and q-1": (7 * 13, 3),
    "e divides p-1": (7 * 11, 3),
    "prime": (101, 5),
    "three factors": (5 * 7 * 11, 5),
    "smooth": (3 * 5 * 7 * 13, 3),
    "a square": (7 * 7 * 5, 3),
}

Seen = tuple[bytes, bytes]  # what the signer saw, and the ballot's signature
Blinder = Callable[..., tuple[bytes, int]]


@pytest.fixture(autouse=True)
def toy_messages(monkeypatch) -> None:
    """Let a message stand for itself; no padding fits into a modulus of eight bits."""
    monkeypatch.setattr(ballots, "encode_pss", lambda message, *, bits, salt: message)


def units(n: int) -> list[int]:
    return [x for x in range(1, n) if math.gcd(x, n) == 1]


def roots(n: int, e: int) -> dict[int, list[int]]:
    """List the signatures of every value that can be signed."""
    found: dict[int, list[int]] = {}
    for root in units(n):
        found.setdefault(pow(root, e, n), []).append(root)
    return found


def ways(
    message: int, *, n: int, e: int, factors: Iterable[int], signer: dict[int, int], by: Blinder
) -> Counter[Seen]:
    """Count by how many blindings each pair of a view and a ballot comes about."""
    length = (n.bit_length() + 7) // 8
    found: Counter[Seen] = Counter()
    for factor in factors:
        raw = message.to_bytes(length, "big")
        blinded, inverse = by(raw, modulus=n, salt=b"", factor=factor, exponent=e)
        answer = signer[int.from_bytes(blinded, "big")].to_bytes(length, "big")
        signature = unblind(answer, modulus=n, inverse=inverse)
        # The client's own check: a signature that does not verify never becomes a ballot.
        if pow(int.from_bytes(signature, "big"), e, n) == message:
            found[blinded, signature] += 1
    return found


def unexplained(n: int, e: int, *, factors: Iterable[int], by: Blinder = blind) -> tuple[int, int]:
    """Count pairs of a view and a ballot, and those that not exactly one blinding explains."""
    length = (n.bit_length() + 7) // 8
    signable, factors = roots(n, e), list(factors)
    pairs = wrong = 0
    for number in range(SIGNERS):
        choose = random.Random(number).choice
        signer = {value: choose(own) for value, own in signable.items()}
        for message, signatures in signable.items():
            found = ways(message, n=n, e=e, factors=factors, signer=signer, by=by)
            for value, signature in product(signable, signatures):
                seen = value.to_bytes(length, "big"), signature.to_bytes(length, "big")
                pairs += 1
                wrong += found[seen] != 1
    return pairs, wrong


@pytest.mark.parametrize("toy", TOYS, ids=lambda name: name.replace(" ", "-"))
def test_one_blinding_explains_every_view_of_every_ballot(toy):
    """Whatever the modulus and whatever root the signer picks, the count is one, always."""
    n, e = TOYS[toy]

    pairs, wrong = unexplained(n, e, factors=units(n))

    assert pairs >= 1_000
    assert wrong == 0


def weak_factors(n: int) -> dict[str, list[int]]:
    """List blinding factors that a careless client might draw."""
    return {
        "always one": [1],
        "never one": units(n)[1:],
        "small": [x for x in units(n) if x < n // 2],
        "odd": [x for x in units(n) if x % 2],
        "squares": [x * x % n for x in units(n)],
        "one twice": [*units(n), units(n)[-1]],
    }


@pytest.mark.parametrize("weakness", weak_factors(DRAFTED))
def test_the_count_finds_factors_drawn_from_too_few(weakness):
    """A client that leaves out as much as one factor, or favours one, is found."""
    n, e = TOYS["small"]

    pairs, wrong = unexplained(n, e, factors=weak_factors(n)[weakness])

    assert wrong > pairs // (2 * n)


def test_the_count_finds_a_blinding_that_leaks():
    """A client that leaves the parity of its message in the blinded value is found."""
    n, e = TOYS["small"]

    def leaky(message, *, modulus, salt, factor, exponent):
        blinded, inverse = blind(
            message, modulus=modulus, salt=salt, factor=factor, exponent=exponent
        )
        if (blinded[-1] ^ message[-1]) & 1:  # draws again until the parities agree
            again = units(modulus)[units(modulus).index(factor) - 1]
            return blind(message, modulus=modulus, salt=salt, factor=again, exponent=exponent)
        return blinded, inverse

    assert unexplained(n, e, factors=units(n), by=leaky)[1] > 0


SEEDS = 6_000


def drafts(monkeypatch) -> Counter[tuple[int, int]]:
    """Count how often seeds lead from each of four messages to each blinded value."""
    n, values = DRAFTED, units(DRAFTED)
    found: Counter[tuple[int, int]] = Counter()

    def message_of(prepared: bytes) -> int:
        return values[sha256(prepared).digest()[0] % 4]

    def encoded(prepared: bytes, **_: object) -> bytes:
        return bytes([message_of(prepared)])

    monkeypatch.setattr(ballots, "encode_pss", encoded)
    for number in range(SEEDS):
        seed = sha256(b"%d" % number).digest()
        with suppress(MalformedBallot):  # the factor shares a prime with so small a modulus
            draft = Draft.begin(
                seed, wave="w-1", group="g01", modulus=bytes([n]), manifest_sha256=bytes(32)
            )
            found[message_of(draft.prepared), draft.blinded[0]] += 1
    return found


def unevenness(found: Counter[tuple[int, int]]) -> float:
    """Give chi-square as a share of what one in 10,000 even draws would exceed."""
    values = units(DRAFTED)
    messages = {message for message, _ in found}
    statistic = 0.0
    for message in messages:
        expected = sum(found[message, value] for value in values) / len(values)
        statistic += sum((found[message, v] - expected) ** 2 for v in values) / expected
    return statistic / float(chi2.ppf(0.9999, len(messages) * (len(values) - 1)))


def test_seeds_lead_evenly_to_every_blinded_value(monkeypatch):
    """The factor that a seed gives is even, and tells nothing of the message."""
    found = drafts(monkeypatch)

    assert sum(found.values()) > SEEDS * 0.7
    assert unevenness(found) < 1


@pytest.mark.parametrize(
    "weaken",
    [lambda factor: 1 + factor % 16, lambda factor: factor | 1, lambda factor: factor**2],
    ids=["four bits", "odd", "squares"],
)
def test_the_seeds_find_a_client_whose_factors_are_uneven(monkeypatch, weaken):
    """A client that derives its factor from too little is found in the blinded values."""

    def weak(prepared, *, modulus, salt, factor):
        return blind(prepared, modulus=modulus, salt=salt, factor=weaken(factor) % modulus)

    monkeypatch.setattr(ballots, "blind", weak)

    assert unevenness(drafts(monkeypatch)) > 2
