"""Good documents made bad, in every way that programs, people and attackers make them so."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

STRANGE_VALUES: tuple[Any, ...] = (
    None, 0, -1, 1.5, True, [], {}, "", " ", "\0", "\ud800", "é" * 40, "../../etc/passwd",
    "' OR 1=1 --", "{{7*7}}", 10**30, [[[[[]]]]], {"a": {"b": []}}, "A" * 5_000,
)  # fmt: skip
STRANGE_TEXTS = (
    b"", b"{", b"[]", b"null", b"NaN", b'"text"', b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"{}{}",
    b'{"a":1,"a":2}', b"[" * 3_000, b"1" * 5_000, b'{"wave":"\\ud800"}', b"\0" * 64, b"{'a': 1}",
)  # fmt: skip
LETTERS = "AZaz09-_=+/%\0é "


def mangled(document: Mapping[str, Any], rng: random.Random) -> bytes:
    """Make one bad body out of a good document; it may happen to mean the same."""
    if rng.random() < 0.15:
        return rng.choice(STRANGE_TEXTS)
    changed = dict(document)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        _change(changed, rng)
    text = json.dumps(changed)
    if rng.random() < 0.1:
        text = text[: rng.randrange(len(text))]
    body = text.encode()
    if rng.random() < 0.1 and body:
        place = rng.randrange(len(body))
        body = body[:place] + rng.randbytes(rng.randrange(1, 4)) + body[place + 1 :]
    return body


def _change(document: dict[str, Any], rng: random.Random) -> None:
    if not document:
        return
    name = rng.choice(sorted(document))
    match rng.randrange(6):
        case 0:
            del document[name]
        case 1:
            document[name] = rng.choice(STRANGE_VALUES)
        case 2:
            document[rng.choice(("extra", "", name + " ", "__proto__"))] = document[name]
        case 3:
            document[name] = _bent(document[name], rng)
        case 4:
            document[name] = [document[name]]
        case _:
            other = rng.choice(sorted(document))
            document[name], document[other] = document[other], document[name]


def _bent(value: Any, rng: random.Random) -> Any:
    """Change a value a little: cut, lengthened, one letter or one number off."""
    if isinstance(value, bool) or value is None:
        return "yes"
    if isinstance(value, int):
        return value + rng.choice((-1, 1, 10**9))
    if isinstance(value, Mapping) and value:
        bent = dict(value)
        name = rng.choice(sorted(bent))
        bent[name] = _bent(bent[name], rng)
        return bent
    if isinstance(value, list) and value:
        place = rng.randrange(len(value))
        return [*value[:place], _bent(value[place], rng), *value[place + 1 :]]
    text = str(value)
    place = rng.randrange(len(text) + 1)
    match rng.randrange(4):
        case 0:
            return text[:place]
        case 1:
            return text + rng.choice(LETTERS)
        case 2:
            return text[:place] + rng.choice(LETTERS) + text[place + 1 :]
        case _:
            return text[:place] + rng.choice(LETTERS) + text[place:]


def means_the_same(body: bytes, document: Mapping[str, Any]) -> bool:
    """Tell whether a mangled body still says what the good document says."""
    try:
        return bool(json.loads(body) == document)
    except (ValueError, RecursionError):
        return False
