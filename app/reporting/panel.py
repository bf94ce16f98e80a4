"""From releases and customer roll-ups to the two sides of the linkage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from analysis import Side, cronbach_alpha
from analysis.frames import SCORES
from analysis.summary import count
from app.queries.roll_ups import TeamMonth
from app.reporting.figures import Count, counted_together, shown_count
from app.reporting.linkage_texts import unit_on
from app.reporting.waves import response_text
from surveys.disclosure import asked_scales
from surveys.questionnaires import Questionnaire

ENGAGEMENT = "engagement"
MIN_CUSTOMERS = 10

Release = Mapping[str, Any]
TeamSet = frozenset[str]
Points = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """
    Both sides on the same units, each a set of teams, and what fell out.

    `remarks` are sentences on units of several teams, on answers that count nowhere and on
    bounds.  `bounds` tells, for each unit with a bound in a month that both sides have, in how
    many of these months, and of how many.  `response` is the response rate of the waves of
    these months, as it may be shown; empty where there is none.
    """

    employee: Side
    customer: Side
    dropped: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    bounds: Mapping[str, tuple[int, int]]
    response: str
    answered: str


def month_ordinal(day: date) -> int:
    """Number calendar months so that neighbours differ by one."""
    return day.year * 12 + day.month - 1


def linkage_panel(
    releases: Sequence[Release],
    customers: Iterable[TeamMonth],
    *,
    outcome: str,
    outcome_points: Points | None = None,
) -> Panel:
    """
    Put both sides on the same units.

    A unit is a set of teams that was counted as one cell; it has a value in a month only
    if a cell of that month's wave had exactly that set.  Where a team was in different
    sets in different months, the set with the most waves stands for it and the others
    are left out and named, so that no answer counts in two units.  The customers of a
    unit are the pooled customers of its teams.  `outcome_points` are the ends of the scale
    of the outcome, where all its answers were given on one.
    """
    cells = [
        (month_ordinal(date.fromisoformat(release["opened_on"])), release, cell)
        for release in releases
        for cell in release["cells"]
    ]
    names = {frozenset(cell["teams"]): cell["label"] for _, _, cell in cells}
    waves_of = Counter(frozenset(cell["teams"]) for _, _, cell in cells)
    units, given_up = _disjoint(waves_of)
    labels = _unique_labels({unit: names[unit] for unit in units})
    rows = [
        row
        for period, release, cell in cells
        if (unit := frozenset(cell["teams"])) in labels
        and (row := _employee_row(labels[unit], period, release, cell)) is not None
    ]
    employee = pd.DataFrame(rows, columns=[*SCORES, "is_bound", "n_eligible"])
    # Two waves in one month: the later one stands for the month.
    employee = employee.drop_duplicates(["team", "period"], keep="last")
    customer, unknown = _customer_rows(labels, customers)
    dropped = [
        (
            f"{names[unit]}, as counted in {count(waves_of[unit])} of the waves",
            "its teams were counted in another set in more waves",
        )
        for unit in given_up
    ]
    spoken = {row["team"]: row["name"] for release in releases for row in release["hierarchy"]}
    dropped += [
        (spoken.get(team, team), "has customers, but no cell that counts it") for team in unknown
    ]
    months = customer[["team", "period"]]
    sides = employee.merge(months, on=["team", "period"], how="left", indicator=True)
    linked, alone = (sides[sides["_merge"] == kind] for kind in ("both", "left_only"))
    return Panel(
        employee=Side(
            scores=employee[list(SCORES)],
            name="engagement",
            alpha=_alpha(releases),
            unit=unit_on(_points(releases)),
        ),
        customer=Side(scores=customer, name=outcome, unit=unit_on(outcome_points)),
        dropped=tuple(dropped),
        remarks=(
            *_merged_remark(units),
            *_guests_remark(employee, customer),
            *_staff_remark(alone),
            *_bounds_remark(linked),
        ),
        bounds=_bounds(linked),
        response=_response([cell for period, _, cell in cells if period in set(linked["period"])]),
        answered=str(_answered(linked)) if len(linked) else "",
    )


def _merged_remark(units: Sequence[TeamSet]) -> Iterator[str]:
    merged = [unit for unit in units if len(unit) > 1]
    if merged:
        n_inside = sum(map(len, merged))
        stand = "one stands" if len(merged) == 1 else f"{count(len(merged))} stand"
        yield f"Among them, {stand} for {count(n_inside)} teams that are counted together."


def _guests_remark(employee: pd.DataFrame, customer: pd.DataFrame) -> Iterator[str]:
    months = employee[["team", "period"]]
    sides = customer.merge(months, on=["team", "period"], how="left", indicator=True)
    alone = int(sides.loc[sides["_merge"] == "left_only", "n"].sum())
    if alone:
        yield (
            f"{count(alone)} customer answers came in months in which their team has no"
            " released engagement."
        )


def _staff_remark(alone: pd.DataFrame) -> Iterator[str]:
    if len(alone):
        yield (
            f"{_answered(alone)} employee answers belong to months in which the customers of"
            " their team gave too few answers."
        )


def _answered(rows: pd.DataFrame) -> Count:
    """Count the employees behind some units, as it may be shown."""
    return counted_together(
        [
            shown_count(int(n), n_eligible=int(n_eligible))
            for n, n_eligible in zip(rows["n"], rows["n_eligible"], strict=True)
        ]
    )


def _bounds(linked: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Count, for each unit that has any, its months with a bound and all its months."""
    return {
        str(team): (int(months.sum()), len(months))
        for team, months in linked.groupby("team")["is_bound"]
        if months.any()
    }


