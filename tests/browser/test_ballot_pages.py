"""Every state of the page of a wave: axe, sideways scroll, policy, headings, widths, schemes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.rounds import Round
from tests.browser.voting import IN, Voter
from tests.browser.watching import NARROW, OTHERS, USUAL, assert_well_built

STATES: dict[str, Callable[[Voter, Round], Any]] = {
    "nothing taken": lambda voter, wave: voter.open(wave).sees("Take your ballot"),
    "ballot in hand": lambda voter, wave: voter.take(wave).press("Carry it to another device"),
    "sealed": lambda voter, wave: (
        voter.take(wave).answer(tools="1").press("Send later").sees("Your answers are sealed")
    ),
    "in": lambda voter, wave: (
        voter.take(wave).write("Quiet rooms").press("Send my answers").sees(IN)
    ),
    "page for answers": lambda voter, wave: voter.page.goto(f"{voter.rounds.collector}/threads"),
    "where it is signed": lambda voter, wave: voter.page.goto(
        f"{voter.rounds.app}/ballot/{wave.key}"
    ),
    "something missing": lambda voter, wave: voter.open(wave).press("Send my answers"),
    "thrown away": lambda voter, wave: (
        voter.open(wave).press("I prefer not to answer").sees("You are not answering")
    ),
    "asked once more": lambda voter, wave: voter.take(wave).press("I prefer not to answer"),
    "promise": lambda voter, wave: voter.page.goto(
        wave.page.replace("index.html", "promise.html")
    ),
    "door": lambda voter, wave: voter.page.goto(f"{voter.rounds.collector}/w/{wave.key}"),
}
LATER = {
    "where it is signed",
    "door",
    "nothing taken",
    "something missing",
    "thrown away",
    "asked once more",
    "in",
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.long) if n in LATER else n for n in STATES]
)
@pytest.mark.parametrize(
    "settings", [NARROW, pytest.param((*USUAL, *OTHERS), marks=pytest.mark.long)]
)
def test_every_state_of_the_page_is_well_built(wave, voter, name, settings):
    """No axe violation, no sideways scroll, nothing refused by the policy, one heading."""
    STATES[name](voter, wave)

    assert_well_built(voter.page, voter.watch, settings=settings)
    assert not voter.watch.foreign_hosts(voter.rounds.app, voter.rounds.collector)
