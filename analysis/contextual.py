"""A score of people set on other scores of theirs, apart for people and for teams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.components import VarianceComponents, components_of
from analysis.errors import BadFrame, NotEnoughTeams
from analysis.intercepts import Intercepts
from analysis.moments import Moments


def contextual_model(
    moments: Moments, *, outcome: str, predictors: Sequence[str]
) -> VarianceComponents:
    """
    Set a score of people on other scores of theirs and on the team means of these.

    Parameters
    ----------
    moments : Moments
        One cell per team: call ``over_periods()`` first where there are periods.
    outcome : str
        An item or construct.
    predictors : sequence of str
        Others; each enters as the person's own score and as the mean of the team.

    Returns
    -------
    VarianceComponents
        Its terms are ``constant``, the predictors, and ``team mean of ...`` each of them.

    Raises
    ------
    BadFrame
        If a score is not there, or some people answered only some of them, so that the
        moments of those who answered all are not known.
    NotEnoughTeams
        If there are no more teams than coefficients of team means.
    NotIdentified
        If a predictor does not vary within teams, or follows from the others.

    Notes
    -----
    ``y_ij = b0 + x_ij b + mean(x)_j c + u_j + e_ij``: b tells people of one team apart, ``b + c``
    teams; c is what the team adds [1]_.  Exact from the sums and products per team.  Own
    scores are referred to t on people less teams less predictors, team means on teams less
    their number less one.  The same people gave all scores: a mood of the moment moves all.

    References
    ----------
    .. [1] Mundlak, Y. (1978), "On the pooling of time series and cross section data",
       Econometrica 46(1), 69-85.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis import moments_of
    >>> rows = pd.DataFrame({"team": list("aabbccdd"), "x": [1, 2, 3, 5, 6, 6, 8, 9]})
    >>> rows["y"] = [3, 2, 5, 4, 6, 7, 9, 9]
    >>> fit = contextual_model(moments_of(rows, items=["x", "y"]), outcome="y", predictors=["x"])
    >>> [(term.name, round(term.estimate, 4)) for term in fit.terms[1:]]
    [('x', -0.5), ('team mean of x', 1.434)]
    """
    fit = _person_sums(moments, outcome, predictors)
    names = ("constant", *predictors, *(f"team mean of {name}" for name in predictors))
    n_teams, k = len(fit.n), len(predictors)
    if n_teams <= k + 1:
        raise NotEnoughTeams(f"{n_teams} teams are too few for {k + 1} coefficients.")
    fit.check()
    free = [n_teams - k - 1, *[fit.nobs - n_teams - k] * k, *[n_teams - k - 1] * k]
    null = Intercepts(
        n=fit.n,
        x=fit.x[:, :1],
        y=fit.y,
        xx=fit.xx[:1, :1],
        xy=fit.xy[:1],
        yy=fit.yy,
        nobs=fit.nobs,
        origin=fit.origin,
    )
    return components_of(fit, null, names=names, free=free, n_left_out=0)


def _person_sums(moments: Moments, outcome: str, predictors: Sequence[str]) -> Intercepts:
    used = [moments.index(name) for name in (*predictors, outcome)]
    asked = moments.both[:, used[0], used[0]] > 0
    both = moments.both[asked][:, used][:, :, used]
    if (both != both[:, :1, :1]).any():
        raise BadFrame("Some people answered only some of these; their moments are not known.")
    if moments.cells["team"][asked].duplicated().any():
        raise BadFrame("Put the periods of a team together first: over_periods().")
    parts = np.array([moments.parts[place] for place in used], dtype=float)
    n = both[:, 0, 0].astype(float)
    sums = moments.sums[asked][:, used, used]
    products = moments.products[asked].sum(axis=0)[np.ix_(used, used)]
    # Still in whole numbers: move the outcome's origin near its mean.
    people, total = both[:, 0, 0], int(sums[:, -1].sum())
    origin = round(total / int(people.sum()))
    away = sums[:, :-1].sum(axis=0) * origin
    products[:-1, -1] -= away
    products[-1, -1] += int(people.sum()) * origin**2 - 2 * origin * total
    sums[:, -1] -= people * origin
    sums, products = sums / parts, products / np.outer(parts, parts)
    own, y = sums[:, :-1], sums[:, -1]
    means = own / n[:, None]
    x = np.column_stack([n, own, n[:, None] * means])
    k = own.shape[1]
    xx = np.empty((1 + 2 * k, 1 + 2 * k))
    team = np.column_stack([np.ones(len(n)), means, means])
    xx[:] = (team * n[:, None]).T @ team
    xx[1 : k + 1, 1 : k + 1] = products[:-1, :-1]
    xy = np.concatenate([[y.sum()], products[:-1, -1], means.T @ y])
    return Intercepts(
        n=n,
        x=x,
        y=y,
        xx=xx,
        xy=xy,
        yy=float(products[-1, -1]),
        nobs=round(n.sum()),
        origin=origin / float(parts[-1]),
    )
