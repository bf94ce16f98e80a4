"""The service-profit chain of a linkage with outcomes: figures, and tables for the page."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis import LinkageResult, ServiceProfitChain, Summary, service_profit_chain
from analysis.chain_results import READ
from app.formats.outcomes import Outcomes

COLUMNS = {"engagement": "employee_mean", "customer_satisfaction": "customer_mean"}


def chain_of(result: LinkageResult, outcomes: Outcomes) -> ServiceProfitChain:
    """Put the outcomes beside the linked teams' scores and grade every link."""
    teams = result.teams.merge(outcomes.teams, on="team", how="left")
    columns = COLUMNS | {name: name for name in outcomes.stations}
    return service_profit_chain(teams, columns, rng=np.random.default_rng(result.seed))


def stations_part(chain: ServiceProfitChain) -> dict[str, Any]:
    """Lay the chain out as tables of text, and what others published as sentences."""
    summaries = {"links": chain.summary()}
    if chain.indirect:
        summaries["paths"] = chain.indirect_summary()
    return {
        "heading": "The service-profit chain",
        "tables": {name: _table(f"chain-{name}", found) for name, found in summaries.items()},
        "cited": [
            f"{link.words}: {figure.figure}, {figure.words}. {figure.cite}; {READ[figure.grade]}."
            for link in chain.links
            for figure in link.published
        ],
    }


def _table(id: str, summary: Summary) -> dict[str, Any]:
    return {
        "id": id,
        "caption": summary.title,
        "columns": list(summary.columns),
        "rows": [list(row) for row in summary.rows],
        "notes": list(summary.notes),
    }
