"""Signing in: who gets in, for how long, and how slowly those who guess."""

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import Type
from sqlalchemy import select

from app.models import SignIn, SignInFailure
from app.services import accounts, passwords, sign_ins, throttle
from app.services.errors import Throttled
from tests import sharing
from tests.factories import PASSWORD, make_person

pytestmark = [pytest.mark.database, pytest.mark.forms]
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
DOOR = accounts.Door(secret="k" * 32, public_url="http://127.0.0.1", organisation="Tidewater")


def sign_in(visitor, email, password=PASSWORD, status=303, **extra):
    return visitor.send("/sign-in", {"email": email, "password": password, **extra}, status)


@pytest.fixture
def ada(session):
    return make_person(session, "Ada Bell", password=PASSWORD)


def check(session, email, password, *, now=NOW, network="10.0.0.1"):
    return accounts.check_sign_in(
        session, email=email, password=password, network=network, door=DOOR, now=now
    )


def test_the_right_password_leads_to_the_page_one_wanted(visitor, ada):
    """After signing in one arrives where one was going; upper case in the address is no matter."""
    response = sign_in(visitor, ada.email.upper(), next="/account")

    assert response.location == "/account"
    assert "Ada Bell" in visitor.get("/account").main.text


def test_the_cookie_is_out_of_reach(visitor, ada):
    """The cookie is for this site only, not for scripts, and over TLS tied to the host."""
    cookie = sign_in(visitor, ada.email).headers["Set-Cookie"]

    assert cookie.startswith("headwater=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_only_a_hash_of_the_token_is_stored(visitor, session, ada):
    """Whoever reads the table cannot sign in with what stands there."""
    cookie = sign_in(visitor, ada.email).headers["Set-Cookie"]
    token = cookie.split(";")[0].partition("=")[2]

    stored = session.scalars(select(SignIn)).one()

    assert token not in str(vars(stored))
    assert stored.token_digest == sign_ins.digest(token)


def test_a_new_sign_in_has_a_new_token_and_ends_the_old(visitor, session, ada):
    """Signing in again in the same browser leaves one sign-in, with another token."""
    sign_in(visitor, ada.email)
    first = session.scalars(select(SignIn.token_digest)).one()

    sign_in(visitor, ada.email)

    session.commit()
    assert session.scalars(select(SignIn.token_digest)).one() != first


@pytest.mark.parametrize(
    "change",
    [
        {"email": "nobody@example.org"},
        {"password": "not the right one"},
        {"password": ""},
    ],
    ids=["unknown address", "wrong password", "no password"],
)
def test_wrong_credentials_stay_outside(visitor, ada, change):
    """The page comes back with a sentence, and nobody is signed in."""
    credentials = {"email": ada.email, "password": PASSWORD, **change}

    page = visitor.post("/sign-in", credentials, status=422)

    assert page.select_one(".error-summary")
    visitor.fetch("/account", 303)


def test_unknown_address_and_wrong_password_read_alike(visitor, ada):
    """The page does not tell which addresses have accounts."""
    known = visitor.post("/sign-in", {"email": ada.email, "password": "wrong wrong"}, 422)
    unknown = visitor.post("/sign-in", {"email": "x@example.org", "password": "wrong wrong"}, 422)

    assert known.select_one(".error-summary").text == unknown.select_one(".error-summary").text


def test_passwords_are_hashed_as_owasp_asks():
    """Argon2id with 19 MiB, two passes and one lane, or more."""
    assert sharing.hasher.type is Type.ID
    assert sharing.hasher.memory_cost >= 19 * 1024
    assert sharing.hasher.time_cost >= 2


def test_unknown_addresses_cost_a_hash_too(session, monkeypatch):
    """A password is hashed whether or not there is such an account."""
    seen = []
    real = passwords.is_password
    monkeypatch.setattr(
        passwords, "is_password", lambda *given: seen.append(given) or real(*given)
    )

    assert check(session, "nobody@example.org", PASSWORD) is None

    assert seen == [(PASSWORD, None)]
    assert passwords.is_password("the password of nobody at all", None) is False


@pytest.mark.parametrize("column", ["is_disabled", "ended_on", "no password"])
def test_closed_accounts_stay_outside(visitor, session, ada, column):
    """Who is disabled, has left or never set a password cannot sign in."""
    if column == "is_disabled":
        ada.is_disabled = True
    elif column == "ended_on":
        ada.ended_on = datetime.now(UTC).date()
    else:
        ada.password_hash = None

    assert visitor.post("/sign-in", {"email": ada.email, "password": PASSWORD}, 422)


def test_a_sign_in_ends_when_the_account_closes(visitor, session, ada):
    """Disabling somebody takes effect at their next request."""
    visitor.sign_in(ada).get("/account")

    ada.is_disabled = True

    visitor.fetch("/account", 303)


@pytest.mark.parametrize(
    ("idle", "age", "lives"),
    [(29, 29, True), (30, 31, False), (5, 719, True), (5, 720, False)],
)
def test_sign_ins_end_after_half_an_hour_idle_or_half_a_day(session, ada, idle, age, lives):
    """30 minutes without use, or 12 hours in any case."""
    token = sign_ins.start(session, ada, now=NOW)
    row = session.scalars(select(SignIn)).one()
    row.last_seen_at = NOW + timedelta(minutes=age - idle)
    session.flush()

    found = sign_ins.resume(session, token, now=NOW + timedelta(minutes=age))

    assert (found is not None) is lives


def test_use_keeps_a_sign_in_alive(session, ada):
    """Each use moves the end of the idle time."""
    token = sign_ins.start(session, ada, now=NOW)

    for minutes in (20, 40, 60):
        assert sign_ins.resume(session, token, now=NOW + timedelta(minutes=minutes))


def test_guessing_at_one_account_gets_slower_and_never_stops_for_good(session, ada):
    """After five tries waits double up to five minutes; a quiet hour wipes the slate."""
    waits, now = [], NOW
    for _ in range(16):
        for wait in range(400):
            try:
                assert check(session, ada.email, "a wrong guess", now=now) is None
            except Throttled:
                now += timedelta(seconds=1)
            else:
                waits.append(wait)
                break

    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert check(session, ada.email, PASSWORD, now=now + timedelta(minutes=5)) is ada


def test_a_success_wipes_the_account_but_not_the_network(session, ada):
    """Guessing at others cannot be covered up by signing in oneself."""
    for _ in range(4):
        check(session, ada.email, "a wrong guess")
    check(session, ada.email, PASSWORD)

    counts = sorted(session.scalars(select(SignInFailure.n_failures)))

    assert counts == [5]


def test_a_network_that_guesses_at_many_accounts_is_slowed(session):
    """Fifty tries from one network are free, whatever the accounts."""
    for number in range(50):
        check(session, f"person{number}@example.org", "a wrong guess")

    with pytest.raises(Throttled, match="Wait 1 second and"):
        check(session, "another@example.org", "a wrong guess")
    assert check(session, "another@example.org", "a wrong guess", network="10.0.0.2") is None


def test_neither_addresses_nor_networks_are_stored(session, ada):
    """The counters stand under keyed hashes."""
    check(session, ada.email, "a wrong guess")

    rows = [str(vars(row)) for row in session.scalars(select(SignInFailure))]

    assert len(rows) == 2
    assert not [row for row in rows if ada.email in row or "10.0.0.1" in row]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_networks(address, network):
    """An IPv6 subscriber is one network, not four thousand million million."""
    assert throttle.network_of(address) == network


def test_a_throttled_visitor_is_told_how_long_to_wait(visitor, ada):
    """The page says 429 and when to try again."""
    for _ in range(5):
        sign_in(visitor, ada.email, "a wrong guess", status=422)

    page = visitor.post("/sign-in", {"email": ada.email, "password": PASSWORD}, 429)

    assert "Wait 1 second and try again." in page.main.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example",
        "javascript:alert(1)", "/\t/evil.example", "account", " /account",
    ],
)  # fmt: skip
def test_after_signing_in_nobody_is_sent_to_another_site(visitor, ada, target):
    """Only paths on this host are followed; anything else becomes the home page."""
    assert sign_in(visitor, ada.email, next=target).location == "/"


