"""The writer of customers' answers: exactly once, from many threads, through a crash."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.intake import Intake
from app.models import CustomerResponse
from app.services.customer_responses import Entry, new_submission
from benchmarks.customer_load import serving
from tests.app.customers import NOW, count_answers, make_link

pytestmark = pytest.mark.database
CROWD = 16


@pytest.fixture
def intake(app) -> Intake:
    """The intake of the running application."""
    return app.extensions["intake"]


@pytest.fixture
def link(session):
    """An address without a team."""
    link = make_link(session)
    session.commit()
    return link


def entry(link, submission=None, **changes) -> Entry:
    values = {
        "link_id": link.id,
        "team_id": None,
        "submission": submission or new_submission(),
        "answers": {"recommend": 9},
        "answered_on": NOW.date(),
    }
    return Entry(**values | changes)


def put_together(intake, entries) -> list[Exception | None]:
    """Put all entries at one moment, each from a thread of its own."""
    start = threading.Barrier(len(entries))

    def put(one):
        start.wait()
        return intake.put(one)

    with ThreadPoolExecutor(len(entries)) as crowd:
        return [run.exception() for run in [crowd.submit(put, one) for one in entries]]


def test_sixteen_equal_submissions_at_once_are_one_row(intake, session, link):
    """However often and however fast a form is sent, it is one answer."""
    for _ in range(5):
        twin = entry(link)
        assert put_together(intake, [twin] * CROWD) == [None] * CROWD

    assert count_answers(session) == 5


def test_sixteen_customers_at_once_are_sixteen_rows(intake, session, link):
    """Nobody's answer is lost in the crowd, and each keeps its own words."""
    entries = [entry(link, answers={"comment": f"number {n}"}) for n in range(CROWD)]

    assert put_together(intake, entries) == [None] * CROWD

    rows = session.execute(select(CustomerResponse.submission, CustomerResponse.answers))
    stored = dict(rows.all())
    assert stored == {e.submission: dict(e.answers) for e in entries}


def test_an_answer_is_on_file_when_put_returns(intake, session, link):
    """The acknowledgement comes after the commit, so another connection sees the row."""
    for n in range(1, 4):
        intake.put(entry(link))
        assert count_answers(session) == n


def test_one_bad_answer_does_not_take_its_neighbours_with_it(intake, session, link):
    """In a group that cannot be written as one, every good answer is written alone."""
    entries = [entry(link) for _ in range(CROWD - 1)] + [entry(link, link_id=None)]

    *good, bad = put_together(intake, entries)

    assert good == [None] * (CROWD - 1)
    assert isinstance(bad, IntegrityError)
    assert count_answers(session) == CROWD - 1


def test_the_intake_goes_on_after_a_failure(intake, session, link):
    """A refused answer leaves no lock and no transaction behind."""
    with pytest.raises(IntegrityError):
        intake.put(entry(link, link_id=None))

    intake.put(entry(link))

    assert count_answers(session) == 1


def test_two_intakes_on_one_database_lose_nothing(intake, session, link, app):
    """Two processes have two intakes; the lock beside the database keeps them apart."""
    other = Intake(app.extensions["sessions"].kw["bind"])
    shared = [entry(link) for _ in range(4)]
    own = [[entry(link) for _ in range(4)] for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(put_together, writer, mine + shared)
            for writer, mine in zip([intake, other], own, strict=True)
        ]
        assert [run.result() for run in runs] == [[None] * 8] * 2

    assert count_answers(session) == 12


class Unfollowed(HTTPRedirectHandler):
    """Take a redirect as the answer."""

    def redirect_request(self, *args):
        return None


def send(address: str, submission: str) -> bool:
    """Send one form; True if it was acknowledged."""
    form = urlencode({"recommend": "9", "submission": submission}).encode()
    try:
        build_opener(Unfollowed).open(address, form, timeout=10)
    except OSError as error:  # every refusal of urllib is one, redirects included
        return getattr(error, "code", None) == 303
    return False


def test_a_killed_server_loses_no_acknowledged_answer_and_doubles_none(
    database_url, session, visitor, link
):
    """SIGKILL under load: what was acknowledged is there, and sending all again adds no twin."""
    path = f"/s/{link.token}"
    acknowledged, sent = set(), set()

    def customer(address):
        while not stop.is_set():
            submission = new_submission()
            sent.add(submission)
            if send(address, submission):
                acknowledged.add(submission)

    stop = threading.Event()
    with serving(database_url) as (port, server), ThreadPoolExecutor(6) as crowd:
        for _ in range(6):
            crowd.submit(customer, f"http://127.0.0.1:{port}{path}")
        deadline = time.monotonic() + 30
        while len(acknowledged) < 100 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(server.pid, signal.SIGKILL)
        stop.set()
    stored = set(session.scalars(select(CustomerResponse.submission)))
    session.rollback()

    assert len(acknowledged) >= 100
    assert acknowledged <= stored <= sent

    for submission in (sent - acknowledged) | set(sorted(acknowledged)[:10]):
        visitor.post(path, {"recommend": "9", "submission": submission})
    assert count_answers(session) == len(sent)
