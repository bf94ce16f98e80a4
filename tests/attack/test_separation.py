"""
A-12: the collector cannot learn who anybody is, and the application takes no answers.

Import contracts say what modules name; here a whole wave is played and what was really
loaded, read and set is looked at: modules, variables of the environment, cookies, and every
part of a request that could tell who sent it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Request, request, session
from werkzeug.datastructures import EnvironHeaders
from werkzeug.routing import AnyConverter, Rule
from werkzeug.test import Client

from app.demo.run import Place
from app.security import public
from collector.config import Settings as CollectorSettings
from collector.program import create_collector
from tests.attack.evidence import left_at
from tests.attack.line import ADDRESS, PUBLIC, TOKEN, Employee, Line, line
from tests.attack.needles import Needles
from tests.collector.conftest import settings_in
from tests.conftest import ROOT

pytestmark = [pytest.mark.attack, pytest.mark.usefixtures("hasty")]

# What knows people, or could reach whoever knows them.
FOREIGN = {
    "app", "analysis", "sqlalchemy", "psycopg", "alembic", "requests", "urllib3", "flask_login",
    "wtforms", "smtplib", "pandas",
}  # fmt: skip
TELLING = {
    "cookie", "user-agent", "referer", "x-forwarded-for", "forwarded", "x-real-ip", "via",
    "accept-language", "from", "x-request-id",
}  # fmt: skip

# A wave of ten, from its preparation to its release, in a process of its own.
WHOLE_WAVE = """
import json, os, sys
from datetime import date
from pathlib import Path

class Watched(dict):
    asked = set()
    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)
    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)

os.environ = Watched(os.environ)
{mutant}
import collector.cli
from collector.program import from_environment
from collector.store import Store
from collector.config import Settings
from tests.collector.conftest import ANSWERS, open_wave
program = from_environment()
store = Store.of(Settings.from_env())
wave = open_wave(store, people=(10,), rights=("ballot",))
client = program.test_client(use_cookies=False)
for number in range(6):
    body = wave.request(0, number, ANSWERS)
    assert client.post("/anon/submit", json=body).status_code == 200
store.close(wave.key, on=date(2026, 4, 1), issued=wave.issued)
assert client.get("/anon/closed/" + wave.key).status_code == 200
asked = [name for name in Watched.asked if name.startswith("HEADWATER_")]
print(json.dumps([sorted(sys.modules), asked]))
"""


def whole_wave(folder: Path, mutant: str = "") -> tuple[set[str], set[str]]:
    """Play it; give the top-level packages that were loaded and the variables asked for."""
    played = subprocess.run(
        [sys.executable, "-c", WHOLE_WAVE.replace("{mutant}", mutant)],
        cwd=ROOT,
        env={
            "PATH": "",
            "HEADWATER_COLLECTOR_STORE": str(folder / "store"),
            "HEADWATER_COLLECTOR_KEYS": str(folder / "keys"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert played.returncode == 0, played.stderr
    modules, asked = json.loads(played.stdout)
    return {name.partition(".")[0] for name in modules}, set(asked)


def test_the_collector_loads_nothing_that_knows_people(tmp_path):
    """A whole wave loads neither application nor database, and asks for its own settings only."""
    loaded, asked = whole_wave(tmp_path)

    assert {"collector", "surveys", "flask", "sqlite3"} <= loaded
    assert loaded & FOREIGN == set()
    own = {f"HEADWATER_{field.name.upper()}" for field in fields(CollectorSettings)}
    assert asked == own
    assert not [name for name in own if "DATABASE" in name or "SECRET" in name or "SMTP" in name]


def test_the_look_at_modules_finds_one_that_was_loaded_by_name(tmp_path):
    """A module loaded late and by name, which no contract on imports sees, is found."""
    mutant = "import importlib; importlib.import_module('app.' + 'models')\n"
    mutant += "os.environ.get('HEADWATER_DATABASE_URL')"

    loaded, asked = whole_wave(tmp_path, mutant)

    assert {"app", "sqlalchemy"} <= loaded & FOREIGN
    assert "HEADWATER_DATABASE_URL" in asked


def test_the_contract_on_imports_stands():
    """The import contract forbids the collector what knows people."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

    forbidden = {
        module
        for contract in contracts["contracts"]
        if contract.get("source_modules") == ["collector"]
        for module in contract["forbidden_modules"]
    }
    assert {"app", "analysis", "sqlalchemy", "requests"} <= forbidden


