"""Issuing: one signature per person, whatever happens, and a door that refuses in one sentence."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import inspect, select

from app import key_folder
from app.key_folder import KeyFolder
from app.models import Issuance
from surveys.ballots import is_prepared_for, is_signed, public_key
from surveys.encoding import decode, encode
from tests.app.rounds import CLIENT, TODAY, draft_of, make_round, yesterday

pytestmark = pytest.mark.database
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def key() -> bytes:
    return key_folder._new_key()


@pytest.fixture
def keys(settings, monkeypatch, key) -> KeyFolder:
    """The application's key folder, with one key for all, because making one takes long."""
    monkeypatch.setattr(key_folder, "_new_key", lambda: key)
    return KeyFolder(settings.key_folder)


@pytest.fixture
def found(session, keys):
    """An open wave, its people and its key."""
    return make_round(session, keys)


def ask(visitor, wave, blinded, *, headers=None):
    """Send a blinded value as the page's script does."""
    body = {"wave": wave, "blinded": encode(blinded) if isinstance(blinded, bytes) else blinded}
    visitor._session.commit()
    return visitor.client.post("/ballot/issue", json=body, headers=headers)


def check_refusal(response, status, what=""):
    """A refusal is JSON with one sentence, and carries the headers of every answer."""
    assert response.status_code == status, (what, response.text)
    assert response.mimetype == "application/json"
    assert set(response.json) == {"error"}
    assert response.json["error"].endswith(".")
    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def issued(session):
    session.rollback()
    return session.scalars(select(Issuance)).all()


def nothing_is_kept(session, keys, found):
    return issued(session) == [] and keys.journal(found.key, "g01").read() == {}


def test_a_ballot_is_issued_unseen(visitor, session, found, keys):
    """What the browser makes of the signature is a valid ballot that no table or file holds."""
    visitor.sign_in(found.voters[0])
    draft = draft_of(found, b"seed")

    response = ask(visitor, found.key, draft.blinded)

    assert response.status_code == 200
    assert set(response.json) == {"blind_signature"}
    ballot = draft.finish(decode(response.json["blind_signature"]))
    assert is_prepared_for(ballot.prepared, bytes.fromhex(found.wave.manifest_sha256))
    assert is_signed(public_key(draft.modulus), ballot.prepared, ballot.signature)
    (row,) = issued(session)
    assert (row.wave_id, row.person_id) == (found.wave.id, found.voters[0].id)
    assert keys.journal(found.key, "g01").read() == {row.person_id: row.blinded_sha256}


def test_the_table_knows_no_time_and_no_order(session):
    """Three columns, none of them a time or a number that counts up, and no hidden row number."""
    columns = {column.name: column for column in inspect(Issuance).columns}

    assert set(columns) == {"wave_id", "person_id", "blinded_sha256"}
    assert {column.name for column in inspect(Issuance).primary_key} == {"wave_id", "person_id"}
    assert Issuance.__table__.dialect_options["sqlite"]["with_rowid"] is False


def test_the_same_value_brings_the_same_signature(visitor, session, found):
    """A browser that lost the answer asks again and gets the very same bytes."""
    visitor.sign_in(found.voters[0])
    blinded = draft_of(found, b"seed").blinded

    answers = {ask(visitor, found.key, blinded).text for _ in range(3)}

    assert len(answers) == 1
    assert len(issued(session)) == 1


def test_another_value_is_refused_for_good(visitor, new_visitor, session, found):
    """A second ballot is refused, on any device, and the first one can still be fetched."""
    visitor.sign_in(found.voters[0])
    elsewhere = new_visitor().sign_in(found.voters[0])
    first = ask(visitor, found.key, draft_of(found, b"one").blinded)

    check_refusal(ask(elsewhere, found.key, draft_of(found, b"two").blinded), 409)
    check_refusal(ask(visitor, found.key, draft_of(found, b"three").blinded), 409)

    again = ask(elsewhere, found.key, draft_of(found, b"one").blinded)
    assert (again.status_code, again.text) == (200, first.text)
    assert len(issued(session)) == 1


def test_each_person_has_their_own(visitor, session, found):
    """Two people take two ballots; the same value for both is nobody's business here."""
    for person in found.voters[:2]:
        visitor.sign_in(person)
        assert ask(visitor, found.key, draft_of(found, b"seed").blinded).status_code == 200

    assert {row.person_id for row in issued(session)} == {p.id for p in found.voters[:2]}


