"""Answering with a ballot in a browser: taking it, keeping it, carrying it, declining."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.demo.run import Place
from surveys import questionnaires
from surveys.ballots import receipt_of
from surveys.encoding import decode, encode
from surveys.manifests import manifest_sha256, receipt_message, words
from surveys.questionnaires import Questionnaire
from surveys.sealing import unpad_fields, unseal
from surveys.signing import is_signed
from tests.browser.conftest import sign_in, watched
from tests.browser.rounds import PEOPLE, day
from tests.browser.test_answering import tab_to
from tests.browser.voting import IN, PATIENCE
from tests.collector.conftest import COUNT_KEY
from tests.conftest import chromium_options

MADE_FOR = Place(folder=Path()).url.rpartition("/")[2]  # the address that demos are filled for


def test_a_ballot_is_taken_answered_and_acknowledged(wave, voter):
    """Sign in, take it, answer, receipt; what the collector got is sealed, signed and complete."""
    voter.take(wave)
    expect(voter.page.locator("main")).to_contain_text(f"{PEOPLE} people: Team t0")
    voter.answer(tools="4", recommend_workplace="9").press("Send my answers").sees(IN)

    (sent,) = voter.sent()
    prepared, sealed = decode(sent["prepared"]), decode(sent["sealed"])
    receipt = receipt_of(prepared)
    opened = unpad_fields(unseal(COUNT_KEY, sealed, bound_to=receipt))
    assert opened == {"tools": ["4"], "recommend_workplace": ["9"]}
    expect(voter.page.locator("[data-text=receipt]")).to_have_text(encode(receipt))
    assert voter.kept() == {}
    with voter.page.expect_download() as download:
        voter.press("Save it with its signature")
    saved = json.loads(download.value.path().read_text())
    digest = manifest_sha256(wave.manifest)
    message = receipt_message(manifest=digest, receipt=receipt, sealed=sealed)
    key = decode(json.loads(wave.manifest)["receipt_key"])
    assert is_signed(key, message, decode(saved["acknowledgement"]))
    assert saved["manifest_sha256"] == digest.hex()
    assert saved["sealed_sha256"] == sha256(sealed).hexdigest()


def test_the_page_says_the_words_of_its_manifest(wave, voter):
    """The eight words are those that every other program computes; the guardian is named."""
    voter.open(wave)

    spoken = " ".join(words(manifest_sha256(wave.manifest)))
    expect(voter.page.locator(".ballot-words")).to_have_text(spoken)
    expect(voter.page.locator("section:has(.ballot-words)")).to_contain_text("Works council")


@pytest.mark.long
def test_signing_in_on_the_way_costs_one_click_more(rounds, wave, new_voter):
    """Whoever is not signed in does so on the way, and then comes back with a ballot."""
    voter = new_voter()
    voter.open(wave).press("Take my ballot")
    voter.page.wait_for_url(re.compile("/sign-in"))
    rounds.sign_in(voter.page.context)
    voter.page.goto(f"{rounds.app}/ballot/{wave.key}")
    expect(voter.page.locator("main")).to_contain_text(f"{PEOPLE} people")

    voter.press("Take my ballot").sees("Your ballot is here")


@pytest.mark.long
def test_answers_typed_before_taking_the_ballot_are_kept(wave, voter):
    """A draft outlives the way to the application and back, and a closed page."""
    voter.open(wave).answer(tools="2", energy="5")
    voter.page.locator("textarea").fill("More quiet rooms.\nPlease.")
    voter.press("Send my answers")
    expect(voter.page.get_by_role("alert")).to_contain_text("You need a ballot first")

    voter.take(wave)

    expect(voter.page.locator("#q-tools-2")).to_be_checked()
    expect(voter.page.locator("#q-energy-5")).to_be_checked()
    expect(voter.page.locator("textarea")).to_have_value("More quiet rooms.\nPlease.")


def test_on_a_shared_device_nothing_is_kept(wave, voter):
    """Memory only: a second window signs in and closes, the first one holds everything."""
    voter.open(wave)
    voter.page.get_by_label("Others use this device too").check()
    voter.answer(tools="3")
    with voter.page.context.expect_page() as second:
        voter.press("Take my ballot")

    voter.sees("Your ballot is here")
    assert voter.kept() == {}
    expect(voter.page.locator("main")).to_contain_text("Only this window holds it.")
    if not second.value.is_closed():
        expect(second.value.locator("main")).to_contain_text("You can close this window.")
    voter.press("Send my answers").sees(IN)
    assert voter.kept() == {}
    assert voter.page.context.cookies(voter.rounds.collector) == []


def test_a_ballot_is_carried_by_its_address(wave, holder, new_voter):
    """The address works on a device where nobody has signed in, once its owner confirms it."""
    holder.press("Carry it to another device")
    expect(holder.page.get_by_role("img", name="Picture to scan")).to_be_visible()
    link = holder.page.get_by_label("Address with your ballot in it").input_value()
    phone = new_voter()

    phone.open(wave, fragment=link.partition("index.html")[2])
    phone.sees("Did you bring this ballot here yourself?")
    assert "#" not in phone.page.url
    phone.press("It is mine: use it here").sees("Your ballot is here")
    holder.press("It is there now: remove it here").sees("Nothing is left on this device")

    assert holder.kept() == {}
    phone.answer(tools="5").press("Send my answers").sees(IN)
    assert not phone.asked_for()
    assert not phone.watch.headers_sent_to(holder.rounds.app)


@pytest.mark.long
def test_a_ballot_is_carried_by_a_file(wave, holder, new_voter, tmp_path):
    """The file that one device saves is the ballot of another."""
    holder.press("Carry it to another device")
    with holder.page.expect_download() as download:
        holder.press("Save a file")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    phone = new_voter().open(wave)

    phone.page.get_by_text("I took it on another device").click()
    phone.page.get_by_label("File with your ballot").set_input_files(path)
    phone.press("It is mine: use it here").sees("Your ballot is here")

    phone.answer(tools="5").press("Send my answers").sees(IN)


@pytest.mark.parametrize(
    "bytes_of_ballot", ["short", pytest.param("A" * 384, marks=pytest.mark.long)]
)
def test_a_damaged_ballot_is_refused(wave, new_voter, bytes_of_ballot):
    """What is no ballot of this survey is not kept, and the page says what to do."""
    voter = new_voter().open(wave, fragment=f"#ballot=g00.{bytes_of_ballot}")
    if bytes_of_ballot != "short":
        voter.press("It is mine: use it here")

    expect(voter.page.get_by_role("alert")).to_contain_text("This is not a ballot of this survey")
    assert "signature" not in voter.kept()


@pytest.mark.long
def test_who_prefers_not_to_answer_takes_a_ballot_too(wave, voter):
    """Declining looks to the application like taking, and leaves nothing on the device."""
    voter.open(wave).press("I prefer not to answer").sees("You are not answering")

    assert len(voter.asked_for()) == 1
    assert voter.kept() == {}
    assert not voter.sent()


@pytest.mark.long
def test_a_ballot_in_hand_can_be_thrown_away(wave, holder):
    """Declining after taking asks once more, because there is no second ballot."""
    holder.answer(tools="1").press("I prefer not to answer")
    holder.press("Keep it").sees("Your ballot is here")

    holder.press("I prefer not to answer").press("Throw it away").sees("You are not answering")

    assert holder.kept() == {}


@pytest.mark.long
def test_a_second_device_is_told_that_the_ballot_was_taken(wave, voter, new_voter):
    """The same person on another device gets a clear refusal, and on the first the same ballot."""
    voter.take(wave)
    second = new_voter()
    second.page.context.add_cookies(voter.page.context.cookies(voter.rounds.app))

    second.open(wave).press("Take my ballot")

    expect(second.page.get_by_role("alert")).to_contain_text("You have taken your ballot before")
    assert "signature" not in second.kept()


@pytest.mark.long
def test_a_broken_way_back_brings_the_same_ballot_again(wave, voter):
    """Where the signature was lost on its way, taking it again asks for the very same value."""
    voter.page.route("**/ballot/issue", lambda route: (route.fetch(), route.abort()))
    voter.open(wave).press("Take my ballot")
    expect(voter.page.get_by_role("alert")).to_contain_text("Your ballot could not be signed")
    voter.page.unroute("**/ballot/issue")

    voter.take(wave)

    first, second = voter.asked_for()
    assert first == second


@pytest.mark.long
def test_ballots_are_taken_before_the_wave_opens(rounds, voter):
    """An early ballot waits; answers sealed before the first day stay here until then."""
    early = rounds.open(opens_in=3)
    voter.open(early)
    expect(voter.page.locator("main")).to_contain_text("You can take your ballot today")

    voter.take(early).answer(tools="3").press("Send my answers").sees("Your answers are sealed")
    expect(voter.page.locator("main")).to_contain_text("after the survey has opened")
    expect(voter.page.get_by_role("button", name="Send them now")).to_be_hidden()

    assert not voter.sent()
    voter.open(early).sees("Your answers are sealed")
    assert not voter.sent()
    voter.page.clock.install()
    voter.page.clock.fast_forward(4 * 24 * 60 * 60 * 1000)
    voter.open(early)
    expect(voter.page.get_by_role("alert")).to_contain_text("This survey opens on")


@pytest.mark.long
def test_a_wave_that_was_extended_says_its_new_last_day(rounds, voter):
    """The page is the same for good; the day comes with the manifest, and may be later."""
    extended = rounds.open(closes_in=2)
    rounds.store.extend(extended.key, day(9))

    voter.open(extended)

    expect(voter.page.locator(".lede")).to_contain_text(f"{day(9):%-d %B %Y}")


@pytest.mark.long
def test_a_forged_signature_ends_it(wave, voter):
    """A signature of another key stops the page; no other seed is ever tried."""
    voter.page.route(
        "**/ballot/issue", lambda route: route.fulfill(json={"blind_signature": "A" * 342})
    )
    voter.open(wave).press("Take my ballot").sees("Do not use this ballot")
    assert "signature" not in voter.kept()
    expect(voter.page.get_by_role("button", name="Take my ballot")).to_be_hidden()
    expect(voter.page.locator("form")).to_be_hidden()
    told = "Tell the guardian of this survey (Works council)"
    expect(voter.page.locator("main")).to_contain_text(told)
    voter.page.unroute("**/ballot/issue")

    voter.take(wave)

    first, second = voter.asked_for()
    assert first == second


def test_a_foreign_site_cannot_have_a_ballot_signed(rounds, wave, voter):
    """A blinded value that this window did not ask for is not signed."""
    voter.page.goto(f"{rounds.app}/ballot/{wave.key}#blinded={'A' * 342}&token=1-2-3-4")

    expect(voter.page.get_by_role("alert")).to_contain_text("Another site sent you here")
    assert not voter.asked_for()


@pytest.mark.parametrize(
    "fragment",
    [
        "#signature=AAAA&token=x",
        pytest.param("#refused=taken&token=x", marks=pytest.mark.long),
    ],
)
def test_a_foreign_site_cannot_spoil_a_ballot(wave, holder, fragment):
    """What this page did not ask for changes nothing of what it keeps."""
    before = holder.kept()
    holder.open(wave, fragment=fragment).sees("Your ballot is here")
    assert holder.kept() == before
    holder.page.evaluate("localStorage.clear()")

    holder.open(wave, fragment=fragment)

    expect(holder.page.get_by_role("alert")).to_contain_text("Nobody here asked for this ballot")
    assert not holder.kept().get("broken")


@pytest.mark.long
def test_a_foreign_site_cannot_make_a_signature_look_forged(wave, voter):
    """Nor by naming group and token of its own first, and then bringing rubbish for that token."""
    voter.open(wave, fragment="#group=g00&token=1-2-3-4")
    expect(voter.page.get_by_role("alert")).to_contain_text("Another site sent you here")

    voter.open(wave, fragment=f"#signature={'A' * 342}&token=1-2-3-4")

    expect(voter.page.get_by_role("alert")).to_contain_text("Nobody here asked for this ballot")
    voter.take(wave)


@pytest.mark.long
def test_items_may_have_any_key(rounds, voter):
    """Keys that are also names of what a form or a table has of its own are keys like others."""
    asked = questionnaires.load("monthly_pulse").to_dict()
    asked["constructs"] = []
    for item, key in zip(asked["items"], ("elements", "reset", "constructor"), strict=False):
        item["key"] = key
    wave = rounds.open(questionnaire=Questionnaire.from_dict(asked))
    voter.open(wave).answer(reset="4", constructor="2")

    voter.take(wave).answer(elements="3").press("Send my answers").sees(IN)

    expect(voter.page.locator("#q-reset-4")).not_to_be_checked()


def test_a_ballot_needs_no_mouse(wave, voter):
    """Taking, answering and sending by keyboard; the focus goes where the page goes."""
    page = voter.page
    voter.open(wave)
    expect(page.get_by_role("button", name="Take my ballot")).to_be_visible()
    tab_to(page, "[data-do=take]")
    page.keyboard.press("Enter")
    voter.sees("Your ballot is here")
    assert page.evaluate("document.activeElement.id") == "held"
    tab_to(page, "[name=tools]")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#q-tools-2")).to_be_checked()
    tab_to(page, "form button[type=submit]")
    page.keyboard.press("Enter")

    voter.sees(IN)

    assert page.evaluate("document.activeElement.id") == "done"
    expect(page.get_by_role("status")).to_have_text("")


@pytest.mark.long
def test_waves_with_letters_offer_two_doors(rounds, voter):
    """One page leads to the ballot and takes codes; a letter brings a receipt too."""
    both = rounds.open(with_letters=True)
    voter.page.goto(f"{rounds.collector}/")
    voter.page.get_by_role("link", name="Pulse of March").last.click()
    voter.page.get_by_role("link", name="Answer with a ballot").click()
    voter.sees("Take your ballot")

    voter.page.goto(f"{rounds.collector}/w/{both.key}")
    voter.page.get_by_label("Your code").fill(both.codes[0])
    voter.answer(tools="4").press("Send my answers").sees("Thank you")

    receipt = voter.page.locator(".ballot-code").first.inner_text()
    assert re.fullmatch(r"[\w-]{43}", receipt)
    assert receipt not in voter.page.url


@pytest.mark.long
def test_a_guardian_who_must_still_open_the_seals_is_named(wave, voter):
    """The page tells who holds the key to the answers."""
    voter.open(wave)
    voter.page.get_by_text("What you still have to trust").click()

    expect(voter.page.locator(".promise details[open]")).to_contain_text(
        "(Works council) holds the key"
    )


def test_the_whole_way_on_the_running_demo(chromium, live):
    """From the sign-in form over the home page to the receipt, between two real processes."""
    # The page of a wave leads to the application's address of the day it was made; the copy of
    # the demo listens elsewhere, and this browser finds it there all the same.
    options = chromium_options()
    options["args"].append(f"--host-resolver-rules=MAP {MADE_FOR} {live.app.rpartition('/')[2]}")
    browser = chromium.browser_type.launch(**options)
    page, watch = watched(browser.new_context(locale="en-GB"))
    sign_in(page, replace(live, app=f"http://{MADE_FOR}"), "employee")

    page.get_by_role("link", name="Take your ballot").click()
    page.get_by_role("button", name="Take my ballot").click()
    held = page.get_by_role("heading", name="Your ballot is here")
    expect(held).to_be_visible(timeout=PATIENCE)
    page.locator("#q-tools-4").check()
    page.get_by_role("button", name="Send my answers").click()

    expect(page.get_by_role("heading", name=IN)).to_be_visible(timeout=PATIENCE)
    assert not watch.foreign_hosts(f"http://{MADE_FOR}", live.collector)
    assert not watch.complaints
    assert not page.evaluate("window.refusals")
    browser.close()
