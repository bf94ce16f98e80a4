"""`headwater verify`: a collector that lies is found out by anybody who asks."""

import json
import shutil
import subprocess
import sys
from hashlib import sha256
from itertools import cycle

import pytest
from click.testing import CliRunner

from app import verify
from app.cli import main
from surveys.documents import canonical
from surveys.encoding import encode
from surveys.manifests import manifest_sha256, words
from tests.app.fake_collector import (
    PREVIOUS,
    client_files,
    close,
    fake_collector,
    path_of,
    plan_with_guardian,
    receipt_file,
    signature_of,
    verified,
)
from tests.app.guarded_wave import guarded_wave
from tests.ballots import modulus_text
from tests.conftest import ROOT
from tests.surveys.waves import changed, make_guardian, make_plan


@pytest.fixture
def collector():
    """A collector that serves an honest wave, until a test changes it."""
    with fake_collector() as fake:
        fake.text = fake.promise()
        yield fake


def test_an_honest_wave_fits(collector):
    """While a wave runs, everything fits and nothing is left unchecked."""
    found = verified(collector.address)

    assert found["MISMATCH"] == found["NOT CHECKED"] == []
    assert "Asked 3 times, the collector gave one manifest." in found["ok"]
    assert "Its guardian, “Works council”, signed it." in found["ok"]
    assert "Promised contact: Works council, room 12" in found["note"]
    assert "Promised keep results months: 36" in found["note"]
    assert "The page's address is the hash of its list of files." in found["ok"]
    assert "The page loads these files and nothing else." in found["ok"]
    assert "There is no closed list yet: This survey still takes answers." in found["note"]


def test_every_form_of_the_address_leads_to_the_wave(collector):
    """The wave's page, its survey and its manifest are one wave."""
    for path in ("/w/pulse-1", path_of(collector.text, "index.html"), "/anon/manifest/pulse-1"):
        assert verified(collector.origin + path)["MISMATCH"] == []


def test_what_others_have_is_compared(collector, tmp_path):
    """Words, copies, the guardian's file and the manifest before fit, or are said not to."""
    said = " ".join(words(manifest_sha256(collector.text)))
    own, before = tmp_path / "guardian.json", tmp_path / "before.json"
    own.write_text(json.dumps({"schema": "headwater.guardian/1", **make_guardian()}))
    before.write_text(PREVIOUS)
    copy, other = tmp_path / "copy.json", tmp_path / "other.json"
    verified(collector.address, "--save", copy)
    other.write_text(json.dumps({**json.loads(collector.text), "title": "Other"}))

    options = ("--manifest", copy, "--guardian", own, "--previous", before)
    assert verified(collector.address, *options, "--fingerprint", said.upper())["MISMATCH"] == []
    for option in (
        ("--manifest", other), ("--previous", other), ("--fingerprint", said.replace("o", "a", 1)),
    ):  # fmt: skip
        assert len(verified(collector.address, *option, exit_code=1)["MISMATCH"]) == 1, option
    own.write_text(json.dumps({**make_guardian(), "key": make_guardian()["sealing_key"]}))
    assert len(verified(collector.address, "--guardian", own, exit_code=1)["MISMATCH"]) == 1


def test_a_manifest_from_before_its_signature_is_named_as_such(collector, tmp_path):
    """One without its count key has another digest; that is a wrong file and no mismatch."""
    unfinished = tmp_path / "manifest.json"
    unfinished.write_text(json.dumps({**json.loads(collector.text), "count_key": None}))

    for option in ("--previous", "--manifest"):
        found = verified(collector.address, option, unfinished, exit_code=1)
        assert found["MISMATCH"] == []
        assert f"{unfinished} was never signed" in found["NOT CHECKED"][0]


