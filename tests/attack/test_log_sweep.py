"""A-8: nothing a request carries about its sender is found anywhere afterwards."""

import secrets

import pytest

from surveys.codes import new_code
from surveys.encoding import decode
from tests.attack.serving import serving
from tests.collector.conftest import BOTH, make_store, open_wave

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
    wave = open_wave(make_store(folder), WAVE, rights=BOTH)
    codes, comment = wave.codes["g01"], new_code()
    ballot = wave.request(0, 0, {"tools": ["4"], "comment": [wanted]})
    other = wave.request(0, 0, {"comment": [marker]})
    stranger = wave.request(0, 1, {})
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
    client = f"/c/{wave.manifest['client_sha256']}"
    with serving(folder, mutant) as server:
        statuses = [
            server.redeem(ballot, **carrier),
            server.redeem(other, **carrier),
            server.redeem(ballot | {marker: marker}, **carrier),
            server.redeem(ballot | {"wave": marker}, **carrier),
            server.redeem(ballot | {"prepared": marker}, **carrier),
            server.redeem(ballot | {"signature": stranger["signature"]}, **carrier),
            server.request("POST", "/anon/submit", '{"' + marker, carrier),
            server.request("GET", f"/anon/manifest/{WAVE}?{marker}", headers=carrier),
            server.request("GET", f"{client}/{marker}", headers=carrier),
            server.request("GET", f"{client}/index.html?{marker}", headers=carrier),
            server.request("POST", f"/anon/open/{WAVE}", marker, carrier),
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
            server.request("GET", f"/threads?{marker}", headers=carrier),
            server.request("POST", "/threads", f"code={comment}&{marker}=", form | carrier),
            server.request("POST", "/threads", f"code={marker}", form | carrier),
            server.request(
                "POST", "/threads/reply", f"code={comment}&reply={marker}", form | carrier
            ),
            server.request("PUT", f"/exchange/waves/{WAVE}/threads", marker, carrier),
        ]
        server.raw(f"{marker} nonsense\r\n\r\n".encode())
        server.raw(f"POST /w/{WAVE} HTTP/1.1\r\nContent-Length: {marker}\r\n\r\n".encode())
        server.raw(f"POST /w/{WAVE} HTTP/1.1\r\nContent-Length: 99\r\n\r\n{marker}".encode())
    assert statuses == [
        *[200, 409, 400, 404, 400, 403, 415, 200, 404, 200, 415],
        *[200, 409, 422, 422, 404, 404, 422, 415, 413, 401, 405],
        *[200, 200, 422, 200, 401],
    ], statuses
    files = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    sealed = decode(ballot["sealed"])[:200]  # a database cuts longer ones into pages
    assert [name for name, content in files.items() if sealed in content] == ["answers.sqlite"], (
        "the sealed answer itself must be found, or the search proves nothing"
    )
    # Not even what was typed lies anywhere: answers are sealed, and codes are digests.
    secret = [marker, wanted, comment, codes[0], ballot["prepared"], ballot["signature"]]
    return {
        name
        for name, content in files.items()
        for text in secret
        if text.encode() in content or text.encode() in content.lower()
    }


def test_no_file_and_no_output_holds_the_marker(tmp_path):
    """User agent, address, path, cookie, broken bodies, ballots, codes, replies leave no trace."""
    assert attack(tmp_path) == set()


@pytest.mark.parametrize(
    ("mutant", "where"), [(CHATTY, "output.txt"), (REMEMBERING, "visits")], ids=["log", "file"]
)
def test_the_sweep_finds_a_collector_that_remembers(tmp_path, mutant, where):
    """An access log and a file of addresses are both found."""
    assert where in attack(tmp_path, mutant)
