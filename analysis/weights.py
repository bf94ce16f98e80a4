"""How R-squared divides among predictors that go together."""

from __future__ import annotations

from math import comb

import numpy as np
import numpy.typing as npt

from analysis.clusters import Matrix
from analysis.errors import BadFrame, NotIdentified
from analysis.frames import Vector

MOST_PREDICTORS = 12
"""Each further predictor doubles the work; more than a dozen are no longer drivers to act on."""
SINGULAR = 1e-10


def lmg_weights(correlations: npt.ArrayLike) -> Vector:
    """
    Divide R-squared among predictors by averaging over all orders of entry.

    Parameters
    ----------
    correlations : array_like, shape (p + 1, p + 1) or (b, p + 1, p + 1)
        Correlation matrix, or several: the outcome first, then the predictors.

    Returns
    -------
    ndarray, shape (p,) or (b, p)
        Shares of the outcome's variance, none below 0; they sum to R-squared.

    Raises
    ------
    BadFrame
        If it is no correlation matrix, or there are more than twelve predictors.
    NotIdentified
        If a predictor is wholly explained by the others.

    Notes
    -----
    What a predictor adds to R-squared depends on which others are in already; LMG is the
    mean of what it adds over all orders [1]_, which is its Shapley value.

    References
    ----------
    .. [1] Lindeman, R. H., Merenda, P. F. and Gold, R. Z. (1980), "Introduction to
       Bivariate and Multivariate Analysis", Scott Foresman; Groemping, U. (2006), Journal
       of Statistical Software 17(1).

    Examples
    --------
    >>> lmg_weights([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]]).round(4).tolist()
    [0.2043, 0.1143]
    """
    matrices = _checked(correlations)
    p = matrices.shape[-1] - 1
    if p > MOST_PREDICTORS:
        raise BadFrame(f"Importance can be divided among {MOST_PREDICTORS} predictors at most.")
    shares = np.zeros((p, len(matrices)))
    # Every set of predictors is reached once, by adding them in rising order; the matrix
    # holds what is left of all variables once those of the set are taken out.
    waiting: list[tuple[Matrix, int, frozenset[int]]] = [(matrices, 0, frozenset())]
    while waiting:
        left, last, chosen = waiting.pop()
        weight = 1 / (p * comb(p - 1, len(chosen)))
        for j in sorted(set(range(1, p + 1)) - chosen):
            shares[j - 1] += weight * left[:, 0, j] ** 2 / left[:, j, j]
            if j > last and len(chosen) < p - 1:
                waiting.append((_without(left, j), j, chosen | {j}))
    return np.asarray(shares.T[0] if np.ndim(correlations) == 2 else shares.T)


def johnson_weights(correlations: npt.ArrayLike) -> Vector:
    """
    Divide R-squared among predictors through the nearest uncorrelated ones.

    Parameters, and refusals, are those of `lmg_weights`, without a limit on predictors.

    Returns
    -------
    ndarray, shape (p,) or (b, p)
        Shares of the outcome's variance; they sum to R-squared.

    Notes
    -----
    With ``L`` the symmetric root of the predictors' correlations and ``r`` theirs with the
    outcome, ``L**2 @ (inv(L) @ r)**2``, element by element [1]_.

    References
    ----------
    .. [1] Johnson, J. W. (2000), "A heuristic method for estimating the relative weight of
       predictor variables in multiple regression", Multivariate Behavioral Research 35(1),
       1-19.

    Examples
    --------
    >>> johnson_weights([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]]).round(4).tolist()
    [0.2043, 0.1143]
    """
    matrices = _checked(correlations)
    values, vectors = np.linalg.eigh(matrices[:, 1:, 1:])
    turned = np.swapaxes(vectors, 1, 2)
    root = vectors @ (np.sqrt(values)[:, :, None] * turned)
    inverse = vectors @ (turned / np.sqrt(values)[:, :, None])
    through = (inverse @ matrices[:, 1:, :1]) ** 2
    weights = ((root**2) @ through)[:, :, 0]
    return np.asarray(weights[0] if np.ndim(correlations) == 2 else weights)


def _without(left: Matrix, j: int) -> Matrix:
    """Take variable j out of all others."""
    column = left[:, :, j]
    return np.asarray(left - column[:, :, None] * column[:, None, :] / column[:, j, None, None])


def _checked(correlations: npt.ArrayLike) -> Matrix:
    values = np.asarray(correlations, dtype=float)
    matrices = values[None] if values.ndim == 2 else values
    if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2] or matrices.shape[1] < 2:
        raise BadFrame("Importance needs a square matrix of correlations.")
    unlike = np.abs(matrices - np.swapaxes(matrices, 1, 2)).max()
    diagonal = np.abs(np.diagonal(matrices, axis1=1, axis2=2) - 1).max()
    if not (unlike <= 1e-8 and diagonal <= 1e-8):
        raise BadFrame("Importance needs a matrix of correlations.")
    if np.linalg.eigvalsh(matrices[:, 1:, 1:]).min() < SINGULAR:
        raise NotIdentified("A driver is wholly explained by the others.")
    return matrices
