"""
A-1 and A-2: ballots made by the browser's code, against published vectors and against Python.

Clients that depart in one step must fail the same comparison.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from surveys import sealing
from surveys.ballots import is_signed, public_key, receipt_of
from surveys.encoding import decode, encode
from surveys.manifests import begin_ballot, make_manifest, manifest_sha256, receipt_message
from surveys.signing import sign
from tests.ballots import rsa_key, sign_blinded
from tests.browser.modules import Changes, open_modules
from tests.collector.conftest import make_plan
from tests.conftest import ROOT

pytestmark = [pytest.mark.attack, pytest.mark.browser]

VECTORS = ROOT.parent / "shared" / "data" / "rfc9474_vectors.json"
KEY = sealing.derive_private_key(b"tests", b"count key of the browser tests")
RECEIPT_KEY = sealing.derive_private_key(b"tests", b"receipt key of the browser tests")
PAD = 600
FIELDS = {"tools": ["4"], "what_helps": ['Größere Räume 🌿 "bitte"\n\\']}


RUN_VECTORS = """
async vectors => {
  const {blind, finishBallot} = await import('./ballot.js');
  const bytes = hex => Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16));
  const hex = all => Array.from(all, byte => byte.toString(16).padStart(2, '0')).join('');
  const failed = [];
  for (const v of vectors) {
    const begun = await blind(bytes(v.prepared_msg), {
      modulus: bytes(v.n), salt: bytes(v.salt), factor: BigInt('0x' + v.factor),
    });
    if (hex(begun.blinded) !== v.blinded_msg) failed.push(v.name + ': blinded');
    try {
      if (hex(finishBallot(begun, bytes(v.blind_sig))) !== v.sig) failed.push(v.name + ': sig');
    } catch (error) { failed.push(v.name + ': ' + error.message); }
  }
  return failed;
}
"""


def failed_vectors(browser: Browser, changes: Changes | None = None) -> list[str]:
    """Run the vectors of RFC 9474 in the browser and list what differs."""
    if not VECTORS.exists():
        pytest.skip("the vectors of RFC 9474 are not beside the project, so A-1 was not run")
    vectors = json.loads(VECTORS.read_text())["vectors"]
    assert len(vectors) == 4
    for vector in vectors:
        n = int(vector["n"], 16)
        # The vectors give the inverse of the blinding factor.
        vector["factor"] = f"{pow(int(vector['inv'], 16), -1, n):x}"
        vector.setdefault("prepared_msg", vector["msg"])
    with open_modules(browser, changes) as page:
        failed: list[str] = page.evaluate(RUN_VECTORS, vectors)
        return failed


def test_the_browser_passes_the_published_vectors(chromium):
    """A-1: blinded values and signatures of RFC 9474, Appendix A, all four variants."""
    assert failed_vectors(chromium) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[0xbc]", "[0xbd]"),
        ("salt.length - 50", "salt.length - 49"),
        ("8 * length - bits);", "8 * length - bits - 1);"),
        ("(message * power(factor", "(2n * message * power(factor"),
    ],
    ids=["trailer", "padding", "top bit", "blinding"],
)
def test_the_vectors_find_a_wrong_step(chromium, old, new):
    """A-1: a client that departs from the standard in one step fails every vector or most."""
    assert failed_vectors(chromium, {"ballot.js": (old, new)})


BEGIN = """
async ([manifest, seeds]) => {
  const b = await import('./ballot.js');
  const read = await b.readManifest({manifest}, {
    wave: JSON.parse(manifest).wave, client: JSON.parse(manifest).client_sha256, guardian: null,
  });
  const group = read.groups[0];
  window.read = read;
  window.begun = [];
  for (const seed of seeds) window.begun.push(await b.beginBallot(b.decode(seed, 32), {
    wave: read.wave, group: group.group, modulus: b.decode(group.modulus, 256),
    digest: read.digest,
  }));
  return window.begun.map(one => b.encode(one.blinded));
}
"""
FINISH = """
async ([blind, finished, fields]) => {
  const b = await import('./ballot.js');
  const results = [];
  for (const [i, one] of window.begun.entries()) {
    const signature = b.finishBallot(one, b.decode(blind[i], 256));
    const receipt = await b.receiptOf(one.prepared);
    const padded = b.padFields(fields, window.read.pad);
    results.push({
      prepared: b.encode(one.prepared), signature: b.encode(signature),
      receipt: b.encode(receipt),
      accepts: b.isSigned(one, b.decode(finished[i], 256)),
      sealed: b.encode(await b.seal(window.read.count_key, padded, receipt)),
    });
  }
  return results;
}
"""
ACKNOWLEDGE = """
async replies => {
  const b = await import('./ballot.js');
  const believed = [];
  for (const {reply, receipt, sealed} of replies) {
    const about = {
      manifest: window.read, receipt: b.decode(receipt, 32),
      sealed: b.decode(sealed, 65 + window.read.pad + 16),
    };
    believed.push(await b.isAcknowledged(reply, about).catch(() => false));
  }
  return believed;
}
"""


def disagreements(browser: Browser, n: int, changes: Changes | None = None) -> set[str]:
    """Make ballots from the same seeds in Python and in the browser; name what differs."""
    manifest = manifest_of(make_plan(people=(8,), rights=("ballot",)))
    seeds = [secrets.token_bytes(32) for _ in range(n)]
    drafts = [begin_ballot(seed, manifest, group="g00") for seed in seeds]
    found = set()
    with open_modules(browser, changes) as page:
        try:
            blinded = page.evaluate(BEGIN, [manifest, [encode(seed) for seed in seeds]])
            if blinded != [encode(draft.blinded) for draft in drafts]:
                found.add("another blinded value")
            signed = [sign_blinded(0, decode(value)) for value in blinded]
            own = [draft.finish(sign_blinded(0, draft.blinded)) for draft in drafts]
            finished = page.evaluate(
                FINISH,
                [[encode(s) for s in signed], [encode(b.signature) for b in own], FIELDS],
            )
        except Exception as error:
            return found | {f"stopped: {error}"}
        for theirs, ballot in zip(finished, own, strict=True):
            found |= differences(theirs, ballot)
        found |= doubtful_acknowledgements(page, manifest, finished)
    return found


def differences(theirs: dict[str, Any], ballot: Any) -> set[str]:
    """Compare one ballot of the browser with Python's from the same seed."""
    found = set()
    receipt = receipt_of(ballot.prepared)
    key = public_key(rsa_key(0).public_key().public_numbers().n)
    if theirs["prepared"] != encode(ballot.prepared):
        found.add("another message")
    if not is_signed(key, decode(theirs["prepared"]), decode(theirs["signature"])):
        found.add("a ballot that the collector refuses")
    if not theirs["accepts"]:
        found.add("a good ballot refused")
    if theirs["receipt"] != encode(receipt):
        found.add("another receipt")
    try:
        opened = sealing.unseal(KEY, decode(theirs["sealed"]), bound_to=receipt)
        if len(opened) != PAD or sealing.unpad_fields(opened) != FIELDS:
            found.add("other answers")
    except Exception:
        found.add("a seal that does not open")
    return found


