"""Which employee teams serve which customer teams, and the pooling of their respondents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import LinkageWarning, check_scores, over_periods
from app.formats import cells
from app.formats.errors import BadFile
from app.formats.linkage_scores import SideScores
from app.formats.tables import Table, read_table

CROSSWALK = ("employee_team", "customer_team")

Progress = Callable[[str, float], None]
Dropped = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """What became of one file; `left_out` tells why rows did not count."""

    path: Path
    sha256: str
    n_rows: int
    n_used: int
    left_out: dict[str, int]


def read_file(path: Path, columns: tuple[str, ...], progress: Progress | None) -> Table:
    """Read columns of one file and tell how far it is."""
    stage = f"Reading {path.name}"
    if progress is None:
        return read_table(path, columns=columns)
    progress(stage, 0.0)
    table = read_table(path, columns=columns, progress=lambda share: progress(stage, share))
    progress(stage, 1.0)
    return table


def read_crosswalk(path: Path, progress: Progress | None) -> tuple[pd.DataFrame, InputFile]:
    """Read which employee teams serve which customer teams, each pair once."""
    table = read_file(path, CROSSWALK, progress)
    rows = pd.DataFrame({n: cells.team_names(table, n).astype(object) for n in CROSSWALK})
    named = rows[(rows != "").all(axis=1)]
    pairs = named.drop_duplicates(ignore_index=True)
    if pairs.empty:
        raise BadFile(f"{path.name} pairs no teams; fill in employee_team and customer_team.")
    left_out = {
        "no team": len(rows) - len(named),
        "a pair that stands twice": len(named) - len(pairs),
    }
    return pairs, InputFile(
        path=path,
        sha256=table.sha256,
        n_rows=table.n_rows,
        n_used=len(pairs),
        left_out={reason: n for reason, n in left_out.items() if n},
    )


def through_crosswalk(
    pairs: pd.DataFrame,
    *,
    employee: SideScores,
    customer: SideScores,
    dropped: Dropped,
    warnings: list[LinkageWarning],
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Bring the employees to the customers' teams; give units, customers, teams affected."""
    own, theirs = set(employee.scores["team"]), set(customer.scores["team"])
    for names, column in ((own, CROSSWALK[0]), (theirs, CROSSWALK[1])):
        who = column.replace("_", " ")
        known = set(pairs[column])
        dropped.extend((team, f"{who} not in the crosswalk") for team in sorted(names - known))
        if known - names:
            warnings.append(_unknown(sorted(known - names), who=who))
    pairs = pairs[pairs["employee_team"].isin(own) & pairs["customer_team"].isin(theirs)]
    if pairs.empty:
        raise BadFile(
            "The crosswalk pairs no team of one file with a team of the other; check its names."
        )
    members = pairs.groupby("customer_team")["employee_team"].transform("size")
    serves = pairs.groupby("employee_team")["customer_team"].transform("size")
    n_affected = pairs.loc[(members > 1) | (serves > 1), "employee_team"].nunique()
    if not employee.counts_known and (members > 1).any():
        text = (
            "How many employees stand behind each team is unknown, so teams that the crosswalk"
            " pools count equally; add --employee-n to weigh them by their people."
        )
        warnings.append(LinkageWarning(code="crosswalk_unweighted", text=text))
    customers = customer.scores[customer.scores["team"].isin(set(pairs["customer_team"]))]
    return pool(employee.scores, pairs), customers.reset_index(drop=True), int(n_affected)


def _unknown(names: list[str], *, who: str) -> LinkageWarning:
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    text = (
        f"The crosswalk names {len(names):,} {who}s without a usable row:"
        f" {', '.join(names[:5])}{more}."
    )
    return LinkageWarning(code="crosswalk_unknown_team", text=text)


def pool(scores: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Pool the respondents of every employee team that serves a customer team, from moments."""
    parts = scores.merge(pairs, left_on="team", right_on="employee_team")
    has_period = bool(parts["period"].notna().any())
    keys = ["customer_team"] + (["period"] if has_period else [])
    group = parts.groupby(keys, sort=True).ngroup()
    if parts["n"].isna().any():
        means = parts.groupby(keys, sort=True)["mean"].mean()
        pooled = pd.DataFrame({"n": np.nan, "mean": means, "variance": np.nan}).reset_index()
    else:
        # Pooling members is the algebra of pooling periods, so members stand as periods here.
        members = parts[["n", "mean", "variance"]].assign(
            team=group.map("{:09d}".format), period=parts.groupby(group).cumcount()
        )
        moments = over_periods(check_scores(members)).sort_values("team")
        names = parts.assign(group=group).drop_duplicates("group").sort_values("group")[keys]
        pooled = names.reset_index(drop=True)
        for column in ("n", "mean", "variance"):
            pooled[column] = moments[column].to_numpy()
    pooled = pooled.rename(columns={"customer_team": "team"})
    return check_scores(pooled if has_period else pooled.assign(period=None))