def test_a_saved_receipt_is_checked(collector, tmp_path):
    """The file carries the collector's signature; changed, or of another manifest, it is none."""
    saved = receipt_file(collector.text)
    own = tmp_path / "receipt.json"
    own.write_text(json.dumps(saved))
    signed = "The collector signed under this manifest that it stored what your receipt is of."
    assert signed in verified(collector.address, "--receipt", own)["ok"]
    collector.serve_closed(close(collector.text))
    found = verified(collector.address, "--receipt", own)
    assert {signed, "Your receipt is among them."} <= set(found["ok"])

    for change in (
        {"receipt": encode(b"\xff" * 32)}, {"sealed_sha256": "00" * 32},
        {"acknowledgement": receipt_file(collector.text + " ")["acknowledgement"]},
    ):  # fmt: skip
        own.write_text(json.dumps({**saved, **change}))
        found = verified(collector.address, "--receipt", own, exit_code=1)
        assert f"Not so: {signed}" in found["MISMATCH"], change
    for junk in ("[]", "{}", "\ud800", json.dumps({**saved, "sealed_sha256": "x"})):
        own.write_text(junk, encoding="utf-8", errors="surrogatepass")
        assert verified(collector.address, "--receipt", own, exit_code=1)["MISMATCH"]
    gone = verified(collector.address, "--receipt", tmp_path / "nowhere", exit_code=1)
    assert "Your receipt: " in gone["NOT CHECKED"][0]


@pytest.mark.attack
def test_a_second_manifest_is_seen(collector):
    """A-10: a collector that gives every second visitor other keys is caught."""
    answers = [collector.answers["/anon/manifest/pulse-1"]]
    other = changed(json.loads(collector.text), ["groups", 0, "modulus"], modulus_text(7))
    text = canonical(other).decode()
    envelope = {"manifest": text, "signature": signature_of(text), "closes_on": "2026-03-13"}
    answers.append((200, {}, canonical(envelope)))
    collector.answers["/anon/manifest/pulse-1"] = cycle(answers).__next__

    (found,) = verified(collector.address, exit_code=1)["MISMATCH"]
    for each in (collector.text, text):
        assert " ".join(words(manifest_sha256(each))) in found


@pytest.mark.parametrize("signature", [None, "", "A" * 86, signature_of("another")])
def test_a_manifest_that_the_guardian_did_not_sign(collector, signature):
    """No signature, no signature at all, or one of something else."""
    collector.serve_manifest(collector.text, signature)

    found = verified(collector.address, exit_code=1)["MISMATCH"]
    assert found == ["Not so: Its guardian, “Works council”, signed it."]


def test_another_promise_is_not_what_was_signed(collector, tmp_path):
    """Whoever changes a word of it after signing is caught by signature and by comparing."""
    own = tmp_path / "own.json"
    verified(collector.address, "--save", str(own))
    document = changed(json.loads(collector.text), ["promise", "keep_results_months"], 37)
    text = canonical(document).decode()
    collector.serve_manifest(text, signature_of(collector.text))

    found = verified(collector.address, "--manifest", str(own), exit_code=1)["MISMATCH"]

    assert "Not so: Its guardian, “Works council”, signed it." in found
    assert f"Not so: {own} is the same manifest." in found


def test_a_wave_without_a_guardian_leaves_comparing(collector, tmp_path):
    """Then nothing is signed; whoever knows of a guardian is told so."""
    plan = make_plan(rights=("ballot", "ballot"))
    collector.promise(plan, files=client_files(guardian=""))
    own = tmp_path / "guardian.json"
    own.write_text(json.dumps(make_guardian()))

    assert any("Nobody signed it" in text for text in verified(collector.address)["note"])
    assert len(verified(collector.address, "--guardian", own, exit_code=1)["MISMATCH"]) == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["groups", 1, "modulus"], modulus_text(0)),
        (["groups", 0, "modulus"], encode(b"\x7f" + b"\xff" * 255)),
        (["groups", 0, "modulus"], encode(b"\xff" * 128)),
        (["groups", 0, "modulus"], encode(b"\xff" * 255 + b"\xfe")),
        (["groups", 0, "right"], "password"),
        (["groups", 2, "modulus"], modulus_text(2)),
        (["groups", 2, "group"], "g1"),
        (["groups", 0, "n_eligible"], 4),
        (["thresholds", "k"], 2),
        (["thresholds", "k_group"], 4),
        (["thresholds", "k_comment"], 5),
        (["n_eligible"], 1_000),
        (["collector"], "https://elsewhere.example.org"),
        (["wave"], "pulse-2"),
    ],
)
def test_a_manifest_that_promises_less(collector, path, value):
    """Keys, numbers, thresholds and address are judged, whoever signed them."""
    document = changed(json.loads(collector.text), path, value)
    if path == ["groups", 2, "group"]:
        document["groups"][2]["group"] = document["groups"][0]["group"]
    text = canonical(document).decode()
    collector.serve_manifest(text, signature_of(text))

    assert verified(collector.address, exit_code=1)["MISMATCH"]