@pytest.mark.parametrize(
    ("columns", "status"),
    [
        ({"opened_at": None}, 404),
        ({"manifest": None, "manifest_sha256": None}, 404),
        ({"opens_on": TODAY + timedelta(days=3)}, 200),
        ({"closes_on": TODAY}, 200),
        ({"closes_on": yesterday()}, 410),
        ({"issuing_ended_at": NOW}, 410),
        ({"closed_at": NOW}, 410),
        ({"cancelled_at": NOW}, 410),
    ],
    ids=[
        "not opened", "not prepared", "early", "last day", "over", "ended", "closed", "cancelled",
    ],
)  # fmt: skip
def test_when_ballots_are_issued(visitor, session, keys, columns, status):
    """From the opening on, also before the first day, until issuing or the last day ends."""
    found = make_round(session, keys, **columns)
    visitor.sign_in(found.voters[0])
    blinded = (2).to_bytes(256, "big")

    response = ask(visitor, found.key, blinded)

    if status == 200:
        assert response.status_code == 200
    else:
        check_refusal(response, status)
        assert nothing_is_kept(session, keys, found)


def test_who_gets_no_ballot(visitor, new_visitor, session, keys, found):
    """Strangers, people by letter, people who are not listed, and other sites' pages."""
    blinded = draft_of(found, b"seed").blinded
    stranger, reader, outsider = (new_visitor() for _ in range(3))
    reader.sign_in(found.readers[0])
    outsider.sign_in(found.outsider)
    visitor.sign_in(found.voters[0])

    check_refusal(ask(stranger, found.key, blinded), 401)
    check_refusal(ask(reader, found.key, blinded), 403)
    check_refusal(ask(outsider, found.key, blinded), 403)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}):
        check_refusal(ask(visitor, found.key, blinded, headers=headers), 403)
    check_refusal(ask(visitor, "w-unknown", blinded), 404)

    assert nothing_is_kept(session, keys, found)


GOOD = encode((2).to_bytes(256, "big"))
BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "not UTF-8": b"\xff\xfe{}",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "nested deeply": b"[" * 1500,
    "NaN": b'{"wave": NaN, "blinded": ""}',
    "nothing in it": b"{}",
    "a field missing": {"wave": "WAVE"},
    "a field too many": {"wave": "WAVE", "blinded": GOOD, "person": "1"},
    "a number for the wave": {"wave": 1, "blinded": GOOD},
    "a wave that cannot be": {"wave": "../WAVE", "blinded": GOOD},
    "a zero byte in the wave": {"wave": "w\0", "blinded": GOOD},
    "a number for the value": {"wave": "WAVE", "blinded": 5},
    "a list for the value": {"wave": "WAVE", "blinded": [GOOD]},
    "no value": {"wave": "WAVE", "blinded": ""},
    "foreign letters": {"wave": "WAVE", "blinded": "!" + GOOD[1:]},
    "white space": {"wave": "WAVE", "blinded": GOOD + "\n"},
    "padding": {"wave": "WAVE", "blinded": GOOD + "=="},
    "the other alphabet": {"wave": "WAVE", "blinded": "+/" + GOOD[2:]},
    "spare bits": {"wave": "WAVE", "blinded": GOOD[:-1] + "h"},
    "one letter too few": {"wave": "WAVE", "blinded": GOOD[:-1]},
    "a byte too few": {"wave": "WAVE", "blinded": encode(bytes(254) + b"\2")},
    "a byte too many": {"wave": "WAVE", "blinded": encode(bytes(256) + b"\2")},
    "zero": {"wave": "WAVE", "blinded": encode(bytes(256))},
    "n": {"wave": "WAVE", "blinded": "N"},
    "the largest": {"wave": "WAVE", "blinded": encode(b"\xff" * 256)},
}


def test_bad_input_is_refused_in_one_sentence(visitor, session, keys, found, caplog):
    """Whatever is wrong with a request: 400, one sentence, nothing kept, nothing logged."""
    visitor.sign_in(found.voters[0])
    session.commit()
    caplog.set_level(logging.INFO)

    for name, body in BODIES.items():
        if isinstance(body, dict):
            text = json.dumps(body).replace("WAVE", found.key)
            body = text.replace('"N"', json.dumps(encode(found.modulus))).encode()
        response = visitor.client.post("/ballot/issue", data=body, content_type="application/json")
        check_refusal(response, 400, name)

    assert nothing_is_kept(session, keys, found)
    assert caplog.text == ""


def test_the_good_input_beside_the_bad_is_good(visitor, session, found):
    """The table above starts from a request that works; otherwise it would show nothing."""
    visitor.sign_in(found.voters[0])

    assert ask(visitor, found.key, GOOD).status_code == 200


def test_other_kinds_and_lengths_are_refused(visitor, session, keys, found):
    """Only JSON is read, and no more than a blinded value needs."""
    visitor.sign_in(found.voters[0])
    session.commit()
    good = json.dumps({"wave": found.key, "blinded": GOOD})

    for body, content_type, status in (
        (good, None, 415),
        (good, "text/plain", 415),
        (f"wave={found.key}&blinded={GOOD}", "application/x-www-form-urlencoded", 415),
        (good, "application/jsonp", 415),
        (good + " " * 2048, "application/json", 413),
        (good + " " * 5_000_000, "application/json", 413),
        (good + " " * 7_000_000, "application/json", 413),
    ):
        response = visitor.client.post("/ballot/issue", data=body, content_type=content_type)
        check_refusal(response, status, f"{content_type}, {len(body)}")

    assert nothing_is_kept(session, keys, found)