def test_the_demo_tells_the_collector_nothing_of_people(tmp_path):
    """What `make demo` hands to the collector names no database, no secret and no signing key."""
    place = Place(
        folder=tmp_path,
        host="127.0.0.1",
        collector_host="localhost",
        port=8000,
        collector_port=8001,
    )
    settings = place.settings()

    told = set(place.collector_env(settings).values())

    assert not told & {settings.database_url, settings.secret_key, settings.key_folder}


def watched(program: Flask) -> set[str]:
    """Note from now on which telling parts of its requests a program looks at."""
    seen: set[str] = set()

    class WatchedHeaders(EnvironHeaders):
        def _get_key(self, key: Any) -> str:
            seen.update({str(key).lower()} & TELLING)
            return super()._get_key(key)

        def __iter__(self) -> Any:
            seen.add("all headers")
            return super().__iter__()

    class WatchedRequest(Request):
        @property
        def headers(self) -> EnvironHeaders:
            return WatchedHeaders(self.environ)

        @headers.setter
        def headers(self, value: object) -> None:
            pass

        @property
        def remote_addr(self) -> str | None:
            seen.add("address")
            return self.environ.get("REMOTE_ADDR")

        @remote_addr.setter
        def remote_addr(self, value: object) -> None:
            pass

    program.request_class = WatchedRequest
    return seen


def knock(program: Flask, wave: str, body: dict[str, str]) -> set[str]:
    """Call every route by every method, as somebody with a cookie; give what was set."""
    client, found = Client(program, use_cookies=False), set()
    names = {"wave": wave, "client_sha256": "0" * 64, "name": "index.html"}
    adapter = program.url_map.bind("localhost:8001")
    for rule in program.url_map.iter_rules():
        values = {name: names[name] for name in rule.arguments}
        for method in sorted(rule.methods or ()):
            response = client.open(
                adapter.build(rule.endpoint, values, method=method),
                method=method,
                json=body if method in {"POST", "PUT"} else None,
                base_url=ADDRESS,
                headers={
                    "Cookie": "headwater=secret; session=secret",
                    "User-Agent": "Telling",
                    "Referer": "http://telling.example/",
                    "X-Forwarded-For": "10.9.8.7",
                    "Accept-Language": "cy",
                    "Authorization": f"Bearer {TOKEN}",
                },
            )
            found |= {name for name, _ in response.headers if name.lower() == "set-cookie"}
    return found


@pytest.fixture
def played(tmp_path, database_url):
    with line(tmp_path, database_url) as played:
        yield played


def sent(played: Line) -> dict[str, str]:
    person = played.open([8])[0]
    played.take(person)
    assert played.answer(person, {"tools": ["4"]}).status_code == 200
    return person.body


def test_the_collector_looks_at_nothing_that_tells_who_sends(played):
    """No route of any blueprint reads a cookie, a browser's name or an address, or sets any."""
    body, seen = sent(played), watched(played.collector)

    assert knock(played.collector, played.wave, body) == set()
    assert seen == set()


def test_everything_anonymous_stands_in_one_blueprint(tmp_path):
    """Routes under /anon and /c belong to the blueprint without cookies; no secret key exists."""
    program = create_collector(settings_in(tmp_path))

    elsewhere = [
        rule.rule
        for rule in program.url_map.iter_rules()
        if rule.rule.startswith(("/anon/", "/c/")) and not rule.endpoint.startswith("anon.")
    ]
    assert elsewhere == []
    assert program.secret_key is None
    assert program.static_folder is None


