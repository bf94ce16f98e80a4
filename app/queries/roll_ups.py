"""Sums of customers' answers as the reports need them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import CustomerRollUp, SurveyVersion, Team, Touchpoint
from surveys.questionnaires import Questionnaire


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMonth:
    """One team's answers to one item in one calendar month."""

    team: str
    year: int
    month: int
    n: int
    total: int
    total_squares: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """Answers to one item, counted per touchpoint, channel and team over all days."""

    touchpoint: str
    stage: str
    channel: str
    team: str
    item: str
    n: int
    counts: dict[str, int]


def team_months(session: Session, *, item: str, before: date) -> list[TeamMonth]:
    """Sum one item per team and calendar month, over the days before `before`."""
    rows = session.execute(
        select(
            CustomerRollUp.team_key,
            CustomerRollUp.day,
            CustomerRollUp.n,
            CustomerRollUp.total,
            CustomerRollUp.total_squares,
        ).where(
            CustomerRollUp.item == item,
            CustomerRollUp.day < before,
            CustomerRollUp.team_key != "",
        )
    )
    sums: dict[tuple[str, int, int], list[int]] = {}
    for team, day, *figures in rows:
        own = sums.setdefault((team, day.year, day.month), [0, 0, 0])
        for place, figure in enumerate(figures):
            own[place] += figure
    return [
        TeamMonth(team=team, year=year, month=month, n=n, total=total, total_squares=squares)
        for (team, year, month), (n, total, squares) in sorted(sums.items())
    ]


def count_rows(session: Session, *, before: date) -> list[CountRow]:
    """Add the counts of every item up over the days before `before`."""
    rows = session.execute(
        select(
            Touchpoint.name,
            Touchpoint.stage,
            CustomerRollUp.channel,
            Team.name,
            CustomerRollUp.item,
            CustomerRollUp.n,
            CustomerRollUp.counts,
        )
        .join(Touchpoint, Touchpoint.id == CustomerRollUp.touchpoint_id)
        .join(Team, Team.id == CustomerRollUp.team_id, isouter=True)
        .where(CustomerRollUp.day < before)
    )
    sums: dict[tuple[str, str, str, str, str], tuple[list[int], Counter[str]]] = {}
    for touchpoint, stage, channel, team, item, n, counts in rows:
        place = (touchpoint, stage, channel, team or "", item)
        size, own = sums.setdefault(place, ([0], Counter()))
        size[0] += n
        own.update(counts)
    return [
        CountRow(
            touchpoint=touchpoint,
            stage=stage,
            channel=channel,
            team=team,
            item=item,
            n=size[0],
            counts=dict(counts),
        )
        for (touchpoint, stage, channel, team, item), (size, counts) in sorted(sums.items())
    ]


def customer_questionnaires(session: Session) -> list[Questionnaire]:
    """Read the questionnaires customers were asked with, oldest version first."""
    definitions = session.scalars(
        select(SurveyVersion.definition)
        .where(SurveyVersion.audience == "customers")
        .order_by(SurveyVersion.id)
    )
    return [Questionnaire.from_dict(definition) for definition in definitions]
