"""analysis.multiplicity: p-values that allow for how many were looked at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis import (
    BadFrame,
    adjust_page,
    adjust_primary,
    benjamini_hochberg,
    benjamini_yekutieli,
    holm,
)
from tests.analysis.conftest import oracle

METHODS = {
    "fdr_bh": benjamini_hochberg,
    "fdr_by": benjamini_yekutieli,
    "holm": holm,
}


def test_textbook_p_values_agree_with_r():
    """Benjamini-Hochberg, Benjamini-Yekutieli and Holm are those of R's p.adjust."""
    expected = oracle("sensitivity_power_nps")["multiple_testing"]

    for name, method in (
        ("BH", benjamini_hochberg),
        ("BY", benjamini_yekutieli),
        ("holm", holm),
    ):
        assert method(expected["p"]).tolist() == pytest.approx(expected[name], rel=1e-12)


def test_the_links_of_schools_agree_with_r():
    """Seven p-values from real data, some below 1e-15, are adjusted as R does."""
    results = oracle("nyc_2015")
    raw = {name: row["p"] for name, row in results["engagement_vs_customer"].items()}

    page = adjust_page(raw)

    expected = [results["p_BH"][name] for name in page.names]
    assert page.adjusted == pytest.approx(expected, rel=1e-8, abs=0)
    assert page.n_found == 7


@settings(max_examples=5, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(0, 10**6))
def test_adjusting_equals_statsmodels_in_any_order(pvalues, seed):
    """Each method gives statsmodels' figures; order changes places only; none gets smaller."""
    order = np.random.default_rng(seed).permutation(len(pvalues))
    for name, method in METHODS.items():
        adjusted = method(pvalues)

        assert adjusted == pytest.approx(multipletests(pvalues, method=name)[1], rel=1e-9)
        assert method(np.array(pvalues)[order]) == pytest.approx(adjusted[order], rel=1e-12)
        assert (adjusted >= np.array(pvalues) - 1e-15).all()


@pytest.mark.parametrize("wrong", [[], [0.5, -0.1], [1.2], [float("nan")], [[0.5]]])
def test_what_is_no_p_value_is_refused(wrong):
    """Nothing at all, and figures outside 0 to 1."""
    with pytest.raises(BadFrame):
        benjamini_hochberg(wrong)


@pytest.mark.simulation
def test_pages_with_nothing_on_them_rarely_show_a_finding():
    """Of 36 tests with nothing behind them one is left in 5% of pages; unadjusted in 84%."""
    rng = np.random.default_rng(20261122)
    pages = rng.random((2_000, 36))

    found = [bool((benjamini_hochberg(page) < 0.05).any()) for page in pages]

    assert 0.03 <= np.mean(found) <= 0.08
    assert np.mean((pages < 0.05).any(axis=1)) == pytest.approx(1 - 0.95**36, abs=0.03)


PRINTED = """
All tests of this page together
-------------------------------
       p      Adjusted p
Speed  0.001  0.004
Tone   0.030  0.060
Price  0.210  0.280
Queue  0.900  0.900
-------------------------------
4 tests (Benjamini-Hochberg). With nothing there at all, 0.2 of them would have p below .05.
1 stays below .05. Of those below .05, about one in twenty is a false alarm.
"""


def test_tests_are_printed_word_for_word():
    """A change of any word or digit that people read is a change of this file."""
    tests = {"Speed": 0.001, "Tone": 0.03, "Price": 0.21, "Queue": 0.9}

    assert f"\n{adjust_page(tests).summary()}\n" == PRINTED
    assert adjust_primary(tests).summary().notes[1] == (
        "1 stays below .05. A single false alarm among all tests has a chance of at most 5%."
    )
