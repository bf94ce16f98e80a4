"""Who may open what: every route of the application against every role."""

import pytest

from app.models import ROLES
from app.security import EVERYBODY, SIGNED_IN, admitted_roles
from tests.app.conftest import check_html
from tests.factories import make_staff

pytestmark = pytest.mark.database
# What is open to people who are not signed in; anything else must name its roles.
PUBLIC = {
    "static",
    "home.healthz",
    "account.sign_in",
    "account.forgotten",
    "account.link_sent",
    "account.set_password",
}
PUBLIC_FEATURES = {"promise", "respond"}
NOBODY = "999999"


def rules_of(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address_of(app, rule):
    """Fill a rule with names of nothing, so that no deed finds anything to be done to."""
    with app.test_request_context():
        given = rule.defaults or {}
        values = {name: _value(rule, name) for name in rule.arguments - given.keys()}
        return app.url_map.bind("localhost").build(rule.endpoint, values)


def _value(rule, name):
    """Name nothing, or where a rule lists what it takes, the first of the list."""
    listed = getattr(rule._converters[name], "items", None)
    return min(listed) if listed else NOBODY


def rule_of(app, endpoint):
    with app.app_context():
        return admitted_roles(endpoint)


def is_admitted(admits, role):
    return bool(admits & {EVERYBODY, SIGNED_IN, role})


def test_every_route_has_a_rule(app):
    """A view that declares nothing admits nobody, and fails here."""
    undeclared = [r.endpoint for r in rules_of(app) if not rule_of(app, r.endpoint)]

    assert not undeclared


def test_what_is_public_is_on_the_list(app):
    """Nothing becomes public by accident."""
    public = {
        endpoint
        for endpoint in app.view_functions
        if EVERYBODY in rule_of(app, endpoint)
        and endpoint.partition(".")[0] not in PUBLIC_FEATURES
    }

    assert public == PUBLIC


def test_rules_name_known_roles(app):
    """A misspelt role would shut everybody out."""
    named = {role for endpoint in app.view_functions for role in rule_of(app, endpoint)}

    assert named <= {*ROLES, EVERYBODY, SIGNED_IN}


@pytest.mark.parametrize("role", ROLES)
def test_pages_open_to_the_roles_they_name_and_to_no_others(app, visitor, session, role):
    """Each page answers 403 to roles outside its rule, and to those inside anything but that."""
    visitor.sign_in(make_staff(session, role))
    session.commit()

    for rule in rules_of(app):
        if "GET" not in rule.methods:
            continue
        response = visitor.client.get(address_of(app, rule))
        if is_admitted(rule_of(app, rule.endpoint), role):
            assert response.status_code in {200, 303, 404, 410}, (rule, response.status_code)
            check_html(response)
        else:
            assert response.status_code == 403, (rule, response.status_code)


@pytest.mark.parametrize("role", ROLES)
def test_deeds_are_open_to_the_roles_they_name_and_to_no_others(app, visitor, session, role):
    """The same for writes; the form is empty and the object does not exist."""
    person = make_staff(session, role)

    for rule in rules_of(app):
        if "POST" not in rule.methods:
            continue
        visitor.sign_in(person)
        session.commit()
        response = visitor.client.post(address_of(app, rule))
        if is_admitted(rule_of(app, rule.endpoint), role):
            assert response.status_code in {200, 303, 400, 404, 409, 410, 415, 422}, rule
        else:
            assert response.status_code == 403, (rule, response.status_code)


def test_strangers_are_turned_away_from_everything_else(app, visitor):
    """Pages lead a stranger to the sign-in page, deeds are refused with 401."""
    for rule in rules_of(app):
        if EVERYBODY in rule_of(app, rule.endpoint):
            continue
        address = address_of(app, rule)
        if "GET" in rule.methods:
            response = visitor.client.get(address)
            assert response.status_code == 303, rule
            assert response.location.startswith("/sign-in?next="), rule
        if "POST" in rule.methods:
            assert visitor.client.post(address).status_code == 401, rule


def test_administrators_open_no_page_of_results(app):
    """Administrators run the installation and see no results but those everybody sees."""
    closed = {
        endpoint
        for endpoint in app.view_functions
        if endpoint.startswith(("report.", "comments.")) and rule_of(app, endpoint) != {SIGNED_IN}
    }

    assert closed
    for endpoint in closed:
        assert "administrator" not in rule_of(app, endpoint)


def test_a_page_that_breaks_keeps_its_headers_and_says_nothing_of_why(app, visitor, session):
    """A fault inside gives a page with the policy and without the cause."""

    def broken():
        raise RuntimeError("the password is swordfish")

    broken.admits = frozenset({EVERYBODY})
    app.add_url_rule("/broken", "broken", broken)
    app.testing = False

    page = visitor.get("/broken", 500)

    assert "The fault is on our side" in page.main.text
    assert "swordfish" not in str(page)


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/sign-out", 405)])
def test_refusals_are_pages_with_headers(visitor, path, status):
    """Addresses that do not exist and methods that do not fit are answered by pages."""
    visitor.get(path, status)
