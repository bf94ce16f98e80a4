"""Signing and verifying ballots: how many in a second, alone and through the application."""

from __future__ import annotations

import argparse
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from werkzeug.test import Client

from app import create_app
from app.blind_signing import backend, modulus_of, sign
from benchmarks import organisation
from benchmarks.organisation import Employee, Organisation
from surveys.ballots import (
    EXPONENT,
    MODULUS_LENGTH,
    SEED_LENGTH,
    Draft,
    is_signed,
    public_key,
)
from surveys.encoding import encode
from surveys.manifests import begin_ballot


def main(argv: list[str] | None = None) -> None:
    """Print how many ballots a second are signed, issued and verified."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--people", type=int, default=300)
    given = parser.parse_args(argv)
    signed, verified = measure(given.seconds)
    print(f"signed alone by {backend()}: {signed:.0f}/s on one core")
    print(f"issued by the application: {issued(given.people):.0f}/s on one core")
    print(f"verified: {verified:.0f}/s on one core")


def measure(seconds: float) -> tuple[float, float]:
    """Give the signatures and the verifications in one second on one core."""
    private = rsa.generate_private_key(EXPONENT, 8 * MODULUS_LENGTH)
    key = bytearray(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    modulus = modulus_of(key)
    draft = Draft.begin(
        secrets.token_bytes(SEED_LENGTH),
        wave="bench",
        group="g00",
        modulus=modulus.to_bytes(MODULUS_LENGTH, "big"),
        manifest_sha256=bytes(32),
    )
    ballot, public = draft.finish(sign(key, draft.blinded)), public_key(modulus)
    return (
        _per_second(lambda: sign(key, draft.blinded), seconds),
        _per_second(lambda: is_signed(public, ballot.prepared, ballot.signature), seconds),
    )


def issued(people: int) -> float:
    """Give the ballots that the application issues in a second, each to somebody else."""
    with tempfile.TemporaryDirectory() as folder:
        own = organisation.found(Path(folder), people=people)
        client = Client(create_app(own.settings), use_cookies=False)
        wanted = [(employee, _request(own, employee)) for employee in own.employees]
        _issue(client, own, *wanted.pop())  # what is loaded once is not counted
        start = time.perf_counter()
        for employee, document in wanted:
            _issue(client, own, employee, document)
        return len(wanted) / (time.perf_counter() - start)


def _request(own: Organisation, employee: Employee) -> dict[str, str]:
    draft = begin_ballot(secrets.token_bytes(SEED_LENGTH), own.manifest, group=employee.group)
    return {"wave": own.wave, "blinded": encode(draft.blinded)}


def _issue(
    client: Client, own: Organisation, employee: Employee, document: dict[str, str]
) -> None:
    response = client.post(
        "/ballot/issue",
        json=document,
        base_url=own.settings.public_url,
        headers={
            "Sec-Fetch-Site": "same-origin",
            "Cookie": f"headwater={employee.cookie}",
        },
    )
    assert response.status_code == 200, response.text


def _per_second(deed: Callable[[], object], seconds: float) -> float:
    done, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        deed()
        done += 1
    return done / elapsed


if __name__ == "__main__":
    main()
