"""Pages of comments: listed, searched, tagged and answered without telling who wrote what."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from app.models import AnswerDraft, CommentTag, ThreadMessage
from app.services import threads
from tests.app.commented import (
    CARE,
    SALES,
    WRITTEN,
    release_with_comments,
    store_comments,
    thread_of,
)
from tests.app.released import make_release, store_release, store_teams
from tests.factories import make_staff

pytestmark = pytest.mark.database
FIRST = "What one change would help you to serve customers better?"
THIS_MONTH = f"{datetime.now(UTC):%B %Y}"


@pytest.fixture
def wave(session):
    """A released wave in which people wrote comments on two questions."""
    return store_comments(session)


@pytest.fixture
def person(session):
    """Somebody of HR."""
    return make_staff(session, "hr", name="Dana Fox")


@pytest.fixture
def hr(visitor, person):
    """The same, signed in."""
    return visitor.sign_in(person)


@pytest.fixture
def place(wave):
    """Where the comments are."""
    return f"/reports/waves/{wave.id}/comments"


def listed(page):
    """Read the comments of a page, each with the group it stands under."""
    return [
        (section.h2.text, entry.select_one("p.typed").text)
        for section in page.select(".comment-list > section")
        for entry in section.select("li[id^=comment-]")
    ]


def everything():
    return [
        (group, text.replace("\u202e", "").replace("\u2066", ""))
        for group, items in WRITTEN.items()
        for texts in items.values()
        for text in texts
    ]


def answers_in(session):
    session.expire_all()
    return [(m.sender, m.text) for m in session.scalars(select(ThreadMessage))]


# Reading and searching.


def test_comments_stand_under_their_groups_and_nothing_else(hr, session, place):
    """In the order of the release; no team, day or score, and typed markup stays text."""
    store_teams(session)

    page = hr.get(place)

    assert listed(page) == everything()
    assert [h3.text for h3 in page.select(".comment-list h3")] == [
        FIRST, "What would you change first?",
        FIRST,
    ]  # fmt: skip
    assert "<b>More</b> tools, please." in page.main.text
    words = page.main.get_text(" ")
    assert not [name for name in ("North", "South", "West", "Mail", "March 2026") if name in words]


def test_what_turns_the_direction_of_writing_is_left_out(hr, place):
    """No mark of the kind reaches page or file, and each comment keeps to itself."""
    page, file = hr.get(place), hr.fetch(f"{place}.csv").text

    assert "Thank yougnp.exe!" in page.text
    assert not [mark for mark in "\u202e\u2066" if mark in str(page) or mark in file]
    assert {p["dir"] for p in page.select("p.typed")} == {"auto"}


def test_every_word_is_searched_for_in_any_case_and_accent(hr, place):
    """Case and accents make no difference, on either side; a search is a part of the list."""
    searched = {
        "PLAN": 5, "plan month": 1, "spate schicht": 1, "späte": 1, "facades naive": 1,
        "<b>": 1, "100% wrong": 0,
    }  # fmt: skip

    pages = {words: hr.get(f"{place}?{urlencode({'words': words})}") for words in searched}

    assert {words: len(listed(page)) for words, page in pages.items()} == searched
    assert all(set(listed(page)) <= set(everything()) for page in pages.values())
    # How many there are is said from five on.
    assert "Found: 5 comments." in pages["PLAN"].main.text
    assert "Found: fewer than 5 comments." in pages["späte"].main.text
    assert "No comment fits. Show all" in pages["100% wrong"].main.text


def test_a_search_that_nobody_types_is_refused_in_a_sentence(hr, place):
    """Too long, and choices there are none of; the page stays."""
    page = hr.get(f"{place}?words={'a' * 101}")

    assert "Search for at most 100 characters." in page.main.text
    assert "No comment fits." in hr.get(f"{place}?tag=none&question=x&answered=y").main.text
    assert len(listed(hr.get(f"{place}?page=99"))) == len(everything())


def test_any_two_lists_differ_by_comments_of_ten_possible_authors(hr, session, wave, place):
    """S-7: whatever is asked for, a comment stands under the same group of ten or more."""
    hr.post(f"{place}/1/tags", {"tag": "plans"})
    sizes = {c["label"]: c["n"] for c in release_with_comments()["comments"]["cells"]}
    asked = ["", "words=plan", "tag=plans", "question=wish", "answered=none", "answered=replied"]

    lists = [listed(hr.get(f"{place}?{question}")) for question in asked]

    assert lists[0] == everything()
    assert all(found == [c for c in lists[0] if c in found] for found in lists)
    assert {sizes[group] >= 10 for found in lists for group, _ in found} == {True}
    assert [len(found) for found in lists] == [10, 5, 1, 2, 10, 0]


def test_the_file_holds_what_the_page_lists_and_no_formula(hr, place):
    """One line a comment with its tags; what a spreadsheet would run is text."""
    hr.post(f"{place}/3/tags", {"tag": "+odd"})

    response = hr.fetch(f"{place}.csv?words=cmd")

    rows = list(csv.reader(io.StringIO(response.get_data().decode("utf-8-sig"))))
    assert rows == [
        ["wave", "group", "question", "comment", "tags"],
        ["March", SALES, FIRST,
         "'=cmd|'/c calc'!A1", "'+odd"],
    ]  # fmt: skip
    assert len(hr.fetch(f"{place}.csv").text.splitlines()) == len(everything()) + 1


def test_long_lists_come_in_pages(hr, session):
    """Fifty comments a page; the search goes along from page to page."""
    texts = [f"Number {n}" for n in range(120)]
    written = {SALES: {"comment": texts, "wish": []}, CARE: {"comment": [], "wish": []}}
    place = f"/reports/waves/{store_comments(session, release_with_comments(written)).id}/comments"

    first = hr.get(f"{place}?words=number")
    second = hr.get(first.select_one("a[rel=next]")["href"])

    assert [text for _, text in listed(second)] == texts[50:100]
    assert "Page 2 of 3" in second.main.text
    assert "Found: 120 comments." in second.main.text


def test_pages_without_comments_say_why(hr, session):
    """No group of ten, or nobody wrote anything; what was destroyed is counted."""
    few = make_release(answers={"north": [(3, 3)] * 6})
    few["comments"] = {"cells": [], "destroyed": 1}
    none = make_release(wave="pulse-2", title="April", opens_on="2026-04-01")

    pages = [
        hr.get(f"/reports/waves/{store_release(session, found).id}/comments").main.text
        for found in (few, none)
    ]

    assert "No group had 10 people who answered" in pages[0]
    assert "1 comment was destroyed unread" in pages[0]
    assert "Nobody in the groups that are shown wrote a comment." in pages[1]


# Tags.


def test_tags_are_given_counted_and_taken_away(hr, session, place):
    """One that differs in case or accents is the same; counts stand from five on."""
    for number in range(1, 6):
        hr.post(f"{place}/{number}/tags", {"tag": "  Shift   plåns "})
    hr.post(f"{place}/6/tags", {"tag": "SHIFT PLANS"})
    hr.post(f"{place}/6/tags", {"tag": "tools"})

    page = hr.get(place)

    tags = [" ".join(li.get_text(" ").split()) for li in page.select(".all-tags li")]
    assert tags == ["Shift plåns 6", "tools fewer than 5"]
    assert [o["value"] for o in page.select("datalist option")] == ["Shift plåns", "tools"]
    assert len(listed(hr.get(f"{place}?tag=Shift pl%C3%A5ns"))) == 6

    hr.post(f"{place}/6/tags", {"remove": "tools"})

    assert session.scalars(select(CommentTag.tag).distinct()).all() == ["Shift plåns"]


def test_tagging_leads_back_to_where_one_was(hr, place):
    """From a search to the same page of the same search, at the comment."""
    page = hr.get(f"{place}?words=plan&page=1")
    form = page.select_one("#comment-5 form.new-tag")

    leads_to = hr.send(form["action"], {"tag": "plans"}).location

    assert leads_to == f"{place}?words=plan&page=1#comment-5"
    assert hr.send(f"{place}/5/tags", {"tag": "b"}).location == f"{place}/5"
    assert hr.send(f"{place}/5/tags?list=on&_external=1&_anchor=x", {"tag": "c"}).location == (
        f"{place}?page=1#comment-5"
    )


def test_a_tag_that_cannot_be_is_refused_in_place(hr, session, place):
    """The page of the list, or of the comment, says what is wrong, beside the field."""
    wrong = {"": "Type a tag", "\u202e": "Type a tag", "a" * 41: "at most 40 characters"}
    for tag, sentence in wrong.items():
        for address in (f"{place}/2/tags?list=on", f"{place}/2/tags"):
            page = hr.post(address, {"tag": tag}, status=422)
            field = page.select_one("#tag-2")
            assert sentence in page.find(id=field["aria-describedby"]).text
    assert session.scalars(select(CommentTag)).all() == []
    session.add_all(CommentTag(wave_id=1, number=1, tag=f"tag {n}") for n in range(10))

    assert "at most 10 tags" in hr.post(f"{place}/1/tags", {"tag": "more"}, 422).main.text


# Answers.


def test_an_answer_is_kept_with_its_month_and_shown_to_hr(hr, session, wave, place):
    """The page says who will read it; HR sees who wrote it, and the list that it is answered."""
    before = hr.get(f"{place}/1").main.text

    page = hr.follow(f"{place}/1/answer", {"text": " We plan\u202e ahead now. ", "seen": "0"})

    assert "with a code that only they hold" in before
    assert "Do not ask who they are" in before
    (message,) = page.select(".messages li")
    assert message.p.text == f"HR, {THIS_MONTH}, written by Dana Fox"
    assert message.select_one(".typed").text == "We plan ahead now."
    assert "not yet at the collector" in page.main.text
    assert hr.get(place).select_one("#comment-1 .tag-good").text == "Answered"
    assert "Comments answered: fewer than 5 of 10" in hr.get(place).main.text
    assert [c for _, c in listed(hr.get(f"{place}?answered=answered"))] == [
        WRITTEN[SALES]["comment"][0]
    ]


def test_the_same_answer_twice_is_one_and_a_late_one_is_kept_on_the_page(hr, session, wave, place):
    """Nothing is written over what somebody did not see, and nothing typed is lost."""
    given = {"text": "We plan ahead now.", "seen": "0"}
    hr.post(f"{place}/1/answer", given)
    hr.post(f"{place}/1/answer", given)

    page = hr.post(f"{place}/1/answer", {"text": "Another", "seen": "0"}, status=409)

    assert answers_in(session) == [("hr", "We plan ahead now.")]
    assert "Something was written here meanwhile." in page.main.text
    assert page.select_one("textarea").text.strip() == "Another"
    assert page.select_one("[name=seen]")["value"] == "1"
    assert "We plan ahead now." in page.select_one(".messages").text


def test_a_draft_is_kept_for_everybody_of_hr_and_gone_once_sent(
    hr, session, wave, place, new_visitor
):
    """A colleague goes on with it; nothing of it is in what the collector is told."""
    hr.post(f"{place}/1/answer", {"text": "We could", "seen": "0", "draft": "on"})
    colleague = new_visitor().sign_in(make_staff(session, "hr"))

    page = colleague.get(f"{place}/1")

    assert page.select_one("textarea").text.strip() == "We could"
    assert "Begun as a draft by Dana Fox; not sent." in page.main.text
    assert threads.state_of(session, wave)["threads"] == []
    colleague.post(f"{place}/1/answer", {"text": "We can", "seen": "0"})
    assert session.scalars(select(AnswerDraft)).all() == []
    assert answers_in(session) == [("hr", "We can")]


def test_an_answer_that_cannot_be_is_refused_in_place(hr, session, place):
    """The sentence stands at the field, and what was typed is in it."""
    for given, sentence in (
        ({"text": " \u200b"}, "Write your answer first."),
        ({"text": "a" * 4_001, "seen": "x"}, "Shorten the answer to 4,000 characters"),
        ({"text": "", "draft": "on"}, "Write your answer first."),
    ):
        page = hr.post(f"{place}/1/answer", given, status=422)

        assert sentence in page.select_one("#text-error").text
        assert page.select_one("textarea").text.strip() == given["text"].strip()
    assert answers_in(session) == []


def test_comments_that_nobody_can_answer_say_why(app, hr, session, place):
    """A comment without a thread; an installation that exchanges files."""
    assert "came without a code" in hr.get(f"{place}/9").main.text
    assert not hr.get(place).select("#comment-9 a[href$='/9']")
    hr.post(f"{place}/9/answer", {"text": "Hello", "seen": "0"}, status=409)
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], collector_token="")

    assert "exchanges files with its collector" in hr.get(place).main.text
    assert "exchanges files with its collector" in hr.get(f"{place}/1").main.text
    hr.post(f"{place}/1/answer", {"text": "Hello", "seen": "0"}, status=409)
    assert answers_in(session) == []


def test_a_reply_is_shown_as_nobodys(hr, session, wave, place, person):
    """The author is “The author”, with a month; the list says that somebody replied."""
    thread = thread_of(WRITTEN[SALES]["comment"][0])
    today = datetime.now(UTC).date()
    threads.answer(session, wave, thread, text="When?", n_seen=0, person_id=person.id, today=today)
    reply = {"reply": "r1", "thread": thread, "text": "On \u202eMondays"}
    threads.keep_replies(session, wave, [reply], threads={thread}, today=today)

    page = hr.get(f"{place}/1")

    assert [li.p.text for li in page.select(".messages li")] == [
        f"HR, {THIS_MONTH}, written by Dana Fox", f"The author, {THIS_MONTH}",
    ]  # fmt: skip
    assert page.select_one(".message-author .typed").text == "On Mondays"
    assert "Author has replied" in hr.get(place).select_one("#comment-1").text
    assert hr.get(place).select_one("#comment-1 a[href$='/1']").text.startswith("Read and answer")
