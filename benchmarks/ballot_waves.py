"""Waves with ballots at a collector: opened, part of them answered, and answers ready to send."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha384
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from collector import intake
from collector.config import Settings
from collector.openings import Group, Opening
from collector.preparing import INTAKE
from collector.store import Store
from surveys import questionnaires
from surveys.ballots import DOMAIN, EXPONENT, MODULUS_LENGTH, receipt_of
from surveys.encoding import encode
from surveys.manifests import make_manifest
from surveys.openings import PLAN_SCHEMA, make_opening
from surveys.promises import Promise
from surveys.questions import Comment
from surveys.sealing import pad_fields, seal

WAVE = "bench"
PULSE = questionnaires.load("monthly_pulse")
COMMENT = "More time between calls would help us to finish what we started."
COMMENT_SHARE = 0.12
DAY = timedelta(days=1)
PROMISE = Promise(purposes="To measure.", readers="Nobody", contact="Whoever measures")
SIGNING = padding.PSS(padding.MGF1(hashes.SHA384()), sha384().digest_size)


@dataclass(frozen=True, kw_only=True)
class OpenWave:
    """A wave that takes answers, and the private keys that its ballots are signed with."""

    settings: Settings
    opening: Opening
    signers: Mapping[str, rsa.RSAPrivateKey]

    @property
    def answers_file(self) -> Path:
        """Where the collector keeps the answers."""
        return self.settings.collector_store / WAVE / INTAKE

    def close(self) -> bytes:
        """Close the wave as if everybody had taken a ballot; give the release."""
        issued = {name: group.within.size for name, group in self.opening.groups.items()}
        today = datetime.now(UTC).date()
        return Store.of(self.settings).close(WAVE, on=today, issued=issued)

    def count(self) -> int:
        """Count the answers on file."""
        kept = intake.Intake(self.answers_file)
        n_answers = sum(kept.count(group.within) for group in self.opening.groups.values())
        kept.close()
        return n_answers

    def fill(self, n: int, *, sealed: Iterator[tuple[bytes, bytes]]) -> None:
        """Store receipts and seals past the door, evenly over the groups, before all is timed."""
        groups = list(self.opening.groups.values())
        with _hasty():
            kept = intake.Intake(self.answers_file)
            for number, (receipt, body) in enumerate(islice(sealed, n)):
                kept.put(groups[number % len(groups)].within, receipt, body)
            kept.close()
        with self.answers_file.open("rb") as file:
            os.fsync(file.fileno())  # or whoever is timed would wait for it

    def noise(self) -> Iterator[tuple[bytes, bytes]]:
        """Draw receipts and bodies that look like sealed answers and cost nothing to make."""
        while True:
            yield secrets.token_bytes(32), os.urandom(self.opening.sealed_length)

    def seals(self, rng: Random) -> Iterator[tuple[bytes, bytes]]:
        """Draw answers, sealed as a browser does."""
        while True:
            receipt = secrets.token_bytes(32)
            yield receipt, self._sealed(rng, receipt)

    def requests(self, n: int, *, rng: Random) -> list[bytes]:
        """Write what so many browsers post, each with a ballot of its own."""
        names = list(self.signers)
        return [self._request(rng, self.opening.groups[names[i % len(names)]]) for i in range(n)]

    def _request(self, rng: Random, group: Group) -> bytes:
        # A signature that was blinded and unblinded is an ordinary one; making it so is quicker.
        prepared = secrets.token_bytes(32) + DOMAIN + self.opening.manifest_sha256
        prepared += secrets.token_bytes(32)
        signature = self.signers[group.group].sign(prepared, SIGNING, hashes.SHA384())
        document = {
            "wave": WAVE,
            "group": group.group,
            "prepared": encode(prepared),
            "signature": encode(signature),
            "sealed": encode(self._sealed(rng, receipt_of(prepared))),
        }
        return json.dumps(document).encode()

    def _sealed(self, rng: Random, receipt: bytes) -> bytes:
        padded = pad_fields(draw_fields(rng), pad=self.opening.pad)
        return seal(self.opening.count_key, padded, bound_to=receipt)


def draw_fields(rng: Random) -> dict[str, list[str]]:
    """Fill in a form: every scale, and a comment now and then."""
    return {
        question.key: [COMMENT if isinstance(question, Comment) else str(_point(question, rng))]
        for question in PULSE.asked
        if not isinstance(question, Comment) or rng.random() < COMMENT_SHARE
    }


def _point(question: Any, rng: Random) -> int:
    return rng.choice(list(question.points))


def open_wave(settings: Settings, *, n_groups: int, group_size: int) -> OpenWave:
    """Open a wave of groups whose ballots can be signed."""
    keys = [rsa.generate_private_key(EXPONENT, 8 * MODULUS_LENGTH) for _ in range(n_groups)]
    moduli = [key.public_key().public_numbers().n.to_bytes(MODULUS_LENGTH, "big") for key in keys]
    opening = _open(settings, moduli, group_size=group_size)
    return OpenWave(
        settings=settings, opening=opening, signers=dict(zip(opening.groups, keys, strict=True))
    )


def open_for_closing(settings: Settings, *, n_groups: int, group_size: int) -> OpenWave:
    """Open a wave of groups under keys nobody has: closing looks at no signature."""
    moduli = [b"\xff" + secrets.token_bytes(MODULUS_LENGTH - 2) + b"\x01" for _ in range(n_groups)]
    opening = _open(settings, moduli, group_size=group_size)
    return OpenWave(settings=settings, opening=opening, signers={})


def _open(settings: Settings, moduli: Sequence[bytes], *, group_size: int) -> Opening:
    store, plan = Store.of(settings), _plan(settings, moduli, group_size=group_size)
    manifest = make_manifest(plan, store.prepare(plan))
    document = make_opening(plan, manifest=manifest, signature=None, codes={})
    store.open_wave(document)
    return Opening.read(document)


def _plan(settings: Settings, moduli: Sequence[bytes], *, group_size: int) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    names = [f"g{number:05d}" for number in range(len(moduli))]
    return {
        "schema": PLAN_SCHEMA,
        "wave": WAVE,
        "title": "Benchmark",
        "organisation": "Benchmark",
        "opens_on": (today - DAY).isoformat(),
        "closes_on": (today + 30 * DAY).isoformat(),
        "application": settings.public_url,
        "questionnaire": PULSE.to_dict(),
        "thresholds": {"profile": "default", "k": 5, "k_group": 8, "k_comment": 10},
        "hierarchy": [
            {"team": "all", "name": "All", "parent": None},
            *({"team": name, "name": f"Team {name}", "parent": "all"} for name in names),
        ],
        "groups": [
            {
                "group": name,
                "label": f"Team {name}",
                "home": name,
                "teams": [name],
                "n_eligible": group_size,
                "needs": 5,
                "right": "ballot",
                "modulus": encode(modulus),
            }
            for name, modulus in zip(names, moduli, strict=True)
        ],
        "promise": PROMISE.to_dict(),
        "guardian": None,
        "previous_manifest_sha256": None,
    }


@contextmanager
def _hasty() -> Iterator[None]:
    """Leave out waiting for the disk while answers are laid in, never while they are timed."""
    kept, intake.SYNCHRONOUS = intake.SYNCHRONOUS, "OFF"
    try:
        yield
    finally:
        intake.SYNCHRONOUS = kept
