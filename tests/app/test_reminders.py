"""app.services.reminders: who is reminded, once each, and that nobody learns who that was."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app import handover, tick
from app.models import OutboxMail, Person
from app.services import outbox, reminders, wave_mails
from tests.app.pulse import (
    CLOSES_ON,
    INSTALLATION,
    NOW,
    TODAY,
    client_of,
    make_collector,
    make_draft,
    make_organisation,
    open_wave,
    people_on,
    take_ballot,
)
from tests.factories import make_staff

pytestmark = pytest.mark.database

HALF_WAY = date(2026, 3, 5)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


@pytest.fixture
def client(tmp_path):
    return client_of(make_collector(tmp_path / "collector"))


@pytest.fixture
def wave(session, client, keys):
    """An open wave: Office and Shop answer by ballot, Crew by letter; a crew's boss has mail."""
    make_organisation(session, {"Office": 9, "Shop": 8, "Crew": 8})
    for person in session.scalars(select(Person).where(Person.name.startswith("Crew"))):
        person.email = None
    wave = make_draft(session, rights="ballots")
    open_wave(session, wave, client, keys=keys)
    session.execute(OutboxMail.__table__.delete())
    session.commit()
    return wave


@pytest.fixture
def remind(session, keys):
    """Let the reminding of one day pass."""

    def remind(day: date, *, has_mail_server: bool = True) -> int:
        n = reminders.remind(
            session,
            installation=INSTALLATION,
            keys=keys,
            has_mail_server=has_mail_server,
            now=at(day),
        )
        session.commit()
        return n

    return remind


def written_to(session) -> list[str]:
    return sorted(session.scalars(select(OutboxMail.recipient)))


def with_accounts(session, wave) -> list[Person]:
    return [person for person in people_on(session, wave) if person.email]


@pytest.mark.parametrize(
    ("opens_on", "closes_on", "due_on"),
    [
        (date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 5)),
        (date(2026, 3, 2), date(2026, 3, 6), date(2026, 3, 4)),
        (date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 3)),
        (date(2026, 3, 2), date(2026, 3, 4), None),
        (date(2026, 3, 2), date(2026, 3, 2), None),
    ],
)
def test_half_way_is_the_middle_of_the_days_for_answers(opens_on, closes_on, due_on):
    """In waves of less than four days the last day's reminder is enough."""
    assert reminders.half_way(opens_on=opens_on, closes_on=closes_on) == due_on


def test_half_way_those_without_a_ballot_are_reminded_once(session, wave, keys, remind):
    """Whoever took one is left alone, letters have no ballots, and the next tick adds nothing."""
    people = with_accounts(session, wave)
    for person in people[:5]:
        take_ballot(session, wave, person, keys=keys)

    assert remind(HALF_WAY - timedelta(days=1)) == 0
    assert remind(HALF_WAY) == 1
    assert remind(HALF_WAY) == 0
    assert remind(HALF_WAY + timedelta(days=1)) == 0

    assert written_to(session) == sorted(person.email for person in people[5:])


def test_the_reminder_says_how_to_stop_it_and_that_nobody_sees_anything(session, wave, remind):
    """Taking a ballot and putting it aside is the way, and equal to any other."""
    remind(HALF_WAY)

    body = " ".join(session.scalars(select(OutboxMail.body)).first().split())

    for words in (
        "take the ballot and put it aside",
        "nobody can tell the one from the other",
        "keeps no list of whom it went to",
        "Nobody, HR included, can see whether you have answered.",
        f"{INSTALLATION.application}/ballot/{wave.key}",
    ):
        assert words in body


def test_on_the_last_day_everybody_with_an_address_is_reminded(session, wave, keys, remind):
    """Also who took a ballot, because nobody knows what became of it."""
    people = with_accounts(session, wave)
    for person in people:
        take_ballot(session, wave, person, keys=keys)
    crew = next(person for person in people_on(session, wave) if not person.email)
    crew.email = "boss@example.org"
    session.commit()

    assert remind(CLOSES_ON) == 1
    assert remind(CLOSES_ON) == 0

    assert written_to(session) == sorted([*(p.email for p in people), "boss@example.org"])
    bodies = dict(session.execute(select(OutboxMail.recipient, OutboxMail.body)).all())
    assert "Draw a code letter" in bodies["boss@example.org"]
    assert "Everybody gets this mail" in bodies[people[0].email]


