"""surveys.release and surveys.disclosure: what a closed wave releases, figure by figure."""

from __future__ import annotations

import json
from datetime import date
from random import Random
from statistics import mean, variance
from typing import Any

import pytest

from surveys.disclosure import PROFILES, Thresholds, release_item
from surveys.documents import canonical, sha256_of
from surveys.errors import BadDocument, BelowFloor
from surveys.exchange import check_release
from surveys.questionnaires import Construct, Questionnaire
from surveys.questions import (
    Comment,
    MultipleChoice,
    Option,
    Recommendation,
    Scale,
    SingleChoice,
    YesNo,
)
from surveys.release import build_release
from surveys.scoring import person_scores
from tests.surveys.waves import (
    PULSE,
    cells_of,
    draw_answers,
    everybody,
    make_opening,
    same_answers,
)

DAY = date(2026, 3, 13)
ENDS = {"low_label": "No", "high_label": "Yes"}
SCALE = Scale(key="q", text="Q", **ENDS)
DEFAULT, STRICT = Thresholds.of("default"), Thresholds.of("strict")
OPTIONS = tuple(Option(key=key, text=key) for key in "abc")


def release(opening: dict[str, Any], answers: dict[str, Any], *, seed: int = 1) -> dict[str, Any]:
    """Release, and hold the release against the check that the application makes."""
    made = build_release(opening, answers, closed_on=DAY, rng=Random(seed))
    check_release(json.loads(canonical(made)))
    return made


@pytest.fixture(scope="module")
def opening():
    return make_opening()


# The whole document.


def test_a_release_has_one_cell_for_each_part_of_the_company(opening):
    """Every cell knows its teams, where it sits, and how many of how many answered."""
    made = release(opening, draw_answers(opening, {"g01": 3, "g02": 9, "g03": 14, "g04": 8}))

    assert [
        (c["cell"], c["label"], c["home"], c["n"], c["n_eligible"]) for c in made["cells"]
    ] == [
        ("c01", "Sales", "sales", 12, 22),
        ("c02", "Phone", "phone", 14, 20),
        ("c03", "Mail", "mail", 8, 9),
    ]
    assert made["cells"][0]["teams"] == ["north", "sales", "south", "west"]
    assert (made["n_responses"], made["n_eligible"]) == (34, 51)
    assert made["opening_sha256"] == sha256_of(opening)
    assert (made["opened_on"], made["closed_on"]) == ("2026-03-02", "2026-03-13")


def test_the_order_of_answers_changes_nothing(opening):
    """Any order of arrival gives the same bytes, comments included."""
    answers = draw_answers(opening, everybody(opening))
    shuffled = {group: Random(9).sample(people, len(people)) for group, people in answers.items()}
    turned = {
        group: [dict(reversed(person.items())) for person in people]
        for group, people in reversed(shuffled.items())
    }

    assert canonical(release(opening, answers)) == canonical(release(opening, turned))


def test_cells_are_made_from_counts_alone(opening):
    """Other answers of as many people give the same cells and comment cells."""
    counts = {"g01": 4, "g02": 6, "g03": 11, "g04": 3}
    one, other = (release(opening, draw_answers(opening, counts, seed=s)) for s in (1, 2))

    assert one["cells"] != other["cells"]
    for heads in (lambda r: r["cells"], lambda r: r["comments"]["cells"]):
        assert [(c["label"], c["teams"], c["n"]) for c in heads(one)] == [
            (c["label"], c["teams"], c["n"]) for c in heads(other)
        ]


def test_fewer_than_five_answers_release_nothing(opening):
    """Four answers in the whole company: no cell, no moments, comments destroyed."""
    made = release(opening, {"g01": same_answers(4, tools=3, comment="Hello")})

    assert made["cells"] == []
    assert made["pooled"] is None
    assert made["comments"] == {"cells": [], "destroyed": 4}


def test_a_release_is_frozen_in_its_digest(opening):
    """The document is plain JSON and comes back from its bytes as it was."""
    made = release(opening, draw_answers(opening, everybody(opening)))

    assert json.loads(canonical(made)) == made


def test_answers_from_nowhere_are_refused(opening):
    """A group that the opening does not list, or more answers than people, is an error."""
    with pytest.raises(BadDocument, match="'g99'"):
        release(opening, {"g99": [{}]})
    with pytest.raises(BadDocument, match="more than people eligible"):
        release(opening, {"g04": same_answers(10, tools=3)})


def test_people_who_answer_nothing_count_as_answers(opening):
    """An empty sheet is an answer to the wave and to none of its items."""
    made = release(opening, {"g04": [*same_answers(5, tools=2), *same_answers(4)]})

    cell = cells_of(made)["Company"]
    assert cell["n"] == 9
    assert cell["items"]["tools"]["n"] == 5
    assert cell["items"]["manager"] == {"status": "hidden", "reason": "too_few_answers"}
    assert cell["constructs"]["manager"] == {"status": "hidden", "reason": "too_few_answers"}


