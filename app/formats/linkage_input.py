"""Two files as the two sides of a linkage: teams paired, pooled and held to the minimums."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from analysis import LinkageWarning, Side
from app.formats.crosswalks import (
    Dropped,
    InputFile,
    Progress,
    read_crosswalk,
    read_file,
    through_crosswalk,
)
from app.formats.errors import BadFile, BadOption
from app.formats.linkage_options import LinkageOptions, SideOptions
from app.formats.linkage_scores import SideScores, read_scores

MIN_LINKED = 3


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
    warnings = [*employee.warnings, *customer.warnings, *_same_people(employee, customer)]
    dropped: Dropped = []
    units, pooled_teams = employee.scores, 0
    customers = customer.scores
    if options.crosswalk is not None:
        pairs, read = read_crosswalk(options.crosswalk, progress)
        inputs.append(read)
        units, customers, pooled_teams = through_crosswalk(
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
    table = read_file(options.path, options.columns, progress)
    return read_scores(table, options)


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
    # One reason for all of them, so that a report can count the teams it left out.
    why = f"fewer than {minimum} {who}s" + (" in every period" if by_period else "")
    dropped.extend((str(team), why) for team in sorted(set(gone["team"])))
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


def _same_people(employee: SideScores, customer: SideScores) -> list[LinkageWarning]:
    """Point at one file of respondents on both sides, and refuse one column on both."""
    if employee.table.path.resolve() != customer.table.path.resolve():
        return []
    one, other = ({item.column for item in s.options.items} for s in (employee, customer))
    if one & other:
        raise BadOption(
            f'The column "{min(one & other)}" of one file stands on both sides, so it would be'
            " linked with itself; name a customer column for --satisfaction."
        )
    if employee.options.is_team_level:
        return []
    text = (
        "Both sides come from the same respondents: a mood or habit of theirs moves both scores,"
        " so the link looks stronger than one between employees and customers would, and the"
        " correction for survey noise does not hold."
    )
    return [LinkageWarning(code="common_source", text=text)]


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
