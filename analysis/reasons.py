"""Why a figure is missing, in words that a reader can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from analysis.errors import AnalysisError
from analysis.results import LinkageWarning
from analysis.summary import joined

Figure = TypeVar("Figure")

WORDS = {
    "alpha": "Cronbach's alpha",
    "icc": "ICC(1) and ICC(2)",
    "reliability": "the reliability of team scores",
    "pearson": "the correlation",
    "spearman": "the rank correlation",
    "permutation_pvalue": "the permutation p-value",
    "corrected": "the corrected correlation",
    "weighted_r": "the weighted correlation",
    "leave_one_out": "the leave-one-out range",
    "slope": "the slope",
    "quartile_gap": "the gap between quartiles",
    "minimum_detectable_r": "the smallest correlation that would reliably show",
    "panel": "the link over time",
    "within_reliability_employee": "the reliability of employees' movements",
    "within_reliability_customer": "the reliability of customers' movements",
    "pooled": "the pooled slope",
    "pooled_period": "the pooled slope with period effects",
    "between": "the slope between teams",
    "within_two_way": "the slope within teams",
    "first_difference": "the slope of changes on changes",
    "lead_placebo": "the check with a later period",
    "within_corrected": "the slope within teams without survey noise",
    "lag_corrected": "the forward lag without survey noise",
    "lag_forward": "the forward lag",
    "lag_reverse": "the reverse lag",
    "adl_forward": "the forward lag beside the own past",
    "adl_reverse": "the reverse lag beside the own past",
}


class Reasons:
    """Collects why figures are missing, so that one sentence can name several."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def add(self, name: str, reason: str, *, of: str = "") -> None:
        """Note that a figure is missing."""
        words = WORDS[name] + (f" of {of}" if of else "")
        self._names.setdefault(reason, []).append(words)

    def known(self, name: str, figure: Callable[[], Figure], *, of: str = "") -> Figure | None:
        """Compute a figure, or note why it cannot be."""
        try:
            return figure()
        except AnalysisError as error:
            self.add(name, str(error), of=of)
            return None

    def warnings(self) -> tuple[LinkageWarning, ...]:
        """Give one warning per reason."""
        return tuple(
            LinkageWarning(code="not_estimable", text=f"Not estimable: {joined(names)}. {reason}")
            for reason, names in self._names.items()
        )
