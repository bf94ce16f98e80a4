"""Pages of comments: reading, searching and tagging them, and answering their authors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request
from flask import url_for as address_of
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.database import get_session
from app.formats.csv_files import csv_text
from app.models import Wave
from app.queries import comments as queries
from app.queries import viewing
from app.queries.comments import Comment, Comments
from app.report.comment_forms import AnswerForm, FilterForm, TagForm
from app.security import allow
from app.services import comment_tags, threads
from app.services.errors import Conflict, Unusable

bp = Blueprint("comments", __name__, url_prefix="/reports/waves/<int:wave_id>")


@bp.get("/comments")
@allow("hr")
def index(wave_id: int) -> ResponseReturnValue:
    """List the comments of a wave by comment cell, in random order."""
    wave, comments = _found(wave_id)
    return _list(wave, comments, TagForm(), status=200)


@bp.get("/comments.csv")
@allow("hr")
def as_file(wave_id: int) -> ResponseReturnValue:
    """Hand out the comments that are asked for as a file."""
    wave, comments = _found(wave_id)
    form = _filter(comments)
    form.validate()
    rows = queries.comment_rows(comments, form.wanted, title=wave.title)
    return Response(
        csv_text(rows),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="headwater-comments-{wave.id}.csv"'
        },
    )


@bp.get("/comments/<int:number>")
@allow("hr")
def show(wave_id: int, number: int) -> ResponseReturnValue:
    """Show one comment, its tags, and the conversation with its author."""
    wave, comments = _found(wave_id)
    comment = _comment(comments, number)
    return _page(wave, comment, _begun(wave, comment), status=200)


@bp.post("/comments/<int:number>/tags")
@allow("hr")
def tag(wave_id: int, number: int) -> ResponseReturnValue:
    """Give a comment a tag, or take one away."""
    wave, comments = _found(wave_id)
    comment, form, session = _comment(comments, number), TagForm(request.form), get_session()
    if taken := request.form.get("remove"):
        comment_tags.remove_tag(session, wave, number, tag=taken)
    else:
        try:
            comment_tags.add_tag(session, wave, number, tag=form.tag.data or "")
        except Unusable as refusal:
            form.tag.errors = [str(refusal)]
            if "list" in request.args:
                return _list(wave, comments, form, status=422, tagged=number)
            return _page(wave, comment, _begun(wave, comment), tag_form=form, status=422)
    session.commit()
    if "list" in request.args:
        asked: dict[str, Any] = {**_filter(comments).asked, "page": _asked_page()}
        return redirect(
            address_of(".index", wave_id=wave_id, **asked, _anchor=f"comment-{number}"), 303
        )
    return redirect(address_of(".show", wave_id=wave_id, number=number), 303)


@bp.post("/comments/<int:number>/answer")
@allow("hr")
def answer(wave_id: int, number: int) -> ResponseReturnValue:
    """Answer the author of a comment, or keep the answer as a draft."""
    wave, comments = _found(wave_id)
    comment, form, session = _comment(comments, number), AnswerForm(request.form), get_session()
    thread = comment.thread
    if thread is None or _is_by_file():
        raise Conflict(_why_not(comment))
    given: dict[str, Any] = {"text": form.text.data or "", "person_id": current_user.id}
    try:
        if form.is_draft:
            threads.keep_draft(session, wave, thread, **given)
        else:
            today = datetime.now(UTC).date()
            threads.answer(session, wave, thread, n_seen=form.n_seen, today=today, **given)
    except (Unusable, Conflict) as refusal:
        session.rollback()
        form.text.errors = [str(refusal)]
        return _page(wave, comment, form, status=422 if isinstance(refusal, Unusable) else 409)
    session.commit()
    notice = "draft-kept" if form.is_draft else "comment-answered"
    return redirect(address_of(".show", wave_id=wave_id, number=number, notice=notice), 303)


def _found(wave_id: int) -> tuple[Wave, Comments]:
    session = get_session()
    wave = viewing.released_wave(session, wave_id)
    if wave is None:
        abort(404)
    return wave, queries.comments_of(session, wave)


def _comment(comments: Comments, number: int) -> Comment:
    if not 1 <= number <= len(comments.comments):
        abort(404)
    return comments.comments[number - 1]


def _filter(comments: Comments) -> FilterForm:
    form = FilterForm(request.args)
    form.offer(comments)
    return form


def _asked_page() -> int:
    asked = request.args.get("page", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1


def _list(
    wave: Wave, comments: Comments, tag_form: TagForm, *, status: int, tagged: int | None = None
) -> ResponseReturnValue:
    form = _filter(comments)
    form.validate()
    page = queries.page_of(comments, form.wanted, number=_asked_page())
    return render_template(
        "comments/index.html",
        wave=wave,
        comments=comments,
        form=form,
        page=page,
        tag_form=tag_form,
        tagged=tagged,
        known_tags=comment_tags.known_tags(get_session()),
        is_by_file=_is_by_file(),
    ), status


def _page(
    wave: Wave,
    comment: Comment,
    form: AnswerForm,
    *,
    status: int,
    tag_form: TagForm | None = None,
) -> ResponseReturnValue:
    session = get_session()
    messages = (
        threads.messages_of(session, wave, comment.thread) if comment.thread is not None else []
    )
    form.seen.data = str(len(messages))
    return render_template(
        "comments/show.html",
        wave=wave,
        comment=comment,
        form=form,
        tag_form=tag_form or TagForm(),
        messages=messages,
        draft=threads.draft_of(session, wave, comment.thread) if comment.thread else None,
        waits=bool(messages) and threads.waits(session, wave),
        known_tags=comment_tags.known_tags(session),
        why_not=_why_not(comment),
        page_number=queries.page_with(comment),
    ), status


def _begun(wave: Wave, comment: Comment) -> AnswerForm:
    """Begin the form with what was kept as a draft."""
    draft = threads.draft_of(get_session(), wave, comment.thread) if comment.thread else None
    return AnswerForm(text=draft.text if draft else "")


def _is_by_file() -> bool:
    return not current_app.config["SETTINGS"].collector_token


def _why_not(comment: Comment) -> str:
    """Say why nobody can answer a comment here; empty if somebody can."""
    if _is_by_file():
        return (
            "Comments cannot be answered here: this installation exchanges files with its "
            "collector, and a conversation needs a connection between the two."
        )
    if comment.thread is None:
        return (
            "This comment cannot be answered: it came without a code by which its author "
            "could find an answer."
        )
    return ""
