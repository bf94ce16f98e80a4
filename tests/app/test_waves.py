"""app.services.waves and app.handover: a wave from its draft to its release."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import handover
from app.models import CountingGroup, Membership, OutboxMail, Person, Release, RosterEntry, Wave
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
def opened(session, wave, client):
    """An open wave and its letters."""
    return wave, open_wave(session, wave, client)


def counts(session, wave) -> dict:
    """The figures of a release, without the random order of its comments."""
    document = json.loads(session.get(Release, wave.id).document)
    return {name: document[name] for name in ("n_responses", "cells", "pooled")}


def answer_all(collector, wave, letters, *, rating: str = "4") -> int:
    """Use every code but one of each group."""
    used = [code for group in letters.groups for code in group.codes[:-1]]
    for code in used:
        assert answer(collector, wave, code, discretion=rating) == 303
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


def test_an_organisation_too_small_is_refused_with_the_number_needed(session, client):
    """Seven people cannot hold a wave, and nothing is left of the attempt."""
    make_organisation(session, {"Only": 7})
    wave = make_draft(session)

    with pytest.raises(NotEnoughPeople, match="7 people are eligible; a wave needs 8"):
        open_wave(session, wave, client)

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


def test_only_people_in_a_team_on_that_day_are_eligible(session, client, wave):
    """Who has left, has not begun or sits in no team gets no letter."""
    north, *others = session.scalars(select(Person).where(Person.name.startswith("North")))
    north.ended_on = TODAY
    others[0].memberships[0].until_on = TODAY
    others[1].memberships[0].from_on = others[1].started_on = TODAY + timedelta(days=1)
    make_person(session)
    session.commit()

    letters = open_wave(session, wave, client)

    assert letters.n == 26


def test_everybody_with_an_address_is_invited_once_and_told_their_group(session, wave, client):
    """The mail names the group and its size, the address and the day, and holds no code."""
    session.scalars(select(Person)).first().email = None
    session.commit()

    letters = open_wave(session, wave, client)

    mails = session.scalars(select(OutboxMail)).all()
    east = session.scalar(select(Person.email).where(Person.name == "East 0"))
    (mail,) = [mail for mail in mails if mail.recipient == east]
    assert len(mails) == 28
    assert '"East + West": 8 people' in mail.body
    assert f"http://collector.example:8001/w/{wave.key}" in mail.body
    assert "9 March 2026" in mail.body
    drawn = {code for group in letters.groups for code in group.codes}
    assert not any(code in mail.body.replace("-", "") for code in drawn for mail in mails)


def test_the_questionnaire_is_frozen_at_opening(session, opened):
    """Nobody can reword what people are answering."""
    wave, _ = opened

    with pytest.raises(Conflict, match="Begin a new version"):
        survey_versions.retire_item(wave.survey_version, "tools")


def test_nothing_stored_holds_a_code_or_its_digest(session, settings, collector, opened, caplog):
    """Neither code nor digest is in the database, its log or what the program logged."""
    wave, letters = opened
    drawn = [code for group in letters.groups for code in group.codes]
    answer_all(collector, wave, letters)
    handover.close_wave(session, wave.id, collector=client_of(collector), now=NOW)

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


def test_answers_become_a_release(session, collector, client, opened, folder):
    """What people sent at the collector comes back as counts of the groups."""
    wave, letters = opened
    n = answer_all(collector, wave, letters)

    handover.close_wave(session, wave.id, collector=client, now=NOW)

    document = json.loads(wave.release.document)
    assert wave.state is State.RELEASED
    assert document["n_responses"] == n == 26
    assert {(c["label"], c["n"]) for c in document["cells"]} == {
        ("North", 11),
        ("South", 8),
        ("East + West", 7),
    }
    assert not list((folder / wave.key).glob("answers*"))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["close", "acknowledge"])
def test_a_closing_that_breaks_off_goes_on_with_the_same_counts(
    session, collector, client, opened, call, after
):
    """Cut off before or after the collector's answer, closing again ends where it should."""
    wave, letters = opened
    answer_all(collector, wave, letters)
    first = client.close(wave.key)
    flaky = Flaky(client, call, after=after)
    with pytest.raises(OSError, match="cut off"):
        handover.close_wave(session, wave.id, collector=flaky, now=NOW)
    session.rollback()

    handover.close_wave(session, wave.id, collector=flaky, now=NOW)

    assert wave.state is State.RELEASED
    assert wave.release.document.encode() == first


def test_a_closing_whose_import_was_lost_goes_on(session, collector, client, opened, monkeypatch):
    """If the application dies before it commits the release, nothing of it is kept."""
    wave, letters = opened
    answer_all(collector, wave, letters)
    with monkeypatch.context() as patch:
        patch.setattr(session, "commit", _die)
        with pytest.raises(OSError, match="power cut"):
            handover.close_wave(session, wave.id, collector=client, now=NOW)
    session.rollback()
    assert (wave.state, wave.release) == (State.OPEN, None)

    handover.close_wave(session, wave.id, collector=client, now=NOW)

    assert (wave.state, counts(session, wave)["n_responses"]) == (State.RELEASED, 26)


