"""surveys.threads: codes of comments, and the threads they open."""

from __future__ import annotations

import pytest

from surveys import codes, threads
from surveys.errors import InvalidAnswer

SEED = bytes(range(32))


def test_codes_and_threads_are_what_they_were():
    """Somebody who wrote a code down must still find the answer: the derivation never changes."""
    code = threads.ballot_code(SEED, wave="2026-03", item="comment")

    assert codes.printed(code) == "E9JD-0V31-MMNC-NGMA-B"
    assert (
        threads.thread_of(code)
        == "64fa17a8d8e6c6ac4c5f05b9d59224ad1fb21f2042d753786b68e507c2d9fa3d"
    )
    letter = threads.letter_code(SEED, digest=bytes(32), item="comment")
    assert codes.printed(letter) == "J9M2-JSD0-KCQB-0039-1"


def test_every_wave_item_and_right_has_a_code_of_its_own():
    """Another wave, item, seed or letter gives another code, and each passes its own check."""
    found = [
        *(threads.ballot_code(SEED, wave=w, item=i) for w in ("a", "b") for i in ("c", "d")),
        threads.ballot_code(bytes(32), wave="a", item="c"),
        *(threads.letter_code(SEED, digest=bytes([n]) * 32, item="c") for n in range(2)),
        threads.letter_code(bytes(32), digest=bytes(32), item="c"),
    ]

    assert len(set(found)) == len(found)
    assert [codes.normalise(codes.printed(code).lower()) for code in found] == found


@pytest.mark.parametrize(
    "given",
    [(), ("",), ("a" * 63,), ("A" * 64,), ("a" * 64 + "\n",), ("a" * 64, "a" * 64), ("é" * 64,)],
)
def test_what_is_no_thread_is_none(given):
    """Whatever somebody seals beside a comment, only one id in its one spelling is read."""
    assert threads.read_thread({"comment.thread": given}, "comment") is None
    assert threads.read_thread({"comment.thread": ["a" * 64]}, "comment") == "a" * 64
    assert threads.read_thread({}, "comment") is None


def test_a_reply_is_cleaned_and_named_by_what_it_says():
    """Spaces around it do not matter; another text or thread has another name."""
    assert threads.read_reply([" Yes.\r\n\0"]) == "Yes."
    assert threads.read_reply([" \n"]) == ""
    assert len(threads.read_reply(["x" * 2_000])) == 2_000
    with pytest.raises(InvalidAnswer):
        threads.read_reply(["x" * 2_001])
    names = {threads.name_reply(t * 64, text) for t in "ab" for text in ("Yes.", "No.")}
    assert len(names) == 4
