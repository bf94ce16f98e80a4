"""Every kind of page: axe, sideways scroll, policy, headings, at two widths and in the dark."""

import pytest

from tests.browser.watching import NARROW, OTHERS, USUAL, WIDE, assert_well_built

# Who opens it (None: somebody without a sign-in), and where; {names} are those of live.paths.
PAGES = {
    "sign-in": (None, "/sign-in"),
    "forgotten": (None, "/account/forgotten"),
    "link sent": (None, "/account/forgotten/sent"),
    "set password": (None, "{set_password}"),
    "not found": (None, "/no-such-page"),
    "forbidden": ("employee", "/people"),
    "home of an employee": ("employee", "/"),
    "home of a manager": ("manager", "/"),
    "home of HR": ("hr", "/"),
    "home of an executive": ("executive", "/"),
    "home of a CX manager": ("cx_manager", "/"),
    "home of an administrator": ("administrator", "/"),
    "account": ("employee", "/account"),
    "change password": ("employee", "/account/password"),
    "people": ("administrator", "/people"),
    "person": ("administrator", "/people/{person}"),
    "new person": ("administrator", "/people/new"),
    "edit person": ("administrator", "/people/{person}/edit"),
    "move person": ("administrator", "/people/{person}/move"),
    "end person": ("administrator", "/people/{person}/end"),
    "roles": ("administrator", "/people/{person}/roles"),
    "import people": ("administrator", "/people/import"),
    "teams": ("administrator", "/teams"),
    "team": ("administrator", "/teams/{team}"),
    "new team": ("administrator", "/teams/new"),
    "rename team": ("administrator", "/teams/{team}/rename"),
    "move team": ("administrator", "/teams/{team}/move"),
    "split team": ("administrator", "/teams/{team}/split"),
    "merge team": ("administrator", "/teams/{team}/merge"),
    "changes of the tree": ("administrator", "/teams/changes"),
    "outbox": ("administrator", "/outbox"),
    "retention": ("administrator", "/retention"),
    "mail": ("administrator", "/outbox/{mail}"),
    "waves": ("hr", "/waves/"),
    "open wave": ("hr", "/waves/{open}"),
    "released wave": ("hr", "/waves/{released}"),
    "new wave": ("hr", "/waves/new"),
    "planned wave": ("hr", "/waves/{planned}"),
    "edit wave": ("hr", "/waves/{planned}/edit"),
    "promise of a wave, to be written": ("hr", "/waves/{planned}/promise"),
    "promise of a wave": (None, "{promised}"),
    "before opening": ("hr", "/waves/{planned}/open"),
    "notice for the board": ("hr", "/waves/{open}/notice"),
    "extend wave": ("hr", "/waves/{open}/extend"),
    "close wave": ("hr", "/waves/{open}/close"),
    "cancel wave": ("hr", "/waves/{open}/cancel"),
    "surveys": ("hr", "/surveys/"),
    "survey": ("hr", "/surveys/{draft}"),
    "survey details": ("hr", "/surveys/{draft}/details"),
    "item": ("hr", "/surveys/{draft}/items/{item}"),
    "new item": ("hr", "/surveys/{draft}/items/new/scale"),
    "construct": ("hr", "/surveys/{draft}/constructs/{construct}"),
    "remove construct": ("hr", "/surveys/{draft}/constructs/{construct}/remove"),
    "new construct": ("hr", "/surveys/{draft}/constructs/new"),
    "survey preview": ("hr", "/surveys/{draft}/preview"),
    "touchpoints": ("cx_manager", "/touchpoints/"),
    "touchpoint": ("cx_manager", "/touchpoints/{place}"),
    "new touchpoint": ("cx_manager", "/touchpoints/new"),
    "edit touchpoint": ("cx_manager", "/touchpoints/{place}/edit"),
    "new address": ("cx_manager", "/touchpoints/{place}/links/new"),
    "address": ("cx_manager", "/touchpoints/links/{link}"),
    "poster": ("cx_manager", "/touchpoints/links/{link}/poster"),
    "reports": ("hr", "/reports/"),
    "wave report": ("hr", "/reports/waves/{released}"),
    "wave report of a manager": ("manager", "/reports/waves/{released}"),
    "comments": ("hr", "/reports/waves/{released}/comments"),
    "one comment": ("hr", "/reports/waves/{released}/comments/{comment}"),
    "linkage": ("executive", "/reports/linkage"),
    "customers": ("cx_manager", "/reports/customers"),
    "results": ("employee", "/reports/results"),
    "results of a merged group": ("executive", "/reports/results"),
    "actions": ("employee", "/actions/"),
    "actions of HR": ("hr", "/actions/"),
    "action done": ("hr", "/actions/{done}"),
    "action dropped": ("hr", "/actions/{dropped}"),
    "new action": ("hr", "/actions/new"),
    "edit action": ("hr", "/actions/{dropped}/edit"),
    "customers' survey": (None, "{customer}"),
    "customers' survey, score chosen": (None, "{customer}?score=9"),
    "customers' thanks": (None, "{customer}/thanks"),
    "customers' thanks, low": (None, "{customer}/thanks/low"),
    "customers' address retired": (None, "{gone}"),
    "open surveys": (None, "{collector}/"),
    "pulse": (None, "{collector}{pulse}"),
    "no such pulse": (None, "{collector}/w/no-such-wave"),
}


