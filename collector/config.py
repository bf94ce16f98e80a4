"""Settings of the collector, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class BadSettings(ValueError):
    """The collector cannot start as it is configured; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    Everything that can be configured, each field as `HEADWATER_` + its name.

    Attributes
    ----------
    collector_store : Path
        Folder that holds the waves and nothing else; created if it is missing.
    collector_keys : Path
        Folder that holds the keys of the waves that run, outside the store and outside
        every backup; created if it is missing.
    collector_token : str
        Installation token that opens `/exchange/`; without one that door stays shut
        and openings and releases travel by file.
    collector_url : str
        Public address of the collector, as employees type it.
    public_url : str
        Public address of the application; must be another host.
    guardian_file : str
        File that names the guardian; if it is set, only waves of that guardian open here.
    """

    collector_store: Path = Path("instance/collector")
    collector_keys: Path = Path("keys/collector")
    collector_token: str = ""
    collector_url: str = "http://localhost:8001"
    public_url: str = "http://127.0.0.1:8000"
    guardian_file: str = ""

    def __post_init__(self) -> None:
        ours, theirs = host_of(self.collector_url), host_of(self.public_url)
        if ours == theirs:
            raise BadSettings(
                "HEADWATER_COLLECTOR_URL and HEADWATER_PUBLIC_URL must not share the host name "
                f"{ours!r}: cookies do not know ports, so the browser would hand the sign-in "
                "cookie of the application to the collector."
            )
        if self.collector_token and len(self.collector_token) < 16:
            raise BadSettings("HEADWATER_COLLECTOR_TOKEN must have at least 16 characters.")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from the environment, or from the mapping given."""
        env = os.environ if environ is None else environ
        given: dict[str, Any] = {}
        for field in fields(cls):
            text = env.get(f"HEADWATER_{field.name.upper()}")
            if text is not None:
                given[field.name] = Path(text) if isinstance(field.default, Path) else text
        return cls(**given)


def host_of(url: str) -> str:
    """Give the host name of an address, in lower case and without its port."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadSettings(f"{url!r} is not an address; write it like https://pulse.example.org.")
    return parts.hostname.rstrip(".")
