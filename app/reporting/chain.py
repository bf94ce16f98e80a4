"""The link of the service-profit chain that was looked at, with what is known of it."""

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
    """Lay out the two ends of the link; what may lie before or after it is not drawn."""
    found = result.link.pearson
    return {
        "title": "From engagement to customer satisfaction",
        "nodes": [
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
            {
                "evidence": result.verdict.code,
                "word": WORDS[result.verdict.code],
                "label": f"r = {fixed(found.r)}, {result.link.n_teams} teams" if found else "",
            },
        ],
    }


def _mean(value: float | None) -> str:
    return "" if value is None else f"mean {fixed(value)}"
