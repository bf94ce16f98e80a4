"""collector.anon: ballots come in, manifests and clients go out, and nobody is known."""

import json
from datetime import date
from hashlib import sha256

import pytest

from collector import errors
from collector.anon import CLIENT_CACHING, CLIENT_POLICY
from collector.config import Settings
from collector.folders import WaveFolder
from collector.guard import HEADERS
from collector.program import create_collector
from collector.store import Store
from surveys.encoding import decode, encode
from surveys.manifests import is_signed_by_guardian, manifest_sha256, receipt_message
from surveys.signing import is_signed
from tests.collector.conftest import (
    ANSWERS,
    BOTH,
    COUNT_KEY,
    make_guardian,
    make_plan,
    open_wave,
)

CLOSED_ON = date(2026, 4, 1)


@pytest.fixture
def settings(tmp_path):
    return Settings(collector_store=tmp_path / "store", collector_keys=tmp_path / "keys")


@pytest.fixture
def store(settings):
    return Store.of(settings)


CLIENT_HEADERS = {"Content-Security-Policy": CLIENT_POLICY, "Cache-Control": CLIENT_CACHING}


@pytest.fixture
def wave(store):
    return open_wave(store, rights=BOTH)


@pytest.fixture
def ask(settings):
    """Ask the program as a client does; no answer may set a cookie or lack a header."""
    browser = create_collector(settings).test_client(use_cookies=True)

    def request(method, path, status=200, **options):
        response = browser.open(path, method=method, **options)
        assert response.status_code == status, response.text
        assert "Set-Cookie" not in response.headers
        own = CLIENT_HEADERS if path.startswith("/c/") and status == 200 else {}
        for name, value in {**HEADERS, **own}.items():
            assert response.headers[name] == value
        if status >= 400 and path.startswith("/anon/"):
            assert response.json["error"].endswith(".")
        return response

    return request


def test_a_ballot_is_redeemed(ask, wave):
    """An answer is acknowledged with its receipt and a signature that the manifest vouches for."""
    given = wave.request(0, 0, ANSWERS)

    reply = ask("POST", "/anon/submit", json=given).json

    message = receipt_message(
        manifest=manifest_sha256(wave.text),
        receipt=decode(reply["receipt"], length=32),
        sealed=decode(given["sealed"]),
    )
    assert reply.keys() == {"receipt", "acknowledgement"}
    assert is_signed(
        decode(wave.manifest["receipt_key"]), message, decode(reply["acknowledgement"])
    )


def test_the_same_again_gives_the_very_same_reply(ask, wave):
    """Who lost the reply sends again; who sends something else is told."""
    first = ask("POST", "/anon/submit", json=wave.request(0, 0, ANSWERS)).data

    assert ask("POST", "/anon/submit", json=wave.request(0, 0, ANSWERS)).data == first
    ask("POST", "/anon/submit", 409, json=wave.request(0, 0, ANSWERS | {"tools": ["1"]}))


def spoilt(given, **changes):
    """Change some fields; None takes one out."""
    return {k: v for k, v in (given | changes).items() if v is not None}


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (lambda g: spoilt(g, sealed=None), 400),
        (lambda g: spoilt(g, extra="x"), 400),
        (lambda g: spoilt(g, group=7), 400),
        (lambda g: spoilt(g, group=["g00"]), 400),
        (lambda g: spoilt(g, group="g99"), 400),
        (lambda g: spoilt(g, group="g01"), 400),
        (lambda g: spoilt(g, wave=True), 400),
        (lambda g: spoilt(g, wave="nowhere"), 404),
        (lambda g: spoilt(g, wave="../etc"), 404),
        (lambda g: spoilt(g, prepared=g["prepared"] + "="), 400),
        (lambda g: spoilt(g, prepared=g["prepared"][:-1]), 400),
        (lambda g: spoilt(g, prepared=" " + g["prepared"]), 400),
        (lambda g: spoilt(g, signature=g["signature"][:-1] + "B"), 400),
        (lambda g: spoilt(g, signature=g["signature"].replace("-", "+") + "+"), 400),
        (lambda g: spoilt(g, signature=encode(bytes(256))), 403),
        (lambda g: spoilt(g, prepared=encode(bytes(116))), 403),
        (lambda g: spoilt(g, sealed=g["sealed"][:-4]), 400),
        (lambda g: spoilt(g, sealed=""), 400),
        (lambda g: spoilt(g, sealed="\N{CYRILLIC SMALL LETTER A}" * 80), 400),
        (lambda g: [g], 400),
        (lambda g: "x", 400),
    ],
)
def test_what_is_no_ballot_is_refused_in_one_sentence(ask, wave, spoil, status):
    """Every field has one type, one length and one spelling."""
    ask("POST", "/anon/submit", status, json=spoil(wave.request(0, 0, ANSWERS)))

    ask("POST", "/anon/submit", json=wave.request(0, 0, ANSWERS))


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        ('{"wave":"x"}'.encode("utf-16"), "application/json", 400),
        (b'{"wave":"a","wave":"b","group":"g","prepared":"","signature":"","sealed":""}',
         "application/json", 400),
        (b"null", "application/json", 400),
        (b"wave=2026-03", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"x" * 300_000, "application/json", 413),
    ],
)  # fmt: skip
def test_bodies_that_are_no_json_table_are_refused(ask, wave, body, kind, status):
    """No bytes make the program fail; a cross-site form cannot look like a client."""
    ask("POST", "/anon/submit", status, data=body, content_type=kind)


