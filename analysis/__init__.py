"""Statistics on frames: the public door."""

from importlib import import_module
from typing import TYPE_CHECKING

from analysis.agreement import Agreement, NullAgreement, agreement, rwg_of
from analysis.bootstraps import TeamBootstrap, team_bootstrap
from analysis.chain_nodes import ChainNode, PublishedFigure
from analysis.chain_results import ChainLink, ServiceProfitChain
from analysis.clusters import ClusterEstimate, cluster_robust
from analysis.comparisons import Comparison, compare_means, compare_recommendation, compare_shares
from analysis.components import Term, VarianceComponents, variance_components
from analysis.contextual import contextual_model
from analysis.correlation import (
    CorrectedCorrelation,
    Correlation,
    corrected,
    pearson,
    spearman,
    weighted_r,
)
from analysis.counting import moments_from_counts, moments_of
from analysis.covariances import (
    LevelCorrelations,
    level_correlations,
    smallest_pair,
    total_covariance,
    within_covariance,
)
from analysis.dated_changes import DatedChange, ExpectedReturn, dated_change, expected_return
from analysis.differences import Difference, difference
from analysis.direction import Direction, tell_direction
from analysis.drivers import Driver, Drivers, key_drivers
from analysis.errors import AnalysisError, BadFrame, NotEnoughTeams, NotIdentified, TooNoisy
from analysis.evalues import EValue, e_value, e_value_of_slope
from analysis.frames import check_scores, has_periods, over_periods, score_moments, team_means
from analysis.hidden_causes import Benchmark, Sensitivity, robustness_value, sensitivity
from analysis.hunter_schmidt import HunterSchmidt, hunter_schmidt
from analysis.items import (
    Consistency,
    ItemFit,
    alpha_interval,
    consistency,
    cronbach_alpha,
    pairwise_covariance,
)
from analysis.lagged_paths import CrossLagged, Path, cross_lagged
from analysis.meta import MetaCorrelation, RandomEffects, meta_correlation, random_effects
from analysis.metrics import EffortScore, effort_score, net_promoter_score, top_box_share
from analysis.moments import Moments, combine
from analysis.multiplicity import (
    AdjustedTests,
    adjust_page,
    adjust_primary,
    benjamini_hochberg,
    benjamini_yekutieli,
    holm,
)
from analysis.onefactor import OneFactor, one_factor
from analysis.panel import PanelLink, panel_models
from analysis.panel_fits import PanelEstimate
from analysis.path_results import IndirectEffect, PathCoefficient, PathModel
from analysis.power import minimum_detectable_r, power_of_r
from analysis.randomisation import RandomisedTrial, randomised_trial
from analysis.reliability import (
    IccResult,
    icc,
    mean_reliability,
    pooled_variance,
    reliability_word,
    within_reliability,
)
from analysis.results import Coverage, LinkageResult, LinkageWarning, SideReliability, TeamLink
from analysis.robustness import LeaveOneOut, leave_one_out, permutation_pvalue
from analysis.scores import (
    ScoreEstimate,
    construct_mean,
    construct_mean_conservative,
    favourable_share,
    item_mean,
    recommendation_score,
    roll_up,
)
from analysis.shrinkage import ShrunkenScores, shrunken_scores, top_quarter_chances
from analysis.slopes import QuartileGap, Slope, quartile_gap
from analysis.summary import Summary
from analysis.trial_results import PretrendTest, StaggeredTrial, TrialChecks, TrialEffect
from analysis.verdict import Verdict, verdict
from analysis.warnings import Findings, warnings_for
from analysis.weights import johnson_weights, lmg_weights
from analysis.wild import WildTest, wild_bootstrap

if TYPE_CHECKING:
    from analysis.linkage import Side, link
    from analysis.path_models import path_model
    from analysis.profit_chain import service_profit_chain
    from analysis.regression import slope
    from analysis.trials import staggered_trial, trial_checks

