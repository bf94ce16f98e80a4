"""Every printed table, word for word: what people read is tested like what machines read."""

from dataclasses import replace

import pytest

from analysis import (
    Correlation,
    Side,
    construct_mean,
    corrected,
    icc,
    leave_one_out,
    link,
    pearson,
    quartile_gap,
    slope,
)
from analysis.summary import Summary, count, fixed, interval, joined, p_value, percent, significant
from tests.analysis.conftest import scores

X = [3.1, 3.4, 2.8, 3.9, 4.2, 3.3, 3.0, 3.8]
Y = [6.2, 7.1, 6.0, 7.9, 7.7, 6.9, 6.6, 7.0]


def report():
    """Two periods of eight teams, of which one has customers only."""
    team, period = [f"t{i}" for i in range(8)] * 2, [1] * 8 + [2] * 8
    employee = scores([*X, *X[::-1]], team=team, period=period, n=20, variance=0.5)
    customer = scores([*Y, *Y[::-1]], team=team, period=period, n=50, variance=2.0)
    return link(
        Side(scores=employee[employee["team"] != "t7"], name="engagement", alpha=0.81),
        Side(scores=customer, name="satisfaction"),
        seed=1,
    )


def tables() -> dict[str, Summary]:
    """One of each printed table, also where figures are missing."""
    line, r = slope(X, Y), pearson(X, Y)
    result = report()
    ranks = Correlation(r=-0.004, ci_low=-0.5, ci_high=0.5, pvalue=0.98, nobs=9, method="spearman")
    bare_link = replace(
        result.link, pearson=None, leave_one_out=None, slope=None, quartile_gap=None
    )
    bare_side = replace(result.customer, mean=None, icc1=None, icc1_ci=None, icc2=None)
    return {
        "correlation": r.summary(),
        "ranks": ranks.summary(),
        "left_out": leave_one_out(X, Y).summary(),
        "corrected": corrected(r, reliability_x=0.6, reliability_y=0.7).summary(),
        "slope": line.summary(),
        "gap": quartile_gap(line, X).summary(),
        "icc": icc(scores(X)).summary(),
        "score": construct_mean(n=16, total=64.0, variance=1.0, df=200).summary(),
        "coverage": result.coverage.summary(),
        "side": result.employee.summary(),
        "bare_side": bare_side.summary(),
        "link": result.link.summary(),
        "bare_link": bare_link.summary(),
        "panel": result.panel.summary(),
        "verdict": result.summary(),
    }


