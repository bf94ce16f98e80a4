"""Linking answers with people: orders that agree, and a model that learns from known cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

Numbers = NDArray[np.float64]
Traits = Mapping[str, Sequence[float]]

OTHERS = 6  # wrong pairs per right one
FEATURES = 25  # that the model takes, of those that tell most in the training half
_RIDGE = 3.0


def within_groups(values: Sequence[float], groups: Sequence[str]) -> Numbers:
    """Rank values among those of the same group, from 0 to 1; what is missing stands midway."""
    ranks = np.full(len(values), 0.5)
    raw, where = np.array(values, float), np.array(groups)
    for group in set(groups):
        own = np.flatnonzero((where == group) & ~np.isnan(raw))
        if len(own) > 1:
            ranks[own] = (rankdata(raw[own]) - 1) / (len(own) - 1)
    return ranks


def orders_that_agree(people: Traits, answers: Traits, groups: Sequence[str]) -> list[str]:
    """
    List what about answers stands in an order that what is known of their authors has too.

    Both tables list the same people in the same sequence: the attacker checks with
    the whole truth, and is stricter than one who would have to find it.
    """
    limit = 4 / len(groups) ** 0.5
    known = {name: within_groups(values, groups) for name, values in people.items()}
    agreeing = []
    for trait, values in answers.items():
        ranks = within_groups(values, groups)
        if np.ptp(ranks) == 0:
            continue
        for name, theirs in known.items():
            if np.ptp(theirs) > 0 and abs(rho := spearmanr(ranks, theirs).statistic) > limit:
                agreeing.append(f"order of {trait}: like {name} (rho {rho:+.2f})")
    return agreeing


def area_of_model(
    people: Traits, answers: Traits, groups: Sequence[str], *, rng: np.random.Generator
) -> tuple[float, float]:
    """
    Train on half of the people and tell the right answers of the others from wrong ones.

    Gives the area under the curve, person by person, and its standard deviation where
    the answers were dealt to the people of each group by chance.
    """
    n = len(groups)
    known = np.column_stack([within_groups(values, groups) for values in people.values()])
    found = [within_groups(values, groups) for values in answers.values()]
    traits = np.column_stack([column for column in found if np.ptp(column) > 0] or [np.zeros(n)])
    is_training = rng.permutation(n) < n // 2
    traits = np.column_stack([traits, _neighbours(traits, known[:, 0], is_training, rng)])
    where = np.array(groups)
    rows = [
        (i, j)
        for i in np.flatnonzero(is_training)
        for j in [i, *_others(i, (where == where[i]) & is_training, rng)]
    ]
    person, answer = np.array(rows).T
    features, is_right = _compared(known[person], traits[answer]), person == answer
    telling = [abs(_auc(column, is_right) - 0.5) for column in features.T]
    best = np.argsort(telling)[-FEATURES:]
    weights = _fit(features[:, best], is_right)
    shares, variance = [], 0.0
    for group in sorted(set(groups)):
        own = np.flatnonzero((where == group) & ~is_training)
        pairs = np.repeat(own, len(own)), np.tile(own, len(own))
        scores = _compared(known[pairs[0]], traits[pairs[1]])[:, best] @ weights
        beaten = _beaten(scores.reshape(len(own), len(own)))
        shares += beaten.diagonal().tolist()
        variance += _dealt_variance(beaten)
    return float(np.mean(shares)), variance**0.5 / len(shares)


def _beaten(scores: Numbers) -> Numbers:
    """Give for each person and answer the share of other answers that suit the person less."""
    return (np.apply_along_axis(rankdata, 1, scores) - 1) / (scores.shape[1] - 1)


def _dealt_variance(table: Numbers) -> float:
    """Give the variance of the sum of one entry a row and column, all deals alike (Hoeffding)."""
    centred = table - table.mean(0) - table.mean(1)[:, None] + table.mean()
    return float((centred**2).sum() / (len(table) - 1))


def _others(i: int, candidates: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.intp]:
    pool = np.flatnonzero(candidates)
    pool = pool[pool != i]
    return rng.choice(pool, min(OTHERS, len(pool)), replace=False)


def _neighbours(
    traits: Numbers, moment: Numbers, is_known: NDArray[np.bool_], rng: np.random.Generator
) -> Numbers:
    """Add, for each order, when the nearest known answers on either side were begun."""
    columns = []
    for trait in traits.T:
        # Ties are broken at random: the sequence of our own lists is the truth.
        order = np.lexsort((rng.random(len(trait)), trait))
        near = np.full(len(trait), 0.5)
        for place, i in enumerate(order):
            around = [j for j in order[max(0, place - 4) : place + 5] if j != i and is_known[j]]
            if around:
                near[i] = moment[around].mean()
        columns.append(near)
    return np.column_stack(columns)


def _compared(known: Numbers, traits: Numbers) -> Numbers:
    """Describe pairs by how far apart each trait of the one is from each of the other."""
    apart = np.abs(known[:, :, None] - traits[:, None, :]).reshape(len(known), -1)
    return np.column_stack([apart, apart < 0.05, apart < 0.15])


def _fit(features: Numbers, is_right: NDArray[np.bool_]) -> Numbers:
    """Fit a logistic regression with a ridge, by Newton's method; give its slopes."""
    features = np.column_stack([features, np.ones(len(features))])
    penalty = np.append(np.full(features.shape[1] - 1, _RIDGE), 1e-6)
    weights = np.zeros(features.shape[1])
    for _ in range(8):
        expected = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
        slope = features.T @ (is_right - expected) - penalty * weights
        curvature = (features.T * (expected * (1 - expected))) @ features + np.diag(penalty)
        weights += np.linalg.solve(curvature, slope)
    return weights[:-1]


def _auc(scores: Numbers, is_right: NDArray[np.bool_]) -> float:
    n_right = int(is_right.sum())
    above = rankdata(scores)[is_right].sum() - n_right * (n_right + 1) / 2
    return float(above / (n_right * (len(scores) - n_right)))
