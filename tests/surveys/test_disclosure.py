"""surveys.disclosure: what may be shown of an item, and above which thresholds."""

from __future__ import annotations

import pytest

from surveys.disclosure import PROFILES, Thresholds, release_item
from surveys.errors import BelowFloor
from surveys.questions import (
    MultipleChoice,
    Option,
    Recommendation,
    Scale,
    SingleChoice,
    YesNo,
)

ENDS = {"low_label": "No", "high_label": "Yes"}
SCALE = Scale(key="q", text="Q", **ENDS)
DEFAULT, STRICT = Thresholds.of("default"), Thresholds.of("strict")
OPTIONS = tuple(Option(key=key, text=key) for key in "abc")


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
