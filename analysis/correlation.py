"""How two columns of team scores go together, with the doubt that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """
    A correlation of team scores.

    Attributes
    ----------
    r : float
    ci_low, ci_high : float
        Limits of the 95% interval.
    pvalue : float
        Two-sided, for no correlation.
    nobs : int
        Teams.
    method : {"pearson", "spearman"}
    """

    r: float
    ci_low: float
    ci_high: float
    pvalue: float
    nobs: int
    method: Literal["pearson", "spearman"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveOneOut:
    """
    The range of r when each team in turn is left out.

    Attributes
    ----------
    low, high : float
        Smallest and largest r.
    low_index, high_index : int
        Position of the team whose absence gives them.
    is_complete : bool
        Whether r exists without each of the teams.
    """

    low: float
    high: float
    low_index: int
    high_index: int
    is_complete: bool

    @property
    def keeps_sign(self) -> bool:
        """Whether no single team's absence takes the sign of r away."""
        return self.is_complete and self.low * self.high > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedCorrelation:
    """
    A correlation as it would be without survey noise; not clipped to [-1, 1].

    Attributes
    ----------
    r, ci_low, ci_high : float
    attenuation : float
        What the observed values were divided by.
    """

    r: float
    ci_low: float
    ci_high: float
    attenuation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """
    Points of the outcome per point of the predictor.

    Attributes
    ----------
    estimate, std_error, ci_low, ci_high : float
    pvalue : float
    nobs : int
        Teams.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    pvalue: float
    nobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuartileGap:
    """
    The outcome of a team at the 75th percentile of the predictor above one at the 25th.

    Attributes
    ----------
    estimate, ci_low, ci_high : float
        In points of the outcome.
    q1, q3 : float
        The quartiles of the predictor.
    """

    estimate: float
    ci_low: float
    ci_high: float
    q1: float
    q3: float


def pearson(x: npt.ArrayLike, y: npt.ArrayLike) -> Correlation:
    """Correlate two columns, with Fisher limits and a p-value by t."""
    raise NotImplementedError


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> Correlation:
    """Correlate the average ranks, with Bonett-Wright limits and a p-value by t."""
    raise NotImplementedError


def permutation_pvalue(
    x: npt.ArrayLike, y: npt.ArrayLike, *, rng: np.random.Generator, n_resamples: int = 9_999
) -> float:
    """Compare |r| with its values under orders of the teams."""
    raise NotImplementedError


def leave_one_out(x: npt.ArrayLike, y: npt.ArrayLike) -> LeaveOneOut:
    """Recompute r without each team in turn."""
    raise NotImplementedError


def weighted_r(x: npt.ArrayLike, y: npt.ArrayLike, *, weights: npt.ArrayLike) -> float:
    """Correlate with weights."""
    raise NotImplementedError


def corrected(
    observed: Correlation, *, reliability_x: float, reliability_y: float
) -> CorrectedCorrelation:
    """Divide r and its limits by what survey noise leaves of them."""
    raise NotImplementedError


def minimum_detectable_r(n_teams: int, *, alpha: float = 0.05, power: float = 0.80) -> float:
    """Find the smallest r that a study of this size would reliably see."""
    raise NotImplementedError


def slope(x: npt.ArrayLike, y: npt.ArrayLike) -> Slope:
    """Regress y on x by least squares with HC3 errors."""
    raise NotImplementedError


def quartile_gap(line: Slope, x: npt.ArrayLike) -> QuartileGap:
    """Express a slope as the gap between two ordinary teams."""
    raise NotImplementedError
