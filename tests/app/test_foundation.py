"""What every page of the application keeps to."""

from datetime import date

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app.database import make_engine
from app.models import Person
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


def test_database_errors_carry_no_values(database_url):
    """What a database says of a broken promise names the promise and nobody's address."""
    engine = make_engine(database_url)
    row = {"name": "A", "email": "ada@example.org", "locale": "en", "is_disabled": False}
    row["started_on"] = date(2026, 1, 1)

    with pytest.raises(IntegrityError) as refused, engine.begin() as connection:
        connection.execute(insert(Person), [row])
        connection.execute(insert(Person), [row])

    engine.dispose()
    assert "ada@example.org" not in str(refused.value)
    assert "ada@example.org" not in repr(refused.value.orig)
    assert "email" in str(refused.value)
