"""A real `headwater-collector serve`, or a mutant of it, as a process that tests may kill."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "token-of-the-attack-tests"


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where a collector listens, and what it may leave behind."""

    port: int
    process: subprocess.Popen
    folder: Path

    def request(self, method, path, body=None, headers=None):
        """Send one request on a connection of its own and give its status."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            link.connect()  # who finds nobody has lost the connection, and has no answer to read
            # A server that refuses a large body hangs up while we still send; it has answered.
            with suppress(BrokenPipeError, ConnectionResetError):
                link.request(method, path, body=body, headers=headers or {})
            response = link.getresponse()
            response.read()
            return response.status
        finally:
            link.close()

    def redeem(self, ballot, **headers):
        """Send a ballot with its sealed answers, as the client of a wave does."""
        kind = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
        return self.request("POST", "/anon/submit", json.dumps(ballot), kind | headers)

    def submit(self, wave, code, answers, **headers):
        """Send a form filled in with a letter's code, as a browser does."""
        form = urlencode({"code": code} | answers, doseq=True)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.request("POST", f"/w/{wave}", form, kind | headers)

    def raw(self, content):
        """Send bytes that need not be HTTP."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(content)
            link.settimeout(1)
            with suppress(OSError):
                link.recv(4096)

    def kill(self):
        """Kill the server and its workers at once, as a power cut to the program would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def serving(folder, mutant="", *, under=()):
    """
    Run the collector over `folder`/store; `mutant` is Python run first in every process.

    `under` is the command of a program that runs it, to watch what it does.
    """
    port = _free_port()
    start = f"{mutant}\nimport sys; sys.argv[1:] = ['serve', '--port', '{port}']\n"
    start += "from collector.cli import main; main()"
    settings = {
        "HEADWATER_COLLECTOR_STORE": str(folder / "store"),
        "HEADWATER_COLLECTOR_KEYS": str(folder / "keys"),
        "HEADWATER_COLLECTOR_TOKEN": TOKEN,
        "HEADWATER_COLLECTOR_URL": f"http://localhost:{port}",
        "HEADWATER_PUBLIC_URL": "http://127.0.0.1:8000",
    }
    with (folder / "output.txt").open("ab") as output:
        process = subprocess.Popen(
            [*under, sys.executable, "-c", start],
            cwd=ROOT,
            env=os.environ | settings,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Server(port=port, process=process, folder=folder)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        server.kill()


def _free_port():
    # Below the range that outgoing connections take theirs from.
    for port in range(20_000 + os.getpid() % 5_000, 28_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no free port")


def _wait_until_it_answers(server):
    for _ in range(300):
        assert server.process.poll() is None, (server.folder / "output.txt").read_text()
        with suppress(OSError):
            if server.request("GET", "/healthz") == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the collector did not start")
