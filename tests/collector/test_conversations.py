"""Comments are answered without a name: codes, conversations and replies."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

import pytest

from collector.conversations import MOST_WAITING, Conversations
from collector.errors import status_of
from collector.folders import FOR_GOOD
from collector.program import create_collector
from surveys import codes
from surveys.errors import BadDocument, RepliesWait, UnknownThread, WrongState
from surveys.threads import field_of, thread_of
from tests.collector.conftest import (
    ANSWERS,
    BOTH,
    TOKEN,
    Visitor,
    haste,
    make_store,
    open_wave,
    settings_in,
)

WAVE = "2026-03"
ANSWER = "Thank you. A second van comes in May."
REPLY = "That helps. And the <b>keys</b>?"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True, kw_only=True)
class Over:
    """A wave that is over: the code of each comment by its text, and the release."""

    folder: Any
    codes: dict[str, str]
    release: dict[str, Any]


@pytest.fixture(scope="module")
def closed(tmp_path_factory) -> Over:
    """Ten people commented by letter and six by ballot; one of these sealed no id at all."""
    folder = tmp_path_factory.mktemp("closed")
    with pytest.MonkeyPatch.context() as patched:
        haste(patched)
        store = make_store(folder)
        opened = open_wave(store, rights=BOTH)
        written = {}
        for n, code in enumerate(opened.codes["g01"][:10]):
            sent = ANSWERS | {"comment": [f"By letter {n}"], field_of("comment"): ["0" * 64]}
            (written[f"By letter {n}"],) = [own for _, own in store.submit(WAVE, code, sent).codes]
        for n in range(6):
            own = written[f"By ballot {n}"] = codes.code_of(bytes([n]) * 10)
            beside = ["no id"] if n == 0 else [thread_of(own)]
            opened.redeem(
                store, 0, n, {"comment": [f"By ballot {n}"], field_of("comment"): beside}
            )
        release = store.close(WAVE, on=date(2026, 4, 1), issued=opened.issued, rng=Random(1))
    return Over(folder=folder, codes=written, release=json.loads(release))


@pytest.fixture
def over(closed, tmp_path) -> Over:
    """The same wave in a store of its own."""
    shutil.copytree(closed.folder, tmp_path, dirs_exist_ok=True)
    return Over(folder=tmp_path, codes=closed.codes, release=closed.release)


@pytest.fixture
def told(over) -> Conversations:
    """The conversations, HR having answered two comments."""
    found = Conversations(over.folder / "store")
    found.take(WAVE, answered(over.codes["By letter 3"], over.codes["By ballot 4"]))
    return found


@pytest.fixture
def visitor(over):
    return Visitor(create_collector(settings_in(over.folder, collector_token=TOKEN)))


def answered(*own: str, **changes: Any) -> dict[str, Any]:
    """Let HR answer the comments with these codes."""
    message = {"from": "hr", "month": "2026-04", "text": ANSWER}
    found = [{"thread": thread_of(code), "messages": [message]} for code in own]
    return {"schema": "headwater.threads/1", "wave": WAVE, "threads": found} | changes


def left(over) -> set[str]:
    return {path.name for path in (over.folder / "store" / WAVE).iterdir()}


def test_each_comment_is_released_with_the_thread_its_author_can_open(over):
    """Letter or ballot, the code leads to the thread beside the text; what is no id is dropped."""
    listed = {
        comment["text"]: comment["thread"]
        for cell in over.release["comments"]["cells"]
        for comment in cell["items"]["comment"]
    }

    assert len(listed) == 16
    assert listed.pop("By ballot 0") is None
    assert listed == {text: thread_of(over.codes[text]) for text in listed}


def test_an_author_reads_the_answer_and_replies(over, told, visitor):
    """The code opens one conversation; a reply is shown as waiting, and sent twice is one."""
    page = visitor.post("/threads", {"code": codes.printed(over.codes["By letter 3"]).lower()})
    assert ANSWER in page.main.text
    assert "April 2026" in page.main.text
    form = {"code": page.select_one("[name=code]")["value"], "reply": REPLY}

    for _ in range(2):
        sent = visitor.post("/threads/reply", form)
        assert sent.select_one("[role=status] h2").text == "Your reply is kept"
        assert [p.text for p in sent.select(".message-own .message-text")] == [REPLY]
        assert over.codes["By letter 3"] not in sent.response.headers.get("Location", "")

    (reply,) = told.exchange(WAVE, [])
    assert reply | {"reply": ""} == {
        "reply": "", "thread": thread_of(over.codes["By letter 3"]), "text": REPLY,
    }  # fmt: skip
    assert REPLY not in visitor.post("/threads", {"code": over.codes["By ballot 4"]}).main.text


@pytest.mark.parametrize("own", ["By letter 5", None], ids=["unanswered", "unknown"])
def test_a_code_without_an_answer_says_so(over, told, visitor, own):
    """Not answered yet and never heard of look alike; a reply to neither is kept, nor lost."""
    code = over.codes[own] if own else codes.new_code()

    assert "no answer here yet" in visitor.post("/threads", {"code": code}).h1.text
    page = visitor.post("/threads/reply", {"code": code, "reply": REPLY})
    assert REPLY in page.select_one(".notice-warning").text
    assert told.exchange(WAVE, []) == []


@pytest.mark.parametrize(
    ("path", "changes", "sentence"),
    [
        ("/threads", {"code": ""}, "Type the code from your note."),
        ("/threads", {"code": "x"}, "this one has 1. Compare it with your note."),
        ("/threads/reply", {"code": "?"}, "A code has no '?' in it."),
        ("/threads/reply", {"reply": " \n"}, "Write your reply first."),
        ("/threads/reply", {"reply": "x" * 2_001}, "Shorten the text to 2,000 characters"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(over, told, visitor, path, changes, sentence):
    """A wrong code or reply comes back as typed with one sentence; nothing is kept."""
    form = {"code": over.codes["By letter 3"], "reply": REPLY} | changes

    page = visitor.post(path, form, status=422)

    assert sentence in page.select_one(".error").text
    if path == "/threads/reply":
        assert form["reply"].strip() in page.main.text
    assert told.exchange(WAVE, []) == []


def test_replies_are_handed_over_until_they_are_stored_elsewhere(over, told):
    """Each is given until it is named as stored; names unknown here do not matter."""
    for number, text in enumerate(("One", "Two", "Three")):
        told.reply(thread_of(over.codes[("By letter 3", "By ballot 4")[number % 2]]), text)
    first = {reply["text"]: reply["reply"] for reply in told.exchange(WAVE, [])}

    rest = told.exchange(WAVE, [first["One"], first["Three"], "f" * 64])

    assert set(first) == {"One", "Two", "Three"}
    assert [reply["text"] for reply in rest] == ["Two"]
    assert told.exchange(WAVE, list(first.values())) == []
    assert left(over) == FOR_GOOD | {"release.json", "threads.json"}


def test_a_reply_that_was_stored_and_told_is_not_kept_again(over, told):
    """Whoever loads an old page again adds nothing to what HR has already."""
    own = over.codes["By letter 3"]
    document = answered(own)
    document["threads"][0]["messages"].append(
        {"from": "author", "month": "2026-04", "text": REPLY}
    )
    told.take(WAVE, document)

    told.reply(thread_of(own), REPLY)

    assert told.exchange(WAVE, []) == []


def test_no_thread_holds_more_than_twenty_replies(over, told, visitor):
    """The one too many is refused with its text; the other thread still takes replies."""
    own, other = over.codes["By letter 3"], over.codes["By ballot 4"]
    for number in range(MOST_WAITING):
        told.reply(thread_of(own), f"Reply {number}")
    told.reply(thread_of(own), "Reply 7")

    page = visitor.post("/threads/reply", {"code": own, "reply": REPLY}, status=409)

    assert "20 of your replies wait" in page.select_one(".error").text
    assert page.select_one("textarea").text.strip() == REPLY
    told.reply(thread_of(other), REPLY)
    assert len(told.exchange(WAVE, [])) == MOST_WAITING + 1
    assert status_of(RepliesWait()) == 409


def test_conversations_outlive_the_release_and_end_with_an_empty_list(over, told):
    """After acknowledging they are still there; no conversations left means no files left."""
    digest = make_store(over.folder).state(WAVE).release_sha256
    told.reply(thread_of(over.codes["By letter 3"]), REPLY)
    store = make_store(over.folder)

    store.acknowledge(WAVE, digest)
    store.tidy()

    assert left(over) == FOR_GOOD | {"threads.json", "replies.json"}
    assert told.find(thread_of(over.codes["By letter 3"])).waiting == (REPLY,)
    told.take(WAVE, answered())
    assert left(over) == FOR_GOOD
    with pytest.raises(UnknownThread):
        told.reply(thread_of(over.codes["By letter 3"]), REPLY)


def test_the_exchange_is_over_http_and_for_closed_waves_alone(over, store, visitor):
    """Conversations come in and replies go out by the token; a running wave has neither."""
    path = f"/exchange/waves/{WAVE}"
    put = visitor.client.put(
        f"{path}/threads", json=answered(over.codes["By letter 3"]), headers=HEADERS
    )
    visitor.post("/threads/reply", {"code": over.codes["By letter 3"], "reply": REPLY})
    given = visitor.client.post(f"{path}/replies", json={"stored": []}, headers=HEADERS)

    assert put.status_code == 204
    assert [reply["text"] for reply in given.json["replies"]] == [REPLY]
    assert visitor.client.post(f"{path}/replies", json={"stored": []}).status_code == 401
    for wrong in ({}, {"stored": "all"}, {"stored": [1]}):
        response = visitor.client.post(f"{path}/replies", json=wrong, headers=HEADERS)
        assert response.status_code == 422
    running = open_wave(make_store(over.folder), "running", people=(8,), rights=("letter",))
    with pytest.raises(WrongState):
        Conversations(over.folder / "store").take(running.key, answered(wave="running"))


MESSAGE = {"from": "hr", "month": "2026-04", "text": "Yes."}
THREAD = {"thread": "a" * 64, "messages": [MESSAGE]}


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ([THREAD, THREAD], "stands there twice"),
        ([THREAD | {"thread": "a"}], "a SHA-256 digest"),
        ([THREAD | {"messages": []}], "nobody has answered"),
        ([THREAD | {"messages": [MESSAGE | {"month": "2026-04-03"}]}], "a month"),
        ([THREAD | {"messages": [MESSAGE | {"from": "Nora"}]}], "one of hr, author"),
        ([THREAD | {"messages": [MESSAGE | {"at": "noon"}]}], "'at' that means nothing"),
    ],
)
def test_conversations_of_another_shape_are_refused(over, found, sentence):
    """A day, a name or a conversation without an answer is not taken."""
    with pytest.raises(BadDocument, match=sentence):
        Conversations(over.folder / "store").take(WAVE, answered(threads=found))


def test_the_same_letter_sent_again_shows_the_same_codes(store, settings):
    """Whoever lost the page sends the same answers again, while the wave runs."""
    opened = open_wave(store, people=(8,), rights=("letter",))
    visitor = Visitor(create_collector(settings))
    form = {"tools": "4", "comment": "More light.", "code": opened.codes["g00"][0]}

    first, again = (visitor.post(f"/w/{WAVE}", form) for _ in range(2))

    (shown,) = [p.text for p in first.select(".codes .ballot-code")]
    assert [p.text for p in again.select(".codes .ballot-code")] == [shown]
    assert codes.normalise(shown) != opened.codes["g00"][0]
    assert first.select_one(".codes [data-keep]")["data-keep"] == shown
    without = form | {"comment": "", "code": opened.codes["g00"][1]}
    assert not visitor.post(f"/w/{WAVE}", without).select(".codes")
