"""What a number of teams can show at all."""

from __future__ import annotations

import numpy as np
from scipy import integrate, optimize, special, stats

from analysis.errors import NotEnoughTeams, NotIdentified


def minimum_detectable_r(n_teams: int, *, alpha: float = 0.05, power: float = 0.80) -> float:
    """
    Find the smallest correlation that so many teams would reliably show.

    Parameters
    ----------
    n_teams : int
    alpha : float, optional
        Level of the two-sided t test of no correlation.
    power : float, optional
        Chance of seeing a correlation of that size.

    Returns
    -------
    float
        A correlation of team scores as they are, noise included.

    Raises
    ------
    NotEnoughTeams
        If there are fewer than four teams.
    NotIdentified
        If `power` does not lie between `alpha` and 1.

    Notes
    -----
    From the exact distribution of r in samples from a bivariate normal distribution [1]_,
    not from Fisher's approximation.

    References
    ----------
    .. [1] Hotelling, H. (1953), "New light on the correlation coefficient and its
       transforms", Journal of the Royal Statistical Society B 15(2), 193-232.

    Examples
    --------
    >>> round(minimum_detectable_r(42), 3)
    0.416
    """
    if n_teams < 4:
        raise NotEnoughTeams(f"{n_teams} teams are linked; at least 4 are needed.")
    if not 0 < alpha < power < 1:
        raise NotIdentified("The power must lie between the level of the test and 1.")

    def shortfall(z: float) -> float:
        return power_of_r(float(np.tanh(z)), n_teams=n_teams, alpha=alpha) - power

    # On Fisher's scale the answer is close to this guess whatever the number of teams.
    guess = (stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)) / np.sqrt(n_teams - 3)
    return float(np.tanh(optimize.brentq(shortfall, 0.0, 2 * guess, xtol=1e-13, rtol=1e-12)))


def power_of_r(rho: float, *, n_teams: int, alpha: float = 0.05) -> float:
    """
    Compute the chance that the t test sees a correlation.

    Parameters
    ----------
    rho : float
        The true correlation, strictly between -1 and 1.
    n_teams : int
        At least 4.
    alpha : float, optional
        Level of the two-sided test.

    Returns
    -------
    float

    Notes
    -----
    Hotelling's density of r, integrated over Fisher's z beyond both critical values.

    Examples
    --------
    >>> round(power_of_r(0.5, n_teams=30), 6)
    0.82769
    """
    t = stats.t.ppf(1 - alpha / 2, n_teams - 2)
    critical = float(np.arctanh(t / np.sqrt(n_teams - 2 + t**2)))
    centre, width = np.arctanh(rho), 1 / np.sqrt(n_teams - 3)
    far = 40 * width
    above = _mass(rho, n_teams, low=critical, high=max(critical, centre) + far)
    below = _mass(rho, n_teams, low=min(-critical, centre) - far, high=-critical)
    return above + below


def _mass(rho: float, n: int, *, low: float, high: float) -> float:
    constant = (
        np.log(n - 2)
        + special.gammaln(n - 1)
        - special.gammaln(n - 0.5)
        - 0.5 * np.log(2 * np.pi)
        + (n - 1) / 2 * np.log1p(-(rho**2))
    )

    def density(z: float) -> float:
        r = np.tanh(z)
        # log(1 - r**2) written so that it keeps its digits where r is close to 1; one
        # power more than in the density of r, for the change of variable.
        log_gap = 2 * (np.log(2.0) - np.logaddexp(z, -z))
        logarithm = constant + (n - 2) / 2 * log_gap - (n - 1.5) * np.log1p(-rho * r)
        return float(np.exp(logarithm) * special.hyp2f1(0.5, 0.5, n - 0.5, (rho * r + 1) / 2))

    inside = [float(np.arctanh(rho))]
    points = [z for z in inside if low < z < high] or None
    mass, _ = integrate.quad(density, low, high, points=points, epsabs=1e-12, limit=400)
    return float(mass)
