"""surveys.disclosure: construct sums and pooled moments, figure by figure."""

from __future__ import annotations

from random import Random
from statistics import mean, variance
from typing import Any

import pytest

from surveys.disclosure import Thresholds
from surveys.questionnaires import Construct, Questionnaire
from surveys.questions import (
    Comment,
    Option,
    Scale,
)
from surveys.scoring import person_scores
from tests.surveys.waves import (
    make_opening,
    release,
)

ENDS = {"low_label": "No", "high_label": "Yes"}
SCALE = Scale(key="q", text="Q", **ENDS)
DEFAULT, STRICT = Thresholds.of("default"), Thresholds.of("strict")
OPTIONS = tuple(Option(key=key, text=key) for key in "abc")


# Constructs and pooled moments.

TWO = Questionnaire(
    key="two",
    title="Two",
    language="en",
    audience="employees",
    source="A test",
    licence="Apache-2.0",
    questions=(
        Scale(key="good", text="Good", **ENDS),
        Scale(key="bad", text="Bad", reverse=True, **ENDS),
        Scale(key="old", text="Old", retired=True, **ENDS),
        Comment(key="comment", text="Why?"),
    ),
    constructs=(Construct(key="both", title="Both", items=("good", "bad", "old")),),
)


def one_cell(people: list[dict[str, Any]]) -> dict[str, Any]:
    """Release the two items for one group of twenty."""
    opening = make_opening(eligible={"phone": 20}, questionnaire=TWO)
    (cell,) = release(opening, {"g01": people})["cells"]
    return cell


def test_an_exact_construct_adds_up_person_scores():
    """Where nobody skipped an item, count, sum and variance are those of the person scores."""
    people = [{"good": 1 + i % 5, "bad": 1 + i % 3} for i in range(11)]
    people += [{"comment": "Nothing else"}]
    scores = [s["both"] for s in (person_scores(TWO, person) for person in people) if s]

    both = one_cell(people)["constructs"]["both"]

    assert (both["status"], both["n"]) == ("exact", 11)
    assert both["sum"] == pytest.approx(sum(scores))
    assert both["variance"] == pytest.approx(variance(scores))


def test_a_construct_of_items_that_some_skipped_is_made_from_the_items():
    """With the person scores' own sum, the one who skipped an item could be found out."""
    people = [{"good": 1 + i % 5, "bad": 1 + i % 3} for i in range(10)]

    one, other = (
        one_cell([*people, {"good": answer}, {"good": 6 - answer}])["constructs"]["both"]
        for answer in (1, 2)
    )

    good = mean([*(person["good"] for person in people), 1, 5])
    bad = mean(6 - person["bad"] for person in people)
    assert one == {
        "status": "exact",
        "n": 12,
        "sum": pytest.approx(12 * (good + bad) / 2),
        "variance": None,
    }
    assert one == other


def test_a_variance_needs_ten_scores():
    """With nine the sum is shown and the variance is not."""
    both = one_cell([{"good": 1 + i % 5, "bad": 1 + i % 4} for i in range(9)])["constructs"][
        "both"
    ]

    assert (both["status"], both["n"], both["variance"]) == ("exact", 9, None)


def test_beside_one_clamped_item_a_construct_is_made_from_released_figures():
    """A unanimous item bounds the construct; its own answers are not looked at."""
    people = [{"good": 5, "bad": 1 + i % 5} for i in range(10)]

    cell = one_cell(people)

    assert [cell["items"][key]["status"] for key in ("good", "bad")] == ["clamped", "exact"]
    good = cell["items"]["good"]
    assert cell["constructs"]["both"] == {
        "status": "clamped",
        "n": 10,
        "sum": pytest.approx((good["sum"] + 30) / 2),
        "sum_is": "at_least",
        "point_sum": pytest.approx((good["point_sum"] + 30) / 2),
        "variance": None,
    }


def test_a_reversed_clamped_item_bounds_the_construct_from_the_other_side():
    """Everybody says the bad thing: the construct is at most so much."""
    both = one_cell([{"good": 1 + i % 5, "bad": 5} for i in range(10)])["constructs"]["both"]

    assert both["sum_is"] == "at_most"
    assert both["sum"] == pytest.approx((30 + 10 * 6 - 43) / 2)


