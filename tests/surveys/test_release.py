"""surveys.release: what a closed wave releases, as a whole."""

from __future__ import annotations

import json
from random import Random

import pytest

from surveys.disclosure import Thresholds
from surveys.documents import canonical, sha256_of
from surveys.errors import BadDocument
from surveys.questions import (
    Comment,
    Option,
    Scale,
)
from surveys.threads import field_of
from tests.surveys.waves import (
    PULSE,
    cells_of,
    draw_answers,
    everybody,
    make_opening,
    release,
    same_answers,
)

ENDS = {"low_label": "No", "high_label": "Yes"}
SCALE = Scale(key="q", text="Q", **ENDS)
DEFAULT, STRICT = Thresholds.of("default"), Thresholds.of("strict")
OPTIONS = tuple(Option(key=key, text=key) for key in "abc")


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


def test_the_digest_of_a_release_confirms_no_guess(opening):
    """The same answers give another digest each time: 128 random bits are in it."""
    answers = draw_answers(opening, everybody(opening))
    one, other = (release(opening, answers, seed=seed) for seed in (1, 2))

    assert one["salt"] != other["salt"]
    assert len(bytes.fromhex(one["salt"])) == 16
    assert sha256_of(one) != sha256_of(one | {"salt": other["salt"]})


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
    assert sorted(c["text"] for c in one) == sorted(c["text"] for c in other)


def test_a_comment_keeps_its_thread_unless_another_claims_the_same(opening):
    """Beside a text stands its thread or nothing; one that two claim is taken from both."""
    threads = ["1" * 64, "2" * 64, "2" * 64, None]
    people = [
        {"comment": f"Remark {n}"} | ({field_of("comment"): thread} if thread else {})
        for n, thread in enumerate(threads)
    ]

    made = release(opening, {"g03": [*people, *same_answers(10, tools=3)]})

    (cell,) = made["comments"]["cells"]
    assert sorted((c["text"], c["thread"]) for c in cell["items"]["comment"]) == [
        ("Remark 0", "1" * 64), ("Remark 1", None), ("Remark 2", None), ("Remark 3", None),
    ]  # fmt: skip


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
