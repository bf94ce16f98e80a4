"""app.services.waves and app.handover: a wave from its draft to its release."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import handover
from app.models import CountingGroup, Membership, OutboxMail, Person, RosterEntry, Wave
from app.services import survey_versions, waves
from app.services.errors import Conflict, Unusable
from surveys import codes as code_letters
from surveys.documents import canonical
from surveys.errors import DifferentDocument, NotEnoughPeople, WrongState
from surveys.lifecycle import State
from tests.app.pulse import (
    CLOSES_ON,
    NOW,
    TODAY,
    Flaky,
    answer,
    client_of,
    close_at_collector,
    make_collector,
    make_draft,
    make_organisation,
    open_wave,
)
from tests.factories import make_person

SIZES = {"North": 12, "South": 9, "East": 3, "West": 5}

pytestmark = pytest.mark.database


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where the collector keeps its waves."""
    return tmp_path / "collector"


@pytest.fixture
def collector(folder):
    return make_collector(folder)


@pytest.fixture
def client(collector):
    return client_of(collector)


@pytest.fixture
def wave(session):
    make_organisation(session, SIZES)
    return make_draft(session)


@pytest.fixture
def opened(session, wave, client, keys):
    """An open wave and its letters."""
    return wave, open_wave(session, wave, client, keys=keys)


def answer_all(collector, wave, letters, *, rating: str = "4") -> int:
    """Use every code but one of each group."""
    used = [code for group in letters.groups for code in group.codes[:-1]]
    for code in used:
        assert answer(collector, wave, code, discretion=rating) == 200
    return len(used)


def test_small_teams_are_counted_together(opened):
    """East (3) and West (5) are one counting group of eight; larger teams stand alone."""
    _, letters = opened

    found = {group.label: group.n_eligible for group in letters.groups}

    assert found == {"North": 12, "South": 9, "East + West": 8}


def test_there_are_as_many_codes_as_eligible_people(session, opened):
    """Each group has a code for each of its people, and no code twice."""
    wave, letters = opened

    assert all(len(group.codes) == group.n_eligible for group in letters.groups)
    assert len({code for group in letters.groups for code in group.codes}) == 29
    assert session.scalar(select(func.count()).select_from(RosterEntry)) == 29


def test_an_organisation_too_small_is_refused_with_the_number_needed(session, client, keys):
    """Seven people cannot hold a wave, and nothing is left of the attempt."""
    make_organisation(session, {"Only": 7})
    wave = make_draft(session)

    with pytest.raises(NotEnoughPeople, match="7 people are eligible; a wave needs 8"):
        open_wave(session, wave, client, keys=keys)

    session.rollback()
    assert wave.state is State.DRAFT
    assert session.scalars(select(OutboxMail)).all() == []


def test_the_roster_stays_as_it_was_at_opening(session, opened):
    """Somebody who moves or joins later changes neither roster nor groups."""
    wave, _ = opened
    moved = session.scalars(select(Membership)).first()
    before = session.get(RosterEntry, (wave.id, moved.person_id)).team_id

    moved.until_on = TODAY + timedelta(days=1)
    make_person(session, team=moved.team, started_on=TODAY)
    session.commit()

    assert session.get(RosterEntry, (wave.id, moved.person_id)).team_id == before
    assert session.scalar(select(func.count()).select_from(RosterEntry)) == 29


def test_only_people_in_a_team_on_that_day_are_eligible(session, client, wave, keys):
    """Who has left, has not begun or sits in no team gets no letter."""
    north, *others = session.scalars(select(Person).where(Person.name.startswith("North")))
    north.ended_on = TODAY
    others[0].memberships[0].until_on = TODAY
    others[1].memberships[0].from_on = others[1].started_on = TODAY + timedelta(days=1)
    make_person(session)
    session.commit()

    letters = open_wave(session, wave, client, keys=keys)

    assert letters.n == 26


def test_everybody_with_an_address_is_invited_once_and_told_their_group(
    session, wave, client, keys
):
    """The mail names the group and its size, the address and the day, and holds no code."""
    session.scalars(select(Person)).first().email = None
    session.commit()

    letters = open_wave(session, wave, client, keys=keys)

    mails = session.scalars(select(OutboxMail)).all()
    east = session.scalar(select(Person.email).where(Person.name == "East 0"))
    (mail,) = [mail for mail in mails if mail.recipient == east]
    assert len(mails) == 28
    assert '"East + West": 8 people' in mail.body
    assert f"http://localhost:8001/w/{wave.key}" in mail.body
    assert "9 March 2026" in mail.body
    drawn = {code for group in letters.groups for code in group.codes}
    assert not any(code in mail.body.replace("-", "") for code in drawn for mail in mails)


def test_the_questionnaire_is_frozen_at_opening(session, opened):
    """Nobody can reword what people are answering."""
    wave, _ = opened

    with pytest.raises(Conflict, match="Begin a new version"):
        survey_versions.retire_item(wave.survey_version, "tools")


def test_nothing_stored_holds_a_code_or_its_digest(
    session, settings, collector, opened, caplog, keys
):
    """Neither code nor digest is in the database, its log or what the program logged."""
    wave, letters = opened
    drawn = [code for group in letters.groups for code in group.codes]
    answer_all(collector, wave, letters)
    handover.close_wave(session, wave.id, collector=client_of(collector), keys=keys, now=NOW)

    kept = _everything_stored(session, settings.database_url) + caplog.text.encode()

    traces = [
        trace
        for code in drawn
        for trace in (
            code,
            code_letters.printed(code),
            code[:-1],
            code_letters.digest(wave.key, code),
        )
    ]
    assert [t for t in traces if t.lower().encode() in kept.lower()] == []
    assert wave.key.encode() in kept  # the search does find what is there