def test_other_sites_cannot_answer(ask, wave):
    """The browser says where a request comes from, and only our own client may redeem."""
    for site in ("cross-site", "same-site"):
        ask(
            "POST",
            "/anon/submit",
            403,
            json=wave.request(0, 0, ANSWERS),
            headers={"Sec-Fetch-Site": site},
        )


def test_a_wave_answers_from_its_first_day_until_it_closes(ask, store, wave):
    """Before the first day 409 with a manifest already there; after the close 410."""
    later = open_wave(store, "later", opens_on="2999-01-01", closes_on="2999-01-31")
    assert ask("GET", "/anon/manifest/later").json["manifest"] == later.text
    ask("POST", "/anon/submit", 409, json=later.request(0, 0, ANSWERS))

    store.close(wave.key, on=CLOSED_ON, issued=wave.issued)

    ask("POST", "/anon/submit", 410, json=wave.request(0, 0, ANSWERS))


def test_the_manifest_is_served_as_it_was_signed(ask, store):
    """Bytes, signature, and the last day, which may have moved since."""
    wave = open_wave(store, guardian=make_guardian())
    store.extend(wave.key, date(2026, 4, 20))

    given = ask("GET", f"/anon/manifest/{wave.key}").json

    assert given["manifest"] == wave.text
    assert is_signed_by_guardian(given["manifest"], given["signature"])
    assert given["closes_on"] == "2026-04-20"
    store.close(wave.key, on=CLOSED_ON, issued=wave.issued)
    assert ask("GET", f"/anon/manifest/{wave.key}").json == given


def test_the_manifest_is_read_once_and_told_with_the_day_of_now(ask, store, wave, monkeypatch):
    """However many browsers ask, it is read and written once, until the last day is put off."""
    reads = []
    read = WaveFolder.read
    monkeypatch.setattr(
        WaveFolder, "read", lambda self, name: (reads.append(name), read(self, name))[1]
    )
    first = [ask("GET", f"/anon/manifest/{wave.key}").json for _ in range(3)]
    store.extend(wave.key, date(2026, 12, 24))

    assert ask("GET", f"/anon/manifest/{wave.key}").json == {**first[0], "closes_on": "2026-12-24"}
    assert reads.count("manifest.json") == 2
    store.cancel(wave.key)
    ask("GET", f"/anon/manifest/{wave.key}", 410)


def test_there_is_no_manifest_before_the_opening_nor_after_a_cancel(ask, store):
    """What is prepared promises nothing yet, what is cancelled no more."""
    store.prepare(make_plan())
    ask("GET", "/anon/manifest/2026-03", 409)
    store.cancel("2026-03")
    ask("GET", "/anon/manifest/2026-03", 410)
    ask("GET", "/anon/manifest/nowhere", 404)


def test_the_closed_list_is_served_for_good(ask, store, wave):
    """Not before the close, and then the same bytes also after the release was fetched."""
    ask("GET", f"/anon/closed/{wave.key}", 409)
    release = store.close(wave.key, on=CLOSED_ON, issued=wave.issued)
    listed = ask("GET", f"/anon/closed/{wave.key}").data
    store.acknowledge(wave.key, sha256(release).hexdigest())

    assert ask("GET", f"/anon/closed/{wave.key}").data == listed
    assert listed == store.closed_list(wave.key)
    ask("GET", "/anon/closed/nowhere", 404)


