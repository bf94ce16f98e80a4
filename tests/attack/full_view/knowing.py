"""From figures to facts: what each printed or released figure says of the answers behind it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from scipy import stats

from surveys.questions import Answer, Question, Recommendation, Scale, SingleChoice, YesNo
from surveys.scoring import DETRACTORS, PROMOTERS, favourable_values
from tests.attack.full_view.companies import WaveAnswers
from tests.attack.full_view.explaining import Table
from tests.attack.full_view.reading import Shown
from tests.attack.full_view.solving import Attack, Fact
from tests.attack.test_enumeration import classes_of

Units = frozenset[str]


def values_of(question: Question) -> list[Any]:
    """List every answer there is."""
    match question:
        case Scale() | Recommendation():
            return list(question.points)
        case YesNo():
            return [0, 1]
        case SingleChoice():
            return [option.key for option in question.options]
    keys = [option.key for option in question.options]
    return [
        tuple(key for key, is_in in zip(keys, chosen, strict=True) if is_in)
        for chosen in product((False, True), repeat=len(keys))
        if any(chosen)
    ]


def sides_of(question: Question) -> list[frozenset[Any]]:
    """List the classes of answers and what is left of each."""
    everything = frozenset(values_of(question))
    return [side for c in classes_of(question) for side in (c & everything, everything - c)]


def answers_to(wave: WaveAnswers, item: str) -> dict[str, Counter[Answer]]:
    """Count what each unit answered to an item."""
    return {
        unit: Counter(person[item] for person in people if item in person)
        for unit, people in wave.answers.items()
    }


def units_in(wave: WaveAnswers, teams: frozenset[str]) -> Units:
    """Collect the units that lie wholly in some teams."""
    return frozenset(unit for unit, own in wave.teams_of.items() if own <= teams)


def attack_on(wave: WaveAnswers, question: Question, facts: Sequence[Fact]) -> Attack:
    """Set the attacker at one item."""
    values = values_of(question)
    is_number = isinstance(question, Scale | Recommendation | YesNo)
    return Attack(
        truth=answers_to(wave, question.key),
        values=values,
        sides=sides_of(question),
        scores={value: float(value) for value in values} if is_number else {},
        facts=facts,
    )


def facts_shown(
    wave: WaveAnswers, question: Question, table: Table, shown: Sequence[Shown]
) -> Iterator[Fact]:
    """Turn what was printed of one item into facts."""
    truth = answers_to(wave, question.key)
    for figure in shown:
        column = table.columns.get(figure.measure)
        if figure.kind != "figure" or column is None or figure.value is None:
            continue
        if not _is_about(question, column, table):
            continue
        units = units_in(wave, table.teams_of(figure.part))
        n = sum(sum(truth[unit].values()) for unit in units)
        if n:
            yield from _facts_of(question, figure, units, n)


def _is_about(question: Question, column: Mapping[str, Any], table: Table) -> bool:
    kind, _, key = column["key"].partition("-")
    if kind != "construct":
        return key == question.key
    constructs = {c["key"]: c["items"] for c in table.release["questionnaire"]["constructs"]}
    return constructs[key] == [question.key]


def _facts_of(question: Question, figure: Shown, units: Units, n: int) -> Iterator[Fact]:
    if isinstance(question, Recommendation):
        yield from _score_facts(figure, units, n)
        return
    value, slack = float(figure.value or 0.0), figure.digits
    if isinstance(question, YesNo):
        weights = dict.fromkeys(favourable_values(question), 1.0)
    else:
        weights = {point: float(question.turned(point)) for point in question.points}
    low, high = n * (value - slack), n * (value + slack)
    if "or more" in figure.text:
        high = math.inf
    elif "or less" in figure.text:
        low = -math.inf
    yield Fact(units=units, weights=weights, low=low, high=high)
    if figure.low is None or figure.high is None or isinstance(question, YesNo) or n < 2:
        return
    # An interval tells the spread, and so the sum of squares.
    half, t = (figure.high - figure.low) / 2, float(stats.t.ppf(0.975, n - 1))
    squares = [
        (n - 1) * n * (max(0.0, half + e) / t) ** 2 + n * (value + f) ** 2
        for e in (-slack, slack)
        for f in (-slack, slack)
    ]
    weights = {point: weight**2 for point, weight in weights.items()}
    yield Fact(units=units, weights=weights, low=min(squares) - 1e-5, high=max(squares) + 1e-5)


def _score_facts(figure: Shown, units: Units, n: int) -> Iterator[Fact]:
    value, slack = float(figure.value or 0.0), figure.digits
    both = {p: 1.0 for p in PROMOTERS} | {d: -1.0 for d in DETRACTORS}
    low, high = n * (value - slack) / 100, n * (value + slack) / 100
    if "or more" in figure.text:
        high = math.inf
    elif "or less" in figure.text:
        low = -math.inf
    yield Fact(units=units, weights=both, low=low - 1e-6, high=high + 1e-6)
    if figure.low is None or figure.high is None:
        return
    fitting = [
        (promoters, detractors)
        for promoters in range(n + 1)
        for detractors in range(n + 1 - promoters)
        if all(
            abs(one - other) <= slack + 1e-6
            for one, other in zip(
                (value, figure.low, figure.high), _score(promoters, detractors, n), strict=True
            )
        )
    ]
    for place, members in enumerate((PROMOTERS, DETRACTORS)):
        counts = [pair[place] for pair in fitting]
        if counts:
            weights = dict.fromkeys(members, 1.0)
            yield Fact(units=units, weights=weights, low=min(counts), high=max(counts))


def _score(promoters: int, detractors: int, n: int) -> tuple[float, float, float]:
    high, low = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    spread = 1.959963984540054 * math.sqrt((high + low - (high - low) ** 2) / (n + 3))
    return (
        100 * (promoters - detractors) / n,
        100 * max(-1.0, high - low - spread),
        100 * min(1.0, high - low + spread),
    )


def facts_released(wave: WaveAnswers, question: Question, table: Table) -> Iterator[Fact]:
    """Turn what the table of cells holds of one item into facts, whether shown or not."""
    for cell in table.release["cells"]:
        units = units_in(wave, frozenset(cell["teams"]))
        item = cell["items"][question.key]
        for weights, bound in _bounds_of(question, item):
            low, high = _range(bound, item["n"])
            yield Fact(units=units, weights=weights, low=low, high=high)
        if item["status"] == "clamped" and "sum" in item:
            weights = {value: float(value) for value in values_of(question)}
            yield Fact(
                units=units,
                weights=weights,
                low=-math.inf if item["sum_is"] == "at_most" else item["sum"],
                high=math.inf if item["sum_is"] == "at_least" else item["sum"],
            )


def _bounds_of(
    question: Question, item: Mapping[str, Any]
) -> Iterator[tuple[dict[Any, float], Mapping[str, int]]]:
    if item["status"] == "exact":
        for value in values_of(question):
            yield {value: 1.0}, {"exact": item["counts"][str(value)]}
    for name, members in (("promoters", PROMOTERS), ("detractors", DETRACTORS)):
        if name in item:
            yield dict.fromkeys(members, 1.0), item[name]
    if "favourable" in item:
        yield dict.fromkeys(favourable_values(question), 1.0), item["favourable"]
    for key, bound in item.get("options", {}).items():
        yield {v: 1.0 for v in values_of(question) if key in v}, bound


def _range(bound: Mapping[str, int], n: int) -> tuple[float, float]:
    if "exact" in bound:
        return bound["exact"], bound["exact"]
    return (0, bound["at_most"]) if "at_most" in bound else (bound["at_least"], n)


def joint_attacks(wave: WaveAnswers, table: Table) -> Iterator[tuple[str, Attack]]:
    """
    Set the attacker at two items at once, with every joint figure of every cell.

    The figures pooled over cells are taken apart for the attacker: of each cell in which
    both items are exact, the sums over those who answered both, of both items and of
    their products, count as known.
    """
    scales = [q for q in wave.questionnaire.asked if isinstance(q, Scale)]
    pairs = [
        tuple(q for q in scales if q.key in construct.items)
        for construct in wave.questionnaire.constructs
        if len(construct.items) == 2
    ]
    for pair in pairs:
        yield " and ".join(q.key for q in pair), _joint(wave, table, pair)


def _joint(wave: WaveAnswers, table: Table, pair: Sequence[Scale]) -> Attack:
    first, second = pair
    values = list(product((None, *first.points), (None, *second.points)))
    truth = {
        unit: Counter((person.get(first.key), person.get(second.key)) for person in people)
        for unit, people in wave.answers.items()
    }
    facts = []
    for place, question in enumerate(pair):
        for fact in facts_released(wave, question, table):
            weights = {v: fact.weights.get(v[place], 0.0) for v in values if v[place] is not None}
            facts.append(Fact(units=fact.units, weights=weights, low=fact.low, high=fact.high))
        answered = {v: 1.0 for v in values if v[place] is not None}
        facts += _counted(wave, table, question, answered)
    facts += _taken_apart(wave, table, pair, truth=truth, values=values)
    sides = [
        frozenset(v for v in values if v[place] is not None and v[place] in side)
        for place, question in enumerate(pair)
        for side in sides_of(question)
    ]
    return Attack(truth=truth, values=values, sides=sides, scores={}, facts=facts)


def _counted(
    wave: WaveAnswers, table: Table, question: Question, answered: Mapping[Any, float]
) -> Iterator[Fact]:
    for cell in table.release["cells"]:
        item = cell["items"][question.key]
        if "n" in item:
            units = units_in(wave, frozenset(cell["teams"]))
            yield Fact(units=units, weights=answered, low=item["n"], high=item["n"])


def _taken_apart(
    wave: WaveAnswers,
    table: Table,
    pair: Sequence[Scale],
    *,
    truth: Mapping[str, Counter[Any]],
    values: Sequence[Any],
) -> Iterator[Fact]:
    whole = [v for v in values if None not in v]
    known = (
        {v: float(v[0]) for v in whole},
        {v: float(v[1]) for v in whole},
        {v: float(v[0] * v[1]) for v in whole},
    )
    for cell in table.release["cells"]:
        if all(cell["items"][q.key]["status"] == "exact" for q in pair):
            units = units_in(wave, frozenset(cell["teams"]))
            for weights in known:
                total = sum(
                    weights.get(value, 0.0) * n
                    for unit in units
                    for value, n in truth[unit].items()
                )
                yield Fact(units=units, weights=weights, low=total, high=total)
