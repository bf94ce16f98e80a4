"""Every setting, its default and its meaning; read once, when the application is built."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Self
from urllib.parse import urlsplit

PREFIX = "HEADWATER_"


def option(default: Any = MISSING, *, help: str) -> Any:  # noqa: ANN401 - any type a field may have
    """Declare a setting; without a default it must be given."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one running application."""

    secret_key: str = option(
        help="Keys the hashes of throttled sign-ins; 32 random bytes or more."
    )
    database_url: str = option(
        "sqlite:///instance/headwater.db", help="SQLAlchemy URL of the database."
    )
    organisation: str = option("Our organisation", help="The name shown to people.")
    public_url: str = option(
        "http://127.0.0.1:8000", help="Address under which people reach the application."
    )
    collector_url: str = option(
        "http://localhost:8001",
        help="Address under which employees reach the collector; a host name of its own.",
    )
    collector_exchange_url: str = option(
        "", help="Address under which the application reaches the collector; default: the same."
    )
    collector_token: str = option(
        "", help="Installation token shared with the collector; empty: exchange by file only."
    )
    key_folder: str = option(
        "keys/application",
        help="Folder of the keys that sign ballots; outside the database and every backup.",
    )
    guardian_file: str = option(
        "", help="Public file of the guardian who signs manifests; empty: nobody does."
    )
    smtp_url: str = option(
        "", help="smtp://user:password@host:port or smtps://...; empty: mail stays in the outbox."
    )
    mail_from: str = option("headwater@localhost", help="Sender address of the mail.")
    retention_every_days: int = option(
        1, help="How often the tick removes what is past its time, in days; 0: only by command."
    )
    keep_mail_days: int = option(
        90, help="After how many days the outbox forgets a mail: recipient, subject, day."
    )
    keep_former_people_days: int = option(
        365, help="How many days after somebody left their name, address and teams go."
    )
    keep_customer_answers_months: int = option(
        0, help="After how many months single answers of customers go; 0: never. Sums stay."
    )
    trusted_proxies: int = option(
        0, help="How many reverse proxies in front add X-Forwarded-For; 0: none."
    )

    def __post_init__(self) -> None:
        """Refuse one host name for both programs: cookies do not know ports."""
        if len(self.secret_key) < 32:
            raise SystemExit(
                "HEADWATER_SECRET_KEY is too short: give 32 random characters or more."
            )
        if urlsplit(self.public_url).hostname == urlsplit(self.collector_url).hostname:
            raise SystemExit(
                "HEADWATER_PUBLIC_URL and HEADWATER_COLLECTOR_URL share a host name: give the"
                " collector one of its own, because browsers send cookies to every port of a host."
            )

    @property
    def exchange_url(self) -> str:
        """Where the application itself reaches the collector."""
        return (self.collector_exchange_url or self.collector_url).rstrip("/")

    @property
    def is_https(self) -> bool:
        """Whether people reach the application over TLS, which cookies then demand."""
        return urlsplit(self.public_url).scheme == "https"

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Read the settings from ``HEADWATER_*`` variables."""
        given: dict[str, Any] = {}
        absent = []
        for setting in fields(cls):
            name = env_name(setting)
            if name in env:
                given[setting.name] = _read(setting, env[name])
            elif setting.default is MISSING:
                absent.append(name)
        if absent:
            raise SystemExit(f"Set {', '.join(absent)}; see docs/configuration.md.")
        return cls(**given)

    def to_env(self, env: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Write the settings as variables for a process of our own."""
        own = {env_name(setting): str(getattr(self, setting.name)) for setting in fields(self)}
        return {**env, **own}


def env_name(setting: Field[Any]) -> str:
    """Name the environment variable of a setting."""
    return PREFIX + setting.name.upper()


def _read(setting: Field[Any], text: str) -> str | int:
    """Read a setting's text as the type it is declared with."""
    if setting.type != "int":
        return text
    if not text.isdecimal():
        raise SystemExit(f"{env_name(setting)} must be a whole number.")
    return int(text)
