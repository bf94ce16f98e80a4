"""Figures of teams from elsewhere (people who left, sales) for the service-profit chain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import LinkageWarning
from analysis.chain_nodes import NODES
from app.formats import cells
from app.formats.crosswalks import InputFile, Progress, read_file
from app.formats.errors import BadFile
from app.formats.tables import Table, read_heading

OWN = ("engagement", "customer_satisfaction")
STATIONS = tuple(node.name for node in NODES if node.name not in OWN)
SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """
    What the file gives each team.

    `teams` has one row per team: ``team`` and a column per station, the mean over the periods
    of the file that have a figure, missing where none has.
    """

    teams: pd.DataFrame
    stations: tuple[str, ...]
    input: InputFile


def read_outcomes(
    path: Path, *, team: str, period: str | None, progress: Progress | None = None
) -> Outcomes:
    """
    Read the columns that are named after stations, or raise `BadFile`.

    Without the column `period` a team stands once; with it, once in each period.
    """
    heading = read_heading(path)
    stations = tuple(name for name in STATIONS if name in heading)
    if not stations:
        raise BadFile(
            f"{path.name} has no outcome column; name one or more {', '.join(STATIONS)}."
        )
    period = period if period in heading else None
    keys = [team] + ([period] if period is not None else [])
    table = read_file(path, (*keys, *stations), progress)
    rows = pd.DataFrame({name: cells.numbers(table, name) for name in stations})
    rows["team"] = cells.team_names(table, team).astype(object)
    rows["row"] = np.asarray(table.row_numbers)
    against = {"no team": (rows["team"] == "").to_numpy()}
    names = ["team"]
    if period is not None:
        found = cells.periods(table, period)
        rows["period"] = found.ordinals
        against["no period"] = ~found.known
        names.append("period")
    against["no outcome"] = rows[list(stations)].isna().all(axis=1).to_numpy()
    used, left_out = np.ones(len(rows), dtype=bool), {}
    for reason, which in against.items():
        left_out[reason] = int((used & which).sum())
        used &= ~which
    kept = rows[used]
    if kept.empty:
        raise BadFile(f"{path.name} has no row with a team and an outcome; check the columns.")
    _check_once(kept, names, table=table)
    return Outcomes(
        teams=kept.groupby("team", sort=True)[list(stations)].mean().reset_index(),
        stations=stations,
        input=InputFile(
            path=path,
            sha256=table.sha256,
            n_rows=table.n_rows,
            n_used=len(kept),
            left_out={reason: n for reason, n in left_out.items() if n},
        ),
    )


def _check_once(rows: pd.DataFrame, names: list[str], *, table: Table) -> None:
    """Refuse a team that stands twice, in one period where there are periods."""
    twice = rows[rows.duplicated(names)]
    if twice.empty:
        return
    again = twice.iloc[0]
    same = (rows[names] == again[names]).all(axis=1)
    first = rows[same].iloc[0]
    remedy = "correct the file." if len(names) > 1 else "correct the file or add --period COL."
    where = " in one period" if len(names) > 1 else ""
    raise BadFile(
        f'{table.path.name}: team "{again["team"]}" stands in rows {first["row"]} and'
        f" {again['row']}{where}; {remedy}"
    )


def unmatched(outcomes: Outcomes, *, linked: set[str]) -> tuple[LinkageWarning, ...]:
    """Point at teams of the file that are in neither survey; refuse a file of such teams alone."""
    path = outcomes.input.path
    strange = sorted(set(outcomes.teams["team"]) - linked)
    if not strange:
        return ()
    if len(strange) == len(outcomes.teams):
        raise BadFile(
            f'No team of {path.name} (such as "{strange[0]}") is linked (as "{min(linked)}" is);'
            " write the names alike."
        )
    more = f" and {len(strange) - SHOWN:,} more" if len(strange) > SHOWN else ""
    teams = "1 team that is" if len(strange) == 1 else f"{len(strange):,} teams that are"
    text = f"{path.name} names {teams} not linked: {', '.join(strange[:SHOWN])}{more}."
    return (LinkageWarning(code="outcomes_unknown_team", text=text),)