# What takes long to load is loaded when it is asked for; see docs/decisions/0020 and 0022.
_LATER = {
    "Side": "linkage",
    "link": "linkage",
    "path_model": "path_models",
    "service_profit_chain": "profit_chain",
    "slope": "regression",
    "staggered_trial": "trials",
    "trial_checks": "trials",
}

__all__ = [
    "AdjustedTests",
    "Agreement",
    "AnalysisError",
    "BadFrame",
    "Benchmark",
    "ChainLink",
    "ChainNode",
    "ClusterEstimate",
    "Comparison",
    "Consistency",
    "CorrectedCorrelation",
    "Correlation",
    "Coverage",
    "CrossLagged",
    "DatedChange",
    "Difference",
    "Direction",
    "Driver",
    "Drivers",
    "EValue",
    "EffortScore",
    "ExpectedReturn",
    "Findings",
    "HunterSchmidt",
    "IccResult",
    "IndirectEffect",
    "ItemFit",
    "LeaveOneOut",
    "LevelCorrelations",
    "LinkageResult",
    "LinkageWarning",
    "MetaCorrelation",
    "Moments",
    "NotEnoughTeams",
    "NotIdentified",
    "NullAgreement",
    "OneFactor",
    "PanelEstimate",
    "PanelLink",
    "Path",
    "PathCoefficient",
    "PathModel",
    "PretrendTest",
    "PublishedFigure",
    "QuartileGap",
    "RandomEffects",
    "RandomisedTrial",
    "ScoreEstimate",
    "Sensitivity",
    "ServiceProfitChain",
    "ShrunkenScores",
    "Side",
    "SideReliability",
    "Slope",
    "StaggeredTrial",
    "Summary",
    "TeamBootstrap",
    "TeamLink",
    "Term",
    "TooNoisy",
    "TrialChecks",
    "TrialEffect",
    "VarianceComponents",
    "Verdict",
    "WildTest",
    "adjust_page",
    "adjust_primary",
    "agreement",
    "alpha_interval",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "check_scores",
    "cluster_robust",
    "combine",
    "compare_means",
    "compare_recommendation",
    "compare_shares",
    "consistency",
    "construct_mean",
    "construct_mean_conservative",
    "contextual_model",
    "corrected",
    "cronbach_alpha",
    "cross_lagged",
    "dated_change",
    "difference",
    "e_value",
    "e_value_of_slope",
    "effort_score",
    "expected_return",
    "favourable_share",
    "has_periods",
    "holm",
    "hunter_schmidt",
    "icc",
    "item_mean",
    "johnson_weights",
    "key_drivers",
    "leave_one_out",
    "level_correlations",
    "link",
    "lmg_weights",
    "mean_reliability",
    "meta_correlation",
    "minimum_detectable_r",
    "moments_from_counts",
    "moments_of",
    "net_promoter_score",
    "one_factor",
    "over_periods",
    "pairwise_covariance",
    "panel_models",
    "path_model",
    "pearson",
    "permutation_pvalue",
    "pooled_variance",
    "power_of_r",
    "quartile_gap",
    "random_effects",
    "randomised_trial",
    "recommendation_score",
    "reliability_word",
    "robustness_value",
    "roll_up",
    "rwg_of",
    "score_moments",
    "sensitivity",
    "service_profit_chain",
    "shrunken_scores",
    "slope",
    "smallest_pair",
    "spearman",
    "staggered_trial",
    "team_bootstrap",
    "team_means",
    "tell_direction",
    "top_box_share",
    "top_quarter_chances",
    "total_covariance",
    "trial_checks",
    "variance_components",
    "verdict",
    "warnings_for",
    "weighted_r",
    "wild_bootstrap",
    "within_covariance",
    "within_reliability",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load what needs statsmodels, under the name that it has everywhere."""
        if name not in _LATER:
            raise AttributeError(f"module 'analysis' has no attribute {name!r}")
        globals()[name] = getattr(import_module(f"analysis.{_LATER[name]}"), name)
        return globals()[name]
