"""The printed tables of trials, word for word."""

import numpy as np
import pytest

from analysis import (
    PretrendTest,
    TrialChecks,
    TrialEffect,
    dated_change,
    expected_return,
    randomised_trial,
    staggered_trial,
)
from tests.analysis.test_trials import panel_of

STARTS = {f"t{i:02d}": 3 if i < 6 else 4 for i in range(12)}
EVEN = {f"t{i:02d}": 3 for i in range(0, 8, 2)}


def wave(n_teams, n_periods, *, starts):
    """Scores without chance: a wave over teams and periods, and 2 points since each start."""
    teams, periods = np.arange(n_teams)[:, None], np.arange(1, n_periods + 1)
    values = 50 + np.sin(7 * teams) + np.cos(3 * teams * periods) + 0.5 * periods
    first = np.array([starts.get(f"t{i:02d}", 99) for i in range(n_teams)])
    return panel_of(values + 2 * (periods >= first[:, None]))


def tables():
    trial = staggered_trial(wave(24, 5, starts=STARTS), STARTS)
    against_last = staggered_trial(wave(24, 5, starts=STARTS), STARTS, base="last_before")
    effect = TrialEffect(
        estimate=-0.04, std_error=0.012, ci_low=-0.0635, ci_high=-0.0165, pvalue=0.0009
    )
    small = wave(9, 4, starts=EVEN).query("team != 't08' or period != 2")
    return {
        "trial": trial.summary(),
        "event_study": trial.event_study(),
        "against_last": against_last.event_study(),
        "pretrend": PretrendTest(statistic=7.791, df=5, pvalue=0.16812).summary(),
        "effect": effect.summary(),
        "checks": TrialChecks(sun_abraham=effect, stacked=effect, two_way=effect).summary(),
        "dated": dated_change(small, EVEN).summary(),
        "random": randomised_trial(small, EVEN, rng=np.random.default_rng(1)).summary(),
        "return": expected_return(
            [1, 2, 3, 4, 5, 6, 7, 8], [3, 1, 4, 2, 6, 5, 8, 7], chosen=[True] * 2 + [False] * 6
        ).summary(),
    }


EXPECTED = {
    "trial": """
The effect of the change
---------------------------------------------------------------------
                                        Points  95% interval  p
All teams and periods since the change  1.77    1.24 to 2.29  < 0.001
Average over the time since the change  1.74    1.20 to 2.27  < 0.001
Average over the dates of the change    1.82    1.25 to 2.39  < 0.001
Average over the calendar               1.73    1.23 to 2.24  < 0.001
---------------------------------------------------------------------
12 teams changed, 12 did not; 5 periods.
Moved apart before the change: Wald test on 3 df, p < 0.001.
Teams that changed may differ from the others in what else happened to them.
""",
    "event_study": """
Before and after the change, period by period
----------------------------------------------------------
Periods since the change  Points  95% interval     p
−2                        −0.825  −1.49 to −0.158  0.015
−1                        0.615   0.0496 to 1.18   0.033
0                         1.84    1.26 to 2.41     < 0.001
+1                        1.78    1.12 to 2.44     < 0.001
+2                        1.60    0.722 to 2.48    < 0.001
----------------------------------------------------------
Before the change: the step since the period before, against the other teams.
""",
    "against_last": """
Before and after the change, period by period
-----------------------------------------------------------
Periods since the change  Points  95% interval      p
−3                        0.143   −0.925 to 1.21    0.793
−2                        −0.615  −1.18 to −0.0496  0.033
−1                        0
0                         1.84    1.26 to 2.41      < 0.001
+1                        1.78    1.12 to 2.44      < 0.001
+2                        1.60    0.722 to 2.48     < 0.001
-----------------------------------------------------------
All against the last period before the change.
""",
    "pretrend": """
Did the teams move apart before the change?
-------------------------------------------
                  Wald  df  p
All steps before  7.79  5   0.168
-------------------------------------------
A large p does not show that they would have gone on together.
""",
    "effect": """
The effect of the change
-----------------------------------------------------------------
                             Points   95% interval        p
Changed against not changed  −0.0400  −0.0635 to −0.0165  < 0.001
-----------------------------------------------------------------
Teams that changed may differ from the others in what else happened to them.
""",
    "checks": """
The same effect, computed otherwise
--------------------------------------------------------------------------------
                                            Points   95% interval        p
Sun and Abraham                             −0.0400  −0.0635 to −0.0165  < 0.001
Each date against teams that never changed  −0.0400  −0.0635 to −0.0165  < 0.001
Team and period effects, for contrast       −0.0400  −0.0635 to −0.0165  < 0.001
--------------------------------------------------------------------------------
The last one can be wrong in size and sign where dates differ.
""",
    "dated": """
The effect of a change at one date
------------------------------------------------------------
                                Points  95% interval   p
Rise of the teams that changed  2.36
Rise of the others              1.15
Difference                      1.21    0.384 to 2.04  0.013
------------------------------------------------------------
4 teams changed, 4 did not; 2 periods before and 2 after; 4.9 degrees of freedom. 1 left out.
Teams that changed may differ from the others in what else happened to them.
""",
    "random": """
The effect of the change, tested by choosing other teams
--------------------------------------------------------------------
                                        Points  95% interval   p
All teams and periods since the change  1.95    0.639 to 2.99  0.029
--------------------------------------------------------------------
4 teams changed, 4 did not; 70 choices of teams (all). 1 left out.
Holds if the teams that changed might as well have been others.
Teams that changed may differ from the others in what else happened to them.
""",
    "return": """
What the chosen teams would have risen by themselves
----------------------------------------------------
                                        Points
Below the mean of all teams before      3.00
Rise to be expected without any change  0.500
Rise against all teams                  0.500
----------------------------------------------------
2 of 8 teams; scores before and after go together with r = 0.83.
They rose no more than low scores rise by themselves; neither shows what the change did.
""",
}


@pytest.fixture(scope="module")
def printed():
    return tables()


@pytest.mark.parametrize("name", EXPECTED)
def test_trials_print_word_for_word(printed, name):
    """What people read of a trial changes only when somebody means it to."""
    assert f"\n{printed[name]}\n" == EXPECTED[name]


def test_every_table_is_pinned(printed):
    """No table of a trial is missing above."""
    assert set(printed) == set(EXPECTED)
