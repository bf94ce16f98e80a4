"""How well the surveys tell teams apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.demeaning import two_way_demeaned
from analysis.errors import NotEnoughTeams, NotIdentified
from analysis.frames import FLAT, Vector, check_scores, over_periods, team_means
from analysis.summary import Summary, count, fixed, interval, p_equals

GOOD, USABLE, WEAK = 0.70, 0.50, 0.30
UNKNOWN_SPREAD = "The spread of answers within teams is not known."


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
    icc2_ci_low, icc2_ci_high : float
        Limits of its 95% interval; below 0 where teams need not differ at all.
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
    icc2_ci_low: float
    icc2_ci_high: float
    n0: float
    statistic: float
    pvalue: float
    df_between: int
    df_within: int
    n_teams: int
    nobs: int

    def summary(self) -> Summary:
        """Lay the two correlations out for reading."""
        return Summary(
            title="How far answers differ between teams",
            columns=("", "Estimate", "95% interval"),
            rows=(
                (
                    "ICC(1), one answer",
                    fixed(self.icc1),
                    interval(self.icc1_ci_low, self.icc1_ci_high),
                ),
                (
                    "ICC(2), a team mean",
                    fixed(self.icc2),
                    interval(self.icc2_ci_low, self.icc2_ci_high),
                ),
            ),
            notes=(
                f"{count(self.n_teams)} teams, {count(self.nobs)} respondents.",
                f"No difference between teams: F = {fixed(self.statistic)}, "
                f"p {p_equals(self.pvalue)}.",
            ),
        )


def icc(scores: pd.DataFrame) -> IccResult:
    """
    Compute ICC(1) and ICC(2) of one side from the moments of its teams.

    Parameters
    ----------
    scores : DataFrame
        Team scores as `analysis.frames.check_scores` describes them.  With periods, all
        respondents of a team are taken together, whatever their period.  Teams whose
        ``n`` or ``mean`` is unknown do not count.

    Returns
    -------
    IccResult

    Raises
    ------
    BadFrame
        If the frame breaks its contract.
    NotEnoughTeams
        If fewer than two teams have respondents, or no team has two respondents.
    NotIdentified
        If the variance within a team of two or more is unknown, or every answer equal.

    Notes
    -----
    One-way analysis of variance: ``MSB`` between teams, ``MSW`` within,
    ``n0 = (N - sum(n**2) / N) / (J - 1)``, ``ICC(1) = (MSB - MSW) / (MSB + (n0 - 1) MSW)``,
    ``ICC(2) = (MSB - MSW) / MSB`` [1]_.  The interval of ICC(1) is the F interval [2]_,
    exact for teams of one size and normal scores, with `n0` in the place of that size; that
    of ICC(2) is ``1 - 1 / F`` at the same two limits of F.
    R's ``multilevel::ICC1`` takes the mean team size instead of `n0`.

    References
    ----------
    .. [1] Bliese, P. D. (2000), "Within-group agreement, non-independence, and
       reliability", in Klein and Kozlowski (eds), Multilevel Theory, Research, and
       Methods in Organizations.
    .. [2] McGraw, K. O. and Wong, S. P. (1996), "Forming inferences about some intraclass
       correlation coefficients", Psychological Methods 1(1), 30-46.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {"team": ["a", "b", "c"], "period": None, "n": 5, "mean": [2.0, 3.0, 4.0]}
    ... )
    >>> result = icc(frame.assign(variance=1.0))
    >>> round(result.icc1, 4), round(result.icc2, 4)
    (0.4444, 0.8)
    """
    rows = check_scores(scores)
    # Before periods are pooled: a team without counts would then be no team at all.
    if len(rows) and rows["n"].isna().all():
        raise NotIdentified(UNKNOWN_SPREAD)
    teams = over_periods(rows).dropna(subset=["mean", "n"])
    n, mean = _column(teams, "n"), _column(teams, "mean")
    n_teams, nobs = len(n), float(n.sum())
    if n_teams < 2:
        raise NotEnoughTeams("Teams can be compared only where there are two with answers.")
    msw = pooled_variance(teams)
    df_between, df_within = n_teams - 1, round(float((n[_known(teams)] - 1).sum()))
    msb = float((n * (mean - (n * mean).sum() / nobs) ** 2).sum()) / df_between
    if msb <= FLAT * max(1.0, float((mean**2).max())):
        raise NotIdentified("All teams have the same score, so there is nothing to tell apart.")

    n0 = (nobs - float((n**2).sum()) / nobs) / df_between
    statistic = msb / msw if msw > 0 else np.inf
    f_low = statistic / stats.f.ppf(0.975, df_between, df_within)
    f_high = statistic * stats.f.ppf(0.975, df_within, df_between)
    return IccResult(
        icc1=_icc1(statistic, n0),
        icc1_ci_low=_icc1(f_low, n0),
        icc1_ci_high=_icc1(f_high, n0),
        icc2=1 - msw / msb,
        icc2_ci_low=float(1 - 1 / f_low),
        icc2_ci_high=float(1 - 1 / f_high),
        n0=n0,
        statistic=float(statistic),
        pvalue=float(stats.f.sf(statistic, df_between, df_within)),
        df_between=df_between,
        df_within=df_within,
        n_teams=n_teams,
        nobs=round(nobs),
    )


def pooled_variance(scores: pd.DataFrame) -> float:
    """
    Pool the variance of person scores within teams, or within teams and periods.

    Parameters
    ----------
    scores : DataFrame
        Team scores as `analysis.frames.check_scores` describes them.  Rows with fewer
        than two respondents, or without `n` or `variance`, do not count.

    Returns
    -------
    float
        In squared points: ``sum((n - 1) * variance) / sum(n - 1)``.

    Raises
    ------
    NotIdentified
        If no row has both `n` and `variance`.
    NotEnoughTeams
        If counts are known but no row has two respondents.

    Examples
    --------
    >>> frame = pd.DataFrame({"team": ["a", "b"], "period": None, "n": [2, 4], "mean": 3.0})
    >>> pooled_variance(frame.assign(variance=[1.0, 2.0]))
    1.75
    """
    known = _known(scores)
    if not known.any():
        if (scores["n"].notna() & (scores["n"] < 2)).all():
            raise NotEnoughTeams("No team has two respondents, so the spread is not known.")
        raise NotIdentified(UNKNOWN_SPREAD)
    freedom = _column(scores, "n")[known] - 1
    variance = _column(scores, "variance")[known]
    return float((freedom * variance).sum() / freedom.sum())


def mean_reliability(linked: pd.DataFrame, *, within_variance: float) -> float:
    """
    Estimate the reliability of the means of the linked teams, never below 0.

    Parameters
    ----------
    linked : DataFrame
        Team scores of the linked teams.  With periods, the score of a team is the plain
        mean of its periods.
    within_variance : float
        Variance of person scores within teams, `pooled_variance` over all teams of
        this side.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    NotEnoughTeams
        If there are fewer than two teams.
    NotIdentified
        If a team's number of respondents is unknown, or all teams have the same score.

    Notes
    -----
    ``1 - mean(e_j) / variance of the team means`` (divisor ``J - 1``), where ``e_j`` is the
    sampling variance of team j's score: ``s2 / n_j``, and with the periods t = 1..T_j of
    a team ``sum(s2 / n_jt) / T_j**2``.  Unequal team sizes make this smaller than ICC(2),
    which is why ICC(2) corrects too little.

    Examples
    --------
    >>> frame = pd.DataFrame({"team": ["a", "b", "c"], "period": None, "variance": 1.0})
    >>> frame = frame.assign(mean=[2.0, 3.0, 4.0], n=[5, 5, 5])
    >>> round(mean_reliability(frame, within_variance=1.0), 6)
    0.8
    """
    teams = team_means(check_scores(linked), within_variance=within_variance)
    if len(teams) < 2:
        raise NotEnoughTeams("Reliability compares teams, so it needs two.")
    means, errors = _column(teams, "mean"), _column(teams, "std_error")
    if np.isnan(errors).any():
        raise NotIdentified("The number of respondents of some linked teams is not known.")
    spread = _spread(means)
    return float(max(0.0, 1 - (errors**2).mean() / spread))


def within_reliability(linked: pd.DataFrame, *, within_variance: float) -> float:
    """
    Estimate how far a team's movement over time can be told from survey noise.

    Parameters
    ----------
    linked : DataFrame
        Team scores by team and period, the rows of the panel.
    within_variance : float
        Variance of person scores within teams and periods, `pooled_variance` over all
        rows of this side.

    Returns
    -------
    float
        At most 1; at or below 0 where the movements are no larger than noise makes them.

    Raises
    ------
    NotEnoughTeams
        If there are fewer than two teams or two periods.
    NotIdentified
        If a number of respondents is unknown, or nothing moves.

    Notes
    -----
    ``1 - mean(s2 / n_jt) / v``, where v is the sum of squares of the scores after team
    and period effects are taken out, divided by ``(G - 1) (T - 1)`` for G teams and T
    periods.

    Examples
    --------
    >>> frame = pd.DataFrame({"team": list("aabb"), "period": [1, 2, 1, 2], "n": 10})
    >>> frame = frame.assign(mean=[1.0, 2.0, 2.0, 1.0], variance=1.0)
    >>> round(within_reliability(frame, within_variance=1.0), 6)
    0.9
    """
    rows = check_scores(linked)
    teams, team_names = pd.factorize(rows["team"])
    periods, period_names = pd.factorize(rows["period"])
    if len(team_names) < 2 or len(period_names) < 2:
        raise NotEnoughTeams("Movement over time needs two teams and two periods.")
    if rows["n"].isna().any():
        raise NotIdentified("The number of respondents of some teams and periods is not known.")
    mean = _column(rows, "mean")
    moved = two_way_demeaned(mean, teams=teams, periods=periods)
    total = float((moved**2).sum())
    if total <= FLAT * max(1.0, float((mean**2).sum())):
        raise NotIdentified("No team moves differently from the others over time.")
    freedom = (len(team_names) - 1) * (len(period_names) - 1)
    noise = float((within_variance / _column(rows, "n")).mean())
    return 1 - noise / (total / freedom)


def reliability_word(reliability: float) -> str:
    """
    Say in a word how far team scores can be told apart.

    Returns
    -------
    {"good", "usable", "weak", "too weak"}
        From .70, from .50, from .30, and below; conventions, not laws.

    Examples
    --------
    >>> [reliability_word(value) for value in (0.8, 0.6, 0.4, 0.2)]
    ['good', 'usable', 'weak', 'too weak']
    """
    if reliability >= GOOD:
        return "good"
    if reliability >= USABLE:
        return "usable"
    return "weak" if reliability >= WEAK else "too weak"


def _icc1(statistic: float, n0: float) -> float:
    # (MSB - MSW) / (MSB + (n0 - 1) MSW) in terms of F = MSB / MSW, also for endless F.
    return float((1 - 1 / statistic) / (1 + (n0 - 1) / statistic))


def _spread(means: Vector) -> float:
    spread = float(means.var(ddof=1))
    if spread <= FLAT * max(1.0, float((means**2).max())):
        raise NotIdentified("All linked teams have the same score.")
    return spread


def _known(scores: pd.DataFrame) -> npt.NDArray[np.bool_]:
    return np.asarray((scores["n"] > 1) & scores["variance"].notna(), dtype=bool)


def _column(frame: pd.DataFrame, name: str) -> Vector:
    return frame[name].to_numpy(dtype=float)