@pytest.mark.parametrize(
    "people",
    [
        [{"good": 5, "bad": 5}] * 10,
        [{"good": 5}, *({"good": 5, "bad": 1 + i % 5} for i in range(9))],
    ],
    ids=["bounds point both ways", "somebody skipped an item"],
)
def test_a_construct_that_is_no_bound_says_so(people):
    """Where the items' bounds do not bound the construct it is called mixed."""
    assert one_cell(people)["constructs"]["both"]["sum_is"] == "mixed"


def test_a_construct_of_clamped_items_with_exact_sums_is_exact_in_its_sum():
    """Everybody chose a 4 and a 2: the shares are bounds, the sums are not."""
    both = one_cell([{"good": 4, "bad": 2}] * 10)["constructs"]["both"]

    assert (both["status"], both["sum"], both["sum_is"]) == ("clamped", 40.0, "exact")


def many_cells(n_cells: int, n: int, *, unanimous: int = 0) -> dict[str, Any]:
    """Release cells of n people each, the first few of one mind on the first item."""
    rows = [{"team": "all", "name": "Company", "parent": None}]
    rows += [{"team": f"t{i:02d}", "name": f"T{i}", "parent": "all"} for i in range(n_cells)]
    opening = make_opening(questionnaire=TWO, eligible={"all": 50}) | {"hierarchy": rows}
    opening["groups"] = [
        {
            "group": f"g{i:02d}",
            "label": f"T{i}",
            "home": f"t{i:02d}",
            "teams": [f"t{i:02d}"],
            "n_eligible": n,
            "needs": 5,
            "codes": [],
        }
        for i in range(n_cells)
    ]
    rng = Random(4)
    answers = {
        f"g{i:02d}": [
            {
                "good": 5 if i < unanimous else 1 + (p + p * i) % 5,
                "bad": rng.choice([1, 2, 3, 4, 5]),
            }
            for p in range(n)
        ]
        for i in range(n_cells)
    }
    for i in range(n_cells):
        # Both classes of both items, whatever was drawn.
        for p, (good, bad) in enumerate([(1, 1), (1, 1), (1, 1), (5, 5), (5, 5), (5, 5)]):
            answers[f"g{i:02d}"][p] |= {"bad": bad} | ({} if i < unanimous else {"good": good})
    return {"release": release(opening, answers), "answers": answers}


def within(answers: dict[str, list[dict[str, int]]], score) -> float:
    """Pool the variance of a score within groups, by hand."""
    groups = [[score(person) for person in people] for people in answers.values()]
    squares = sum((x - mean(values)) ** 2 for values in groups for x in values)
    return squares / sum(len(values) - 1 for values in groups)


def test_pooled_moments_are_those_within_cells():
    """Reversed items are turned round; the divisor is answers minus cells."""
    made = many_cells(10, 10)
    answers, pooled = made["answers"], made["release"]["pooled"]

    assert (pooled["n_cells"], pooled["n"], pooled["items"]) == (10, 100, ["good", "bad"])
    assert pooled["pair_n"] == [[100, 100], [100, 100]]
    assert pooled["pair_cells"] == [[10, 10], [10, 10]]
    good = within(answers, lambda p: p["good"])
    bad = within(answers, lambda p: 6 - p["bad"])
    both = within(answers, lambda p: p["good"] + 6 - p["bad"])
    assert pooled["covariance"][0][0] == pytest.approx(good)
    assert pooled["covariance"][1][1] == pytest.approx(bad)
    assert pooled["covariance"][0][1] == pytest.approx((both - good - bad) / 2)
    assert pooled["covariance"][1][0] == pooled["covariance"][0][1]
    assert pooled["constructs"]["both"] == {
        "variance": pytest.approx(both / 4),
        "n": 100,
        "n_cells": 10,
    }


def test_a_pair_needs_ten_cells_in_which_both_items_are_exact():
    """One cell of one mind too many withholds what involves its item, and no more."""
    pooled = many_cells(10, 12, unanimous=1)["release"]["pooled"]

    assert pooled["covariance"][0] == [None, None]
    assert pooled["covariance"][1][1] is not None
    assert pooled["pair_n"] == [[0, 0], [0, 120]]
    assert pooled["constructs"] == {"both": None}


@pytest.mark.parametrize(("n_cells", "n"), [(9, 20), (11, 9)], ids=["9 cells", "99 answers"])
def test_too_little_pools_nothing(n_cells, n):
    """Below ten cells or a hundred answers there are no pooled moments at all."""
    assert many_cells(n_cells, n)["release"]["pooled"] is None


# Comments.
