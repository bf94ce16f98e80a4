"""`headwater guardian open`: the count key goes to the collector, the counts come back."""

import json
from hashlib import sha256

import pytest

from app.guardian import checks, counts, keys, signing
from surveys.closed import make_closed_list
from surveys.documents import canonical
from surveys.encoding import decode, encode
from surveys.errors import BadDocument, CountKeyNeeded, SealBroken
from surveys.manifests import make_manifest
from tests.app.fake_collector import close, fake_collector, sign_again
from tests.app.guarded_wave import guarded_wave
from tests.app.works_council import draw_up, headwater, make_council, own, public_of, secret_of
from tests.surveys.waves import RECEIPT_PRIVATE, make_plan, make_preparation


@pytest.fixture
def council(tmp_path):
    """The folder of a works council that holds the count key."""
    return make_council(tmp_path, "--hold-count-key")


@pytest.fixture
def wave(council, tmp_path):
    """A wave of the real collector whose guardian holds the count key, open and answered."""
    guardian = json.loads((council / "guardian.json").read_bytes())
    with guarded_wave(tmp_path, guardian) as prepared:
        # Its days are over, which `sign` would rightly refuse.
        text = signing.fill_count_key(prepared.text, own(council))
        signed = json.loads(signing.signed_document(text, own(council)))
        (tmp_path / "signed.json").write_bytes(canonical(signed))
        prepared.answer(prepared.open(signed))
        yield prepared


def test_a_running_wave_gets_no_key(wave, council):
    """While a wave takes answers, nothing is sent, not even with --yes."""
    output = headwater("guardian", "open", wave.address, "--key", secret_of(council), "--yes")

    assert "The wave is not over, so nothing was sent." in output
    with pytest.raises(CountKeyNeeded):
        wave.close()


def test_the_guardian_opens_and_counts(wave, council):
    """The collector waits; the key goes there once, and the counts of each group come back."""
    with pytest.raises(CountKeyNeeded):
        wave.close()

    words_ = ("guardian", "open", wave.address, "--key", secret_of(council))
    refused = headwater(*words_, typed="n\n", exit_code=1)
    opened = headwater(*words_, typed="y\n")
    again = headwater(*words_)

    assert "waits for your count key" in refused
    for output in (opened, again):
        assert "ok       Team t0: 6 answers accepted, 7 ballots issued, 8 eligible." in output
        assert "ok       Team t1: 7 answers accepted, 12 letters printed, 12 eligible." in output
    assert json.loads(wave.close())["n_responses"] == 13


def test_the_key_may_travel_as_a_file(wave, council, tmp_path):
    """Without a connection the key is a file, and the closed list comes as one."""
    with pytest.raises(CountKeyNeeded):
        wave.close()
    signed, out = tmp_path / "signed.json", tmp_path / "count-key"
    closed = tmp_path / "closed.json"
    secret = ("--key", secret_of(council))

    output = headwater("guardian", "open", signed, *secret, "--out", out, "--yes")
    assert "headwater-collector close 2026-03 --count-key count-key" in output
    assert out.stat().st_mode & 0o777 == 0o600
    wave.store.take_count_key("2026-03", decode(out.read_text().strip()))
    closed.write_bytes(wave.store.closed_list("2026-03"))
    assert "6 answers accepted" in headwater(
        "guardian", "open", signed, *secret, "--closed", closed
    )
    assert "Say where the count key goes" in headwater(
        "guardian", "open", signed, *secret, exit_code=1
    )


def test_a_manifest_that_was_not_signed_gets_no_key(wave, council, tmp_path):
    """The key goes nowhere for a manifest of somebody else, or one never signed."""
    stranger = tmp_path / "stranger"
    headwater(
        "guardian", "init", "--name", "X", "--hold-count-key", "--no-passphrase",
        "--out", stranger,
    )  # fmt: skip
    unsigned = tmp_path / "unsigned.json"
    signed = json.loads((tmp_path / "signed.json").read_bytes())
    unsigned.write_text(signed["manifest"])

    words_ = ("guardian", "open", wave.address, "--key", secret_of(stranger))
    assert "names another guardian than you" in headwater(*words_, exit_code=1)
    words_ = ("guardian", "open", unsigned, "--key", secret_of(council), "--out", tmp_path / "k")
    assert "You have not signed this manifest" in headwater(*words_, exit_code=1)


def test_an_early_key_is_asked_for_twice(council, tmp_path):
    """Before the last day, --yes is not enough: the key would open answers as they come."""
    text = signing.fill_count_key(draw_up(public_of(council)), own(council))
    path, out = tmp_path / "signed.json", tmp_path / "count-key"
    path.write_bytes(signing.signed_document(text, own(council)))

    words = ("guardian", "open", path, "--key", secret_of(council), "--out", out, "--yes")
    output = headwater(*words, typed="n\n", exit_code=1)

    assert "which is not over" in output
    assert not out.exists()


def test_a_wave_whose_collector_holds_the_key_has_none_to_send(tmp_path):
    """A guardian who only signs has no key to hand over, and is told so."""
    officer = make_council(tmp_path, name="Data protection officer")
    path = tmp_path / "signed.json"
    path.write_bytes(signing.signed_document(draw_up(public_of(officer)), own(officer)))

    words = ("guardian", "open", path, "--key", secret_of(officer), "--out", tmp_path / "key")
    assert "there is none to send" in headwater(*words, exit_code=1)


