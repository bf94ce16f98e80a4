"""Claims: rows that one worker takes and the others pass over."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session


def run_once(session: Session, rows: Select[int]) -> Select[int]:
    """
    Have a subquery with a limit run once for a whole statement.

    PostgreSQL may run a plain one again for each row, and so past its limit; SQLite runs it
    once anyway, and its driver begins no transaction for what starts with ``WITH``.
    """
    if session.get_bind().dialect.name != "postgresql":
        return rows
    once = rows.cte("claimed").prefix_with("MATERIALIZED")
    return select(once.c.id)
