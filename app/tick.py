"""
The tick: does whatever is due and nothing twice; any number of workers may call it.

What is due is a query on facts already stored, so there is no queue.  Each deed has a
session of its own, commits its own portions and fails alone.
"""

from __future__ import annotations

import smtplib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from app import conversations, exchange, handover, retaining
from app.config import Settings
from app.installation import Installation
from app.key_folder import KeyFolder
from app.models import OutboxMail
from app.overwriting import overwrite_noted
from app.services import (
    accounts,
    mail,
    outbox,
    reminders,
    retention,
    roll_ups,
    sign_ins,
    spare_keys,
    team_changes,
    throttle,
)

Deed = Callable[[Session, Settings, datetime], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a tick did, and what it could not do and why, in sentences."""

    done: tuple[str, ...]
    failed: tuple[str, ...]


def run(sessions: sessionmaker[Session], settings: Settings, *, now: datetime) -> Outcome:
    """Do everything that is due; a deed that fails does not keep the others from theirs."""
    done, failed = [], []
    for name, deed in DEEDS.items():
        with sessions() as session:
            try:
                sentence = deed(session, settings, now)
                session.commit()
            except Exception as error:  # noqa: BLE001, RUF100 - whatever one deed meets, others go on
                session.rollback()
                failed.append(f"{name}: {type(error).__name__}: {_first_line(error)}")
            else:
                done += [sentence] if sentence else []
    return Outcome(done=tuple(done), failed=tuple(failed))


def close_waves(session: Session, settings: Settings, now: datetime) -> str | None:
    """Close the waves whose last day has passed; those without a connection wait for a file."""
    closings = handover.close_due(
        session,
        collector=exchange.for_settings(settings),
        keys=KeyFolder(Path(settings.key_folder)),
        now=now,
        today=now.date(),
    )
    sentences = []
    if closings.closed:
        sentences.append(f"Closed {_many(len(closings.closed), 'wave', 'waves')}.")
    if closings.waiting:
        n_waiting = _many(len(closings.waiting), "wave waits", "waves wait")
        sentences.append(f"{n_waiting} to be closed: {closings.waiting[0]}")
    return " ".join(sentences) or None


def carry_conversations(session: Session, settings: Settings, now: datetime) -> str | None:
    """
    Take answers to comments to the collector, and fetch replies once a day.

    What is printed of it says nothing of replies: output is kept, with times.
    """
    if not settings.collector_token:
        return None
    carried = conversations.carry_due(
        session, collector=exchange.for_settings(settings), today=now.date()
    )
    sentences = []
    if carried.n_told:
        sentences.append(f"Told the conversations of {_many(carried.n_told, 'wave', 'waves')}.")
    if carried.waiting:
        sentences.append(f"Conversations wait: {carried.waiting[0]}")
    return " ".join(sentences) or None


def remind_people(session: Session, settings: Settings, now: datetime) -> str | None:
    """Remind people of open waves, each of two occasions once; without names or numbers."""
    n_waves = reminders.remind(
        session,
        installation=Installation.of(settings),
        keys=KeyFolder(Path(settings.key_folder)),
        has_mail_server=bool(settings.smtp_url),
        now=now,
    )
    return f"Wrote the reminders of {_many(n_waves, 'wave', 'waves')}." if n_waves else None


def roll_up_answers(session: Session, settings: Settings, now: datetime) -> str | None:
    """Add customers' answers to the sums, a portion at a time."""
    total = 0
    while n := roll_ups.roll_up(session):
        session.commit()
        total += n
    return f"Added {_many(total, 'customer answer', 'customer answers')} up." if total else None


def make_reports(session: Session, settings: Settings, now: datetime) -> str | None:
    """Make the reports that are missing."""
    # Late on purpose: the statistics take seconds to load, and the web must never load them.
    build = import_module("app.reporting.build")
    made = 0
    for key in list(build.due_reports(session, today=now.date())):
        build.build_report(session, key, now=now)
        session.commit()
        made += 1
    return f"Made {_many(made, 'report', 'reports')}." if made else None


def send_mail(session: Session, settings: Settings, now: datetime) -> str | None:
    """Send the mail that is due; without a mail server it stays in the outbox."""
    if not settings.smtp_url:
        return None
    sent: Counter[str] = Counter()
    while mails := outbox.claim_due(session, now=now):
        claimed = [mail.id for mail in mails]
        session.commit()
        sent += _send(session, claimed, settings, now=now)
    if sent[SENT_UNLISTED]:
        session.commit()
        overwrite_noted(session)
    sentences = []
    if n_sent := sent[SENT]:
        sentences.append(f"Sent {_many(n_sent, 'mail', 'mails')}.")
    if n_failed := sent[FAILED]:
        sentences.append(f"{_many(n_failed, 'mail', 'mails')} could not be sent yet.")
    if sent[FAILED_UNLISTED]:
        sentences.append("Not all reminders could be sent yet.")
    return " ".join(sentences) or None


def keep_to_promises(session: Session, settings: Settings, now: datetime) -> str | None:
    """Remove what is past its time, as often as the settings say."""
    every, today = settings.retention_every_days, now.date()
    if not retention.is_wanted(session, every_days=every, on=today):
        return None
    removed = retaining.run(session, retaining.now_of(settings, at=now))
    if not removed:
        return None
    return f"Removed what was past its time: {'; '.join(entry.words for entry in removed)}."


def make_keys(session: Session, settings: Settings, now: datetime) -> str | None:
    """Make the keys of large waves beforehand, a portion in each tick."""
    n_wanted = spare_keys.n_wanted(session, on=now.date())
    session.commit()  # making them takes a while
    n_made = spare_keys.make_portion(KeyFolder(Path(settings.key_folder)), n_wanted=n_wanted)
    return f"Made {_many(n_made, 'spare key', 'spare keys')}." if n_made else None


def tidy(session: Session, settings: Settings, now: datetime) -> str | None:
    """Forget sign-ins, links, counters and keys that are past their time, and what was deleted."""
    spare_keys.forget_lost(session, keys=KeyFolder(Path(settings.key_folder)), now=now)
    sign_ins.forget_stale(session, now=now)
    accounts.forget_old_links(session, now=now)
    throttle.forget_old(session, now=now)
    session.commit()
    overwrite_noted(session)  # again, in case somebody was reading when a wave ended
    return None


def change_teams(session: Session, settings: Settings, now: datetime) -> str | None:
    """Carry out the changes of the tree of teams whose day has come."""
    due = team_changes.carry_out_due(session, today=now.date())
    n_refused = sum(bool(change.refused) for change in due)
    sentences = []
    if n_done := len(due) - n_refused:
        sentences.append(f"Carried out {_many(n_done, 'change', 'changes')} of the tree of teams.")
    if n_refused:
        sentences.append(f"{_many(n_refused, 'change', 'changes')} no longer fitted.")
    return " ".join(sentences) or None


# In this order: what an earlier deed makes due, a later one does in the same tick.
DEEDS: dict[str, Deed] = {
    "closing waves": close_waves,
    "changing teams": change_teams,
    "carrying conversations": carry_conversations,
    "reminding people": remind_people,
    "adding up answers": roll_up_answers,
    "making reports": make_reports,
    "sending mail": send_mail,
    "tidying": tidy,
    "removing what is past its time": keep_to_promises,
    "making keys": make_keys,
}


# What may become of a mail.
SENT, SENT_UNLISTED, FAILED, FAILED_UNLISTED = "sent", "sent unlisted", "failed", "failed unlisted"
# What concerns one mail and not the connection; a ValueError is a header that cannot be.
REFUSED = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, ValueError)