def test_signing_out_ends_the_sign_in_and_the_cookie(visitor, session, ada):
    """After signing out the row is gone and the browser is told to forget."""
    visitor.sign_in(ada)

    response = visitor.send("/sign-out")

    session.commit()
    assert "headwater=;" in response.headers["Set-Cookie"]
    assert session.scalars(select(SignIn)).all() == []
    assert "You are signed out." in visitor.get(response.location).main.text


def test_one_device_can_end_another(new_visitor, session, ada):
    """Sign-ins are listed and can be ended one by one."""
    phone, laptop = new_visitor().sign_in(ada), new_visitor().sign_in(ada)
    first = session.scalars(select(SignIn.id).order_by(SignIn.id)).first()
    assert len(laptop.get("/account").select("tbody tr")) == 2

    laptop.send(f"/account/sign-ins/{first}/end")

    phone.fetch("/account", 303)
    assert len(laptop.get("/account").select("tbody tr")) == 1


def test_nobody_ends_the_sign_ins_of_others(new_visitor, session, ada):
    """Another person's sign-in is left alone."""
    victim, stranger = new_visitor().sign_in(ada), new_visitor().sign_in(make_person(session))
    first = session.scalars(select(SignIn.id).order_by(SignIn.id)).first()

    stranger.send(f"/account/sign-ins/{first}/end")

    victim.get("/account")


def test_signing_out_everywhere_ends_every_sign_in(new_visitor, ada):
    """One button, all devices."""
    phone, laptop = new_visitor().sign_in(ada), new_visitor().sign_in(ada)

    laptop.send("/account/sign-out-everywhere")

    phone.fetch("/account", 303)
    laptop.fetch("/account", 303)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 303),
        ({"Origin": "http://127.0.0.1:8000"}, 303),
        ({}, 303),
    ],
)
def test_writes_from_other_sites_are_refused(visitor, session, ada, headers, status):
    """A form on another site cannot act for somebody who is signed in here."""
    visitor.sign_in(ada)
    session.commit()

    response = visitor.client.post("/account/sign-out-everywhere", headers=headers)

    assert response.status_code == status


def test_over_tls_the_cookie_is_tied_to_the_host(visitor, app, settings, ada):
    """With an https address the cookie is Secure and carries the __Host- prefix."""
    object.__setattr__(settings, "public_url", "https://pulse.example.org")

    response = sign_in(visitor, ada.email)

    assert response.headers["Set-Cookie"].startswith("__Host-headwater=")
    assert "Secure" in response.headers["Set-Cookie"]
    assert "Domain" not in response.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in response.headers
