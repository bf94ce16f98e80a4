"""R4: how many answers a figure needs, fixed when a wave opens, with floors nobody can lower."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from surveys.errors import BelowFloor
from surveys.hierarchy import K_GROUP, K_GROUP_FLOOR

K_FLOOR = 5
K_COMMENT = K_COMMENT_FLOOR = 10
K_UNSETTLED, UNSETTLED = 8, (1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How many answers a figure needs, and how many colleagues may tell theirs."""

    profile: Literal["default", "strict"] = "default"
    k: int = K_FLOOR
    k_group: int = K_GROUP
    k_comment: int = K_COMMENT

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise BelowFloor(f"Choose one of the profiles {' and '.join(PROFILES)}.")
        floor = PROFILES[self.profile]
        for name, least, counted in (
            ("k", floor, "answers in a cell"),
            ("k_group", K_GROUP_FLOOR, "people in a counting group"),
            ("k_comment", K_COMMENT_FLOOR, "answers behind a list of comments"),
        ):
            if getattr(self, name) < least:
                raise BelowFloor(
                    f"{name} is the least number of {counted}; in the profile "
                    f"{self.profile!r} it may not be below {least}."
                )

    @classmethod
    def of(cls, profile: Literal["default", "strict"]) -> Self:
        """Take a profile as it comes."""
        return cls(profile=profile, k=PROFILES.get(profile, K_FLOOR))

    def tolerated(self, n: int) -> int:
        """Number of colleagues who may tell their answers, of `n` who answered an item."""
        return 0 if self.profile == "default" and n < 8 else 1

    def needed(self, n_changed: int) -> int:
        """
        Number of answers without which a group is not shown by itself (R9).

        `n_changed` people joined or left since the wave before.  The difference of two
        waves says something about one or two of them; of more, little about each.
        """
        return max(self.k, K_UNSETTLED) if n_changed in UNSETTLED else self.k

    def to_dict(self) -> dict[str, Any]:
        """Write the thresholds as plain values."""
        return {
            "profile": self.profile,
            "k": self.k,
            "k_group": self.k_group,
            "k_comment": self.k_comment,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Read the thresholds from plain values."""
        return cls(**document)


# The profiles, each with the smallest k it allows.
PROFILES: dict[str, int] = {"default": K_FLOOR, "strict": 8}