def doubtful_acknowledgements(page: Page, manifest: str, finished: list[Any]) -> set[str]:
    """Offer good and bad acknowledgements and name those judged wrongly."""
    digest, offers, right = manifest_sha256(manifest), [], []
    for kind in ("good", "other receipt", "other answers", "other key"):
        one = finished[0]
        receipt, sealed = decode(one["receipt"]), decode(one["sealed"])
        message = receipt_message(
            manifest=digest,
            receipt=bytes(32) if kind == "other receipt" else receipt,
            sealed=bytes(len(sealed)) if kind == "other answers" else sealed,
        )
        signature = sign(KEY if kind == "other key" else RECEIPT_KEY, message)
        reply = {"receipt": one["receipt"], "acknowledgement": encode(signature)}
        offers.append({"reply": reply, "receipt": one["receipt"], "sealed": one["sealed"]})
        right.append(kind == "good")
    judged = page.evaluate(ACKNOWLEDGE, offers)
    return set() if judged == right else {f"acknowledgements judged {judged}"}


def manifest_of(plan: dict[str, Any], **changes: Any) -> str:
    """Write a manifest with keys of these tests."""
    return make_manifest(
        plan,
        {
            "collector": "http://localhost:8001",
            "client_sha256": "ab" * 32,
            "pad": PAD,
            "count_key": encode(sealing.public_key_of(KEY)),
            "receipt_key": encode(sealing.public_key_of(RECEIPT_KEY)),
            **changes,
        },
    )


@pytest.mark.parametrize("n", [20, pytest.param(200, marks=pytest.mark.long)])
def test_browser_and_python_make_the_same_ballots(chromium, n):
    """A-2: same seed, same ballot; each accepts the other's signatures, seals and receipts."""
    assert disagreements(chromium, n) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("drawn.slice(64, 112)", "drawn.slice(63, 111)"),
        ("headwater ballot v1|${wave}|${group}", "headwater ballot v1|${wave}"),
        ("digest, nonce);", "nonce, digest);"),
        ("additionalData: receipt }", "additionalData: NOTHING }"),
        ("headwater seal v1", "headwater seal v2"),
        ("isOurs && isSignedBy(manifest.receipt_key", "isOurs || isSignedBy(manifest.receipt_key"),
    ],
    ids=["salt", "group", "order", "binding", "seal", "acknowledgement"],
)
def test_the_comparison_finds_a_client_of_its_own_mind(chromium, old, new):
    """A-2: a client that derives, seals or believes differently is found at once."""
    assert disagreements(chromium, 2, {"ballot.js": (old, new)})
