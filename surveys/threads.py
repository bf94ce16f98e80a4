"""
Threads: the code by which whoever wrote a comment reads its answer, and the id made of it.

The author's side derives one code per comment, from the seed of a ballot or, at the
collector, from the letter key.  Only the id, a digest of the code, travels with the
comment inside the seal; from an id nobody finds the code.  The codes of two comments of
one person have nothing in common, so two threads never show that they have one author.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from surveys import shapes
from surveys.codes import RANDOM_BYTES, code_of
from surveys.errors import BadDocument
from surveys.questions import Comment
from surveys.shapes import Shape, check_fields

THREADS_SCHEMA = "headwater.threads/1"

DOMAIN = b"headwater thread v1"
REPLY = Comment(key="reply", text="Your reply", max_length=2_000)

_ID = re.compile("[0-9a-f]{64}")


def ballot_code(seed: bytes, *, wave: str, item: str) -> str:
    """Derive the code of one comment from the seed of a ballot, as the browser does."""
    info = DOMAIN + f"|{wave}|{item}".encode()
    return code_of(HKDF(hashes.SHA256(), RANDOM_BYTES, None, info).derive(seed))


def letter_code(letter_key: bytes, *, digest: bytes, item: str) -> str:
    """Derive the code of one comment from the digest of the letter it came with."""
    drawn = hmac.digest(letter_key, DOMAIN + digest + item.encode(), "sha256")
    return code_of(drawn[:RANDOM_BYTES])


def thread_of(code: str) -> str:
    """Give the id of the thread that a code opens; the code as `codes.normalise` gives it."""
    return sha256(DOMAIN + code.encode()).hexdigest()


def field_of(item: str) -> str:
    """Name the field beside a comment that holds its thread; no item has a dot in its key."""
    return f"{item}.thread"


def read_thread(fields: Mapping[str, Sequence[str]], item: str) -> str | None:
    """Read the thread of a comment from what was sealed; whoever sealed it may have erred."""
    given = fields.get(field_of(item), ())
    return given[0] if len(given) == 1 and _ID.fullmatch(given[0]) else None


def read_reply(texts: Sequence[str]) -> str:
    """Read what an author replies, or raise `InvalidAnswer`; nothing typed is an empty text."""
    answer = REPLY.parse(texts)
    return answer if isinstance(answer, str) else ""


def name_reply(thread: str, text: str) -> str:
    """Name a reply by what it says, so that the same sent again is the same reply."""
    return sha256(b"headwater reply v1" + thread.encode() + text.encode()).hexdigest()


def check_threads(document: Mapping[str, Any]) -> None:
    """Refuse conversations that have not the promised shape, or raise `BadDocument`."""
    check_fields(document, THREADS, "The list of conversations")
    if document["schema"] != THREADS_SCHEMA:
        raise BadDocument(f"These are not conversations of the kind {THREADS_SCHEMA!r}.")
    known = set()
    for thread in document["threads"]:
        check_fields(thread, THREAD, "A conversation")
        if thread["thread"] in known:
            raise BadDocument("A conversation stands there twice.")
        known.add(thread["thread"])
        for message in thread["messages"]:
            check_fields(message, MESSAGE, "A message of a conversation")
        if not any(message["from"] == "hr" for message in thread["messages"]):
            raise BadDocument("A conversation stands there that nobody has answered.")


MESSAGE: Shape = {
    "from": shapes.one_of("hr", "author"),
    "month": shapes.pattern("[0-9]{4}-(0[1-9]|1[0-2])", name="a month, such as 2026-03"),
    "text": shapes.text,
}
THREAD: Shape = {"thread": shapes.sha256, "messages": shapes.tables}
THREADS: Shape = {"schema": shapes.text, "wave": shapes.wave, "threads": shapes.tables}
