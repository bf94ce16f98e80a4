"""What a person asks of the linkage of two files, checked before a file is opened."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from app.formats.errors import BadOption
from app.formats.tables import read_heading

Metric: TypeAlias = Literal["mean", "nps", "top2"]
Scale: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Item:
    """One column of answers; a reversed one is read from the other end of the scale."""

    column: str
    is_reversed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SideOptions:
    """Where one side's answers stand and how they become scores."""

    path: Path
    team: str
    items: tuple[Item, ...]
    period: str | None = None
    scale: Scale | None = None
    metric: Metric = "mean"
    n: str | None = None
    minimum: int = 1
    is_team_level: bool = False
    on_duplicate: Literal["refuse", "first"] = "refuse"

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that must be read."""
        named = (self.team, self.period, self.n, *(item.column for item in self.items))
        return tuple(dict.fromkeys(name for name in named if name is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkageOptions:
    """Both sides and what ties them."""

    employee: SideOptions
    customer: SideOptions
    crosswalk: Path | None = None
    outcomes: Path | None = None


def read_items(text: str, *, path: Path, option: str) -> tuple[Item, ...]:
    """
    Read ``COL[,COL...]``; a name that holds a comma may stand in quotation marks.

    A column whose own name begins with a minus is that column, unless one without it exists.
    """
    heading = read_heading(path) if "," in text or "-" in text else ()
    if text in heading or text.removeprefix("-") in heading:
        names = [text]
    else:
        # The minus of a quoted name may stand before the quotation mark or after it.
        quoted = re.sub(r'(^|,)\s*-\s*"', r'\1"-', text)
        names = [name.strip() for name in next(csv.reader([quoted], skipinitialspace=True), [])]
    items = tuple(_item(name, heading) for name in names)
    columns = [item.column for item in items]
    if not columns or not all(columns):
        raise BadOption(f"{option} names no column; write {option} COL or {option} COL,COL.")
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise BadOption(f'{option} names the column "{twice}" twice; name it once.')
    return items


def _item(name: str, heading: tuple[str, ...]) -> Item:
    bare = name.removeprefix("-").strip()
    is_reversed = name.startswith("-") and (bare in heading or name not in heading)
    return Item(bare if is_reversed else name, is_reversed)


def read_scale(text: str | None, *, option: str) -> Scale | None:
    """Read ``LOW:HIGH``."""
    if text is None:
        return None
    number = r"\s*(-?\d+(?:\.\d+)?)\s*"
    found = re.fullmatch(f"{number}:{number}", text)
    if not found or float(found[1]) >= float(found[2]):
        raise BadOption(
            f"{option} {text} is no scale; write the lowest and highest value, as 1:5."
        )
    return float(found[1]), float(found[2])


def check_side(side: SideOptions, *, who: Literal["employee", "customer"]) -> SideOptions:
    """Hold one side's options together, or raise `BadOption`."""
    scale = f"--{who}-scale"
    if side.scale is None and any(item.is_reversed for item in side.items):
        name = next(item.column for item in side.items if item.is_reversed)
        raise BadOption(f'The reversed item "{name}" needs its scale; add {scale} LOW:HIGH.')
    if side.metric != "mean" and side.scale is None:
        raise BadOption(f"--customer-metric {side.metric} needs the scale; add {scale} LOW:HIGH.")
    if side.metric == "nps" and side.scale != (0.0, 10.0):
        raise BadOption(
            "--customer-metric nps is defined on 0 to 10 only; add --customer-scale 0:10."
        )
    if side.metric == "top2" and side.scale is not None and side.scale[1] - side.scale[0] < 2:
        raise BadOption("--customer-metric top2 needs a scale of three points or more.")
    if side.is_team_level and side.metric != "mean":
        raise BadOption(
            f"--customer-metric {side.metric} needs a row per respondent; leave --team-level out"
            " or give the team's figure with --customer-metric mean."
        )
    if side.is_team_level and who == "customer" and len(side.items) > 1:
        raise BadOption("With --team-level, --satisfaction takes one column; name only one.")
    if side.n is not None and not side.is_team_level:
        raise BadOption(f"--{who}-n counts the people behind a team's row; add --team-level.")
    return side
