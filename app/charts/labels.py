"""Room for names beside points, so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

FONT_SIZE = 11
LETTER_WIDTH = 5.8
HEIGHT = 12.0
RADIUS = 5.0

Box = tuple[float, float, float, float]
Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a name stands from its point, in pixels; the axis runs downwards."""

    align: Align
    dx: float
    dy: float

    def box(self, x: float, y: float, *, length: float) -> Box:
        """Span the room that a name of this length takes beside a point."""
        start = {"left": 0.0, "center": length / 2, "right": length}[self.align]
        left, middle = x + self.dx - start, y + self.dy
        return left, middle - HEIGHT / 2, left + length, middle + HEIGHT / 2


# Names stand a little above or below their points, clear of the bars that lie across.
SPOTS = (
    Spot("left", 6.0, -8.0),
    Spot("right", -6.0, -8.0),
    Spot("left", 6.0, 8.0),
    Spot("right", -6.0, 8.0),
    Spot("center", 0.0, -12.0),
    Spot("center", 0.0, 12.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A name with its place beside the point of this index."""

    index: int
    text: str
    spot: Spot


def place_labels(
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    *,
    width: float,
    height: float,
    longest: int = 26,
) -> list[Label]:
    """
    Give names to as many points as find room.

    `points` are in pixels.  Several orders are tried, and the one that places the most names
    stands.  A name that finds no room on any side is left out: the mark still carries it
    for a pointer and for ears, and the table beneath lists it.
    """
    short = [text if len(text) <= longest else f"{text[: longest - 1]}…" for text in texts]
    centre_x = sum(x for x, _ in points) / len(points)
    centre_y = sum(y for _, y in points) / len(points)
    away = [(x - centre_x) ** 2 + (y - centre_y) ** 2 for x, y in points]
    order = range(len(points))
    orders = (
        sorted(order, key=lambda i: -away[i]),
        sorted(order, key=lambda i: away[i]),
        sorted(order, key=lambda i: points[i]),
        sorted(order, key=lambda i: points[i][::-1]),
        sorted(order, key=lambda i: -points[i][0]),
        sorted(order, key=lambda i: -points[i][1]),
        sorted(order, key=lambda i: -len(short[i])),
    )
    tries = [_placed(points, short, order=o, width=width, height=height) for o in orders]
    return max(tries, key=len)


def _placed(
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    *,
    order: Sequence[int],
    width: float,
    height: float,
) -> list[Label]:
    taken: list[Box] = [(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in points]
    labels = []
    for i in order:
        length = len(texts[i]) * LETTER_WIDTH
        for spot in SPOTS:
            box = spot.box(*points[i], length=length)
            inside = box[0] >= 0 and box[2] <= width and box[1] >= 0 and box[3] <= height
            others = (b for place, b in enumerate(taken) if place != i)
            if inside and not any(_touch(box, other) for other in others):
                labels.append(Label(index=i, text=texts[i], spot=spot))
                taken.append(box)
                break
    return labels


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