def test_a_wave_that_was_put_off_has_another_last_day(session, wave, client, remind):
    """Who was told that today is the last day is told of the new one too."""
    remind(CLOSES_ON)
    later = CLOSES_ON + timedelta(days=4)
    handover.extend_wave(session, wave.id, closes_on=later, collector=client, today=CLOSES_ON)

    assert remind(later) == 1
    assert len(written_to(session)) == 2 * 17


def test_without_a_mail_server_nobody_is_reminded_half_way(session, wave, remind):
    """In the outbox those mails would lie until the wave closes and tell who has no ballot."""
    assert remind(HALF_WAY, has_mail_server=False) == 0
    assert written_to(session) == []

    assert remind(CLOSES_ON, has_mail_server=False) == 1


def test_nobody_is_reminded_before_the_first_day_or_of_letters(
    session, wave, client, keys, remind
):
    """Early ballots need no push, and where everybody has a letter there is no ballot to take."""
    early = make_draft(
        session,
        rights="ballots",
        opens_on=TODAY + timedelta(days=20),
        closes_on=TODAY + timedelta(days=30),
    )
    letters = make_draft(session, rights="letters")
    for one in (early, letters):
        open_wave(session, one, client, keys=keys)
    session.execute(OutboxMail.__table__.delete())

    remind(HALF_WAY)

    assert early.reminded_on is None
    assert letters.reminded_on is None
    assert len(written_to(session)) == 17


@pytest.mark.parametrize("end", ["close", "cancel"])
def test_reminders_end_with_the_wave(session, wave, client, keys, remind, end):
    """What has not left is withdrawn, and a wave that is over reminds nobody."""
    remind(HALF_WAY)
    given = {"collector": client, "keys": keys, "now": NOW}

    {"close": handover.close_wave, "cancel": handover.cancel_wave}[end](session, wave.id, **given)

    assert written_to(session) == []
    assert remind(CLOSES_ON) == 0


@pytest.mark.parametrize("end", ["close", "cancel"])
def test_nothing_of_withdrawn_reminders_stays_in_the_database(
    session, settings, wave, client, keys, remind, end
):
    """Mails that could never leave are overwritten when the wave ends, like those that did."""
    remind(HALF_WAY)
    assert b"your ballot is waiting" in bytes_of_outbox(session, settings)
    given = {"collector": client, "keys": keys, "now": NOW}

    {"close": handover.close_wave, "cancel": handover.cancel_wave}[end](session, wave.id, **given)

    assert b"your ballot is waiting" not in bytes_of_outbox(session, settings)


def test_what_a_reader_held_up_is_cut_off_by_the_next_tick(session, settings, wave, remind):
    """A write-ahead log cannot be cut off while somebody reads; the rows may not stay for good."""
    if not settings.database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL has no such log that could be cut off")
    remind(HALF_WAY)
    session.execute(OutboxMail.__table__.delete())
    session.commit()
    assert b"your ballot is waiting" in bytes_of_outbox(session, settings)

    tick.tidy(session, settings, at(HALF_WAY))

    assert b"your ballot is waiting" not in bytes_of_outbox(session, settings)


def bytes_of_outbox(session, settings) -> bytes:
    """Read the files in which the database keeps mails."""
    session.commit()
    if settings.database_url.startswith("sqlite"):
        path = Path(settings.database_url.removeprefix("sqlite:///"))
        return b"".join(p.read_bytes() for p in path.parent.glob(f"{path.name}*"))
    session.execute(text("CHECKPOINT"))
    folder = session.scalar(text("SELECT current_setting('data_directory')"))
    name = session.scalar(text("SELECT pg_relation_filepath('outbox_mails')"))
    session.commit()
    return (Path(folder) / name).read_bytes()


