"""Adding customer answers to the roll-up: seconds for 100,000, in portions as the tick does."""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.database import make_engine
from app.models import CustomerRollUp, Team
from app.services import survey_versions, touchpoints
from app.services.customer_responses import Entry, new_submission, record_many
from app.services.roll_ups import roll_up
from benchmarks.customer_load import migrate

TEAMS, TOUCHPOINTS, CHANNELS, DAYS = 30, 6, ("link", "qr", "email"), 270
START = datetime(2026, 1, 1, tzinfo=UTC)


def main(argv: list[str] | None = None) -> None:
    """Write answers of 30 teams over 270 days, add them up and print the time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--url", help="SQLAlchemy URL of an empty database; default: SQLite")
    given = parser.parse_args(argv)
    longest, elapsed, rows = measure(given.answers, url=given.url)
    print("answers  seconds  us/answer  longest portion ms  rows of sums")
    print(
        f"{given.answers:7,}  {elapsed:7.1f}  {1e6 * elapsed / given.answers:9.0f}  "
        f"{1000 * longest:18.0f}  {rows:12,}"
    )


def measure(n: int, *, url: str | None = None) -> tuple[float, float, int]:
    """Give the seconds of the longest portion and of all, and how many rows of sums there are."""
    with tempfile.TemporaryDirectory() as folder:
        url = url or f"sqlite:///{folder}/roll_up.db"
        migrate(url)
        with Session(make_engine(url)) as session:
            record_many(session, answers(session, n))
            session.commit()
            longest, elapsed = add_up(session)
            rows = session.scalar(select(func.count()).select_from(CustomerRollUp)) or 0
    return longest, elapsed, rows


def answers(session: Session, n: int) -> Iterator[Entry]:
    """Invent answers spread over teams, touchpoints, channels and days."""
    rng = random.Random(1)
    version = survey_versions.copy_bundled(session, "customer_experience", now=START)
    teams = [
        Team(key=f"t{number}", name=f"Team {number}", opened_on=START.date())
        for number in range(TEAMS)
    ]
    session.add_all(teams)
    places = [
        touchpoints.add_touchpoint(session, name=f"Place {number}", stage="service")
        for number in range(TOUCHPOINTS)
    ]
    links = [
        touchpoints.add_link(
            session, place, channel=channel, team=team, version=version, now=START
        )
        for team in teams
        for place in rng.sample(places, 2)
        for channel in CHANNELS
    ]
    for _ in range(n):
        link = rng.choice(links)
        given = {
            "recommend": rng.randint(0, 10),
            "satisfaction": rng.randint(1, 5),
            "effort": rng.randint(1, 7),
            "repeated": rng.randint(0, 1),
            "comment": "Quick and kind.",
        }
        day = START.date() + timedelta(days=rng.randrange(DAYS))
        yield Entry(link.id, link.team_id, new_submission(), given, day)


def add_up(session: Session) -> tuple[float, float]:
    """Add up all that waits; give the seconds of the longest portion and of all."""
    longest, begun = 0.0, time.perf_counter()
    started = begun
    while roll_up(session):
        session.commit()
        now = time.perf_counter()
        longest, started = max(longest, now - started), now
    return longest, time.perf_counter() - begun


if __name__ == "__main__":
    main()
