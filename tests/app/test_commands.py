"""The commands that run an installation, and the settings they start with."""

import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app.cli import main
from app.config import Settings
from app.models import Person
from app.services import passwords, people
from tests.conftest import ROOT
from tests.factories import PASSWORD, make_person, make_team

KEY = "a secret key for nothing but tests"


@pytest.fixture
def headwater(database_url, monkeypatch):
    """Run a command on the test's own database."""
    monkeypatch.setenv("HEADWATER_SECRET_KEY", KEY)
    monkeypatch.setenv("HEADWATER_DATABASE_URL", database_url)

    def run(*words, typed=None, exit_code=0):
        result = CliRunner().invoke(main, [str(word) for word in words], input=typed)
        assert result.exit_code == exit_code, result.output
        return result.output

    return run


@pytest.mark.database
def test_the_first_administrator_chooses_a_password(headwater, session):
    """create-admin makes the account; running it again helps who is known already."""
    words = ("user", "create-admin", "Ada@Example.org", "--name", "Ada Bell")

    output = headwater(*words, typed=f"{PASSWORD}\n{PASSWORD}\n")
    headwater(*words, typed=f"{PASSWORD}2\n{PASSWORD}2\n")

    ada = session.scalars(select(Person)).one()
    assert "Ada Bell is an administrator." in output
    assert PASSWORD not in output
    assert passwords.is_password(f"{PASSWORD}2", ada.password_hash)
    assert {grant.role for grant in ada.grants} == {"employee", "administrator"}


@pytest.mark.database
def test_a_weak_password_makes_no_administrator(headwater, session):
    """A refused password leaves nobody behind."""
    output = headwater(
        "user", "create-admin", "ada@example.org", "--name", "Ada",
        typed="password1234\npassword1234\n", exit_code=1,
    )  # fmt: skip

    assert "lists of common passwords" in output
    assert session.scalars(select(Person)).all() == []


@pytest.mark.database
def test_a_printed_link_sets_the_password(headwater, visitor, session):
    """--link and `user link` print an address that works once."""
    headwater("user", "create-admin", "ada@example.org", "--name", "Ada", "--link")
    path = headwater("user", "link", "ada@example.org").strip().partition(":8000")[2]

    visitor.send(path, {"password": PASSWORD})

    assert people.find_by_email(session, "ada@example.org").password_hash


@pytest.mark.database
def test_a_roster_is_imported_after_asking(headwater, session, tmp_path):
    """The command shows what would happen; no is no, yes is all of it."""
    make_person(session, "Gus Hill", team=make_team(session, "Tidewater", key="tidewater"))
    session.commit()
    path = tmp_path / "people.csv"
    path.write_text("email,name,team\neve@example.org,Eve Fox,Tidewater / Sales\n")

    refused = headwater("organisation", "import", path, typed="n\n", exit_code=1)
    before = [person.name for person in session.scalars(select(Person))]
    headwater("organisation", "import", path, "--yes")

    assert "joins     Eve Fox <eve@example.org>, Tidewater / Sales" in refused
    assert "leaves    Gus Hill" in refused
    assert before == ["Gus Hill"]
    session.commit()
    assert people.find_by_email(session, "eve@example.org").memberships[0].team.name == "Sales"


@pytest.mark.database
def test_a_bad_roster_is_refused_with_its_rows(headwater, session, tmp_path):
    """Every bad row is named, nothing is written, and the exit code is 2."""
    path = tmp_path / "people.csv"
    path.write_text("email,name,team\neve,Eve,T\n,Cy,T\n")

    output = headwater("organisation", "import", path, "--yes", exit_code=2)

    assert "Row 2: 'eve' is not an e-mail address" in output
    assert "Row 3: the e-mail address is missing" in output
    assert session.scalars(select(Person)).all() == []


@pytest.mark.database
def test_a_database_without_tables_is_told_apart(headwater, empty_database, monkeypatch):
    """Commands say that the database is not up to date; `migrate` makes it so."""
    monkeypatch.setenv("HEADWATER_DATABASE_URL", empty_database)

    assert "run `headwater migrate`" in headwater("tick", exit_code=1)
    assert "`headwater migrate`" in headwater("user", "link", "a@b.c", exit_code=1)
    headwater("migrate")
    assert "Nobody has the address a@b.c." in headwater("user", "link", "a@b.c", exit_code=1)


@pytest.mark.database
def test_a_worker_stops_when_asked(database_url):
    """The worker looks for what is due and ends with exit code 0 at the first signal."""
    env = {**os.environ, "HEADWATER_SECRET_KEY": KEY, "HEADWATER_DATABASE_URL": database_url}
    worker = subprocess.Popen(
        [sys.executable, "-u", "-m", "app.cli", "worker", "--every", "60"],
        cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with worker:
        first = worker.stdout.readline()
        worker.send_signal(signal.SIGTERM)
        rest = worker.stdout.read()

    assert first == "Looking every 60 seconds for what is due.\n"
    assert rest.endswith("Stopped.\n")
    assert worker.returncode == 0


def test_settings_come_from_the_environment():
    """Variables are read by name and type; the rest are defaults."""
    settings = Settings.from_env(
        {"HEADWATER_SECRET_KEY": KEY, "HEADWATER_TRUSTED_PROXIES": "1", "OTHER": "x"}
    )

    assert settings.trusted_proxies == 1
    assert settings.database_url == "sqlite:///instance/headwater.db"
    assert settings.exchange_url == "http://localhost:8001"


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"HEADWATER_SECRET_KEY": None}, "Set HEADWATER_SECRET_KEY"),
        ({"HEADWATER_SECRET_KEY": "short"}, "too short"),
        ({"HEADWATER_TRUSTED_PROXIES": "many"}, "must be a whole number"),
        ({"HEADWATER_COLLECTOR_URL": "http://127.0.0.1:8001"}, "share a host name"),
    ],
)
def test_bad_settings_stop_the_start(variables, sentence):
    """There is no default secret, and both programs need host names of their own."""
    env = {"HEADWATER_SECRET_KEY": KEY, **variables}

    with pytest.raises(SystemExit, match=sentence):
        Settings.from_env({name: value for name, value in env.items() if value is not None})


@pytest.mark.parametrize(
    "password",
    ["short", "password1234", "Password1234!", "qwertyuiop12", "aaaaaaaaaaaa", "abcdefghijkl",
     "123456789012", "headwater2026", "x" * 129],
)  # fmt: skip
def test_weak_passwords_are_refused(password):
    """Short, endless, common, repeated and running passwords are named as such."""
    with pytest.raises(passwords.Unusable):
        passwords.check_new_password(password)


@pytest.mark.parametrize("password", [PASSWORD, "zwölf Boxkämpfer jagen", "wxyz" * 32])
def test_good_passwords_need_no_rules_of_composition(password):
    """Plain words, any letters and spaces are fine."""
    passwords.check_new_password(password)

    assert passwords.is_password(password, passwords.hash_password(password))
