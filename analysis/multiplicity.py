"""Many tests at once: p-values that allow for how many were looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.errors import BadFrame
from analysis.frames import Vector
from analysis.summary import Summary, count, fixed, p_value

LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedTests:
    """
    Tests that are read together.

    Attributes
    ----------
    names : tuple of str
        What is tested, in the order given.
    pvalues, adjusted : tuple of float
        As computed, and allowing for all tests together.
    method : {"Benjamini-Hochberg", "Holm"}
    n_found : int
        Tests whose adjusted p is below .05.
    by_chance : float
        Tests that would have p below .05 on average if nothing were there at all.
    """

    names: tuple[str, ...]
    pvalues: tuple[float, ...]
    adjusted: tuple[float, ...]
    method: Literal["Benjamini-Hochberg", "Holm"]
    n_found: int
    by_chance: float

    def summary(self) -> Summary:
        """Lay the tests out for reading."""
        meaning = {
            "Benjamini-Hochberg": "Of those below .05, about one in twenty is a false alarm.",
            "Holm": "A single false alarm among all tests has a chance of at most 5%.",
        }
        return Summary(
            title="All tests of this page together",
            columns=("", "p", "Adjusted p"),
            rows=tuple(
                (name, p_value(raw), p_value(adjusted))
                for name, raw, adjusted in zip(
                    self.names, self.pvalues, self.adjusted, strict=True
                )
            ),
            notes=(
                f"{count(len(self.names))} tests ({self.method}). With nothing there at all, "
                f"{fixed(self.by_chance, 1)} of them would have p below .05.",
                f"{count(self.n_found)} {'stays' if self.n_found == 1 else 'stay'} below .05. "
                f"{meaning[self.method]}",
            ),
        )


def adjust_page(tests: Mapping[str, float]) -> AdjustedTests:
    """
    Allow for all tests that one page shows.

    Parameters
    ----------
    tests : mapping of str to float
        Name and p-value of every test on the page: also of those that found nothing.

    Returns
    -------
    AdjustedTests
        By `benjamini_hochberg`.

    Raises
    ------
    BadFrame
        If there is no test, or a p-value does not lie in [0, 1].

    Examples
    --------
    >>> page = adjust_page({"speed": 0.01, "tone": 0.04, "price": 0.6})
    >>> [round(p, 4) for p in page.adjusted], page.n_found
    ([0.03, 0.06, 0.6], 1)
    """
    adjusted = benjamini_hochberg(list(tests.values()))
    return _adjusted(tests, adjusted, "Benjamini-Hochberg")


def adjust_primary(tests: Mapping[str, float]) -> AdjustedTests:
    """
    Allow for a few questions that were named before the data were seen.

    Parameters, returned value and refusals are those of `adjust_page`, by `holm`.

    Examples
    --------
    >>> adjust_primary({"satisfaction": 0.01, "loyalty": 0.04}).adjusted
    (0.02, 0.04)
    """
    return _adjusted(tests, holm(list(tests.values())), "Holm")


def benjamini_hochberg(pvalues: npt.ArrayLike) -> Vector:
    """
    Adjust p-values so that few of the findings are false, on average.

    Parameters
    ----------
    pvalues : array_like, shape (m,)

    Returns
    -------
    ndarray, shape (m,)
        In the order given.

    Raises
    ------
    BadFrame
        If there is none, or one does not lie in [0, 1].

    Notes
    -----
    The k-th smallest p becomes the smallest ``m * p / k`` of it and all larger ones [1]_.
    Below .05 at most 5% of the findings are false on average, if the tests are independent
    or go together positively; where they may go together in any way, see
    `benjamini_yekutieli`.

    References
    ----------
    .. [1] Benjamini, Y. and Hochberg, Y. (1995), "Controlling the false discovery rate",
       Journal of the Royal Statistical Society B 57(1), 289-300.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.6, 0.04]).round(4).tolist()
    [0.03, 0.6, 0.06]
    """
    values = _checked(pvalues)
    return _step_up(values, len(values) / np.arange(1, len(values) + 1))


def benjamini_yekutieli(pvalues: npt.ArrayLike) -> Vector:
    """
    Adjust p-values as `benjamini_hochberg`, however the tests may depend on each other.

    Notes
    -----
    The same times ``1 + 1/2 + ... + 1/m`` [1]_.

    References
    ----------
    .. [1] Benjamini, Y. and Yekutieli, D. (2001), "The control of the false discovery rate
       in multiple testing under dependency", Annals of Statistics 29(4), 1165-1188.

    Examples
    --------
    >>> benjamini_yekutieli([0.01, 0.6, 0.04]).round(4).tolist()
    [0.055, 1.0, 0.11]
    """
    values = _checked(pvalues)
    ranks = np.arange(1, len(values) + 1)
    return _step_up(values, len(values) / ranks * (1 / ranks).sum())


def holm(pvalues: npt.ArrayLike) -> Vector:
    """
    Adjust p-values so that a single false alarm among all of them is unlikely.

    Notes
    -----
    The k-th smallest p becomes the largest ``(m - k + 1) * p`` of it and all smaller
    ones [1]_, however the tests depend on each other.

    References
    ----------
    .. [1] Holm, S. (1979), "A simple sequentially rejective multiple test procedure",
       Scandinavian Journal of Statistics 6(2), 65-70.

    Examples
    --------
    >>> holm([0.01, 0.6, 0.04]).round(4).tolist()
    [0.03, 0.6, 0.08]
    """
    values = _checked(pvalues)
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * values[order]))
    return adjusted


def _step_up(values: Vector, factors: Vector) -> Vector:
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    falling = np.minimum.accumulate((factors * values[order])[::-1])[::-1]
    adjusted[order] = np.minimum(1.0, falling)
    return adjusted


def _checked(pvalues: npt.ArrayLike) -> Vector:
    values = np.asarray(pvalues, dtype=float)
    if values.ndim != 1 or not len(values):
        raise BadFrame("There is no test to adjust.")
    if not ((values >= 0) & (values <= 1)).all():
        raise BadFrame("A p-value does not lie between 0 and 1.")
    return values


def _adjusted(
    tests: Mapping[str, float],
    adjusted: Vector,
    method: Literal["Benjamini-Hochberg", "Holm"],
) -> AdjustedTests:
    return AdjustedTests(
        names=tuple(tests),
        pvalues=tuple(map(float, tests.values())),
        adjusted=tuple(adjusted.tolist()),
        method=method,
        n_found=int((adjusted < LEVEL).sum()),
        by_chance=LEVEL * len(tests),
    )
