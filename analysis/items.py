"""How well the items of a construct hang together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd


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
