"""analysis.warnings: each pitfall raises its own warning, and only then."""

from dataclasses import replace

import pytest

from analysis import (
    CorrectedCorrelation,
    Correlation,
    Findings,
    LeaveOneOut,
    PanelEstimate,
    PanelLink,
    SideReliability,
    TeamLink,
    warnings_for,
)


def estimate(value: float, std_error: float = 0.1, pvalue: float = 0.01) -> PanelEstimate:
    return PanelEstimate(
        estimate=value,
        std_error=std_error,
        ci_low=value - 2 * std_error,
        ci_high=value + 2 * std_error,
        pvalue=pvalue,
        df=39.0,
        plain_std_error=std_error,
        errors="CR2",
        reliability=None,
        nobs=200,
        n_teams=40,
    )


def side(name: str) -> SideReliability:
    return SideReliability(
        name=name,
        unit="points",
        alpha=0.8,
        icc1=0.2,
        icc1_ci=(0.1, 0.3),
        icc2=0.8,
        reliability=0.8,
        mean=3.5,
        sd_teams=0.5,
        sd_all_teams=0.5,
    )


LINK = TeamLink(
    n_teams=40,
    pearson=Correlation(r=0.4, ci_low=0.1, ci_high=0.6, pvalue=0.01, nobs=40, method="pearson"),
    spearman=None,
    permutation_pvalue=0.01,
    corrected=CorrectedCorrelation(r=0.5, ci_low=0.1, ci_high=0.8, attenuation=0.8),
    weighted_r=0.4,
    leave_one_out=LeaveOneOut(low=0.35, high=0.45, low_index=0, high_index=1, is_complete=True),
    slope=None,
    quartile_gap=None,
    minimum_detectable_r=0.43,
)
PANEL = PanelLink(
    n_teams=40,
    n_periods=5,
    nobs=200,
    within_reliability_employee=0.6,
    within_reliability_customer=0.6,
    pooled=estimate(0.3),
    pooled_period=estimate(0.3),
    between=estimate(0.4),
    within_two_way=estimate(0.3),
    first_difference=estimate(0.3),
    lag_forward=estimate(0.3),
    lag_reverse=estimate(0.1),
    lead_placebo=estimate(0.0),
    adl_forward=estimate(0.2),
    adl_reverse=estimate(0.1),
    within_corrected=estimate(0.5),
    lag_corrected=estimate(0.5),
    within_team_slope=0.3,
    reasons=(),
)
CALM = Findings(
    link=LINK,
    panel=PANEL,
    employee=side("engagement"),
    customer=side("satisfaction"),
    team_names=("Alpha", "Beta"),
)


def changed(**parts) -> Findings:
    """Replace figures: employee, customer, link and panel take mappings, the rest values."""
    deep = {
        name: replace(getattr(CALM, name), **value) if isinstance(value, dict) else value
        for name, value in parts.items()
    }
    return replace(CALM, **deep)


def raised(found: Findings) -> list[str]:
    return [warning.code for warning in warnings_for(found)]


def test_a_calm_report_only_speaks_of_individuals():
    """Good data on 40 teams raise the one warning that always stands."""
    assert raised(CALM) == ["ecological"]


