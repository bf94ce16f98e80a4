"""Printed tables of reliability, agreement, scores and several units, word for word."""

import pandas as pd
import pytest

from analysis import (
    agreement,
    compare_means,
    compare_recommendation,
    compare_shares,
    consistency,
    contextual_model,
    effort_score,
    hunter_schmidt,
    level_correlations,
    meta_correlation,
    moments_of,
    one_factor,
    random_effects,
    shrunken_scores,
    total_covariance,
    variance_components,
)
from analysis.summary import Summary
from tests.analysis.conftest import scores

ITEMS = ["proud", "energy", "learn", "stay"]
MEANS = [3.1, 3.4, 2.8, 3.9, 4.2, 3.3, 3.0, 3.8, 3.5, 2.9, 3.6, 3.2]


def people() -> pd.DataFrame:
    """Nine teams of six people whose answers follow from their numbers."""
    team = [place // 6 for place in range(54)]
    base = [2 + t % 3 + (p * 7) % 3 for p, t in enumerate(team)]
    frame = pd.DataFrame({"team": [f"t{t}" for t in team]})
    for shift, item in enumerate(ITEMS):
        frame[item] = [min(5, max(1, b - (p * (3 + shift)) % 4 // 2)) for p, b in enumerate(base)]
    return frame


def tables() -> dict[str, Summary]:
    """One of each printed table."""
    moments = moments_of(people(), items=ITEMS, constructs={"pride": ITEMS[:2]})
    covariance = total_covariance(moments, items=ITEMS)
    teams = scores(MEANS, n=[5, 9, 14, 20, 7, 30, 11, 8, 16, 25, 6, 12])
    sizes = pd.DataFrame({"team": teams["team"][1:], "size": range(11)})
    first, second = {"2": 3, "3": 5, "4": 12}, {"2": 9, "3": 6, "4": 5}
    effort = {"2": 4, "4": 11, "6": 40, "7": 25}
    return {
        "moments": moments.summary(),
        "levels": level_correlations(moments, "proud", "stay").summary(),
        "consistency": consistency(covariance, nobs=54).summary(),
        "omega": one_factor(covariance, nobs=54).summary(),
        "agreement": agreement(moments, items=ITEMS, points=5).summary(),
        "components": variance_components(teams, covariates=sizes).summary(),
        "contextual": contextual_model(moments, outcome="stay", predictors=["proud"]).summary(),
        "shrunken": shrunken_scores(teams).summary(),
        "effort": effort_score(effort, easy_from=5).summary(),
        "means": compare_means(first, second).summary(),
        "shares": compare_shares((56, 70), (48, 80)).summary(),
        "nps": compare_recommendation((60, 25, 15), (50, 30, 20)).summary(),
        "units": random_effects(
            [0.1, 0.3, 0.35, 0.65], variances=[0.03, 0.03, 0.05, 0.01]
        ).summary(),
        "meta": meta_correlation([0.1, 0.35, 0.3, 0.5], n_teams=[40, 60, 25, 80]).summary(),
        "corrected": hunter_schmidt(
            [0.1, 0.35, 0.3, 0.6],
            n_teams=[140, 260, 125, 380],
            reliability_x=0.7,
            reliability_y=[0.8, 0.6, 0.7, 0.75],
        ).summary(),
    }


PRINTED = {
    "moments": """
Answers, summed up
------------------
Item    Answers
proud   54
energy  54
learn   54
stay    54
pride   54
------------------
9 teams; 54 people.
Whole numbers: parts add up to exactly what the whole would give.
""",
    "levels": """
The same two scores, among people and among teams
-------------------------------------------------
                             r     95% interval
People, whatever their team  0.84  0.77 to 0.90
People within teams          0.73  0.70 to 0.76
Team means                   0.99  0.82 to 1.00
Teams, without shared noise  1.07  0.98 to 1.17
-------------------------------------------------
54 people in 9 teams answered both.
The same people gave both scores, so a mood of the moment moves both.
""",
    "consistency": """
Alpha 0.96, 95% interval 0.94 to 0.98
-----------------------------------------
Item    With the others  Alpha without it
proud   0.90             0.96
energy  0.96             0.94
learn   0.90             0.96
stay    0.90             0.95
-----------------------------------------
54 people, 4 items.
Alpha says whether the items agree, not whether teams can be told apart.
""",
    "omega": """
Omega: how much of a score the items share
-----------------------------------------------------------
                                     Estimate  95% interval
Omega, variance as the model has it  0.96      0.95 to 0.98
Omega, variance as observed          0.96
-----------------------------------------------------------
54 people, 4 items; one factor, maximum likelihood.
One factor against any pattern: chi-squared 0.1 on 2 degrees of freedom, p = 0.961.
""",
    "agreement": """
Do the people of a team agree?
---------------------------------------------------------
                                 Median  Teams that agree
rwg(j), chance is uniform        0.85    100%
rwg(j), chance is slight skew    0.72    67%
rwg(j), chance is moderate skew  0.29    22%
rwg(j), chance is heavy skew     0.00    0%
rwg(j), chance is triangular     0.72    67%
rwg(j), chance is normal         0.52    33%
Mean distance from the mean      0.69    67%
---------------------------------------------------------
9 teams, 4 items. A team agrees from 0.70 up, or with a mean distance up to 0.83 points.
A team that disagrees is kept: its mean may hide two camps.
""",
    "components": """
How much of the answers lies between teams
-------------------------------------------------------------
                             Estimate  95% interval   p
Variance between teams       0.117
Variance within teams        1.00
Share between teams, ICC(1)  0.10      0.01 to 0.35
constant                     3.48      2.91 to 4.05   < 0.001
size                         −0.0200   −0.12 to 0.08  0.654
-------------------------------------------------------------
11 teams, 158 answers; REML.
Of the variance between teams the predictors explain nothing.
What goes with a score need not be its cause.
Teams left out for want of a predictor: 1.
""",
    "contextual": """
How much of the answers lies between teams
-------------------------------------------------------------
                             Estimate  95% interval   p
Variance between teams       0
Variance within teams        0.400
Share between teams, ICC(1)  0.00      0.00 to 0.12
constant                     0.127     −0.80 to 1.06  0.756
proud                        0.751     0.55 to 0.95   < 0.001
team mean of proud           0.207     −0.14 to 0.56  0.206
-------------------------------------------------------------
9 teams, 54 answers; REML.
Of the variance between teams the predictors explain 100%.
What goes with a score need not be its cause.
""",
    "shrunken": """
Team scores, allowing for the number of answers
---------------------------------------------------------
Team  Answers  Observed  Allowing for noise  95% interval
t03   20       3.90      3.72                3.35 to 4.08
t04   7        4.20      3.70                3.21 to 4.19
t07   8        3.80      3.55                3.08 to 4.03
t10   6        3.60      3.45                2.94 to 3.96
t08   16       3.50      3.45                3.05 to 3.84
t00   5        3.10      3.28                2.75 to 3.80
t11   12       3.20      3.28                2.85 to 3.70
t06   11       3.00      3.18                2.74 to 3.62
t02   14       2.80      3.04                2.63 to 3.45
t09   25       2.90      3.04                2.70 to 3.37
---------------------------------------------------------
12 teams; mean weight of a team's own answers 0.53.
The 5 highest and the 5 lowest are shown.
Intervals hold one team at a time; the order of neighbours is uncertain.
""",
    "effort": """
How easy it was
-------------------------------------
               Estimate  95% interval
Mean answer    5.84      5.55 to 6.12
Found it easy  81%       71% to 88%
-------------------------------------
80 answers.
""",
    "means": """
Difference of two groups
------------------------------------------------
                   Estimate  95% interval  p
First less second  0.650     0.14 to 1.16  0.014
------------------------------------------------
Mean answers; Welch's t.
20 and 20 answers; nobody is counted in both groups.
""",
    "shares": """
Difference of two groups
------------------------------------------------
                   Estimate  95% interval  p
First less second  0.200     0.05 to 0.33  0.008
------------------------------------------------
Shares; Newcombe's interval, z test.
70 and 80 answers; nobody is counted in both groups.
""",
    "nps": """
Difference of two groups
--------------------------------------------------
                   Estimate  95% interval    p
First less second  15.0      −6.14 to 35.60  0.163
--------------------------------------------------
Recommendation scores; interval from both adjusted intervals, z test.
100 and 100 answers; nobody is counted in both groups.
""",
    "units": """
Several units together
----------------------------------------------
                Estimate  95% interval   p
Mean effect     0.38      −0.04 to 0.80  0.065
A further unit            −0.41 to 1.16
----------------------------------------------
4 units.
Of the variance between units 63% is more than chance (test for none: p = 0.029).
""",
    "meta": """
The correlation over several units
------------------------------------------
                r     95% interval   p
Mean of units   0.34  0.04 to 0.59   0.038
A further unit        −0.17 to 0.71
------------------------------------------
4 units, 205 teams.
Of the variance between units 45% is more than chance (test for none: p = 0.156).
""",
    "corrected": """
The correlation over several units, freed of survey noise
---------------------------------------------------------
                      r     95% interval
Mean, as observed     0.41
Mean, freed of noise  0.58  0.11 to 1.05
Middle 80% of units         0.27 to 0.89
---------------------------------------------------------
4 units, 905 teams.
Chance explains 9% of the differences between units.
Of 10 units, 8 have a true correlation in the range of the last line.
""",
}


@pytest.fixture(scope="module")
def printed() -> dict[str, Summary]:
    return tables()


@pytest.mark.parametrize("name", PRINTED)
def test_every_table_reads_as_it_should(printed, name):
    """The table is this text, to the letter."""
    assert str(printed[name]) == PRINTED[name].strip()


def test_every_table_is_pinned(printed):
    """No table is made here without being held to its text."""
    assert set(printed) == set(PRINTED)
