"""What HR of the demo makes of the comments of the newest released wave: tags and answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from app.demo.actions import HR
from app.models import Wave
from app.queries.comments import comments_of
from app.services import comment_tags, people, threads

# Part of a comment, and the tag that comments with it get.
TAGS: Mapping[str, str] = {
    "ticket screen": "tools",
    "printer list": "tools",
    "navigation": "tools",
    "weekly hand-over": "working together",
    "promises to customers": "working together",
    "Shift plans": "shift plans",
}
# Part of a comment, and what HR answers to the first that has it.
ANSWERS: Mapping[str, str] = {
    "Shift plans": (
        "Thank you. From next month plans are made four weeks ahead. Which days are the "
        "hardest for you? You need not say where you work."
    ),
    "printer list": "The list is put right now. Thank you for telling us.",
    "last month's answers": (
        "You are right, we did not say. What was decided stands under Actions since this "
        "week, also what we will not do and why."
    ),
}


def take_up_comments(session: Session, wave: Wave, *, today: date) -> None:
    """Tag what people wrote in a released wave and answer a few of them."""
    writer = people.find_by_email(session, HR)
    if writer is None:
        raise AssertionError("HR is hired before anybody writes")
    unanswered = dict(ANSWERS)
    for comment in comments_of(session, wave).comments:
        for part, tag in TAGS.items():
            if part in comment.text:
                comment_tags.add_tag(session, wave, comment.number, tag=tag)
        for part in [part for part in unanswered if part in comment.text and comment.thread]:
            threads.answer(
                session,
                wave,
                comment.thread or "",
                text=unanswered.pop(part),
                n_seen=0,
                person_id=writer.id,
                today=today,
            )
    session.commit()
