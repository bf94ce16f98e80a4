"""Sums over customers' answers: exact, added once, the same in every order."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from app.models import CustomerResponse, CustomerRollUp, SurveyVersion
from app.services import customer_responses, roll_ups, survey_versions
from app.services.customer_responses import Entry
from tests.app.customers import NOW, make_answer, make_link, make_touchpoint, make_version
from tests.factories import make_team

pytestmark = pytest.mark.database

MONDAY = date(2026, 3, 2)


def sums_of(session) -> dict[tuple, tuple]:
    """Read the whole table: place -> sums."""
    session.rollback()
    return {
        (r.team_key, r.day, r.touchpoint_id, r.channel, r.item): (
            r.n,
            r.total,
            r.total_squares,
            dict(r.counts),
        )
        for r in session.scalars(select(CustomerRollUp))
    }


def roll_up_all(session, *, limit=1000) -> list[int]:
    portions = []
    while n := roll_ups.roll_up(session, limit=limit):
        session.commit()
        portions.append(n)
    return portions


def make_crowd(session, n=300, seed=1) -> None:
    """Write random answers of three teams (one of them none) at two touchpoints."""
    rng = random.Random(seed)
    teams = [make_team(session, key="north"), make_team(session, key="south"), None]
    places = [make_touchpoint(session) for _ in range(2)]
    links = [
        make_link(session, touchpoint=place, team=team, channel=channel)
        for place in places
        for team in teams
        for channel in ("qr", "email")
    ]
    entries = []
    for _ in range(n):
        link = rng.choice(links)
        answers = {
            "recommend": rng.randint(0, 10),
            "satisfaction": rng.randint(1, 5),
            "repeated": rng.randint(0, 1),
            "comment": "words",
        }
        kept = {k: v for k, v in answers.items() if rng.random() < 0.8} or {"recommend": 5}
        day = MONDAY + timedelta(days=rng.randint(0, 40))
        submission = f"{rng.getrandbits(128):032x}"
        entries.append(Entry(link.id, link.team_id, submission, kept, day))
    customer_responses.record_many(session, entries)
    session.commit()


def test_sums_are_kept_per_team_day_touchpoint_channel_and_item(session):
    """Count, sum, sum of squares and a count per answer, each where it belongs."""
    team = make_team(session, key="north")
    link = make_link(session, team=team, channel="qr")
    make_answer(session, link, {"recommend": 9, "satisfaction": 4, "comment": "Good"})
    make_answer(session, link, {"recommend": 3, "repeated": 1})
    make_answer(session, link, {"recommend": 3}, on=MONDAY + timedelta(days=1))
    session.commit()

    assert roll_up_all(session) == [3]

    place = ("north", MONDAY, link.touchpoint_id, "qr")
    tuesday = ("north", MONDAY + timedelta(days=1), link.touchpoint_id, "qr")
    assert sums_of(session) == {
        (*place, "recommend"): (2, 12, 90, {"9": 1, "3": 1}),
        (*place, "satisfaction"): (1, 4, 16, {"4": 1}),
        (*place, "repeated"): (1, 1, 1, {"1": 1}),
        (*place, "comment"): (1, 0, 0, {}),
        (*tuesday, "recommend"): (1, 3, 9, {"3": 1}),
    }


def test_choices_are_counted_and_never_summed(session):
    """An option has no number; several ticked options count one each."""
    version = make_version(session)
    options = [{"key": "phone", "text": "Phone"}, {"key": "shop", "text": "Shop"}]
    for key, kind in (("way", "single_choice"), ("ways", "multiple_choice")):
        item = {"key": key, "type": kind, "text": "How did you reach us?", "options": options}
        survey_versions.add_item(version, item)
    link = make_link(session, version=version)
    make_answer(session, link, {"way": "phone", "ways": ("phone", "shop")})
    make_answer(session, link, {"way": "phone", "ways": ("shop",)})
    session.commit()

    roll_up_all(session)

    sums = {place[-1]: here for place, here in sums_of(session).items()}
    assert sums["way"] == (2, 0, 0, {"phone": 2})
    assert sums["ways"] == (2, 0, 0, {"phone": 1, "shop": 2})


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_sums_do_not_depend_on_the_portions(session, limit):
    """However the answers were taken up, the sums are those of one pass over all rows."""
    make_crowd(session, n=120)

    assert sum(roll_up_all(session, limit=limit)) == 120

    expected: dict[tuple, list] = {}
    for response in session.scalars(select(CustomerResponse)):
        team_key = {None: ""} | {1: "north", 2: "south"}
        link = response.link
        for item, answer in response.answers.items():
            key = (
                team_key[response.team_id],
                response.answered_on,
                link.touchpoint_id,
                link.channel,
                item,
            )
            here = expected.setdefault(key, [0, 0, 0, Counter()])
            number = answer if isinstance(answer, int) else 0
            here[:3] = here[0] + 1, here[1] + number, here[2] + number**2
            if isinstance(answer, int):
                here[3][str(answer)] += 1
    assert sums_of(session) == {
        key: (n, total, squares, dict(counts))
        for key, (n, total, squares, counts) in expected.items()
    }


def test_nothing_is_added_twice(session):
    """A second run finds nothing to do, and late answers are added to the old sums."""
    make_crowd(session, n=50)
    roll_up_all(session)
    before = sums_of(session)

    assert roll_ups.roll_up(session) == 0
    assert sums_of(session) == before

    make_answer(session, session.scalars(select(CustomerResponse)).first().link, {"effort": 7})
    session.commit()
    assert roll_up_all(session) == [1]


def test_a_killed_worker_leaves_everything_undone(session):
    """What was claimed without a commit waits for the next worker."""
    make_crowd(session, n=50)

    assert roll_ups.roll_up(session) == 50
    session.rollback()  # what a database does when its client dies

    waiting = select(func.count()).where(CustomerResponse.is_rolled_up.is_(False))
    assert session.scalar(waiting) == 50
    assert sums_of(session) == {}
    assert roll_up_all(session) == [50]


def test_several_workers_share_the_work_and_add_each_answer_once(app, session):
    """Four workers at once leave the sums that one would leave."""
    make_crowd(session, n=400)

    def work() -> int:
        with app.extensions["sessions"]() as own:
            return sum(roll_up_all(own, limit=20))

    with ThreadPoolExecutor(4) as pool:
        done = [run.result() for run in [pool.submit(work) for _ in range(4)]]
    together = sums_of(session)

    assert sum(done) == 400
    session.execute(update(CustomerResponse).values(is_rolled_up=False))
    session.execute(CustomerRollUp.__table__.delete())
    session.commit()
    roll_up_all(session)
    assert together == sums_of(session)


def test_bulk_writing_drops_twins(session):
    """`record_many` writes each submission once, also against what is on file."""
    link = make_link(session)
    one = Entry(link.id, None, "a" * 22, {"recommend": 1}, MONDAY)

    customer_responses.record_many(session, [one, one])
    customer_responses.record_many(session, [one])

    assert session.scalar(select(func.count()).select_from(CustomerResponse)) == 1


def test_answers_count_for_the_team_they_came_in_under(session):
    """Giving the address another team later does not move earlier answers."""
    link = make_link(session, team=make_team(session, key="early"))
    make_answer(session, link, {"recommend": 9})
    link.team = make_team(session, key="late")
    session.commit()

    roll_up_all(session)

    assert {place[0] for place in sums_of(session)} == {"early"}
    assert NOW.date() == MONDAY
    assert session.scalars(select(SurveyVersion)).one().frozen_at == NOW
