"""The modules of the ballot client in Chromium, against other implementations."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Page
from segno import encoder

from surveys.manifests import words
from tests.browser.modules import open_modules
from tests.conftest import ROOT

BALLOT = ROOT / "static" / "ballot" / "ballot.js"
LARGEST = 25
# ISO/IEC 18004, table 7: bytes at level L by version.
CAPACITIES = (
    17, 32, 53, 78, 106, 134, 154, 192, 230, 271, 321, 367, 425, 458, 520, 586, 644, 718, 792,
    858, 929, 1003, 1091, 1171, 1273,
)  # fmt: skip


@pytest.fixture(scope="module")
def page(chromium) -> Iterator[Page]:
    """A page that can import the client's modules, and nothing else."""
    with open_modules(chromium) as page:
        yield page


def matrices(page: Page, texts: list[str]) -> list[list[list[int]]]:
    """Encode texts with the client's own encoder."""
    return page.evaluate(
        "async texts => { const {modulesOf} = await import('./qr.js');"
        " return texts.map(text => modulesOf(text).map(row => row.map(Number))) }",
        texts,
    )


def reference(text: str) -> list[list[int]]:
    """Encode a text with segno at the same level and mask."""
    code = segno.make(
        text, error="L", mode="byte", mask=0, micro=False, boost_error=False, eci=False
    )
    return [[int(module) for module in row] for row in code.matrix]


def test_codes_are_those_of_another_encoder(page, monkeypatch):
    """Every version, full and not full, agrees with segno module by module."""
    # segno adds a byte of zeros where the bits end on a byte already; the standard adds none
    # (ISO/IEC 18004, 7.4.10), and readers ignore what stands behind the end mark.
    monkeypatch.setattr(
        encoder,
        "write_padding_bits",
        lambda bits, version, length: bits.extend([0] * (-length % 8)),
    )
    draw = random.Random(18_004)
    alphabet = string.ascii_letters + string.digits + "-_./#=:"
    texts = [
        "".join(draw.choices(alphabet, k=length - fewer))
        for length in CAPACITIES
        for fewer in (0, 3)
    ]

    for text, matrix in zip(texts, matrices(page, texts), strict=True):
        assert matrix == reference(text), len(text)


def test_a_text_that_is_too_long_has_no_code(page):
    """One byte more than version 25 holds is refused, not cut off."""
    with pytest.raises(Exception, match="too long"):
        matrices(page, ["x" * (CAPACITIES[LARGEST - 1] + 1)])


def test_the_words_are_those_of_every_other_program(page):
    """The first 88 bits of a digest are spoken alike in Python and in the browser."""
    draw = random.Random(88)
    digests = [bytes(32), b"\xff" * 32, *(draw.randbytes(32) for _ in range(50))]

    spoken = page.evaluate(
        "async all => { const {words} = await import('./ballot.js');"
        " return all.map(digest => words(Uint8Array.from(digest))) }",
        [list(digest) for digest in digests],
    )

    assert [tuple(eight) for eight in spoken] == [words(digest) for digest in digests]


@pytest.mark.parametrize("text", ["AA=", "A", "AB", "AA==", "A A", "AA\n", "+/8", "", None, 5])
def test_only_the_shortest_spelling_is_read(page, text):
    """What Python's strict decoder refuses, the browser refuses too."""
    refused = page.evaluate(
        "async text => { const {decode} = await import('./ballot.js');"
        " try { decode(text, 1); return false } catch { return true } }",
        text,
    )

    assert refused


def test_the_module_that_must_be_trusted_is_short():
    """Everything that makes and checks ballots fits on four pages, without dependencies."""
    source = BALLOT.read_text(encoding="utf-8")

    assert len(source.encode()) < 8 * 1024
    assert "import " not in source
    assert not [word for word in ("document", "localStorage", "fetch(") if word in source]


@pytest.mark.parametrize("path", sorted(Path(BALLOT.parent).glob("*.js")), ids=lambda p: p.name)
def test_client_modules_stay_short(path):
    """No module of the client is longer than 300 lines, none holds an address of a host."""
    source = path.read_text(encoding="utf-8")

    assert len(source.splitlines()) <= 300
    assert "https://" not in source


def test_what_is_no_later_day_leaves_the_one_that_was_signed(page):
    """Anything may come for the last day; the page shows the promised one and goes on."""
    told = ["2026-03-20", "2026-03-01", "soon", "2026-19-99", "", None, 7, {}, "2026-03-20T00:00"]

    said = page.evaluate(
        "async told => { const {lastDay, sayDay} = await import('./panels.js');"
        " return told.map(day => sayDay(lastDay(day, '2026-03-13'))) }",
        told,
    )

    assert said == ["20 March 2026", *["13 March 2026"] * 8]
