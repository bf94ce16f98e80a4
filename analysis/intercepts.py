"""A random intercept by restricted maximum likelihood, from sums per team alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import optimize, stats

from analysis.errors import NotEnoughTeams, NotIdentified
from analysis.frames import Vector

GRID = np.arange(-18.0, 12.5, 0.5)
"""Logarithms of the ratio of variances at which the search starts."""
DROP = float(stats.chi2.ppf(0.95, 1)) / 2
"""How far the log-likelihood falls at the limits of a 95% interval."""


@dataclass(frozen=True, kw_only=True)
class Intercepts:
    """
    The model ``y = X b + u_team + e`` given by sums; every figure is exact.

    Attributes
    ----------
    n : ndarray, shape (n_teams,)
        Answers of each team.
    x, y : ndarray, shape (n_teams, n_terms) and (n_teams,)
        Sums over the answers of each team; the first term is 1.
    xx, xy, yy : ndarray, ndarray, float
        Sums of products over all answers; `yy` of deviations from the mean of the team
        counts only where they are known.
    nobs : int
        Answers, where a team of unknown spread counts as one.
    origin : float
        What was taken off every y beforehand, so that squares stay small.

    Notes
    -----
    With ``r`` the variance between teams over that within, the inverse of a team's
    covariance is ``I - r / (1 + n r)`` times a matrix of ones, over the variance within: so
    sums suffice, and one search over r is the whole of the fit.
    """

    n: Vector
    x: Vector
    y: Vector
    xx: Vector
    xy: Vector
    yy: float
    nobs: int
    origin: float

    @property
    def n_terms(self) -> int:
        """Terms of the model, the constant among them."""
        return len(self.xy)

    @cached_property
    def _crossed(self) -> Vector:
        return np.asarray((self.x[:, :, None] * self.x[:, None, :]).reshape(len(self.n), -1))

    @cached_property
    def ratio(self) -> float:
        """The variance between teams over the variance within, 0 where that fits best."""
        values = self.log_likelihood(np.exp(GRID))
        best = int(values.argmax())
        low, high = GRID[max(best - 1, 0)], GRID[min(best + 1, len(GRID) - 1)]
        found = optimize.minimize_scalar(
            lambda log: -self.log_likelihood(np.exp([log]))[0],
            bounds=(float(low), float(high)),
            method="bounded",
            options={"xatol": 1e-10},
        )
        at_zero = self.log_likelihood(np.zeros(1))[0]
        return 0.0 if at_zero >= -float(found.fun) else float(np.exp(found.x))

    @cached_property
    def ratio_limits(self) -> tuple[float, float]:
        """The 95% limits of `ratio`, from the profile of the likelihood."""
        best = self.log_likelihood(np.array([self.ratio]))[0]

        def above(log: float) -> float:
            return float(self.log_likelihood(np.exp([log]))[0] - best + DROP)

        lowest, highest = float(GRID[0]), float(GRID[-1])
        start = float(np.clip(np.log(self.ratio), lowest, highest)) if self.ratio else lowest
        from_zero = self.log_likelihood(np.zeros(1))[0] > best - DROP or above(lowest) > 0
        low = 0.0 if from_zero else np.exp(optimize.brentq(above, lowest, start))
        high = np.inf if above(highest) > 0 else np.exp(optimize.brentq(above, start, highest))
        return float(low), float(high)

    @cached_property
    def within(self) -> float:
        """The variance within teams."""
        return float(self._solved(np.array([self.ratio]))[2][0]) / (self.nobs - self.n_terms)

    @property
    def between(self) -> float:
        """The variance between teams."""
        return self.ratio * self.within

    @cached_property
    def coefficients(self) -> Vector:
        """One per term."""
        found = self._solved(np.array([self.ratio]))[1][0]
        return np.asarray(found + self.origin * (np.arange(self.n_terms) == 0))

    @cached_property
    def covariance(self) -> Vector:
        """Sampling covariance of the coefficients, the variances taken as known."""
        return np.asarray(self.within * np.linalg.inv(self._solved(np.array([self.ratio]))[0][0]))

    def log_likelihood(self, ratios: Vector) -> Vector:
        """Give the restricted log-likelihood at some ratios, as R's lme4 counts it."""
        matrix, _, left = self._solved(ratios)
        free = self.nobs - self.n_terms
        determinant = np.log1p(np.outer(ratios, self.n)).sum(axis=1)
        determinant = determinant + np.linalg.slogdet(matrix)[1]
        return np.asarray(-(free * (1 + np.log(2 * np.pi * left / free)) + determinant) / 2)

    def _solved(self, ratios: Vector) -> tuple[Vector, Vector, Vector]:
        """Solve the weighted equations: their matrix, coefficients and the squares left."""
        share = ratios[:, None] / (1 + np.outer(ratios, self.n))
        matrix = self.xx - (share @ self._crossed).reshape(-1, self.n_terms, self.n_terms)
        right = self.xy - share @ (self.x * self.y[:, None])
        squares = self.yy - share @ self.y**2
        found = np.linalg.solve(matrix, right[:, :, None])[:, :, 0]
        return matrix, np.asarray(found), np.asarray(squares - (found * right).sum(axis=1))

    def check(self) -> None:
        """Refuse data that do not determine the model."""
        if len(self.n) <= self.n_terms:
            raise NotEnoughTeams(
                f"{len(self.n)} teams are too few for {self.n_terms} coefficients."
            )
        if self.nobs <= len(self.n):
            raise NotIdentified("The spread of answers within teams is not known.")
        scale = np.sqrt(np.diag(self.xx))
        if (scale == 0).any() or np.linalg.cond(self.xx / np.outer(scale, scale)) > 1e12:
            raise NotIdentified("A predictor does not vary, or follows from the others.")
