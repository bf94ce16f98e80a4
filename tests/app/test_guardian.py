"""`headwater guardian`: keys, checks, signatures and counts, on a machine of its own."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from app.guardian import checks, keys, signing
from app.guardian.checks import Known
from surveys.documents import canonical
from surveys.encoding import decode, encode
from surveys.manifests import is_signed_by_guardian, manifest_sha256, read_manifest, words
from surveys.sealing import public_key_of
from surveys.signing import is_signed
from tests.app.works_council import (
    draw_up,
    headwater,
    make_council,
    own,
    public_of,
    secret_of,
)
from tests.ballots import modulus, modulus_text, rsa_key
from tests.conftest import ROOT
from tests.surveys.waves import changed

PASSPHRASE = "seven calm otters swim"
TODAY = datetime(2026, 3, 1, tzinfo=UTC).date()
N_PEOPLE = 51


@pytest.fixture
def council(tmp_path):
    """The folder of a works council that holds the count key."""
    return make_council(tmp_path, "--hold-count-key")


def problems(text, **known):
    found = checks.check(text, Known(**{"today": TODAY, **known}))
    return [finding.text for finding in found if finding.mark == checks.PROBLEM]


# Keys.


def test_keys_are_made_for_two_readers(tmp_path):
    """The secret file is for the guardian alone; the public one holds no secret."""
    folder = tmp_path / "council"
    output = headwater(
        "guardian", "init", "--name", "Works council", "--out", folder,
        typed=f"{PASSPHRASE}\n{PASSPHRASE}\n",
    )  # fmt: skip

    guardian = keys.unlock(secret_of(folder).read_bytes(), passphrase=PASSPHRASE)
    public = json.loads((folder / "guardian.json").read_bytes())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert secret_of(folder).stat().st_mode & 0o777 == 0o600
    assert public == {
        "schema": "headwater.guardian/1",
        "name": "Works council",
        "key": encode(public_key_of(guardian.private)),
        "sealing_key": encode(public_key_of(guardian.sealing_key)),
        "holds_count_key": False,
    }
    assert encode(guardian.private) not in secret_of(folder).read_text()
    assert keys.words_of(public) in output
    assert PASSPHRASE not in output


def test_another_passphrase_opens_nothing(tmp_path, monkeypatch):
    """Wrong words, changed files and foreign files are one sentence."""
    monkeypatch.setattr(keys, "STRETCHING", {"n": 1 << 10, "r": 8, "p": 1})
    guardian = keys.new_guardian("Works council", holds_count_key=True)
    locked = keys.lock(guardian, passphrase=PASSPHRASE)
    document = json.loads(locked)

    assert keys.unlock(locked, passphrase=PASSPHRASE) == guardian
    for change in (
        {}, {"name": "Somebody"}, {"holds_count_key": False}, {"scrypt": {}}, {"scrypt": None},
        {"scrypt": {**document["scrypt"], "n": 1 << 40}}, {"key": encode(bytes(48))},
    ):  # fmt: skip
        passphrase = PASSPHRASE if change else "another passphrase"
        with pytest.raises(keys.Locked):
            keys.unlock(canonical({**document, **change}), passphrase=passphrase)
    path = tmp_path / "secret.json"
    path.write_bytes(locked)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(draw_up(None))
    output = headwater(
        "guardian", "sign", manifest, "--key", path, "--out", tmp_path / "signed.json",
        typed="another passphrase\n", exit_code=1,
    )  # fmt: skip
    assert output.splitlines()[-1] == "Error: This passphrase does not open the secret file."


def test_a_file_that_asks_for_too_much_work_is_not_tried(monkeypatch):
    """Gigabytes of memory for one passphrase are refused before they are taken."""
    monkeypatch.setattr(keys, "STRETCHING", {"n": 1 << 10, "r": 8, "p": 1})
    guardian = keys.new_guardian("Works council", holds_count_key=False)
    document = json.loads(keys.lock(guardian, passphrase=PASSPHRASE))
    monkeypatch.setattr(keys.hashlib, "scrypt", lambda *a, **k: pytest.fail("it was tried"))

    for name, much in (("n", 1 << 22), ("r", 64), ("p", 64), ("n", 0)):
        asking = {**document, "scrypt": {**document["scrypt"], name: much}}
        with pytest.raises(keys.Locked):
            keys.unlock(canonical(asking), passphrase=PASSPHRASE)


def test_one_letter_typed_in_two_ways_is_one_passphrase(monkeypatch):
    """An accented letter is the same whether a keyboard composes it or not."""
    monkeypatch.setattr(keys, "STRETCHING", {"n": 1 << 10, "r": 8, "p": 1})
    guardian = keys.new_guardian("Works council", holds_count_key=False)

    locked = keys.lock(guardian, passphrase="caf\u00e9 au lait ici")
    assert keys.unlock(locked, passphrase="cafe\u0301 au lait ici") == guardian


@pytest.mark.parametrize("typed", ["too short\ntoo short\n", f"{PASSPHRASE}\nanother one here\n"])
def test_a_weak_or_mistyped_passphrase_makes_no_keys(tmp_path, typed):
    """Under twelve characters, or not the same twice: nothing is written."""
    headwater("guardian", "init", "--name", "X", "--out", tmp_path / "x", typed=typed, exit_code=1)

    assert not (tmp_path / "x").exists()


def test_keys_are_never_overwritten(council):
    """A second init in the same folder is refused, and without a passphrase there is a warning."""
    before = secret_of(council).read_bytes()
    output = headwater(
        "guardian", "init", "--name", "X", "--no-passphrase", "--out", council, exit_code=1
    )

    assert "is there already" in output
    assert secret_of(council).read_bytes() == before
    fresh = headwater("guardian", "init", "--name", "X", "--no-passphrase", "--out", council / "b")
    assert "Warning: whoever gets at the secret file" in fresh


def test_each_wave_has_a_count_key_of_its_own(council):
    """Handing one over opens no other wave, and says nothing of the key that signs."""
    guardian = own(council)

    made = {guardian.count_key(f"wave-{n}") for n in range(3)}
    assert len(made | {guardian.private, guardian.sealing_key}) == 5
    assert guardian.count_key("wave-1") == own(council).count_key("wave-1")


# Checks.


def test_a_sound_manifest_has_no_problem(council):
    """Everything the guardian should look at is a line, and each is fine."""
    public = public_of(council)
    unsigned = draw_up(public)
    before = signing.fill_count_key(unsigned, own(council))
    text = draw_up(public, previous_manifest_sha256=manifest_sha256(before).hex())

    found = checks.check(
        text, Known(today=TODAY, public=public, previous=before, n_people=N_PEOPLE)
    )
    assert [finding.text for finding in found if finding.mark == "PROBLEM"] == []
    said = "\n".join(finding.text for finding in found)
    for part in (
        "2 groups answer by ballot, each with exactly one key", "2 answer by letter",
        "Every group has 8 people or more", "51 people together, as you counted",
        "You are the guardian it names", "the count key, which you hold",
        "follows on the manifest", "comments 10", "Promised. Whom to ask: Works council, room 12",
    ):  # fmt: skip
        assert part in said
    (problem,) = problems(text, public=public, previous=unsigned, n_people=N_PEOPLE)
    assert "from before it was signed" in problem


def shared_prime():
    """A modulus that has one prime in common with that of the first group."""
    of_first, of_another = rsa_key(0).private_numbers(), rsa_key(5).private_numbers()
    return encode((of_first.p * of_another.p).to_bytes(256, "big"))


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        (["groups", 1, "modulus"], lambda: modulus_text(0), "shares its key"),
        (["groups", 1, "modulus"], shared_prime, "shares its key, or a part of it"),
        (["groups", 0, "modulus"], lambda: encode(modulus(0)[:128]), "not an RSA key of 2048"),
        (["groups", 0, "modulus"], lambda: "!", "not an RSA key of 2048"),
        (["groups", 0, "n_eligible"], 7, "has 7 people, fewer than 8"),
        (["thresholds", "k_group"], 4, "Groups of fewer than 5"),
        (["promise", "keep_rosters_days"], 9_999, "for 1 to 400 days"),
        (["thresholds", "k"], 4, "thresholds are not those promised"),
        (["thresholds", "profile"], "loose", "thresholds are not those promised"),
        (["n_eligible"], 60, "but the manifest says 60"),
        (["closes_on"], "2026-02-20", "ends before it begins"),
        (["closes_on"], "soon", "cannot be read"),
        (["collector"], "http://pulse.example.org", "is not encrypted"),
        (["collector"], "https://app.example.org:8443", "on the same host name"),
        (["collector"], "http://[", "cannot be read"),
        (["application"], "javascript://localhost/%0a", "is not encrypted"),
        (["application"], "https:", "is not encrypted"),
        (["guardian"], None, "names no guardian"),
        (["guardian", "name"], "Somebody else", "is not you: name differ"),
        (["count_key_holder"], "collector", "to be held by you, not by the collector"),
        (["count_key"], "AAAA", "not a public key"),
        (["receipt_key"], "AAAA", "not a public key"),
        (["previous_manifest_sha256"], "ab" * 32, "does not follow on"),
        (["groups"], [], "no counting groups"),
        (["groups"], [7], "cannot be read"),
        (["pad"], "x", "cannot be read"),
        (["client_sha256"], ..., "cannot be read"),
        (["schema"], "headwater.manifest/2", "not a manifest of the kind"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_problem(council, path, value, part):
    """Every promise that a manifest breaks is named in a line of its own."""
    text = draw_up(public_of(council), previous_manifest_sha256=sha256(b"{}").hexdigest())
    value = value() if callable(value) else value
    broken = canonical(changed(json.loads(text), path, value)).decode()

    found = problems(broken, public=public_of(council), previous="{}", n_people=N_PEOPLE)
    assert any(part in problem for problem in found), found
    assert problems(text, public=public_of(council), previous="{}", n_people=N_PEOPLE) == []


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"a": 1}', '"\\ud800"', "[" * 100_000])
def test_what_is_no_manifest_is_a_problem(text):
    """Anything may lie in a file."""
    assert len(problems(text)) == 1


@pytest.mark.parametrize("change", [("{", "{ "), ('"pad":', '"pad":1,"pad":')])
def test_another_spelling_is_a_problem(council, change):
    """What is signed are bytes, so there is one spelling of a manifest."""
    text = draw_up(public_of(council)).replace(*change, 1)

    (problem,) = problems(text)
    assert "not written in the one form" in problem


def test_a_group_listed_twice_is_a_problem(council):
    """Exactly one key per group."""
    document = json.loads(draw_up(public_of(council)))
    document["groups"][1]["group"] = document["groups"][0]["group"]

    assert any("is listed twice" in p for p in problems(canonical(document).decode()))


def test_a_wave_that_is_over_and_a_wrong_number_are_problems(council):
    """The day and the number of people are those that the guardian knows."""
    text = draw_up(public_of(council))

    over = datetime(2126, 1, 1, tzinfo=UTC).date()
    assert any("is over" in problem for problem in problems(text, today=over))
    assert any("and you 52" in problem for problem in problems(text, n_people=52))


def test_check_is_a_command(council, tmp_path):
    """The lines are printed; a problem makes the exit code 1."""
    path = tmp_path / "manifest.json"
    path.write_text(draw_up(public_of(council)) + "\n")

    words_ = ("guardian", "check", path, "--public", council / "guardian.json")
    fine = headwater(*words_, "--roster", N_PEOPLE)
    assert "PROBLEM" not in fine
    assert "    20  letter  Phone\n" in fine
    wrong = headwater(*words_, "--roster", 50, exit_code=1)
    assert "PROBLEM  The manifest counts 51 people, and you 50." in wrong


# Signing.


@pytest.fixture
def sign(council, tmp_path):
    """Sign the text of a manifest; give what was printed and the file for the administrator."""
    numbers = iter(range(100))

    def run(text, *options, typed=None, exit_code=0):
        number = next(numbers)
        path, out = tmp_path / f"m{number}.json", council / f"signed{number or ''}.json"
        path.write_text(text)
        output = headwater(
            "guardian", "sign", path, "--key", secret_of(council), "--out", out, *options,
            typed=typed, exit_code=exit_code,
        )  # fmt: skip
        return output, json.loads(out.read_bytes()) if out.exists() else None

    return run


def test_signing_fills_the_count_key_and_signs(council, sign):
    """The administrator gets a complete manifest, signed, with the guardian's count key in it."""
    text = draw_up(public_of(council))

    output, signed = sign(text, typed="y\n")

    document = read_manifest(signed["manifest"])
    assert is_signed_by_guardian(signed["manifest"], signed["signature"])
    assert document == {**json.loads(text), "count_key": document["count_key"]}
    expected = public_key_of(own(council).count_key(document["wave"]))
    assert decode(document["count_key"]) == expected
    assert output.splitlines()[-1] == " ".join(words(manifest_sha256(signed["manifest"])))


