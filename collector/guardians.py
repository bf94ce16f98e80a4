"""The guardian whom this collector was told to trust, from a file of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.config import BadSettings
from surveys.errors import GuardianNeeded

FIELDS = ("name", "key", "sealing_key", "holds_count_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardian:
    """Whoever must have signed the manifest of every wave that opens here."""

    entry: Mapping[str, Any]

    @classmethod
    def read(cls, path: str) -> Guardian:
        """Read the public file of a guardian, or refuse to start."""
        try:
            document = json.loads(Path(path).read_bytes())
            return cls(entry={name: document[name] for name in FIELDS})
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise BadSettings(
                f"HEADWATER_GUARDIAN_FILE: {path} is not the public file of a guardian."
            ) from error

    def require(self, plan: Mapping[str, Any]) -> None:
        """Refuse a plan that names nobody, somebody else, or another holder of the count key."""
        if plan["guardian"] != self.entry:
            raise GuardianNeeded(
                f"This collector opens only surveys whose guardian is {self.entry['name']}, "
                "as their public file says."
            )
