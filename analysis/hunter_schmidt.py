"""Correlations of several units, each freed of its own survey noise before they are averaged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from analysis.errors import BadFrame, NotEnoughTeams
from analysis.frames import check_pair
from analysis.summary import Summary, count, fixed, interval, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class HunterSchmidt:
    """
    Observed and true correlations over several units.

    Attributes
    ----------
    mean_r : float
        Mean observed correlation, weighted by teams.
    observed_variance, sampling_variance : float
        Variance of the observed correlations, and what chance alone would give.
    rho : float
        Mean correlation freed of survey noise, weighted by teams times the square of what
        noise leaves.
    ci_low, ci_high : float
        Limits of the 95% interval of `rho`, from t.
    corrected_variance, corrected_sampling_variance : float
        The two variances, of the corrected correlations.
    sd_rho : float
        Standard deviation of the true correlations, 0 where chance explains all.
    credibility_low, credibility_high : float
        The middle 80% of true correlations.
    n_units, n_teams : int
    """

    mean_r: float
    observed_variance: float
    sampling_variance: float
    rho: float
    ci_low: float
    ci_high: float
    corrected_variance: float
    corrected_sampling_variance: float
    sd_rho: float
    credibility_low: float
    credibility_high: float
    n_units: int
    n_teams: int

    @property
    def chance_share(self) -> float | None:
        """Share of the observed variance that is chance; above 1 where they differ less."""
        if self.observed_variance == 0:
            return None
        return self.sampling_variance / self.observed_variance

    def summary(self) -> Summary:
        """Lay the two means and the spread out for reading."""
        spread = interval(self.credibility_low, self.credibility_high)
        notes = [f"{count(self.n_units)} units, {count(self.n_teams)} teams."]
        if self.chance_share is not None:
            share = percent(min(1.0, self.chance_share))
            notes.append(f"Chance explains {share} of the differences between units.")
        notes.append("Of 10 units, 8 have a true correlation in the range of the last line.")
        return Summary(
            title="The correlation over several units, freed of survey noise",
            columns=("", "r", "95% interval"),
            rows=(
                ("Mean, as observed", fixed(self.mean_r), ""),
                ("Mean, freed of noise", fixed(self.rho), interval(self.ci_low, self.ci_high)),
                ("Middle 80% of units", "", spread),
            ),
            notes=tuple(notes),
        )


def hunter_schmidt(
    r: npt.ArrayLike,
    *,
    n_teams: npt.ArrayLike,
    reliability_x: npt.ArrayLike = 1.0,
    reliability_y: npt.ArrayLike = 1.0,
) -> HunterSchmidt:
    """
    Average correlations of several units, each corrected for its own reliabilities.

    Parameters
    ----------
    r : array_like, shape (n_units,)
        Observed team-level correlations.
    n_teams : array_like, shape (n_units,)
        Teams behind each; two or more.
    reliability_x, reliability_y : array_like, shape (n_units,) or number, optional
        `mean_reliability` of the two sides in each unit; 1 leaves a side as it is.

    Returns
    -------
    HunterSchmidt

    Raises
    ------
    BadFrame
        If the columns do not fit together, a correlation lies beyond -1 or 1, or a
        reliability is not above 0 and at most 1.
    NotEnoughTeams
        If there are fewer than two units, or a unit has fewer than two teams.

    Notes
    -----
    Individual corrections [1]_: ``r / A`` with ``A = sqrt(reliability_x * reliability_y)`` and
    weights ``n A**2``; sampling variance of a unit ``(1 - mean_r**2)**2 / (n - 1) / A**2``;
    ``sd_rho**2`` is the weighted variance of the corrected correlations less the weighted
    mean of these.  `sampling_variance` takes the mean n for all units.  Variances have their
    weights as divisor, with no k / (k - 1); R's psychmeta has that factor by default, and its
    SD_rho is slightly larger.  The interval of rho is ``t * sqrt(corrected_variance / (k - 1))``,
    the same as psychmeta's rule.

    References
    ----------
    .. [1] Hunter, J. E. and Schmidt, F. L. (2004), Methods of Meta-Analysis, 2nd ed.

    Examples
    --------
    >>> r, n_teams = [0.1, 0.3, 0.25], [50, 80, 40]
    >>> noise = {"reliability_x": 0.7, "reliability_y": [0.8, 0.6, 0.7]}
    >>> result = hunter_schmidt(r, n_teams=n_teams, **noise)
    >>> round(result.mean_r, 4), round(result.rho, 4), round(result.sd_rho, 4)
    (0.2294, 0.3238, 0.0)
    """
    one, teams = check_pair(r, n_teams)
    k = len(one)
    if k < 2 or (teams < 2).any():
        raise NotEnoughTeams("Two units are needed, each with two teams.")
    if (np.abs(one) > 1).any():
        raise BadFrame("A correlation does not lie between -1 and 1.")
    left = np.ones(k)
    for reliability in (reliability_x, reliability_y):
        column, _ = check_pair(np.broadcast_to(np.asarray(reliability, dtype=float), k), one)
        if not ((column > 0) & (column <= 1)).all():
            raise BadFrame("A reliability is not above 0 and at most 1.")
        left = left * np.sqrt(column)
    total = float(teams.sum())
    mean_r = float((teams * one).sum()) / total
    chance = (1 - mean_r**2) ** 2
    weight, freed = teams * left**2, one / left
    rho = float((weight * freed).sum() / weight.sum())
    variance = float((weight * (freed - rho) ** 2).sum() / weight.sum())
    sampling = float((weight * chance / (teams - 1) / left**2).sum() / weight.sum())
    sd = float(np.sqrt(max(0.0, variance - sampling)))
    half = float(stats.t.ppf(0.975, k - 1)) * float(np.sqrt(variance / (k - 1)))
    reach = float(stats.norm.ppf(0.9)) * sd
    return HunterSchmidt(
        mean_r=mean_r,
        observed_variance=float((teams * (one - mean_r) ** 2).sum()) / total,
        sampling_variance=chance / (total / k - 1),
        rho=rho,
        ci_low=rho - half,
        ci_high=rho + half,
        corrected_variance=variance,
        corrected_sampling_variance=sampling,
        sd_rho=sd,
        credibility_low=rho - reach,
        credibility_high=rho + reach,
        n_units=k,
        n_teams=round(total),
    )