def _everything_stored(session, url: str) -> bytes:
    session.commit()
    if not url.startswith("sqlite"):
        tables = Wave.metadata.sorted_tables
        rows = [str(tuple(row)) for table in tables for row in session.execute(select(table))]
        return "\n".join(rows).encode()
    path = Path(url.removeprefix("sqlite:///"))
    return b"".join(p.read_bytes() for p in sorted(path.parent.glob(f"{path.name}*")))


def test_answers_become_a_release(session, collector, client, opened, folder, keys):
    """What people sent at the collector comes back as counts of the groups."""
    wave, letters = opened
    n = answer_all(collector, wave, letters)

    handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)

    document = json.loads(wave.release.document)
    assert wave.state is State.RELEASED
    assert document["n_responses"] == n == 26
    assert {(c["label"], c["n"]) for c in document["cells"]} == {
        ("North", 11),
        ("South", 8),
        ("East + West", 7),
    }
    assert not list((folder / wave.key).glob("answers*"))


def test_the_same_release_again_is_nothing(session, client, opened, keys):
    """Importing the very document that is kept is a success without effect."""
    wave, _ = opened
    content = close_at_collector(session, wave, client, keys=keys)
    assert waves.import_release(session, wave, content, now=NOW)
    pretty = json.dumps(json.loads(content), indent=2).encode()

    assert not waves.import_release(session, wave, pretty, now=NOW)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ({"n_responses": 0, "closed_on": "2026-03-03"}, "another release already"),
        ({"wave": "w-other"}, "another wave"),
        ({"opening_sha256": "0" * 64}, "another opening"),
        (
            {"thresholds": {"profile": "default", "k": 6, "k_group": 8, "k_comment": 10}},
            "other thresholds",
        ),
    ],
    ids=["other content", "other wave", "other opening", "other thresholds"],
)
def test_a_different_release_is_refused(session, client, opened, spoil, sentence, keys):
    """What a wave has released stays; foreign documents are not taken for it."""
    wave, _ = opened
    content = close_at_collector(session, wave, client, keys=keys)
    waves.import_release(session, wave, content, now=NOW)

    with pytest.raises(DifferentDocument, match=sentence):
        waves.import_release(session, wave, canonical({**json.loads(content), **spoil}), now=NOW)


def test_an_extension_reaches_the_collector(session, client, opened, collector):
    """The later day is shown where people answer."""
    wave, _ = opened

    handover.extend_wave(
        session, wave.id, closes_on=date(2026, 3, 20), collector=client, today=TODAY
    )

    assert wave.closes_on == date(2026, 3, 20)
    assert "20 March 2026" in collector.test_client().get(f"/w/{wave.key}").text


def test_an_extension_to_an_earlier_day_is_refused(session, client, opened):
    """A wave can only be made longer."""
    wave, _ = opened

    with pytest.raises(WrongState, match="made longer"):
        handover.extend_wave(session, wave.id, closes_on=CLOSES_ON, collector=client, today=TODAY)


def test_a_cancelled_wave_destroys_its_answers_unread(
    session, client, opened, collector, folder, keys
):
    """Nothing can be closed or released afterwards, and the collector has no answers left."""
    wave, letters = opened
    answer_all(collector, wave, letters)

    handover.cancel_wave(session, wave.id, collector=client, keys=keys, now=NOW)

    assert wave.state is State.CANCELLED
    assert not list((folder / wave.key).glob("answers*"))
    with pytest.raises(WrongState, match="cancelled"):
        handover.close_wave(session, wave.id, collector=client, keys=keys, now=NOW)


def test_a_draft_is_cancelled_without_the_collector(session, wave, keys):
    """A wave that was never opened needs nobody else."""
    handover.cancel_wave(
        session, wave.id, collector=Flaky(None, "", after=False), keys=keys, now=NOW
    )

    assert wave.state is State.CANCELLED


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"title": "  "}, Unusable),
        ({"closes_on": TODAY - timedelta(days=1)}, WrongState),
        ({"profile": "none"}, Unusable),
        ({"rights": "none"}, Unusable),
    ],
    ids=["no title", "closes before it opens", "unknown profile", "unknown rights"],
)
def test_a_plan_that_cannot_be_is_refused(session, change, refusal):
    """A draft has a title, days in order and a known profile."""
    with pytest.raises(refusal):
        make_draft(session, **change)


def test_the_strict_profile_asks_for_more_answers(session):
    """Eight answers instead of five."""
    assert make_draft(session, profile="strict").k == 8


def test_an_open_wave_cannot_be_planned_anew(session, opened):
    """Title, days and thresholds of an open wave are what people were told."""
    wave, _ = opened

    with pytest.raises(Conflict, match="no draft any more"):
        waves.edit(
            wave,
            title="Other",
            survey_version=wave.survey_version,
            opens_on=wave.opens_on,
            closes_on=wave.closes_on,
            profile="strict",
            rights="letters",
        )


def test_groups_are_kept_for_the_pages(session, opened):
    """Label and size of each group stay with the wave."""
    wave, _ = opened

    kept = session.scalars(select(CountingGroup).where(CountingGroup.wave_id == wave.id)).all()

    assert {(group.label, group.n_eligible) for group in kept} == {
        ("North", 12),
        ("South", 9),
        ("East + West", 8),
    }
