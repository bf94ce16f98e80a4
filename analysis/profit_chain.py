"""The service-profit chain from the figures of one's own teams, link by link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.chain_nodes import (
    LABELS,
    LINKS,
    NODES,
    RECORDS,
    SHORTCUTS,
    measured_before,
    next_steps,
    published_on,
    ways,
)
from analysis.chain_results import ChainLink, ServiceProfitChain
from analysis.errors import AnalysisError, BadFrame
from analysis.path_models import fit_equation, path_model
from analysis.path_results import PathModel


def service_profit_chain(
    teams: pd.DataFrame,
    columns: Mapping[str, str],
    *,
    rng: np.random.Generator,
    covariates: Sequence[str] = (),
    sources: Mapping[str, str] | None = None,
    paths: Sequence[Sequence[str]] | None = None,
    n_resamples: int = 5_000,
) -> ServiceProfitChain:
    """
    Grade every link of the service-profit chain and measure those that have figures.

    Parameters
    ----------
    teams : DataFrame, shape (n_teams, n_columns)
        One row per team; missing where a team has no figure.
    columns : mapping of str to str
        For each station that has figures (``internal_service_quality``, ``engagement``,
        ``retention``, ``productivity``, ``service_value``, ``customer_satisfaction``,
        ``loyalty``, ``revenue``, ``profit``) its column, in points or amounts of its own.
    rng : numpy.random.Generator
    covariates : sequence of str, optional
        Columns that every regression holds, as size or region.
    sources : mapping of str to str, optional
        Whose answers a station is, where that is not as usual: ``employees``,
        ``customers``, ``records``, or any other word.
    paths : sequence of sequence of str, optional
        Stations in order, whose products are wanted; by default every way of two steps or
        more that passes no measured station over.
    n_resamples : int, optional
        Draws of teams for the intervals of products.

    Returns
    -------
    ServiceProfitChain

    Raises
    ------
    BadFrame
        If a station is not one of the nine, two share a column, a column is missing or no
        number, or a path takes a step that was not measured.

    Notes
    -----
    Each station is regressed on all measured stations before it and on the covariates, by
    `path_model`.  A link is *measured here* if both its ends have figures and its regression
    has 12 teams or more, and 5 per predictor; *cited* if not, but others published a figure
    that we could read; else *not measured*.  Published figures stand beside links.  None
    enters a product: a product of own and foreign figures belongs to no organisation.

    References
    ----------
    .. [1] Heskett, J. L., Jones, T. O., Loveman, G. W., Sasser, W. E. and Schlesinger, L. A.
       (1994), "Putting the service-profit chain to work", Harvard Business Review 72(2),
       164-174.

    Examples
    --------
    >>> i = np.arange(40.0)
    >>> teams = pd.DataFrame({"energy": np.sin(i), "likes": np.sin(i) + np.cos(5 * i)})
    >>> columns = {"engagement": "energy", "customer_satisfaction": "likes"}
    >>> chain = service_profit_chain(teams, columns, rng=np.random.default_rng(1))
    >>> [(link.end, link.grade) for link in chain.links if link.start == "engagement"][:3]
    [('retention', 'cited'), ('productivity', 'cited'), ('service_value', 'cited')]
    >>> chain.link("engagement", "customer_satisfaction").grade, chain.indirect
    ('measured', ())
    """
    _check_columns(columns, covariates)
    renamed = _renamed(teams, columns, covariates)
    equations, reasons = _equations(renamed, columns, covariates)
    measured = [
        (start, end)
        for start, end in (*LINKS, *SHORTCUTS)
        if end in equations and start in equations[end]
    ]
    wanted = ways(next_steps(measured)) if paths is None else tuple(map(tuple, paths))
    for path in wanted:
        for step in zip(path, path[1:], strict=False):
            if step not in measured:
                raise BadFrame(f"The link from {step[0]} to {step[1]} is not measured here.")
    fitted = (
        path_model(renamed, equations, rng=rng, paths=wanted, n_resamples=n_resamples)
        if equations
        else None
    )
    said = {node.name: node.source for node in NODES} | dict(sources or {})
    listed = [*LINKS, *(step for step in SHORTCUTS if step in measured or published_on(*step))]
    return ServiceProfitChain(
        links=tuple(
            _link(
                step,
                fitted=fitted if step in measured else None,
                reason=_reason(step, columns, reasons),
                is_same_source=said[step[0]] == said[step[1]] != RECORDS,
            )
            for step in listed
        ),
        indirect=() if fitted is None else fitted.indirect,
        r_squared={} if fitted is None else fitted.r_squared,
        stations=tuple(node.name for node in NODES if node.name in columns),
        covariates=tuple(covariates),
        n_teams=len(teams),
        n_resamples=n_resamples,
    )


def _check_columns(columns: Mapping[str, str], covariates: Sequence[str]) -> None:
    known = [node.name for node in NODES]
    for name in columns:
        if name not in known:
            raise BadFrame(f"{name} is no station of the chain; choose from {', '.join(known)}.")
    used = [*columns.values(), *covariates]
    if len(set(used)) < len(used):
        raise BadFrame("A column stands for two stations, or is a covariate besides.")
    if not columns:
        raise BadFrame("No station of the chain has figures.")


def _renamed(
    teams: pd.DataFrame, columns: Mapping[str, str], covariates: Sequence[str]
) -> pd.DataFrame:
    missing = [name for name in (*columns.values(), *covariates) if name not in teams.columns]
    if missing:
        raise BadFrame(f"The teams lack the column {', '.join(missing)}.")
    parts = {name: teams[column] for name, column in columns.items()}
    return pd.DataFrame(parts | {_covariate(name): teams[name] for name in covariates})


def _covariate(name: str) -> str:
    """Keep a covariate apart from a station of the same name."""
    return f"covariate {name}"


def _equations(
    teams: pd.DataFrame, columns: Mapping[str, str], covariates: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Name the regressions that the figures allow, and say why others are not."""
    allowed: dict[str, tuple[str, ...]] = {}
    reasons: dict[str, str] = {}
    for node in NODES:
        before = measured_before(node.name, columns)
        if node.name not in columns or not before:
            continue
        predictors = (*before, *map(_covariate, covariates))
        try:
            fit_equation(teams, node.name, predictors=predictors)
        except BadFrame:
            raise
        except AnalysisError as error:
            reasons[node.name] = str(error)
        else:
            allowed[node.name] = predictors
    return allowed, reasons


def _reason(step: tuple[str, str], columns: Mapping[str, str], reasons: Mapping[str, str]) -> str:
    absent = [LABELS[name].lower() for name in step if name not in columns]
    return f"No figures of {' or '.join(absent)} by team." if absent else reasons.get(step[1], "")


def _link(
    step: tuple[str, str], *, fitted: PathModel | None, reason: str, is_same_source: bool
) -> ChainLink:
    figures = published_on(*step)
    own = fitted.coefficient(*step) if fitted is not None else None
    return ChainLink(
        start=step[0],
        end=step[1],
        grade="measured" if own else "cited" if figures else "not_measured",
        coefficient=own,
        published=figures,
        is_shortcut=step in SHORTCUTS,
        is_same_source=own is not None and is_same_source,
        reason="" if own else reason,
    )
