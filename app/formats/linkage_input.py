"""Two files as the two sides of a linkage: teams paired, pooled and held to the minimums."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import LinkageWarning, Side, check_scores, over_periods
from app.formats import cells
from app.formats.errors import BadFile, BadOption
from app.formats.linkage_options import LinkageOptions, SideOptions
from app.formats.linkage_scores import SideScores, read_scores
from app.formats.tables import Table, read_table

MIN_LINKED = 3
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkageInput:
    """Everything that `analysis.link` asks for, and what the files were."""

    employee: Side
    customer: Side
    dropped: tuple[tuple[str, str], ...]
    warnings: tuple[LinkageWarning, ...]
    inputs: tuple[InputFile, ...]


def read_linkage(options: LinkageOptions, *, progress: Progress | None = None) -> LinkageInput:
    """Read both files and bring their teams together, or raise `BadInput`."""
    employee = _read_side(options.employee, progress)
    customer = _read_side(options.customer, progress)
    _check_periods(employee, customer)
    inputs = [_input_file(employee), _input_file(customer)]
    warnings = [*employee.warnings, *customer.warnings]
    dropped: Dropped = []
    units, pooled_teams = employee.scores, 0
    customers = customer.scores
    if options.crosswalk is not None:
        pairs, read = _read_crosswalk(options.crosswalk, progress)
        inputs.append(read)
        units, customers, pooled_teams = _through(
            pairs, employee=employee, customer=customer, dropped=dropped, warnings=warnings
        )
    unfiltered = _linked(units, customers)
    units = _large_enough(units, side=employee, who="employee", dropped=dropped, warnings=warnings)
    customers = _large_enough(
        customers, side=customer, who="customer", dropped=dropped, warnings=warnings
    )
    _check_linked(units, customers, unfiltered=unfiltered, sides=(employee, customer))
    if options.crosswalk is None:
        warnings.extend(_similar_names(employee, customer))
    return LinkageInput(
        employee=_side(employee, units, name="engagement", pooled_teams=pooled_teams),
        customer=_side(customer, customers, name="customer scores"),
        dropped=tuple(dropped),
        warnings=tuple(dict.fromkeys(warnings)),
        inputs=tuple(inputs),
    )


def _read_side(options: SideOptions, progress: Progress | None) -> SideScores:
    table = _read(options.path, options.columns, progress)
    return read_scores(table, options)


def _read(path: Path, columns: tuple[str, ...], progress: Progress | None) -> Table:
    stage = f"Reading {path.name}"
    if progress is None:
        return read_table(path, columns=columns)
    progress(stage, 0.0)
    table = read_table(path, columns=columns, progress=lambda share: progress(stage, share))
    progress(stage, 1.0)
    return table


def _input_file(side: SideScores) -> InputFile:
    table = side.table
    return InputFile(
        path=table.path,
        sha256=table.sha256,
        n_rows=table.n_rows,
        n_used=side.n_used,
        left_out=side.left_out,
    )


def _side(side: SideScores, scores: pd.DataFrame, *, name: str, pooled_teams: int = 0) -> Side:
    unit = {"mean": "points", "nps": "NPS points", "top2": "share"}[side.options.metric]
    return Side(
        scores=scores,
        all_scores=side.scores,
        name=name,
        alpha=side.alpha,
        unit=unit,
        top_share=side.top_share,
        pooled_teams=pooled_teams,
    )


def _check_periods(employee: SideScores, customer: SideScores) -> None:
    """Refuse periods of two kinds, which never meet."""
    one, other = employee.periods, customer.periods
    if one is not None and other is not None and one.kind != other.kind:
        raise BadFile(
            f"The periods are {one.kind} in {employee.table.path.name} but {other.kind} in"
            f" {customer.table.path.name}; write them in one way."
        )


def _read_crosswalk(path: Path, progress: Progress | None) -> tuple[pd.DataFrame, InputFile]:
    """Read which employee teams serve which customer teams, each pair once."""
    table = _read(path, CROSSWALK, progress)
    rows = pd.DataFrame({name: cells.team_names(table, name) for name in CROSSWALK})
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


def _through(
    pairs: pd.DataFrame,
    *,
    employee: SideScores,
    customer: SideScores,
    dropped: Dropped,
    warnings: list[LinkageWarning],
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Bring the employees to the customers' teams; give units, customers, teams affected."""
    own, theirs = set(employee.scores["team"]), set(customer.scores["team"])
    for names, column, who in (
        (own, CROSSWALK[0], "employee"),
        (theirs, CROSSWALK[1], "customer"),
    ):
        known = set(pairs[column])
        dropped.extend(
            (team, f"{who} team not in the crosswalk") for team in sorted(names - known)
        )
        unknown = sorted(known - names)
        if unknown:
            more = f" and {len(unknown) - 5:,} more" if len(unknown) > 5 else ""
            text = (
                f"The crosswalk names {len(unknown):,} {who} teams that have no usable row:"
                f" {', '.join(unknown[:5])}{more}."
            )
            warnings.append(LinkageWarning(code="crosswalk_unknown_team", text=text))
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


