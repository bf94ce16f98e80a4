"""Tags that HR gives to released comments, to find those of one matter again."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.models import CommentTag, Wave
from app.services.errors import Unusable
from surveys.texts import folded, without_hidden_marks

LONGEST, MOST = 40, 10


def known_tags(session: Session) -> list[str]:
    """List every tag that was ever given, to be proposed again."""
    return sorted(session.scalars(select(CommentTag.tag).distinct()), key=folded)


def add_tag(session: Session, wave: Wave, number: int, *, tag: str) -> str:
    """
    Give the comment of this number a tag, and return it as it is written.

    One that differs from a known tag in nothing but case and accents is that tag.
    """
    plain = " ".join(without_hidden_marks(tag).split())
    if not plain:
        raise Unusable("Type a tag: a word or two for what the comment is about.")
    if len(plain) > LONGEST:
        raise Unusable(f"Use at most {LONGEST} characters for a tag.")
    alike = (known for known in known_tags(session) if folded(known) == folded(plain))
    plain = next(alike, plain)
    given = session.scalars(
        select(CommentTag.tag).where(CommentTag.wave_id == wave.id, CommentTag.number == number)
    ).all()
    if plain in given:
        return plain
    if len(given) >= MOST:
        raise Unusable(f"A comment has at most {MOST} tags. Remove one first.")
    session.add(CommentTag(wave_id=wave.id, number=number, tag=plain))
    session.flush()
    return plain


def remove_tag(session: Session, wave: Wave, number: int, *, tag: str) -> None:
    """Take a tag from a comment; one it has not is fine."""
    session.execute(
        delete(CommentTag).where(
            CommentTag.wave_id == wave.id,
            CommentTag.number == number,
            CommentTag.tag == tag,
        )
    )
