"""What a guardian should look at before signing, one line for each thing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from app.guardian.keys import words_of
from surveys.ballots import EXPONENT
from surveys.documents import canonical
from surveys.encoding import decode
from surveys.errors import BadDocument, BelowFloor
from surveys.hierarchy import K_GROUP_FLOOR
from surveys.manifests import (
    BALLOT_GROUP,
    LETTER_GROUP,
    MANIFEST,
    THRESHOLDS,
    check_guardian,
    check_manifest,
    check_modulus,
    manifest_sha256,
    words,
)
from surveys.openings import parsed
from surveys.promise_texts import sections_of
from surveys.shapes import check_fields
from surveys.thresholds import Thresholds

OK, PROBLEM, LOOK = "ok", "PROBLEM", "look"

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at: fine, a problem, or something that only a person can judge."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the guardian has besides the manifest; each part may be missing."""

    today: date
    public: Table | None = None
    previous: str | None = None
    n_people: int | None = None
    signed: Sequence[Table] = ()


def check(text: str, known: Known) -> list[Finding]:
    """Look at the text of a manifest."""
    try:
        document = _read(text)
    except (BadDocument, ValueError) as error:
        return [Finding(mark=PROBLEM, text=f"The manifest cannot be read: {error}")]
    found = [
        _days(document, known),
        _addresses(document),
        _keys(document),
        _sizes(document),
        _thresholds(document),
        *_promise(document),
        _people(document, known),
        _guardian(document, known),
        _count_key(document, known),
        _chain(document, known),
    ]
    if all(finding.mark != PROBLEM for finding in found):
        found += _rest(document)
    return [*found, _fingerprint(document, text)]


def has_problem(found: Sequence[Finding]) -> bool:
    """Tell whether anything must be cleared up before signing."""
    return any(finding.mark == PROBLEM for finding in found)


def groups_of(text: str) -> Iterator[tuple[str, int, str]]:
    """List label, number of people and kind of right of each counting group."""
    for group in json.loads(text)["groups"]:
        yield group["label"], group["n_eligible"], group["right"]


def _read(text: str) -> dict[str, Any]:
    document = parsed(text.encode())
    check_fields(document, MANIFEST, "The manifest")
    check_fields(document["thresholds"], THRESHOLDS, "thresholds")
    for group in document["groups"]:
        shape = BALLOT_GROUP if group.get("right") == "ballot" else LETTER_GROUP
        check_fields(group, shape, "A counting group")
    if not document["groups"]:
        raise BadDocument("There are no counting groups.")
    if document["guardian"] is not None:
        check_guardian(document["guardian"])
    if canonical(document).decode() != text:
        raise BadDocument("It is not written in the one form that is signed.")
    for name in ("collector", "application"):
        urlsplit(document[name])
    return document


def _judge(problems: Sequence[str], fine: str) -> Finding:
    return Finding(mark=PROBLEM, text=" ".join(problems)) if problems else _ok(fine)


def _ok(text: str) -> Finding:
    return Finding(mark=OK, text=text)


def _days(document: Table, known: Known) -> Finding:
    title = f"“{document['title']}” of {document['organisation']}, wave {document['wave']}"
    try:
        opens, closes = (date.fromisoformat(document[n]) for n in ("opens_on", "closes_on"))
    except ValueError:
        return Finding(mark=PROBLEM, text=f"{title}: its days cannot be read.")
    problems = []
    if closes < opens:
        problems.append(f"{title} ends before it begins.")
    elif closes < known.today:
        problems.append(f"{title} was to end on {closes}, which is over.")
    return _judge(problems, f"{title}, takes answers from {opens} to {closes}.")


def _addresses(document: Table) -> Finding:
    collector, application = document["collector"], document["application"]
    problems = [
        f"{address} is not encrypted: it does not begin with https."
        for address in (collector, application)
        if not _is_private(address)
    ]
    if urlsplit(collector).hostname == urlsplit(application).hostname:
        problems.append(f"{collector} and {application} are on the same host name.")
    fine = f"Answers go to {collector}; people sign in at {application}, which is another host."
    return _judge(problems, fine)


def _keys(document: Table) -> Finding:
    problems, product = [], 1
    names = [group["group"] for group in document["groups"]]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(f"Group {name} is listed twice.")
    ballots = [group for group in document["groups"] if group["right"] == "ballot"]
    for group in ballots:
        try:
            check_modulus(group["modulus"])
        except BadDocument:
            problems.append(f"The key of “{group['label']}” is not an RSA key of 2048 bits.")
            continue
        modulus = int.from_bytes(decode(group["modulus"]), "big")
        if math.gcd(product, modulus) != 1:
            problems.append(f"“{group['label']}” shares its key, or a part of it, with another.")
        product *= modulus
    n_letters = len(names) - len(ballots)
    letters = f"; {n_letters} answer by letter and have none" if n_letters else ""
    return _judge(
        problems,
        f"{len(ballots)} groups answer by ballot, each with exactly one key, shared with no"
        f" other (2048 bits, exponent {EXPONENT}){letters}.",
    )


