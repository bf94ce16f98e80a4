"""Two scores followed over waves: what each says about the other one wave later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified
from analysis.frames import Vector
from analysis.slopes import t_pvalue
from analysis.structures import Structure, fit_structure, square
from analysis.summary import Summary, count, fixed, p_equals, p_value, significant

LEAST_TEAMS = 60
LEAST_WAVES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """
    One path from a wave to the next.

    Attributes
    ----------
    estimate, std_error, ci_low, ci_high, pvalue : float
        Points per point; limits of the 95% interval; two-sided.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    pvalue: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.ci_low > 0 or self.ci_high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossLagged:
    """
    A random-intercept cross-lagged panel.

    Attributes
    ----------
    forward, reverse : Path
        From the first score to the second one wave later, and from the second to the first.
    own_first, own_second : Path
        From each score to itself one wave later.
    stable_correlation : float or None
        Correlation of what stays the same in a team; None where a side has nothing stable.
    statistic, df, pvalue : float
        Chi-square of the model against any covariances, its degrees of freedom, its p.
    loglik : float
    n_teams, n_waves : int
    allows_for_noise : bool
        Whether known survey noise was taken out.
    """

    forward: Path
    reverse: Path
    own_first: Path
    own_second: Path
    stable_correlation: float | None
    statistic: float
    df: int
    pvalue: float
    loglik: float
    n_teams: int
    n_waves: int
    allows_for_noise: bool

    def summary(self) -> Summary:
        """Lay the paths out for reading."""
        noise = (
            "Survey noise is taken out."
            if self.allows_for_noise
            else "Survey noise is not taken out: it shrinks every path."
        )
        return Summary(
            title="From one wave to the next, within teams",
            columns=("", "Path", "95% interval", "p"),
            rows=(
                _row("Employees to customers", self.forward),
                _row("Customers to employees", self.reverse),
                _row("Employees to themselves", self.own_first),
                _row("Customers to themselves", self.own_second),
            ),
            notes=(
                f"{count(self.n_teams)} teams, {count(self.n_waves)} waves; what stays the same "
                "in a team is taken out.",
                noise,
                f"Fit: chi-square {fixed(self.statistic, 1)} on {count(self.df)} degrees of "
                f"freedom, p {p_equals(self.pvalue)}.",
            ),
        )


