"""
A-4: one person answers once, whatever they send, how often and how fast.

A list of everything that somebody with a ballot may try is played through the doors of both
programs.  The same list, played against programs that forget or do not look, must come out
otherwise, or it would prove nothing.
"""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app import blind_signing, handover
from app.issuance_journal import IssuanceJournal
from app.models import Wave
from app.services import issuances, sign_ins
from collector.intake import Intake
from surveys import ballots
from surveys.encoding import decode, encode
from surveys.errors import SpentBallot
from surveys.lifecycle import State
from surveys.manifests import begin_ballot
from tests.attack.line import Employee, Line, line, now
from tests.factories import make_person

pytestmark = [pytest.mark.attack, pytest.mark.database, pytest.mark.usefixtures("hasty")]

FIELDS = {"tools": ["4"], "comment": ["The same again"]}
OTHERS = {"tools": ["1"]}


@pytest.fixture
def played(tmp_path, database_url):
    with line(tmp_path, database_url) as played:
        yield played


def flipped(text: str) -> str:
    """Change one bit of something written in base64url."""
    raw = bytearray(decode(text))
    raw[len(raw) // 2] ^= 1
    return encode(bytes(raw))


def taking(played: Line, one: Employee, stranger: Employee) -> dict[str, object]:
    """Try everything at the door that signs; give the status of each attempt."""
    first = played.take(one)
    blinded = encode(one.draft.blinded)
    return {
        "take": first.status_code,
        "take again": played.take(one).json == first.json,
        "take with another seed": played.take(one, seed=secrets.token_bytes(32)).status_code,
        "take again after that": played.take(one).json == first.json,
        "take without signing in": played.ask(
            None, {"wave": played.wave, "blinded": blinded}
        ).status_code,
        "take unlisted": played.take(stranger).status_code,
        "take from another site": played.take(
            one, headers={"Sec-Fetch-Site": "cross-site"}
        ).status_code,
        "take of an unknown wave": played.ask(
            one, {"wave": "w-0000000000", "blinded": blinded}
        ).status_code,
    }


def strange_ballot(played: Line, employee: Employee) -> dict[str, str]:
    """Have the group's own key sign a ballot that carries another manifest's hash."""
    other = played.manifest.replace('"title":"Pulse"', '"title":"Pulsf"')
    draft = begin_ballot(employee.seed, other, group=employee.group)
    answer = played.ask(employee, {"wave": played.wave, "blinded": encode(draft.blinded)})
    return played.form(draft.finish(decode(answer.json["blind_signature"])), FIELDS)


def answering(played: Line, one: Employee, two: Employee, three: Employee) -> dict[str, object]:
    """Try everything at the door that takes answers; give the status of each attempt."""
    assert played.take(two).status_code == 200
    assert one.group != two.group
    body = played.form(one.ballot, FIELDS)
    again = played.form(one.ballot, OTHERS)
    still_blind = decode(played.take(one).json["blind_signature"])
    attempts = {
        "forge": body | {"signature": flipped(body["signature"])},
        "forge the message": body | {"prepared": flipped(body["prepared"])},
        "send without unblinding": body | {"signature": encode(still_blind)},
        "send with another's signature": body | {"signature": encode(two.ballot.signature)},
        "send to another group": body | {"group": two.group},
        "send to no group": body | {"group": "g99"},
        "send to another wave": body | {"wave": "w-0000000000"},
        "send a ballot of another wave": strange_ballot(played, three),
    }
    found: dict[str, object] = {
        name: played.send(document).status_code for name, document in attempts.items()
    }
    first = played.send(body)
    return found | {
        "send": first.status_code,
        "send again": (played.send(body).status_code, played.send(body).data == first.data),
        "send other answers": played.send(again).status_code,
        "send again after that": played.send(body).data == first.data,
        "send another's": played.send(played.form(two.ballot, OTHERS)).status_code,
    }


def over(played: Line, one: Employee) -> dict[str, object]:
    """Try the same once the wave is over."""
    return {
        "take when over": played.take(one).status_code,
        "send when over": played.send(played.form(one.ballot, FIELDS)).status_code,
    }


EXPECTED = {
    "take": 200,
    "take again": True,
    "take with another seed": 409,
    "take again after that": True,
    "take without signing in": 401,
    "take unlisted": 403,
    "take from another site": 403,
    "take of an unknown wave": 404,
    "forge": 403,
    "forge the message": 403,
    "send without unblinding": 403,
    "send with another's signature": 403,
    "send to another group": 403,
    "send to no group": 400,
    "send to another wave": 404,
    "send a ballot of another wave": 403,
    "send": 200,
    "send again": (200, True),
    "send other answers": 409,
    "send again after that": True,
    "send another's": 200,
    "take when over": 410,
    "send when over": 410,
}


def stranger_to(played: Line) -> Employee:
    """Sign somebody in who is not on the roster."""
    with played.session() as session:
        person = make_person(session)
        cookie = sign_ins.start(session, person, now=now(), browser="Test")
        session.commit()
        facts = {"name": person.name, "email": person.email, "person_id": person.id}
    return Employee(group="g01", network="10.0.0.1", browser="Test", cookie=cookie, **facts)


def story(played: Line) -> dict[str, object]:
    """Play the whole list."""
    people = played.open([8, 9])
    one, two, three = people[0], people[-1], people[1]
    found = taking(played, one, stranger_to(played))
    found |= answering(played, one, two, three)
    assert played.close() is State.RELEASED
    return found | over(played, one)


def test_a_person_answers_once_whatever_they_try(played):
    """Every attempt ends as it must, and what was sent again is the very same as at first."""
    assert story(played) == EXPECTED


def forgetful_issuer(monkeypatch):
    monkeypatch.setattr(issuances, "_claim", lambda session, wave, person, digest: digest)
    monkeypatch.setattr(IssuanceJournal, "note", lambda journal, person, digest: digest)


def trusting_collector(monkeypatch):
    monkeypatch.setattr(ballots, "is_signed", lambda key, prepared, signature: True)


def careless_collector(monkeypatch):
    monkeypatch.setattr(ballots, "is_prepared_for", lambda prepared, manifest: True)


def overwriting_collector(monkeypatch):
    really = Intake._moves

    def moves(self, within, receipt, body):
        try:
            return really(self, within, receipt, body)
        except SpentBallot:
            return []

    monkeypatch.setattr(Intake, "_moves", moves)


def unending_issuer(monkeypatch):
    really = issuances._running_wave

    def running(session, wave_key, *, today):
        found = session.scalar(select(Wave).where(Wave.key == wave_key))
        return found or really(session, wave_key, today=today)

    monkeypatch.setattr(issuances, "_running_wave", running)


MUTANTS = {
    forgetful_issuer: {"take with another seed"},
    trusting_collector: {"forge", "send without unblinding", "send to another group"},
    careless_collector: {"send a ballot of another wave"},
    overwriting_collector: {"send other answers"},
    unending_issuer: {"take when over"},
}


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__)
def test_the_list_finds_programs_that_forget(played, monkeypatch, mutate):
    """A program that does not look, or does not remember, ends the list otherwise."""
    mutate(monkeypatch)

    found = story(played)

    assert MUTANTS[mutate] <= {name for name in EXPECTED if found[name] != EXPECTED[name]}