def keeps_sessions(program: Flask) -> None:
    program.secret_key = "a key"
    program.before_request(lambda: session.update(visited=True))


def reads_addresses(program: Flask) -> None:
    program.before_request(lambda: None if request.remote_addr else None)


def reads_browsers(program: Flask) -> None:
    program.before_request(lambda: None if request.user_agent.string else None)


@pytest.mark.parametrize(
    ("mutate", "found"),
    [
        (keeps_sessions, {"Set-Cookie"}),
        (reads_addresses, {"address"}),
        (reads_browsers, {"user-agent"}),
    ],
)
def test_the_knock_finds_a_collector_that_looks(played, mutate: Callable[[Flask], None], found):
    """A session, a look at the address and one at the browser are each seen."""
    body = sent(played)
    mutate_early(played.collector, mutate)
    seen = watched(played.collector)

    cookies = knock(played.collector, played.wave, body)

    assert found <= cookies | seen


def mutate_early(program: Flask, mutate: Callable[[Flask], None]) -> None:
    program._got_first_request = False
    mutate(program)


MARKER = "Marker of an answer 5c1f"


def value_of(rule: Rule, name: str, wave: str) -> str | int:
    """Give a part of an address something that may stand there."""
    converter = rule._converters[name]
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return wave if "wave_key" in name else 1


def send_everywhere(played: Line, person: Employee, routes: list[Rule]) -> None:
    """Send an employee's answer to routes of the application, as a form and as JSON."""
    sealed = played.form(person.ballot, {})
    form = {"tools": "4", "comment": MARKER, "wave": played.wave, "title": "Title"}
    client = Client(played.app, use_cookies=False)
    adapter = played.app.url_map.bind("127.0.0.1:8000")
    for rule in routes:
        # Signed in anew each time: some routes end the sign-in.
        headers = {"Cookie": f"headwater={played.sign_in(person)}"}
        for method in sorted({"POST", "PUT", "PATCH"} & (rule.methods or set())):
            values = {name: value_of(rule, name, played.wave) for name in rule.arguments}
            path = adapter.build(rule.endpoint, values, method=method)
            request = {"method": method, "base_url": PUBLIC, "headers": headers}
            client.open(path, data=form, **request)
            client.open(path, json=sealed | form, **request)


def holding_the_answer(played: Line) -> set[str]:
    """Name the files and tables of both programs in which the answer turns up."""
    needles = Needles()
    needles.add("answer", 0, MARKER)
    left = left_at(played.folder, url=str(played.app.config["SETTINGS"].database_url))
    found = {name for name, content in left.files.items() if any(needles.found_in(content))}
    return found | {
        table.name
        for table in left.tables
        if any(any(needles.found_in(str(row).encode())) for row in table.rows)
    }


def test_no_route_of_the_application_takes_an_employees_answer(new_database, tmp_path):
    """An answer sent to every route that writes is kept by none, and found where one keeps it."""
    with line(tmp_path, new_database(tmp_path / "app")) as played:

        @public
        def take() -> str:
            with (tmp_path / "app" / "answers.txt").open("a") as kept:
                kept.write(request.form.get("comment", ""))
            return ""

        played.app.add_url_rule("/answers", "planted", take, methods=["POST"])
        person = played.open([8])[0]
        assert played.take(person).status_code == 200
        rules = [r for r in played.app.url_map.iter_rules() if "POST" in (r.methods or ())]
        routes = [rule for rule in rules if rule.endpoint != "planted"]
        assert len(routes) > 30

        send_everywhere(played, person, routes)
        assert holding_the_answer(played) == set()

        send_everywhere(played, person, [r for r in rules if r.endpoint == "planted"])
        assert holding_the_answer(played) == {"answers.txt"}
