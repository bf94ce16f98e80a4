"""What every page of the application keeps to."""

import pytest

from tests.factories import make_staff

pytestmark = pytest.mark.database


def test_the_sign_of_life_needs_no_sign_in(visitor):
    """A monitor gets 200 from /healthz without an account."""
    assert visitor.fetch("/healthz").text == "ok\n"


def test_strangers_are_sent_to_the_sign_in_page(visitor):
    """Without a sign-in a page leads to the door, which remembers where one was going."""
    assert visitor.fetch("/?x=1", 303).location == "/sign-in?next=/?x%3D1"


def test_one_session_per_test_sees_what_requests_leave(visitor, session):
    """A signed-in person is let in, and the sign-in lives in the database."""
    visitor.sign_in(make_staff(session, "employee"))

    assert visitor.get("/").h1


@pytest.mark.parametrize(
    "address", ["/waves/{}", "/reports/waves/{}", "/reports/waves/{}/comments"]
)
@pytest.mark.parametrize("number", [2**31, 10**20])
def test_a_number_that_no_row_can_have_names_no_page(visitor, session, address, number):
    """Databases refuse such numbers with an error of their own."""
    visitor.sign_in(make_staff(session, "hr"))
    session.commit()

    visitor.get(address.format(number), 404)