PRINTED = {
    "correlation": """
Pearson correlation of team scores
------------------------------------
           r     95% interval  p
All teams  0.90  0.55 to 0.98  0.002
------------------------------------
8 teams. It says nothing about individuals or causes.
""",
    "ranks": """
Spearman correlation of team scores
-------------------------------------
           r     95% interval   p
All teams  0.00  −0.50 to 0.50  0.980
-------------------------------------
9 teams. It says nothing about individuals or causes.
""",
    "left_out": """
The correlation without each team in turn
-----------------------------------------
                   Lowest r  Highest r
One team left out  0.86      0.93
-----------------------------------------
No single team decides the sign of the correlation.
""",
    "corrected": """
The correlation, allowing for survey noise
------------------------------------------
           r     95% interval
All teams  1.40  0.85 to 1.52
------------------------------------------
Survey noise leaves 0.65 of the true correlation.
""",
    "slope": """
Outcome on predictor, team by team
--------------------------------------
           Slope  95% interval   p
Per point  1.23   0.570 to 1.89  0.004
--------------------------------------
8 teams; errors of unequal size allowed for (HC3).
""",
    "gap": """
A team at the 75th percentile against one at the 25th
-----------------------------------------------------
                           Points  95% interval
Difference of the outcome  0.924   0.427 to 1.42
-----------------------------------------------------
The quartiles of the predictor are 3.08 and 3.82.
""",
    "icc": """
How far answers differ between teams
-------------------------------------------
                     Estimate  95% interval
ICC(1), one answer   0.16      0.05 to 0.49
ICC(2), a team mean  0.79      0.50 to 0.95
-------------------------------------------
8 teams, 160 respondents.
No difference between teams: F = 4.74, p < 0.001.
""",
    "score": """
Score
--------------------------------------------
             Estimate  95% interval  Answers
All answers  4.00      3.51 to 4.49  16
--------------------------------------------
Interval from the spread within all cells together.
""",
    "coverage": """
Who is in the link
---------------------------------------------------------
           Teams  Linked  Answers behind the linked teams
Employees  7      7       280
Customers  8      7       700
---------------------------------------------------------
Left out: 1 (no employee scores).
""",
    "side": """
Can the survey tell teams apart: engagement
---------------------------------------------------
                             Estimate  95% interval
Reliability of a team score  0.94
ICC(1), one answer           0.25      0.11 to 0.63
ICC(2), a team mean          0.93
Cronbach's alpha             0.81
---------------------------------------------------
Linked teams: mean 3.44, standard deviation 0.440 points.
From .70 good, from .50 usable, from .30 weak, below too weak.
""",
    "bare_side": """
Can the survey tell teams apart: satisfaction
--------------------------------------------------------
                             Estimate       95% interval
Reliability of a team score  0.94
ICC(1), one answer           not estimable
ICC(2), a team mean          not estimable
Cronbach's alpha             not estimable
--------------------------------------------------------
From .70 good, from .50 usable, from .30 weak, below too weak.
""",
    "link": """
The link, team by team
-------------------------------------------------------------------
                              Estimate      95% interval    p
Correlation r                 0.95          0.67 to 0.99    0.001
Rank correlation              0.89          0.24 to 0.99    0.008
r, allowing for survey noise  1.01          0.71 to 1.06
r, teams weighted by answers  0.95
r, any one team left out      0.91 to 0.99
Slope, per point              1.27          1.01 to 1.52    < 0.001
75th against 25th percentile  0.791         0.633 to 0.948
-------------------------------------------------------------------
7 teams.
Permutation p-value: 0.017.
Smallest r that would reliably show: 0.86.
""",
    "bare_link": """
The link, team by team
----------------------------------------------------------------
                              Estimate       95% interval  p
Correlation r                 not estimable
Rank correlation              0.89           0.24 to 0.99  0.008
r, allowing for survey noise  1.01           0.71 to 1.06
r, teams weighted by answers  0.95
r, any one team left out      not estimable
Slope, per point              not estimable
75th against 25th percentile  not estimable
----------------------------------------------------------------
7 teams.
Permutation p-value: 0.017.
Smallest r that would reliably show: 0.86.
""",
    "panel": """
Over time
-----------------------------------------------------------------------------------------------------------
                                                    Slope          95% interval    p      Rows  Reliability
Between teams                                       1.27           0.763 to 1.77   0.001  7
All rows, no effects                                1.24           0.823 to 1.49   0.016  14    0.89
All rows, period effects                            1.24           0.889 to 1.48   0.016  14    0.90
Within teams                                        1.17           −0.214 to 1.75  0.062  14    0.79
Change on change, from one period to the next       1.17           −0.214 to 1.75  0.062  7     0.79
Within teams, customers one period after employees  not estimable
Within teams, employees one period after customers  not estimable
Check: customers on employees one period later      not estimable
Customers on their own past and that of employees   1.46           −1.19 to 7.15   0.266  7     0.34
Employees on their own past and that of customers   −0.405         −3.77 to 1.33   0.641  7     0.48
Within teams, allowing for survey noise             1.48           −0.273 to 2.50  0.062  14    0.79
One period after, allowing for survey noise         not estimable
-----------------------------------------------------------------------------------------------------------
7 teams, 2 periods, 14 rows with both sides.
Reliability of movements within teams: employees 0.79, customers 0.83.
Last column: share of the predictor that is no survey noise. Below .40, no visible slope means nothing.
So few teams: all changes of sign of a team's residuals were tried.
Associations over time; not proof of cause.
""",  # noqa: E501 - printed lines stay as long as they are printed
    "verdict": """
Engagement and satisfaction
---------------------------------------------------------------------------------------------------------------------------
         In words
Verdict  Only 7 teams are linked; a verdict needs at least 8. Read the figures as a description of these teams and no more.
---------------------------------------------------------------------------------------------------------------------------
These figures compare teams. They say nothing about single employees or customers.
Only 7 teams are linked. Single teams weigh heavily: look at the interval and at what could have been seen at all first.
Allowing for survey noise, the correlation or a limit of it lies beyond 1, which cannot be: the reliabilities are too uncertain to take it at its word.
These periods cannot show whether employees or customers lead.
Not estimable: Cronbach's alpha of satisfaction. It needs the answers of people to two items or more.
Not estimable: the forward lag, the reverse lag, the check with a later period and the forward lag without survey noise. Too few teams and periods are left for this model.
""",  # noqa: E501 - printed lines stay as long as they are printed
}


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    return {name: f"\n{table}\n" for name, table in tables().items()}


@pytest.mark.parametrize("name", PRINTED)
def test_every_table_is_printed_word_for_word(printed, name):
    """A change of any word or digit that people read is a change of this file."""
    assert printed[name] == PRINTED[name]


def test_all_tables_of_a_report_come_in_reading_order():
    """Who, how reliable, the link, over time, and the verdict with its warnings last."""
    titles = [table.title for table in report().summaries()]

    assert titles == [
        "Who is in the link",
        "Can the survey tell teams apart: engagement",
        "Can the survey tell teams apart: satisfaction",
        "The link, team by team",
        "Over time",
        "Engagement and satisfaction",
    ]


def test_numbers_are_written_one_way():
    """True minus signs, no minus zero, no p of zero, commas between thousands."""
    assert [fixed(-1.005), fixed(-0.0001), fixed(2.5, 0)] == ["−1.00", "0.00", "2"]
    assert [significant(v) for v in (1e-9, 99.96, 12345.6)] == ["0.00000000100", "100", "12346"]
    assert interval(-1, 1, 1) == "−1.0 to 1.0"
    assert [p_value(p) for p in (0.0, 0.00099, 0.001, 1.0)] == [
        "< 0.001",
        "< 0.001",
        "0.001",
        "1.000",
    ]
    assert [percent(0.005), percent(1), percent(-0.25)] == ["0%", "100%", "−25%"]
    assert [count(999), count(1_234_567)] == ["999", "1,234,567"]
    assert [joined([]), joined(["a", "b"])] == ["", "a and b"]
