"""The end of a wave: the count key goes to the collector, and the counts come back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.guardian.checks import OK, PROBLEM, Finding
from app.guardian.keys import Guardian
from app.verify import Collector, NoAnswer
from surveys import shapes
from surveys.closed import check_closed_list
from surveys.documents import canonical
from surveys.encoding import decode, encode
from surveys.errors import BadDocument
from surveys.manifests import is_signed_by_guardian, manifest_sha256, read_manifest
from surveys.openings import parsed
from surveys.sealing import public_key_of, unseal
from surveys.shapes import Shape, check_fields

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a wave stands at the collector, in its words, with the closed list if it is over."""

    name: Literal["running", "waiting", "closed"]
    reason: str = ""
    closed: dict[str, Any] | None = None


def fetch_manifest(collector: Collector, wave: str) -> bytes:
    """Fetch the manifest that the collector gives to everybody."""
    return collector.get(f"/anon/manifest/{wave}")


def require_own(text: str, signature: str | None, guardian: Guardian, *, wave: str = "") -> None:
    """Refuse a manifest of another wave, or one that this guardian has not signed."""
    document = read_manifest(text)
    if wave not in ("", document["wave"]):
        raise BadDocument("The collector gave out the manifest of another wave.")
    named = document["guardian"] or {}
    if named.get("key") != guardian.public()["key"]:
        raise BadDocument("The manifest names another guardian than you.")
    if not is_signed_by_guardian(text, signature):
        raise BadDocument("You have not signed this manifest; do not go on, and ask why.")


def stage_of(collector: Collector, wave: str) -> Stage:
    """Ask the collector where a wave stands."""
    status, _, content = collector.ask(f"/anon/closed/{wave}")
    if status not in {200, 409}:
        raise NoAnswer(_sentence(content) or f"The collector answers with the status {status}.")
    document = parsed(content)
    if status == 200:
        return Stage(name="closed", closed=document)
    is_waiting = document.get("waiting_for") == "guardian"
    return Stage(name="waiting" if is_waiting else "running", reason=_sentence(content))


def count_key(text: str, guardian: Guardian) -> str:
    """Give the count key of a wave as the collector reads it."""
    document = json.loads(text)
    if document["count_key_holder"] != "guardian":
        raise BadDocument("The collector holds the count key of this wave; there is none to send.")
    private = guardian.count_key(document["wave"])
    if encode(public_key_of(private)) != document["count_key"]:
        raise BadDocument("The count key of this wave is not yours.")
    return encode(private)


def send_count_key(collector: Collector, wave: str, key: str) -> None:
    """Send the count key of a wave, after which the collector counts."""
    status, _, content = collector.ask(f"/anon/open/{wave}", canonical({"count_key": key}))
    if status >= 300:
        reason = _sentence(content) or f"its status was {status}"
        raise NoAnswer(f"The collector did not take the key: {reason}")


def read_counts(closed: Table, text: str, guardian: Guardian) -> list[dict[str, Any]]:
    """Check a closed list and read the counts of each group that are sealed in it."""
    document, digest = read_manifest(text), manifest_sha256(text)
    check_closed_list(closed, manifest=document, manifest_digest=digest)
    if closed["guardian_counts"] is None:
        raise BadDocument("The closed list holds no counts for the guardian.")
    sealed = decode(closed["guardian_counts"])
    counts = parsed(unseal(guardian.sealing_key, sealed, bound_to=digest))
    check_fields(counts, COUNTS, "The counts")
    for group in counts["groups"]:
        check_fields(group, GROUP_COUNTS, "A group of the counts")
    return list(counts["groups"])


def judge_counts(groups: list[dict[str, Any]], text: str) -> list[Finding]:
    """Say of each group whether accepted <= issued <= eligible, as the manifest has it."""
    promised = {group["group"]: group for group in json.loads(text)["groups"]}
    found = [_judge_group(group, promised.get(group["group"])) for group in groups]
    missing = promised.keys() - {group["group"] for group in groups}
    for name in sorted(missing):
        found.append(_finding(f"{promised[name]['label']}: no counts.", fits=False))
    if len({group["group"] for group in groups}) < len(groups):
        found.append(_finding("A group is counted twice.", fits=False))
    return found


def _judge_group(group: Table, promised: Table | None) -> Finding:
    accepted, issued, eligible = (group[name] for name in ("accepted", "issued", "eligible"))
    is_letter = promised is not None and promised["right"] == "letter"
    right = (
        "letters printed" if is_letter else "ballot issued" if issued == 1 else "ballots issued"
    )
    return _finding(
        f"{group['label']}: {accepted} {'answer' if accepted == 1 else 'answers'} accepted, "
        f"{issued} {right}, {eligible} eligible.",
        fits=promised is not None
        and 0 <= accepted <= issued <= eligible == promised["n_eligible"]
        and (not is_letter or issued == eligible),
    )


def _finding(text: str, *, fits: bool) -> Finding:
    return Finding(mark=OK if fits else PROBLEM, text=text)


def _sentence(content: bytes) -> str:
    """Read the sentence of a refusal, which may also come from something in between."""
    try:
        return str(parsed(content).get("error") or "")[:300]
    except BadDocument:
        return ""


COUNTS: Shape = {"groups": shapes.tables}
GROUP_COUNTS: Shape = {
    "group": shapes.text,
    "label": shapes.text,
    "eligible": shapes.whole,
    "issued": shapes.whole,
    "accepted": shapes.whole,
}
