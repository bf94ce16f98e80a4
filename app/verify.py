"""
Check a wave of Headwater from outside, as anybody can, without trusting either program.

    python verify.py https://pulse.example.org/w/WAVE

This file is the whole tool: it needs Python and nothing else of Headwater; with the package
`cryptography` it checks signatures too.  It signs in nowhere, so no answer can be prepared for
a name.  Each line is a claim, ok, MISMATCH or NOT CHECKED; the last two make the exit code 1.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import Message
from hashlib import sha256
from html.parser import HTMLParser
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPErrorProcessor, ProxyHandler, Request, build_opener

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256
except ImportError:
    ec = None  # type: ignore[assignment]  # then signatures are left open

TIMES, SECONDS, MOST_BYTES, MOST_FILES = 3, 20.0, 16 << 20, 50
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
FLOORS = {"k": 5, "k_group": 5, "k_comment": 10}
LIMITS = {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "base-uri 'none'"}
FILE_NAME = re.compile(r"\w[\w-]*(?:[./][\w-]+)*")
IMPORTS = re.compile(r"""\b(?:from|import)\s*\(?\s*["'`](?:\./)?([^"'`]*)["'`]""")

Table = Mapping[str, Any]


class NoAnswer(Exception):
    """Something could not be had; the message says what and why."""


class Findings:
    """What was looked at: a mark and a claim for each thing."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def add(self, mark: str, text: str) -> None:
        """Keep a line, without the control characters that a server may have put into it."""
        self.lines.append((mark, "".join(c if c.isprintable() else "?" for c in text)))

    def claim(self, claim: str, *, fits: bool, but: str = "") -> None:
        """Keep a claim, and whether it fits."""
        self.add(*(("ok", claim) if fits else ("MISMATCH", f"Not so: {claim} {but}".strip())))

    def signed(self, claim: str, key: object, message: bytes, signature: object) -> None:
        """Keep the claim that a message is signed with a key."""
        if ec:
            self.claim(claim, fits=is_signed(key, message, signature))
        else:
            self.add("NOT CHECKED", f"{claim} (That needs the Python package cryptography.)")

    @contextmanager
    def about(self, what: str) -> Iterator[None]:
        """Go on after something that cannot be had; what cannot be read is a mismatch."""
        try:
            yield
        except (NoAnswer, OSError) as error:
            self.add("NOT CHECKED", f"{what}: {error}")
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            self.add("MISMATCH", f"{what} is not what Headwater writes ({error!r}).")

    @property
    def exit_code(self) -> int:
        """0 if everything fits and could be checked."""
        return int(any(mark in {"MISMATCH", "NOT CHECKED"} for mark, _ in self.lines))


class _AsItIs(HTTPErrorProcessor):
    """Hand every answer on as it is: redirects are not followed, refusals can be read."""

    def http_response(self, request: Request, response: HTTPResponse) -> HTTPResponse:
        return response

    https_response = http_response


class Collector:
    """The collector as anybody reaches it: a new connection for each request, no cookies."""

    def __init__(self, origin: str) -> None:
        self.origin, self.sets_cookies = origin, False
        # Nothing stands between a machine and itself; elsewhere the usual proxy does.
        direct = [ProxyHandler({})] if urlsplit(origin).hostname in LOOPBACK else []
        self._opener = build_opener(_AsItIs, *direct)

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, Message, bytes]:
        """Give status, headers and body of one answer."""
        url = self.origin + path
        # The usual name of a browser: who has a strange one might get a more honest answer.
        headers = {"User-Agent": "Mozilla/5.0", "Content-Type": "application/json"}
        try:
            with self._opener.open(Request(url, body, headers), timeout=SECONDS) as answer:  # noqa: S310 `read_address` lets only http and https in
                status, head, content = answer.status, answer.headers, _read(answer, url)
        except (OSError, HTTPException, ValueError) as error:
            why = getattr(error, "reason", None) or str(error) or type(error).__name__
            raise NoAnswer(f"{url} could not be reached ({why}).") from error
        if 300 <= status < 400:
            raise NoAnswer(f"{url} sends its visitors elsewhere, which is not followed.")
        self.sets_cookies |= "Set-Cookie" in head
        return status, head, content

    def get(self, path: str) -> bytes:
        """Give what lies at a path."""
        status, _, content = self.ask(path)
        if status != 200:
            raise NoAnswer(f"{self.origin}{path} is answered with the status {status}.")
        return content


def _read(answer: HTTPResponse, url: str) -> bytes:
    content, until = bytearray(), time.monotonic() + SECONDS
    while part := answer.read1(1 << 16):
        content += part
        if len(content) > MOST_BYTES:
            raise NoAnswer(f"{url} sends more than {MOST_BYTES >> 20} MB.")
        if time.monotonic() > until:
            raise NoAnswer(f"{url} takes more than {SECONDS:.0f} seconds.")
    return bytes(content)


def read_address(address: str) -> tuple[str, str, str]:
    """Split the address of a wave into origin, wave and hash of the client; one is empty."""
    parts = urlsplit(address)
    wave = re.fullmatch(r"/(?:w|anon/manifest|anon/closed)/([a-z0-9-]{1,60})/?", parts.path)
    client = re.fullmatch(r"/c/([0-9a-f]{64})/(?:index\.html)?", parts.path)
    if not (wave or client) or parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        raise NoAnswer(f"{address} is not the address of a wave; one ends like /w/WAVE.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise NoAnswer(f"{address} begins with http, so anybody on the way can change the answer.")
    return f"{parts.scheme}://{parts.netloc}", wave[1] if wave else "", client[1] if client else ""


def canonical(document: object) -> bytes:
    """Write JSON in the one form that is hashed and signed."""
    form: Any = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
    return json.dumps(document, allow_nan=False, **form).encode()


def decode(text: object, length: int) -> bytes:
    """Read base64url of a known length in its one spelling; anything else gives nothing."""
    if not isinstance(text, str) or not re.fullmatch("[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        return b""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    spelt = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return raw if len(raw) == length and spelt == text else b""


def words(content: bytes) -> str:
    """Say the first 88 bits of a SHA-256 as eight words of eleven bits each."""
    bits, letters = int.from_bytes(sha256(content).digest()[:11], "big"), "bdfghjklmnprstvz"
    numbers = [bits >> place & 0x7FF for place in range(77, -1, -11)]
    said = [letters[n >> 7] + "aeio"[n >> 5 & 3] + letters[n >> 1 & 15] for n in numbers]
    return " ".join(word + ("an", "or")[n & 1] for word, n in zip(said, numbers, strict=True))


def is_signed(key: object, message: bytes, signature: object) -> bool:
    """Tell whether a signature (ECDSA, P-256, SHA-256) fits a message and a public key."""
    public, raw = decode(key, 65), decode(signature, 64)
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        point.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def check_manifest(say: Findings, manifest: Table, text: str, *, origin: str) -> None:
    """Check what the manifest promises by itself."""
    groups, least = manifest["groups"], manifest["thresholds"]
    ballots = [g for g in groups if g["right"] == "ballot"]
    letters = [g for g in groups if g["right"] == "letter" and "modulus" not in g]
    moduli = {decode(g["modulus"], 256) for g in ballots}
    say.claim("It is written in its one form.", fits=canonical(manifest).decode() == text)
    name = f"“{manifest['title']}” of {manifest['organisation']}"
    fits = manifest["collector"].rstrip("/") == origin
    say.claim(f"It is about {name}, and the answers go to {origin}.", fits=fits)
    fits = len(moduli) == len(ballots) and all(n and n[0] >= 128 and n[-1] % 2 for n in moduli)
    fits &= len({g["group"] for g in groups}) == len(groups) == len(ballots) + len(letters)
    say.claim(f"{len(ballots)} groups answer by ballot, each with one key of 2048 bits of its "
              f"own, and {len(letters)} by letter.", fits=fits)  # fmt: skip
    sizes, n = [g["n_eligible"] for g in groups], manifest["n_eligible"]
    fits = min(sizes) >= least["k_group"] and sum(sizes) == n
    say.claim(f"Each has {least['k_group']} people or more, and all have {n}.", fits=fits)
    fits = all(least[name] >= floor for name, floor in FLOORS.items())
    say.claim(f"Figures need {least['k']} answers, comments {least['k_comment']}.", fits=fits)
    for name, said in manifest["promise"].items():
        say.add("note", f"Promised {name.replace('_', ' ')}: {'; '.join(str(said).splitlines())}")


def check_others(say: Findings, manifest: Table, text: str, *, signature: object,
                 options: argparse.Namespace) -> None:  # fmt: skip
    """Check who signed the manifest, and compare it with what other people have."""

    def compare(path: Path, claim: str, *, digest: object) -> None:
        document = json.loads(path.read_bytes())
        other = document.get("manifest") or canonical(document).decode()
        if json.loads(other).get("count_key", "") is None:
            say.add("NOT CHECKED", f"{path} was never signed: its guardian had still to fill in "
                    "the count key. Give a copy kept with --save.")  # fmt: skip
        else:
            say.claim(claim, fits=sha256(other.encode()).hexdigest() == digest)

    guardian = manifest["guardian"]
    if guardian is None:
        say.add("note", "Nobody signed it, so it is for you to compare its words with others.")
    else:
        say.signed(f"Its guardian, “{guardian['name']}”, signed it.", guardian["key"],
                   b"headwater manifest v1" + text.encode(), signature)  # fmt: skip
    if options.guardian:
        own = json.loads(options.guardian.read_bytes())
        fits = guardian is not None and all(guardian[n] == own[n] for n in ("key", "sealing_key"))
        say.claim(f"Its guardian is the one of {options.guardian}.", fits=fits)
    elif guardian is not None:
        key = words(decode(guardian["key"], 65))
        say.add("note", f"The guardian's key in words: {key}. Ask the guardian if that is so.")
    said = words(text.encode())
    say.add("note", f"The manifest in words: {said}. Everybody must see the same.")
    if options.fingerprint:
        heard = " ".join(re.findall("[a-z]+", options.fingerprint.lower()))
        say.claim("These are the words that you were given.", fits=heard == said)
    for path in options.manifest:
        compare(path, f"{path} is the same manifest.", digest=sha256(text.encode()).hexdigest())
    before = manifest["previous_manifest_sha256"]
    if options.previous:
        compare(options.previous, f"It follows on {options.previous}.", digest=before)
    elif before is not None:
        say.add("note", "It follows on another; if you have a copy, give it with --previous.")


class _Loads(HTMLParser):
    """List what a page loads, each with its integrity attribute; inline code has no file."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(page.decode("utf-8", "replace"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_code = tag in {"script", "style", "iframe", "object", "embed", "base"}
        if is_code or (tag == "link" and "icon" not in given.get("rel", "")):
            name = given.get("src", f"inline {tag}") if is_code else given.get("href", "")
            self.found.append((name.removeprefix("./"), given.get("integrity", "")))


def check_client(say: Findings, collector: Collector, client: str, *, guardian: str) -> None:
    """Check that the address of the page is the hash of all that runs in the browser."""
    files = json.loads(listing := collector.get(f"/c/{client}/files.json"))
    if not all(map(FILE_NAME.fullmatch, files)) or len(files) > MOST_FILES:
        raise ValueError("names of files")
    got = {name: collector.get(f"/c/{client}/{name}") for name in files}
    hashes = {name: sha256(got[name]) for name in got}
    changed = [name for name in got if hashes[name].hexdigest() != files[name]]
    say.claim("The page's address is the hash of its list of files.",
              fits=sha256(listing).hexdigest() == client)  # fmt: skip
    say.claim(f"Page, scripts and styles, {len(got)} files, are those of the list.",
              fits=not changed, but=f"Changed: {', '.join(changed)}.")  # fmt: skip
    loads = [file for n in got if n.endswith(".html") for file in _Loads(got[n]).found]
    scripts = [got[name].decode("utf-8", "replace") for name in got if name.endswith(".js")]
    names = [name for name, _ in loads] + [n for text in scripts for n in IMPORTS.findall(text)]
    marks = {n: f"sha256-{base64.b64encode(hashes[n].digest()).decode()}" for n in got}
    strange = [n for n in names if n not in got]
    strange += [n for n, mark in loads if mark and mark != marks.get(n)]
    say.claim("The page loads these files and nothing else.",
              fits=not strange, but=f"Look at {', '.join(strange)}.")  # fmt: skip
    fits = re.findall(rb'\bdata-guardian="([^"]*)"', got["index.html"]) == [guardian.encode()]
    named = "the guardian's key" if guardian else "no guardian, as the manifest"
    say.claim(f"The page itself names {named}.", fits=fits)
    policy = collector.ask(f"/c/{client}/index.html")[1].get("Content-Security-Policy", "")
    missing = LIMITS - {part.strip() for part in policy.split(";")}
    say.claim("Browsers let it speak with the collector and nobody else.",
              fits=not missing, but=f"Missing: {', '.join(sorted(missing))}.")  # fmt: skip


def _span(count: Mapping[str, int], eligible: int) -> tuple[int, int]:
    """Give the least and the greatest number that a count or a bound allows."""
    ((kind, n),) = count.items()
    return {"exact": (n, n), "at_least": (n, eligible), "at_most": (0, n)}[kind]


def check_receipt(say: Findings, given: str, manifest: Table, *, digest: str) -> str:
    """Check the signature in a saved receipt; give the number, which may come alone too."""
    if not given or decode(given.strip(), 32):
        return given.strip()
    saved = json.loads(Path(given).read_bytes())
    message = b"headwater receipt v1" + bytes.fromhex(digest) + decode(saved["receipt"], 32)
    say.signed("The collector signed under this manifest that it stored what your receipt is of.",
               manifest["receipt_key"], message + bytes.fromhex(saved["sealed_sha256"]),
               saved["acknowledgement"])  # fmt: skip
    return str(saved["receipt"])


def check_closed(say: Findings, closed: Table, manifest: Table, *, digest: str, own: str) -> None:
    """Check what is published of a wave that is over."""
    signed = b"headwater closed v1" + canonical({n: closed[n] for n in closed if n != "signature"})
    say.signed("The closed list is signed with the receipt key of the manifest.",
               manifest["receipt_key"], signed, closed["signature"])  # fmt: skip
    say.claim("It belongs to this manifest.", fits=closed["manifest_sha256"] == digest)
    wrong = []
    for cell in closed["cells"]:
        n = cell["eligible"]
        accepted, issued = _span(cell["accepted"], n), _span(cell["issued"], n)
        if not (0 <= accepted[0] <= issued[1] <= n and 0 <= issued[0] <= n >= accepted[1]):
            wrong.append(str(cell["label"]))
    say.claim(f"In each of {len(closed['cells'])} cells: accepted ≤ issued ≤ eligible.",
              fits=not wrong, but=f"Look at {', '.join(wrong)}.")  # fmt: skip
    receipts, n = closed["receipts"], manifest["n_eligible"]
    fits = len(receipts) == n and receipts == sorted({r for r in receipts if decode(r, 32)})
    say.claim(f"It lists {n} receipts, as many as people eligible.", fits=fits)
    if own:
        say.claim("Your receipt is among them.", fits=own in receipts)


def verify(options: argparse.Namespace) -> Findings:
    """Ask the collector for everything it shows to anybody, and check it."""
    say = Findings()
    with say.about("The manifest"):
        origin, wave, client = read_address(options.address)
        collector = Collector(origin)
        if not wave:
            page = collector.get(f"/c/{client}/index.html")
            wave = re.findall(rb'\bdata-wave="([a-z0-9-]{1,60})"', page)[0].decode()
        copies = [collector.get(f"/anon/manifest/{wave}") for _ in range(TIMES)]
        texts = [json.loads(copy)["manifest"] for copy in copies]
        seen = "; ".join(dict.fromkeys(words(text.encode()) for text in texts))
        say.claim(f"Asked {TIMES} times, the collector gave one manifest.",
                  fits=len(set(copies)) == 1, but=f"In words: {seen}.")  # fmt: skip
        manifest = json.loads(texts[0])
        say.claim(f"It is the manifest of {wave}.", fits=manifest["wave"] == wave)
        if options.save:
            options.save.write_bytes(copies[0])
        check_manifest(say, manifest, texts[0], origin=origin)
        signature = json.loads(copies[0])["signature"]
        check_others(say, manifest, texts[0], signature=signature, options=options)
        digest, receipt = sha256(texts[0].encode()).hexdigest(), ""
        with say.about("Your receipt"):
            receipt = check_receipt(say, options.receipt, manifest, digest=digest)
        status, _, answer = collector.ask(f"/anon/closed/{wave}")
        with say.about("The closed list"):
            if status == 200:
                check_closed(say, json.loads(answer), manifest, digest=digest, own=receipt)
            elif status == 409:
                say.add("note", f"There is no closed list yet: {json.loads(answer)['error']}")
            else:
                raise NoAnswer(f"it is answered with the status {status}.")
        with say.about("The page"):
            client = client or manifest["client_sha256"]
            say.claim("It names the page.", fits=manifest["client_sha256"] == client)
            if status == 200 and collector.ask(f"/c/{client}/files.json")[0] in {404, 410}:
                say.add("note", "The page is gone, as it should be after a wave.")
            else:
                own = manifest["guardian"] or {"key": ""}
                check_client(say, collector, client, guardian=own["key"])
        say.claim("No answer set a cookie.", fits=not collector.sets_cookies)
    return say


def main(arguments: Sequence[str] | None = None, *, name: str | None = None) -> int:
    """Read the command line, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(prog=name, description="Check a wave from outside.")
    add = parser.add_argument
    add("address", metavar="ADDRESS", help="of the wave at the collector: https://…/w/WAVE")
    add("--fingerprint", metavar='"EIGHT WORDS"', help="that you read on a notice or in a mail")
    add("--guardian", metavar="FILE", type=Path, help="guardian.json, from the guardian")
    add("--manifest", metavar="FILE", type=Path, action="append", default=[],
        help="copy that somebody else saved; may be given again")  # fmt: skip
    add("--previous", metavar="FILE", type=Path, help="your copy of the manifest before this one")
    add("--receipt", metavar="RECEIPT", default="", help="yours, or its file; =-… if it begins so")
    add("--save", metavar="FILE", type=Path, help="keep the manifest here, for others to compare")
    say = verify(parser.parse_args(arguments))
    for mark, text in say.lines:
        print(f"{mark:<11} {text}")
    print("\n" + ("Everything fits.", "Not everything fits or could be checked.")[say.exit_code])
    return say.exit_code


if __name__ == "__main__":
    sys.exit(main())