def test_a_stranger_is_not_told_what_is_wrong(visitor, session, found):
    """Without a sign-in every request gets the same answer, good or bad."""
    good = ask(visitor, found.key, GOOD)
    bad = visitor.client.post("/ballot/issue", data=b"{", content_type="application/json")

    check_refusal(good, 401)
    assert bad.text == good.text


def test_a_lost_key_is_an_apology_and_no_ballot(visitor, session, keys, found):
    """Without the key nothing is signed and nothing noted: nobody has lost their ballot."""
    visitor.sign_in(found.voters[0])
    keys.destroy(found.key)

    check_refusal(ask(visitor, found.key, GOOD), 503)

    assert nothing_is_kept(session, keys, found)


def test_the_page_names_the_group_and_where_to_go(visitor, session, settings, found):
    """A person with a ballot sees with whom they are counted; the script gets what it needs."""
    visitor.sign_in(found.voters[0])

    page = visitor.get(f"/ballot/{found.key}")

    assert "4 people" in page.main.text
    assert "Night shift" in page.main.text
    place = page.select_one("[data-issuing]")
    assert place["data-wave"] == found.key
    assert place["data-group"] == "g01"
    assert place["data-client"] == f"{settings.collector_url}/c/{CLIENT}/index.html"
    assert place["data-issue"] == "/ballot/issue"
    assert page.select_one("script[src*='issuing.js']")
    assert "You have taken your ballot" not in page.main.text


def test_the_page_says_to_nobody_else_that_a_ballot_was_taken(visitor, new_visitor, found):
    """The person reads it on their own page; a colleague's page does not change."""
    visitor.sign_in(found.voters[0])
    colleague = new_visitor().sign_in(found.voters[1])
    before = colleague.get(f"/ballot/{found.key}").main
    ask(visitor, found.key, GOOD)

    assert "You have taken your ballot" in visitor.get(f"/ballot/{found.key}").main.text
    assert colleague.get(f"/ballot/{found.key}").main == before


def test_the_page_remembers_after_a_restored_backup(visitor, session, found):
    """The journal beside the key answers where the database has forgotten."""
    visitor.sign_in(found.voters[0])
    ask(visitor, found.key, GOOD)
    for row in issued(session):
        session.delete(row)

    assert "You have taken your ballot" in visitor.get(f"/ballot/{found.key}").main.text


def test_the_page_of_people_without_a_ballot_has_no_script(new_visitor, settings, found):
    """By letter, not listed: words and no way to take a ballot."""
    reader = new_visitor().sign_in(found.readers[0])
    outsider = new_visitor().sign_in(found.outsider)

    by_letter, unlisted = (v.get(f"/ballot/{found.key}") for v in (reader, outsider))

    assert "letter" in by_letter.main.text
    assert by_letter.select_one(f"a[href='{settings.collector_url}/w/{found.key}']")
    assert "not on the list" in unlisted.main.text
    for page in (by_letter, unlisted):
        assert not page.select("[data-issuing], script[src*='issuing.js']")


@pytest.mark.parametrize("column", ["issuing_ended_at", "closed_at", "cancelled_at"])
def test_the_page_of_a_closed_wave_says_so(visitor, session, found, column):
    """There is nothing to press any more."""
    setattr(found.wave, column, NOW)
    visitor.sign_in(found.voters[0])

    page = visitor.get(f"/ballot/{found.key}")

    assert "closed" in page.main.text
    assert not page.select("[data-issuing]")


def test_there_is_no_page_for_waves_that_are_none(visitor, session, found):
    """Unknown and impossible names are 404, like waves that were not opened."""
    visitor.sign_in(found.voters[0])

    for address in ("w-unknown", "issue", "%00", "W", "a" * 300, "..%2Fw"):
        visitor.get(f"/ballot/{address}", 404)


def test_a_wave_that_is_not_open_yet_has_no_page(visitor, session, found):
    """Until the opening nothing is told, not even the name."""
    found.wave.opened_at = None
    visitor.sign_in(found.voters[0])

    assert "March pulse" not in visitor.get(f"/ballot/{found.key}", 404).text


def test_signing_in_leads_back_to_the_ballot(visitor, found):
    """A stranger who follows the button of the survey's page comes back after signing in."""
    response = visitor.fetch(f"/ballot/{found.key}", 303)

    assert response.location == f"/sign-in?next=/ballot/{found.key}"
