"""The charts of a linkage report: teams as a scatter, panel estimates as a forest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt
from scipy import stats

from app.charts.drawing import (
    BAND,
    INK,
    INK_SOFT,
    LINE_STRONG,
    SERIES_1,
    SERIES_2,
    draw,
)
from app.charts.labels import FONT_SIZE, SPOTS, place_labels

WIDTH, HEIGHT = 440, 380
FOREST_WIDTH, FOREST_ROW = 260, 40
MANY = 60
BAND_STEPS = 41


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPoint:
    """
    One team on the scatter; limits are None where the doubt is unknown.

    `bound` says, where it holds, that x is in part made of bounds; the point is then hollow.
    """

    name: str
    words: str
    x: float
    y: float
    x_low: float | None = None
    x_high: float | None = None
    y_low: float | None = None
    y_high: float | None = None
    bound: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One estimate with its interval, under a name of one or two lines."""

    name: str
    words: str
    estimate: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axes:
    """One pair of scales that all layers of a chart share."""

    x_title: str
    y_title: str
    x_domain: list[float]
    y_domain: list[float]

    def x(self, field: str = "x") -> alt.X:
        scale = alt.Scale(domain=self.x_domain, nice=False, zero=False)
        return alt.X(f"{field}:Q", title=self.x_title, scale=scale)

    def y(self, field: str = "y") -> alt.Y:
        scale = alt.Scale(domain=self.y_domain, nice=False, zero=False)
        return alt.Y(f"{field}:Q", title=self.y_title, scale=scale)


def scatter(points: Sequence[TeamPoint], *, x_title: str, y_title: str, description: str) -> str:
    """Draw each team with its error bars, the line through them and the band of that line."""
    axes = _Axes(
        x_title=x_title,
        y_title=y_title,
        x_domain=_domain([v for p in points for v in (p.x, p.x_low, p.x_high)]),
        y_domain=_domain([v for p in points for v in (p.y, p.y_low, p.y_high)]),
    )
    layers: list[alt.Chart] = []
    band = fitted_band([p.x for p in points], [p.y for p in points])
    if band is not None:
        layers += _line(band, axes)
    opacity = 0.7 if len(points) <= MANY else 0.35
    layers += _bars(points, axes, opacity=opacity)
    layers += _marks(points, axes)
    layers += _names(points, axes)
    chart = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)
    return draw(chart, description=description)


def forest(rows: Sequence[ForestRow], *, x_title: str, description: str) -> str:
    """Draw estimates under one another, each with its interval, against a line at zero."""
    domain = _domain([0.0, *(v for r in rows for v in (r.ci_low, r.ci_high))])
    axes = _Axes(x_title=x_title, y_title="", x_domain=domain, y_domain=domain)
    names = [row.name for row in rows]
    y = alt.Y(
        "name:N",
        title=None,
        sort=names,
        axis=alt.Axis(labelLimit=260, ticks=False, domain=False, grid=False, labelColor=INK),
    )
    data = _data([asdict(row) for row in rows])
    zero = alt.Chart(_data([{"estimate": 0.0}])).mark_rule(color=LINE_STRONG, aria=False)
    bars = alt.Chart(data).mark_rule(color=SERIES_1, strokeWidth=2, aria=False)
    dots = alt.Chart(data).mark_point(filled=True, color=SERIES_1, size=80, opacity=1)
    chart = alt.layer(
        zero.encode(x=axes.x("estimate")),
        bars.encode(x=axes.x("ci_low"), x2="ci_high:Q", y=y),
        dots.encode(x=axes.x("estimate"), y=y, description="words:N"),
    ).properties(width=FOREST_WIDTH, height=FOREST_ROW * len(rows))
    return draw(chart, description=description)


def fitted_band(x: Sequence[float], y: Sequence[float]) -> list[dict[str, float]] | None:
    """
    Trace the least-squares line and its 95% band, with the HC3 errors of the slope.

    None where there are fewer than four teams or the line is not determined.
    """
    first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    n = len(first)
    if n < 4 or np.ptp(first) <= 0:
        return None
    design = np.column_stack([np.ones(n), first - first.mean()])
    bread = np.diag(1 / (design**2).sum(axis=0))
    fit = bread @ design.T @ second
    leverage = ((design @ bread) * design).sum(axis=1)
    if leverage.max() > 1 - 1e-10:
        return None
    weighted = design * ((second - design @ fit) / (1 - leverage))[:, None]
    covariance = bread @ weighted.T @ weighted @ bread
    grid = np.linspace(first.min(), first.max(), BAND_STEPS)
    places = np.column_stack([np.ones(BAND_STEPS), grid - first.mean()])
    half = float(stats.t.ppf(0.975, n - 2)) * np.sqrt(((places @ covariance) * places).sum(axis=1))
    line: npt.NDArray[np.float64] = places @ fit
    return [
        {"x": float(a), "y": float(b), "low": float(b - h), "high": float(b + h)}
        for a, b, h in zip(grid, line, half, strict=True)
    ]


