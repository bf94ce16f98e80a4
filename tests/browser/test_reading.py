"""Reading and running a pulse in a browser: HR by keyboard, the executive, closing a wave."""

from datetime import UTC, datetime

from playwright.sync_api import expect

from app.demo import plan
from tests.browser.conftest import sign_in
from tests.browser.test_answering import tab_to
from tests.browser.watching import assert_well_built


def name_of_focus(page) -> str:
    """Give the name that a screen reader says on arriving here."""
    return page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_hr_reads_a_wave_without_a_mouse(live, new_page):
    """Signing in, going to a report and walking its chart take a keyboard and nothing else."""
    email, password = live.users["hr"]
    page, _ = new_page()
    page.goto(f"{live.app}/sign-in")

    tab_to(page, "#email")
    page.keyboard.type(email)
    tab_to(page, "#password")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live.app}/")
    tab_to(page, "nav a[href='/reports/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports/")
    tab_to(page, f"a[href='/reports/waves/{live.paths['released']}']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports/waves/*")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"
    tab_to(page, "[data-chart] [aria-label]", most=400)
    readout = page.locator("[data-chart]:has(:focus) .chart-readout")
    first = name_of_focus(page)
    expect(readout).to_have_text(first)
    page.keyboard.press("ArrowRight")
    assert name_of_focus(page) != first
    expect(readout).to_have_text(name_of_focus(page))
    page.keyboard.press("Home")
    assert name_of_focus(page) == first


def test_the_executive_page_tells_the_verdict_and_names_the_teams(live, signed_in):
    """The page speaks in points, says what it does not show, and names every mark."""
    page, _ = signed_in("executive")
    page.goto(f"{live.app}/reports/linkage")

    main = page.locator("main")
    expect(main).to_contain_text("75th percentile")
    expect(main).to_contain_text("What this does not show")
    expect(main).not_to_contain_text("causes")
    names = page.locator("svg [aria-label]").evaluate_all(
        "marks => marks.map(mark => mark.getAttribute('aria-label'))"
    )
    assert any(name.startswith("Crew Lake") for name in names)
    assert not page.locator("svg [style], svg style").count()


def test_results_print_without_the_navigation(live, signed_in):
    """Paper shows the report and no buttons."""
    page, _ = signed_in("executive")
    page.goto(f"{live.app}/reports/linkage")

    page.emulate_media(media="print")

    assert not page.locator("nav[aria-label=Main]").is_visible()
    assert page.locator("h1").is_visible()


def test_closing_releases_and_opening_asks_again(own_live, new_page):
    """HR closes the open wave by button and reads it, then plans and opens the next one."""
    live = own_live
    page, watch = new_page()
    sign_in(page, live, "hr")

    page.goto(f"{live.app}/waves/{live.wave_id}/close")
    page.get_by_role("button", name="Close the wave now").click()
    page.wait_for_url(f"**/waves/{live.wave_id}?*")
    expect(page.locator("main")).to_contain_text("Released")
    # No worker runs here, so this first view waits for another process to make the report.
    page.get_by_role("link", name="Read the results").click(timeout=90_000)
    expect(page.locator("h1")).to_contain_text(datetime.now(UTC).strftime("%B %Y"))

    page.goto(f"{live.app}/waves/{live.paths['planned']}/open")
    page.get_by_role("button", name="Open the wave and show the letters").click()
    expect(page.locator("h1")).to_have_text("Letters of A round to come")
    teams = plan.make_plan(today=datetime.now(UTC).date()).teams
    crews = sum(team.size for team in teams if team.division == plan.WITHOUT_EMAIL)
    expect(page.locator(".letter")).to_have_count(crews)
    # One letter is built like the other, and so many keep axe busy.
    page.locator(".letter:nth-child(n + 3)").evaluate_all("all => all.forEach(l => l.remove())")
    assert_well_built(page, watch)
    page.goto(f"{live.collector}/")
    expect(page.locator(".card").get_by_role("link")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("A round to come")


def test_signing_out_ends_it(live, new_page):
    """After signing out a page of before asks to sign in."""
    page, _ = new_page()
    sign_in(page, live, "employee")

    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{live.app}/account")

    expect(page.locator("h1")).to_have_text("Sign in")


def test_what_is_typed_for_the_author_of_a_comment_survives_the_page(live, signed_in):
    """A lost page brings the text back; kept as a draft it leaves this browser."""
    page, watch = signed_in("hr")
    page.goto(live.app + "/reports/waves/{released}/comments/{comment}".format(**live.paths))
    page.get_by_label("Your answer").fill("We are looking into it.")

    page.reload()

    assert page.get_by_label("Your answer").input_value() == "We are looking into it."
    assert page.get_by_text("is back in the field").is_visible()
    page.get_by_role("button", name="Keep as a draft").click()
    assert page.get_by_role("status").is_visible()
    assert page.get_by_label("Your answer").input_value() == "We are looking into it."
    assert page.evaluate("Object.keys(localStorage)") == []
    assert watch.complaints == []