def test_the_page_of_a_closed_wave_shows_what_anybody_may_check(ask, store, wave):
    """The counts per cell and the way to the receipts stand where people answered."""
    for number in range(8):
        wave.redeem(store, 0, number, ANSWERS)
    release = store.close(wave.key, on=CLOSED_ON, issued=wave.issued)
    (cell,) = json.loads(store.closed_list(wave.key))["cells"]
    ((kind, n),) = cell["accepted"].items()
    page = ask("GET", f"/w/{wave.key}", 410).text
    store.acknowledge(wave.key, sha256(release).hexdigest())

    assert f">{cell['label']}</th><td>{cell['eligible']}</td>" in page
    assert f"<td>{n}{' or more' if kind == 'at_least' else ''}</td></tr>" in page
    assert f'href="/anon/closed/{wave.key}"' in page
    assert ask("GET", f"/w/{wave.key}", 410).text == page


def test_the_page_of_a_wave_that_waits_for_its_guardian_says_so(ask, store):
    """No more answers, and no counts yet."""
    wave = open_wave(store, guardian=make_guardian(holds_count_key=True))
    for number in range(8):
        wave.redeem(store, 0, number, ANSWERS)
    with pytest.raises(errors.CountKeyNeeded):
        store.close(wave.key, on=CLOSED_ON, issued=wave.issued)

    assert "They are not counted yet." in ask("GET", f"/w/{wave.key}", 410).text


def test_the_guardian_opens_the_seals(ask, store):
    """While the wave waits everybody sees for whom; the right key, and only it, goes on."""
    wave = open_wave(store, guardian=make_guardian(holds_count_key=True))
    for number in range(8):
        wave.redeem(store, 0, number, ANSWERS)
    path, key = f"/anon/open/{wave.key}", {"count_key": encode(COUNT_KEY)}
    ask("POST", path, 409, json=key)
    with pytest.raises(errors.CountKeyNeeded):
        store.close(wave.key, on=CLOSED_ON, issued=wave.issued)
    waiting = ask("GET", f"/anon/closed/{wave.key}", 409).json

    for wrong, status in (
        ({"count_key": encode(b"\1" * 32)}, 422),
        ({"count_key": "AA"}, 400),
        ({"count_key": None}, 400),
        (key | {"more": "x"}, 400),
    ):
        ask("POST", path, status, json=wrong)
    assert waiting["waiting_for"] == "guardian"
    assert ask("POST", path, json=key).json == {"state": "closed"}
    assert ask("POST", path, json=key).json == {"state": "closed"}
    assert json.loads(store.close(wave.key, on=CLOSED_ON, issued={}))["n_responses"] == 8


def test_the_client_is_what_its_address_says(ask, store, wave):
    """Address, list and files vouch for each other, byte by byte, for every visitor."""
    digest = wave.manifest["client_sha256"]

    listing = ask("GET", f"/c/{digest}/files.json")

    assert sha256(listing.data).hexdigest() == digest
    assert {"index.html", "answer.js", "ballot.js", "ballot.css"} <= listing.json.keys()
    for name, expected in listing.json.items():
        given = ask("GET", f"/c/{digest}/{name}")
        assert sha256(given.data).hexdigest() == expected
        assert "ETag" not in given.headers
        assert "Last-Modified" not in given.headers
    types = {n: ask("GET", f"/c/{digest}/{n}").mimetype for n in ("index.html", "answer.js")}
    assert types == {"index.html": "text/html", "answer.js": "text/javascript"}
    ask("GET", f"/c/{digest}/other.js", 404)
    ask("GET", f"/c/{digest}/..%2fopening.json", 404)
    ask("GET", f"/c/{'0' * 64}/index.html", 404)
    ask("GET", "/c/x/index.html", 404)


def test_the_client_of_a_wave_never_changes(ask, store, wave, settings, monkeypatch):
    """A program that was updated in the middle of a wave serves the old bytes on."""
    digest = wave.manifest["client_sha256"]
    before = ask("GET", f"/c/{digest}/index.html").data
    monkeypatch.setattr("collector.clients.build", None)

    updated = create_collector(settings).test_client()

    assert updated.get(f"/c/{digest}/index.html").data == before
    store.close(wave.key, on=CLOSED_ON, issued=wave.issued)
    ask("GET", f"/c/{digest}/index.html", 410)


def test_a_store_that_fails_acknowledges_nothing(ask, wave, monkeypatch, capsys):
    """A full disk is a 503 in JSON, so the client keeps ballot and answers."""
    monkeypatch.setattr(errors, "_reported", set())

    def fail(self, within, receipt, body):
        raise OSError(28, "No space left on device for secret-marker")

    monkeypatch.setattr("collector.intake.Intake.put", fail)

    ask("POST", "/anon/submit", 503, json=wave.request(0, 0, ANSWERS))

    assert "secret-marker" not in capsys.readouterr().err
