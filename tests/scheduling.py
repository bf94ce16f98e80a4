"""Which of several workers runs which test."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# Filling the demo, serving it and signing in to it take half a minute; one worker does so, from
# the start.  A test with the demo that is missing here works as well, but makes others wait.
WITH_THE_DEMO = (
    "tests/app/test_demo.py::",
    "tests/browser/test_answering.py::",
    "tests/browser/test_ballots.py::test_the_whole_way_on_the_running_demo",
    "tests/browser/test_pages.py::",
    "tests/browser/test_reading.py::",
)


class DemoFirst(LoadScopeScheduling):
    """Give the tests with the demo to one worker, and all others out one by one."""

    def _split_scope(self, nodeid: str) -> str:
        return "the demo" if nodeid.startswith(WITH_THE_DEMO) else nodeid
