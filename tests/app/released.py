"""Released waves of a small company with answers written down, for tests of reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, date, datetime
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from app.models import Release, Report, Team, Wave
from app.queries import reports
from app.reporting.build import build_report, due_reports
from surveys.documents import canonical, sha256_of
from surveys.hierarchy import Hierarchy
from surveys.hierarchy import Team as Node
from surveys.release import build_release
from tests.factories import make_team, make_version
from tests.surveys.waves import make_opening

NOW = datetime(2026, 9, 1, 6, 0, tzinfo=UTC)

# A company of two departments. South has too few people to be counted alone.
NODES = (
    Node(key="all", name="Company", parent=None),
    Node(key="sales", name="Sales", parent="all"),
    Node(key="north", name="North", parent="sales"),
    Node(key="south", name="South", parent="sales"),
    Node(key="west", name="West", parent="sales"),
    Node(key="care", name="Care", parent="all"),
    Node(key="phone", name="=1+1", parent="care"),
    Node(key="mail", name="Mail", parent="care"),
)
ELIGIBLE = {"north": 14, "south": 4, "west": 9, "phone": 12, "mail": 16}

# Answers to the two engagement items, one person a pair; the rest of the pulse follows them.
Pairs = Sequence[tuple[int, int]]
NORTH: Pairs = [(2, 3), (4, 4), (5, 3), (1, 2), (3, 3), (4, 5), (2, 2), (5, 5), (3, 4), (2, 1)]
SOUTH_AND_WEST: Pairs = [(3, 3), (4, 3), (2, 4), (5, 4), (1, 1), (4, 4), (2, 3), (3, 5), (4, 2)]
PHONE: Pairs = [(5, 5)] * 11 + [(5, 4)]
MAIL: Pairs = [(4, 4), (3, 2), (2, 2), (5, 4), (4, 3), (1, 2)]
ANSWERS: Mapping[str, Pairs] = {
    "north": NORTH, "south": SOUTH_AND_WEST[:3], "west": SOUTH_AND_WEST[3:],
    "phone": PHONE, "mail": MAIL,
}  # fmt: skip


def person(energy: int, belonging: int) -> dict[str, Any]:
    """Fill in a pulse from the two engagement items."""
    return {
        "energy": energy,
        "belonging": belonging,
        "tools": belonging,
        "support": belonging,
        "discretion": energy,
        "recognition": energy,
        "manager": belonging,
        "workload": 6 - energy,
        "change_follows": belonging,
        "recommend_workplace": energy * 2,
    }


def make_release(
    *,
    wave: str = "pulse-1",
    title: str = "March",
    opens_on: str = "2026-03-02",
    answers: Mapping[str, Pairs] = ANSWERS,
    eligible: Mapping[str, int] = ELIGIBLE,
    nodes: Sequence[Node] = NODES,
) -> dict[str, Any]:
    """Count answers by team into a release, as the collector does."""
    told = repr((wave, title, opens_on, *map(sorted, (answers.items(), eligible.items())), nodes))
    if told not in _counted:
        _counted[told] = _count(
            wave=wave,
            title=title,
            opens_on=opens_on,
            answers=answers,
            eligible=eligible,
            nodes=nodes,
        )
    return deepcopy(_counted[told])


# A release follows from what it is told alone, so tests share those that were counted once.
_counted: dict[str, dict[str, Any]] = {}


def _count(
    *,
    wave: str,
    title: str,
    opens_on: str,
    answers: Mapping[str, Pairs],
    eligible: Mapping[str, int],
    nodes: Sequence[Node],
) -> dict[str, Any]:
    opening = {
        **make_opening(Hierarchy(teams=tuple(nodes)), eligible),
        "wave": wave,
        "title": title,
        "opens_on": opens_on,
    }
    # Random codes would make every opening, and so every report of it, another one.
    opening["groups"] = [{**group, "codes": []} for group in opening["groups"]]
    people = {
        group["group"]: [
            person(*pair) for team in group["teams"] for pair in answers.get(team, ())
        ]
        for group in opening["groups"]
    }
    day = date.fromisoformat(opens_on)
    return build_release(opening, people, closed_on=day.replace(day=14), rng=Random(1))


def renamed(nodes: Sequence[Node], **names: str) -> list[Node]:
    """Give some teams other names."""
    return [Node(key=n.key, name=names.get(n.key, n.name), parent=n.parent) for n in nodes]


def store_release(session: Session, release: Mapping[str, Any]) -> Wave:
    """Put a release into the database as its wave's."""
    opened_on = date.fromisoformat(release["opened_on"])
    wave = Wave(
        key=release["wave"],
        title=release["title"],
        survey_version=make_version(session),
        opens_on=opened_on,
        closes_on=date.fromisoformat(release["closed_on"]),
        created_at=NOW,
    )
    wave.release = Release(
        sha256=sha256_of(release),
        released_on=date.fromisoformat(release["closed_on"]),
        document=canonical(release).decode(),
    )
    session.add(wave)
    session.commit()
    return wave


def store_teams(session: Session, nodes: Sequence[Node] = NODES) -> dict[str, Team]:
    """Add the company's teams to the tree of today."""
    teams: dict[str, Team] = {}
    for node in nodes:
        parent = teams[node.parent] if node.parent else None
        teams[node.key] = make_team(session, node.name, key=node.key, parent=parent)
    return teams


def make_wave_report(session: Session, wave: Wave) -> None:
    """Make the report of a wave, as the tick does."""
    key = reports.wave_report_key(session, wave.key)
    assert key is not None
    _make(session, key)


def make_due_reports(session: Session) -> None:
    """Make every report that is missing, as the tick does."""
    for key in list(due_reports(session, today=datetime.now(UTC).date())):
        _make(session, key)


# Reports follow from their inputs alone, so tests share those that were drawn once.
_made: dict[str, Any] = {}


def _make(session: Session, key: reports.ReportKey) -> None:
    if key.inputs_sha256 not in _made:
        build_report(session, key, now=datetime.now(UTC))
        _made[key.inputs_sha256] = reports.stored_report(session, key)
    else:
        session.add(
            Report(
                inputs_sha256=key.inputs_sha256,
                kind=key.kind,
                subject=key.subject,
                made_at=NOW,
                document=_made[key.inputs_sha256],
            )
        )
    session.commit()
