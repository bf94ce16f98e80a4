"""What is known of the service-profit chain, link by link."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from analysis.chain_nodes import LABELS, PublishedFigure
from analysis.errors import BadFrame
from analysis.path_results import ARROW, NO_PROOF, IndirectEffect, PathCoefficient
from analysis.summary import Summary, count, fixed, interval, joined, p_value

GRADES = {"measured": "measured here", "cited": "cited", "not_measured": "not measured"}
READ = {"P": "read in the work itself", "S": "read in a work that cites it"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """
    One link of the chain with its grade.

    Attributes
    ----------
    start, end : str
        Names of stations.
    grade : str
        ``measured``, ``cited`` or ``not_measured``.
    coefficient : PathCoefficient or None
        Given all measured stations before the end; None where it is not measured here.
    published : tuple of PublishedFigure
        Of other organisations, also where the link is measured here.
    is_shortcut : bool
        Whether it passes stations of the chain over.
    is_same_source : bool
        Whether both ends may come from the same people, which makes a link look stronger.
    reason : str
        Why it is not measured here; empty where it is.
    """

    start: str
    end: str
    grade: str
    coefficient: PathCoefficient | None
    published: tuple[PublishedFigure, ...]
    is_shortcut: bool
    is_same_source: bool
    reason: str

    @property
    def words(self) -> str:
        """Both ends, for people."""
        return f"{LABELS[self.start]}{ARROW}{LABELS[self.end].lower()}"

    def summary(self) -> Summary:
        """Lay the link out for reading."""
        return Summary(
            title=self.words,
            columns=("", "Standardised", "95% interval", "p", "Teams"),
            rows=((GRADES[self.grade], *self.cells()),),
            notes=(*([self.reason] if self.reason else []), *map(said, self.published)),
        )

    def cells(self) -> tuple[str, str, str, str]:
        """Write the figures of the link for a table; empty where it is not measured here."""
        own = self.coefficient
        if own is None:
            return "", "", "", ""
        limits = interval(own.standardised_ci_low, own.standardised_ci_high)
        return fixed(own.standardised), limits, p_value(own.pvalue), count(own.n_teams)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProfitChain:
    """
    The chain with its grades, and what passes along the measured links.

    Attributes
    ----------
    links : tuple of ChainLink
        The nine of the chain, then shortcuts that are measured or were published on.
    indirect : tuple of IndirectEffect
        Products along measured links alone.
    r_squared : dict of str to float
        By station: share of its spread that goes with what is measured before it.
    stations : tuple of str
        Those with figures, in the order of the chain.
    covariates : tuple of str
    n_teams, n_resamples : int
    """

    links: tuple[ChainLink, ...]
    indirect: tuple[IndirectEffect, ...]
    r_squared: dict[str, float]
    stations: tuple[str, ...]
    covariates: tuple[str, ...]
    n_teams: int
    n_resamples: int

    def link(self, start: str, end: str) -> ChainLink:
        """Find one link, or refuse, with `BadFrame`, one that is not listed."""
        for found in self.links:
            if (found.start, found.end) == (start, end):
                return found
        raise BadFrame(f"The chain lists no link from {start} to {end}.")

    def summary(self) -> Summary:
        """Lay the chain out for reading."""
        same = [link.words for link in self.links if link.is_same_source]
        held = f", {joined(list(self.covariates))}" if self.covariates else ""
        return Summary(
            title="The service-profit chain, link by link",
            columns=("Link", "What is known", "Standardised", "95% interval", "p", "Teams"),
            rows=tuple((link.words, GRADES[link.grade], *link.cells()) for link in self.links),
            notes=(
                f"{count(self.n_teams)} teams. Measured here: standard deviations of the later "
                "station per standard deviation of the earlier, at equal figures of everything "
                f"measured before it{held}.",
                *(
                    f"{words}: perhaps the same people at both ends, which makes it look stronger."
                    for words in same
                ),
                *(
                    f"{link.words}, not measured: {link.reason}"
                    for link in self.links
                    if self._lacks(link)
                ),
                "Cited: other organisations, listed apart; it enters nothing measured here.",
            ),
        )

    def _lacks(self, link: ChainLink) -> bool:
        """Tell whether a link is not measured although both its ends have figures."""
        return link.reason != "" and {link.start, link.end} <= set(self.stations)

    def cited_summary(self) -> Summary:
        """List what others published on the links, measured here or not."""
        figures = [(link.words, figure) for link in self.links for figure in link.published]
        works = dict.fromkeys(f"{one.cite}; {READ[one.grade]}." for _, one in figures)
        return Summary(
            title="What others published on these links",
            columns=("Link", "Figure", "Of what", "Source"),
            rows=tuple((words, one.figure, one.words, one.source) for words, one in figures),
            notes=("Other organisations, other questions, other years: no target.", *works),
        )

    def summaries(self) -> tuple[Summary, ...]:
        """Lay everything out for reading, table by table."""
        products = (self.indirect_summary(),) if self.indirect else ()
        return (self.summary(), *products, self.cited_summary())

    def to_dict(self) -> dict[str, Any]:
        """Lay the chain out under the keys of the JSON document, unrounded."""
        return {
            "stations": list(self.stations),
            "covariates": list(self.covariates),
            "n_teams": self.n_teams,
            "n_resamples": self.n_resamples,
            "r_squared": self.r_squared,
            "links": [asdict(link) for link in self.links],
            "indirect": [asdict(found) for found in self.indirect],
        }

    def indirect_summary(self) -> Summary:
        """Lay out what passes along the measured links; without such paths, no rows."""
        return Summary(
            title="What passes along the measured links",
            columns=("Path", "Standardised", "95% interval", "Teams"),
            rows=tuple(
                (
                    ARROW.join(LABELS[name] for name in found.path),
                    fixed(found.standardised, 3),
                    interval(found.standardised_ci_low, found.standardised_ci_high, 3),
                    count(found.n_teams),
                )
                for found in self.indirect
            ),
            notes=(f"Intervals from {count(self.n_resamples)} draws of teams.", NO_PROOF),
        )


def said(figure: PublishedFigure) -> str:
    """Quote a published figure with its source."""
    return f"Elsewhere, {figure.words}: {figure.figure} ({figure.source})."
