"""The service-profit chain with what is known of each of its links."""

from __future__ import annotations

from typing import Any

from analysis import LinkageResult
from analysis.summary import fixed

WORDS = {
    "clear": "clear link",
    "suggestive": "a hint",
    "no_sign": "no sign",
    "cannot_tell": "cannot tell",
    "too_few_teams": "too few teams",
}


def chain(result: LinkageResult) -> dict[str, Any]:
    """Lay out where engagement stands between work and customers."""
    found = result.link.pearson
    return {
        "title": "From work to customers",
        "nodes": [
            {"name": ["Internal", "service quality"], "figure": "", "side": "employees"},
            {
                "name": ["Engagement"],
                "figure": _mean(result.employee.mean),
                "side": "employees",
            },
            {
                "name": ["Customer", "satisfaction"],
                "figure": _mean(result.customer.mean),
                "side": "customers",
            },
        ],
        "links": [
            {"evidence": "not_measured", "word": "not looked at", "label": ""},
            {
                "evidence": result.verdict.code,
                "word": WORDS[result.verdict.code],
                "label": f"r = {fixed(found.r)}, {result.link.n_teams} teams" if found else "",
            },
        ],
    }


def _mean(value: float | None) -> str:
    return "" if value is None else f"mean {fixed(value)}"
