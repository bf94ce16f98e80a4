"""Waves, rights to answer, and stores for the tests of the collector."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from collector import files, intake
from collector.config import Settings
from collector.guard import HEADERS
from collector.program import create_collector
from collector.store import Accepted, Store
from surveys import codes, openings, questionnaires, sealing
from surveys.ballots import Ballot, receipt_of
from surveys.encoding import decode, encode
from surveys.manifests import make_manifest, manifest_message, read_manifest
from surveys.signing import sign
from tests.ballots import modulus_text, take_ballot
from tests.promises import PROMISE

ANSWERS = {
    "tools": ["4"],
    "support": ["2"],
    "energy": ["5"],
    "belonging": ["3"],
    "recommend_workplace": ["9"],
}
BALLOTS = ("ballot", "ballot")
LETTERS = ("letter", "letter")
BOTH = ("ballot", "letter")

TOKEN = "a token of this installation"

GUARDIAN_KEY = sealing.derive_private_key(b"tests", b"guardian")
SEALING_KEY = sealing.derive_private_key(b"tests", b"guardian sealing")
COUNT_KEY = sealing.derive_private_key(b"tests", b"guardian's count key")


def make_guardian(*, holds_count_key: bool = False) -> dict[str, Any]:
    """Name a guardian as a plan does."""
    return {
        "name": "Works council",
        "key": encode(sealing.public_key_of(GUARDIAN_KEY)),
        "sealing_key": encode(sealing.public_key_of(SEALING_KEY)),
        "holds_count_key": holds_count_key,
    }


def make_plan(
    wave: str = "2026-03",
    *,
    people: Sequence[int] = (8, 12),
    rights: Sequence[str] = BALLOTS,
    needs: int = 5,
    guardian: Mapping[str, Any] | None = None,
    questionnaire: Any = None,
    **fields: Any,
) -> dict[str, Any]:
    """Plan a wave of one team per counting group."""
    groups = [
        {
            "group": f"g{number:02d}",
            "label": f"Team t{number}",
            "home": f"t{number}",
            "teams": [f"t{number}"],
            "n_eligible": n,
            "needs": needs,
            "right": right,
            **({"modulus": modulus_text(number)} if right == "ballot" else {}),
        }
        for number, (n, right) in enumerate(zip(people, rights, strict=True))
    ]
    return {
        "schema": "headwater.plan/1",
        "wave": wave,
        "title": "Pulse of March",
        "organisation": "Our organisation",
        "opens_on": "2026-03-01",
        "closes_on": "2026-03-31",
        "application": "http://127.0.0.1:8000",
        "questionnaire": (questionnaire or questionnaires.load("monthly_pulse")).to_dict(),
        "thresholds": {"profile": "default", "k": 5, "k_group": 8, "k_comment": 10},
        "hierarchy": [
            {"team": "all", "name": "All", "parent": None},
            *(
                {"team": group["home"], "name": group["label"], "parent": "all"}
                for group in groups
            ),
        ],
        "groups": groups,
        "promise": PROMISE.to_dict(),
        "guardian": guardian,
        "previous_manifest_sha256": None,
        **fields,
    }


@dataclass(frozen=True, kw_only=True)
class Wave:
    """A wave as its respondents see it: a manifest, and a right to answer for everybody."""

    key: str
    plan: dict[str, Any]
    opening: dict[str, Any]
    codes: dict[str, list[str]]

    @property
    def text(self) -> str:
        return self.opening["manifest"]

    @property
    def manifest(self) -> dict[str, Any]:
        return read_manifest(self.text)

    @property
    def issued(self) -> dict[str, int]:
        """Say that everybody was given a right."""
        return {group["group"]: group["n_eligible"] for group in self.plan["groups"]}

    def ballot(self, group: int, number: int) -> Ballot:
        """Take the ballot of one person of a group; the same again for the same numbers."""
        seed = sha256(f"{self.key} {group} {number}".encode()).digest()
        return take_ballot(seed, self.text, group=f"g{group:02d}", key=group)

    def seal(self, ballot: Ballot, fields: Mapping[str, list[str]]) -> bytes:
        """Seal the fields of a form as a browser does, but always alike."""
        padded = sealing.pad_fields(fields, pad=self.manifest["pad"])
        return sealing.seal(
            decode(self.manifest["count_key"]),
            padded,
            bound_to=receipt_of(ballot.prepared),
            ephemeral=sealing.derive_private_key(ballot.prepared + padded, b"tests"),
        )

    def redeem(
        self, store: Store, group: int, number: int, fields: Mapping[str, list[str]]
    ) -> Accepted:
        """Answer with somebody's ballot."""
        ballot = self.ballot(group, number)
        return store.redeem(
            self.key,
            ballot.group,
            prepared=ballot.prepared,
            signature=ballot.signature,
            sealed=self.seal(ballot, fields),
        )

    def request(self, group: int, number: int, fields: Mapping[str, list[str]]) -> dict[str, str]:
        """Write what a browser posts to answer with somebody's ballot."""
        ballot = self.ballot(group, number)
        return {
            "wave": self.key,
            "group": ballot.group,
            "prepared": encode(ballot.prepared),
            "signature": encode(ballot.signature),
            "sealed": encode(self.seal(ballot, fields)),
        }


