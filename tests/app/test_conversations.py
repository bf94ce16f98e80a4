"""Carrying conversations: told when they changed, fetched once a day, nothing lost or doubled."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, select
from werkzeug.test import Client

from app import conversations, exchange, handover, tick
from app.exchange import ByFile, CollectorUnreachable, NoCollector
from app.models import Base, Release, ThreadExchange, ThreadMessage
from app.services import threads
from app.services.errors import Unusable
from surveys import codes
from surveys.errors import BadDocument
from surveys.threads import thread_of as thread_id
from tests.app.commented import NOW, SALES, WRITTEN, store_comments, thread_of
from tests.app.fake_collector import FakeCollector, fake_collector
from tests.app.pulse import (
    TOKEN,
    client_of,
    make_collector,
    make_draft,
    make_organisation,
    open_wave,
)
from tests.factories import make_staff

pytestmark = pytest.mark.database
ANSWERED, OTHER = (thread_of(text) for text in WRITTEN[SALES]["comment"][:2])
PLACE = "/exchange/waves/pulse-1"


class Store:
    """What a collector keeps of conversations: the last state told, and replies by name."""

    def __init__(self, fake: FakeCollector) -> None:
        self.told: list[dict] = []
        self.replies: dict[str, tuple[str, str]] = {}
        self.late: dict[str, tuple[str, str]] = {}
        self.asked: list[list[str]] = []
        self.fake = fake
        fake.answers[f"{PLACE}/threads"] = self.tell
        fake.answers[f"{PLACE}/replies"] = self.give

    def tell(self):
        self.told.append(json.loads(self.fake.requests[-1][2]))
        return 204, {}, b""

    def give(self):
        stored = json.loads(self.fake.requests[-1][2])["stored"]
        self.asked.append(stored)
        for name in stored:
            self.replies.pop(name, None)
        given = [
            {"reply": name, "thread": thread, "text": text}
            for name, (thread, text) in self.replies.items()
        ]
        self.replies, self.late = {**self.replies, **self.late}, {}
        return 200, {}, json.dumps({"replies": given}).encode()


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeCollector]:
    """A collector that really listens."""
    with fake_collector() as fake:
        yield fake


@pytest.fixture
def store(fake):
    """Its conversations."""
    fake.requests.clear()
    return Store(fake)


@pytest.fixture
def wave(session):
    return store_comments(session)


@pytest.fixture
def answer(session, wave):
    """Answer a comment as HR."""
    person = make_staff(session, "hr")

    def answer(text, n_seen=0, thread=ANSWERED):
        threads.answer(
            session,
            wave,
            thread,
            text=text,
            n_seen=n_seen,
            person_id=person.id,
            today=date(2026, 4, 30),
        )
        session.commit()

    return answer


@pytest.fixture
def carry(run, fake, settings, monkeypatch):
    """Let a tick pass, so many days later, with that collector."""
    deeds = {"carrying conversations": tick.DEEDS["carrying conversations"]}
    monkeypatch.setattr(tick, "DEEDS", deeds)

    def for_settings(settings):
        return exchange.over_http(fake.origin, token=settings.collector_token)

    monkeypatch.setattr(exchange, "for_settings", for_settings)
    return lambda days=0: run(now=NOW + timedelta(days=days))


def said(session, thread=ANSWERED):
    """Read a conversation as it is in the database now."""
    session.rollback()
    session.expire_all()
    found = select(ThreadMessage).where(ThreadMessage.thread == thread)
    return [
        (m.sender, m.month, m.text) for m in session.scalars(found.order_by(ThreadMessage.number))
    ]


def test_conversations_are_told_when_they_changed(session, store, answer, carry):
    """The whole state of answered threads, once; it names months and nobody."""
    carry()
    answer("We plan ahead now.")

    outcomes = [carry(), carry()]

    assert [outcome.done for outcome in outcomes] == [
        ("Told the conversations of 1 wave.",), (),
    ]  # fmt: skip
    (told,) = store.told
    message = {"from": "hr", "month": "2026-04", "text": "We plan ahead now."}
    assert told == {
        "schema": "headwater.threads/1",
        "wave": "pulse-1",
        "threads": [{"thread": ANSWERED, "messages": [message]}],
    }
    assert store.fake.requests[0][1]["Authorization"] == f"Bearer {TOKEN}"


def test_replies_are_fetched_once_a_day_and_told_back(session, store, answer, carry):
    """A reply is kept before it is deleted there; the author finds it in the conversation."""
    answer("When would suit you?")
    carry()
    store.replies = {"r1": (ANSWERED, "Mondays\u202e"), "r2": (OTHER, "A word of my own")}
    store.late = {"r3": (ANSWERED, "Or Fridays")}

    done = [carry(days).done for days in (1, 1, 2)]

    assert said(session) == [
        ("hr", "2026-04", "When would suit you?"),
        ("author", "2026-04", "Mondays"),
        ("author", "2026-04", "Or Fridays"),
    ]
    assert said(session, OTHER) == [("author", "2026-04", "A word of my own")]
    assert store.asked == [[], ["r1", "r2"], ["r3"], []]
    assert store.replies == {}
    # Only what HR began is told: nobody else holds the code of a conversation.
    (told,) = store.told[-1]["threads"]
    assert [m["text"] for m in told["messages"]] == [text for _, _, text in said(session)]
    # What is printed, and so kept in some log with its time, does not say that anybody replied.
    assert done == [("Told the conversations of 1 wave.",), (), ()]


def test_a_reply_survives_every_interruption_and_is_kept_once(session, store, fake, answer, carry):
    """Cut off before the collector deletes it; the next day it comes again and is one."""
    answer("When would suit you?")
    carry()
    store.replies = {"r1": (ANSWERED, "Mondays")}
    kept = fake.answers[f"{PLACE}/replies"]

    def once():
        fake.answers[f"{PLACE}/replies"] = (500, {}, b"")
        return kept()

    fake.answers[f"{PLACE}/replies"] = once
    broken = carry(1)
    fake.answers[f"{PLACE}/replies"] = kept
    carry(1)
    # A collector brought back from a backup gives it once more, under another name.
    store.replies = {"r9": (ANSWERED, "Mondays"), "r8": ("0" * 64, "To nobody")}
    carry(2)

    assert broken.done[0].startswith("Conversations wait: The collector at")
    assert said(session)[1:] == [("author", "2026-04", "Mondays")]
    assert list(store.replies) == ["r8"]
    assert store.asked[1] == ["r1"]
    assert set(session.scalars(select(ThreadMessage.reply))) == {None}


def test_what_the_collector_refuses_is_told_again_by_the_next_tick(
    session, store, answer, carry, wave
):
    """Its sentence is passed on, and nothing counts as told."""
    answer("We plan ahead now.")
    store.fake.answers[f"{PLACE}/threads"] = (409, {}, b'{"error": "Not yet."}')

    refused = carry()
    store.fake.answers[f"{PLACE}/threads"] = store.tell
    carry()

    assert refused.done == (
        "Conversations wait: The collector refused, and nothing was changed: Not yet.",
    )
    assert len(store.told) == 1


def test_nothing_is_left_at_the_collector_once_the_results_are_removed(
    session, store, answer, carry, wave
):
    """An empty list is told once, and nothing is asked any more."""
    answer("We plan ahead now.")
    carry()
    for model in (ThreadMessage, Release):
        session.execute(delete(model))

    carry(1)
    carry(2)

    assert [len(told["threads"]) for told in store.told] == [1, 0]
    assert store.asked == []
    assert session.scalars(select(ThreadExchange)).all() == []


def test_a_wave_that_is_not_over_there_waits(session, store, answer, carry, wave):
    """Until the collector has deleted the answers, and without a connection, nothing is sent."""
    wave.released_at = None
    answer("We plan ahead now.")

    carry()

    assert store.told == []


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b'{"replies": [1]}', b'{"replies": [], "more": 1}',
        b'{"replies": [{"reply": "r", "thread": "short", "text": "x"}]}',
        b'{"replies": [{"reply": "", "thread": "%s", "text": "x"}]}' % (b"0" * 64),
    ],
)  # fmt: skip
def test_replies_of_another_shape_are_refused(body):
    """Whatever the collector says that is no list of replies becomes a sentence."""
    client = exchange.Collector(transport=lambda *_: (200, body), address="here")

    with pytest.raises(BadDocument):
        client.fetch_replies("pulse-1", [])


def test_conversations_are_not_carried_by_file(app, session, settings, answer):
    """Without a connection the deed does nothing, and the stand-ins refuse."""
    answer("We plan ahead now.")

    done = tick.carry_conversations(session, replace(settings, collector_token=""), NOW)

    assert done is None
    for client, refusal in ((NoCollector(), CollectorUnreachable), (ByFile(), Unusable)):
        with pytest.raises(refusal):
            client.tell_threads({})
        with pytest.raises(refusal):
            client.fetch_replies("pulse-1", [])


def test_from_a_comment_to_its_answer_and_back_with_the_real_collector(
    session, tmp_path, keys, new_visitor
):
    """An author reads and replies by the code of the page of thanks; it is kept nowhere here."""
    collector = make_collector(tmp_path / "collector")
    client = client_of(collector)
    make_organisation(session, {"North": 12})
    wave = make_draft(session)
    (letters,) = open_wave(session, wave, client, keys=keys).groups
    author = Client(collector, use_cookies=False)
    forms = [{"code": code, "energy": "4"} for code in letters.codes]
    forms[3]["comment"] = "Shift plans come late."
    thanks = [author.post(f"/w/{wave.key}", data=form).text for form in forms]
    (code,) = re.findall(r'data-keep="([^"]+)"', thanks[3])
    handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)
    hr = new_visitor().sign_in(make_staff(session, "hr"))
    place = f"/reports/waves/{wave.id}/comments"

    def carry(on):
        session.commit()
        done = conversations.carry_due(session, collector=client, today=on)
        assert done.waiting == ()

    hr.post(f"{place}/1/answer", {"text": "When would help?", "seen": "0"})
    carry(date(2026, 4, 1))
    first = author.post("/threads", data={"code": code}).text
    author.post("/threads/reply", data={"code": code, "reply": "Four weeks ahead"})
    carry(date(2026, 4, 2))
    read = hr.get(f"{place}/1")
    hr.post(f"{place}/1/answer", {"text": "That is how it will be.", "seen": "2"})
    carry(date(2026, 4, 2))
    last = author.post("/threads", data={"code": code}).text
    # The same words again are one reply, and another one once HR has asked again.
    for _ in range(2):
        author.post("/threads/reply", data={"code": code, "reply": "Four weeks ahead"})
    carry(date(2026, 4, 3))

    assert "When would help?" in first
    assert [li.select_one(".typed").text for li in read.select(".messages li")] == [
        "When would help?", "Four weeks ahead",
    ]  # fmt: skip
    told = [last.index(text) for text in ("When would", "Four weeks", "how it will be")]
    assert told == sorted(told)
    assert conversations_kept(session) == [(who, None) for who in ("hr", "author") * 2]
    plain = codes.normalise(code, source="note")
    assert thread_id(plain) in "".join(everything_in(session))
    assert not [row for row in everything_in(session) if plain in row or code in row]


def conversations_kept(session):
    """List who wrote each message, and which the collector still holds."""
    found = select(ThreadMessage.sender, ThreadMessage.reply).order_by(ThreadMessage.number)
    return [tuple(row) for row in session.execute(found)]


def everything_in(session):
    """Write out every row of the database."""
    for table in Base.metadata.sorted_tables:
        yield from (str(row) for row in session.execute(select(table)))
