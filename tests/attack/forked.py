"""
A collector that may be killed and started again within milliseconds, on a port that stays.

Run as a program of its own: ``python -m tests.attack.forked FOLDER [MUTANT]``.  It loads
the collector once, listens, and forks the process that serves; what is read from its
standard input is done to that process, and answered with one line each.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from collector import program
from collector.config import Settings
from collector.intake import Intake

ROOT = Path(__file__).resolve().parents[2]
NO_LIMIT = resource.RLIM_INFINITY


def acknowledge_early() -> None:
    """Store a moment after the acknowledgement."""
    really = Intake.put

    def put(self, *entry):
        threading.Timer(0.05, really, (self, *entry)).start()

    Intake.put = put


def pretend_to_store() -> None:
    """Acknowledge also where the store failed."""
    really = Intake.put

    def put(self, *entry):
        with suppress(OSError, sqlite3.Error):
            really(self, *entry)

    Intake.put = put


MUTANTS = {"": lambda: None, "early": acknowledge_early, "pretend": pretend_to_store}


class Silent(WSGIRequestHandler):
    """Answers without a line for each request."""

    def log_request(self, *_: object) -> None:
        """Say nothing."""


def serve(settings: Settings, listening: socket.socket) -> int:
    """Fork a process that serves; give its id."""
    child = os.fork()
    if child:
        return child
    served = program.create_collector(settings)
    server = make_server(
        "127.0.0.1",
        listening.getsockname()[1],
        served,
        threaded=True,
        request_handler=Silent,
        fd=listening.fileno(),
    )
    server.serve_forever()
    os._exit(0)


def kill(child: int) -> None:
    """Kill a process as a power cut would, and wait until it is gone."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def mount(*arguments: str | Path) -> None:
    """Mount something, seen by nobody but this program: it has a name space of its own."""
    subprocess.run(["mount", *map(str, arguments)], check=True)


def main(folder: str, mutant: str = "") -> None:
    """Serve until the standard input ends."""
    MUTANTS[mutant]()
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    store = Path(folder) / "store"
    settings = Settings(collector_store=store, collector_keys=Path(folder) / "keys")
    child = serve(settings, listening)
    print(listening.getsockname()[1], flush=True)
    for line in sys.stdin:
        match line.strip():
            case "kill":
                kill(child)
                child = serve(settings, listening)
            case "stop":
                os.kill(child, signal.SIGSTOP)
            case "go on":
                os.kill(child, signal.SIGCONT)
            case "fill the disk":
                resource.prlimit(child, resource.RLIMIT_FSIZE, (1, NO_LIMIT))
            case "empty the disk":
                resource.prlimit(child, resource.RLIMIT_FSIZE, (NO_LIMIT, NO_LIMIT))
            case "make read-only":
                mount("--bind", store, store)
                mount("-o", "remount,bind,ro", store)
            case "make writable":
                mount("-o", "remount,bind,rw", store)
        print("done", flush=True)
    kill(child)


class Master:
    """The test's hold on the program: where it listens, and what may be done to it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    def tell(self, what: str) -> None:
        """Have something done to the process that serves, and wait until it is done."""
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        assert self._line() == "done"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def forked(folder: Path, mutant: str = "", within: Sequence[str] = ()) -> Iterator[Master]:
    """Run the program over the store and the keys below a folder, within another if need be."""
    with (
        (folder / "output.txt").open("ab") as output,
        subprocess.Popen(
            [*within, sys.executable, "-m", "tests.attack.forked", str(folder), mutant],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        ) as process,
    ):
        try:
            yield Master(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)


if __name__ == "__main__":
    main(*sys.argv[1:])
