"""When people sign in and send their answers, and how well an attacker can match the two."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Times = NDArray[np.float64]
Guess = NDArray[np.intp]  # person i is said to have sent answer number guess[i]
Attacker = Callable[[Times, Times, np.random.Generator], Guess]

DAY = 8 * 60.0  # minutes of work
WAVE = 5 * DAY
MEDIAN, SPREAD = 4.0, 0.6  # minutes from ballot to answer: log-normal


def sign_ins(n: int, rng: np.random.Generator) -> Times:
    """Draw when n people sign in: after the mail, after the reminder of day 3, or some time."""
    at = rng.uniform(0, WAVE * 0.97, n)
    after_mail = rng.random(n) < 0.45
    after_reminder = ~after_mail & (rng.random(n) < 0.45)
    at[after_mail] = rng.exponential(40, after_mail.sum())
    at[after_reminder] = 2 * DAY + rng.exponential(40, after_reminder.sum())
    return np.minimum(at, WAVE - 1)


def sent_at_once(signed_in: Times, rng: np.random.Generator) -> Times:
    """Let everybody answer straight after taking their ballot."""
    return signed_in + rng.lognormal(np.log(MEDIAN), SPREAD, len(signed_in))


def sent_later(signed_in: Times, rng: np.random.Generator) -> Times:
    """Let browsers wait a random time of up to three days of work before they send."""
    sent = sent_at_once(signed_in, rng) + rng.uniform(0, 3 * DAY, len(signed_in))
    return np.minimum(sent, WAVE)


def sent_from_elsewhere(signed_in: Times, rng: np.random.Generator) -> Times:
    """Let everybody take their ballot on the first day and send on one of the others."""
    return DAY + rng.uniform(0, WAVE - DAY, len(signed_in))


def by_time(signed_in: Times, sent: Times, rng: np.random.Generator) -> Guess:
    """Match as the usual delay makes most likely, from exact times."""
    delay = np.maximum(sent[None, :] - signed_in[:, None], 1e-9)
    likely = -np.log(delay) - np.log(delay / MEDIAN) ** 2 / (2 * SPREAD**2)
    possible = sent[None, :] > signed_in[:, None]
    return _best(np.where(possible, likely, -1e6), rng)


def by_delay(signed_in: Times, sent: Times, rng: np.random.Generator) -> Guess:
    """Match whatever was sent within three days after a sign-in, from exact times."""
    delay = sent[None, :] - signed_in[:, None]
    return _best(np.where((delay > 0) & (delay < 3 * DAY + 30), 0.0, -1e6), rng)


def by_order(signed_in: Times, sent: Times, rng: np.random.Generator) -> Guess:
    """Match the first with the first; `sent` need only have the right order."""
    return np.argsort(sent, kind="stable")[np.argsort(np.argsort(signed_in))]


def by_period(minutes: float) -> Attacker:
    """Match within periods such as an hour or a day, all that is known of the sending."""

    def attack(signed_in: Times, sent: Times, rng: np.random.Generator) -> Guess:
        expected = np.floor((signed_in + MEDIAN) / minutes)
        apart = np.abs(np.floor(sent / minutes)[None, :] - expected[:, None])
        return _best(-apart, rng)

    return attack


def by_nothing(signed_in: Times, sent: Times, rng: np.random.Generator) -> Guess:
    """Guess."""
    return rng.permutation(len(sent))


def _best(scores: Times, rng: np.random.Generator) -> Guess:
    # Ties are broken at random, or the order of the columns would decide them.
    _, guess = linear_sum_assignment(-(scores + rng.random(scores.shape) * 1e-6))
    return guess


def limit(n: int, waves: int) -> float:
    """Give the accuracy that guessing stays below: 1/n and three standard deviations."""
    # The number of fixed points of a random permutation has mean 1 and variance 1.
    return (1 + 3 / waves**0.5) / n
