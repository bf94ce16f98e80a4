"""
A-7, A-10, A-13: the client in Chromium, attacked, and mutants of it that must be caught.

The page runs against both real programs.  Each search for a leak is tried on a client
with a planted leak too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from surveys import sealing
from surveys.documents import canonical
from surveys.encoding import decode, encode
from surveys.manifests import manifest_message
from surveys.signing import sign
from tests.ballots import modulus_text, sign_blinded
from tests.browser import rounds as programs
from tests.browser.modules import Changes, altered
from tests.browser.rounds import Round, Rounds
from tests.browser.watching import Watch
from tests.collector.conftest import GUARDIAN_KEY, make_guardian
from tests.conftest import chromium_options

pytestmark = [pytest.mark.attack, pytest.mark.browser]

PATIENCE = 15_000


@pytest.fixture(scope="module")
def rounds(chromium, tmp_path_factory) -> Iterator[Rounds]:
    """Both programs, for the tests of this module."""
    with programs.running(tmp_path_factory.mktemp("rounds")) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(rounds) -> Round:
    """An open wave with a guardian."""
    return rounds.open(guardian=make_guardian())


@pytest.fixture
def new_context(chromium, rounds) -> Iterator[Any]:
    """Open browsers; `holding` gives them a ballot of that wave."""
    contexts: list[BrowserContext] = []

    def make(*, holding: Round | None = None, **options: Any) -> BrowserContext:
        storage = rounds.storage_with_ballot(holding)
        contexts.append(chromium.new_context(storage_state=storage, **options))
        return contexts[-1]

    yield make
    for context in contexts:
        context.close()


# what the collector learns of a browser, and what the browser keeps.


def plant(page: Page, changes: Changes) -> None:
    """Serve an altered client under its own address, as only its own server could."""

    def serve(route: Route) -> None:
        name = route.request.url.rpartition("/")[2].partition("#")[0]
        if name == "index.html":
            reply = route.fetch()
            old, new = changes.get(name, ("", ""))
            text = reply.text().replace(old, new)
            assert old in reply.text(), old
            route.fulfill(response=reply, body=text.replace("integrity=", "data-integrity="))
        elif name in changes:
            route.fulfill(body=altered(name, changes), content_type="text/javascript")
        else:
            route.fallback()

    if changes:
        page.route("**/c/**", serve)


def answer(page: Page) -> None:
    """Answer with the ballot in hand and wait for the receipt."""
    page.locator("#q-tools-4").check()
    page.get_by_role("button", name="Send my answers").click()
    thanks = page.get_by_role("heading", name="Thank you")
    expect(thanks).to_be_visible(timeout=PATIENCE)


def traces(rounds: Rounds, context: BrowserContext, wave: Round, changes: Changes) -> set[str]:
    """Answer in a browser that carries a foreign cookie; name what gave its owner away."""
    context.add_cookies([{"name": "spy", "value": "nora", "url": rounds.collector}])
    page = context.new_page()
    watch = Watch(page)
    plant(page, changes)
    page.goto(wave.page)
    answer(page)
    found = set()
    for headers in watch.headers_sent_to(f"{rounds.collector}/anon"):
        found |= {"cookie", "authorization", "referer"} & headers.keys()
    if page.evaluate("localStorage.length + sessionStorage.length"):
        found.add("storage")
    return found


def test_the_collector_learns_nothing_of_the_browser(rounds, guarded, new_context):
    """A-7: no cookie, referrer or authorization with manifest or answer; nothing is left."""
    assert traces(rounds, new_context(holding=guarded), guarded, {}) == set()


@pytest.mark.parametrize(
    ("found", "name", "old", "new"),
    [
        ("storage", "survey.js", "  keeping.clear();\n", ""),
        pytest.param(
            *("cookie", "sending.js", 'credentials: "omit"', 'credentials: "include"'),
            marks=pytest.mark.long,
        ),
        pytest.param(
            *("referer", "sending.js"),
            *('referrerPolicy: "no-referrer"', 'referrerPolicy: "unsafe-url"'),
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_client_that_tells_more_is_found(rounds, guarded, new_context, found, name, old, new):
    """A-7: a cookie, a referrer or something left in storage is noticed."""
    changes = {name: (old, new)}

    assert traces(rounds, new_context(holding=guarded), guarded, changes) == {found}


def test_from_sign_in_to_receipt_the_programs_share_nothing(rounds, guarded, new_context):
    """A-7: on the whole way the sign-in cookie stays with the application, and no page tells."""
    context = new_context()
    rounds.sign_in(context)
    page = context.new_page()
    watch = Watch(page)
    page.goto(guarded.page)
    page.get_by_role("button", name="Take my ballot").click()
    held = page.get_by_role("heading", name="Your ballot is here")
    expect(held).to_be_visible(timeout=PATIENCE)
    answer(page)

    sent = watch.headers_sent_to(rounds.collector)
    given = watch.headers_from(rounds.collector)
    assert len(sent) > 30
    # A file that comes out of the browser's own cache is listed with an empty referrer.
    telling = ("cookie", "authorization", "referer")
    assert not [h for h in sent if any(h.get(name) for name in telling)]
    assert not [h for h in given if {"set-cookie", "etag", "last-modified"} & h.keys()]
    to_app = watch.headers_sent_to(rounds.app)
    assert any("cookie" in h for h in to_app)
    assert not [h for h in to_app if rounds.collector in h.get("referer", "")]
    assert not [r.url for r in watch.requests if "#" in r.url and r.method != "GET"]


def test_a_browser_without_cookies_and_storage_can_answer(chromium, rounds, guarded, tmp_path):
    """A-7: where the collector may store nothing at all, two windows do it in memory."""
    blocked = {f"[*.]{host},*": {"setting": 2} for host in ("localhost",)}
    preferences = {"profile": {"content_settings": {"exceptions": {"cookies": blocked}}}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(preferences))
    context = chromium.browser_type.launch_persistent_context(tmp_path, **chromium_options())
    try:
        rounds.sign_in(context)
        page = context.new_page()
        page.goto(guarded.page)
        expect(page.locator("main")).to_contain_text("Your browser keeps nothing for this page")
        with pytest.raises(Exception, match="Access is denied"):
            page.evaluate("localStorage.length")

        page.get_by_role("button", name="Take my ballot").click()

        held = page.get_by_role("heading", name="Your ballot is here")
        expect(held).to_be_visible(timeout=PATIENCE)
        answer(page)
    finally:
        context.close()


# keys made for one person.


def false_manifests(wave: Round) -> dict[str, dict[str, Any]]:
    """Write lists of keys that would mark a ballot or mislead, as a live attacker could."""
    true = json.loads(wave.manifest)
    own = {**true, "groups": [{**true["groups"][0], "modulus": modulus_text(9)}]}
    attacker = sealing.derive_private_key(b"tests", b"attacker")
    own_guardian = {**true["guardian"], "key": encode(sealing.public_key_of(attacker))}
    lists = {
        "a key of one's own, signature of the true list": (own, wave.signature),
        "a key of one's own, signed by somebody": (own, signed(own, attacker)),
        "a guardian of one's own": (
            {**own, "guardian": own_guardian},
            signed({**own, "guardian": own_guardian}, attacker),
        ),
        "another promise": (
            {**true, "promise": {**true["promise"], "readers": "Whoever likes."}},
            wave.signature,
        ),
        "no guardian": ({**own, "guardian": None}, None),
        "the list of another wave": (
            {**true, "wave": "another"},
            signed({**true, "wave": "another"}, GUARDIAN_KEY),
        ),
        "the list of another client": (
            {**true, "client_sha256": "00" * 32},
            signed({**true, "client_sha256": "00" * 32}, GUARDIAN_KEY),
        ),
    }
    return {
        name: {
            "manifest": canonical(document).decode(),
            "signature": signature,
            "closes_on": true["closes_on"],
        }
        for name, (document, signature) in lists.items()
    }


def signed(document: dict[str, Any], key: bytes) -> str:
    """Sign a manifest as a guardian does."""
    return encode(sign(key, manifest_message(canonical(document).decode())))


def believed(page: Page, wave: Round, envelope: dict[str, Any]) -> bool:
    """Serve one list of keys and tell whether the page goes on with it."""
    page.unroute("**/anon/manifest/*")
    page.route("**/anon/manifest/*", lambda route: route.fulfill(json=envelope))
    page.goto("about:blank")
    page.goto(wave.page)
    stop = page.get_by_role("heading", name="Do not answer here")
    go = page.get_by_role("button", name="Take my ballot")
    expect(stop.or_(go)).to_be_visible(timeout=PATIENCE)
    assert page.locator("form").is_visible() == go.is_visible()
    return go.is_visible()


def test_no_list_of_keys_is_believed_but_the_guardians(guarded, new_context):
    """A-10: keys for one person, whoever signed them, stop the page before anything is asked."""
    page = new_context().new_page()
    watch = Watch(page)

    for name, envelope in false_manifests(guarded).items():
        assert not believed(page, guarded, envelope), name

    assert not [r for r in watch.requests if "/ballot/" in r.url or r.method == "POST"]
    truth = {"manifest": guarded.manifest, "signature": guarded.signature}
    assert believed(page, guarded, {**truth, "closes_on": "2026-12-31"})


@pytest.mark.long
def test_clients_that_check_less_are_found(guarded, new_context):
    """A-10: without the check of the guardian, or of the wave, false lists are believed."""
    for old in (
        'if (!isOurs) throw new Refused("guardian");',
        "if (manifest.wave !== wave || manifest.client_sha256 !== client) ",
    ):
        page = new_context().new_page()
        plant(page, {"ballot.js": (old, "if (false) " if old.endswith(" ") else "")})

        assert any(believed(page, guarded, false) for false in false_manifests(guarded).values())


def went_on(rounds: Rounds, context: BrowserContext, wave: Round, changes: Changes) -> bool:
    """Have a blinded value signed with another key; tell whether the page takes the ballot."""
    rounds.sign_in(context)
    page = context.new_page()
    plant(page, changes)

    def sign_otherwise(route: Route) -> None:
        blinded = decode(json.loads(route.request.post_data)["blinded"])
        route.fulfill(json={"blind_signature": encode(sign_blinded(9, blinded))})

    page.route("**/ballot/issue", sign_otherwise)
    page.goto(wave.page)
    page.get_by_role("button", name="Take my ballot").click()
    stop = page.get_by_role("heading", name="Do not use this ballot")
    go = page.get_by_role("heading", name="Your ballot is here")
    expect(stop.or_(go)).to_be_visible(timeout=PATIENCE)
    return go.is_visible()


def test_a_signature_of_another_key_is_not_used(rounds, guarded, new_context):
    """A-10: a ballot signed with a key for one person is not accepted by its browser."""
    assert not went_on(rounds, new_context(), guarded, {})


def test_a_client_that_takes_any_signature_is_found(rounds, guarded, new_context):
    """A-10: without its check the browser would use the marked ballot."""
    check = 'if (!isSigned(ballot, signature)) throw new Refused("forged");'
    careless = {"ballot.js": (check, "")}

    assert went_on(rounds, new_context(), guarded, careless)


# no way of answering but this one.

WITHOUT_SUBTLE = "Object.defineProperty(Crypto.prototype, 'subtle', {get: () => undefined})"
PLAIN = "http://plain.example"


def offers_to_answer(page: Page) -> list[str]:
    """List the forms that would send answers by themselves, and those that can be filled in."""
    found = []
    for form in page.locator("form").all():
        if not form.locator("input[type=radio], textarea").count():
            continue
        if form.get_attribute("action") is not None or form.get_attribute("method") is not None:
            found.append("a form with an address")
        if form.is_visible():
            found.append("a form to fill in")
    return found


def plainly(context: BrowserContext, rounds: Rounds, wave: Round) -> str:
    """Serve the page without TLS under a name that is not this machine; return its address."""

    def pass_on(route: Route) -> None:
        path = route.request.url.removeprefix(PLAIN)
        route.fulfill(response=context.request.get(rounds.collector + path))

    context.route(f"{PLAIN}/**", pass_on)
    return wave.page.replace(rounds.collector, PLAIN)


def open_without(
    what: str, new_context: Any, rounds: Rounds, wave: Round, changes: Changes
) -> Page:
    """Open the page in a browser that lacks something it needs."""
    context = new_context(java_script_enabled=what != "scripts")
    page = context.new_page()
    if what == "subtle":
        page.add_init_script(WITHOUT_SUBTLE)
    plant(page, changes)
    page.goto(plainly(context, rounds, wave) if what == "TLS" else wave.page)
    page.wait_for_load_state("networkidle")
    return page


@pytest.mark.parametrize(
    "what", ["scripts", "TLS", pytest.param("subtle", marks=pytest.mark.long)]
)
def test_without_what_it_needs_the_page_explains(rounds, guarded, new_context, what):
    """A-13: no script, no TLS or no cryptography: a sentence, and no form at all."""
    page = open_without(what, new_context, rounds, guarded, {})

    assert offers_to_answer(page) == []
    expect(page.locator("main")).to_contain_text("nothing can be sent from this page")
    if what == "TLS":
        assert page.evaluate("isSecureContext") is False


def test_a_page_with_a_form_that_posts_is_found(rounds, guarded, new_context):
    """A-13: a form that would go to a server with whatever the browser carries is noticed."""
    downgrade = (
        '<form data-answers data-panel="questions" novalidate hidden>',
        '<form method="post" action="/w/x" data-answers data-panel="questions">',
    )
    page = open_without("scripts", new_context, rounds, guarded, {"index.html": downgrade})

    assert offers_to_answer(page) == ["a form with an address", "a form to fill in"]


@pytest.mark.parametrize("has_scripts", [True, pytest.param(False, marks=pytest.mark.long)])
def test_the_application_offers_no_questions(rounds, guarded, new_context, has_scripts):
    """A-13: where people are signed in there is nothing to fill in, with or without scripts."""
    context = new_context(java_script_enabled=has_scripts)
    rounds.sign_in(context)
    page = context.new_page()

    page.goto(f"{rounds.app}/ballot/{guarded.key}")

    assert page.locator("input[type=radio], textarea").count() == 0
    assert page.get_by_role("button", name="Take my ballot").is_visible() == has_scripts
