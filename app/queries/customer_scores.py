"""What customers said, in sums: for pages, and per team and month for the linkage."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple

from sqlalchemy import Integer, Select, cast, extract, func, select
from sqlalchemy.orm import Session

from app.models import CustomerRollUp, Team, Touchpoint
from surveys.scoring import DETRACTORS, PROMOTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemScore:
    """
    The answers to one item in one place.

    `mean` is over the answers as given, in points of the item's own scale; None where
    nobody answered.
    """

    name: str
    n: int
    mean: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationScore:
    """
    The answers from 0 to 10 to one item in one place, as the parts of a net promoter score.

    The score is `100 * (promoters - detractors) / n`.
    """

    name: str
    n: int
    promoters: int
    passives: int
    detractors: int


class PanelRow(NamedTuple):
    """One unit in one month; sums over answers as given, reversed items not turned round."""

    unit: str
    month: str
    n: int
    total: int
    total_squares: int


By = Literal["touchpoint", "channel", "team"]
NO_TEAM = "No team"

_NAMES: dict[str, Any] = {
    "touchpoint": Touchpoint.name,
    "channel": CustomerRollUp.channel,
    "team": func.coalesce(Team.name, NO_TEAM),
}


def item_scores(
    session: Session,
    *,
    item: str,
    by: By,
    since: date | None = None,
    until: date | None = None,
) -> list[ItemScore]:
    """Average one item by touchpoint, channel or team, from `since` to `until` inclusive."""
    rows = session.execute(_sums(by, item, since, until))
    return [ItemScore(name=name, n=n, mean=total / n if n else None) for name, n, total in rows]


def recommendation_scores(
    session: Session,
    *,
    item: str = "recommend",
    by: By,
    since: date | None = None,
    until: date | None = None,
) -> list[RecommendationScore]:
    """Count promoters, passives and detractors by touchpoint, channel or team."""
    promoters, detractors = _given(PROMOTERS), _given(DETRACTORS)
    rows = session.execute(
        _sums(by, item, since, until).add_columns(func.sum(promoters), func.sum(detractors))
    )
    return [
        RecommendationScore(
            name=name, n=n, promoters=high, passives=n - high - low, detractors=low
        )
        for name, n, _, high, low in rows
    ]


def customer_panel_rows(
    session: Session,
    *,
    item: str,
    units: Mapping[str, Collection[str]] | None = None,
    until: date | None = None,
) -> list[PanelRow]:
    """
    Add up one item per unit and calendar month ("2026-03").

    A unit is a set of team keys whose answers are pooled; without `units` every team is
    one, named by its key.  Answers that belong to no team stay out; `until` is inclusive.
    A team may be in several units.
    """
    year, month = extract("year", CustomerRollUp.day), extract("month", CustomerRollUp.day)
    statement = (
        select(
            CustomerRollUp.team_key,
            cast(year, Integer),
            cast(month, Integer),
            func.sum(CustomerRollUp.n),
            func.sum(CustomerRollUp.total),
            func.sum(CustomerRollUp.total_squares),
        )
        .where(CustomerRollUp.item == item, CustomerRollUp.team_key != "")
        .group_by(CustomerRollUp.team_key, year, month)
    )
    if until is not None:
        statement = statement.where(CustomerRollUp.day <= until)
    units_of: dict[str, list[str]] = {}
    for unit, teams in (units or {}).items():
        for team in teams:
            units_of.setdefault(team, []).append(unit)
    pooled: dict[tuple[str, str], list[int]] = {}
    for team, in_year, in_month, *sums in session.execute(statement):
        for unit in [team] if units is None else units_of.get(team, ()):
            here = pooled.setdefault((unit, f"{in_year}-{in_month:02}"), [0, 0, 0])
            here[:] = map(sum, zip(here, sums, strict=True))
    return [PanelRow(*place, *sums) for place, sums in sorted(pooled.items())]


def last_day(session: Session) -> date | None:
    """Find the last day with answers that are rolled up."""
    return session.scalar(select(func.max(CustomerRollUp.day)))


def _sums(by: By, item: str, since: date | None, until: date | None) -> Select[Any]:
    name = _NAMES[by]
    statement = (
        select(name, func.sum(CustomerRollUp.n), func.sum(CustomerRollUp.total))
        .select_from(CustomerRollUp)
        .join(Touchpoint, Touchpoint.id == CustomerRollUp.touchpoint_id)
        .outerjoin(Team, Team.id == CustomerRollUp.team_id)
        .where(CustomerRollUp.item == item)
        .group_by(name)
        .order_by(name)
    )
    if since is not None:
        statement = statement.where(CustomerRollUp.day >= since)
    if until is not None:
        statement = statement.where(CustomerRollUp.day <= until)
    return statement


def _given(values: Collection[int]) -> Any:  # noqa: ANN401 - an SQL expression
    """Count how often any of these answers was given."""
    counts = [CustomerRollUp.counts[str(value)].as_integer() for value in sorted(values)]
    return sum((func.coalesce(count, 0) for count in counts[1:]), func.coalesce(counts[0], 0))
