"""Which teams came of which by splits and mergers."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import TeamChange
from surveys.lineage import Descent


def descents(session: Session) -> list[Descent]:
    """List the splits and mergers that were carried out, in their order."""
    done = session.scalars(
        select(TeamChange)
        .where(TeamChange.kind.in_(("split", "merge")), TeamChange.done_on.is_not(None))
        .order_by(TeamChange.done_on, TeamChange.id)
    )
    return [
        Descent(
            before=frozenset(team.key for team in change.before),
            after=frozenset(team.key for team in change.after),
        )
        for change in done
    ]
