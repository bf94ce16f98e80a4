"""Names beside the points of a scatter: as many as find room, none over another."""

from itertools import combinations
from random import Random

from app.charts.labels import LETTER_WIDTH, place_labels

WIDTH, HEIGHT = 440, 380


def boxes(points, labels):
    return [
        label.spot.box(*points[label.index], length=len(label.text) * LETTER_WIDTH)
        for label in labels
    ]


def test_thirty_teams_nearly_all_have_their_names():
    """A cloud of thirty teams keeps nine names in ten, none over another or over the edge."""
    for seed in range(5):
        rng = Random(seed)
        points = [(rng.uniform(60, 380), rng.uniform(30, 350)) for _ in range(30)]

        labels = place_labels(points, ["Crew Lake 12"] * 30, width=WIDTH, height=HEIGHT)

        placed = boxes(points, labels)
        assert len(labels) >= 27
        for one, two in combinations(placed, 2):
            assert one[0] >= two[2] or two[0] >= one[2] or one[1] >= two[3] or two[1] >= one[3]
        assert all(b[0] >= 0 and b[1] >= 0 and b[2] <= WIDTH and b[3] <= HEIGHT for b in placed)


def test_a_name_without_room_is_left_out():
    """Twenty points on one spot cannot all be named."""
    labels = place_labels([(200, 200)] * 20, ["Housekeeping"] * 20, width=WIDTH, height=HEIGHT)

    assert len(labels) <= 6


def test_a_very_long_name_is_shortened():
    """It keeps its beginning and says that something is missing."""
    (label,) = place_labels([(200, 200)], ["x" * 60], width=WIDTH, height=HEIGHT)

    assert label.text == "x" * 25 + "…"
