"""The release: one frozen table of cells, assembled once when a wave closes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date
from itertools import chain
from random import Random
from typing import Any

from surveys import disclosure
from surveys.disclosure import CellAnswers, Thresholds
from surveys.documents import sha256_of
from surveys.errors import BadDocument
from surveys.hierarchy import Hierarchy, Part, labels, partition, parts_of
from surveys.moments import Person
from surveys.questionnaires import Questionnaire
from surveys.questions import Comment, MultipleChoice
from surveys.threads import field_of

RELEASE_SCHEMA = "headwater.release/1"
SALT_LENGTH = 16  # bytes


def build_release(
    opening: Mapping[str, Any],
    answers_by_group: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    closed_on: date,
    rng: Random,
) -> dict[str, Any]:
    """
    Make the release of a wave from its opening and the answers of each counting group.

    Beside a comment an answer may hold its thread, as `threads.field_of` names it.
    The order of the answers changes nothing.  `rng` draws the order of the
    comments and the salt: pass ``random.SystemRandom()``.  The salt keeps whoever sees
    the bounds of a small release from trying out which counts have its public digest.
    """
    questionnaire = Questionnaire.from_dict(opening["questionnaire"])
    thresholds = Thresholds.from_dict(opening["thresholds"])
    hierarchy = Hierarchy.from_list(opening["hierarchy"])
    people = _people_by_group(opening, answers_by_group, questionnaire)
    groups = parts_of(opening["groups"], {group: len(people[group]) for group in people})
    eligible = {group["group"]: group["n_eligible"] for group in opening["groups"]}
    named = _named(hierarchy, groups, partition(hierarchy, groups, k=thresholds.k), prefix="c")
    cells, answered = [], []
    for head, part in named:
        inside = [person for group in part.members for person in people[group]]
        items = disclosure.release_items(questionnaire, inside, thresholds)
        cells.append(
            {
                **head,
                "n_eligible": sum(eligible[group] for group in part.members),
                "items": items,
                "constructs": disclosure.release_constructs(questionnaire, inside, items),
            }
        )
        answered.append(CellAnswers(people=inside, items=items))
    return {
        "schema": RELEASE_SCHEMA,
        **{name: opening[name] for name in ("wave", "title", "organisation", "questionnaire")},
        **{name: opening[name] for name in ("thresholds", "hierarchy")},
        "opened_on": opening["opens_on"],
        "closed_on": closed_on.isoformat(),
        "opening_sha256": sha256_of(opening),
        "n_eligible": sum(eligible.values()),
        "n_responses": sum(map(len, people.values())),
        "cells": cells,
        "pooled": disclosure.pool_moments(questionnaire, answered),
        "comments": _comments(
            hierarchy,
            questionnaire,
            [part for _, part in named],
            groups=groups,
            people=people,
            k=thresholds.k_comment,
            rng=rng,
        ),
        "salt": f"{rng.getrandbits(8 * SALT_LENGTH):0{2 * SALT_LENGTH}x}",
    }


def _people_by_group(
    opening: Mapping[str, Any],
    answers_by_group: Mapping[str, Sequence[Mapping[str, Any]]],
    questionnaire: Questionnaire,
) -> dict[str, list[Person]]:
    """Collect the answers of every group in the opening, refusing what it does not foresee."""
    unknown = answers_by_group.keys() - {group["group"] for group in opening["groups"]}
    if unknown:
        raise BadDocument(f"Answers came from {min(unknown)!r}, which the opening does not list.")
    many = {q.key for q in questionnaire.asked if isinstance(q, MultipleChoice)}
    people: dict[str, list[Person]] = {}
    for group in opening["groups"]:
        given = answers_by_group.get(group["group"], ())
        if len(given) > group["n_eligible"]:
            raise BadDocument(
                f"Group {group['group']!r} has {len(given)} answers, more than people eligible."
            )
        people[group["group"]] = [
            {key: tuple(value) if key in many else value for key, value in answers.items()}
            for answers in given
        ]
    return people


def _named(
    hierarchy: Hierarchy, groups: Sequence[Part], parts: Sequence[Part], *, prefix: str
) -> list[tuple[dict[str, Any], Part]]:
    """Number and label parts in the order of the tree."""
    people_in = {team for group in groups for team in group.teams}
    names = labels(hierarchy, parts, people_in=people_in)
    width = max(2, len(str(len(parts))))
    return [
        (
            {
                "cell": f"{prefix}{number:0{width}d}",
                "label": label,
                "home": part.home,
                "teams": sorted(part.teams),
                "n": part.n,
            },
            part,
        )
        for number, (part, label) in enumerate(zip(parts, names, strict=True), 1)
    ]


def _comments(
    hierarchy: Hierarchy,
    questionnaire: Questionnaire,
    cells: Sequence[Part],
    *,
    groups: Sequence[Part],
    people: Mapping[str, Sequence[Person]],
    k: int,
    rng: Random,
) -> dict[str, Any]:
    """
    Part the comments from everything else, among `k` possible authors or more (R4).

    The comment cells are unions of cells, so that the two lists of counts,
    held side by side, count no smaller set of people.
    """
    keys = [q.key for q in questionnaire.asked if isinstance(q, Comment)]
    parts = [Part(key=str(i), home=c.home, teams=c.teams, n=c.n) for i, c in enumerate(cells)]
    found, kept = [], 0
    twice = _used_twice(chain.from_iterable(people.values()), keys)
    for head, part in _named(hierarchy, groups, partition(hierarchy, parts, k=k), prefix="m"):
        inside = [
            person
            for cell in part.members
            for group in cells[int(cell)].members
            for person in people[group]
        ]
        listed = {key: _shuffled(inside, key, unclaimed=twice, rng=rng) for key in keys}
        kept += sum(map(len, listed.values()))
        found.append({**head, "items": listed})
    written = sum(key in person for group in people.values() for person in group for key in keys)
    return {"cells": found, "destroyed": written - kept}


def _shuffled(
    people: Iterable[Person], key: str, *, unclaimed: Set[str], rng: Random
) -> list[dict[str, Any]]:
    """List what people wrote, each beside its thread, in an order drawn at random."""
    found = [
        {"text": person[key], "thread": thread if thread not in unclaimed else None}
        for person in people
        if key in person
        for thread in [person.get(field_of(key))]
    ]
    # Sorted first, so that the order of arrival cannot reach the result through the draw.
    found.sort(key=lambda comment: (comment["text"], comment["thread"] or ""))
    rng.shuffle(found)
    return found


def _used_twice(people: Iterable[Person], keys: Sequence[str]) -> Set[str]:
    """Find the threads that several comments claim: they are nobody's, or one could steal one."""
    fields = [field_of(key) for key in keys]
    used = Counter(str(person[field]) for person in people for field in fields if field in person)
    return {thread for thread, n in used.items() if n > 1}
