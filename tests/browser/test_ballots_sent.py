"""Answering with a ballot in a browser: sealing, sending now or later, and what can go wrong."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from surveys import codes, threads
from surveys.ballots import receipt_of
from surveys.encoding import decode, encode
from surveys.sealing import unpad_fields, unseal
from tests.browser.voting import IN
from tests.collector.conftest import COUNT_KEY

SUBMIT = "**/anon/submit"


@pytest.mark.long
def test_answers_are_sent_later_while_the_page_is_open(wave, holder):
    """Sealed answers leave at a random moment of the day that follows, unreadable till then."""
    holder.page.clock.install()
    holder.answer(tools="1")
    holder.page.locator("textarea").fill("Quiet rooms")

    holder.press("Send later").sees("Your answers are sealed")

    assert holder.kept().keys() == {*"seed group signature sealed commented since".split()}
    assert "Quiet rooms" not in json.dumps(holder.kept())
    assert not holder.sent()
    holder.page.clock.fast_forward("24:01:00")
    holder.sees(IN)
    assert holder.kept() == {}


AN_HOUR_AGO = """key => {
  const kept = JSON.parse(localStorage.getItem(key));
  kept.since -= 61 * 60 * 1000;
  localStorage.setItem(key, JSON.stringify(kept));
}"""


def test_answers_are_sent_at_the_next_visit(wave, holder):
    """What waited is sent when the page is opened an hour later, and can be taken back before."""
    holder.answer(tools="1").press("Send later").sees("Your answers are sealed")
    holder.press("Discard them and answer again")
    expect(holder.page.locator("#q-tools-1")).not_to_be_checked()
    holder.answer(tools="2").press("Send later").sees("Your answers are sealed")

    holder.open(wave).sees("Your answers are sealed")
    assert not holder.sent()  # loading the page anew gives nothing away
    holder.page.evaluate(AN_HOUR_AGO, f"headwater:{wave.key}")
    holder.open(wave).sees(IN)

    (sent,) = holder.sent()
    receipt = receipt_of(decode(sent["prepared"]))
    opened = unpad_fields(unseal(COUNT_KEY, decode(sent["sealed"]), bound_to=receipt))
    assert opened == {"tools": ["2"]}


def test_a_lost_connection_costs_nothing(wave, holder):
    """Answers whose confirmation was lost are sent again, byte for byte, and counted once."""
    holder.answer(tools="4")
    tries = []

    def lose(route):
        tries.append(route.request.post_data)
        if len(tries) == 1:
            route.abort()  # never arrives
        elif len(tries) == 2:
            route.fetch()  # arrives, and its answer does not
            route.abort()
        else:
            route.continue_()

    holder.page.route(SUBMIT, lose)
    holder.press("Send my answers").sees(IN)

    assert len(tries) == 3
    assert len(set(tries)) == 1


@pytest.mark.long
def test_a_long_outage_leaves_the_sealed_answers_here(wave, holder):
    """After the last try they wait, sealed, and the next visit sends them."""
    holder.answer(tools="4")
    holder.page.clock.install()
    holder.page.route(SUBMIT, lambda route: route.abort())
    holder.press("Send my answers").sees("Your answers are sealed")
    for _ in range(8):
        holder.page.clock.run_for(60_000)
    expect(holder.page.get_by_role("alert")).to_contain_text("No answer came from the collector")
    assert len(holder.sent()) == 6
    expect(holder.page.get_by_role("button", name="Discard them")).to_be_hidden()
    holder.page.unroute(SUBMIT)

    holder.open(wave).sees(IN)

    assert len({body["sealed"] for body in holder.sent()}) == 1


@pytest.mark.long
def test_a_confirmation_of_something_else_is_not_believed(wave, holder):
    """An acknowledgement that does not fit the sealed answers leaves them on the device."""
    holder.answer(tools="4")

    def lie(route):
        reply = route.fetch().json()
        route.fulfill(json={**reply, "acknowledgement": encode(bytes(64))})

    holder.page.route(SUBMIT, lie)
    holder.press("Send my answers")

    expect(holder.page.get_by_role("alert")).to_contain_text("does not fit your answers")
    assert "sealed" in holder.kept()


@pytest.mark.long
def test_a_ballot_used_elsewhere_is_told_and_removed(wave, holder, new_voter):
    """A ballot on two devices counts once; the other one is told which answers count."""
    holder.press("Carry it to another device")
    link = holder.page.get_by_label("Address with your ballot in it").input_value()
    phone = new_voter().open(wave, fragment=link.partition("index.html")[2])
    phone.press("It is mine: use it here").answer(tools="5").press("Send my answers").sees(IN)

    holder.answer(tools="1").press("Send my answers")

    expect(holder.page.get_by_role("alert")).to_contain_text("the answers sent then are counted")
    holder.press("Remove everything from this device").sees("Nothing is left on this device")
    assert holder.kept() == {}


def test_comments_that_would_be_lost_or_tell_too_much_are_stopped(wave, holder):
    """Too long is not sent; an address is asked about once, and then left as it is."""
    comment = holder.page.locator("textarea")
    for too_long in ("x" * 1_001, "x" * 1_000 + "\ufeff"):  # what only browsers take for a space
        comment.fill(too_long)
        holder.press("Send my answers")
        expect(holder.page.get_by_role("alert")).to_contain_text("A comment is too long")
        comment.fill("")
        holder.press("Send my answers")
        expect(holder.page.get_by_role("alert")).to_contain_text("Nothing is answered yet")
    comment.fill("Write to nora@tidewater.example")
    holder.press("Send my answers")
    expect(holder.page.get_by_role("alert")).to_contain_text("looks like an e-mail address")
    assert not holder.sent()

    holder.press("Send my answers").sees(IN)


def test_the_author_of_a_comment_gets_its_code(wave, holder):
    """The code follows from the seed, its digest goes into the seal, and it stays where asked."""
    seed = decode(holder.kept()["seed"])
    holder.page.locator("textarea").fill("Quiet rooms")
    holder.press("Send my answers").sees(IN)

    code = threads.ballot_code(seed, wave=wave.key, item="comment")
    expect(holder.page.locator(".codes .ballot-code")).to_have_text(codes.printed(code))
    (sent,) = holder.sent()
    receipt = receipt_of(decode(sent["prepared"]))
    fields = unpad_fields(unseal(COUNT_KEY, decode(sent["sealed"]), bound_to=receipt))
    assert fields == {
        "comment": ["Quiet rooms"],
        threads.field_of("comment"): [threads.thread_of(code)],
    }
    assert holder.kept() == {}

    holder.page.get_by_label("Keep it in this browser").check()
    holder.page.get_by_role("link", name="the page for answers").click()
    holder.press("Use this code").sees("There is no answer here yet")
    holder.press("Forget it")
    expect(holder.page.get_by_role("heading", name="Kept in this browser")).to_be_hidden()
    assert holder.kept() == {}


def test_nothing_answered_is_not_sent(wave, holder):
    """An empty form stays here and names the other way."""
    holder.press("Send my answers")

    expect(holder.page.get_by_role("alert")).to_contain_text("I prefer not to answer")
    assert not holder.sent()