def make_wave(plan: dict[str, Any], reply: dict[str, Any]) -> Wave:
    """Draw up the opening of a prepared wave; its guardian signs, if there is one."""
    guardian = plan["guardian"]
    if guardian is not None and guardian["holds_count_key"]:
        reply = {**reply, "count_key": encode(sealing.public_key_of(COUNT_KEY))}
    manifest = make_manifest(plan, reply)
    signature = None
    if guardian is not None:
        signature = encode(sign(GUARDIAN_KEY, manifest_message(manifest)))
    drawn = {
        group["group"]: list(codes.new_codes(group["n_eligible"]))
        for group in plan["groups"]
        if group["right"] == "letter"
    }
    opening = openings.make_opening(
        plan,
        manifest=manifest,
        signature=signature,
        codes={
            group: [codes.digest(plan["wave"], code) for code in own]
            for group, own in drawn.items()
        },
    )
    return Wave(key=plan["wave"], plan=plan, opening=opening, codes=drawn)


def open_wave(store: Store, wave: str = "2026-03", **about: Any) -> Wave:
    """Prepare and open a wave; see `make_plan` for what can be said about it."""
    plan = make_plan(wave, **about)
    opened = make_wave(plan, store.prepare(plan))
    store.open_wave(opened.opening)
    return opened


def make_store(folder: Path, **options: Any) -> Store:
    """Make a store and the folder of its keys beside each other."""
    return Store(folder / "store", keys=folder / "keys", **options)


def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out waiting for the disk; tests/attack/test_durability.py looks at that."""
    monkeypatch.setattr(intake, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(files.os, "fsync", lambda descriptor: None)


@pytest.fixture(autouse=True)
def hasty(monkeypatch) -> None:
    """Leave out waiting for the disk."""
    haste(monkeypatch)


@pytest.fixture
def store(tmp_path) -> Store:
    return make_store(tmp_path)


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path, collector_token=TOKEN)


def settings_in(folder, **given):
    return Settings(collector_store=folder / "store", collector_keys=folder / "keys", **given)


class Visitor:
    """A browser that refuses pages and headers which break the house rules."""

    def __init__(self, program):
        self.client = program.test_client(use_cookies=True)

    def get(self, path, status=200, **options):
        return self.look(self.client.get(path, **options), status)

    def post(self, path, data, status=200, **options):
        return self.look(self.client.post(path, data=data, **options), status)

    def look(self, response, status):
        assert response.status_code == status, response.text
        assert "Set-Cookie" not in response.headers
        for name, value in HEADERS.items():
            assert response.headers[name] == value
        page = BeautifulSoup(response.text, "html5lib")
        if response.data and response.mimetype == "text/html" and not 300 <= status < 400:
            check_page(page)
        page.response = response
        return page


def check_page(page):
    """One heading named in the title, unique ids, labelled controls, nothing inline."""
    (h1,) = page.select("h1")
    assert page.title.text.startswith(h1.text)
    repeated = [i for i, n in Counter(e["id"] for e in page.select("[id]")).items() if n > 1]
    assert not repeated, f"repeated ids: {repeated}"
    for control in page.select("input:not([type=hidden]), select, textarea"):
        assert page.select_one(f"label[for='{control.get('id')}']"), f"no label: {control}"
    assert not page.select("[style], [onclick], [onsubmit], script:not([src])")
    assert not re.search(r"\{\{|\}\}|None", page.main.text)


@pytest.fixture
def visitor(settings):
    return Visitor(create_collector(settings))
