"""The sentences of a linkage report, from its figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from analysis import Coverage, LinkageResult, PanelEstimate, PanelLink, SideReliability
from analysis.summary import count, fixed, interval, joined

LIMITS = (
    "It says nothing about single employees or single customers; every figure is about teams.",
    "It is no proof of cause: what customers live through may move a team, and a third thing may"
    " move both.",
    "It speaks for the teams that could be linked, in the time that was looked at, and no others.",
)
NOISY_RANKING = "It is no ranking: the distance between two single teams is mostly survey noise."
NO_RANKING = "It is no ranking: it shows how two scores go together, not which team is better."
GRADES = {"good": "good", "usable": "usable", "weak": "weak", "too weak": "cannot"}
PER_CENT = "percentage points"
ON_SCALE = "points on the scale from "


def limits(result: LinkageResult) -> list[str]:
    """Say what the report does not show; how noisy single teams are depends on the surveys."""
    known = [s.reliability for s in (result.employee, result.customer)]
    is_noisy = any(value is not None and value < 0.50 for value in known)
    return [*LIMITS, NOISY_RANKING if is_noisy else NO_RANKING]


def lede(result: LinkageResult) -> str:
    """Say what the page is about."""
    one, other = result.employee.name, result.customer.name
    return (
        f"Whether {one} and {other} go together: what {count(result.link.n_teams)} teams show,"
        " and how sure that is."
    )


def in_words(value: float, unit: str, *, digits: int) -> str:
    """Write a difference with its unit; a difference of shares in percentage points."""
    return f"{amount(value, unit, digits=digits)} {unit_word(unit)}"


def amount(value: float, unit: str, *, digits: int) -> str:
    """Write a figure in its unit, without the unit's name."""
    return fixed(100 * value if unit == "share" else value, digits)


def unit_word(unit: str) -> str:
    """Name a unit; a share is read in percentage points."""
    return PER_CENT if unit == "share" else unit


def unit_on(points: tuple[int, int] | None) -> str:
    """Name the unit of a scale by its ends, where they are known."""
    return f"{ON_SCALE}{points[0]} to {points[1]}" if points else "points"


def axis_title(side: SideReliability) -> str:
    """Name a side with the ends of its scale or its unit, as it stands beside an axis."""
    return f"{side.name[:1].upper()}{side.name[1:]} ({side.unit.removeprefix(ON_SCALE)})"


def bound_words(n_bounds: int, n_months: int) -> str:
    """Say in how many of its months a team has only a bound."""
    if n_months == 1:
        return "a bound"
    return f"a bound in {count(n_bounds)} of {count(n_months)} months"


def digits_for(*values: float, unit: str = "points") -> int:
    """Choose decimals so that the widest of some figures keeps two digits that count."""
    widest = max(abs(100 * v if unit == "share" else v) for v in values)
    return 2 if widest == 0 else min(8, max(0, 1 - math.floor(math.log10(widest))))


def coverage_text(coverage: Coverage, *, behind: tuple[str, str], response: str = "") -> str:
    """
    Say who is in the link; with the employees' response rate where it is known.

    `behind` says how many employees' and how many customers' answers are linked.
    """
    most = max(coverage.n_employee_teams, coverage.n_customer_teams)
    people = [
        f"{n} {who} answers" for n, who in zip(behind, ("employee", "customer"), strict=True) if n
    ]
    known = f", with {joined(people)} behind them" if people else ""
    rate = f"; the response rate of these waves is {response}" if response else ""
    return f"{count(coverage.n_teams)} of {count(most)} teams could be linked{known}{rate}."


def dropped_text(coverage: Coverage) -> str:
    """Say how many teams were left out, and why."""
    if not coverage.dropped:
        return "No team was left out."
    reasons = Counter(reason for _, reason in coverage.dropped)
    parts = [f"{count(n)}: {reason}" for reason, n in reasons.most_common(6)]
    more = len(reasons) - 6
    tail = f"; and {count(more)} other reasons" if more > 0 else ""
    return f"{count(len(coverage.dropped))} left out ({'; '.join(parts)}{tail})."


def reliability_text(employee: SideReliability, customer: SideReliability) -> str:
    """Say what the reliability of team scores allows."""
    known = [s.reliability for s in (employee, customer) if s.reliability is not None]
    if len(known) < 2:
        return (
            "How much of the difference between team scores is survey noise cannot be told"
            " from these data, so the link below is shown as observed and not corrected for it."
        )
    if min(known) < 0.30:
        return (
            "At least one side tells teams apart too poorly: differences between its scores are"
            " mostly chance, and the link is not corrected for it."
        )
    return (
        "Survey noise makes any link look weaker than it is; the share of the differences"
        " between team scores that is real tells by how much."
    )