CASES = [
    ({"employee": {"icc1": 0.04}}, ["ecological"]),
    ({"link": {"n_teams": 19}}, ["ecological", "few_teams"]),
    ({"link": {"n_teams": 20}}, ["ecological"]),
    ({"employee": {"reliability": 0.49}}, ["ecological", "noise"]),
    (
        {"employee": {"reliability": 0.2}, "customer": {"reliability": 0.4}},
        ["ecological", "noise", "noise"],
    ),
    (
        {"link": {"corrected": replace(LINK.corrected, ci_high=1.01)}},
        ["ecological", "corrected_beyond_one"],
    ),
    (
        {"link": {"leave_one_out": replace(LINK.leave_one_out, low=0.2)}},
        ["ecological", "one_team_leverage"],
    ),
    (
        {"link": {"leave_one_out": replace(LINK.leave_one_out, is_complete=False)}},
        ["ecological", "one_team_leverage"],
    ),
    ({"panel": None}, ["ecological", "reverse_causality"]),
    ({"panel": {"lag_reverse": estimate(-0.3)}}, ["ecological", "reverse_causality"]),
    ({"panel": {"lag_reverse": estimate(3.0, 2.0)}}, ["ecological"]),
    ({"panel": {"lag_forward": None}}, ["ecological", "reverse_causality"]),
    ({"panel": {"within_team_slope": 0.5}}, ["ecological", "no_wave_effects"]),
    ({"panel": {"within_team_slope": 0.25}}, ["ecological"]),
    ({"panel": {"within_reliability_employee": 0.1}}, ["ecological"]),
    (
        {
            "panel": {
                "within_reliability_employee": 0.1,
                "within_two_way": estimate(0.3, pvalue=0.4),
            }
        },
        ["ecological", "small_within_reliability"],
    ),
    ({"top_shares": (None, 0.61)}, ["ecological", "ceiling"]),
    ({"top_shares": (0.6, 0.6)}, ["ecological"]),
    ({"customer": {"sd_teams": 0.39}}, ["ecological", "range_restriction"]),
    ({"customer": {"sd_teams": None}}, ["ecological"]),
    ({"pooled_teams": (3, 0)}, ["ecological", "crosswalk_pooled"]),
]


@pytest.mark.parametrize(("change", "codes"), CASES)
def test_each_pitfall_raises_its_own_warning(change, codes):
    """One figure beyond its bound raises one warning; at the bound there is none."""
    assert raised(changed(**change)) == codes


WORDS = {
    "ecological": "These figures compare teams. They say nothing about single employees or "
    "customers. On engagement, people in one team differ far more than teams do.",
    "few_teams": "Only 12 teams are linked. Single teams weigh heavily: look at the interval "
    "and at what could have been seen at all first.",
    "noise": "Team scores of satisfaction have a reliability of 0.42: much of the difference "
    "between teams is chance, and the observed link is smaller than the true one.",
    "corrected_beyond_one": "Allowing for survey noise, the correlation or a limit of it lies "
    "beyond 1, which cannot be: the reliabilities are too uncertain to take it at its word.",
    "one_team_leverage": "One team weighs heavily: without Beta the correlation is 0.71 instead "
    "of 0.40.",
    "reverse_causality": "The path from earlier satisfaction to later engagement is at least as "
    "strong as the path from earlier engagement to later satisfaction. Do not read the link as "
    "an effect of engagement.",
    "no_wave_effects": "Shocks that all teams share move both sides: without period effects the "
    "slope within teams would be very different. Read only the figures that have them.",
    "small_within_reliability": "Movements of engagement within teams are mostly survey noise "
    "(reliability 0.12). Where no link within teams shows, these data cannot tell.",
    "ceiling": "74% of the answers on satisfaction are the best possible one, so good teams "
    "cannot be told from very good ones.",
    "range_restriction": "The linked teams differ less in engagement than all teams do (standard "
    "deviation 60% of theirs), which makes the link look smaller.",
    "crosswalk_pooled": "4 teams were put together with others, or counted in several, to fit "
    "the units of the other side.",
}


def test_the_words_of_every_warning():
    """What people read is pinned word for word."""
    found = changed(
        link={
            "n_teams": 12,
            "corrected": replace(LINK.corrected, r=1.2),
            "leave_one_out": replace(LINK.leave_one_out, high=0.71),
        },
        panel={
            "lag_reverse": estimate(0.9),
            "within_two_way": estimate(0.3, pvalue=0.4),
            "within_team_slope": 0.9,
            "within_reliability_employee": 0.12,
        },
        employee={"icc1": 0.01, "sd_teams": 0.3},
        customer={"reliability": 0.42},
        top_shares=(None, 0.74),
        pooled_teams=(4, 0),
    )

    assert {warning.code: warning.text for warning in warnings_for(found)} == WORDS
