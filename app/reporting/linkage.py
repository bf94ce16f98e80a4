"""A linkage result as one document: numbers, sentences, tables and drawings for any page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis import LinkageResult, PanelLink, SideReliability, reliability_word
from analysis.summary import NOT_ESTIMABLE, count, fixed, interval, p_value, significant
from app.charts.linkage import ForestRow, TeamPoint, forest, scatter
from app.reporting import linkage_texts as texts

SCHEMA = "headwater.linkage-report/1"
NORMAL_95 = 1.959964
NOT_COMPUTED = "not_estimable"
FORWARD = (
    ("pooled", "All teams and periods"),
    ("pooled_period", "Within the same period"),
    ("between", "Between teams"),
    ("within_two_way", "Within teams"),
    ("lag_forward", "Within teams, one period later"),
    ("adl_forward", "One period later, given the past"),
)
REVERSE = (
    ("lag_reverse", "Within teams, one period later"),
    ("adl_reverse", "One period later, given the past"),
)

BOUND = "bound, no interval"

Document = dict[str, Any]
Bounds = Mapping[str, tuple[int, int]]


def linkage_document(
    result: LinkageResult,
    *,
    title: str = "Engagement and customer scores, team by team",
    names: Mapping[str, str] | None = None,
    sources: Document | None = None,
    bounds: Mapping[str, tuple[int, int]] | None = None,
    response: str = "",
    answered: str = "",
) -> Document:
    """
    Lay a result out in the order of the page; plain JSON all through.

    `names` gives the display names of teams where their keys are not for reading; `sources`
    is a table that tells where the data came from.  `bounds` tells in how many of its months,
    and of how many, a team's employee score is only a bound; `response` is the employees'
    response rate in words, `answered` how many of their answers are linked, where the exact
    number may not be shown.
    """
    called = names or {}
    verdict = result.verdict
    behind = _behind(result, answered=answered)
    return {
        "schema": SCHEMA,
        "title": title,
        "lede": texts.lede(result),
        "chain": None,
        "coverage": _coverage(result, called, behind=behind, response=response),
        "reliability": _reliability(result, behind=behind),
        "link": _link(result, called, bounds=bounds or {}),
        "power": {"heading": "Could we have seen it?", "text": texts.power_text(result)},
        "verdict": {
            "heading": "The verdict, by a rule fixed beforehand",
            "code": verdict.code,
            "direction": verdict.direction,
            "text": verdict.text,
        },
        "panel": _panel(result, result.panel) if result.panel is not None else None,
        "warnings": {
            "heading": "What to keep in mind",
            "entries": [
                {"code": w.code, "text": w.text} for w in result.warnings if w.code != NOT_COMPUTED
            ],
            "not_computed": [w.text for w in result.warnings if w.code == NOT_COMPUTED],
        },
        "limits": {"heading": "What this does not show", "entries": texts.limits(result)},
        "sources": sources,
    }


def table(
    id: str,
    caption: str,
    *,
    columns: list[str],
    rows: list[list[str]],
    notes: list[str] | None = None,
) -> Document:
    """Make a table of text cells, as the table macro prints it."""
    return {"id": id, "caption": caption, "columns": columns, "rows": rows, "notes": notes or []}


def _behind(result: LinkageResult, *, answered: str) -> tuple[str, str]:
    """Say how many answers of employees and of customers lie behind the link, where known."""
    known = [
        "" if number is None else count(number)
        for number in (result.coverage.n_employees, result.coverage.n_customers)
    ]
    return answered or known[0], known[1]


def _coverage(
    result: LinkageResult, names: Mapping[str, str], *, behind: tuple[str, str], response: str
) -> Document:
    coverage = result.coverage
    dropped = [[names.get(team, team), reason] for team, reason in coverage.dropped]
    return {
        "heading": "Who is in it",
        "text": texts.coverage_text(coverage, behind=behind, response=response),
        "dropped_text": texts.dropped_text(coverage),
        "dropped": table(
            "dropped-teams", "Teams left out", columns=["Team", "Reason"], rows=dropped
        )
        if dropped
        else None,
    }


def _reliability(result: LinkageResult, *, behind: tuple[str, str]) -> Document:
    sides = [
        _side(side, people=people)
        for side, people in zip((result.employee, result.customer), behind, strict=True)
    ]
    return {
        "heading": "Can the surveys tell teams apart?",
        "text": texts.reliability_text(result.employee, result.customer),
        "sides": sides,
        "table": _reliability_table(result),
    }


def _reliability_table(result: LinkageResult) -> Document:
    rows = [
        [_capital(side.name), *(_known(value) for value in (side.reliability, side.icc1))]
        + [interval(*side.icc1_ci) if side.icc1_ci else NOT_ESTIMABLE]
        + [_known(value) for value in (side.icc2, side.alpha)]
        + [_mean(side.mean, side), _mean(side.sd_teams, side)]
        for side in (result.employee, result.customer)
    ]
    columns = [
        "",
        "Reliability",
        "ICC(1)",
        "95% interval",
        "ICC(2)",
        "Alpha",
        "Mean",
        "SD of teams",
    ]
    notes = [
        "Reliability: share of the differences between the linked teams' scores that is no"
        " survey noise. ICC(1): share of one answer's variance that lies between teams."
        " Alpha: how far the items of one score agree."
    ]
    caption = "Reliability of team scores"
    return table("reliability-figures", caption, columns=columns, rows=rows, notes=notes)


def _side(side: SideReliability, *, people: str) -> Document:
    known = side.reliability is not None
    grade = (
        texts.GRADES[reliability_word(side.reliability)] if side.reliability is not None else ""
    )
    answers = f"{people} answers behind the linked teams." if people else ""
    unknown = "Not estimable: how answers differ within teams is unknown."
    return {
        "name": _capital(side.name),
        "grade": grade,
        "value": fixed(side.reliability) if side.reliability is not None else "",
        "text": answers if known else unknown,
    }


def _link(result: LinkageResult, names: Mapping[str, str], *, bounds: Bounds) -> Document:
    link = result.link
    rows = [["Correlation r (Pearson)", *_r_cells(link.pearson)]]
    corrected = link.corrected
    limits = interval(corrected.ci_low, corrected.ci_high) if corrected else ""
    noiseless = _known(corrected.r if corrected else None)
    rows.append(["r allowing for survey noise", noiseless, limits, ""])
    rows.append(["Rank correlation (Spearman)", *_r_cells(link.spearman)])
    p = p_value(link.permutation_pvalue) if link.permutation_pvalue is not None else NOT_ESTIMABLE
    rows.append(["Teams matched at random", "", "", p])
    rows.append(["r weighted by answers", _known(link.weighted_r), "", ""])
    loo = link.leave_one_out
    rows.append(["r leaving out any one team", "", interval(loo.low, loo.high) if loo else "", ""])
    unit, line, gap = result.customer.unit, link.slope, link.quartile_gap
    per = f"{_capital(texts.unit_word(unit))} per point of {result.employee.name}"
    rows.append([per, *_slope_cells(line, unit)])
    rows.append(["75th against 25th percentile", *_slope_cells(gap, unit)])
    return {
        "heading": "The link",
        "headline": _headline(result),
        "text": texts.observed_text(result),
        "gap_text": texts.gap_text(result) or "",
        "chart": _scatter(result, names, bounds=bounds),
        "table": table(
            "link-figures",
            "The link in figures",
            columns=["", "Estimate", "95% interval", "p"],
            rows=rows,
            notes=[
                f"{count(link.n_teams)} teams; the range for leaving out one team is no interval."
            ],
        ),
    }


def _headline(result: LinkageResult) -> Document | None:
    """Give one large figure, where the verdict says that there is something to state."""
    gap = result.link.quartile_gap
    if gap is None or result.verdict.code not in ("clear", "suggestive"):
        return None
    unit = result.customer.unit
    digits = texts.digits_for(gap.ci_low, gap.ci_high, unit=unit)
    figure = texts.amount(gap.estimate, unit, digits=digits)
    low, high = (texts.amount(v, unit, digits=digits) for v in (gap.ci_low, gap.ci_high))
    return {
        "figure": figure if figure.startswith("−") else f"+{figure}",
        "unit": texts.unit_word(unit),
        "interval": f"95% interval {low} to {high}",
        "text": texts.gap_text(result) or "",
    }


def _scatter(
    result: LinkageResult, names: Mapping[str, str], *, bounds: Bounds
) -> Document | None:
    teams = result.teams
    if len(teams) < 2:
        return None
    one, other = result.employee, result.customer
    sides = one.name, other.name
    points = [
        _point(row, names, sides=sides, bound=bounds.get(str(row["team"])))
        for row in teams.to_dict("records")
    ]
    has_bars = any(p.x_low is not None or p.y_low is not None for p in points)
    bars = " Thin lines: 95% interval of each team's score." if has_bars else ""
    if any(p.bound for p in points):
        bars += f" Hollow points: {one.name} is in part a bound, so it has no interval."
    caption = f"{_capital(one.name)} and {other.name} of {count(len(points))} teams"
    digits = [texts.digits_for(*teams[f"{side}_mean"]) + 1 for side in ("employee", "customer")]
    rows = [
        [
            f"{point.name} ({point.bound})" if point.bound else point.name,
            fixed(point.x, digits[0]),
            BOUND if point.bound else _limits(point.x_low, point.x_high, digits=digits[0]),
            fixed(point.y, digits[1]),
            _limits(point.y_low, point.y_high, digits=digits[1]),
        ]
        for point in points
    ]
    columns = ["Team", _capital(one.name), "95% interval", _capital(other.name), "95% interval"]
    return {
        "title": caption,
        "note": f"One point per team; the straight line with its 95% band.{bars}",
        "svg": scatter(
            points,
            x_title=texts.axis_title(one),
            y_title=texts.axis_title(other),
            description=f"Scatter of {caption}; the same figures are in the table beneath.",
        ),
        "table": table("scatter-figures", caption, columns=columns, rows=rows),
    }


def _point(
    row: dict[Any, Any],
    names: Mapping[str, str],
    *,
    sides: tuple[str, str],
    bound: tuple[int, int] | None,
) -> TeamPoint:
    x, y = float(row["employee_mean"]), float(row["customer_mean"])
    said = texts.bound_words(*bound) if bound else ""
    x_low, x_high = _bar(x, None if said else row["employee_std_error"])
    y_low, y_high = _bar(y, row["customer_std_error"])
    name = names.get(str(row["team"]), str(row["team"]))
    words = f"{name}: {sides[0]} {_with_limits(x, x_low, x_high)}"
    words += f" ({said}, so no interval)" if said else ""
    words += f", {sides[1]} {_with_limits(y, y_low, y_high)}"
    return TeamPoint(
        name=name,
        words=words,
        x=x,
        y=y,
        x_low=x_low,
        x_high=x_high,
        y_low=y_low,
        y_high=y_high,
        bound=said,
    )


def _with_limits(value: float, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return significant(value)
    return f"{significant(value)} ({significant(low)} to {significant(high)})"


def _bar(value: float, std_error: float | None) -> tuple[float | None, float | None]:
    if std_error is None or pd.isna(std_error):
        return None, None
    return value - NORMAL_95 * float(std_error), value + NORMAL_95 * float(std_error)


def _panel(result: LinkageResult, panel: PanelLink) -> Document:
    one, other = result.employee, result.customer
    return {
        "heading": "Over time",
        "texts": texts.panel_texts(result, panel),
        "charts": [
            chart
            for chart in (
                _forest(panel, FORWARD, id="forward", outcome=other, predictor=one),
                _forest(panel, REVERSE, id="reverse", outcome=one, predictor=other),
            )
            if chart is not None
        ],
    }


def _forest(
    panel: PanelLink,
    models: tuple[tuple[str, str], ...],
    *,
    id: str,
    outcome: SideReliability,
    predictor: SideReliability,
) -> Document | None:
    fits = [(words, getattr(panel, name)) for name, words in models]
    known = [(words, fit) for words, fit in fits if fit is not None]
    if not known:
        return None
    caption = (
        f"{_capital(outcome.name)} on {'earlier ' if id == 'reverse' else ''}{predictor.name}"
    )
    rows = [
        [words, significant(f.estimate), f"{significant(f.ci_low)} to {significant(f.ci_high)}"]
        + [p_value(f.pvalue), count(f.n_teams), count(f.nobs)]
        for words, f in known
    ]
    marks = [
        ForestRow(
            name=words,
            words=f"{words}: {cells[1]}, 95% interval {cells[2]}",
            estimate=fit.estimate,
            ci_low=fit.ci_low,
            ci_high=fit.ci_high,
        )
        for (words, fit), cells in zip(known, rows, strict=True)
    ]
    unit = f"{_capital(outcome.unit)} of {outcome.name} per point of {predictor.name}"
    columns = ["", "Slope", "95% interval", "p", "Teams", "Rows"]
    return {
        "title": caption,
        "note": f"{unit}, each with its 95% interval; the upright line is no link.",
        "svg": forest(marks, x_title="Slope", description=f"{caption}: slopes with intervals."),
        "table": table(f"panel-{id}", caption, columns=columns, rows=rows),
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _known(value: float | None) -> str:
    return NOT_ESTIMABLE if value is None else fixed(value)


def _mean(value: float | None, side: SideReliability) -> str:
    if value is None:
        return NOT_ESTIMABLE
    return f"{fixed(100 * value, 1)}%" if side.unit == "share" else significant(value)


def _limits(low: float | None, high: float | None, *, digits: int) -> str:
    return "unknown" if low is None or high is None else interval(low, high, digits)


def _r_cells(r: Any) -> list[str]:  # noqa: ANN401 - a Correlation or None
    if r is None:
        return [NOT_ESTIMABLE, "", ""]
    return [fixed(r.r), interval(r.ci_low, r.ci_high), p_value(r.pvalue)]


def _slope_cells(fit: Any, unit: str) -> list[str]:  # noqa: ANN401 - a Slope, a QuartileGap or None
    if fit is None:
        return [NOT_ESTIMABLE, "", ""]
    factor = 100 if unit == "share" else 1
    limits = f"{significant(factor * fit.ci_low)} to {significant(factor * fit.ci_high)}"
    p = p_value(fit.pvalue) if hasattr(fit, "pvalue") else ""
    return [significant(factor * fit.estimate), limits, p]