def _bounds_remark(linked: pd.DataFrame) -> Iterator[str]:
    n_bounds = int(linked["is_bound"].sum())
    if n_bounds:
        were = "was released only as a bound" if n_bounds == 1 else "were released only as bounds"
        enters = "it enters" if n_bounds == 1 else "each enters"
        yield (
            f"{count(n_bounds)} of {count(len(linked))} team-months {were};"
            f" {enters} as a point inside its bound."
        )


def _response(cells: Sequence[Mapping[str, Any]]) -> str:
    """Write the response rate over some cells; a total with a bound in it is one."""
    if not cells:
        return ""
    answered = counted_together([shown_count(c["n"], n_eligible=c["n_eligible"]) for c in cells])
    return response_text(answered, n_eligible=sum(c["n_eligible"] for c in cells))


def _points(releases: Sequence[Release]) -> Points | None:
    """Find the ends of the scale of engagement; None where the waves used several."""
    found = {
        (scale.low, scale.high)
        for release in releases
        for questionnaire in [Questionnaire.from_dict(release["questionnaire"])]
        for construct in questionnaire.constructs
        if construct.key == ENGAGEMENT
        for scale in asked_scales(questionnaire, construct)
    }
    return next(iter(found)) if len(found) == 1 else None


def _disjoint(waves_of: Mapping[TeamSet, int]) -> tuple[list[TeamSet], list[TeamSet]]:
    """Choose sets that share no team, those with the most waves first."""
    chosen: list[TeamSet] = []
    left_out: list[TeamSet] = []
    for unit in sorted(waves_of, key=lambda unit: (-waves_of[unit], len(unit), sorted(unit))):
        overlaps = any(unit & other for other in chosen)
        (left_out if overlaps else chosen).append(unit)
    return chosen, left_out


def _unique_labels(names: Mapping[TeamSet, str]) -> dict[TeamSet, str]:
    often = Counter(names.values())
    return {
        unit: name if often[name] == 1 else f"{name} ({', '.join(sorted(unit))})"
        for unit, name in names.items()
    }


def _employee_row(
    label: str, period: int, release: Release, cell: Mapping[str, Any]
) -> tuple[str, int, int, float, float, bool, int] | None:
    """Read one cell's engagement; where its own spread is not released, the pooled one serves."""
    released = cell["constructs"].get(ENGAGEMENT)
    if released is None or released["status"] == "hidden":
        return None
    pooled = ((release["pooled"] or {}).get("constructs") or {}).get(ENGAGEMENT)
    variance = released["variance"]
    if variance is None:
        variance = pooled["variance"] if pooled else float("nan")
    is_bound = released["status"] != "exact"
    total = released["point_sum"] if is_bound else released["sum"]
    n, n_eligible = released["n"], cell["n_eligible"]
    return label, period, n, total / n, variance, is_bound, n_eligible


def _customer_rows(
    labels: Mapping[TeamSet, str], customers: Iterable[TeamMonth]
) -> tuple[pd.DataFrame, list[str]]:
    unit_of = {team: label for unit, label in labels.items() for team in unit}
    sums: dict[tuple[str, int], list[int]] = {}
    unknown: Counter[str] = Counter()
    for row in customers:
        if row.team not in unit_of:
            unknown[row.team] += row.n
            continue
        period = month_ordinal(date(row.year, row.month, 1))
        moments = sums.setdefault((unit_of[row.team], period), [0, 0, 0])
        for position, value in enumerate((row.n, row.total, row.total_squares)):
            moments[position] += value
    rows = [
        (label, period, n, total / n, (squares - total**2 / n) / (n - 1))
        for (label, period), (n, total, squares) in sums.items()
        if n >= MIN_CUSTOMERS
    ]
    frame = pd.DataFrame(rows, columns=list(SCORES))
    return frame, sorted(unknown)


def _alpha(releases: Sequence[Release]) -> float | None:
    """Compute alpha of engagement from the newest wave that pools all its items."""
    for release in reversed(releases):
        pooled = release["pooled"]
        constructs = release["questionnaire"]["constructs"]
        keys: list[str] = next((c["items"] for c in constructs if c["key"] == ENGAGEMENT), [])
        if not pooled or not set(keys) <= set(pooled["items"]):
            continue
        places = [pooled["items"].index(key) for key in keys]
        block = [[pooled["covariance"][i][j] for j in places] for i in places]
        if len(keys) > 1 and all(value is not None for row in block for value in row):
            return cronbach_alpha(np.array(block, dtype=float))
    return None
