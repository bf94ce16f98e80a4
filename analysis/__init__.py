"""Statistics on frames: the public door."""

from analysis.clusters import ClusterEstimate, cluster_robust
from analysis.correlation import (
    CorrectedCorrelation,
    Correlation,
    corrected,
    pearson,
    spearman,
    weighted_r,
)
from analysis.differences import Difference, difference
from analysis.errors import AnalysisError, BadFrame, NotEnoughTeams, NotIdentified, TooNoisy
from analysis.frames import check_scores, has_periods, over_periods, score_moments, team_means
from analysis.items import cronbach_alpha, pairwise_covariance
from analysis.linkage import Side, link
from analysis.panel import PanelLink, panel_models
from analysis.panel_fits import PanelEstimate
from analysis.power import minimum_detectable_r, power_of_r
from analysis.regression import QuartileGap, Slope, quartile_gap, slope
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
from analysis.summary import Summary
from analysis.verdict import Verdict, verdict
from analysis.warnings import Findings, warnings_for
from analysis.wild import WildTest, wild_bootstrap

__all__ = [
    "AnalysisError",
    "BadFrame",
    "ClusterEstimate",
    "Correlation",
    "CorrectedCorrelation",
    "Coverage",
    "Difference",
    "Findings",
    "IccResult",
    "LeaveOneOut",
    "LinkageResult",
    "LinkageWarning",
    "NotEnoughTeams",
    "NotIdentified",
    "PanelEstimate",
    "PanelLink",
    "QuartileGap",
    "ScoreEstimate",
    "Side",
    "SideReliability",
    "Slope",
    "Summary",
    "TeamLink",
    "TooNoisy",
    "Verdict",
    "WildTest",
    "check_scores",
    "cluster_robust",
    "construct_mean",
    "construct_mean_conservative",
    "corrected",
    "cronbach_alpha",
    "difference",
    "favourable_share",
    "has_periods",
    "icc",
    "item_mean",
    "leave_one_out",
    "link",
    "mean_reliability",
    "minimum_detectable_r",
    "over_periods",
    "pairwise_covariance",
    "panel_models",
    "pearson",
    "permutation_pvalue",
    "pooled_variance",
    "power_of_r",
    "quartile_gap",
    "recommendation_score",
    "reliability_word",
    "roll_up",
    "score_moments",
    "slope",
    "spearman",
    "team_means",
    "verdict",
    "warnings_for",
    "weighted_r",
    "wild_bootstrap",
    "within_reliability",
]