THREADS = 50


def race(played: Line, person: Employee) -> list[int]:
    """Ask for fifty different ballots of one person at the same moment."""
    with ThreadPoolExecutor(THREADS) as crowd:
        asked = [
            crowd.submit(played.ask, person, {"wave": played.wave, "blinded": encode(blinded)})
            for blinded in (
                begin_ballot(secrets.token_bytes(32), played.manifest, group=person.group).blinded
                for _ in range(THREADS)
            )
        ]
        return sorted(response.result().status_code for response in asked)


def test_of_fifty_ballots_asked_for_at_once_one_is_signed(played):
    """Exactly one of fifty browsers gets a signature; all others are told it was taken."""
    person = played.open([8])[0]

    assert race(played, person) == [200] + [409] * (THREADS - 1)


def test_the_race_finds_an_issuer_that_looks_before_it_leaps(played, monkeypatch):
    """An issuer without the two notes signs more than one."""
    forgetful_issuer(monkeypatch)
    person = played.open([8])[0]

    assert race(played, person).count(200) > 1


def test_a_ballot_taken_early_is_redeemed_from_the_first_day(tmp_path, database_url):
    """Before the first day ballots are given out and answers are refused without a trace."""
    with line(tmp_path, database_url) as played:
        person = played.open([8], opens_in=3)[0]
        assert played.take(person).status_code == 200
        store = tmp_path / "collector" / "store"
        before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}

        response = played.answer(person, FIELDS)

        assert response.status_code == 409
        assert {path: path.read_bytes() for path in before} == before


def take_while_issuing_ends(played: Line, monkeypatch) -> tuple[int, int]:
    """End issuing while signatures are under way; give how many left, and how many counted."""
    people = played.open([8])
    first, ended = threading.Event(), threading.Event()
    really = blind_signing.sign

    def slowly(key, blinded):
        if not first.is_set():
            first.set()
            # With the lock that it should hold, the end cannot come before it is done.
            ended.wait(1)
        return really(key, blinded)

    monkeypatch.setattr(blind_signing, "sign", slowly)
    with ThreadPoolExecutor(len(people)) as crowd:
        asked = [crowd.submit(played.take, person) for person in people]
        first.wait(5)
        with played.session() as session:
            handover.end_issuing(session, played.wave_id, keys=played.keys, now=now())
            counted = sum(group.n_issued for group in session.get(Wave, played.wave_id).groups)
        ended.set()
        statuses = [response.result().status_code for response in asked]
    assert set(statuses) <= {200, 410, 503}
    return statuses.count(200), counted


def test_every_ballot_given_out_while_issuing_ends_is_counted(played, monkeypatch):
    """Whoever gets a signature in the last moment is in the count that everybody can check."""
    given, counted = take_while_issuing_ends(played, monkeypatch)

    assert given == counted >= 1


def test_the_end_finds_an_issuer_that_does_not_hold_the_wave(played, monkeypatch):
    """One that signs without a lock gives out ballots that the count does not know."""
    monkeypatch.setattr(issuances, "_claim", lambda session, wave, person, digest: digest)
    unending_issuer(monkeypatch)

    given, counted = take_while_issuing_ends(played, monkeypatch)

    assert given > counted
