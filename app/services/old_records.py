"""Records that grow old: mail, answers of customers, and sign-ins that no longer work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.models import AccountLink, CustomerResponse, OutboxMail, SignIn, SignInFailure
from app.services import accounts, sign_ins, throttle
from app.services.holdings import PORTION, Holding, Now, Task, dated, end_of, months_after

LISTED = OutboxMail.is_unlisted.is_(False)


def find_mail(session: Session, now: Now) -> Iterator[Holding]:
    """Find the mails in the outbox; how many unlisted ones there are is for nobody to know."""
    span = timedelta(days=now.spans.mail_days)
    return dated(
        session,
        "mail",
        OutboxMail.created_at,
        conditions=(LISTED,),
        due_on=lambda day: day + span,
        last=now.on - span,
    )


def remove_mail(session: Session, holding: Holding, now: Now) -> int:
    """Remove a portion of the old mails, sent or not; unlisted ones go uncounted."""
    is_old = OutboxMail.created_at <= end_of(now.on - timedelta(days=now.spans.mail_days))
    some = session.scalars(select(OutboxMail.id).where(is_old, LISTED).limit(PORTION)).all()
    session.execute(delete(OutboxMail).where(OutboxMail.id.in_(some)))
    session.execute(delete(OutboxMail).where(is_old, ~LISTED))
    return len(some)


def find_customers(session: Session, now: Now) -> Iterator[Holding]:
    """Find the answers of customers that are in the sums, if they are not kept for good."""
    months = now.spans.customer_answers_months
    if not months:
        return iter(())
    return dated(
        session,
        "customers",
        CustomerResponse.answered_on,
        conditions=(CustomerResponse.is_rolled_up.is_(True),),
        due_on=lambda day: months_after(day, months),
        last=months_after(now.on, -months),
    )


def remove_customers(session: Session, holding: Holding, now: Now) -> int:
    """Remove a portion of customers' old answers; the sums they are in stay."""
    last = months_after(now.on, -now.spans.customer_answers_months)
    some = session.scalars(
        select(CustomerResponse.id)
        .where(CustomerResponse.is_rolled_up.is_(True), CustomerResponse.answered_on <= last)
        .limit(PORTION)
    ).all()
    session.execute(delete(CustomerResponse).where(CustomerResponse.id.in_(some)))
    return len(some)


def find_sign_ins(session: Session, now: Now) -> Iterator[Holding]:
    """Find sign-ins, links and counters that no longer work; the tick removes them as well."""
    n = sum(
        session.scalar(select(func.count()).select_from(model).where(condition)) or 0
        for model, condition in (
            (SignIn, sign_ins.is_stale(now.at)),
            (AccountLink, accounts.is_spent(now.at)),
            (SignInFailure, throttle.is_old(now.at)),
        )
    )
    if n:
        yield Holding(kind="sign_ins", n=n, due_on=now.on)


def remove_sign_ins(session: Session, holding: Holding, now: Now) -> int:
    """Remove what no longer works, at once."""
    n = sum(h.n for h in find_sign_ins(session, now))
    sign_ins.forget_stale(session, now=now.at)
    accounts.forget_old_links(session, now=now.at)
    throttle.forget_old(session, now=now.at)
    return n


TASKS = {
    "mail": Task(
        find=find_mail,
        remove=remove_mail,
        words=("recipient and subject of one mail", "recipients and subjects of {n} mails"),
        tables=("outbox_mails",),
    ),
    "customers": Task(
        find=find_customers,
        remove=remove_customers,
        words=("one answer of a customer", "{n} answers of customers"),
        tables=("customer_responses",),
    ),
    "sign_ins": Task(
        find=find_sign_ins,
        remove=remove_sign_ins,
        words=(
            "one sign-in, link or counter that no longer works",
            "{n} sign-ins, links and counters that no longer work",
        ),
        tables=("sign_ins", "account_links", "sign_in_failures"),
    ),
}
