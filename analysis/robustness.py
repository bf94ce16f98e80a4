"""How much a correlation hangs on chance and on single teams."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from analysis.errors import NotIdentified
from analysis.frames import centred, check_enough, check_pair
from analysis.summary import Summary, fixed

ALL_ORDERS = 8
TIE = 1e-12


def permutation_pvalue(
    x: npt.ArrayLike, y: npt.ArrayLike, *, rng: np.random.Generator, n_resamples: int = 9_999
) -> float:
    """
    Compare the size of r with its sizes when teams are matched at random.

    Parameters
    ----------
    x, y : array_like, shape (n_teams,)
    rng : numpy.random.Generator
        Not used up to eight teams, where all orders are tried.
    n_resamples : int, optional
        Random orders where there are more teams.

    Returns
    -------
    float
        Two-sided on the size of r.  All orders: the share of them that reach the observed
        size.  Random orders: ``(b + 1) / (n_resamples + 1)`` where b of them do.

    Raises
    ------
    BadFrame, NotEnoughTeams, NotIdentified
        As `pearson`.

    Examples
    --------
    >>> permutation_pvalue([1, 2, 3, 4], [1, 2, 3, 4], rng=np.random.default_rng(1)) * 24
    2.0
    """
    first, second = check_pair(x, y)
    n = len(first)
    check_enough(n)
    dx, dy = centred(first), centred(second)
    dx, dy = dx / np.sqrt((dx**2).sum()), dy / np.sqrt((dy**2).sum())
    least = abs(float(dx @ dy)) - TIE
    if n <= ALL_ORDERS:
        orders = np.array(list(permutations(range(n))))
        return float((np.abs(dy[orders] @ dx) >= least).mean())
    reached, left = 0, n_resamples
    while left > 0:
        # Blocks keep the memory small where there are many teams.
        block = min(left, max(1, 2_000_000 // n))
        shuffled = rng.permuted(np.broadcast_to(dy, (block, n)), axis=1)
        reached += int((np.abs(shuffled @ dx) >= least).sum())
        left -= block
    return (reached + 1) / (n_resamples + 1)


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

    def summary(self) -> Summary:
        """Lay the range out for reading."""
        kept = "No single team decides" if self.keeps_sign else "A single team decides"
        return Summary(
            title="The correlation without each team in turn",
            columns=("", "Lowest r", "Highest r"),
            rows=(("One team left out", fixed(self.low), fixed(self.high)),),
            notes=(f"{kept} the sign of the correlation.",),
        )


def leave_one_out(x: npt.ArrayLike, y: npt.ArrayLike) -> LeaveOneOut:
    """
    Recompute the correlation without each team in turn.

    Parameters
    ----------
    x, y : array_like, shape (n_teams,)

    Returns
    -------
    LeaveOneOut

    Raises
    ------
    BadFrame
        If the columns do not fit together.
    NotEnoughTeams
        If there are fewer than four teams.
    NotIdentified
        If a column does not vary.

    Notes
    -----
    Taking team i out of n lowers each sum of products about the mean by
    ``n / (n - 1) * dx_i * dy_i``, so no refit is needed.

    Examples
    --------
    >>> result = leave_one_out([1, 2, 3, 4, 9], [1, 2, 3, 4, 0])
    >>> round(result.low, 3), result.high, result.keeps_sign
    (-0.722, 1.0, False)
    """
    first, second = check_pair(x, y)
    n = len(first)
    check_enough(n, least=4)
    dx, dy = centred(first), centred(second)
    factor = n / (n - 1)
    sxx, syy = (dx**2).sum(), (dy**2).sum()
    left_x, left_y = sxx - factor * dx**2, syy - factor * dy**2
    exists = (left_x > TIE * sxx) & (left_y > TIE * syy)
    if not exists.any():
        raise NotIdentified("Without any one team the scores do not vary.")
    products = (dx * dy).sum() - factor * dx * dy
    size = np.sqrt(np.where(exists, left_x * left_y, 1.0))
    r = np.clip(np.where(exists, products / size, np.nan), -1.0, 1.0)
    low, high = int(np.nanargmin(r)), int(np.nanargmax(r))
    return LeaveOneOut(
        low=float(r[low]),
        high=float(r[high]),
        low_index=low,
        high_index=high,
        is_complete=bool(exists.all()),
    )
