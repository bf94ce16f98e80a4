"""The check that every fetched page passes through: it finds what it is there to find."""

import pytest
from bs4 import BeautifulSoup

from tests.app.conftest import check_page

PAGE = """<!doctype html><html lang="en"><head><title>Teams - Tidewater</title></head><body><main>
<h1>Teams</h1><p id="hint">Names only.</p><label for="name">Name</label>
<input id="name" aria-describedby="hint"><input type="hidden" name="token">
<script src="/static/page.js"></script></main></body></html>"""


def test_a_page_that_keeps_the_rules_passes():
    """A labelled control, a hint that exists and a script of its own are all right."""
    check_page(BeautifulSoup(PAGE, "html5lib"))


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        ("<title>Teams", "<title>Team"),
        ("<h1>Teams</h1>", "<h1>Teams</h1><h1>Teams</h1>"),
        ('<p id="hint">', '<p id="hint"></p><p id="hint">'),
        ('<label for="name">', '<label for="names">'),
        ('<label for="name">', '<label id="label">'),
        ('<input type="hidden"', '<input type="text"'),
        ('<input type="hidden" name="token">', "<select></select>"),
        ('<input type="hidden" name="token">', "<textarea></textarea>"),
        ('aria-describedby="hint"', 'aria-describedby="hint hints"'),
        ('aria-describedby="hint"', 'aria-labelledby="hints"'),
        ('aria-describedby="hint"', 'aria-controls="hints"'),
        ('<html lang="en">', "<html>"),
        ("main>", "div>"),
        ("<main>", "<main><style>p { color: red }</style>"),
        ("<main>", '<main style="color: red">'),
        ("<main>", '<main onclick="go()">'),
        (' src="/static/page.js"', ""),
        ("Names only.", "{{ hint }}"),
        ("Names only.", "None"),
    ],
)
def test_a_page_that_breaks_a_rule_is_refused(part, broken):
    """Each rule broken alone is noticed."""
    assert part in PAGE

    with pytest.raises((AssertionError, ValueError)):
        check_page(BeautifulSoup(PAGE.replace(part, broken), "html5lib"))
