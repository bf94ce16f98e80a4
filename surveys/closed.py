"""
The closed list: what anybody may check of a wave that is over.

Per released cell it says how many answers were accepted, how many rights were issued
and how many people were eligible, so that everybody can see accepted <= issued <=
eligible.  A count within one of nobody or of everybody who might be counted is given
as a bound, because it would tell the status of each person.  There are no totals, and the list of
receipts is filled up with random entries to the number of people eligible: its
length, less the exact counts of the other cells, would undo a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from surveys import shapes
from surveys.documents import canonical, sha256_of
from surveys.encoding import decode, encode
from surveys.errors import BadDocument, MalformedBallot
from surveys.manifests import closed_message, manifest_sha256
from surveys.sealing import seal
from surveys.shapes import Shape, check_fields
from surveys.signing import SIGNATURE_LENGTH, is_signed, sign

CLOSED_SCHEMA = "headwater.closed/1"
RECEIPT_LENGTH = 32

Table = Mapping[str, Any]


def count_or_bound(n: int, *, of: int) -> dict[str, int]:
    """Count some of a number of people, with a bound where a count would tell who they are."""
    if n <= 1:
        return {"at_most": 1}
    if n >= of - 1:
        return {"at_least": of - 1}
    return {"exact": n}


def count_issued(ballots: int, *, of: int, letters: int, accepted: int) -> dict[str, int]:
    """
    Count ballots, with a bound where needed, and letters, of which everybody has one.

    Somebody may know who took a ballot, and a report gives the number of answers.  So
    where nearly everybody answered who had a right to, only that many rights are told.
    """
    if of == 0:
        return {"exact": letters}
    ((kind, n),) = count_or_bound(ballots, of=of).items()
    most = of if kind == "at_least" else n
    if most + letters - accepted <= 1:
        return {"at_least": min(accepted, of + letters - 1)}
    return {kind: n + letters}


def make_closed_list(
    opening: Table,
    release: Table,
    *,
    accepted: Mapping[str, int],
    issued: Mapping[str, int],
    receipts: Sequence[bytes],
    receipt_key: bytes,
    draw: Callable[[int], bytes],
) -> dict[str, Any]:
    """
    Make the closed list of a wave and sign it with the private receipt key.

    `accepted` and `issued` count per group; `draw` gives that many random bytes:
    pass ``secrets.token_bytes``.
    """
    manifest = manifest_sha256(opening["manifest"])
    n_eligible = sum(group["n_eligible"] for group in opening["groups"])
    fill = [draw(RECEIPT_LENGTH) for _ in range(n_eligible - len(receipts))]
    document = {
        "schema": CLOSED_SCHEMA,
        "wave": opening["wave"],
        "title": opening["title"],
        "closed_on": release["closed_on"],
        "manifest_sha256": manifest.hex(),
        "release_sha256": sha256_of(release),
        "cells": _cells(opening, release, accepted=accepted, issued=issued),
        "receipts": sorted(map(encode, [*receipts, *fill])),
        "guardian_counts": _sealed_counts(opening, manifest, accepted=accepted, issued=issued),
    }
    return {**document, "signature": encode(sign(receipt_key, closed_message(document)))}


def check_closed_list(document: Table, *, manifest: Table, manifest_digest: bytes) -> None:
    """Refuse a closed list that is unsigned, of another wave, or whose counts cannot be."""
    check_fields(document, CLOSED, "The closed list")
    if document["schema"] != CLOSED_SCHEMA:
        raise BadDocument(f"This is not a closed list of the kind {CLOSED_SCHEMA!r}.")
    if document["wave"] != manifest["wave"]:
        raise BadDocument("This closed list belongs to another wave.")
    if document["manifest_sha256"] != manifest_digest.hex():
        raise BadDocument("This closed list belongs to another manifest.")
    for cell in document["cells"]:
        _check_cell(cell)
    receipts = document["receipts"]
    if receipts != sorted(set(receipts)) or len(receipts) != manifest["n_eligible"]:
        raise BadDocument("The list of receipts has not one entry for each person eligible.")
    try:
        for receipt in receipts:
            decode(receipt, length=RECEIPT_LENGTH)
        signature = decode(document["signature"], length=SIGNATURE_LENGTH)
        receipt_key = decode(manifest["receipt_key"])
    except MalformedBallot as error:
        raise BadDocument(f"The closed list cannot be read: {error}") from error
    if not is_signed(receipt_key, closed_message(document), signature):
        raise BadDocument("The closed list is not signed with the receipt key of the manifest.")


def _cells(
    opening: Table, release: Table, *, accepted: Mapping[str, int], issued: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Count per released cell."""
    members = _groups_of_cells(opening, release)
    cells = []
    for cell in release["cells"]:
        own = members[cell["cell"]]
        by_ballot = [group for group in own if group["right"] == "ballot"]
        eligible = sum(group["n_eligible"] for group in own)
        n_accepted = sum(accepted[group["group"]] for group in own)
        cells.append(
            {
                "cell": cell["cell"],
                "label": cell["label"],
                "accepted": count_or_bound(n_accepted, of=eligible),
                "issued": count_issued(
                    sum(issued[group["group"]] for group in by_ballot),
                    of=sum(group["n_eligible"] for group in by_ballot),
                    letters=sum(g["n_eligible"] for g in own if g["right"] == "letter"),
                    accepted=n_accepted,
                ),
                "eligible": eligible,
            }
        )
    return cells


