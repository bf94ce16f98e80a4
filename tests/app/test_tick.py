"""The tick and the outbox: mail leaves once, whoever sends it and whatever breaks."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import tick
from app.models import OutboxMail, SignIn
from app.services import accounts, mail, outbox, sign_ins
from tests.app.ticking import NOW, free_port
from tests.factories import make_person

pytestmark = pytest.mark.database


def write(session, recipient="eve@example.org", key="k1", body="Grüße\n", subject="Hello"):
    return outbox.enqueue(
        session, dedup_key=key, recipient=recipient, subject=subject, body=body, now=NOW
    )


def test_an_occasion_writes_its_mail_once(session):
    """The same key is one mail, however often it is written."""
    assert write(session) is True
    assert write(session, body="again") is False

    assert [mail.body for mail in session.scalars(select(OutboxMail))] == ["Grüße\n"]


def test_mail_is_sent_once_and_its_text_forgotten(run, session, postbox):
    """A tick sends what is due; the next has nothing left to send, and no text is kept."""
    write(session)

    first = run(postbox.url)
    second = run(postbox.url)

    assert "Sent 1 mail." in first.done
    assert not [sentence for sentence in second.done if "mail" in sentence]
    ((recipient, content),) = postbox.received
    assert recipient == "eve@example.org"
    assert "Subject: Hello" in content
    session.expire_all()
    mail = session.scalars(select(OutboxMail)).one()
    assert (mail.body, mail.last_error) == ("", "")
    assert mail.sent_at is not None


def test_without_a_mail_server_mail_stays(run, session):
    """Mail waits in the outbox, text and all, where no server is set."""
    write(session)

    run()

    session.expire_all()
    assert session.scalars(select(OutboxMail.body)).one() == "Grüße\n"


def test_one_refused_recipient_does_not_hold_up_the_others(run, session, postbox):
    """A mail that is refused or cannot be written waits longer each time; the rest leave."""
    write(session, key="a", recipient="nobody@refused.example")
    write(session, key="b", subject="Hello\r\nBcc: everybody@example.org")
    write(session, key="c")

    outcome = run(postbox.url)

    assert "Sent 1 mail. 2 mails could not be sent yet." in outcome.done
    assert [recipient for recipient, _ in postbox.received] == ["eve@example.org"]
    session.expire_all()
    refused, broken, _ = session.scalars(select(OutboxMail).order_by(OutboxMail.id))
    assert refused.last_error == "The mail server refused the recipient (550)."
    assert broken.last_error == "The mail cannot be written: its address or subject is wrong."
    assert refused.due_at == NOW + timedelta(minutes=1)


def test_a_dead_mail_server_is_tried_again_with_patience(run, session, postbox):
    """While the server is away, waits double; when it is back the mail leaves."""
    write(session)
    nowhere = f"smtp://127.0.0.1:{free_port()}"
    dues, now = [], NOW
    for _ in range(4):
        run(nowhere, now=now)
        session.expire_all()
        due = session.scalars(select(OutboxMail.due_at)).one()
        dues.append((due - now).total_seconds())
        now = due

    run(postbox.url, now=now)

    assert dues == [60, 120, 240, 480]
    assert len(postbox.received) == 1


def test_a_mail_withdrawn_while_others_are_sent_does_not_leave(
    app, run, session, postbox, monkeypatch
):
    """What is withdrawn after the worker took it is neither sent nor counted as failed."""
    write(session, key="letter:1")
    write(session, key="wave:w-1:2", recipient="ada@example.org")
    compose = mail.compose

    def withdraw_the_other(letter, *, sender):
        with app.extensions["sessions"]() as other:
            outbox.withdraw(other, prefix="wave:w-1:")
            other.commit()
        return compose(letter, sender=sender)

    monkeypatch.setattr(mail, "compose", withdraw_the_other)

    outcome = run(postbox.url)

    assert "Sent 1 mail." in outcome.done
    assert [recipient for recipient, _ in postbox.received] == ["eve@example.org"]


def test_it_is_not_tried_before_its_time(run, session, postbox):
    """A mail that failed is left alone until it is due again."""
    write(session)
    run(f"smtp://127.0.0.1:{free_port()}")

    run(postbox.url, now=NOW + timedelta(seconds=59))

    assert postbox.received == []


def test_workers_share_the_mail(app, session):
    """What one worker has claimed another does not get, until the claim lapses."""
    for number in range(30):
        write(session, key=f"k{number}")
    session.commit()
    with app.extensions["sessions"]() as one, app.extensions["sessions"]() as other:
        first = {mail.id for mail in outbox.claim_due(one, now=NOW, limit=20)}
        one.commit()
        second = {mail.id for mail in outbox.claim_due(other, now=NOW, limit=20)}
        other.commit()
        third = outbox.claim_due(other, now=NOW, limit=20)
        other.commit()
        after = outbox.claim_due(one, now=NOW + outbox.CLAIM, limit=40)

    assert (len(first), len(second), len(third), len(after)) == (20, 10, 0, 30)
    assert not first & second


def test_a_deed_that_fails_does_not_keep_the_others(run, session, postbox, monkeypatch):
    """The failure is told, and the mail leaves all the same."""

    def fail(session, settings, now):
        raise RuntimeError("the sums are wrong")

    monkeypatch.setitem(tick.DEEDS, "adding up answers", fail)
    write(session)

    outcome = run(postbox.url)

    assert outcome.failed == ("adding up answers: RuntimeError: the sums are wrong",)
    assert len(postbox.received) == 1


def test_a_tick_forgets_what_is_past_its_time(run, session):
    """Sign-ins that can no longer be resumed are deleted."""
    person = make_person(session)
    sign_ins.start(session, person, now=NOW - timedelta(hours=13))
    sign_ins.start(session, person, now=NOW - timedelta(minutes=5))

    run()

    assert len(session.scalars(select(SignIn)).all()) == 1


def test_a_reset_link_is_sent_to_known_addresses_only(visitor, session):
    """The page answers alike, and only a known open account gets a mail."""
    known, closed = make_person(session), make_person(session, is_disabled=True)

    answers = {
        visitor.send("/account/forgotten", {"email": email}).location
        for email in (known.email.upper(), closed.email, "nobody@example.org")
    }

    session.commit()
    assert answers == {"/account/forgotten/sent"}
    assert [mail.recipient for mail in session.scalars(select(OutboxMail))] == [known.email]
    assert "If there is an open account" in visitor.get("/account/forgotten/sent").main.text


def test_links_last_thirty_minutes_and_only_the_latest_counts(session):
    """A link ends after half an hour, or when a newer one is made."""
    door = accounts.Door(secret="k" * 32, public_url="http://x", organisation="T")
    person = make_person(session)
    first = accounts.new_password_link(session, person, door=door, now=NOW).rpartition("/")[2]
    second = accounts.new_password_link(session, person, door=door, now=NOW).rpartition("/")[2]

    late = NOW + timedelta(minutes=30)
    in_time = NOW + timedelta(minutes=29)

    with pytest.raises(accounts.SpentLink):
        accounts.person_of_link(session, first, now=NOW)
    with pytest.raises(accounts.SpentLink):
        accounts.person_of_link(session, second, now=late)
    assert accounts.person_of_link(session, second, now=in_time) is person
