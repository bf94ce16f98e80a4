"""How well the items of a construct hang together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.errors import BadFrame, NotEnoughTeams, NotIdentified
from analysis.frames import Vector
from analysis.summary import NOT_ESTIMABLE, Summary, count, fixed, interval


def pairwise_covariance(items: pd.DataFrame) -> pd.DataFrame:
    """
    Compute item covariances, each pair from all who answered both.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Answers in points, reversed items already turned, missing where skipped.

    Returns
    -------
    DataFrame, shape (n_items, n_items)
        Divisor ``n - 1``; missing where fewer than two people answered both.

    Examples
    --------
    >>> items = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [2.0, None, 6.0]})
    >>> pairwise_covariance(items).values.tolist()
    [[1.0, 4.0], [4.0, 8.0]]
    """
    return items.astype(float).cov(min_periods=2)


def cronbach_alpha(covariance: npt.ArrayLike) -> float | None:
    """
    Compute Cronbach's alpha from the covariances of the items.

    Parameters
    ----------
    covariance : array_like, shape (n_items, n_items)

    Returns
    -------
    float or None
        None for one item, for a covariance that is missing, or where the sum of the
        items has no variance.

    Notes
    -----
    ``k / (k - 1) * (1 - trace / sum of all entries)``.  Do not correct a correlation for
    alpha and for the reliability of team means: the second contains the first.

    Examples
    --------
    >>> round(cronbach_alpha([[1.0, 0.5], [0.5, 1.0]]), 6)
    0.666667
    """
    matrix = np.atleast_2d(np.asarray(covariance, dtype=float))
    n_items, total = len(matrix), float(matrix.sum())
    if n_items < 2 or not np.isfinite(matrix).all() or total <= 0:
        return None
    return n_items / (n_items - 1) * (1 - float(np.trace(matrix)) / total)


def alpha_interval(alpha: float, *, n_items: int, nobs: int) -> tuple[float, float]:
    """
    Give the 95% interval of Cronbach's alpha.

    Parameters
    ----------
    alpha : float
    n_items, nobs : int
        Items, and people who answered them all; where items were skipped, the smallest
        number of people behind a pair.

    Returns
    -------
    ci_low, ci_high : float

    Raises
    ------
    NotEnoughTeams
        If there are fewer than two items or two people.

    Notes
    -----
    Feldt's interval [1]_: ``1 - (1 - alpha) F`` with the quantiles of F on ``nobs - 1`` and
    ``(nobs - 1)(n_items - 1)`` degrees of freedom.  Exact where items differ by a constant only
    and scores are normal; too narrow where items spread very unequally.

    References
    ----------
    .. [1] Feldt, L. S., Woodruff, D. J. and Salih, F. A. (1987), "Statistical inference for
       coefficient alpha", Applied Psychological Measurement 11(1), 93-103.

    Examples
    --------
    >>> [round(limit, 4) for limit in alpha_interval(0.8, n_items=5, nobs=100)]
    [0.7306, 0.8559]
    """
    if n_items < 2 or nobs < 2:
        raise NotEnoughTeams("Alpha needs two items and two people.")
    free = (nobs - 1, (nobs - 1) * (n_items - 1))
    high, low = (float(stats.f.ppf(share, *free)) for share in (0.975, 0.025))
    return 1 - (1 - alpha) * high, 1 - (1 - alpha) * low


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFit:
    """
    One item beside the others of its construct.

    Attributes
    ----------
    item : str
    item_rest : float
        Its correlation with the sum of the other items.
    alpha_without : float or None
        Alpha of the others; None where there are only two items.
    """

    item: str
    item_rest: float
    alpha_without: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """
    How far the items of a construct agree.

    Attributes
    ----------
    alpha : float
    ci_low, ci_high : float
        Limits of its 95% interval.
    items : tuple of ItemFit
    nobs : int
        People; where items were skipped, the smallest number behind a pair.
    """

    alpha: float
    ci_low: float
    ci_high: float
    items: tuple[ItemFit, ...]
    nobs: int

    def summary(self) -> Summary:
        """Lay alpha and the items out for reading."""
        rows = [
            (
                fit.item,
                fixed(fit.item_rest),
                NOT_ESTIMABLE if fit.alpha_without is None else fixed(fit.alpha_without),
            )
            for fit in self.items
        ]
        return Summary(
            title=f"Alpha {fixed(self.alpha)}, 95% interval {interval(self.ci_low, self.ci_high)}",
            columns=("Item", "With the others", "Alpha without it"),
            rows=tuple(rows),
            notes=(
                f"{count(self.nobs)} people, {count(len(self.items))} items.",
                "Alpha says whether the items agree, not whether teams can be told apart.",
            ),
        )


def consistency(
    covariance: npt.ArrayLike, *, nobs: int, items: Sequence[str] | None = None
) -> Consistency:
    """
    Compute alpha with its interval, and what each item does to it.

    Parameters
    ----------
    covariance : array_like, shape (n_items, n_items)
        Reversed items already turned; `total_covariance`, or `within_covariance` to leave the
        differences between teams out, which otherwise raise alpha.
    nobs : int
        People behind it; where items were skipped, `smallest_pair`.
    items : sequence of str, optional
        Their names; those of the columns where a frame is given.

    Returns
    -------
    Consistency

    Raises
    ------
    BadFrame
        If there are not as many names as items.
    NotEnoughTeams
        If there are fewer than two items or two people.
    NotIdentified
        If a covariance is missing, an item does not vary, or a sum of items does not.

    Examples
    --------
    >>> result = consistency([[1.0, 0.5, 0.4], [0.5, 1.0, 0.3], [0.4, 0.3, 1.0]], nobs=50)
    >>> round(result.alpha, 4), [round(fit.item_rest, 4) for fit in result.items]
    (0.6667, [0.5582, 0.4781, 0.4041])
    """
    matrix = np.atleast_2d(np.asarray(covariance, dtype=float))
    given = (
        covariance.columns if isinstance(covariance, pd.DataFrame) else range(1, len(matrix) + 1)
    )
    names = [str(name) for name in (given if items is None else items)]
    if matrix.shape != (len(names), len(names)):
        raise BadFrame("There are not as many names as items.")
    if len(names) < 2:
        raise NotEnoughTeams("Alpha needs two items and two people.")
    alpha = cronbach_alpha(matrix)
    if alpha is None or np.diag(matrix).min() <= 0:
        raise NotIdentified("The covariances do not show how the items vary together.")
    ci_low, ci_high = alpha_interval(alpha, n_items=len(names), nobs=nobs)
    fits = tuple(_item_fit(matrix, place, name) for place, name in enumerate(names))
    return Consistency(alpha=alpha, ci_low=ci_low, ci_high=ci_high, items=fits, nobs=nobs)


def _item_fit(matrix: Vector, place: int, name: str) -> ItemFit:
    rest = np.delete(np.delete(matrix, place, axis=0), place, axis=1)
    together = float(matrix[place].sum() - matrix[place, place])
    if rest.sum() <= 0:
        raise NotIdentified("The sum of some items does not vary.")
    return ItemFit(
        item=name,
        item_rest=together / float(np.sqrt(matrix[place, place] * rest.sum())),
        alpha_without=cronbach_alpha(rest),
    )
