"""What the documents of a wave say of this installation: its names, addresses and guardian."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from app.config import Settings
from app.services.errors import Unusable
from surveys.errors import BadDocument
from surveys.manifests import GUARDIAN, check_guardian
from surveys.openings import parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The organisation, the two addresses people use, and who signs manifests, if anybody."""

    organisation: str
    application: str
    collector: str
    guardian: dict[str, Any] | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read names and addresses from the settings, and the guardian from their own file."""
        return cls(
            organisation=settings.organisation,
            application=settings.public_url.rstrip("/"),
            collector=settings.collector_url.rstrip("/"),
            guardian=read_guardian(settings.guardian_file),
        )

    @property
    def is_safe_for_ballots(self) -> bool:
        """Whether browsers give both addresses the cryptography that ballots need."""
        return all(map(_is_secure, (self.application, self.collector)))


def read_guardian(path: str) -> dict[str, Any] | None:
    """Read the public file of the guardian; no path means that there is none."""
    if not path:
        return None
    where = "Look at HEADWATER_GUARDIAN_FILE."
    try:
        document = parsed(Path(path).read_bytes())
        guardian = {name: document[name] for name in GUARDIAN if name in document}
        check_guardian(guardian)
    except OSError as error:
        raise Unusable(f"The guardian's file cannot be read: {error.strerror}. {where}") from error
    except BadDocument as error:
        raise Unusable(f"The guardian's file cannot be used: {error} {where}") from error
    return guardian


def _is_secure(address: str) -> bool:
    """Tell whether browsers call an address a secure context: https, or this very machine."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
