"""Warnings that a linkage report raises by itself, one function per pitfall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.panel import PanelLink
from analysis.panel_fits import PanelEstimate
from analysis.results import LinkageWarning, SideReliability, TeamLink
from analysis.summary import count, fixed, joined, percent

FEW_TEAMS = 20
NOISY = 0.50
TOO_NOISY = 0.30
LEVERAGE = 0.20
PERIOD_SHIFT = 0.30
SMALL_WITHIN = 0.40
CEILING = 0.60
RESTRICTED = 0.80
LITTLE_TEAM = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the rules look at: the figures of a report and what is known beside them."""

    link: TeamLink
    panel: PanelLink | None
    employee: SideReliability
    customer: SideReliability
    team_names: tuple[str, ...]
    top_shares: tuple[float | None, float | None] = (None, None)
    pooled_teams: tuple[int, int] = (0, 0)

    @property
    def sides(self) -> tuple[SideReliability, SideReliability]:
        """Both sides, employees first."""
        return self.employee, self.customer


def warnings_for(found: Findings) -> tuple[LinkageWarning, ...]:
    """
    Raise every warning that the figures call for.

    Parameters
    ----------
    found : Findings

    Returns
    -------
    tuple of LinkageWarning
        In a fixed order, the one about individuals first.
    """
    rules = (
        _ecological,
        _few_teams,
        _noise,
        _beyond_one,
        _one_team,
        _direction,
        _period_effects,
        _small_within,
        _ceiling,
        _restriction,
        _crosswalk,
    )
    return tuple(warning for rule in rules for warning in rule(found))


def _warning(code: str, text: str) -> Iterator[LinkageWarning]:
    yield LinkageWarning(code=code, text=text)


def _ecological(found: Findings) -> Iterator[LinkageWarning]:
    text = "These figures compare teams. They say nothing about single employees or customers."
    low = [s.name for s in found.sides if s.icc1 is not None and s.icc1 < LITTLE_TEAM]
    if low:
        text += f" On {joined(low)}, people in one team differ far more than teams do."
    yield from _warning("ecological", text)


def _few_teams(found: Findings) -> Iterator[LinkageWarning]:
    n = found.link.n_teams
    if n < FEW_TEAMS:
        yield from _warning(
            "few_teams",
            f"Only {count(n)} {'team is' if n == 1 else 'teams are'} linked. Single teams weigh "
            "heavily: look at the interval and at what could have been seen at all first.",
        )


def _noise(found: Findings) -> Iterator[LinkageWarning]:
    for side in found.sides:
        if side.reliability is not None and side.reliability < NOISY:
            yield from _warning(
                "noise",
                f"Team scores of {side.name} have a reliability of {fixed(side.reliability)}: "
                "much of the difference between teams is chance, and the observed link is "
                "smaller than the true one.",
            )


def _beyond_one(found: Findings) -> Iterator[LinkageWarning]:
    fixed_up = found.link.corrected
    if fixed_up and max(map(abs, (fixed_up.r, fixed_up.ci_low, fixed_up.ci_high))) > 1:
        yield from _warning(
            "corrected_beyond_one",
            "Allowing for survey noise, the correlation or a limit of it lies beyond 1, which "
            "cannot be: the reliabilities are too uncertain to take it at its word.",
        )


def _one_team(found: Findings) -> Iterator[LinkageWarning]:
    left_out = found.link.leave_one_out
    if left_out is None or found.link.pearson is None:
        return
    if left_out.high - left_out.low > LEVERAGE or not left_out.keeps_sign:
        r = found.link.pearson.r
        farther_low = r - left_out.low >= left_out.high - r
        index = left_out.low_index if farther_low else left_out.high_index
        without = left_out.low if farther_low else left_out.high
        yield from _warning(
            "one_team_leverage",
            f"One team weighs heavily: without {found.team_names[index]} the correlation is "
            f"{fixed(without)} instead of {fixed(r)}.",
        )


def _direction(found: Findings) -> Iterator[LinkageWarning]:
    e, c = found.employee.name, found.customer.name
    if found.panel is None:
        yield from _warning(
            "reverse_causality",
            f"One point in time cannot show what comes first: {e} may shape {c}, {c} may shape "
            f"{e}, and something else may shape both.",
        )
        return
    forward, reverse = found.panel.lag_forward, found.panel.lag_reverse
    if forward is None or reverse is None:
        yield from _warning(
            "reverse_causality", "These periods cannot show whether employees or customers lead."
        )
    elif _strength(reverse) >= _strength(forward):
        yield from _warning(
            "reverse_causality",
            f"The path from earlier {c} to later {e} is at least as strong as the path from "
            f"earlier {e} to later {c}. Do not read the link as an effect of {e}.",
        )


def _period_effects(found: Findings) -> Iterator[LinkageWarning]:
    if found.panel is None or found.panel.within_two_way is None:
        return
    without, with_effects = found.panel.within_team_slope, found.panel.within_two_way.estimate
    if without is None:
        return
    if abs(without - with_effects) > PERIOD_SHIFT * max(abs(without), abs(with_effects)):
        yield from _warning(
            "no_wave_effects",
            "Shocks that all teams share move both sides: without period effects the slope "
            "within teams would be very different. Read only the figures that have them.",
        )


def _small_within(found: Findings) -> Iterator[LinkageWarning]:
    panel = found.panel
    if panel is None:
        return
    fits = [fit for fit in (panel.within_two_way, panel.lag_forward) if fit is not None]
    values = (panel.within_reliability_employee, panel.within_reliability_customer)
    for side, value in zip(found.sides, values, strict=True):
        if value is None or value >= SMALL_WITHIN or all(fit.pvalue < 0.05 for fit in fits):
            continue
        yield from _warning(
            "small_within_reliability",
            f"Movements of {side.name} within teams are mostly survey noise (reliability "
            f"{fixed(value)}). Where no link within teams shows, these data cannot tell.",
        )


def _ceiling(found: Findings) -> Iterator[LinkageWarning]:
    for side, share in zip(found.sides, found.top_shares, strict=True):
        if share is not None and share > CEILING:
            yield from _warning(
                "ceiling",
                f"{percent(share)} of the answers on {side.name} are the best possible one, so "
                "good teams cannot be told from very good ones.",
            )


def _restriction(found: Findings) -> Iterator[LinkageWarning]:
    for side in found.sides:
        if side.sd_teams is None or not side.sd_all_teams:
            continue
        if side.sd_teams < RESTRICTED * side.sd_all_teams:
            yield from _warning(
                "range_restriction",
                f"The linked teams differ less in {side.name} than all teams do (standard "
                f"deviation {percent(side.sd_teams / side.sd_all_teams)} of theirs), which "
                "makes the link look smaller.",
            )


def _crosswalk(found: Findings) -> Iterator[LinkageWarning]:
    pooled = sum(found.pooled_teams)
    if pooled:
        yield from _warning(
            "crosswalk_pooled",
            f"{count(pooled)} {'team was' if pooled == 1 else 'teams were'} put together with "
            "others, or counted in several, to fit the units of the other side.",
        )


def _strength(fit: PanelEstimate) -> float:
    # In errors, not in points: the two directions have different units.
    return abs(fit.estimate) / fit.std_error if fit.std_error > 0 else float("inf")