def _send(
    session: Session, claimed: Sequence[int], settings: Settings, *, now: datetime
) -> Counter[str]:
    """
    Send claimed mails over one connection, noting each outcome.

    Returns how many left and how many could not; one withdrawn since the claim is neither,
    and how many unlisted ones there were is for nobody to know.
    """
    waiting = list(claimed)
    sent: Counter[str] = Counter()
    try:
        with mail.connection(settings.smtp_url) as server:
            while waiting:
                if (letter := outbox.hold(session, waiting[0])) is not None:
                    try:
                        server.send_message(mail.compose(letter, sender=settings.mail_from))
                    except REFUSED as error:
                        sent[_mark_failed(letter, error, now=now)] += 1
                        server.rset()
                    else:
                        sent[SENT_UNLISTED if letter.is_unlisted else SENT] += 1
                        outbox.mark_sent(session, letter, now=datetime.now(UTC))
                session.commit()
                waiting.pop(0)
    except (OSError, smtplib.SMTPException) as error:
        for left in waiting:
            if (letter := outbox.hold(session, left)) is not None:
                sent[_mark_failed(letter, error, now=now)] += 1
        session.commit()
    return sent


def _mark_failed(letter: OutboxMail, error: Exception, *, now: datetime) -> str:
    outbox.mark_failed(letter, reason=_reason(error), now=now)
    return FAILED_UNLISTED if letter.is_unlisted else FAILED


def _reason(error: Exception) -> str:
    """Say why a mail did not leave, without the address it was for."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, _ = next(iter(error.recipients.values()))
        return f"The mail server refused the recipient ({code})."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server refused the mail ({error.smtp_code})."
    if isinstance(error, ValueError):
        return "The mail cannot be written: its address or subject is wrong."
    return f"The mail server could not be reached ({type(error).__name__})."


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def _many(n: int, one: str, more: str) -> str:
    return f"{n:,} {one if n == 1 else more}"