def _groups_of_cells(opening: Table, release: Table) -> dict[str, list[Table]]:
    """Find the counting groups of each cell: those whose teams are all in it."""
    found: dict[str, list[Table]] = {}
    for cell in release["cells"]:
        teams = set(cell["teams"])
        found[cell["cell"]] = [g for g in opening["groups"] if set(g["teams"]) <= teams]
    return found


def _sealed_counts(
    opening: Table, manifest: bytes, *, accepted: Mapping[str, int], issued: Mapping[str, int]
) -> str | None:
    """Seal the counts of every group for the guardian, and for nobody else."""
    if opening["guardian"] is None:
        return None
    groups = [
        {
            **{name: group[name] for name in ("group", "label")},
            "eligible": group["n_eligible"],
            "issued": issued[group["group"]],
            "accepted": accepted[group["group"]],
        }
        for group in opening["groups"]
    ]
    public = decode(opening["guardian"]["sealing_key"])
    return encode(seal(public, canonical({"groups": groups}), bound_to=manifest))


def _check_cell(cell: object) -> None:
    check_fields(cell, CELL, "A cell of the closed list")
    if not isinstance(cell, dict):
        raise AssertionError("a checked cell is a table")
    eligible = cell["eligible"]
    accepted, issued = (_range(cell[name], eligible) for name in ("accepted", "issued"))
    # What is possible at all: the fewest accepted, at most as many as the most issued.
    if accepted[0] > issued[1] or issued[1] > eligible or accepted[1] > eligible:
        raise BadDocument(
            f"Cell {cell['cell']!r}: more accepted than issued, or more issued than eligible."
        )


def _range(count: Table, eligible: int) -> tuple[int, int]:
    match count:
        case {"exact": int(n), **rest} if not rest and n >= 0:
            return n, n
        case {"at_least": int(n), **rest} if not rest and 0 <= n <= eligible:
            return n, eligible
        case {"at_most": int(n), **rest} if not rest and n >= 0:
            return 0, n
    raise BadDocument("A count of the closed list is neither exact nor a bound.")


CELL: Shape = {
    "cell": shapes.text,
    "label": shapes.text,
    "accepted": shapes.table,
    "issued": shapes.table,
    "eligible": shapes.whole,
}
CLOSED: Shape = {
    "schema": shapes.text,
    "wave": shapes.wave,
    "title": shapes.text,
    "closed_on": shapes.text,
    "manifest_sha256": shapes.sha256,
    "release_sha256": shapes.sha256,
    "cells": shapes.tables,
    "receipts": shapes.texts,
    "guardian_counts": shapes.or_none(shapes.text),
    "signature": shapes.text,
}
