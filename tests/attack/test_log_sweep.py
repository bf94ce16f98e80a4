"""A-8: nothing a request carries about its sender is found anywhere afterwards."""

import secrets

import pytest

from collector.store import Store
from tests.attack.serving import serving
from tests.collector.conftest import make_opening

pytestmark = pytest.mark.attack

WAVE = "2026-03"

# Granian as it logs when it is asked to, and otherwise the collector itself.
CHATTY = """
import collector.cli as cli
quiet = cli.Granian
cli.Granian = lambda *args, **options: quiet(*args, **options | dict(
    log_enabled=True, log_access=True,
    log_access_format='%(method)s %(path)s %(query_string)s %(header{user-agent})s'))
"""

REMEMBERING = """
import flask
from collector import program
build = program.create_collector
def create(settings):
    made = build(settings)
    @made.before_request
    def remember():
        with open(settings.collector_store / "visits", "a") as file:
            file.write(flask.request.headers.get("X-Forwarded-For", ""))
    return made
program.create_collector = create
"""


def attack(folder, mutant=""):
    """Send a marker in every place a request has; list the files in which it turns up."""
    marker, wanted = secrets.token_hex(16), secrets.token_hex(16)
    document, (codes, _) = make_opening(WAVE)
    Store(folder / "store").open_wave(document)
    carrier = {
        "User-Agent": marker,
        "X-Forwarded-For": marker,
        "Forwarded": f"for={marker}",
        "Referer": f"http://{marker}.example/",
        "Cookie": f"session={marker}",
        "Accept-Language": marker,
        "X-Request-Id": marker,
    }
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with serving(folder, mutant) as server:
        statuses = [
            server.submit(WAVE, codes[0], {"tools": "4", "comment": wanted}, **carrier),
            server.submit(WAVE, codes[0], {"tools": "1", "comment": marker}, **carrier),
            server.submit(WAVE, marker, {"tools": "4", marker: marker}, **carrier),
            server.submit(WAVE, codes[1], {"tools": marker}, **carrier),
            server.request("GET", f"/{marker}?{marker}", headers=carrier),
            server.request("POST", f"/w/{marker}", marker, form | carrier),
            server.request("POST", f"/w/{WAVE}", b"code=%FF%" + marker.encode(), form),
            server.request("POST", f"/w/{WAVE}", '{"code": "' + marker, carrier),
            server.request("POST", f"/w/{WAVE}", marker * 20_000, form | carrier),
            server.request("PUT", f"/exchange/waves/{WAVE}", marker, carrier),
            server.request(marker.upper(), "/", headers=carrier),
        ]
        server.raw(f"{marker} nonsense\r\n\r\n".encode())
        server.raw(f"POST /w/{WAVE} HTTP/1.1\r\nContent-Length: {marker}\r\n\r\n".encode())
        server.raw(f"POST /w/{WAVE} HTTP/1.1\r\nContent-Length: 99\r\n\r\n{marker}".encode())
    assert statuses == [303, 409, 422, 422, 404, 404, 422, 415, 413, 401, 405], statuses
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert [f.name for f in files if wanted in f.read_bytes().decode("latin-1")] == [
        "answers.sqlite"
    ], "the comment itself must be found, or the search proves nothing"
    found = {f.name for f in files if marker in f.read_bytes().decode("latin-1").lower()}
    return found | {f.name for f in files if codes[0].encode() in f.read_bytes()}


def test_no_file_and_no_output_holds_the_marker(tmp_path):
    """User agent, address, path, cookie, broken bodies and codes leave no trace at all."""
    assert attack(tmp_path) == set()


@pytest.mark.parametrize(
    ("mutant", "where"), [(CHATTY, "output.txt"), (REMEMBERING, "visits")], ids=["log", "file"]
)
def test_the_sweep_finds_a_collector_that_remembers(tmp_path, mutant, where):
    """An access log and a file of addresses are both found."""
    assert where in attack(tmp_path, mutant)