def _die() -> None:
    raise OSError("power cut")


def test_closing_twice_is_closing_once(session, client, opened):
    """A second press of the button changes nothing."""
    wave, _ = opened
    handover.close_wave(session, wave.id, collector=client, now=NOW)
    document = wave.release.document

    handover.close_wave(session, wave.id, collector=client, now=NOW + timedelta(days=1))

    assert wave.release.document == document
    assert wave.closed_at == NOW


def test_the_same_release_again_is_nothing(session, client, opened):
    """Importing the very document that is kept is a success without effect."""
    wave, _ = opened
    content = client.close(wave.key)
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
def test_a_different_release_is_refused(session, client, opened, spoil, sentence):
    """What a wave has released stays; foreign documents are not taken for it."""
    wave, _ = opened
    content = client.close(wave.key)
    waves.import_release(session, wave, content, now=NOW)

    with pytest.raises(DifferentDocument, match=sentence):
        waves.import_release(session, wave, canonical({**json.loads(content), **spoil}), now=NOW)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_opening_that_breaks_off_is_voided_by_the_next(session, client, wave, collector, after):
    """Cut off while the collector is told, the wave is a draft and opens under another key."""
    with pytest.raises(OSError, match="cut off"):
        open_wave(session, wave, Flaky(client, "open", after=after))
    session.rollback()
    lost = wave.key
    assert (wave.state, wave.groups, wave.opening) == (State.DRAFT, [], None)
    assert session.scalars(select(OutboxMail)).all() == []

    letters = open_wave(session, wave, client)

    assert wave.state is State.OPEN
    assert wave.key != lost
    assert answer(collector, wave, letters.groups[0].codes[0]) == 303
    assert collector.test_client().get(f"/w/{lost}").status_code in {404, 410}


def test_a_wave_is_opened_once(session, client, opened):
    """A second press of the button is refused and voids nothing."""
    wave, letters = opened

    with pytest.raises(WrongState, match="open already"):
        open_wave(session, wave, client)

    assert (wave.state, wave.key) == (State.OPEN, letters.wave)


def test_a_wave_read_before_somebody_moved_it_is_not_moved_again(session, app, client, opened):
    """Of two who cancel and extend at once the slower one is told; nothing is overwritten."""
    wave, _ = opened
    with app.extensions["sessions"](expire_on_commit=False) as other:
        stale = waves.find(other, wave.id)
        other.commit()
        handover.cancel_wave(session, wave.id, collector=client, now=NOW)

        with pytest.raises(Conflict, match="Somebody else"):
            waves.extend(other, stale, closes_on=date(2026, 3, 20), collector=client, today=TODAY)


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


def test_a_cancelled_wave_destroys_its_answers_unread(session, client, opened, collector, folder):
    """Nothing can be closed or released afterwards, and the collector has no answers left."""
    wave, letters = opened
    answer_all(collector, wave, letters)

    handover.cancel_wave(session, wave.id, collector=client, now=NOW)

    assert wave.state is State.CANCELLED
    assert not list((folder / wave.key).glob("answers*"))
    with pytest.raises(WrongState, match="cancelled"):
        handover.close_wave(session, wave.id, collector=client, now=NOW)


def test_a_draft_is_cancelled_without_the_collector(session, wave):
    """A wave that was never opened needs nobody else."""
    handover.cancel_wave(session, wave.id, collector=Flaky(None, "", after=False), now=NOW)

    assert wave.state is State.CANCELLED


def test_the_tick_closes_what_has_run_out_and_nothing_else(session, client, opened):
    """On the closing day a wave is still open; the day after it is closed, once."""
    wave, _ = opened

    def tick(today: date) -> handover.Closings:
        return handover.close_due(session, collector=client, now=NOW, today=today)

    assert tick(CLOSES_ON).closed == ()
    assert tick(CLOSES_ON + timedelta(days=1)).closed == (wave.id,)
    assert tick(CLOSES_ON + timedelta(days=1)).closed == ()


def test_the_tick_goes_on_with_a_closing_that_broke_off(session, client, opened):
    """A release that was kept but not acknowledged is acknowledged by the next tick."""
    wave, _ = opened
    with pytest.raises(OSError, match="cut off"):
        handover.close_wave(
            session, wave.id, collector=Flaky(client, "acknowledge", after=False), now=NOW
        )
    session.rollback()
    assert wave.state is State.CLOSED

    handover.close_due(session, collector=client, now=NOW, today=TODAY)

    assert wave.state is State.RELEASED


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"title": "  "}, Unusable),
        ({"closes_on": TODAY - timedelta(days=1)}, WrongState),
        ({"profile": "none"}, Unusable),
    ],
    ids=["no title", "closes before it opens", "unknown profile"],
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
