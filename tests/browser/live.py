"""The demo as real processes on free ports, and the states that its pages can be in."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.demo.run import Running, start, stop, wait_until_up
from app.models import (
    Action,
    CustomerResponse,
    OutboxMail,
    Person,
    SurveyVersion,
    Team,
    Touchpoint,
    Wave,
)
from app.queries.comments import ANSWERED, comments_of
from app.services import accounts, promises, survey_versions, touchpoints, waves
from app.services.accounts import Door
from tests.promises import PROMISE


@dataclass(frozen=True, kw_only=True)
class Live:
    """The running demo: both programs, and what a visitor needs to know."""

    demo: Any
    app: str
    collector: str
    users: dict[str, tuple[str, str]]
    codes: list[str]
    customer_link: str
    wave_id: int
    paths: dict[str, str]

    @property
    def pulse(self) -> str:
        """Address of the open wave's questionnaire."""
        return self.collector + self.paths["pulse"]

    def n_customers(self) -> int:
        """Count the customers' answers on file."""
        with self.demo.session() as session:
            return len(session.scalars(select(CustomerResponse.id)).all())


@contextmanager
def running(demo: Any, folder: Path) -> Iterator[Live]:
    """Run a copy of the demo, for as long as needed."""
    port, collector_port = free_ports()
    own = demo.copy(folder, port=port, collector_port=collector_port)
    paths = prepare(own)
    place = own.place
    settings = place.settings()
    processes: list[Running] = []
    few = ("--workers", "1", "--threads", "4")
    try:
        processes.append(
            start(
                "collector",
                *("collector.cli", "serve", "--port", str(collector_port), *few),
                env=place.collector_env(settings),
            )
        )
        processes.append(
            start(
                "application",
                *("app.cli", "serve", "--port", str(port), *few),
                env=settings.to_env(),
            )
        )
        wait_until_up(processes[0], place.collector_url)
        wait_until_up(processes[1], place.url)
        facts = own.facts
        yield Live(
            demo=own,
            app=facts["app"],
            collector=facts["collector"],
            users={user["role"]: (user["email"], user["password"]) for user in facts["users"]},
            codes=facts["employee_codes"],
            customer_link=facts["customer_link"],
            wave_id=facts["wave"],
            paths=paths,
        )
    finally:
        stop(processes)


def prepare(demo: Any) -> dict[str, str]:
    """Bring about states the demo is not in by itself; give the addresses of their pages."""
    now = datetime.now(UTC)
    with demo.session() as session:
        pulse = session.scalars(select(SurveyVersion).where(SurveyVersion.key == "monthly_pulse"))
        frozen = pulse.first()
        draft = survey_versions.new_version(session, frozen, now=now)
        planned = waves.create(
            session,
            title="A round to come",
            survey_version=frozen,
            opens_on=now.date(),
            closes_on=now.date() + timedelta(days=7),
            now=now,
        )
        promises.write_promise(planned, PROMISE)
        place = session.scalars(select(Touchpoint)).first()
        asked = place.links[0].survey_version
        gone = touchpoints.add_link(
            session, place, channel="link", team=None, version=asked, now=now
        )
        touchpoints.retire_link(gone)
        person = session.scalars(select(Person).where(Person.password_hash.is_(None))).first()
        settings = demo.place.settings()
        door = Door(
            secret=settings.secret_key,
            public_url=settings.public_url,
            organisation=settings.organisation,
        )
        link = accounts.invite(session, person, door=door, now=now)
        session.commit()
        released = session.scalars(
            select(Wave).where(Wave.released_at.is_not(None)).order_by(Wave.opens_on.desc())
        ).first()
        open_wave = session.get(Wave, demo.facts["wave"])
        comments = comments_of(session, released).comments
        actions = {action.status: str(action.id) for action in session.scalars(select(Action))}
        return {
            "pulse": f"/w/{open_wave.key}",
            "promised": f"/promise/{open_wave.key}",
            "open": str(open_wave.id),
            "released": str(released.id),
            "comment": str(next(c.number for c in comments if c.state == ANSWERED)),
            "planned": str(planned.id),
            "done": actions["done"],
            "dropped": actions["dropped"],
            "draft": str(draft.id),
            "item": draft.definition["items"][0]["key"],
            "construct": draft.definition["constructs"][0]["key"],
            "place": str(place.id),
            "link": str(place.links[0].id),
            "gone": f"/s/{gone.token}",
            "set_password": link.removeprefix(demo.place.url),
            "person": str(person.id),
            "team": str(session.scalars(select(Team.id).where(Team.name == "Crew Hill")).one()),
            "mail": str(session.scalars(select(OutboxMail.id)).first()),
        }


def free_ports() -> tuple[int, int]:
    """Find two free ports, below the range that outgoing connections take theirs from."""
    found: list[int] = []
    # Workers start with numbers side by side, so each has a range of its own.
    first = 28_000 + 1_000 * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 4)
    for port in range(first + os.getpid() % 900, first + 1_000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
        if len(found) == 2:
            return found[0], found[1]
    raise AssertionError("no free ports")
