"""What the collector says of the promise: above the questions, and on a page of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from bs4 import BeautifulSoup

from collector.clients import promise_address_of
from collector.store import Store
from surveys.promise_texts import sections_of
from tests.collector.conftest import BOTH, open_wave
from tests.promises import PROMISE

ODD = replace(
    PROMISE,
    purposes="To see <b>what</b> helps.\nNothing else.",
    readers="HR & the board",
    keep_rosters_days=1,
    keep_results_months=7,
)


@pytest.fixture
def wave(settings):
    """A wave that some answer by ballot and some by letter."""
    return open_wave(Store.of(settings), rights=BOTH, promise=ODD.to_dict())


def test_the_promise_stands_before_the_first_question(visitor, wave):
    """On the page for ballots and on that for letters: k, purpose, readers, spans, contact."""
    client = wave.manifest["client_sha256"]
    for path in (f"/c/{client}/index.html", f"/w/{wave.key}"):
        page = BeautifulSoup(visitor.client.get(path).text, "html5lib")
        box, first = page.select_one(".promise"), page.select_one("fieldset")
        said = " ".join(box.text.split())

        for part in (
            *("To see <b>what</b> helps.", "HR & the board", "Works council, room 12"),
            *("A figure needs 5 answers", "at least 8 people", "of 20 in all"),
            *("at least 10 answers", "may answer 1 day longer", "results 7 months longer"),
        ):
            assert part in said, part
        for section in sections_of(wave.manifest):
            assert all(line in said for line in section.lines), section
        assert "What you still have to trust" in said
        assert box in first.find_all_previous()


def test_the_page_of_the_promise_is_part_of_the_manifest(visitor, wave):
    """Its bytes are hashed into the client that the manifest names, and it says everything."""
    client = wave.manifest["client_sha256"]
    content = visitor.client.get(promise_address_of(client)).data
    listing = visitor.client.get(f"/c/{client}/files.json").data

    assert sha256(listing).hexdigest() == client
    assert json.loads(listing)["promise.html"] == sha256(content).hexdigest()
    text = " ".join(BeautifulSoup(content, "html5lib").main.text.split())
    for section in sections_of(wave.manifest):
        assert section.heading in text
        assert all(line in text for line in section.lines), section
    assert f"/promise/{wave.key}" in content.decode()
