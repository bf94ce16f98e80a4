"""`headwater doctor`: what weakens the promise is seen, and what is well is left in peace."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from app.cli import main
from app.config import Settings
from app.doctor import addresses, examination, keeping, live, places
from app.key_folder import TAG
from surveys.documents import canonical
from tests.app.fake_collector import fake_collector
from tests.app.kept_rows import make_released_wave
from tests.factories import make_people, make_team
from tests.surveys.waves import make_guardian

SOUND = Settings(
    secret_key="a secret key for nothing but tests",
    database_url="postgresql+psycopg://hw@db.example.org/hw?sslmode=verify-full",
    public_url="https://app.example.org",
    collector_url="https://pulse.example.org",
    collector_token="token-of-the-tests",
    smtp_url="smtps://mail.example.org",
)


# The doctor does not look into a database that is not there.
NO_DATABASE = replace(SOUND, database_url="sqlite:///nowhere/headwater.db")


def levels(found):
    return [finding.level for finding in found]


def worst(found, part):
    """Find the one finding that says `part`, and give its level."""
    (finding,) = [finding for finding in found if part in finding.seen]
    return finding.level


# Settings.


def test_sound_settings_have_nothing_against_them(tmp_path):
    """Encrypted addresses, a mail server and a guardian: all is well."""
    path = tmp_path / "guardian.json"
    path.write_bytes(_public())

    found = list(addresses.look(replace(SOUND, guardian_file=str(path))))
    assert set(levels(found)) == {"ok"}
    assert worst(found, "The guardian is “Works council”, who does not hold") == "ok"


@pytest.mark.parametrize(
    ("change", "part", "level"),
    [
        ({"public_url": "http://app.example.org"}, "The application has the address", "breaks"),
        ({"collector_url": "http://10.0.0.7:8001"}, "The collector has the address", "breaks"),
        ({"collector_url": "http://localhost:8001"}, "on this machine only", "ok"),
        (
            {"collector_exchange_url": "http://collector.internal:8001"},
            "The exchange with the collector goes to", "weakens",
        ),
        ({"collector_token": "", "collector_exchange_url": "http://c"}, "exchange files", "ok"),
        ({"smtp_url": ""}, "There is no mail server", "weakens"),
        ({"smtp_url": "smtp://mail.example.org"}, "only if the server offers it", "weakens"),
        ({"guardian_file": ""}, "No guardian is named", "weakens"),
        ({"guardian_file": "/nowhere/guardian.json"}, "guardian's file cannot be read", "breaks"),
    ],
)  # fmt: skip
def test_settings_that_weaken_are_named(change, part, level):
    """Each with the level it deserves."""
    assert worst(list(addresses.look(replace(SOUND, **change))), part) == level


def test_a_guardians_secret_on_the_server_breaks_the_promise(tmp_path):
    """The two files were copied together, as people do."""
    (tmp_path / "guardian.json").write_bytes(_public())
    (tmp_path / "guardian-secret.json").write_text("{}")

    found = list(addresses.look(replace(SOUND, guardian_file=str(tmp_path / "guardian.json"))))
    assert worst(found, "secret file lies on this machine") == "breaks"


def test_every_warning_says_why_and_what_to_do(tmp_path):
    """A finding that is not fine has a reason or a remedy, and a weak one has both."""
    weak = replace(
        SOUND, public_url="http://a.example.org", smtp_url="", collector_exchange_url="http://c",
        database_url="postgresql://db.example.org/hw",
    )  # fmt: skip
    found = [
        *addresses.look(weak),
        *places.look(weak, store=tmp_path / "store", collector_keys=tmp_path / "store"),
    ]

    assert {"breaks", "weakens", "unseen"} <= set(levels(found))
    for finding in found:
        assert bool(finding.why) == (finding.level in {"breaks", "weakens"}), finding
        assert bool(finding.remedy) == (finding.level != "ok"), finding


# Folders and files.


@pytest.fixture
def machine(tmp_path):
    """A machine as it should be: data here, keys there, nobody else may read either."""
    for folder in ("data", "store", "keys", "keys/application", "keys/collector"):
        (tmp_path / folder).mkdir(mode=0o700)
    for folder in ("application", "collector"):
        (tmp_path / "keys" / folder / "CACHEDIR.TAG").write_text(TAG)
        (tmp_path / "keys" / folder / "CACHEDIR.TAG").chmod(0o600)
    database = tmp_path / "data" / "headwater.db"
    database.touch(mode=0o600)

    def look(**change):
        settings = replace(
            SOUND,
            database_url=f"sqlite:///{database}",
            key_folder=str(change.pop("key_folder", tmp_path / "keys" / "application")),
        )
        change = {"store": tmp_path / "store", "collector_keys": tmp_path / "keys/collector"} | (
            change
        )
        return list(places.look(settings, **change))

    look.folder = tmp_path
    return look


def test_a_sound_machine_has_nothing_against_it(machine):
    """Everything is there and shut."""
    assert set(levels(machine())) == {"ok"}


def test_keys_beside_data_break_the_promise(machine):
    """A backup of the data must not take the keys along, whichever lies in the other."""
    inside = machine.folder / "data" / "keys"
    inside.mkdir(mode=0o700)

    found = machine(key_folder=inside)
    assert worst(found, "lie in one another") == "breaks"
    assert "breaks" in levels(machine(collector_keys=machine.folder / "store"))
    assert "breaks" in levels(machine(store=machine.folder / "keys" / "application" / "store"))


@pytest.mark.parametrize(
    ("path", "mode", "level"),
    [
        ("data/headwater.db", 0o644, "weakens"), ("store", 0o755, "weakens"),
        ("keys/application", 0o750, "breaks"), ("keys/collector", 0o701, "breaks"),
        ("keys/application/CACHEDIR.TAG", 0o644, "weakens"),
    ],
)  # fmt: skip
def test_what_others_may_read_is_named(machine, path, mode, level):
    """Databases and stores that are open weaken the promise; open keys break it."""
    (machine.folder / path).chmod(mode)

    found = [finding for finding in machine() if finding.level != "ok"]
    assert levels(found) == [level]
    assert path.rpartition("/")[2] in found[0].seen


@pytest.mark.parametrize("tag", [None, "Signature: something else\n"])
def test_keys_that_backups_would_take_are_named(machine, tag):
    """A folder without the tag, or with one that backup programs do not know."""
    path = machine.folder / "keys" / "collector" / "CACHEDIR.TAG"
    path.unlink()
    if tag:
        path.write_text(tag)
        path.chmod(0o600)

    assert worst(machine(), "has no CACHEDIR.TAG") == "weakens"


@pytest.mark.parametrize("name", ["headwater.db.bak", "monday.sql", "data.tar.gz", "outbox.dump~"])
def test_copies_of_the_data_are_named(machine, name):
    """Whatever lies beside the database and looks like a backup."""
    (machine.folder / "data" / name).touch()

    (found,) = [finding for finding in machine() if finding.level != "ok"]
    assert name in found.seen


def test_what_is_elsewhere_is_not_called_fine(machine):
    """A store, keys or a server that cannot be seen from here are unseen."""
    away = machine.folder / "away"
    found = machine(store=away, collector_keys=away / "keys")
    assert levels(found).count("unseen") == 2

    settings = replace(SOUND, database_url="postgresql://db.example.org/hw")
    found = list(places.look(settings, store=away, collector_keys=away / "keys"))
    assert worst(found, "need not be encrypted") == "weakens"
    assert worst(found, "cannot be seen from here") == "unseen"


# The running collector, and signing.


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Server": "nginx"}, ["ok"]),
        ({"Set-Cookie": "a=1"}, ["breaks"]),
        ({"CF-Ray": "8f", "Server": "cloudflare"}, ["weakens"]),
        ({"Via": "1.1 proxy"}, ["weakens"]),
        ({"X-Cache": "MISS", "Age": "0"}, ["weakens"]),
    ],
)
def test_the_collectors_answer_shows_what_is_in_front(headers, expected):
    """Caches and delivery networks give themselves away; cookies break the promise."""
    with fake_collector() as fake:
        fake.answers["/healthz"] = 200, headers, b"{}"
        assert levels(live.look(fake.origin)) == expected


def test_a_collector_that_is_not_there_is_unseen():
    """Whoever does not answer has not been looked at."""
    with fake_collector() as fake:
        assert levels(live.look(fake.origin)) == ["unseen", "ok"]  # 404: is this the collector?
    assert levels(live.look(fake.origin)) == ["unseen"]


def test_signing_without_openssl_weakens(monkeypatch, tmp_path):
    """The doctor says which library signs ballots."""

    def findings():
        return [
            finding
            for finding in examination.examine(
                NO_DATABASE, store=tmp_path / "s", collector_keys=tmp_path / "k", proxy_files=(),
                asks_collector=False,
            )
            if "Ballots are signed by" in finding.seen
        ]  # fmt: skip

    monkeypatch.setattr(examination.blind_signing, "backend", lambda: "OpenSSL 3.0.19")
    assert levels(findings()) == ["ok"]
    monkeypatch.setattr(examination.blind_signing, "backend", lambda: "Python")
    assert levels(findings()) == ["weakens"]


# What is kept too long.


@pytest.mark.database
def test_what_should_have_gone_a_week_ago_is_named(session, settings, keys):
    """For a week the retention may rest; then what was promised is said to be broken."""
    wave = make_released_wave(session, make_people(session, 2, team=make_team(session)))
    gone_on = datetime.now(UTC).date() - timedelta(days=6)
    wave.issuing_ended_at -= wave.issuing_ended_at.date() + timedelta(days=30) - gone_on
    session.commit()

    week = list(keeping.look(settings, backups=None))
    wave.issuing_ended_at -= timedelta(days=2)
    keys.make("w-0123456789", "g-1")
    session.commit()
    later = list(keeping.look(settings, backups=None))

    assert worst(week, "Nothing in the database should have gone") == "ok"
    assert worst(later, "who was eligible in “March”: 2 people should have gone") == "breaks"
    assert worst(later, "does not know: w-0123456789") == "weakens"


@pytest.mark.database
def test_backups_older_than_a_promise_are_named(session, settings, tmp_path):
    """The oldest file of a folder is compared with the shortest time promised."""
    make_released_wave(session, make_people(session, 2, team=make_team(session)))
    session.commit()
    (tmp_path / "backups").mkdir()
    backup = tmp_path / "backups" / "monday.dump"
    backup.write_text("")

    fresh = list(keeping.look(settings, backups=backup.parent))
    days = datetime.now(UTC) - timedelta(days=31)
    os.utime(backup, (days.timestamp(), days.timestamp()))
    old = list(keeping.look(settings, backups=backup.parent))

    assert worst(fresh, "The oldest backup in") == "ok"
    assert worst(old, "The backup monday.dump is of") == "breaks"


# The command.


@pytest.fixture
def doctor(monkeypatch, tmp_path):
    """Run the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("HEADWATER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HEADWATER_SECRET_KEY", SOUND.secret_key)

    def run(*words, exit_code=0):
        result = CliRunner().invoke(main, ["doctor", "--offline", *map(str, words)])
        assert result.exit_code == exit_code, result.output
        return result.output

    return run


def test_the_command_tells_everything_and_adds_up(doctor, tmp_path):
    """A default installation is weakened and not broken; a logging proxy breaks it."""
    path = tmp_path / "pulse.conf"
    path.write_text("server { server_name localhost; proxy_pass http://127.0.0.1:8001; }")

    fine = doctor()
    broken = doctor("--proxy", path, exit_code=1)

    assert fine.splitlines()[-1].startswith("0 break the promise, 2 weaken it")
    assert "breaks" in broken
    assert "requests are written to an access log" in broken


def test_settings_that_do_not_start_break_the_promise(doctor, monkeypatch):
    """One host for both programs stops them, and the doctor says so with exit code 1."""
    monkeypatch.setenv("HEADWATER_COLLECTOR_URL", "http://127.0.0.1:8001")

    output = doctor(exit_code=1)
    assert output.startswith("breaks")
    assert "share a host name" in output


def _public():
    return canonical({"schema": "headwater.guardian/1", **make_guardian()})
