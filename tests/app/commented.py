"""A released wave with comments, for tests of what HR does with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from app.models import Wave
from tests.app.released import make_release, store_release

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
SALES, CARE = "Sales", "Care"
SECOND = {"key": "wish", "text": "What would you change first?", "type": "comment"}
WRITTEN: Mapping[str, Mapping[str, Sequence[str]]] = {
    SALES: {
        "comment": [
            "Shift plans come too late.",
            "Späte SCHICHT, kein Plan",
            "=cmd|'/c calc'!A1",
            "Thank you\u202egnp.exe\u2066!",
            "Plans, plans, plans",
            "The plan of the canteen",
        ],
        "wish": ["Planning a month ahead", "Nothing"],
    },
    CARE: {"comment": ["<b>More</b> tools, please.", "Naïve façades"], "wish": []},
}


def thread_of(text: str) -> str:
    """Name the thread of a comment in these tests."""
    return sha256(text.encode()).hexdigest()


def release_with_comments(
    written: Mapping[str, Mapping[str, Sequence[str]]] = WRITTEN, **columns: Any
) -> dict[str, Any]:
    """Put comments on two questions into a release; those of Care came without threads."""
    release = make_release(**columns)
    release["questionnaire"]["items"].append(SECOND)
    for cell in release["comments"]["cells"]:
        cell["items"] = {
            item: [
                {"text": text, "thread": thread_of(text) if cell["label"] == SALES else None}
                for text in texts
            ]
            for item, texts in written[cell["label"]].items()
        }
    return release


def store_comments(session: Session, release: Mapping[str, Any] | None = None) -> Wave:
    """Keep a release with comments whose wave is over at the collector too."""
    wave = store_release(session, release or release_with_comments())
    wave.opened_at = wave.closed_at = wave.released_at = NOW
    session.commit()
    return wave
