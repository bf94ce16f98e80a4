"""Sending mail by SMTP; the only place that opens a connection to a mail server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from urllib.parse import unquote, urlsplit

from app.models import OutboxMail

SECONDS = 30


@contextmanager
def connection(smtp_url: str) -> Iterator[smtplib.SMTP]:
    """
    Open a connection to ``smtp://user:password@host:port`` or ``smtps://...``.

    Over ``smtp://`` the connection is encrypted where the server offers it, and always
    before a password is sent.
    """
    parts = urlsplit(smtp_url)
    host = parts.hostname or "localhost"
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=SECONDS)
    with server:
        server.ehlo()
        if parts.scheme == "smtp" and (server.has_extn("starttls") or parts.username):
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server


def compose(mail: OutboxMail, *, sender: str) -> EmailMessage:
    """Make the message; its id follows from the occasion, so a mail sent twice shows as one."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    host = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{sha256(mail.dedup_key.encode()).hexdigest()[:32]}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message
