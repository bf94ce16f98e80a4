"""collector.exchange: what the application may ask with the token, and nobody without it."""

import json
from hashlib import sha256

import pytest

from collector.program import create_collector
from collector.store import Store
from surveys.documents import canonical
from tests.collector.conftest import (
    ANSWERS,
    LETTERS,
    TOKEN,
    Visitor,
    make_plan,
    make_wave,
    open_wave,
    settings_in,
)

BEARER = {"Authorization": f"Bearer {TOKEN}"}
FORM = {key: value for key, (value,) in ANSWERS.items()}


@pytest.fixture
def wave(settings):
    """An open wave answered by letter, and its codes, all in one list."""
    opened = open_wave(Store.of(settings), rights=LETTERS)
    return opened.key, [code for group in opened.codes.values() for code in group]


def ask(visitor, path, document=None, *, method="POST", status=200, headers=BEARER):
    data = None if document is None else canonical(document)
    response = visitor.client.open(
        f"/exchange/waves/{path}", method=method, data=data, headers=headers
    )
    visitor.look(response, status)
    return response


def test_a_wave_lives_its_life_over_http(visitor):
    """Prepare, open, extend, answer, close, acknowledge; each of them again gives the same."""
    plan = make_plan(rights=LETTERS)
    reply = ask(visitor, "2026-03/plan", plan, method="PUT").json
    assert ask(visitor, "2026-03/plan", plan, method="PUT").json == reply
    opened = make_wave(plan, reply)
    ask(visitor, "2026-03", opened.opening, method="PUT", status=201)
    ask(visitor, "2026-03", opened.opening, method="PUT", status=200)
    ask(visitor, "2026-03/closes_on", {"closes_on": "2026-04-10"}, method="PUT", status=204)
    for code in opened.codes["g01"]:
        visitor.post("/w/2026-03", FORM | {"code": code})

    release = ask(visitor, "2026-03/close", {"issued": opened.issued}).data

    assert json.loads(release)["n_responses"] == 12
    assert ask(visitor, "2026-03/close", {"issued": opened.issued}).data == release
    digest = {"sha256": sha256(release).hexdigest()}
    ask(visitor, "2026-03/acknowledge", {"sha256": "0" * 64}, status=409)
    ask(visitor, "2026-03/acknowledge", digest, status=204)
    ask(visitor, "2026-03/acknowledge", digest, status=204)
    gone = ask(visitor, "2026-03/close", {"issued": opened.issued}, status=410)
    assert "deleted" in gone.json["error"]
    visitor.post("/w/2026-03", FORM | {"code": opened.codes["g00"][0]}, status=410)


def test_a_wave_can_be_cancelled_over_http(visitor, wave):
    """After that it takes neither answers nor openings."""
    ask(visitor, f"{wave[0]}/cancel", status=204)

    visitor.post(f"/w/{wave[0]}", FORM | {"code": wave[1][0]}, status=410)
    ask(visitor, f"{wave[0]}/close", {"issued": {"g00": 8, "g01": 12}}, status=410)


@pytest.mark.parametrize(
    ("path", "document", "method", "status"),
    [
        ("2026-03", {"schema": "odd"}, "PUT", 422),
        ("2026-03", None, "PUT", 422),
        ("other", make_plan("2026-05"), "PUT", 422),
        ("other/plan", make_plan("2026-05"), "PUT", 422),
        ("2026-03/plan", make_plan(), "PUT", 409),
        ("2026-03/plan", {"wave": "2026-03"}, "PUT", 422),
        ("2026-03/closes_on", {"closes_on": "soon"}, "PUT", 422),
        ("unknown/close", {"issued": {}}, "POST", 404),
        ("2026-03/close", None, "POST", 422),
        ("2026-03/close", {"issued": 3}, "POST", 422),
        ("2026-03/close", {"issued": {"g00": 8}}, "POST", 422),
        ("2026-03/acknowledge", {"sha256": "0"}, "POST", 409),
    ],
)
def test_the_exchange_refuses_in_one_sentence(visitor, wave, path, document, method, status):
    """What does not fit is refused with a sentence the application can show."""
    answer = ask(visitor, path, document, method=method, status=status).json["error"]

    assert answer.endswith(".")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer \xff"},
    ],
)
def test_the_exchange_needs_the_token(visitor, wave, headers):
    """Without the token nobody closes or cancels anything."""
    response = ask(visitor, f"{wave[0]}/cancel", status=401, headers=headers)

    assert response.headers["WWW-Authenticate"] == "Bearer"
    visitor.get(f"/w/{wave[0]}")


def test_without_a_token_there_is_no_exchange(settings, wave):
    """An installation that works by file has no such door at all."""
    shut = Visitor(create_collector(settings_in(settings.collector_store.parent)))

    for headers in ({}, {"Authorization": "Bearer "}):
        ask(shut, f"{wave[0]}/cancel", status=404, headers=headers)