def test_a_foreign_count_key_is_not_handed_over(council):
    """A key that is not the one in the manifest would open nothing, so it stays here."""
    document = json.loads(signing.fill_count_key(draw_up(public_of(council)), own(council)))
    text = canonical({**document, "count_key": document["receipt_key"]}).decode()

    with pytest.raises(BadDocument, match="is not yours"):
        counts.count_key(text, own(council))


def test_the_manifest_of_another_wave_gets_no_key(council):
    """A collector that answers with another wave's manifest is not believed."""
    text = signing.fill_count_key(draw_up(public_of(council)), own(council))
    with fake_collector() as fake:
        fake.serve_manifest(text, own(council).sign(text))
        fake.answers["/anon/manifest/pulse-2"] = fake.answers["/anon/manifest/pulse-1"]
        output = headwater(
            "guardian", "open", f"{fake.origin}/w/pulse-2", "--key", secret_of(council), "--yes",
            exit_code=1,
        )  # fmt: skip

    assert "the manifest of another wave" in output
    assert len(fake.requests) == 1


@pytest.fixture
def finished(council):
    """Text and maker of the closed list of a wave that is over."""
    plan = make_plan(rights=("ballot", "ballot"), guardian=public_of(council))
    text = signing.fill_count_key(make_manifest(plan, make_preparation(plan)), own(council))
    return text, plan


@pytest.mark.parametrize(("accepted", "issued"), [(7, 6), (5, 40)])
def test_counts_that_cannot_be_are_problems(council, finished, accepted, issued):
    """More accepted than issued, or issued than eligible, in any single group."""
    text, plan = finished
    groups = plan["groups"]
    # The public list shows no cell at all here: only the guardian can see it.
    made = make_closed_list(
        {**plan, "manifest": text},
        {"closed_on": "2026-03-13", "cells": []},
        accepted={group["group"]: accepted for group in groups},
        issued={
            group["group"]: issued if group["right"] == "ballot" else group["n_eligible"]
            for group in groups
        },
        receipts=[],
        receipt_key=RECEIPT_PRIVATE,
        draw=_fill(),
    )

    found = counts.judge_counts(counts.read_counts(made, text, own(council)), text)
    assert [f.mark for f in found] == ["PROBLEM", "PROBLEM", "ok", "ok"]


def test_counts_of_other_groups_are_problems(council, finished):
    """A group too few, one too many, or with other people than promised is named."""
    text, plan = finished
    read = counts.read_counts(close(text, plan), text, own(council))

    assert not checks.has_problem(counts.judge_counts(read, text))
    for wrong in (
        [*read[:3], {**read[3], "issued": read[3]["issued"] - 1}],
        [{**read[0], "accepted": -1}, *read[1:]],
        read[1:], [*read, read[0]], [{**read[0], "group": "g99"}, *read[1:]],
        [{**read[0], "eligible": read[0]["eligible"] + 1}, *read[1:]],
    ):  # fmt: skip
        assert checks.has_problem(counts.judge_counts(wrong, text))


def test_a_closed_list_that_was_changed_is_not_read(council, finished):
    """Without the collector's signature, or with counts sealed to somebody else: refused."""
    text, plan = finished
    closed = close(text, plan)
    stranger = keys.new_guardian("Stranger", holds_count_key=True)

    with pytest.raises(BadDocument, match="not signed with the receipt key"):
        counts.read_counts({**closed, "title": "Other"}, text, own(council))
    with pytest.raises(BadDocument, match="no counts for the guardian"):
        counts.read_counts(sign_again({**closed, "guardian_counts": None}), text, own(council))
    with pytest.raises(SealBroken):
        counts.read_counts(closed, text, stranger)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        ((500, {}, b"<html>"), "status 500"),
        ((302, {"Location": "http://127.0.0.1:9/"}, b""), "sends its visitors elsewhere"),
        ((200, {}, b"[]"), "not a table"),
        ((404, {}, b'{"error": "There is no such survey here.\\u001b[2J"}'), "no such survey"),
    ],
)
def test_a_collector_that_fails_is_one_sentence(council, answer, part):
    """Whatever the collector answers, nothing is sent and nothing breaks."""
    with fake_collector() as fake:
        plan = make_plan(rights=("ballot",), guardian=public_of(council))
        reply = make_preparation(plan)
        text = signing.fill_count_key(make_manifest(plan, reply), own(council))
        fake.serve_manifest(text, own(council).sign(text))
        fake.answers["/anon/closed/pulse-1"] = answer
        output = headwater(
            "guardian", "open", fake.address, "--key", secret_of(council), "--yes", exit_code=1
        )

    assert part in output
    assert "\x1b" not in output
    assert [path for path, _, _ in fake.requests if "open" in path] == []


def test_the_key_goes_to_the_collector_in_the_address_only(council):
    """What is sent is the count key and nothing else, and never over plain http elsewhere."""
    guardian = own(council)
    with fake_collector() as fake:
        fake.answers["/anon/open/pulse-1"] = 200, {}, b"{}"
        collector = counts.Collector(fake.origin)
        counts.send_count_key(collector, "pulse-1", encode(guardian.count_key("pulse-1")))

    (request,) = fake.requests
    assert json.loads(request[2]) == {"count_key": encode(guardian.count_key("pulse-1"))}
    assert encode(guardian.private) not in str(request)


def _fill():
    counter = iter(range(1_000))
    return lambda length: sha256(str(next(counter)).encode()).digest()[:length]
