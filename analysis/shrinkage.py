"""Team scores drawn towards what is usual, as far as they are noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.components import VarianceComponents, components_of, intercepts_of, team_design
from analysis.errors import TooNoisy
from analysis.reliability import WEAK
from analysis.summary import Summary, count, fixed, interval

SHOWN = 5
"""How many teams of each end a printed table names."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShrunkenScores:
    """
    The best linear prediction of each team's true score.

    Attributes
    ----------
    teams : DataFrame, shape (n_teams, 9)
        ``team``; ``n`` answers; ``mean`` as observed; ``expected`` of such a team before its
        answers are looked at; ``reliability``, the weight of its own answers;
        ``shrunken``; ``std_error`` of the prediction; ``ci_low``, ``ci_high``.
        Sorted by team.
    components : VarianceComponents
        The variances that the weights rest on.
    """

    teams: pd.DataFrame
    components: VarianceComponents

    @property
    def may_rank(self) -> bool:
        """Whether teams may be put in order: they differ surely, and weights are not too low."""
        c = self.components
        return c.icc1_ci_low > 0 and c.mean_reliability >= WEAK

    def summary(self) -> Summary:
        """Lay the teams of both ends out for reading."""
        ordered = self.teams.sort_values(["shrunken", "team"], ascending=[False, True])
        few = len(ordered) <= 2 * SHOWN
        shown = ordered if few else pd.concat([ordered[:SHOWN], ordered[-SHOWN:]])
        notes = [
            f"{count(len(ordered))} teams; mean weight of a team's own answers "
            f"{fixed(self.components.mean_reliability)}.",
        ]
        if not few:
            notes.append(f"The {SHOWN} highest and the {SHOWN} lowest are shown.")
        if not self.may_rank:
            notes.append("Teams can hardly be told apart: do not read this as a ranking.")
        notes.append("Intervals hold one team at a time; the order of neighbours is uncertain.")
        figures = shown[["n", "mean", "shrunken", "ci_low", "ci_high"]].to_numpy(dtype=float)
        rows = tuple(
            (team, count(n), fixed(mean), fixed(estimate), interval(low, high))
            for team, (n, mean, estimate, low, high) in zip(shown["team"], figures, strict=True)
        )
        return Summary(
            title="Team scores, allowing for the number of answers",
            columns=("Team", "Answers", "Observed", "Allowing for noise", "95% interval"),
            rows=rows,
            notes=tuple(notes),
        )


def shrunken_scores(
    scores: pd.DataFrame, *, covariates: pd.DataFrame | None = None
) -> ShrunkenScores:
    """
    Predict each team's true score from its own answers and all others'.

    Parameters
    ----------
    scores : DataFrame
        Team scores as `analysis.check_scores` describes them.
    covariates : DataFrame, optional
        As `variance_components` takes them; a team is then drawn towards teams like it.

    Returns
    -------
    ShrunkenScores

    Raises
    ------
    TooNoisy
        If teams do not differ beyond chance at all: every score would be the same.
    BadFrame, NotEnoughTeams, NotIdentified
        As `variance_components`.

    Notes
    -----
    ``expected_j + w_j (mean_j - expected_j)`` with ``w_j = n_j tau2 / (n_j tau2 + sigma2)``, the
    best linear unbiased prediction [1]_, equal to R's ``lme4::ranef`` and to the posterior mean
    under flat priors.  Its error is ``sqrt((1 - w_j) tau2 + (1 - w_j)**2 v_j)``, where v is the
    sampling variance of ``expected``; that the two variances are estimates themselves is
    left out, so with fewer than some 20 teams intervals are too narrow.  For tables of teams
    only: correlating shrunken scores with an outcome does not give the teams' correlation.

    References
    ----------
    .. [1] Robinson, G. K. (1991), "That BLUP is a good thing: the estimation of random
       effects", Statistical Science 6(1), 15-32.

    Examples
    --------
    >>> frame = pd.DataFrame({"team": list("abcd"), "period": None, "variance": 1.0})
    >>> frame = frame.assign(mean=[2.0, 3.0, 4.0, 3.0], n=[2, 8, 8, 8])
    >>> shrunken_scores(frame).teams[["reliability", "shrunken"]].values.round(2).tolist()
    [[0.39, 2.69], [0.72, 3.04], [0.72, 3.75], [0.72, 3.04]]
    """
    teams, x, names, n_left_out = team_design(scores, covariates)
    fit = intercepts_of(teams, x)
    if fit.ratio == 0:
        raise TooNoisy("Teams do not differ beyond chance, so no team's score stands out.")
    null = intercepts_of(teams, x[:, :1]) if len(names) > 1 else None
    free = [len(teams) - len(names)] * len(names)
    expected = x @ fit.coefficients
    weight = fit.n * fit.ratio / (1 + fit.n * fit.ratio)
    known = np.einsum("jp,pq,jq->j", x, fit.covariance, x)
    error = np.sqrt((1 - weight) * fit.between + (1 - weight) ** 2 * known)
    mean = teams["mean"].to_numpy(dtype=float)
    shrunken = expected + weight * (mean - expected)
    half = float(stats.norm.ppf(0.975)) * error
    return ShrunkenScores(
        teams=teams[["team", "n", "mean"]].assign(
            expected=expected,
            reliability=weight,
            shrunken=shrunken,
            std_error=error,
            ci_low=shrunken - half,
            ci_high=shrunken + half,
        ),
        components=components_of(fit, null, names=names, free=free, n_left_out=n_left_out),
    )


def top_quarter_chances(
    shrunken: ShrunkenScores, *, rng: np.random.Generator, n_draws: int = 4000
) -> pd.DataFrame:
    """
    Tell for each team how probably it belongs to the highest quarter.

    Parameters
    ----------
    shrunken : ShrunkenScores
    rng : Generator
        Where the draws come from.
    n_draws : int, optional
        Draws of all true scores; 4,000 give a chance to within .016.

    Returns
    -------
    DataFrame, shape (n_teams, 2)
        ``team`` and ``chance`` from 0 to 1; the chances add up to a quarter of the teams,
        rounded up.

    Raises
    ------
    TooNoisy
        If teams may not be put in order (`ShrunkenScores.may_rank`).

    Notes
    -----
    True scores are drawn from the normal with the predictions and their errors, teams
    apart from each other; the share of draws in which a team is among the highest quarter is
    its chance.  Order itself is a poor guide where chances are far from 0 and 1.

    Examples
    --------
    >>> frame = pd.DataFrame({"team": list("abcd"), "period": None, "n": 40, "variance": 1.0})
    >>> scores = shrunken_scores(frame.assign(mean=[2.0, 3.0, 6.0, 3.0]))
    >>> top_quarter_chances(scores, rng=np.random.default_rng(1))["chance"].tolist()
    [0.0, 0.0, 1.0, 0.0]
    """
    if not shrunken.may_rank:
        raise TooNoisy("The surveys tell teams apart too poorly to put them in order.")
    centre = shrunken.teams["shrunken"].to_numpy(dtype=float)
    error = shrunken.teams["std_error"].to_numpy(dtype=float)
    n_teams = len(centre)
    n_top = -(-n_teams // 4)
    hits = np.zeros(n_teams)
    for start in range(0, n_draws, 500):
        drawn = rng.normal(centre, error, size=(min(500, n_draws - start), n_teams))
        top = np.argpartition(-drawn, n_top - 1, axis=1)[:, :n_top]
        hits += np.bincount(top.ravel(), minlength=n_teams)
    return pd.DataFrame({"team": shrunken.teams["team"], "chance": hits / n_draws})
