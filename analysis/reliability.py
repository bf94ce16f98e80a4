"""How well the surveys tell teams apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class IccResult:
    """
    Intraclass correlations of one side.

    Attributes
    ----------
    icc1 : float
        Share of one answer's variance that lies between teams.
    icc1_ci_low, icc1_ci_high : float
        Limits of its 95% interval.
    icc2 : float
        Reliability of a team mean, by the classic formula.
    n0 : float
        The team size that stands for unequal sizes.
    statistic, pvalue : float
        F test for no difference between teams.
    df_between, df_within : int
    n_teams, nobs : int
        Teams and respondents.
    """

    icc1: float
    icc1_ci_low: float
    icc1_ci_high: float
    icc2: float
    n0: float
    statistic: float
    pvalue: float
    df_between: int
    df_within: int
    n_teams: int
    nobs: int


def icc(scores: pd.DataFrame) -> IccResult:
    """Compute ICC(1) and ICC(2) from team moments."""
    raise NotImplementedError


def pooled_variance(scores: pd.DataFrame) -> float:
    """Pool the variance within teams (or within teams and periods)."""
    raise NotImplementedError


def mean_reliability(linked: pd.DataFrame, *, within_variance: float) -> float:
    """Estimate the reliability of the linked teams' means."""
    raise NotImplementedError


def within_reliability(linked: pd.DataFrame, *, within_variance: float) -> float:
    """Estimate the reliability of movements within teams."""
    raise NotImplementedError


def pairwise_covariance(items: pd.DataFrame) -> pd.DataFrame:
    """Compute item covariances from all who answered both items of a pair."""
    raise NotImplementedError


def cronbach_alpha(covariance: npt.ArrayLike) -> float | None:
    """Compute Cronbach's alpha from item covariances; None where it does not exist."""
    raise NotImplementedError


def reliability_word(reliability: float) -> str:
    """Say in one word how reliable a team score is: good, usable, weak or cannot tell."""
    raise NotImplementedError
