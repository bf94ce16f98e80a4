"""The notice for the board tells what came of the last answers, on a sheet of its own."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from app.formats import board_notice as board_pdf
from app.services.board_notices import board_notice
from tests.app.pulse import INSTALLATION
from tests.app.released import make_release, store_release, store_teams
from tests.app.written_actions import write_action
from tests.factories import make_wave
from tests.promises import PROMISE

pytestmark = pytest.mark.database


def sheets(notice) -> int:
    """Count the pages of the notice as a PDF."""
    pdf = board_pdf.render(asdict(notice))
    return max(int(n) for n in re.findall(rb"/Count (\d+)", pdf))


def test_what_was_decided_is_printed_for_everybody(session):
    """What everybody is told stands on a second sheet; what is for one team alone does not."""
    teams = store_teams(session)
    released = store_release(session, make_release())
    wave = make_wave(
        session,
        opened_at=datetime.now(UTC),
        manifest='{"count_key": "a"}',
        manifest_sha256="0" * 64,
        promise=PROMISE.to_dict(),
    )
    before = board_notice(session, wave, installation=INSTALLATION)
    write_action(session, teams["all"], released, title="mend the ticket screen")
    write_action(session, teams["north"], released, title="paint the kitchen")
    write_action(
        session,
        teams["north"],
        released,
        decision="will_not",
        is_for_all=True,
        title="move the office",
        because="the lease runs on",
    )

    after = board_notice(session, wave, installation=INSTALLATION)

    assert [(entry.said, entry.lead, entry.text) for entry in after.decided] == [
        (
            "You said: “The ticket screen is slow.”",
            "We will:",
            "mend the ticket screen, by 30 June 2026",
        ),
        (
            "You said: “The ticket screen is slow.” (North)",
            "We will not:",
            "move the office, because: the lease runs on",
        ),
    ]
    assert (before.decided, sheets(before), sheets(after)) == ((), 1, 2)
