"""What was deleted for good is overwritten; where that broke off, the next tick does it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.database import overwrite_deleted
from app.models import DeletedRows
from app.services import deletions


def overwrite_noted(session: Session) -> None:
    """Leave nothing in the files of the database of what deletions have noted; commit before."""
    waiting = deletions.noted(session)
    session.commit()
    overwrite_deleted(session, *waiting)
    if waiting:
        deletions.settle(session, waiting)
        session.commit()
        overwrite_deleted(session, DeletedRows.__tablename__)