def _large_enough(
    scores: pd.DataFrame,
    *,
    side: SideScores,
    who: str,
    dropped: Dropped,
    warnings: list[LinkageWarning],
) -> pd.DataFrame:
    """Leave out teams (and periods) with too few people, where the counts are known."""
    minimum = side.options.minimum
    if not side.counts_known:
        text = (
            f"How many {who}s stand behind each row is unknown, so the minimum of {minimum} was"
            f" not applied; add --{who}-n to apply it."
        )
        warnings.append(LinkageWarning(code=f"{who}_minimum_ignored", text=text))
        return scores
    small = scores["n"] < minimum
    kept = scores[~small].reset_index(drop=True)
    gone = scores[small & ~scores["team"].isin(set(kept["team"]))]
    by_period = side.periods is not None
    for team, n in sorted(gone.groupby("team")["n"].max().items()):
        where = " in every period" if by_period else ""
        found = (
            f"fewer than {minimum} {who}s{where}" if by_period else f"{n:.0f} of {minimum} {who}s"
        )
        dropped.append((team, found))
    n_cells = int(small.sum()) - len(gone)
    if n_cells:
        text = f"{n_cells:,} periods of teams were left out for fewer than {minimum} {who}s."
        warnings.append(LinkageWarning(code=f"{who}_periods_too_small", text=text))
    return kept


def _linked(units: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Pair the rows that stand on both sides."""
    by_period = bool(units["period"].notna().any()) if len(units) else False
    keys = ["team", "period"] if by_period else ["team"]
    return units[[*keys, "mean"]].merge(customers[[*keys, "mean"]], on=keys, suffixes=("_e", "_c"))


def _check_linked(
    units: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    unfiltered: pd.DataFrame,
    sides: tuple[SideScores, SideScores],
) -> None:
    """Refuse what no statistic can answer: too few teams, one period, scores that never differ."""
    employee, customer = sides
    files = f"{employee.table.path.name} and {customer.table.path.name}"
    n_before = unfiltered["team"].nunique()
    if not n_before:
        raise BadFile(
            f"No team{_example(employee, customer)} is in both {files}; {_remedy(sides)}"
        )
    linked = _linked(units, customers)
    n_teams = linked["team"].nunique()
    if n_teams < MIN_LINKED:
        lost = n_before - n_teams
        why = f" ({lost} more have too few answers; see --min-employees and --min-customers)"
        have = "1 team has" if n_teams == 1 else f"{n_teams or 'No'} teams have"
        raise BadFile(
            f"{have} scores in both {files}{why if lost else ''}; a link needs at least"
            f" {MIN_LINKED} teams, a verdict 8, so add teams."
        )
    if employee.periods is not None and linked["period"].nunique() < 2:
        label = employee.periods.labels[int(linked["period"].iloc[0])]
        raise BadOption(
            f'Only one period ({label}) of "{employee.options.period}" has scores on both sides;'
            " add periods, or leave --period out and keep the rows of that period."
        )
    means = linked.groupby("team")[["mean_e", "mean_c"]].mean()
    for side, column in ((employee, "mean_e"), (customer, "mean_c")):
        spread = means[column].max() - means[column].min()
        if spread <= 1e-12 * max(1.0, means[column].abs().max()):
            names = ", ".join(item.column for item in side.options.items)
            raise BadFile(
                f"{side.table.path.name}: all {n_teams} linked teams have the same score in"
                f' "{names}", so nothing can go together with it; choose another column.'
            )


def _example(employee: SideScores, customer: SideScores) -> str:
    one, other = employee.scores["team"].iloc[0], customer.scores["team"].iloc[0]
    same = set(employee.scores["team"]) & set(customer.scores["team"])
    return " and period" if same else f' (such as "{one}" here and "{other}" there)'


def _remedy(sides: tuple[SideScores, SideScores]) -> str:
    if any(side.periods is not None for side in sides):
        return "write teams and periods alike, or give a --crosswalk."
    return "write the names alike, or give a --crosswalk."


def _similar_names(employee: SideScores, customer: SideScores) -> list[LinkageWarning]:
    """Point at names that differ only in case, signs or leading zeros, so were not linked."""
    one, other = set(employee.scores["team"]), set(customer.scores["team"])
    folded = {_fold(name): name for name in sorted(other - one)}
    near = [(n, folded[_fold(n)]) for n in sorted(one - other) if _fold(n) in folded]
    if not near:
        return []
    shown = "; ".join(f'"{a}" and "{b}"' for a, b in near[:3])
    text = (
        f"{len(near):,} pairs of team names differ only in case, signs or zeros and were not"
        f" linked ({shown}); write them alike if they are the same teams."
    )
    return [LinkageWarning(code="similar_team_names", text=text)]


def _fold(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold()).lstrip("0")
