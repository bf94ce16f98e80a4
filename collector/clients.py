"""
The client of a wave: page, script and style that take, keep and redeem ballots.

One file lists the SHA-256 of every other; the address of all of them contains the
SHA-256 of that list.  So the address, which the manifest names and the guardian signs,
says which bytes belong there.  They are made once, when the wave is prepared, and kept
with the wave: a program updated in the middle of a wave changes nothing for it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from collector.folders import WaveFolder, folders_in
from surveys.answers import Reading
from surveys.disclosure import Thresholds
from surveys.documents import canonical
from surveys.errors import UnknownWave, WaveClosed
from surveys.promise_texts import sections_of
from surveys.promises import Promise
from surveys.questionnaires import Questionnaire

ROOT = Path(__file__).resolve().parent.parent
SHEETS = ("tokens", "base", "components", "print", "ballot")
INDEX = "files.json"
CLIENT = "client.json"  # all files of a wave's client, in its folder
SERVED = frozenset({"prepared", "open", "closing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWave:
    """What the page says about its wave."""

    key: str
    title: str
    opens_on: date
    closes_on: date
    n_eligible: int
    groups: tuple[Mapping[str, Any], ...]


def build(plan: Mapping[str, Any], *, collector: str, pad: int) -> dict[str, str]:
    """Make the files of a wave from its plan, by name, the list of them included."""
    found = sorted(ROOT.glob("static/ballot/*.js"))
    found += [ROOT / "static" / "css" / f"{sheet}.css" for sheet in SHEETS]
    client = {path.name: path.read_text(encoding="utf-8") for path in found}
    said = _said(plan, collector=collector, files=client)
    client["promise.html"] = _rendered("promise", **said)
    client["index.html"] = _rendered(
        "ballot",
        **said,
        questionnaire=Questionnaire.from_dict(plan["questionnaire"]),
        promise=Promise.from_dict(plan["promise"]),
        thresholds=Thresholds.from_dict(plan["thresholds"]),
        reading=Reading(),
        takes_letters=any(group["right"] == "letter" for group in plan["groups"]),
        pad=pad,
    )
    digests = {name: sha256(text.encode()).hexdigest() for name, text in client.items()}
    return client | {INDEX: canonical(digests).decode()}


def sha256_of_client(client: Mapping[str, str]) -> str:
    """Give the digest that stands in the address of the files."""
    return sha256(client[INDEX].encode()).hexdigest()


class Clients:
    """The clients of all waves, found by the digest in their address."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, tuple[WaveFolder, dict[str, bytes]]] = {}

    def file(self, client_sha256: str, name: str) -> bytes | None:
        """Give one file, or nothing if the client has no such file; refuse once it is gone."""
        found = self._known.get(client_sha256) or self._found(client_sha256)
        folder, content = self._known[client_sha256] = found
        if folder.state().name not in SERVED:
            self._known.pop(client_sha256, None)
            raise WaveClosed("This survey is over, and its page is gone.")
        return content.get(name)

    def _found(self, client_sha256: str) -> tuple[WaveFolder, dict[str, bytes]]:
        for folder in folders_in(self._root):
            state = folder.find_state()
            if state is not None and state.client_sha256 == client_sha256:
                if state.name not in SERVED:
                    raise WaveClosed("This survey is over, and its page is gone.")
                texts = folder.read(CLIENT)
                return folder, {name: text.encode() for name, text in texts.items()}
        raise UnknownWave("There is no such survey here.")


def address_of(client_sha256: str) -> str:
    """Give the path of the page of a wave."""
    return f"/c/{client_sha256}/index.html"


def promise_address_of(client_sha256: str) -> str:
    """Give the path of the page on which a wave's promise stands in full."""
    return f"/c/{client_sha256}/promise.html"


def _said(plan: Mapping[str, Any], *, collector: str, files: Mapping[str, str]) -> dict[str, Any]:
    """Gather what both pages of a client say."""
    groups = tuple(
        {name: group[name] for name in ("group", "label", "n_eligible", "right")}
        for group in plan["groups"]
    )
    wave = PlannedWave(
        key=plan["wave"],
        title=plan["title"],
        opens_on=date.fromisoformat(plan["opens_on"]),
        closes_on=date.fromisoformat(plan["closes_on"]),
        n_eligible=sum(group["n_eligible"] for group in groups),
        groups=groups,
    )
    return {
        "organisation": plan["organisation"],
        "wave": wave,
        "promised": sections_of(plan),
        "guardian": plan["guardian"],
        "application": plan["application"].rstrip("/"),
        "collector": collector,
        "files": {name: _integrity(text) for name, text in files.items()},
    }


def _rendered(page: str, **said: Any) -> str:  # noqa: ANN401 whatever the page says
    return _templates().get_template(f"collector/{page}.html").render(**said)


@cache
def _templates() -> Environment:
    # Without Flask: a command prepares waves too.
    return Environment(
        loader=FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=StrictUndefined
    )


def _integrity(text: str) -> str:
    return "sha256-" + base64.b64encode(sha256(text.encode()).digest()).decode()
