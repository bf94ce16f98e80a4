"""collector.cli: the exchange by file, one sentence per deed or refusal."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from collector import cli
from collector.store import Store
from surveys.documents import canonical
from tests.collector.conftest import ANSWERS, make_opening

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in this process; give its exit status, output and error output."""
    monkeypatch.setenv("HEADWATER_COLLECTOR_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("HEADWATER_COLLECTOR_URL", "http://localhost:8001")
    monkeypatch.setenv("HEADWATER_PUBLIC_URL", "http://127.0.0.1:8000")

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["headwater-collector", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, *capsys.readouterr()

    return command


def test_a_wave_lives_its_life_by_file(run, tmp_path):
    """Load, answer, extend, close, acknowledge, without any HTTP."""
    document, (codes, _) = make_opening()
    (tmp_path / "opening.json").write_bytes(canonical(document))
    out = tmp_path / "release.json"

    assert run("load", tmp_path / "opening.json") == (0, "Wave 2026-03 is open.\n", "")
    assert "before" in run("load", tmp_path / "opening.json")[1]
    for code in codes:
        Store(tmp_path / "store").submit("2026-03", code, ANSWERS)
    assert run("extend", "2026-03", "2026-04-09")[0] == 0
    assert run("close", "2026-03", "--out", out)[0] == 0
    first = out.read_bytes()
    assert run("close", "2026-03", "--out", out)[0] == 0
    assert out.read_bytes() == first
    assert json.loads(first)["n_responses"] == 8
    assert run("acknowledge", "2026-03", sha256(first).hexdigest())[0] == 0
    assert {p.name for p in (tmp_path / "store" / "2026-03").iterdir()} == {"lock", "state.json"}


def test_a_wave_is_cancelled_by_command(run, tmp_path):
    """The command says what became of the answers."""
    (tmp_path / "opening.json").write_bytes(canonical(make_opening()[0]))
    run("load", tmp_path / "opening.json")

    code, said, _ = run("cancel", "2026-03")

    assert (code, said) == (0, "Wave 2026-03 is cancelled; its answers were destroyed unread.\n")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"\xff\xfe", "UTF-8"), (b"[]", "table"), (b"{}", "lacks"), (b"", "UTF-8")],
)
def test_a_bad_opening_is_one_sentence(run, tmp_path, content, sentence):
    """What is no opening opens nothing and says why."""
    (tmp_path / "opening.json").write_bytes(content)

    code, _, said = run("load", tmp_path / "opening.json")

    assert code == 1
    assert said.startswith("Error: ")
    assert sentence in said
    assert said.count("\n") == 1


def test_a_wave_nobody_knows_is_one_sentence(run, tmp_path):
    """A refusal of the store leaves no file behind."""
    code, _, said = run("close", "2026-09", "--out", tmp_path / "release.json")

    assert (code, said) == (1, "Error: There is no such survey here.\n")
    assert not (tmp_path / "release.json").exists()


def test_serve_refuses_a_shared_host_name(tmp_path):
    """The real command stops at once, in one sentence, when cookies would reach it."""
    ended = subprocess.run(
        [sys.executable, "-m", "collector.cli", "serve", "--port", "1"],
        cwd=ROOT,
        env={
            "HEADWATER_COLLECTOR_STORE": str(tmp_path),
            "HEADWATER_COLLECTOR_URL": "http://pulse.example.org:8001",
            "HEADWATER_PUBLIC_URL": "http://pulse.example.org:8000",
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ended.returncode == 1
    assert "cookies do not know ports" in ended.stderr
    assert ended.stderr.count("\n") == 1
