"""The worked examples on the methods pages give what the pages say."""

import doctest
import re

import pytest

from tests.analysis.conftest import ROOT

PAGES = sorted((ROOT / "docs" / "methods").glob("*.md"))
WITH_EXAMPLES = [page for page in PAGES if ">>>" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_worked_examples_run(page):
    """Whoever types an example in sees what is printed there."""
    # A fence ends what is printed, as an empty line would.
    text = re.sub(r"^```.*$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)

    found = doctest.DocTestRunner(verbose=False).run(examples)

    assert found.attempted > 0
    assert found.failed == 0


def test_the_pages_of_moments_reliability_scores_and_units_have_examples():
    """None of the four lost its example; without this the test above could pass on nothing."""
    assert {"moments.md", "reliability.md", "scores.md", "meta.md"} <= {
        page.name for page in WITH_EXAMPLES
    }