def test_a_group_smaller_than_promised(collector):
    """Numbers that add up are not enough: each group has as many people as promised."""
    document = json.loads(collector.text)
    first, second = document["groups"][:2]
    first["n_eligible"], second["n_eligible"] = 7, first["n_eligible"] + second["n_eligible"] - 7
    text = canonical(document).decode()
    collector.serve_manifest(text, signature_of(text))

    (found,) = verified(collector.address, exit_code=1)["MISMATCH"]
    assert found == "Not so: Each has 8 people or more, and all have 51."


@pytest.mark.parametrize("change", [("{", "{ "), ('"pad":', '"pad":1,"pad":')])
def test_a_manifest_in_another_spelling(collector, change):
    """Every manifest has one form, or two people could compare different things."""
    text = collector.text.replace(*change, 1)
    collector.serve_manifest(text, signature_of(text))

    (found,) = verified(collector.address, exit_code=1)["MISMATCH"]
    assert found == "Not so: It is written in its one form."


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b"7", b'"text"', b"\xff", b"{}", b"[" * 100_000,
        b'{"manifest": 7, "signature": null}', b'{"manifest": "{}", "signature": null}',
        b'{"manifest": "null", "signature": []}', b'{"manifest": "\\ud800", "signature": ""}',
        b'{"manifest": "{\\"groups\\": 3, \\"thresholds\\": []}", "signature": ""}',
    ],
)  # fmt: skip
def test_junk_is_a_mismatch(collector, body):
    """What is no document ends in a sentence, not in a trace."""
    collector.answers["/anon/manifest/pulse-1"] = 200, {}, body

    assert verified(collector.address, exit_code=1)["MISMATCH"]


@pytest.mark.parametrize("field", ["groups", "thresholds", "guardian", "client_sha256"])
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [7], {"k": "x"}])
def test_a_manifest_of_another_shape_never_fits(collector, field, value):
    """Any field may hold anything, and verify says so and ends."""
    if (field, value) == ("guardian", None):
        value = "nobody"
    text = canonical({**json.loads(collector.text), field: value}).decode()
    collector.serve_manifest(text, signature_of(text))

    found = verified(collector.address, exit_code=1)
    assert found["MISMATCH"] or found["NOT CHECKED"]


@pytest.mark.parametrize("path", ["/anon/manifest/pulse-1", "files.json", "/anon/closed/pulse-1"])
def test_answers_without_end_are_cut_off(collector, monkeypatch, path):
    """More than the limit is not read, and said."""
    monkeypatch.setattr(verify, "MOST_BYTES", 20_000)
    path = path if path.startswith("/anon") else path_of(collector.text, path)
    collector.answers[path] = 200, {}, b" " * 30_000

    (found,) = verified(collector.address, exit_code=1)["NOT CHECKED"]
    assert "sends more than" in found


@pytest.mark.parametrize("path", ["/anon/manifest/pulse-1", "answer.js"])
def test_redirects_are_not_followed(collector, path):
    """Nothing is fetched from the place to which the collector sends its visitors."""
    path = path if path.startswith("/anon") else path_of(collector.text, path)
    with fake_collector() as elsewhere:
        elsewhere.promise()
        collector.answers[path] = 302, {"Location": elsewhere.origin + path}, b""
        (found,) = verified(collector.address, exit_code=1)["NOT CHECKED"]

    assert "sends its visitors elsewhere" in found
    assert elsewhere.requests == []


def test_a_collector_that_is_not_there():
    """Nobody at the address is a sentence and exit code 1."""
    with fake_collector() as gone:
        address = gone.address
    (found,) = verified(address, exit_code=1)["NOT CHECKED"]

    assert "could not be reached" in found


@pytest.mark.parametrize(
    "address",
    [
        "pulse.example.org/w/pulse-1", "ftp://127.0.0.1/w/pulse-1", "http://pulse.example.org/w/a",
        "https://127.0.0.1/", "https://me@127.0.0.1/w/pulse-1", "file:///w/pulse-1",
        "https://127.0.0.1/w/../x", "http://[::1/w/a",
    ],
)  # fmt: skip
def test_other_addresses_are_refused(address):
    """Only https, or this very machine, and only the address of a wave: else nobody is asked."""
    with pytest.raises((verify.NoAnswer, ValueError)):
        verify.read_address(address)

    assert verified(address, exit_code=1)["ok"] == []


