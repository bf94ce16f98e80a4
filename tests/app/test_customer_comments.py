"""What customers wrote, as CX managers read it."""

from datetime import UTC, date, datetime

import pytest

from app.queries.customer_comments import PAGE
from app.services import survey_versions, touchpoints
from app.services.customer_responses import new_submission, record
from tests.factories import make_staff

pytestmark = pytest.mark.database
NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.fixture
def link(session):
    version = survey_versions.copy_bundled(session, "customer_experience", now=NOW)
    desk = touchpoints.add_touchpoint(session, name="Help desk", stage="service")
    return touchpoints.add_link(session, desk, channel="qr", team=None, version=version, now=NOW)


def write(session, link, **answers):
    record(
        session,
        link=link,
        submission=new_submission(),
        answers=answers,
        answered_on=date(2026, 11, 2),
    )


def test_comments_stand_without_scores(visitor, session, link):
    """A comment shows its words, day and place, no score, and no mark that nobody sees."""
    write(session, link, recommend=3, comment="Passed \u202eon\u200b <b>twice</b>.")
    write(session, link, recommend=9)

    page = visitor.sign_in(make_staff(session, "cx_manager")).get("/reports/customers/comments")

    (entry,) = page.select(".comments li")
    text = " ".join(entry.text.split())
    assert text == "Passed on <b>twice</b>. 2 November 2026 · Help desk · qr"


def test_older_comments_follow_page_by_page(visitor, session, link):
    """Every comment is on exactly one page, the newest first."""
    for number in range(PAGE + 5):
        write(session, link, comment=f"Number {number}.")
    visitor.sign_in(make_staff(session, "cx_manager"))

    first = visitor.get("/reports/customers/comments")
    older = visitor.get(first.select_one("a.button")["href"])

    pages = [[e.text.split(".")[0] for e in p.select(".comments li")] for p in (first, older)]
    assert pages[0] + pages[1] == [f"Number {number}" for number in reversed(range(PAGE + 5))]
    assert not older.select("a.button")


def test_no_comment_yet(visitor, session):
    """Before the first comment the page says so."""
    visitor.sign_in(make_staff(session, "cx_manager"))

    assert (
        "No customer has written anything yet."
        in visitor.get("/reports/customers/comments").main.text
    )