def test_no_is_no(sign, council):
    """Nothing is signed, nor noted as signed, unless the guardian says so."""
    _, signed = sign(draw_up(public_of(council)), typed="n\n", exit_code=1)

    assert signed is None
    assert signing.read_signed(council) == []


def test_a_problem_is_never_signed(sign, council):
    """Not even with --yes."""
    document = json.loads(draw_up(public_of(council)))
    document["groups"][1]["modulus"] = document["groups"][0]["modulus"]

    output, signed = sign(canonical(document).decode(), "--yes", exit_code=1)

    assert signed is None
    assert "Nothing was signed." in output


def test_a_foreign_count_key_is_not_signed(sign, council):
    """A count key that is filled in already must be the guardian's own."""
    stranger = keys.new_guardian("Stranger", holds_count_key=True)
    foreign = encode(public_key_of(stranger.count_key("pulse-1")))
    document = {**json.loads(draw_up(public_of(council))), "count_key": foreign}

    output, signed = sign(canonical(document).decode(), "--yes", exit_code=1)

    assert signed is None
    assert "a count key that is not yours" in output


def test_a_second_manifest_of_a_wave_is_never_signed_silently(sign, council):
    """--yes does not answer that question; the same manifest again is no second one."""
    text = draw_up(public_of(council))
    other = draw_up(public_of(council), title="Another pulse")
    sign(text, "--yes")
    _, again = sign(text, "--yes")

    output, refused = sign(other, "--yes", typed="", exit_code=1)
    _, meant = sign(other, "--yes", typed="y\n")

    assert again is not None
    assert "You have signed ANOTHER manifest of this wave before." in output
    assert refused is None
    assert meant is not None
    assert len(signing.read_signed(council)) == 2