def observed_text(result: LinkageResult) -> str:
    """State the correlation, its interval and, where possible, the corrected one."""
    link, one, other = result.link, result.employee.name, result.customer.name
    if link.pearson is None:
        return f"A correlation between {one} and {other} cannot be computed from these teams."
    r = link.pearson
    more = "higher" if r.r > 0 else "lower"
    if r.ci_low > 0 or r.ci_high < 0:
        seen = f"Teams with higher {one} had {more} {other}"
    else:
        seen = f"Across teams, {one} and {other} show no settled direction"
    text = (
        f"{seen}: r = {fixed(r.r)}, 95% interval {interval(r.ci_low, r.ci_high)}"
        f" ({count(link.n_teams)} teams)."
    )
    if link.corrected is not None:
        c = link.corrected
        beyond = (
            " (beyond one, which no true link can be: the noise is larger than it seems)"
            if abs(c.r) > 1
            else ""
        )
        text += (
            f" Allowing for survey noise the underlying link is about {fixed(c.r)}{beyond},"
            f" {interval(c.ci_low, c.ci_high)}."
        )
    return text


def gap_text(result: LinkageResult) -> str | None:
    """State the link in the outcome's own unit, between two ordinary teams."""
    gap = result.link.quartile_gap
    if gap is None:
        return None
    unit = result.customer.unit
    digits = digits_for(gap.ci_low, gap.ci_high, unit=unit)
    low, high = sorted((gap.ci_low, gap.ci_high))
    teams = f"A team at the 75th percentile of {result.employee.name} scores about"
    if low > 0 or high < 0:
        side = "above" if low > 0 else "below"
        near, far = sorted((abs(low), abs(high)))
        return (
            f"{teams} {in_words(abs(gap.estimate), unit, digits=digits)} {side} one at the 25th"
            f" ({amount(near, unit, digits=digits)} to {amount(far, unit, digits=digits)})."
        )
    side = "above" if gap.estimate >= 0 else "below"
    return (
        f"{teams} {in_words(abs(gap.estimate), unit, digits=digits)} {side} one at the 25th, but"
        f" anything from {amount(-low, unit, digits=digits)} below to"
        f" {amount(high, unit, digits=digits)} above fits these data."
    )


def power_text(result: LinkageResult) -> str:
    """Say which link these data could have shown."""
    n_teams, least = result.link.n_teams, result.link.minimum_detectable_r
    if least is None:
        return f"{count(n_teams)} teams are too few to say which link would be seen."
    return (
        f"With {count(n_teams)} teams we would reliably (in 80 of 100 such studies) see an"
        f" observed r of {fixed(least)} or more. A weaker link may well stay unseen."
    )


def panel_texts(result: LinkageResult, panel: PanelLink) -> list[str]:
    """Say what changes over time show, within teams, and in which order."""
    one, other = result.employee.name, result.customer.name
    texts = [
        f"{count(panel.n_teams)} teams over {count(panel.n_periods)} periods"
        f" ({count(panel.nobs)} rows with both sides)."
    ]
    within = panel.within_two_way
    if within is not None:
        texts.append(_within_text(panel, within, one=one, other=other))
    if panel.lag_forward is not None and _moves(panel.lag_forward):
        texts.append(_lag_text(panel.lag_forward, one=one, other=other))
    texts.append(_order_text(panel, one=one, other=other))
    return texts


def _within_text(panel: PanelLink, within: PanelEstimate, *, one: str, other: str) -> str:
    known = [
        r
        for r in (panel.within_reliability_employee, panel.within_reliability_customer)
        if r is not None
    ]
    noise = (
        f" Movements within teams have a reliability of {joined([fixed(r) for r in known])}."
        if known
        else " How much of a team's movement is survey noise is unknown here."
    )
    if _moves(within):
        more = "rose" if within.estimate > 0 else "fell"
        return f"When a team's {one} rose, its {other} {more} in the same period.{noise}"
    if known and min(known) < 0.40:
        return (
            f"Whether {one} and {other} of a team move together in the same period cannot be"
            f" told: its movements are mostly survey noise.{noise}"
        )
    return (
        f"Within teams, changes in {one} and changes in {other} in the same period do not"
        f" visibly go together.{noise}"
    )


def _lag_text(lag: PanelEstimate, *, one: str, other: str) -> str:
    """Say what one period later shows; only for an interval that leaves zero out."""
    more = "higher" if lag.estimate > 0 else "lower"
    return (
        f"One period after a team's {one} was above its own average, its {other} was {more}"
        " than its own average."
    )


def _order_text(panel: PanelLink, *, one: str, other: str) -> str:
    forward, reverse = panel.adl_forward, panel.adl_reverse
    if forward is None or reverse is None:
        return (
            "Which side moves first cannot be looked at: too few teams have neighbouring periods."
        )
    ahead, behind = _moves(forward), _moves(reverse)
    past = "the own past of each"
    if ahead and behind:
        return (
            f"Earlier {one} and later {other} go together, and so do earlier {other} and later"
            f" {one}, given {past}: both directions."
        )
    if ahead:
        return f"Earlier {one} and later {other} go together, given {past}; not the reverse."
    if behind:
        return f"Earlier {other} and later {one} go together, given {past}; not the reverse."
    return "Neither side visibly leads the other: these data cannot tell the direction."


def _moves(fit: PanelEstimate) -> bool:
    return fit.ci_low > 0 or fit.ci_high < 0


def listed(names: Iterable[str], limit: int = 5) -> str:
    """List some names and count the rest."""
    shown = list(names)
    more = f" and {count(len(shown) - limit)} more" if len(shown) > limit else ""
    return ", ".join(shown[:limit]) + more