def _data(rows: list[dict[str, Any]]) -> alt.Data:
    return alt.Data(values=rows)  # type: ignore[no-untyped-call]  # the library leaves it untyped


def _domain(values: Sequence[float | None]) -> list[float]:
    """Span the figures with a little air on both sides."""
    known = [v for v in values if v is not None]
    low, high = min(known), max(known)
    air = 0.05 * (high - low) or 0.5
    return [low - air, high + air]


def _line(band: list[dict[str, float]], axes: _Axes) -> list[alt.Chart]:
    low, high = axes.y_domain
    cut = [b | {"low": max(b["low"], low), "high": min(b["high"], high)} for b in band]
    shown = alt.Chart(_data([b for b in cut if b["low"] < b["high"]]))
    area = shown.mark_area(color=BAND, opacity=1, aria=False)
    stroke = shown.transform_filter(f"datum.y >= {low} && datum.y <= {high}").mark_line(
        color=SERIES_2, strokeWidth=2, aria=False
    )
    return [
        area.encode(x=axes.x(), y=axes.y("high"), y2="low:Q"),
        stroke.encode(x=axes.x(), y=axes.y()),
    ]


def _bars(points: Sequence[TeamPoint], axes: _Axes, *, opacity: float) -> list[alt.Chart]:
    """Draw the interval of each team that has one, on either axis."""
    layers = []
    across = [asdict(p) for p in points if p.x_low is not None]
    upright = [asdict(p) for p in points if p.y_low is not None]
    if across:
        bars = alt.Chart(_data(across)).mark_rule(color=LINE_STRONG, opacity=opacity, aria=False)
        layers.append(bars.encode(x=axes.x("x_low"), x2="x_high:Q", y=axes.y()))
    if upright:
        bars = alt.Chart(_data(upright)).mark_rule(color=LINE_STRONG, opacity=opacity, aria=False)
        layers.append(bars.encode(y=axes.y("y_low"), y2="y_high:Q", x=axes.x()))
    return layers


def _marks(points: Sequence[TeamPoint], axes: _Axes) -> list[alt.Chart]:
    """Draw full points, and hollow ones where a score is in part made of bounds."""
    size = 70 if len(points) <= MANY else 36
    full = [asdict(p) for p in points if not p.bound]
    hollow = [asdict(p) for p in points if p.bound]
    layers = []
    if full:
        layers.append(
            alt.Chart(_data(full)).mark_point(filled=True, color=SERIES_1, size=size, opacity=0.9)
        )
    if hollow:
        layers.append(
            alt.Chart(_data(hollow)).mark_point(
                filled=False, color=SERIES_1, strokeWidth=2, size=size, opacity=1
            )
        )
    return [marks.encode(x=axes.x(), y=axes.y(), description="words:N") for marks in layers]


def _names(points: Sequence[TeamPoint], axes: _Axes) -> list[alt.Chart]:
    """Write names where there is room; the axis of pixels runs downwards."""
    left, top = axes.x_domain[0], axes.y_domain[1]
    x_step = WIDTH / (axes.x_domain[1] - left)
    y_step = HEIGHT / (top - axes.y_domain[0])
    places = [((p.x - left) * x_step, (top - p.y) * y_step) for p in points]
    labels = place_labels(places, [p.name for p in points], width=WIDTH, height=HEIGHT)
    layers = []
    for spot in SPOTS:
        rows = [
            {"x": points[label.index].x, "y": points[label.index].y, "text": label.text}
            for label in labels
            if label.spot == spot
        ]
        if rows:
            text = alt.Chart(_data(rows)).mark_text(
                align=spot.align,
                dx=spot.dx,
                dy=spot.dy,
                color=INK_SOFT,
                fontSize=FONT_SIZE,
                aria=False,
            )
            layers.append(text.encode(x=axes.x(), y=axes.y(), text="text:N"))
    return layers
