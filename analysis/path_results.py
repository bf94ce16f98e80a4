"""Coefficients of several regressions in a row, and their products."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.errors import BadFrame
from analysis.summary import Summary, count, fixed, interval, p_value, significant

NO_PROOF = (
    "Products say what would pass along if every link were one of cause, in this order, and "
    "nothing else moved both ends of a link."
)
ARROW = " → "


@dataclass(frozen=True, slots=True, kw_only=True)
class PathCoefficient:
    """
    One coefficient, given the other predictors of its outcome.

    Attributes
    ----------
    start, end : str
        Predictor and outcome.
    estimate, std_error, ci_low, ci_high, pvalue : float
        Points of the outcome per point of the predictor.
    standardised, standardised_ci_low, standardised_ci_high : float
        Standard deviations per standard deviation.
    n_teams : int
    """

    start: str
    end: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    pvalue: float
    standardised: float
    standardised_ci_low: float
    standardised_ci_high: float
    n_teams: int

    def summary(self) -> Summary:
        """Lay the coefficient out for reading."""
        limits = f"{significant(self.ci_low)} to {significant(self.ci_high)}"
        return Summary(
            title=f"{self.end} on {self.start}",
            columns=("", "Slope", "95% interval", "p"),
            rows=(("Per point", significant(self.estimate), limits, p_value(self.pvalue)),),
            notes=(f"{count(self.n_teams)} teams; other predictors held.",),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IndirectEffect:
    """
    The product of the coefficients along a path.

    Attributes
    ----------
    path : tuple of str
    estimate, ci_low, ci_high : float
        Points of the last column per point of the first; interval over draws of teams.
    standardised, standardised_ci_low, standardised_ci_high : float
    n_teams : int
        Of the regression with the fewest.
    """

    path: tuple[str, ...]
    estimate: float
    ci_low: float
    ci_high: float
    standardised: float
    standardised_ci_low: float
    standardised_ci_high: float
    n_teams: int

    def summary(self) -> Summary:
        """Lay the product out for reading."""
        limits = interval(self.standardised_ci_low, self.standardised_ci_high, 3)
        return Summary(
            title="What passes along a path",
            columns=("", "Standardised", "95% interval"),
            rows=((ARROW.join(self.path), fixed(self.standardised, 3), limits),),
            notes=(f"{count(self.n_teams)} teams.", NO_PROOF),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PathModel:
    """
    Several regressions, one per outcome, with products along paths.

    Attributes
    ----------
    coefficients : tuple of PathCoefficient
    indirect : tuple of IndirectEffect
        In the order asked for.
    r_squared : dict of str to float
        Share of each outcome's spread that its predictors go with.
    n_teams, n_resamples : int
    """

    coefficients: tuple[PathCoefficient, ...]
    indirect: tuple[IndirectEffect, ...]
    r_squared: dict[str, float]
    n_teams: int
    n_resamples: int

    def coefficient(self, start: str, end: str) -> PathCoefficient:
        """Find one coefficient, or refuse, with `BadFrame`, one that no equation has."""
        for found in self.coefficients:
            if (found.start, found.end) == (start, end):
                return found
        raise BadFrame(f"No equation has the step from {start} to {end}.")

    def summary(self) -> Summary:
        """Lay coefficients and products out for reading."""
        links = [
            (
                f"{found.start}{ARROW}{found.end}",
                fixed(found.standardised),
                interval(found.standardised_ci_low, found.standardised_ci_high),
                p_value(found.pvalue),
            )
            for found in self.coefficients
        ]
        products = [
            (
                ARROW.join(found.path),
                fixed(found.standardised, 3),
                interval(found.standardised_ci_low, found.standardised_ci_high, 3),
                "",
            )
            for found in self.indirect
        ]
        drawn = f"; products with {count(self.n_resamples)} draws of teams" if products else ""
        return Summary(
            title="Regressions in a row",
            columns=("", "Standardised", "95% interval", "p"),
            rows=(*links, *products),
            notes=(f"{count(self.n_teams)} teams{drawn}.", *([NO_PROOF] if products else [])),
        )
