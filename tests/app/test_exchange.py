"""app.exchange: what the application says to the collector, and how it takes refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from threading import Thread

import pytest
from werkzeug.serving import make_server

from app import exchange
from app.exchange import CollectorRefused, CollectorUnreachable, NoCollector
from surveys.errors import CountKeyNeeded, UnknownWave
from tests.app.pulse import ADDRESS, TOKEN, client_of, make_collector


@pytest.fixture
def collector(tmp_path):
    return make_collector(tmp_path / "collector")


@pytest.fixture
def address(collector) -> Iterator[str]:
    """A collector that really listens."""
    server = make_server("127.0.0.1", 0, collector)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def answering(status: int, body: bytes = b"") -> exchange.Collector:
    """A collector that always says the same."""
    return exchange.Collector(transport=lambda *_: (status, body), address=ADDRESS)


def test_a_wave_that_the_collector_does_not_know(address):
    """Closing it is refused over real HTTP; cancelling it is fine, nothing is left of it."""
    client = exchange.over_http(address, token=TOKEN)

    client.cancel("w-unknown")
    with pytest.raises(UnknownWave, match="does not know this wave"):
        client.close("w-unknown", {})


def test_a_wrong_token_is_named(collector):
    """Two programs that were set up apart are told what to do."""
    client = exchange.over_wsgi(collector, token="a token of another house", address=ADDRESS)

    with pytest.raises(CollectorUnreachable, match="same HEADWATER_COLLECTOR_TOKEN"):
        client.close("w-any", {})


def test_nobody_there():
    """The sentence names the address and what to do."""
    client = exchange.over_http("http://127.0.0.1:9", token=TOKEN)

    with pytest.raises(CollectorUnreachable) as caught:
        client.extend("w-any", date(2026, 3, 9))

    assert str(caught.value) == (
        "The collector could not be reached at http://127.0.0.1:9; nothing was changed. "
        "Start it and press the button again."
    )


def test_the_collectors_own_sentence_is_passed_on(collector):
    """What it refuses, it explains; the explanation reaches HR."""
    with pytest.raises(CollectorRefused, match="nothing was changed: The opening lacks"):
        client_of(collector).open({"wave": "w-any"})


@pytest.mark.parametrize(
    ("status", "body", "refusal", "sentence"),
    [
        (500, b"", CollectorUnreachable, "failed; nothing was changed"),
        (409, b"a proxy speaks", CollectorRefused, "a proxy speaks"),
        (409, b"", CollectorRefused, "gave no reason"),
        (302, b"", CollectorRefused, "gave no reason"),
    ],
    ids=["broken", "plain text", "silent", "redirected"],
)
def test_other_answers_become_sentences(status, body, refusal, sentence):
    """Nothing that an answer may be ends in a stack trace."""
    with pytest.raises(refusal, match=sentence):
        answering(status, body).close("w-any", {})


def test_a_closing_that_waits_for_the_guardian_is_told_apart():
    """The collector says for whom it waits, and that is no refusal for good."""
    with pytest.raises(CountKeyNeeded):
        answering(409, b'{"error": "Wait.", "waiting_for": "guardian"}').close("w-any", {})
    with pytest.raises(CollectorRefused, match="Wait."):
        answering(409, b'{"error": "Wait.", "waiting_for": null}').close("w-any", {})


def test_without_a_token_the_way_by_file_is_named():
    """An installation that exchanges files says so at every button."""
    for deed in (
        lambda c: c.prepare({}),
        lambda c: c.open({}),
        lambda c: c.extend("w", date(2026, 3, 9)),
        lambda c: c.close("w", {}),
        lambda c: c.acknowledge("w", ""),
        lambda c: c.cancel("w"),
    ):
        with pytest.raises(CollectorUnreachable, match="headwater wave"):
            deed(NoCollector())
