"""Addresses, mail and the guardian: what the settings alone tell."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from app.config import Settings
from app.doctor.findings import Finding, breaks, fine, weakens
from app.guardian.keys import SECRET_FILE
from app.installation import read_guardian
from app.services.errors import Unusable


def look(settings: Settings) -> Iterator[Finding]:
    """Look at the addresses, the mail server and the guardian."""
    for name, address in (
        ("application", settings.public_url),
        ("collector", settings.collector_url),
    ):
        yield _address(name, address)
    yield _exchange(settings)
    yield _mail(settings)
    yield from _guardian(settings)


def is_loopback(address: str) -> bool:
    """Tell whether an address is this very machine."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _address(name: str, address: str) -> Finding:
    if urlsplit(address).scheme == "https":
        return fine(f"The {name} has an encrypted address, {address}.")
    if is_loopback(address):
        return fine(f"The {name} is reached on this machine only, at {address}.")
    return breaks(
        f"The {name} has the address {address}, which is not encrypted.",
        why="Browsers give such pages no cryptography, so nobody can take a ballot, and anybody"
        " on the way can read and change what is sent.",
        remedy="Put a proxy with a certificate in front, and let the address begin with https.",
    )


def _exchange(settings: Settings) -> Finding:
    address = settings.exchange_url
    if not settings.collector_token:
        return fine("The two programs exchange files; there is no token to be stolen.")
    if urlsplit(address).scheme == "https" or is_loopback(address):
        return fine(f"The exchange with the collector at {address} cannot be overheard.")
    return weakens(
        f"The exchange with the collector goes to {address}, which is not encrypted.",
        why="Whoever overhears the token can close and cancel waves.",
        remedy="Use https in HEADWATER_COLLECTOR_EXCHANGE_URL, or exchange files.",
    )


def _mail(settings: Settings) -> Finding:
    parts = urlsplit(settings.smtp_url)
    if not settings.smtp_url:
        return weakens(
            "There is no mail server, so mail stays in the outbox.",
            why="Administrators read in it the links by which others set their passwords, and"
            " could take ballots in their names.",
            remedy="Set HEADWATER_SMTP_URL.",
        )
    if parts.scheme == "smtps" or parts.username or is_loopback(settings.smtp_url):
        return fine("Mail leaves over an encrypted connection.")
    return weakens(
        "Mail leaves encrypted only if the server offers it.",
        why="Links that set passwords could be read on the way.",
        remedy="Use smtps:// in HEADWATER_SMTP_URL, or name a user.",
    )


def _guardian(settings: Settings) -> Iterator[Finding]:
    if not settings.guardian_file:
        yield weakens(
            "No guardian is named.",
            why="Nobody but the people asked would notice if some were given other keys than the"
            " rest, and few compare the eight words.",
            remedy="Ask the works council for guardian.json and name it in"
            " HEADWATER_GUARDIAN_FILE; see docs/guides/guardian.md.",
        )
        return
    try:
        guardian = read_guardian(settings.guardian_file)
    except Unusable as error:
        yield breaks(
            str(error),
            why="No wave can open without this person's signature.",
            remedy="Ask the guardian for the file again.",
        )
        return
    if guardian is not None:
        holder = "holds" if guardian["holds_count_key"] else "does not hold"
        yield fine(f"The guardian is “{guardian['name']}”, who {holder} the count key.")
    secret = Path(settings.guardian_file).with_name(SECRET_FILE)
    if secret.exists():
        yield breaks(
            f"The guardian's secret file lies on this machine: {secret}.",
            why="Whoever runs the machine could sign in the guardian's name.",
            remedy="Give it back to the guardian, who had better make new keys.",
        )
