"""The chart of a trend: one line over the waves, with its interval, broken where it must be."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import altair as alt

from app.charts.drawing import BAND, CONFIG, INK_SOFT, SERIES_1, draw_specification

WIDTH, HEIGHT = 440, 190


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """One wave on the line; points of different `stretch` are not joined."""

    on: str
    title: str
    words: str
    value: float
    ci_low: float
    ci_high: float
    stretch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendBreak:
    """A day between two waves on which the line stops and begins anew, and why."""

    on: str
    words: str


def trend(
    points: Sequence[TrendPoint], breaks: Sequence[TrendBreak] = (), *, description: str
) -> str:
    """Draw a line with its 95% band over the days on which the waves opened, and its breaks."""
    low, high = min(p.ci_low for p in points), max(p.ci_high for p in points)
    air = 0.08 * (high - low) or 0.5
    specification = deepcopy(_pattern())
    specification["data"] = {"values": [asdict(point) for point in points]}
    for layer in list(specification["layer"]):
        if "y" in layer["encoding"]:
            layer["encoding"]["y"]["scale"]["domain"] = [low - air, high + air]
        elif breaks:
            layer["data"] = {"values": [asdict(gap) for gap in breaks]}
        else:
            specification["layer"].remove(layer)
    return draw_specification(specification, description=description)


@cache
def _pattern() -> dict[str, Any]:
    """Write the specification once; Altair's checks take longer than the drawing."""
    x = alt.X(
        "on:T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%b %Y", tickCount=4, grid=False, labelFlush=True),
    )
    band, bars, line, gaps, marks = (alt.Chart() for _ in range(5))
    parts = alt.Detail("stretch:N")
    chart = alt.layer(
        band.mark_area(color=BAND, opacity=1, aria=False).encode(
            x=x, y=_y("ci_low"), y2="ci_high:Q", detail=parts
        ),
        bars.mark_rule(color=BAND, strokeWidth=7, opacity=1, aria=False).encode(
            x=x, y=_y("ci_low"), y2="ci_high:Q"
        ),
        line.mark_line(color=SERIES_1, strokeWidth=2, aria=False).encode(
            x=x, y=_y("value"), detail=parts
        ),
        marks.mark_point(filled=True, color=SERIES_1, size=60, opacity=1).encode(
            x=x, y=_y("value"), description="words:N"
        ),
        gaps.mark_rule(color=INK_SOFT, strokeDash=[3, 4], strokeWidth=1.5).encode(
            x=x, description="words:N"
        ),
    ).properties(width=WIDTH, height=HEIGHT)
    specification: dict[str, Any] = chart.configure(**CONFIG).to_dict()
    for layer in specification["layer"]:
        # Each layer names a data set of its own, an empty one, unless told otherwise.
        layer.pop("data", None)
    return specification


def _y(field: str) -> alt.Y:
    scale = alt.Scale(domain=[0, 1], nice=False, zero=False)
    return alt.Y(f"{field}:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4))