# Items.


def test_a_divided_item_is_exact():
    """With both classes well present the counts and the sum are shown."""
    item = release_item(SCALE, [1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5], DEFAULT)

    assert item == {
        "status": "exact",
        "n": 11,
        "counts": {"1": 1, "2": 1, "3": 2, "4": 3, "5": 4},
        "sum": 41,
    }


def test_a_unanimous_item_is_shown_as_bounds():
    """All of 11 most favourable: 9 or more, a sum of 49 or more, points a quarter further."""
    assert release_item(SCALE, [5] * 11, DEFAULT) == {
        "status": "clamped",
        "n": 11,
        "favourable": {"at_least": 9},
        "point_favourable": 9.5,
        "sum": 49,
        "sum_is": "at_least",
        "point_sum": 50.5,
    }
    assert release_item(SCALE, [1] * 6, DEFAULT) == {
        "status": "clamped",
        "n": 6,
        "favourable": {"at_most": 1},
        "point_favourable": 0.75,
        "sum": 9,
        "sum_is": "at_most",
        "point_sum": 8.25,
    }


def test_a_sum_in_the_middle_stays_exact_where_the_share_is_clamped():
    """All of 8 gave a 4: the share is a bound, the sum is not near an end."""
    item = release_item(SCALE, [4] * 8, DEFAULT)

    assert item["favourable"] == {"at_least": 6}
    assert (item["sum"], item["sum_is"], item["point_sum"]) == (32, "exact", 32.0)


def test_a_reversed_item_is_bounded_at_the_other_end():
    """Where low is good, eight ones are at least six favourable and a low sum."""
    reverse = Scale(key="q", text="Q", reverse=True, **ENDS)

    item = release_item(reverse, [1] * 8, DEFAULT)

    assert item["favourable"] == {"at_least": 6}
    assert (item["sum"], item["sum_is"]) == (14, "at_most")


def test_yes_and_no_are_bounded_alike():
    """A sum of yes and no is bounded like its share, whichever of them is good."""
    for good, favourable in (("yes", {"at_most": 2}), ("no", {"at_least": 8})):
        item = release_item(YesNo(key="q", text="Q", favourable=good), [0] * 10, DEFAULT)

        assert item["favourable"] == favourable
        assert (item["sum"], item["sum_is"]) == (2, "at_most")


def test_a_recommendation_is_exact_only_if_both_ends_are_divided():
    """With many promoters and one detractor both are counts or bounds, and there is no sum."""
    question = Recommendation(key="q", text="Q", **ENDS)

    exact = release_item(question, [0, 3, 6, 7, 7, 8, 9, 9, 10, 10], DEFAULT)
    clamped = release_item(question, [3, 7, 7, 8, 8, 8, 9, 9, 10, 10], DEFAULT)

    assert (exact["status"], exact["sum"], exact["counts"]["7"]) == ("exact", 69, 2)
    assert clamped == {
        "status": "clamped",
        "n": 10,
        "promoters": {"exact": 4},
        "detractors": {"at_most": 2},
        "point_promoters": 4.0,
        "point_detractors": 1.5,
    }


def test_a_choice_is_shown_only_if_every_option_is_divided():
    """One rare option hides the choice, without saying how many answered."""
    question = SingleChoice(key="q", text="Q", options=OPTIONS)

    exact = release_item(question, list("aaabbbbcccc"), DEFAULT)

    assert exact == {"status": "exact", "n": 11, "counts": {"a": 3, "b": 4, "c": 4}}
    assert release_item(question, list("aabbbbbcccc"), DEFAULT) == {
        "status": "hidden",
        "reason": "too_few_in_an_option",
    }


def test_each_of_several_choices_is_a_yes_or_no():
    """Options are counted or bounded one by one."""
    question = MultipleChoice(key="q", text="Q", options=OPTIONS)
    answers = [("a",)] * 5 + [("a", "b")] * 4 + [("b", "c")]

    assert release_item(question, answers, DEFAULT) == {
        "status": "options",
        "n": 10,
        "options": {"a": {"at_least": 8}, "b": {"exact": 5}, "c": {"at_most": 2}},
    }


def test_an_item_with_too_few_answers_hides_even_their_number():
    """Below k neither figures nor the number of answers are shown."""
    hidden = {"status": "hidden", "reason": "too_few_answers"}

    assert release_item(SCALE, [3, 4, 2, 5], DEFAULT) == hidden
    assert release_item(SCALE, [3, 4, 2, 5, 1, 5, 3], STRICT) == hidden


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
    """Count, sum and variance are those of the means of each person's answered items."""
    people = [{"good": 1 + i % 5, "bad": 1 + i % 3} for i in range(9)]
    people += [{"good": 5}, {"bad": 5}, {"comment": "Nothing else"}]
    scores = [s["both"] for s in (person_scores(TWO, person) for person in people) if s]

    both = one_cell(people)["constructs"]["both"]

    assert (both["status"], both["n"]) == ("exact", 11)
    assert both["sum"] == pytest.approx(sum(scores))
    assert both["variance"] == pytest.approx(variance(scores))


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


