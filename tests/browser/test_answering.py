"""Answering in a browser: employees at the collector, customers by their link."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import sign_in

SENT = "Thank you"


@pytest.fixture
def code(live) -> str:
    """A code nobody has used yet."""
    return live.codes.pop()


def send(page) -> None:
    page.get_by_role("button", name="Send my answers").click()


def tab_to(page, selector: str, *, most: int = 120) -> None:
    """Press Tab until the focus arrives, as somebody without a mouse does."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"Tab never arrives at {selector}")


def test_no_cookie_reaches_the_collector(live, new_page, code):
    """Who has signed in at the application carries nothing of it to the collector."""
    page, watch = new_page()
    sign_in(page, live, "employee")
    assert page.context.cookies(), "signed in without a cookie"

    page.get_by_role("link", name="Take your ballot").click()
    page.get_by_role("link", name="Look at the questions first").click()
    expect(page.get_by_role("heading", name="Take your ballot")).to_be_visible()
    page.goto(live.pulse)
    page.locator("#code").fill(code)
    page.locator("#q-tools-4").check()
    send(page)

    expect(page.locator("h1")).to_have_text(SENT)
    sent = watch.headers_sent_to(live.collector)
    assert len(sent) >= 5, "page, styles, answer and thanks"
    assert not [headers for headers in sent if "cookie" in headers]
    assert not [
        headers for headers in sent if "referer" in headers and live.app in headers["referer"]
    ]
    assert not [
        headers for headers in watch.headers_from(live.collector) if "set-cookie" in headers
    ]
    assert any("cookie" in headers for headers in watch.headers_sent_to(live.app))


def test_one_code_brings_one_answer(live, new_page, code):
    """The same answers once more are a success; other answers are refused."""
    page, _ = new_page()
    for choice, heading in (("4", SENT), ("4", SENT), ("2", None)):
        page.goto(live.pulse)
        page.locator("#code").fill(code)
        page.locator(f"#q-tools-{choice}").check()
        send(page)
        if heading:
            expect(page.locator("h1")).to_have_text(heading)

    expect(page.get_by_role("alert")).to_contain_text("was used before")


def test_a_comment_by_letter_is_asked_about_and_gets_its_code(live, new_page, code):
    """What may name somebody is asked about once; the thanks show a code, kept if asked to."""
    page, _ = new_page()
    page.goto(live.pulse)
    page.locator("#code").fill(code)
    page.locator("textarea").fill("Mr Jones knows more.")
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("looks like a name")
    send(page)

    expect(page.locator("h1")).to_have_text(SENT)
    shown = page.locator(".codes .ballot-code").text_content()
    page.get_by_label("Keep it in this browser").check()
    page.get_by_role("link", name="the page for answers").click()
    page.get_by_role("button", name="Use this code").click()
    expect(page.locator("h1")).to_have_text("There is no answer here yet")
    expect(page.locator("#code")).to_have_value(shown.replace("-", ""))


def test_a_pulse_needs_no_mouse(live, new_page, code):
    """Code, answers and sending by keyboard alone; arrow keys choose within a scale."""
    page, _ = new_page()
    page.goto(live.pulse)

    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    tab_to(page, "#code")
    page.keyboard.type(code)
    tab_to(page, "[name=tools]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#q-tools-3")).to_be_checked()
    tab_to(page, "textarea")
    page.keyboard.type("More quiet rooms, please.")
    tab_to(page, "button[type=submit]")
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_have_text(SENT)


def test_the_address_on_a_letter_fills_in_the_code(live, new_page, code):
    """The part after # never travels; the page reads it, and takes it out of the address."""
    page, watch = new_page()

    page.goto(f"{live.pulse}#code={code}")

    expect(page.locator("#code")).to_have_value(code)
    assert code not in page.url
    assert not [request for request in watch.requests if code in request.url.partition("#")[0]]


def test_pages_of_both_doors_work_without_scripts(live, new_page, code):
    """A pulse and a customers' survey are answered with JavaScript switched off."""
    page, _ = new_page(java_script_enabled=False)

    page.goto(live.pulse)
    page.locator("#code").fill(code)
    page.locator("label[for=q-energy-5]").click()
    send(page)
    expect(page.locator("h1")).to_have_text(SENT)

    page.goto(live.customer_link)
    page.locator("label[for=q-recommend-9]").click()
    send(page)
    expect(page.locator("h1")).to_have_text(SENT)


def test_a_link_with_a_score_preselects_it_and_records_nothing(live, new_page):
    """Mail scanners open every link, so only sending the form counts."""
    page, watch = new_page()
    before = live.n_customers()

    page.goto(f"{live.customer_link}?score=9")

    expect(page.locator("#q-recommend-9")).to_be_checked()
    assert live.n_customers() == before
    send(page)
    expect(page.locator("h1")).to_have_text(SENT)
    assert live.n_customers() == before + 1
    assert not page.context.cookies()
    assert not [headers for headers in watch.headers_from(live.app) if "set-cookie" in headers]


def test_a_double_click_is_one_answer(live, new_page):
    """Sending twice from the same page is recorded once."""
    page, _ = new_page()
    before = live.n_customers()
    page.goto(live.customer_link)
    page.locator("#q-satisfaction-4").check()

    page.get_by_role("button", name="Send my answers").dblclick()

    expect(page.locator("h1")).to_have_text(SENT)
    assert live.n_customers() == before + 1