def test_the_next_wave_must_follow_on_what_was_signed(sign, council):
    """The list beside the key is the chain: a manifest that hides one before is a problem."""
    _, signed = sign(draw_up(public_of(council)), "--yes")
    before = manifest_sha256(signed["manifest"]).hex()
    follows = {"wave": "pulse-2", "previous_manifest_sha256": before}

    output, hidden = sign(draw_up(public_of(council), wave="pulse-2"), "--yes", exit_code=1)
    _, second = sign(draw_up(public_of(council), **follows), "--yes")

    assert hidden is None
    assert "does not follow on any manifest you signed" in output
    assert second is not None


def test_a_damaged_list_of_signed_manifests_stops(sign, council):
    """Without knowing what was signed, nothing is."""
    (council / signing.SIGNED_FILE).write_text('{"signed": [7]}')

    output, signed = sign(draw_up(public_of(council)), "--yes", exit_code=1)
    assert signed is None
    assert "is not the list of what was signed" in output


def test_the_command_needs_nothing_of_the_application():
    """A guardian's machine has no settings, and loads neither web nor database."""
    program = (
        "import sys; import app.cli.guardian;"
        "print([m for m in ('flask', 'sqlalchemy', 'requests', 'jinja2', 'app.config',"
        " 'app.services', 'collector') if m in sys.modules])"
    )

    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, env={},
        check=True,
    )  # fmt: skip
    assert run.stdout.strip() == "[]"


def test_a_signature_is_over_the_manifest_and_its_purpose(council):
    """The signed bytes begin with what they are for, so no other document can pass for one."""
    guardian, text = own(council), "{}"

    signature = decode(guardian.sign(text))
    assert is_signed(public_key_of(guardian.private), b"headwater manifest v1{}", signature)
    assert not is_signed(public_key_of(guardian.private), b"{}", signature)