def cross_lagged(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    noise: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> CrossLagged:
    """
    Ask which of two scores of a team says more about the other one wave later.

    Parameters
    ----------
    first, second : array_like, shape (n_teams, n_waves)
        Finite scores, one row per team and one column per wave, in points.
    noise : pair of array_like, shape (n_waves,), optional
        Mean sampling variance of both scores in each wave, in squared points.

    Returns
    -------
    CrossLagged

    Raises
    ------
    BadFrame
        If the parts do not fit together or hold a value that is not finite.
    NotEnoughTeams
        If there are fewer than 60 teams or four waves.
    NotIdentified
        If no covariances fit, or only ones with a variance below zero.

    Notes
    -----
    Each score is a part that stays the same in a team plus one that moves; the moving parts
    of a wave depend on both moving parts of the wave before, alike in all waves [1]_.
    Maximum likelihood for normal scores by scoring; means are free.  Errors come from the
    expected information, times ``sqrt(n / (n - k))`` for n teams and k parameters.  With
    `noise`, known sampling variances stand beside the model's on the diagonal.  The stable
    parts take out lasting differences between teams, nothing else: a
    cause that moves both scores can still make a path.

    References
    ----------
    .. [1] Hamaker, E. L., Kuiper, R. M. and Grasman, R. P. P. P. (2015), "A critique of the
       cross-lagged panel model", Psychological Methods 20(1), 102-116.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> x, y = rng.normal(size=(2, 90, 1)) + rng.normal(size=(2, 90, 5))
    >>> y[:, 1:] += 0.6 * (x - x.mean(axis=1, keepdims=True))[:, :-1]
    >>> found = cross_lagged(x, y)
    >>> found.forward.is_clear, found.reverse.is_clear, found.df
    (True, False, 36)
    """
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if x.ndim != 2 or x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadFrame("A score is missing, or the two sides differ in teams or waves.")
    n, t = x.shape
    structure = Structure(n_waves=t, has_stable_parts=True)
    if n < max(LEAST_TEAMS, 2 * structure.n_parameters) or t < LEAST_WAVES:
        raise NotEnoughTeams(
            f"{n} teams with {t} waves are too few: it takes {LEAST_WAVES} waves, {LEAST_TEAMS} "
            "teams and two teams per figure of the model."
        )
    sizes = np.array([x.std(), y.std()])
    if not (sizes > 0).all():
        raise NotIdentified("A score is the same in every team and wave.")
    scores = np.stack([x, y], axis=2) / sizes
    observed = np.cov(scores.reshape(n, 2 * t), rowvar=False, bias=True)
    known = np.zeros(2 * t) if noise is None else _noise(noise, sizes, t)
    fit = fit_structure(observed, structure=structure, n=n, noise=known)
    _check_proper(fit.parameters, structure)
    stable = square(*fit.parameters[4:7])
    is_stable = bool(min(stable[0, 0], stable[1, 1]) > 1e-6)
    df = t * (2 * t + 1) - structure.n_parameters
    # Large-sample errors are too small with few teams; as in least squares, what was
    # estimated is counted.
    errors = fit.std_errors * np.sqrt(n / (n - structure.n_parameters))
    own_first, reverse, forward, own_second = (
        _path(fit.parameters[i], errors[i], unit)
        for i, unit in enumerate([1.0, sizes[0] / sizes[1], sizes[1] / sizes[0], 1.0])
    )
    return CrossLagged(
        forward=forward,
        reverse=reverse,
        own_first=own_first,
        own_second=own_second,
        stable_correlation=float(stable[0, 1] / np.sqrt(stable[0, 0] * stable[1, 1]))
        if is_stable
        else None,
        statistic=fit.statistic,
        df=df,
        pvalue=float(stats.chi2.sf(fit.statistic, df)),
        loglik=fit.loglik - n * t * float(np.log(sizes).sum()),
        n_teams=n,
        n_waves=t,
        allows_for_noise=noise is not None,
    )


def _check_proper(parameters: Vector, structure: Structure) -> None:
    """Refuse parts whose variance is below zero, or that correlate beyond 1."""
    start, t = structure.n_paths, structure.n_waves
    rest = parameters[start:]
    parts = [square(*rest[:3]), square(*rest[3:6])]
    parts += [square(rest[6 + 2 * w - 1], rest[6], rest[6 + 2 * w]) for w in range(1, t)]
    if min(float(np.linalg.eigvalsh(part).min()) for part in parts) < -1e-8:
        raise NotIdentified(
            "The paths that fit best need a variance below zero: too little moves within teams, "
            "or too little stays the same."
        )


def _noise(noise: tuple[npt.ArrayLike, npt.ArrayLike], sizes: Vector, n_waves: int) -> Vector:
    sides = [np.asarray(side, dtype=float) for side in noise]
    if any(
        side.shape != (n_waves,) or not (np.isfinite(side).all() and (side >= 0).all())
        for side in sides
    ):
        raise BadFrame("Survey noise needs a variance per wave and side.")
    return np.asarray((np.column_stack(sides) / sizes**2).ravel())


def _path(estimate: float, std_error: float, unit: float) -> Path:
    value, error = float(estimate * unit), float(std_error * unit)
    half = float(stats.norm.ppf(0.975)) * error
    return Path(
        estimate=value,
        std_error=error,
        ci_low=value - half,
        ci_high=value + half,
        pvalue=t_pvalue(value, error, df=np.inf),
    )


def _row(words: str, path: Path) -> tuple[str, ...]:
    limits = f"{significant(path.ci_low)} to {significant(path.ci_high)}"
    return (words, significant(path.estimate), limits, p_value(path.pvalue))
