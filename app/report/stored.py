"""Finished reports for views: read from the database, or made by another process first."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from app.queries.reports import ReportKey, stored_report

PATIENCE_SECONDS = 120


class ReportNotMade(RuntimeError):
    """The process that makes reports failed; its own words are in the log."""


def finished_report(session: Session, key: ReportKey) -> dict[str, Any]:
    """
    Read a report, made now by a process of its own if nobody has made it yet.

    The tick makes reports before anybody asks, so waiting here is the exception.
    """
    document = stored_report(session, key)
    if document is None:
        session.rollback()
        _make(key)
        document = stored_report(session, key)
    if document is None:
        raise ReportNotMade(f"The {key.kind} report was not stored.")
    return document


def _make(key: ReportKey) -> None:
    settings = current_app.config["SETTINGS"]
    command = [sys.executable, "-m", "app.cli", "report", "make", key.kind]
    subprocess.run(  # noqa: S603 - our own program with words of our own
        [*command, *([key.subject] if key.subject else [])],
        env=settings.to_env(),
        check=True,
        timeout=PATIENCE_SECONDS,
        stdin=subprocess.DEVNULL,
        cwd=current_app.root_path + "/..",
    )
