"""Released comments read for pages: searched, filtered, paged, in the order of the release."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import CommentTag, Release, ThreadMessage, Wave
from surveys.questionnaires import Questionnaire
from surveys.questions import Comment as CommentQuestion
from surveys.texts import folded, without_hidden_marks

PER_PAGE = 50
# What stands of a comment's conversation, by whose message is the last.
NO_ANSWER, ANSWERED, REPLIED = "none", "answered", "replied"
STATES = {None: NO_ANSWER, "hr": ANSWERED, "author": REPLIED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """
    One released comment: under which group and question it stands, and what HR made of it.

    `number` is its place in the release.  Nothing else is known of where it came from.
    """

    number: int
    group: str
    item: str
    question: str
    text: str
    thread: str | None
    tags: tuple[str, ...] = ()
    state: str = NO_ANSWER


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """
    All comments of a wave, in the order of its release.

    `least` is the number from which counts are shown, `questions` the wordings by item.
    """

    comments: Sequence[Comment]
    groups: tuple[str, ...]
    questions: Mapping[str, str]
    destroyed: int
    least: int
    k_comment: int

    def count_of(self, n: int) -> str:
        """Write how many comments there are, without telling small numbers apart."""
        return f"fewer than {self.least}" if n < self.least else f"{n:,}"

    @property
    def tag_counts(self) -> list[tuple[str, str]]:
        """List the tags with how often they were given."""
        counts = Counter(tag for comment in self.comments for tag in comment.tags)
        return [(tag, self.count_of(counts[tag])) for tag in sorted(counts, key=folded)]

    @property
    def answered(self) -> tuple[str, str] | None:
        """Say how many comments are answered, and of how many; nothing where that are too few."""
        if len(self.comments) < self.least:
            return None
        n = sum(comment.state != NO_ANSWER for comment in self.comments)
        return self.count_of(n), self.count_of(len(self.comments))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which comments are asked for; empty means any."""

    words: str = ""
    tag: str = ""
    item: str = ""
    state: str = ""

    @property
    def is_everything(self) -> bool:
        """Whether nothing is asked for in particular."""
        return self == Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentPage:
    """One page of the comments that are asked for, and how many these are, in words."""

    comments: Sequence[Comment]
    n_found: str
    number: int
    n_pages: int

    @property
    def by_group(self) -> list[tuple[str, list[tuple[str, list[Comment]]]]]:
        """Put the comments under their groups, and there under their questions."""
        found: dict[str, dict[str, list[Comment]]] = {}
        for comment in self.comments:
            questions = found.setdefault(comment.group, {})
            questions.setdefault(comment.question, []).append(comment)
        return [(group, list(questions.items())) for group, questions in found.items()]


def comments_of(session: Session, wave: Wave) -> Comments:
    """Read the comments of a released wave with their tags, and whether they are answered."""
    text = session.scalars(select(Release.document).where(Release.wave_id == wave.id)).one()
    release = json.loads(text)
    asked = Questionnaire.from_dict(release["questionnaire"]).asked
    questions = {q.key: q.text for q in asked if isinstance(q, CommentQuestion)}
    cells = release["comments"]["cells"]
    tags, states = _tags(session, wave), _states(session, wave)
    return Comments(
        comments=[
            Comment(
                number=number,
                group=cell["label"],
                item=item,
                question=questions[item],
                text=written["text"],
                thread=written["thread"],
                tags=tuple(sorted(tags.get(number, ()), key=folded)),
                state=states.get(written["thread"], NO_ANSWER),
            )
            for number, (cell, item, written) in enumerate(_written(cells, questions), 1)
        ],
        groups=tuple(cell["label"] for cell in cells),
        questions=questions,
        destroyed=release["comments"]["destroyed"],
        least=release["thresholds"]["k"],
        k_comment=release["thresholds"]["k_comment"],
    )


def _written(
    cells: Sequence[Mapping[str, Any]], items: Mapping[str, str]
) -> Iterator[tuple[Mapping[str, Any], str, Mapping[str, Any]]]:
    for cell in cells:
        for item in items:
            for written in cell["items"][item]:
                yield cell, item, written


def _tags(session: Session, wave: Wave) -> dict[int, list[str]]:
    tags: dict[int, list[str]] = defaultdict(list)
    given = select(CommentTag.number, CommentTag.tag).where(CommentTag.wave_id == wave.id)
    for number, tag in session.execute(given):
        tags[number].append(tag)
    return tags


def _states(session: Session, wave: Wave) -> dict[str | None, str]:
    """Tell of every thread that has messages who wrote the last."""
    messages = (
        select(ThreadMessage.thread, ThreadMessage.sender)
        .where(ThreadMessage.wave_id == wave.id)
        .order_by(ThreadMessage.number)
    )
    return {thread: STATES[sender] for thread, sender in session.execute(messages)}


def found_among(comments: Comments, wanted: Wanted) -> list[Comment]:
    """
    Pick the comments that are asked for; all of them are shown anyway.

    Every word must occur, in whatever case and with whatever accents.
    """
    words = folded(wanted.words).split()
    return [
        comment
        for comment in comments.comments
        if wanted.tag in ("", *comment.tags)
        and wanted.item in ("", comment.item)
        and wanted.state in ("", comment.state)
        and (not words or _has_all(comment.text, words))
    ]


def page_of(comments: Comments, wanted: Wanted, *, number: int) -> CommentPage:
    """Cut one page out of the comments that are asked for."""
    found = found_among(comments, wanted)
    n_pages = max(-(-len(found) // PER_PAGE), 1)
    number = min(max(number, 1), n_pages)
    return CommentPage(
        comments=found[(number - 1) * PER_PAGE : number * PER_PAGE],
        n_found=comments.count_of(len(found)),
        number=number,
        n_pages=n_pages,
    )


def page_with(comment: Comment) -> int:
    """Find the page of the whole list on which a comment stands."""
    return (comment.number - 1) // PER_PAGE + 1


def comment_rows(comments: Comments, wanted: Wanted, *, title: str) -> list[list[Any]]:
    """List the comments that are asked for as rows of a file."""
    head = ["wave", "group", "question", "comment", "tags"]
    return [
        head,
        *(
            [title, c.group, c.question, without_hidden_marks(c.text), ", ".join(c.tags)]
            for c in found_among(comments, wanted)
        ),
    ]


def _has_all(text: str, words: Sequence[str]) -> bool:
    place = folded(text)
    return all(word in place for word in words)
