"""collector.cli: the exchange by file, one sentence per deed or refusal."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from collector import cli
from collector.folders import KEPT
from surveys.documents import canonical
from surveys.encoding import encode
from tests.collector.conftest import (
    ANSWERS,
    BOTH,
    COUNT_KEY,
    make_guardian,
    make_plan,
    make_store,
    make_wave,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in this process; give its exit status, output and error output."""
    monkeypatch.setenv("HEADWATER_COLLECTOR_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("HEADWATER_COLLECTOR_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("HEADWATER_COLLECTOR_URL", "http://localhost:8001")
    monkeypatch.setenv("HEADWATER_PUBLIC_URL", "http://127.0.0.1:8000")

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["headwater-collector", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, *capsys.readouterr()

    return command


def write(path, document):
    path.write_bytes(canonical(document))
    return path


def prepare(run, folder, **about):
    """Prepare a wave by command and draw up its opening."""
    plan = make_plan(rights=BOTH, **about)
    said = run("prepare", write(folder / "plan.json", plan), "--out", folder / "reply.json")
    assert said[0] == 0, said
    wave = make_wave(plan, json.loads((folder / "reply.json").read_bytes()))
    write(folder / "opening.json", wave.opening)
    write(folder / "issued.json", {"issued": wave.issued})
    return wave


def answer(folder, wave):
    store = make_store(folder)
    for code in wave.codes["g01"]:
        store.submit(wave.key, code, ANSWERS)
    for number in range(8):
        wave.redeem(store, 0, number, ANSWERS)


@pytest.mark.parametrize(
    "program",
    [
        "from collector.program import from_environment; from_environment()",
        "from collector import cli; cli.main()",
        "from app.cli import main; main(['doctor', '--help'], standalone_mode=False)",
    ],
    ids=["worker", "command", "application"],
)
def test_no_program_leaves_its_memory_on_the_disk(tmp_path, program):
    """Keys and opened answers are in it, and a core dump is a copy of it."""
    code = f"""
import resource
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
try:
    {program}
except SystemExit:
    pass
print("limit", resource.getrlimit(resource.RLIMIT_CORE)[0])
"""
    where = {
        "HEADWATER_COLLECTOR_STORE": str(tmp_path / "store"),
        "HEADWATER_COLLECTOR_KEYS": str(tmp_path / "keys"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **where},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "limit 0"


def test_a_wave_lives_its_life_by_file(run, tmp_path):
    """Prepare, load, answer, extend, close, acknowledge, without any HTTP."""
    wave = prepare(run, tmp_path)
    out, issued = tmp_path / "release.json", ("--issued", tmp_path / "issued.json")

    assert run("load", tmp_path / "opening.json") == (0, "Wave 2026-03 is open.\n", "")
    assert "before" in run("load", tmp_path / "opening.json")[1]
    answer(tmp_path, wave)
    assert run("remains")[:2] == (0, "2026-03: runs; its answers are here, sealed.\n")
    assert run("extend", "2026-03", "2026-04-09")[0] == 0
    assert run("close", "2026-03", *issued, "--out", out)[0] == 0
    first = out.read_bytes()
    assert run("close", "2026-03", *issued, "--out", out)[0] == 0
    assert out.read_bytes() == first
    assert json.loads(first)["n_responses"] == 20
    assert run("closed", "2026-03", "--out", tmp_path / "closed.json")[0] == 0
    assert len(json.loads((tmp_path / "closed.json").read_bytes())["receipts"]) == 20
    assert run("acknowledge", "2026-03", sha256(first).hexdigest())[0] == 0
    assert {p.name for p in (tmp_path / "store" / "2026-03").iterdir()} <= KEPT
    over = "2026-03: over; nothing but the closed list and its manifest remains.\n"
    assert run("remains") == (0, over, "")
    (tmp_path / "store" / "2026-03" / "answers.sqlite-wal").write_bytes(b"")
    (tmp_path / "keys" / "2026-03.json.new").write_bytes(b"")
    code, said, _ = run("remains")
    assert code == 1
    assert said.splitlines()[1:] == [
        "  should be gone: answers.sqlite-wal (sealed answers)",
        "  should be gone: 2026-03.json.new (its keys)",
    ]


def test_a_close_waits_for_the_guardians_key_file(run, tmp_path):
    """Without the file it says what it waits for; with it, it goes on."""
    wave = prepare(run, tmp_path, guardian=make_guardian(holds_count_key=True))
    run("load", tmp_path / "opening.json")
    answer(tmp_path, wave)
    close = ("close", "2026-03", "--issued", tmp_path / "issued.json", "--out", tmp_path / "out")

    code, _, said = run(*close)
    assert (code, "guardian" in said) == (1, True)
    (tmp_path / "count.key").write_text(encode(COUNT_KEY) + "\n")
    assert run(*close, "--count-key", tmp_path / "count.key")[0] == 0
    assert json.loads((tmp_path / "out").read_bytes())["n_responses"] == 20


def test_a_wave_is_cancelled_by_command(run, tmp_path):
    """The command says what became of the answers."""
    prepare(run, tmp_path)
    run("load", tmp_path / "opening.json")

    code, said, _ = run("cancel", "2026-03")

    assert (code, said) == (0, "Wave 2026-03 is cancelled; its answers were destroyed unread.\n")


@pytest.mark.parametrize("command", ["load", "prepare"])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"\xff\xfe", "UTF-8"), (b"[]", "table"), (b"{}", "lacks"), (b"", "UTF-8")],
)
def test_a_bad_document_is_one_sentence(run, tmp_path, command, content, sentence):
    """What is no opening or no plan does nothing and says why."""
    (tmp_path / "opening.json").write_bytes(content)

    out = ("--out", tmp_path / "reply.json") if command == "prepare" else ()
    code, _, said = run(command, tmp_path / "opening.json", *out)

    assert code == 1
    assert said.startswith("Error: ")
    assert sentence in said
    assert said.count("\n") == 1


def test_a_wave_nobody_knows_is_one_sentence(run, tmp_path):
    """A refusal of the store leaves no file behind."""
    issued = write(tmp_path / "issued.json", {"issued": {}})
    code, _, said = run("close", "2026-09", "--issued", issued, "--out", tmp_path / "release.json")

    assert (code, said) == (1, "Error: There is no such survey here.\n")
    assert not (tmp_path / "release.json").exists()


def test_serve_refuses_a_shared_host_name(tmp_path):
    """The real command stops at once, in one sentence, when cookies would reach it."""
    ended = subprocess.run(
        [sys.executable, "-m", "collector.cli", "serve", "--port", "1"],
        cwd=ROOT,
        env={
            "HEADWATER_COLLECTOR_STORE": str(tmp_path),
            "HEADWATER_COLLECTOR_KEYS": str(tmp_path / "keys"),
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
