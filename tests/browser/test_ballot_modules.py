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

from surveys import codes, threads
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


@pytest.mark.long
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


def codes_of(page: Page, seeds: list[bytes]) -> list[list[str]]:
    """Derive code and thread of two comments for each seed with the client's own code."""
    found: list[list[str]] = page.evaluate(
        "async seeds => { const {codeOf, threadOf} = await import('./threads.js'); const all = [];"
        " for (const seed of seeds) for (const item of ['comment', 'what_helps']) {"
        "   const code = await codeOf(Uint8Array.from(seed), {wave: '2026-03', item});"
        "   all.push([code, await threadOf(code)]); }"
        " return all }",
        [list(seed) for seed in seeds],
    )
    return found


def test_codes_of_comments_are_those_of_python(page):
    """From the same seed the same codes, each with its check character, and the same threads."""
    seeds = [bytes(32), bytes([255]) * 32, *(random.Random(n).randbytes(32) for n in range(20))]
    own = [
        threads.ballot_code(seed, wave="2026-03", item=item)
        for seed in seeds
        for item in ("comment", "what_helps")
    ]

    assert codes_of(page, seeds) == [[code, threads.thread_of(code)] for code in own]
    assert [codes.normalise(codes.printed(code)) for code in own] == own
    assert len(set(own)) == len(own)


TELLING = {
    "an e-mail address": ["Ask n.ng@tidewell.example", "an mich: a@b.de"],
    "a postal address": [
        "I live at 12 Mill Lane", "Hauptstraße 5", "aus der Goethestr. 12a", "Kerkstraat 9",
        "at SW1A 1AA", "12, rue de Rome", "Calle Mayor, 4",
    ],
    "a name": [
        "My name is nora", "I'm called Bo", "Mr Jones shouts", "Ask Dr. Okafor", "Frau Weiß hilft",
        "Nothing works.\nRegards,\nBo Ng", "my manager Thomas is great", "Talk to Anna Schmidt.",
        "Herr Özil", "José García helped",
    ],
    "something that fits one person": [
        "As the only driver here", "I’m the only woman", "being one of the two nurses",
    ],
    "a phone number": [
        "Ring 0171 2345678", "+44 20 7946 0018", "(030) 123456-7", "555-123-4567", "call 5551234",
    ],
}  # fmt: skip
HARMLESS = [
    "More light and quieter rooms, please.",
    "From 2024-2025 the rota changed; on 01/02/2025 and 2025-02-01 too.",
    "We lost 10 000 000 or 1.250.000 euros; 8:00-16:00 is fine, 09:00 - 17:30 too.",
    "The Customer Service and Human Resources teams never talk on Monday Morning.",
    "Will Mark Twain's book be read? May and June are busy. Grace would help.",
    "Die Führungskraft hört zu, und die Neue Leitung ist auf dem Weg 2 Schritte weiter.",
    "Our only lift is broken. It is the only way up. One of the doors sticks.",
    "Thanks, and keep it up!\nBest regards",
    "Room 12 is cold, Line 5 waits, order 4711 is late, SAP R3 and M365 are slow.",
    "I drive 12 roads a day. 3 Good Ideas were dropped. @home I have no screen.",
    "Mein Arbeitsweg 2 Stunden; Parkplatz 3 ist voll. We meet via Teams 2 hours a week.",
    "Please call me by my title. My manager Monday mornings is stressed.",
]


def test_what_may_tell_who_wrote_is_asked_about_and_ordinary_text_is_not(page):
    """Each kind is named where it stands; dates, amounts, rooms and teams raise no alarm."""
    texts = [text for found in TELLING.values() for text in found]
    kinds = page.evaluate(
        "async texts => { const {tellingKind} = await import('./telling.js');"
        " return texts.map(tellingKind) }",
        [*texts, *HARMLESS],
    )

    named = {text: kind for kind, found in TELLING.items() for text in found}
    assert dict(zip([*texts, *HARMLESS], kinds, strict=True)) == named | dict.fromkeys(HARMLESS)
