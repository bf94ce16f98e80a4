"""One sentence about the link, chosen by a fixed rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from analysis.correlation import CorrectedCorrelation, Correlation
from analysis.robustness import LeaveOneOut

MIN_TEAMS = 8
NEAR_ZERO = 0.20

Code: TypeAlias = Literal["too_few_teams", "cannot_tell", "no_sign", "suggestive", "clear"]
Direction: TypeAlias = Literal["positive", "negative"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What may be said about the link.

    Attributes
    ----------
    code : {"too_few_teams", "cannot_tell", "no_sign", "suggestive", "clear"}
    direction : {"positive", "negative"} or None
        Sign of the link where there is one to speak of.
    text : str
        The verdict in plain words.
    """

    code: Code
    direction: Direction | None
    text: str


def verdict(
    *,
    n_teams: int,
    pearson: Correlation | None,
    spearman: Correlation | None = None,
    weighted_r: float | None = None,
    permutation_pvalue: float | None = None,
    leave_one_out: LeaveOneOut | None = None,
    corrected: CorrectedCorrelation | None = None,
    employee_name: str = "engagement",
    customer_name: str = "customer scores",
) -> Verdict:
    """
    Judge a link by a rule that was fixed before the data were seen.

    Parameters
    ----------
    n_teams : int
        Linked teams.
    pearson : Correlation or None
        The observed correlation; None where it cannot be computed.
    spearman : Correlation or None
    weighted_r : float or None
    permutation_pvalue : float or None
    leave_one_out : LeaveOneOut or None
    corrected : CorrectedCorrelation or None
        Robustness figures; None where they cannot be computed.
    employee_name, customer_name : str
        What the two sides measure, for the sentence.

    Returns
    -------
    Verdict

    Notes
    -----
    In this order: ``too_few_teams`` below `MIN_TEAMS` teams.  Where the interval of r
    leaves out 0: ``clear`` if Spearman and the weighted r (where known) have its sign,
    the permutation p-value is below .05 and no single team's absence takes the sign away;
    else ``suggestive``.  Otherwise ``no_sign`` if the corrected interval (the observed one
    where none) lies within `NEAR_ZERO` of 0 on both sides; else ``cannot_tell``.

    Examples
    --------
    >>> verdict(n_teams=5, pearson=None).code
    'too_few_teams'
    """
    if n_teams < MIN_TEAMS:
        return Verdict(code="too_few_teams", direction=None, text=_too_few(n_teams))
    pair = f"{employee_name} and {customer_name}"
    if pearson is None:
        text = f"The link between {pair} cannot be computed from these scores."
        return Verdict(code="cannot_tell", direction=None, text=text)
    if pearson.ci_low > 0 or pearson.ci_high < 0:
        sign = 1.0 if pearson.r > 0 else -1.0
        holds = _holds(sign, spearman, weighted_r, permutation_pvalue, leave_one_out)
        direction: Direction = "positive" if sign > 0 else "negative"
        more = "higher" if sign > 0 else "lower"
        seen = f"Teams with higher {employee_name} had {more} {customer_name}"
        if holds:
            text = f"{seen}. The link stands in every check made here. It is no proof of cause."
            return Verdict(code="clear", direction=direction, text=text)
        text = f"{seen}, but at least one check of this result fails. Treat it as a hint."
        return Verdict(code="suggestive", direction=direction, text=text)
    shown = corrected if corrected is not None else pearson
    if -NEAR_ZERO <= shown.ci_low and shown.ci_high <= NEAR_ZERO:
        text = f"No sign of a link between {pair}; if there is one, it is weak."
        return Verdict(code="no_sign", direction=None, text=text)
    text = (
        f"These data cannot tell whether {pair} go together: "
        "the interval holds no link as well as a real one."
    )
    return Verdict(code="cannot_tell", direction=None, text=text)


def _too_few(n_teams: int) -> str:
    linked = "1 team is" if n_teams == 1 else f"{n_teams} teams are"
    return (
        f"Only {linked} linked; a verdict needs at least {MIN_TEAMS}. "
        "Read the figures as a description of these teams and no more."
    )


def _holds(
    sign: float,
    spearman: Correlation | None,
    weighted_r: float | None,
    permutation_pvalue: float | None,
    leave_one_out: LeaveOneOut | None,
) -> bool:
    same_sign = all(
        value * sign > 0
        for value in (spearman.r if spearman is not None else None, weighted_r)
        if value is not None
    )
    unlikely = permutation_pvalue is not None and permutation_pvalue < 0.05
    steady = leave_one_out is not None and leave_one_out.keeps_sign
    return same_sign and unlikely and steady
