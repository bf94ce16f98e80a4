"""analysis.verdict: the rule, case by case."""

import pytest

from analysis import CorrectedCorrelation, Correlation, LeaveOneOut, verdict


def observed(r=0.4, low=0.1, high=0.6, method="pearson") -> Correlation:
    return Correlation(r=r, ci_low=low, ci_high=high, pvalue=0.01, nobs=40, method=method)


def without_one(low=0.3, high=0.5, *, is_complete=True) -> LeaveOneOut:
    return LeaveOneOut(low=low, high=high, low_index=0, high_index=1, is_complete=is_complete)


def corrected_to(low, high) -> CorrectedCorrelation:
    return CorrectedCorrelation(r=(low + high) / 2, ci_low=low, ci_high=high, attenuation=0.5)


ALL_HOLD = {
    "n_teams": 40,
    "pearson": observed(),
    "spearman": observed(0.3, method="spearman"),
    "weighted_r": 0.2,
    "permutation_pvalue": 0.02,
    "leave_one_out": without_one(),
}
NOTHING_SEEN = {**ALL_HOLD, "pearson": observed(0.02, -0.15, 0.19)}


@pytest.mark.parametrize(
    ("change", "code", "direction"),
    [
        ({}, "clear", "positive"),
        ({"weighted_r": None}, "clear", "positive"),
        ({"n_teams": 8}, "clear", "positive"),
        ({"n_teams": 7}, "too_few_teams", None),
        ({"spearman": observed(-0.1, method="spearman")}, "suggestive", "positive"),
        ({"weighted_r": -0.01}, "suggestive", "positive"),
        ({"permutation_pvalue": 0.05}, "suggestive", "positive"),
        ({"leave_one_out": without_one(-0.01, 0.5)}, "suggestive", "positive"),
        ({"leave_one_out": without_one(is_complete=False)}, "suggestive", "positive"),
        ({"pearson": None}, "cannot_tell", None),
        ({"pearson": observed(0.3, 0.0, 0.6)}, "cannot_tell", None),
    ],
)
def test_an_interval_without_zero_is_clear_if_all_checks_hold(change, code, direction):
    """One check that fails turns a clear link into a hint; unknown weights do not."""
    result = verdict(**{**ALL_HOLD, **change})

    assert (result.code, result.direction) == (code, direction)


def test_a_negative_link_is_judged_by_the_same_checks():
    """All signs turned give the same verdict with the other direction."""
    result = verdict(
        n_teams=40,
        pearson=observed(-0.4, -0.6, -0.1),
        spearman=observed(-0.3, method="spearman"),
        weighted_r=-0.2,
        permutation_pvalue=0.02,
        leave_one_out=without_one(-0.5, -0.3),
    )

    assert (result.code, result.direction) == ("clear", "negative")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "no_sign"),
        ({"corrected": corrected_to(-0.2, 0.2)}, "no_sign"),
        ({"corrected": corrected_to(-0.19, 0.21)}, "cannot_tell"),
        ({"pearson": observed(0.02, -0.21, 0.19)}, "cannot_tell"),
    ],
)
def test_no_sign_needs_a_narrow_interval(change, code):
    """The corrected interval decides where there is one, the observed one elsewhere."""
    result = verdict(**{**NOTHING_SEEN, **change})

    assert (result.code, result.direction) == (code, None)


@pytest.mark.parametrize(
    ("case", "text"),
    [
        (
            ALL_HOLD,
            "Teams with higher engagement had higher customer scores. The link stands in every "
            "check made here. It is no proof of cause.",
        ),
        (
            {**ALL_HOLD, "weighted_r": -1.0},
            "Teams with higher engagement had higher customer scores, but at least one check of "
            "this result fails. Treat it as a hint.",
        ),
        (
            NOTHING_SEEN,
            "No sign of a link between engagement and customer scores; if there is one, it is "
            "weak.",
        ),
        (
            {**NOTHING_SEEN, "corrected": corrected_to(-0.5, 0.5)},
            "These data cannot tell whether engagement and customer scores go together: the "
            "interval holds no link as well as a real one.",
        ),
        (
            {"n_teams": 1, "pearson": None},
            "Only 1 team is linked; a verdict needs at least 8. Read the figures as a "
            "description of these teams and no more.",
        ),
        (
            {"n_teams": 40, "pearson": None},
            "The link between engagement and customer scores cannot be computed from these "
            "scores.",
        ),
    ],
)
def test_the_words_of_the_verdict(case, text):
    """What people read is pinned word for word."""
    assert verdict(**case).text == text