def test_the_numbers_of_mails_do_not_count_reminders(session, wave, remind):
    """A gap between two mails, whose addresses hold their numbers, would tell how many left."""
    first, second = (
        {"dedup_key": key, "recipient": "eve@example.org", "subject": "Hi", "body": "!"}
        for key in ("first", "second")
    )
    outbox.enqueue(session, **first, now=NOW)
    remind(HALF_WAY)
    outbox.enqueue(session, **second, now=NOW)

    numbers = dict(session.execute(select(OutboxMail.dedup_key, OutboxMail.id)).all())

    assert numbers["second"] == numbers["first"] + 1
    assert len(numbers) == 19


@pytest.mark.parametrize("end", ["close", "cancel"])
def test_counts_of_issued_rights_end_with_the_wave(session, wave, client, keys, end):
    """They are the guardian's alone, whichever way a wave ends."""
    take_ballot(session, wave, with_accounts(session, wave)[0], keys=keys)
    handover.end_issuing(session, wave.id, keys=keys, now=NOW)
    assert [group.n_issued for group in wave.groups] != [None] * 3
    given = {"collector": client, "keys": keys, "now": NOW}

    {"close": handover.close_wave, "cancel": handover.cancel_wave}[end](session, wave.id, **given)

    session.expire_all()
    assert [group.n_issued for group in wave.groups] == [None] * 3


def test_nobody_sees_in_the_outbox_who_was_reminded(session, wave, visitor, remind):
    """Neither the list nor its count nor the address of the mail shows a reminder."""
    ada = visitor.sign_in(make_staff(session, "administrator"))
    before = ada.get("/outbox").main
    remind(HALF_WAY)
    ids = session.scalars(select(OutboxMail.id)).all()

    assert ada.get("/outbox").main == before
    for mail_id in ids:
        ada.get(f"/outbox/{mail_id}", status=404)
        ada.post(f"/outbox/{mail_id}/try-again", status=404)
    assert len(ids) == 17


def test_a_reminder_that_was_sent_leaves_nothing_behind(
    session,
    settings,
    wave,
    keys,
    run,
    postbox,
):
    """The mail reaches those without a ballot; no row, no count and no sentence tells of it."""
    people = with_accounts(session, wave)
    for person in people[:16]:
        take_ballot(session, wave, person, keys=keys)

    outcome = run(postbox.url, now=at(HALF_WAY))

    session.expire_all()
    assert [recipient for recipient, _ in postbox.received] == [people[16].email]
    assert session.scalars(select(OutboxMail)).all() == []
    assert outcome.done == ("Wrote the reminders of 1 wave.",)
    assert outcome.failed == ()
    if settings.database_url.startswith("sqlite"):
        path = Path(settings.database_url.removeprefix("sqlite:///"))
        session.commit()
        kept = b"".join(p.read_bytes() for p in path.parent.glob(f"{path.name}*"))
        assert b"your ballot is waiting" not in kept
        assert b"March pulse" in kept  # the search does find what is there


def test_a_reminder_that_cannot_be_sent_is_not_counted(
    session,
    wave,
    run,
    postbox,
):
    """The tick says that some are left, and not how many."""
    for person in with_accounts(session, wave):
        person.email = person.email.replace("@", "@refused.example/").partition("/")[0]
    session.commit()
    given = {"recipient": "eve@example.org", "subject": "Hi", "body": "!", "now": NOW}
    outbox.enqueue(session, dedup_key="k", **given)

    outcome = run(postbox.url, now=at(HALF_WAY))

    assert outcome.done[1:] == ("Sent 1 mail. Not all reminders could be sent yet.",)


def test_a_tick_that_dies_while_reminding_reminds_once(session, wave, remind, monkeypatch):
    """The day is noted in the transaction that writes the mails."""
    with monkeypatch.context() as patch:
        patch.setattr(wave_mails, "remind", _die)
        with pytest.raises(OSError, match="power cut"):
            remind(HALF_WAY)
    session.rollback()
    assert (wave.reminded_on, written_to(session)) == (None, [])

    remind(HALF_WAY)

    assert (wave.reminded_on, len(written_to(session))) == (HALF_WAY, 17)


def _die(*arguments, **options) -> None:
    raise OSError("power cut")


def test_reminding_is_a_deed_of_the_tick():
    """It comes before the mail is sent, and after waves that are over were closed."""
    deeds = list(tick.DEEDS)

    places = [deeds.index(d) for d in ("closing waves", "reminding people", "sending mail")]
    assert places == sorted(places)
