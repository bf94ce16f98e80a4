"""The chart of a trend: one line over the waves, with its interval, broken where it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import altair as alt

from app.charts.drawing import BAND, SERIES_1, draw

WIDTH, HEIGHT = 480, 220


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """One wave on the line; points of different `stretch` are not joined."""

    name: str
    words: str
    value: float
    ci_low: float
    ci_high: float
    stretch: int


def trend(points: Sequence[TrendPoint], *, y_title: str, description: str) -> str:
    """Draw a line with its 95% band over the waves in the order given."""
    names = [point.name for point in points]
    low, high = min(p.ci_low for p in points), max(p.ci_high for p in points)
    air = 0.08 * (high - low) or 0.5
    scale = alt.Scale(domain=[low - air, high + air], nice=False, zero=False)
    x = alt.X("name:N", title=None, sort=list(dict.fromkeys(names)), axis=alt.Axis(labelAngle=-40))

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title=y_title, scale=scale)

    data = alt.Data(  # type: ignore[no-untyped-call]  # the library leaves it untyped
        values=[asdict(point) for point in points]
    )
    parts = alt.Detail("stretch:N")
    bars = alt.Chart(data).mark_rule(color=BAND, strokeWidth=9, opacity=1, aria=False)
    line = alt.Chart(data).mark_line(color=SERIES_1, strokeWidth=2, aria=False)
    marks = alt.Chart(data).mark_point(filled=True, color=SERIES_1, size=60, opacity=1)
    chart = alt.layer(
        bars.encode(x=x, y=y("ci_low"), y2="ci_high:Q"),
        line.encode(x=x, y=y("value"), detail=parts),
        marks.encode(x=x, y=y("value"), description="words:N"),
    ).properties(width=WIDTH, height=HEIGHT)
    return draw(chart, description=description)
