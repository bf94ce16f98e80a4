"""Covariances of two scores over waves, fitted by maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.clusters import Matrix
from analysis.errors import NotIdentified
from analysis.frames import Vector

MOST_STEPS = 500
STEP = 1e-20
"""Of an imaginary number: derivatives by such a step are exact to the last digit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """
    Which covariances of two scores over waves a model allows.

    With `has_stable_parts`, each score has a part that stays the same in a team, and paths
    and the covariance of what is new in a wave are the same from wave to wave: the
    random-intercept model.  Without, there is no such part and all of these are free.

    Attributes
    ----------
    n_waves : int
    has_stable_parts : bool
    """

    n_waves: int
    has_stable_parts: bool

    @property
    def n_paths(self) -> int:
        """Entries of the path matrices: first to first, second to first, and so on."""
        return 4 if self.has_stable_parts else 4 * (self.n_waves - 1)

    @property
    def n_parameters(self) -> int:
        """How many figures describe the covariances."""
        new = 2 * (self.n_waves - 1)
        if self.has_stable_parts:
            return self.n_paths + 3 + 3 + 1 + new
        return self.n_paths + 3 + 3 * (self.n_waves - 1)

    def covariance(self, parameters: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Give the covariances that parameters imply; scores in the order x1, y1, x2, y2 ..."""
        t, kind = self.n_waves, parameters.dtype
        steps = parameters[: self.n_paths].reshape(-1, 2, 2)
        rest = list(parameters[self.n_paths :])
        paths, new = np.zeros((2 * t, 2 * t), kind), np.zeros((2 * t, 2 * t), kind)
        stable = np.zeros((2, 2), kind)
        if self.has_stable_parts:
            stable = square(*rest[:3])
            rest = rest[3:]
        new[:2, :2] = square(*rest[:3])
        rest = rest[3:]
        for wave in range(1, t):
            here, before = slice(2 * wave, 2 * wave + 2), slice(2 * wave - 2, 2 * wave)
            paths[here, before] = steps[0 if self.has_stable_parts else wave - 1]
            if self.has_stable_parts:
                new[here, here] = square(rest[2 * wave - 1], rest[0], rest[2 * wave])
            else:
                new[here, here] = square(*rest[3 * wave - 3 : 3 * wave])
        spread = np.linalg.inv(np.eye(2 * t) - paths)
        return np.asarray(spread @ new @ spread.T + np.kron(np.ones((t, t)), stable))

    def start(self, observed: Matrix) -> Vector:
        """Give parameters to begin with."""
        t = self.n_waves
        blocks = observed.reshape(t, 2, t, 2)
        now = np.mean([blocks[i, :, i, :] for i in range(t)], axis=0)
        far = np.mean([blocks[0, :, t - 1, :], blocks[t - 1, :, 0, :]], axis=0)
        share = float(np.clip(np.trace(far) / np.trace(now), 0.1, 0.6))
        triple = np.array([now[0, 0], now[0, 1], now[1, 1]])
        if self.has_stable_parts:
            new = [0.8 * now[0, 0], 0.8 * now[1, 1]] * (t - 1)
            later = np.array([0.8 * now[0, 1], *new]) * (1 - share)
            return np.concatenate([[0.3, 0, 0, 0.3], share * triple, (1 - share) * triple, later])
        return np.concatenate([[0.5, 0, 0, 0.5] * (t - 1), triple, np.tile(0.7 * triple, t - 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureFit:
    """
    A structure fitted by maximum likelihood.

    Attributes
    ----------
    parameters, std_errors : ndarray, shape (k,)
        Errors from the expected information.
    statistic : float
        Likelihood ratio against any covariances.
    loglik : float
    """

    parameters: Vector
    std_errors: Vector
    statistic: float
    loglik: float


def fit_structure(
    observed: Matrix, *, structure: Structure, n: int, noise: Vector
) -> StructureFit:
    """
    Fit a structure to observed covariances by maximum likelihood.

    Parameters
    ----------
    observed : ndarray, shape (2 * n_waves, 2 * n_waves)
        Covariances with divisor n, scores in the order x1, y1, x2, y2 ...
    structure : Structure
    n : int
        Teams.
    noise : ndarray, shape (2 * n_waves,)
        Known variances that stand beside those of the model.

    Returns
    -------
    StructureFit

    Raises
    ------
    NotIdentified
        If the observed covariances are singular, or no parameters fit best.

    Examples
    --------
    >>> plain = Structure(n_waves=2, has_stable_parts=False)
    >>> truth = plain.covariance(np.array([0.5, 0, 0.2, 0.5, 1, 0.3, 1, 0.8, 0.2, 0.8]))
    >>> fit = fit_structure(truth, structure=plain, n=100, noise=np.zeros(4))
    >>> (fit.parameters[:4].round(6) + 0).tolist()
    [0.5, 0.0, 0.2, 0.5]
    """
    sign, whole = np.linalg.slogdet(observed)
    if sign <= 0 or whole < -60 or n <= len(observed):
        raise NotIdentified("The scores of the waves are not independent of each other.")
    parameters = structure.start(observed)
    value = _misfit(structure.covariance(parameters).real, observed, noise)
    damping = 1e-3
    for _ in range(MOST_STEPS):
        score, information = _score(parameters, structure, observed=observed, noise=noise)
        scale = np.diag(np.diag(information))
        moved = parameters + np.linalg.lstsq(information + damping * scale, score, rcond=None)[0]
        new = _misfit(structure.covariance(moved).real, observed, noise)
        if new <= value:
            done = value - new < 1e-13 and float(np.abs(moved - parameters).max()) < 1e-8
            parameters, value, damping = moved, new, damping / 10
            if done:
                break
        else:
            damping = min(1e8, damping * 10 + 1e-10)
            if damping >= 1e8:
                break
    score, information = _score(parameters, structure, observed=observed, noise=noise)
    if float(np.abs(score).max()) > 1e-5 or np.linalg.cond(information) > 1e12:
        raise NotIdentified("No paths fit these scores best.")
    width = len(observed)
    return StructureFit(
        parameters=parameters,
        std_errors=np.sqrt(np.diag(np.linalg.inv(information)) / n),
        statistic=n * max(0.0, value - whole - width),
        loglik=-n / 2 * (value + width * float(np.log(2 * np.pi))),
    )


def _misfit(implied: npt.NDArray[Any], observed: Matrix, noise: Vector) -> float:
    """Give minus twice the mean log-likelihood, less a constant; infinite where impossible."""
    total = implied + np.diag(noise)
    try:
        root = np.linalg.cholesky(total)
    except np.linalg.LinAlgError:
        return float("inf")
    half = np.linalg.solve(root, observed)
    return float(2 * np.log(np.diag(root)).sum() + np.trace(np.linalg.solve(root, half.T)))


def _score(
    parameters: Vector, structure: Structure, *, observed: Matrix, noise: Vector
) -> tuple[Vector, Matrix]:
    """Give the slope of the mean log-likelihood, and the information of one team."""
    inverse = np.linalg.inv(structure.covariance(parameters).real + np.diag(noise))
    turned = []
    for k in range(len(parameters)):
        moved = parameters.astype(complex)
        moved[k] += STEP * 1j
        turned.append(inverse @ (structure.covariance(moved).imag / STEP))
    steps = np.array(turned)
    left = inverse @ observed - np.eye(len(observed))
    score = 0.5 * np.einsum("kij,ji->k", steps, left)
    return score, 0.5 * np.einsum("kij,lji->kl", steps, steps)


def square(first: complex, both: complex, second: complex) -> npt.NDArray[Any]:
    """Write two variances and what they share as a matrix."""
    return np.array([[first, both], [both, second]])