def _sizes(document: Table) -> Finding:
    least = document["thresholds"]["k_group"]
    if least < K_GROUP_FLOOR:
        return Finding(mark=PROBLEM, text=f"Groups of fewer than {K_GROUP_FLOOR} are allowed.")
    problems = [
        f"“{group['label']}” has {group['n_eligible']} people, fewer than {least}."
        for group in document["groups"]
        if group["n_eligible"] < least
    ]
    smallest = min(document["groups"], key=lambda group: group["n_eligible"])
    return _judge(
        problems,
        f"Every group has {least} people or more; the smallest, “{smallest['label']}”, has "
        f"{smallest['n_eligible']}.",
    )


def _thresholds(document: Table) -> Finding:
    try:
        thresholds = Thresholds.from_dict(document["thresholds"])
    except BelowFloor as error:
        return Finding(mark=PROBLEM, text=f"The thresholds are not those promised: {error}")
    return _ok(
        f"Figures need {thresholds.k} answers and comments {thresholds.k_comment}; lower is not"
        f" possible in the profile “{thresholds.profile}”."
    )


def _promise(document: Table) -> list[Finding]:
    """Show what is promised in words; whether that was agreed only the guardian knows."""
    try:
        said = sections_of(document)
    except BadDocument as error:
        return [Finding(mark=PROBLEM, text=f"What is promised is not within limits: {error}")]
    except (BelowFloor, ValueError):  # thresholds and days have lines of their own
        return []
    return [
        Finding(mark=LOOK, text=f"Promised. {section.heading}: {' / '.join(section.lines)}")
        for section in said
    ]


def _people(document: Table, known: Known) -> Finding:
    n, total = document["n_eligible"], sum(g["n_eligible"] for g in document["groups"])
    problems = []
    if total != n:
        problems.append(f"The groups have {total} people together, but the manifest says {n}.")
    if known.n_people not in (None, n):
        problems.append(f"The manifest counts {n} people, and you {known.n_people}.")
    if not problems and known.n_people is None:
        return Finding(
            mark=LOOK, text=f"The groups have {n} people together. Do so many work here?"
        )
    return _judge(problems, f"The groups have {n} people together, as you counted.")


def _guardian(document: Table, known: Known) -> Finding:
    named, own = document["guardian"], known.public
    if named is None:
        return Finding(mark=PROBLEM, text="The manifest names no guardian.")
    if own is None:
        return Finding(
            mark=LOOK,
            text=f"It names “{named['name']}” as guardian. Is this your key: {words_of(named)}?",
        )
    differ = [name for name in ("name", "key", "sealing_key") if named[name] != own[name]]
    problems = [f"The guardian it names is not you: {', '.join(differ)} differ."] if differ else []
    return _judge(problems, f"You are the guardian it names, “{named['name']}”, with your keys.")


def _count_key(document: Table, known: Known) -> Finding:
    holder, own = document["count_key_holder"], known.public
    if own is not None and own["holds_count_key"] != (holder == "guardian"):
        agreed = "you" if own["holds_count_key"] else "the collector"
        return Finding(
            mark=PROBLEM, text=f"The count key was to be held by {agreed}, not by the {holder}."
        )
    if holder == "guardian":
        return _ok("Nobody can read answers before you send the count key, which you hold.")
    return _ok("The collector holds the count key: it could read answers before the end.")


def _chain(document: Table, known: Known) -> Finding:
    before, mine = document["previous_manifest_sha256"], known.previous
    signed = {entry["sha256"] for entry in known.signed if entry["wave"] != document["wave"]}
    if mine is not None and _lacks_count_key(mine):
        return Finding(
            mark=PROBLEM,
            text="The manifest that you gave as previous is from before it was signed: it lacks "
            "the count key. Give the signed one.",
        )
    if mine is not None:
        is_next = before == manifest_sha256(mine).hex()
        return _judge(
            [] if is_next else ["It does not follow on the manifest that you gave as previous."],
            "It follows on the manifest that you gave as previous.",
        )
    if signed:
        return _judge(
            [] if before in signed else ["It does not follow on any manifest you signed."],
            "It follows on a manifest that you signed.",
        )
    if before is None:
        return Finding(mark=LOOK, text="It says that it is the first wave. Is it?")
    return Finding(
        mark=LOOK, text="It follows on an earlier wave; --previous FILE checks on which."
    )


def _lacks_count_key(text: str) -> bool:
    return parsed(text.encode()).get("count_key", "") is None


def _rest(document: Table) -> list[Finding]:
    """Hold the manifest against all that the programs demand, in case a line above misses it."""
    try:
        check_manifest(document, is_complete=False)
    except (BadDocument, BelowFloor) as error:
        return [Finding(mark=PROBLEM, text=str(error))]
    return []


def _fingerprint(document: Table, text: str) -> Finding:
    if document["count_key"] is None and document["count_key_holder"] == "guardian":
        return Finding(mark=LOOK, text="Its eight words come with your count key, when you sign.")
    said = " ".join(words(manifest_sha256(text)))
    return Finding(mark=LOOK, text=f"Its eight words: {said}.")


def _is_private(address: str) -> bool:
    """Tell whether an address is encrypted, or is this very machine."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        return False  # no address of a web site, whatever it calls itself
    if parts.scheme == "https" or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