def address(live, path: str) -> str:
    customer = live.customer_link.removeprefix(live.app)
    url = path.format(**live.paths, customer=customer, collector=live.collector)
    return url if url.startswith("http") else live.app + url


# One or more of every kind; the long run looks at all.
FIRST = {
    "sign-in",
    "home of an employee",
    "home of a manager",
    "account",
    "people",
    "person",
    "teams",
    "waves",
    "open wave",
    "released wave",
    "new wave",
    "survey",
    "survey preview",
    "touchpoint",
    "wave report of a manager",
    "comments",
    "linkage",
    "customers",
    "results",
    "actions",
    "action done",
    "customers' survey, score chosen",
    "pulse",
}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *((n, (WIDE, NARROW)[i % 2]) for i, n in enumerate(PAGES) if n in FIRST),
        *(pytest.param(n, (*USUAL, *OTHERS), marks=pytest.mark.long) for n in PAGES),
    ],
)
def test_page_is_well_built(live, signed_in, name, settings):
    """No axe violation, no sideways scroll, nothing refused by the policy, one heading."""
    role, path = PAGES[name]
    page, watch = signed_in(role)

    page.goto(address(live, path))

    assert_well_built(page, watch, settings=settings)
    assert not watch.foreign_hosts(live.app, live.collector)


def test_sign_in_errors_are_well_built(live, new_page):
    """A refused sign-in says so on a page that keeps the rules."""
    page, watch = new_page()
    page.goto(f"{live.app}/sign-in")

    page.get_by_role("button", name="Sign in").click()

    assert page.get_by_role("alert").is_visible()
    assert_well_built(page, watch)


def test_a_refused_pulse_is_well_built(live, new_page):
    """A pulse without a code comes back with everything typed, on a page that keeps the rules."""
    page, watch = new_page()
    page.goto(live.pulse)
    page.locator("#q-tools-4").check()

    page.get_by_role("button", name="Send my answers").click()

    assert page.get_by_role("alert").is_visible()
    assert page.locator("#q-tools-4").is_checked()
    assert_well_built(page, watch)


def test_an_empty_customers_answer_is_well_built(live, new_page):
    """A customer who sends nothing is told what to do, on a page that keeps the rules."""
    page, watch = new_page()
    page.goto(live.customer_link)

    page.get_by_role("button", name="Send my answers").click()

    assert page.get_by_role("alert").is_visible()
    assert_well_built(page, watch)


def test_the_preview_of_an_import_is_well_built(live, signed_in):
    """What a file would change is shown before anything is written."""
    page, watch = signed_in("administrator")
    page.goto(f"{live.app}/people/import")
    rows = (
        "email,name,team,role\nnew@tidewell.example,Nora New,Tidewell Utilities/Shops,employee\n"
    )

    page.locator("input[type=file]").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    page.locator("main form button").first.click()
    page.wait_for_load_state()

    assert_well_built(page, watch)
