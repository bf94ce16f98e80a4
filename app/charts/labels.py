"""Room for names beside points, so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

LETTER_WIDTH = 6.8
HEIGHT = 14.0
GAP = 6.0
# Names stand a little above their points, clear of the bars that lie across.
RISE = 8.0
RADIUS = 5.0

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A name with its place in pixels, to the right or to the left of its point."""

    index: int
    text: str
    side: Literal["right", "left"]


def place_labels(
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    *,
    width: float,
    longest: int = 22,
) -> list[Label]:
    """
    Give names to as many points as find room, the outermost first.

    `points` are in pixels.  A name that finds no room on either side is left out: the mark
    still carries it for a pointer and for ears, and the table beneath lists it.
    """
    taken: list[Box] = [(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in points]
    centre_x = sum(x for x, _ in points) / len(points)
    centre_y = sum(y for _, y in points) / len(points)
    outermost = sorted(
        range(len(points)),
        key=lambda i: -((points[i][0] - centre_x) ** 2 + (points[i][1] - centre_y) ** 2),
    )
    labels = []
    for i in outermost:
        x, y = points[i]
        text = texts[i] if len(texts[i]) <= longest else texts[i][: longest - 1] + "…"
        length = len(text) * LETTER_WIDTH
        top, bottom = y - RISE - HEIGHT / 2, y - RISE + HEIGHT / 2
        sides: tuple[tuple[Literal["right", "left"], Box], ...] = (
            ("right", (x + GAP, top, x + GAP + length, bottom)),
            ("left", (x - GAP - length, top, x - GAP, bottom)),
        )
        for side, box in sides:
            inside = box[0] >= 0 and box[2] <= width and box[1] >= 0
            if inside and not any(_touch(box, other) for other in taken):
                labels.append(Label(index=i, text=text, side=side))
                taken.append(box)
                break
    return labels


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