def test_comments_are_listed_among_ten_possible_authors(opening):
    """Cells of fewer than ten are merged for comments; no comment stands beside a score."""
    made = release(opening, draw_answers(opening, {"g01": 6, "g02": 7, "g03": 14, "g04": 5}))

    assert [c["label"] for c in made["cells"]] == ["Sales: other teams", "North", "Phone", "Mail"]
    assert [(c["cell"], c["label"], c["n"]) for c in made["comments"]["cells"]] == [
        ("m01", "Sales", 13),
        ("m02", "Care", 19),
    ]
    assert made["comments"]["destroyed"] == 0
    assert all("comment" not in cell["items"] for cell in made["cells"])


def test_comments_in_no_list_of_ten_are_destroyed_and_counted(opening):
    """Nine answers in all make cells, but no list of comments."""
    people = [*same_answers(5, tools=2, comment="Hello"), *same_answers(4, tools=4)]

    made = release(opening, {"g02": people})

    assert len(made["cells"]) == 1
    assert made["comments"] == {"cells": [], "destroyed": 5}
    assert b"Hello" not in canonical(made)


def test_comments_are_listed_in_an_order_drawn_at_random(opening):
    """Another draw gives another order of the same texts."""
    answers = draw_answers(opening, everybody(opening))
    one, other = (
        release(opening, answers, seed=seed)["comments"]["cells"][1]["items"]["comment"]
        for seed in (1, 2)
    )

    assert one != other
    assert sorted(one) == sorted(other)


@pytest.mark.parametrize("seed", range(5))
def test_comment_cells_are_unions_of_cells(opening, seed):
    """S-7: no difference of two counts leaves a set of people smaller than a cell."""
    rng = Random(seed)
    counts = {group["group"]: rng.randint(0, group["n_eligible"]) for group in opening["groups"]}
    made = release(opening, draw_answers(opening, counts, seed=seed))

    for listed in made["comments"]["cells"]:
        inside = [c for c in made["cells"] if set(c["teams"]) & set(listed["teams"])]
        assert sorted(t for c in inside for t in c["teams"]) == listed["teams"]
        assert sum(c["n"] for c in inside) == listed["n"]


# Thresholds.


def test_profiles():
    """Default: 5 answers, one colleague from 8 on. Strict: 8 answers, one colleague."""
    assert DEFAULT.to_dict() == {"profile": "default", "k": 5, "k_group": 8, "k_comment": 10}
    assert [DEFAULT.tolerated(n) for n in (5, 7, 8, 40)] == [0, 0, 1, 1]
    assert (STRICT.k, STRICT.tolerated(8)) == (8, 1)
    assert Thresholds.from_dict(STRICT.to_dict()) == STRICT


@pytest.mark.parametrize(
    "below",
    [
        {"k": 4},
        {"k": 0},
        {"profile": "strict", "k": 7},
        {"k_group": 4},
        {"k_comment": 9},
        {"profile": "none"},
    ],
    ids=str,
)
def test_thresholds_below_the_floor_are_refused(below):
    """S-5: no document and no setting gets below the floor."""
    with pytest.raises(BelowFloor):
        Thresholds(**below)


@pytest.mark.parametrize("profile", PROFILES)
def test_both_classes_fit_into_the_smallest_cell(profile):
    """The proof of the clamp needs n of 2c + 3 or more; the floors see to it."""
    thresholds = Thresholds.of(profile)

    assert all(n >= 2 * thresholds.tolerated(n) + 3 for n in range(thresholds.k, 50))


def test_a_strict_wave_has_cells_of_eight(opening):
    """The profile of the opening decides, and is written into the release."""
    strict = make_opening(thresholds=STRICT)

    made = release(strict, draw_answers(strict, {"g01": 6, "g02": 7, "g03": 14, "g04": 5}))

    assert [(c["label"], c["n"]) for c in made["cells"]] == [("Sales", 13), ("Care", 19)]
    assert made["thresholds"]["profile"] == "strict"


def test_the_pulse_is_released_item_by_item(opening):
    """Every item asked but the comment, and every construct, is in every cell."""
    made = release(opening, draw_answers(opening, everybody(opening)))

    for cell in made["cells"]:
        assert list(cell["items"]) == [q.key for q in PULSE.asked if not isinstance(q, Comment)]
        assert list(cell["constructs"]) == [construct.key for construct in PULSE.constructs]