def test_nobody_in_particular_asks(collector):
    """No request carries a cookie, a name, or where it comes from; each is a new connection."""
    verified(collector.address)

    assert len(collector.requests) > 8
    for _, headers, _ in collector.requests:
        assert headers["Connection"] == "close"
        assert not {"Cookie", "Authorization", "Referer", "From"} & headers.keys()


def test_a_cookie_is_a_mismatch(collector):
    """A collector that marks its visitors is found out."""
    status, _, content = collector.answers["/anon/manifest/pulse-1"]
    collector.answers["/anon/manifest/pulse-1"] = status, {"Set-Cookie": "a=1"}, content

    assert verified(collector.address, exit_code=1)["MISMATCH"] == [
        "Not so: No answer set a cookie."
    ]


def test_nothing_from_a_document_steers_the_terminal(collector, capsys):
    """Control characters in a title are shown as question marks."""
    text = collector.promise(title="Pulse\x1b[2J\rok")
    assert "\\u001b" in text

    verify.main([collector.address])

    assert "“Pulse?[2J?ok”" in capsys.readouterr().out


def test_the_file_alone_is_enough(collector, tmp_path):
    """A copy of the one file, with nothing of ours to import, checks everything."""
    copy = shutil.copy(ROOT / "app" / "verify.py", tmp_path / "verify.py")

    run = subprocess.run(
        [sys.executable, "-I", copy, collector.address],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip

    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    assert "guardian, “Works council”, signed it." in run.stdout


def test_without_cryptography_signatures_are_left_open(collector, tmp_path):
    """Hashes and counts are compared all the same, and the exit code says it is not enough."""
    copy = shutil.copy(ROOT / "app" / "verify.py", tmp_path / "verify.py")
    collector.serve_closed(close(collector.text))
    program = (
        "import sys, runpy; sys.modules['cryptography'] = None;"
        f"sys.argv = ['verify', {collector.address!r}];"
        f"runpy.run_path({str(copy)!r}, run_name='__main__')"
    )

    run = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stderr) == (1, ""), run.stdout
    assert run.stdout.count("NOT CHECKED") == 2
    assert "MISMATCH" not in run.stdout
    assert "accepted ≤ issued ≤ eligible" in run.stdout


def test_the_command_does_the_same(collector):
    """`headwater verify` hands its words on, and the exit code back."""
    fits = CliRunner().invoke(main, ["verify", collector.address])
    lies = CliRunner().invoke(main, ["verify", collector.address, "--fingerprint", "velan tibor"])

    assert (fits.exit_code, lies.exit_code) == (0, 1), fits.output + lies.output
    assert "usage: " in CliRunner().invoke(main, ["verify", "--help"]).output


def test_both_sides_write_alike(collector):
    """The stand-alone file says the words that the programs say, and reads what they write."""
    document = plan_with_guardian()

    assert verify.words(b"wave") == " ".join(words(sha256(b"wave").digest()))
    assert verify.canonical(document) == canonical(document)
    assert verify.decode(encode(b"\xfe" * 65), 65) == b"\xfe" * 65
    for text in ("AA==", "A", "AB", "A A", 7, None):
        assert verify.decode(text, 1) == b""


def test_the_real_collector_fits(tmp_path):
    """The collector as it is: while a wave runs, and after it, with somebody's receipt."""
    with guarded_wave(tmp_path, make_guardian()) as wave:
        opened = wave.open({"manifest": wave.text, "signature": signature_of(wave.text)})
        for path in ("", f"/c/{opened.manifest['client_sha256']}/index.html"):
            found = verified(wave.origin + path if path else wave.address)
            assert any("no closed list yet" in text for text in found["note"])
        receipt = encode(wave.answer(opened))
        wave.close()
        found = verified(wave.address, f"--receipt={receipt}")

    assert found["MISMATCH"] == found["NOT CHECKED"] == []
    assert {"Your receipt is among them.", "No answer set a cookie."} <= set(found["ok"])
